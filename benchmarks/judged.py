"""Whether search finds what readers of old poems look for: `python benchmarks/judged.py FILE`.

FILE is JSON Lines with the poems of the Tang and Song in traditional characters, as `flask seed` takes them (from
github.com/chinese-poetry/chinese-poetry, with `title`, `author` and `body`). They are seeded once, into a site of their
own; each query is then asked, and the exit status is 1 where another title comes first than the one that must.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from common import ROOT, SITES, flask

FIRST = {
    "静夜思": "靜夜思",
    "靜夜思": "靜夜思",
    "静夜思 李白": "靜夜思",
    "舉頭望山月": "靜夜思",
    "春眠不觉晓": "春曉",
    "处处闻啼鸟": "春曉",
    "孟浩然 春晓": "春曉",
    "感时花溅泪": "春望",
    "杜甫 国破山河在": "春望",
    "登鹳雀楼": "登鸛雀樓",
    "王之涣 登鹳雀楼": "登鸛雀樓",
    "故人西辞黄鹤楼": "黃鶴樓送孟浩然之廣陵",
    "黄鹤楼送孟浩然之广陵": "黃鶴樓送孟浩然之廣陵",
    "枫桥夜泊": "楓橋夜泊",
    "月落乌啼霜满天": "楓橋夜泊",
    "“江枫渔父” 寒山寺": "楓橋夜泊",
    "大漠孤烟直": "使至塞上",
    "使至塞上": "使至塞上",
    "红豆生南国": "相思",
    "王维 相思": "相思",
    "鸟鸣涧": "皇甫嶽雲溪雜題五首 鳥鳴澗",
    "月出惊山鸟": "皇甫嶽雲溪雜題五首 鳥鳴澗",
    "锦瑟": "錦瑟",
    "蓝田日暖": "錦瑟",
    "錦瑟無端": "錦瑟",
    "长恨歌": "長恨歌",
    "琵琶行": "琵琶行",
    "慈母手中线": "遊子吟",
    "游园不值": "游園不值",
    "一枝红杏出墙来": "游園不值",
    "怒发冲冠 -偈颂": "次韻王秀才",
    "秦时明月汉时关": "出塞二首 一",
    "李白": "李白",
    "元日": "元日",
    "月": "月",
}
NEAREST = {
    "牀前明月光 疑是地上霜": "靜夜思",
    "春眠不觉晚": "春曉",
    "月落乌啼霜满地": "楓橋夜泊",
    "枫桥夜伯": "楓橋夜泊",
    "大漠孤烟垂": "使至塞上",
    "红豆长南国": "相思",
    "静夜思 春江": "靜夜思",
    "故人东辞黄鹤楼": "黃鶴樓送孟浩然之廣陵",
}


def site(file: str) -> Path:
    """The instance folder of a site with the poems, made once."""
    folder = SITES / f"judged-{Path(file).stem}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        flask(folder, "db", "upgrade")
        print(flask(folder, "seed", file).strip(), file=sys.stderr)
        (folder / "done").touch()
    return folder


def judge(asked: dict[str, str], titles) -> int:
    """Print what came first of `titles(query)`; how often it was not what must come first."""
    wrong = 0
    for query, title in asked.items():
        start = time.thread_time()
        found = titles(query)
        took = (time.thread_time() - start) * 1000
        right = found[:1] == [title]
        wrong += not right
        print(f"{'ok' if right else 'NO':3} {took:5.1f} ms  {query} → {found[0] if found else 'nothing'}")
    return wrong


def main(file: str) -> int:
    os.environ["FLASK_INSTANCE_PATH"] = str(site(file))
    sys.path.insert(0, str(ROOT))
    from app import create_app
    from dengxia import search, suggestions

    with create_app().app_context():
        wrong = judge(FIRST, lambda query: [hit.card.title for hit in search.find(query).hits])
        wrong += judge(NEAREST, lambda query: [row.title for row in suggestions.nearest(query)])
    print(f"{len(FIRST) + len(NEAREST)} queries, {wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
