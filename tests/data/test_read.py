import gzip
import json
import os
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from penchant.data import delimited
from penchant.data.blocks import line_blocks
from penchant.data.read import find_files, read
from penchant.errors import ReadError
from penchant.types import Report

QUICK = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# what a CSV cannot tell apart from its own signs is left to the tests below
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)
FIELDS = st.one_of(
    WORDS, st.sampled_from(["007", 'five "inch"', "a,b", "two\nlines", "ünï", "x;y"])
)
ROWS = st.lists(st.tuples(FIELDS, st.one_of(st.none(), FIELDS), FIELDS), min_size=1, max_size=12)


def table(rows: list[tuple[str | None, ...]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=dict.fromkeys(["a", "b", "c"], pl.String), orient="row")


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@QUICK
@given(ROWS, st.sampled_from([",", ";", "\t", "|"]), st.booleans())
def test_csv_round_trip(tmp_path: Path, rows, separator: str, packed: bool) -> None:
    frame = table(rows)
    text = frame.write_csv(separator=separator, quote_style="non_numeric").encode()
    path = write(tmp_path / "t.csv", gzip.compress(text) if packed else text)
    report = Report()
    assert_frame_equal(read(path, report=report), frame)
    assert not report.findings


@QUICK
@given(ROWS)
def test_small_blocks_read_the_same(tmp_path: Path, rows) -> None:
    text = table(rows).write_csv(quote_style="necessary").encode()
    whole = read(write(tmp_path / "t.csv", text), report=Report())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "line_blocks", lambda stream: line_blocks(stream, size=7))
        assert_frame_equal(read(tmp_path / "t.csv", report=Report()), whole)


@QUICK
@given(ROWS)
def test_parquet_and_arrow_round_trip(tmp_path: Path, rows) -> None:
    frame = table(rows).with_row_index("n")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ipc(tmp_path / "t.arrow")
    for source in (tmp_path / "t.parquet", str(tmp_path / "t.arrow"), frame, frame.lazy()):
        assert_frame_equal(read(source, report=Report()), frame)
    assert_frame_equal(read(frame.to_arrow(), report=Report()), frame)


def test_json_values_of_mixed_types_are_not_changed(tmp_path: Path) -> None:
    rows = [{"x": 0}, {"x": False}, {"x": None}, {"x": "0"}]
    report = Report()
    came = read(
        write(tmp_path / "t.jsonl", "\n".join(map(json.dumps, rows)).encode()), report=report
    )
    assert came["x"].to_list() == ["0", "false", None, "0"]
    assert report.count("columns of mixed types read as text")


VALUES = st.one_of(st.integers(-(2**60), 2**60), WORDS, st.booleans())


@QUICK
@given(st.lists(st.fixed_dictionaries({"x": VALUES, "y": WORDS}), min_size=1, max_size=10))
def test_jsonlines_round_trip(tmp_path: Path, rows) -> None:
    text = "\n".join(json.dumps(row) for row in rows)
    for name in ("t.jsonl", "t.ndjson.gz", "t.json"):
        body = json.dumps(rows) if name == "t.json" else text
        data = gzip.compress(body.encode()) if name.endswith("gz") else body.encode()
        came = read(write(tmp_path / name, data), report=Report())
        assert came["y"].to_list() == [row["y"] for row in rows]
        if came["x"].dtype == pl.String:
            plain = [v if isinstance(v, str) else json.dumps(v) for v in (r["x"] for r in rows)]
            assert came["x"].to_list() == plain
        else:
            assert came["x"].to_list() == [row["x"] for row in rows]


def test_ids_keep_their_leading_zeros(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "id,n\n007,1\n012,2\n")
    assert read(path, report=Report())["id"].to_list() == ["007", "012"]


def test_ragged_rows_are_set_aside_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b,c\n1,2,3\n4,5\n6,7,8,9\n\n"x\ny",,\n')
    report = Report()
    assert read(path, report=report).rows() == [("1", "2", "3"), ("x\ny", None, None)]
    assert report.count(delimited.RAGGED) == 2
    assert report.findings[0].examples == ("4,5", "6,7,8,9")
    assert report.findings[0].total == 4


def test_truncated_csv(tmp_path: Path) -> None:
    report = Report()
    path = write(tmp_path / "t.csv", 'a,b,c\n1,2,3\n4,"five')
    assert read(path, report=report).rows() == [("1", "2", "3")]
    assert report.count(delimited.RAGGED) == 1
    assert report.count("last row without a line end, perhaps cut off") == 1


