"""Print N made-up articles as JSON Lines, the same ones every time.

    python benchmarks/corpus.py N [--chars C] [--seed S] [--after M]

The words are invented, but their statistics are like those of Chinese text: one to four common characters,
Zipf-distributed frequencies, function words, full-width punctuation, some Latin words and numbers, and topics
that each prefer their own part of the vocabulary.  Bodies have 300 to 3,000 characters (log-normal), or about C.
Dates span ten years in increasing order, give or take an hour. With --after the articles go on after M others, in the
same vocabulary.
COMMON, UNCOMMON and RARE are in the body of exactly 30 %, 1 % and 0.01 % of the articles if N is a multiple of
10,000, and in the title of every seventh or so of those.  Nothing else has their characters.  ABSENT is nowhere.
"""

import argparse
import json
import random
from datetime import datetime, timedelta
from itertools import accumulate

CATEGORIES = ("外汇", "出国留学", "外送跑腿", "武术", "餐饮设备", "区块链", "综合")
COMMON, UNCOMMON, RARE, ABSENT = "琥珀", "麒麟", "蟋蟀", "珊瑚"
PLANTED = ((COMMON, 10, (0, 3, 6)), (UNCOMMON, 100, (50,)), (RARE, 10_000, (5_000,)))  # word, period, residues
FUNCTION_WORDS = [
    *"的了在是和也就都不有这与而中对为上他到说要会着很被让从把并等或",
    "我们",
    "一个",
    "可以",
    "没有",
    "自己",
    "因为",
    "所以",
    "但是",
    "如果",
    "这个",
    "已经",
    "进行",
    "通过",
    "以及",
    "其中",
    "一些",
    "需要",
    "还是",
    "它们",
    "是不是",
]
SURNAMES = "王李张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗"
VOCABULARY, GENERAL, TOPIC_WORDS, TOPICS, TAGS, AUTHORS, CHARS_PER_WORD = 30_000, 2_500, 1_500, 150, 4_000, 60, 2.27


def zipf(count, shift, total=1.0):
    """Weights for count items, the most frequent first."""
    scale = total / sum(1 / (rank + shift) for rank in range(count))
    return [scale / (rank + shift) for rank in range(count)]


def invent_words(rng):
    """The vocabulary, the most frequent word first."""
    codes = bytes(byte for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF) for byte in (high, low))
    everyday = codes.decode("gb2312", "ignore")
    characters = [char for char in everyday if char not in COMMON + UNCOMMON + RARE + ABSENT]
    rng.shuffle(characters)
    cumulative = list(accumulate(zipf(len(characters), 60)))
    words = {}
    while len(words) < VOCABULARY:
        length = rng.choices((1, 2, 3, 4), (3, 70, 17, 10))[0]
        words["".join(rng.choices(characters, cum_weights=cumulative, k=length))] = None
    return list(words)


def latin_and_numbers(rng):
    syllables = [consonant + vowel for consonant in "bcdfglmnprst" for vowel in "aeiou"]
    names = [f" {''.join(rng.choices(syllables, k=rng.randint(1, 3)))} " for _ in range(400)]
    return [text for name in names for text in (name, str(rng.randint(2, 10 ** rng.randint(1, 4))))]


class Topic:
    """A subject: its category, its own words, and the distribution of all words in its articles."""

    def __init__(self, rng, number, words, others):
        self.category = CATEGORIES[number % len(CATEGORIES)]
        self.own = rng.sample(words[100:], TOPIC_WORDS)
        self.own_weights = list(accumulate(zipf(TOPIC_WORDS, 10)))
        self.words = FUNCTION_WORDS + others + words[:GENERAL] + self.own
        shares = ((len(FUNCTION_WORDS), 4, 0.28), (len(others), 5, 0.02), (GENERAL, 70, 0.4), (TOPIC_WORDS, 10, 0.3))
        self.weights = list(accumulate(weight for share in shares for weight in zipf(*share)))

    def heading(self, rng, least, most):
        return "".join(rng.choices(self.own, cum_weights=self.own_weights, k=rng.randint(least, most)))

    def body(self, rng, chars):
        words = rng.choices(self.words, cum_weights=self.weights, k=round(chars / CHARS_PER_WORD) or 1)
        clauses, start = [], 0
        while start < len(words):
            end = start + rng.randint(4, 12)
            clauses += "".join(words[start:end]), rng.choice("，，，，、。。。；？")
            if end < len(words) and end % 11 == 0:
                clauses[-1] = f"。\n\n## {self.heading(rng, 2, 3)}\n\n" if end % 4 == 0 else "。\n\n"
            start = end
        clauses[-1] = "。"
        return "".join(clauses)


def plant(rng, number, title, body):
    for word, period, residues in PLANTED:
        if number % period in residues:
            position = body.find("，", rng.randrange(len(body))) + 1
            body = body[:position] + word + body[position:]
            title += word * (number % 7 == 0)
    return title, body


def choose_tags(rng, names, weights):
    tags, wanted = {}, rng.randint(2, 4)
    while len(tags) < wanted:
        tags[rng.choices(names, cum_weights=weights)[0]] = None
    return list(tags)


def articles(count, chars=None, seed=1, after=0):
    """Yield count articles as dictionaries."""
    rng = random.Random(seed)
    words, others = invent_words(rng), latin_and_numbers(rng)
    topics = [Topic(rng, number, words, others) for number in range(TOPICS)]
    names = [word for word in words if len(word) > 1][:TAGS]
    topic_weights, tag_weights = list(accumulate(zipf(TOPICS, 20))), list(accumulate(zipf(TAGS, 10)))
    authors = [rng.choice(SURNAMES) + rng.choice(words[:GENERAL]) for _ in range(AUTHORS)]
    if after:
        rng.seed(f"{seed}, {after}")
    for number in range(after, after + count):
        topic = rng.choices(topics, cum_weights=topic_weights)[0]
        length = chars * rng.lognormvariate(0, 0.2) if chars else min(3000, max(300, rng.lognormvariate(6.6, 0.6)))
        title, body = plant(rng, number, topic.heading(rng, 3, 7), topic.body(rng, length))
        date = datetime(2015, 1, 1) + timedelta(days=3650) * (number / (after + count))
        date += timedelta(seconds=rng.randint(0, 7200))
        yield {
            "key": f"a{number + 1:07}",
            "title": title,
            "date": str(date)[:19],
            "category": topic.category,
            "tags": choose_tags(rng, names, tag_weights),
            "author": rng.choice(authors),
            "body": body,
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", metavar="N", type=int)
    parser.add_argument("--chars", metavar="C", type=int)
    parser.add_argument("--seed", metavar="S", type=int, default=1)
    parser.add_argument("--after", metavar="M", type=int, default=0)
    for article in articles(**vars(parser.parse_args())):
        print(json.dumps(article, ensure_ascii=False))
