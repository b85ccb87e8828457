"""CSV as Excel, WPS and databases write it, and what is wrong with it said with its line."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from dengxia.formats import Refused, csv

HEAD = "title,body,date,tags\n"


@pytest.fixture
def rows(tmp_path):
    """`rows(text or bytes)` reads a file and gives records and refusals."""

    def make(data):
        file = tmp_path / "a.csv"
        file.write_bytes(data if isinstance(data, bytes) else data.encode())
        found = list(csv.read(file, "a.csv", ZoneInfo("Asia/Shanghai")))
        assert sum(length for _, length in found) <= file.stat().st_size
        return [one for one, _ in found]

    return make


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_ends(rows, encoding, newline):
    text = HEAD + '灯下,"一行\n\n两行，“引”",2024/3/5 8:30,"夜读；读书"\n'
    [found] = rows(text.replace("\n", newline).encode(encoding))
    assert (found.title, found.body, found.tags) == ("灯下", "一行\n\n两行，“引”", ["夜读", "读书"])
    assert found.date == datetime(2024, 3, 5, 0, 30, tzinfo=UTC)
    assert (found.key, found.own_key) == ("a.csv:灯下", False)


@pytest.mark.parametrize("text", ["title;body\n题;文\n", "title\tbody\n题\t文\n", "sep=;\ntitle;body\n题;文\n"])
def test_what_stands_between_cells(rows, text):
    [found] = rows(text)
    assert (found.title, found.body) == ("题", "文")
    assert found.where.endswith(f":{text.count(chr(10))}")


def test_all_columns(rows):
    names = "Key,Title,Body,Date,Updated,Category,Author,责任编辑,Source,Source_url,Kind,Aliases,Draft,Format"
    values = "k,题,文,1700000000,1700000060,新闻,甲,乙,丙报,https://a.example/,转载,/view.php?aid=1 /a/1.html,1,html"
    [found] = rows(f"{names}\n{values}\n")
    assert (found.key, found.own_key, found.category, found.author, found.editor) == ("k", True, "新闻", "甲", "乙")
    assert (found.source, found.source_url, found.kind) == ("丙报", "https://a.example/", "reprint")
    assert (found.aliases, found.draft, found.format) == (["/view.php?aid=1", "/a/1.html"], True, "html")
    assert (found.updated - found.date).seconds == 60


def test_unknown_columns_are_named_once(rows):
    one, two = rows("title,body,点击,dede_id,\n甲,文,3,4,\n乙,文,5,6,\n")
    assert one.notes == ["这些列不认识，没有放入：点击、dede_id"]
    assert not two.notes


def test_empty_rows_and_cells_are_passed_over(rows):
    one, two = rows(",,,\n" + HEAD + '甲,文,,,,,\n,,,\n"","","",""\n乙,文\n')
    assert (one.title, two.title, two.tags) == ("甲", "乙", [])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("甲,文,昨天,", "date 是 '昨天'"),
        ("甲,文,,x,又一格", "有 5 格，第一行只有 4 格"),
        (",文,,", "没有 title"),
        ("甲,,,", "没有正文"),
        ('甲,"文"字",,', "不是有效的 CSV.*引号没有成对"),
        (b"\xff\xff,b,,", "既不是 UTF-8 也不是 GB18030"),
    ],
)
def test_row_refused(rows, bad, reason):
    """With the line where it begins, and the others go in."""
    bad = bad if isinstance(bad, bytes) else bad.encode()
    first, second, third = rows(f'{HEAD}一,"文\n文",,\n'.encode() + bad + "\n三,文,,\n".encode())
    assert (first.title, third.title) == ("一", "三")
    with pytest.raises(Refused, match=rf"a\.csv:4: .*{reason}"):
        raise second


def test_open_quote_is_told_where_it_stands(rows):
    first, second = rows(f'{HEAD}一,文,,\n二,"文,,\n三,文,,\n')
    assert first.title == "一"
    with pytest.raises(Refused, match=r"a\.csv:3: 不是有效的 CSV"):
        raise second


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("标题,正文\n题,文\n", "没有 title、body"),
        ("title,text\n题,文\n", "没有 body"),
        ("title,body,Title\n题,文,题\n", "有两列都叫 title"),
    ],
)
def test_file_refused(rows, text, reason):
    [refused] = rows(text)
    with pytest.raises(Refused, match=rf"a\.csv:1: .*{reason}"):
        raise refused


def test_a_first_line_in_another_encoding(rows):
    [refused] = rows("title,body\n题,文\n".encode("utf-16"))
    assert str(refused).endswith("a.csv:1: 既不是 UTF-8 也不是 GB18030 编码的文字")


def test_seeding(seed_files):
    table = "key,title,body,category\na,甲,**文**,新闻\nb,乙,文,\n"
    assert "created 2，" in seed_files({"a.csv": table, "b.txt": "x"}).output
    assert "unchanged 2，" in seed_files({}).output
    assert "updated 1，" in seed_files({"a.csv": table.replace("**文**", "新文")}).output
