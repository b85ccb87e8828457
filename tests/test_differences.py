"""Two texts side by side."""

import time

from hypothesis import given
from hypothesis import strategies as st

from dengxia.differences import Piece, lines

SAME = st.lists(st.text("灯下读书，。ab", max_size=12), max_size=8).map("\n".join)


def test_a_line_is_compared_by_character():
    assert lines("灯太亮，眼睛累。", "灯太暗，眼睛累。") == [
        [Piece("same", "灯太"), Piece("old", "亮"), Piece("new", "暗"), Piece("same", "，眼睛累。")]
    ]


def test_lines_that_have_little_in_common_stand_apart():
    assert lines("夜里读书。", "站桩怎么教") == [[Piece("old", "夜里读书。")], [Piece("new", "站桩怎么教")]]


def test_a_long_line_is_compared_by_sentence_first():
    old = "".join(f"这是第{n}句，灯下读书要坐得正。" for n in range(2000))
    found = lines(old, old.replace("第999句", "第一千句"))
    assert [piece for line in found for piece in line if piece.kind != "same"] == [
        Piece("old", "999"), Piece("new", "一千"),
    ]  # fmt: skip


def test_what_is_far_from_a_change_is_only_counted():
    old = "\n\n".join(f"第{n}段" for n in range(9))
    found = lines(old, old.replace("第4段", "第4段改"))
    assert [line if isinstance(line, int) else "".join(piece.text for piece in line) for line in found] == [
        3, "第3段", "第4段改", "第5段", 3,
    ]  # fmt: skip


@given(SAME, SAME)
def test_both_texts_can_be_read_from_what_differs(old, new):
    for kind, text in (("old", old), ("new", new)):
        wanted = [line for line in text.split("\n") if line.strip()]
        found = []
        for line in lines(old, new):
            if isinstance(line, int):
                found += wanted[len(found) : len(found) + line]
            elif piece := "".join(piece.text for piece in line if piece.kind in ("same", kind)):
                found.append(piece)
        assert found == wanted


def test_long_and_hostile_texts_take_no_time():
    began = time.process_time()
    numbers = [str(n) for n in range(60_000)]
    lines("\n".join(numbers), "\n".join(reversed(numbers)))
    lines("灯下" * 200_000, "下灯" * 200_000)
    lines("\n".join(["灯下读书" * 400] * 800), "\n".join(["读书灯下" * 400] * 700))
    lines("a\n" * 1400, "b\na\n" * 700)
    assert time.process_time() - began < 5