def test_stray_quotes_cost_no_row(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b,c\n1,5" nail,2\n"x, ""y""",3,4\n5,"open,6\n7,8,9\n')
    report = Report()
    came = read(path, report=report)
    assert came["b"].to_list() == ['5" nail', "3", '"open', "8"]
    assert came["a"].to_list()[1] == 'x, "y"'
    assert report.count(delimited.RAGGED) == 0


def test_quote_that_swallows_lines_loses_only_its_own(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b\n1,"2,x\n3,4\n5,6",7\n8,9\n')
    report = Report()
    assert ("3", "4") in read(path, report=report).rows()
    assert ("8", "9") in read(path, report=report).rows()


def test_truncated_gzip_is_an_error(tmp_path: Path) -> None:
    lines = "".join(f"{n},{n * 7919 % 1009}\n" for n in range(20_000))
    data = gzip.compress(f"a,b\n{lines}".encode())
    with pytest.raises(ReadError, match="ends early"):
        read(write(tmp_path / "t.csv.gz", data[: len(data) // 2]), report=Report())
    broken = data[:200] + b"\xff" * 40 + data[240:]
    with pytest.raises(ReadError, match=r"not a sound \.gz"):
        read(write(tmp_path / "u.csv.gz", broken), report=Report())


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.jsonl", "t.parquet", "t.arrow", "t.json"])
def test_empty_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReadError, match=r"empty file|not a sound"):
        read(write(tmp_path / name, gzip.compress(b"") if "gz" in name else b""), report=Report())


def test_header_alone_is_an_empty_table(tmp_path: Path) -> None:
    came = read(write(tmp_path / "t.csv", "a,b"), report=Report())
    assert came.schema == {"a": pl.String, "b": pl.String}
    assert came.is_empty()


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_not_utf8_is_read_and_counted(tmp_path: Path, encoding: str) -> None:
    text = "id,title\n1,café\n2,tea\n3,crème brûlée\n"
    report = Report()
    came = read(write(tmp_path / "t.csv", text.encode(encoding)), report=report)
    assert came["title"].to_list() == ["café", "tea", "crème brûlée"]
    assert report.count("lines not in UTF-8, read as Windows-1252") == 2


def test_mixed_encodings_keep_the_good_lines(tmp_path: Path) -> None:
    data = "id,title\n1,naïve\n".encode() + "2,café\x81\n".encode("latin-1")
    came = read(write(tmp_path / "t.csv", data), report=Report())
    assert came["title"].to_list() == ["naïve", "café\x81"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_byte_order_marks(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "t.csv", "id,title\n1,café\n".encode(encoding))
    assert read(path, report=Report()).rows(named=True) == [{"id": "1", "title": "café"}]


def test_odd_headers(tmp_path: Path) -> None:
    report = Report()
    came = read(write(tmp_path / "t.csv", "\n,a, a \r\n1,2,3\r\n"), report=report)
    assert came.rows(named=True) == [{"column_1": "1", "a": "2", "a_": "3"}]
    assert report.count("columns without a name of their own, renamed") == 2


def test_json_lines_that_do_not_parse(tmp_path: Path) -> None:
    report = Report()
    path = write(tmp_path / "t.jsonl", '{"a": 1}\n{"a": \n[3]\n{"a": 2.5, "b": {"c": 1}}\n')
    assert read(path, report=report)["a"].to_list() == [1.0, 2.5]
    assert report.count("lines set aside that are no JSON object") == 2
    with pytest.raises(ReadError, match="none of its 1 lines"):
        read(write(tmp_path / "u.jsonl", "plain words\n"), report=Report())
    with pytest.raises(ReadError, match="does not parse"):
        read(write(tmp_path / "v.json", "[{}, "), report=Report())


def test_json_columns_without_a_common_type_become_text(tmp_path: Path) -> None:
    report = Report()
    path = write(tmp_path / "t.jsonl", '{"a": 1}\n{"a": {"b": 2}}\n{"a": [3]}\n{"a": "x"}\n')
    assert read(path, report=report)["a"].to_list() == ["1", '{"b": 2}', "[3]", "x"]
    assert report.count("columns of mixed types read as text") == 1


def test_folder_of_parts_with_mixed_schemas(tmp_path: Path) -> None:
    part = tmp_path / "log"
    (part / "day=2024-05-02").mkdir(parents=True)
    pl.DataFrame({"id": [1], "x": [[1, 2]]}).write_parquet(part / "a.parquet")
    write(part / "day=2024-05-02" / "b.csv", "id,y\n007,z\n")
    pl.DataFrame({"id": ["q"], "x": ["text"]}).write_parquet(part / "c.parquet")
    write(part / "d.csv", "")
    write(part / "_SUCCESS", "")
    report = Report()
    came = read(part, report=report).sort("id")
    assert came["id"].to_list() == ["007", "1", "q"]
    assert came["x"].to_list() == [None, "[1, 2]", "text"]
    assert came["day"].to_list() == ["2024-05-02", None, None]
    assert report.count("empty files set aside") == 1
    assert report.count("rows without column 'y', which other files have") == 2
    assert read(f"{part}/*.parquet", report=Report()).height == 2
    assert read([part / "a.parquet", part / "c.parquet"], report=Report()).height == 2
    assert find_files(f"{part}/**/*.csv")[0].name == "d.csv"


def test_zones_survive_a_union_with_text(tmp_path: Path) -> None:
    time = pl.Series(["2024-05-01T10:00:00+02:00"]).str.to_datetime(time_zone="Europe/Berlin")
    pl.DataFrame({"t": time}).write_parquet(tmp_path / "a.parquet")
    pl.DataFrame({"t": [["2024"]]}).write_parquet(tmp_path / "b.parquet")
    assert read(tmp_path, report=Report())["t"][0] == "2024-05-01T08:00:00.000000Z"


def test_errors_say_what_to_do(tmp_path: Path) -> None:
    write(tmp_path / "events.csv", "a\n")
    write(tmp_path / "notes.md", "x")
    (tmp_path / "none").mkdir()
    for source, message in [
        (tmp_path / "event.csv", "Did you mean '.*events.csv'"),
        (tmp_path / "far" / "away.csv", "does not exist either"),
        (tmp_path / "none", "no table in this folder"),
        (f"{tmp_path}/*.parquet", "no file matches"),
        (tmp_path / "notes.md", "is not a kind of table"),
        (5, "int came; expected a path"),
        (("a", {"b": 1}), "mixed list"),
    ]:
        with pytest.raises(ReadError, match=message):
            read(source, report=Report())  # type: ignore[arg-type]
    with pytest.raises(ReadError, match="sound parquet file"):
        read(write(tmp_path / "t.parquet", "PAR1 no"), report=Report())
    with pytest.raises(ReadError, match="binary data"):
        read(write(tmp_path / "b.csv", b"\x00\x01\x02\n"), report=Report())


def test_arrow_object_that_cannot_be_read() -> None:
    class Broken:
        def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
            raise TypeError("mixed objects")

    with pytest.raises(ReadError, match=r"Broken cannot be read .*mixed objects"):
        read(Broken(), report=Report())


def test_progress_counts_files(tmp_path: Path) -> None:
    class Counting:
        done = 0

        def step(self, name: str, total: int | None = None):
            from contextlib import nullcontext

            assert (name, total) == ("reading", 2)
            return nullcontext(self)

        def advance(self, n: int = 1, note: str = "") -> None:
            self.done += n

    for name in ("a.csv", "b.csv"):
        write(tmp_path / name, "x\n1\n")
    counting = Counting()
    read(tmp_path, report=Report(), progress=counting)
    assert counting.done == 2


def test_ten_megabytes_of_description(tmp_path: Path) -> None:
    long = "word " * 2_000_000
    path = write(tmp_path / "t.csv", f'item_id,description\n1,"{long}"\n2,short\n')
    assert read(path, report=Report())["description"].str.len_bytes().to_list() == [len(long), 5]


DATA = Path(os.environ.get("PENCHANT_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.skipif(not DATA.is_dir(), reason="PENCHANT_DATA is not here")
def test_real_files_are_read_to_the_last_row() -> None:
    report = Report()
    assert read(DATA / "online-retail-raw.csv.gz", report=report).height == 541_909
    assert read(DATA / "ml-latest-small" / "ratings.csv", report=report).height == 100_836
    assert read(DATA / "ml-latest-small" / "movies.csv", report=report).height == 9_742
    assert not report.findings
