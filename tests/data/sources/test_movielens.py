import os
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from penchant.data.sources import Tables
from penchant.data.sources.movielens import MovieLens, MovieLensConfig, title
from penchant.errors import ReadError, SchemaError
from penchant.types import Report

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("PENCHANT_DATA", ROOT / "../shared/data")) / "ml-latest-small"
RATINGS = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,31,0.5,1260759144\n"
MOVIES = (
    "movieId,title,genres\n1,Toy Story (1995),Adventure|Animation\n"
    '11,"American President, The (1995)",Comedy|Drama\n'
    '31,"Say ""Yes"", Dear (2001)",(no genres listed)\n'
)
TAGS = (
    "userId,movieId,tag,timestamp\n1,1,Pixar,1445714994\n2,1,pixar,1445714996\n"
    "2,31,odd,1445714997\n"
)


def folder(where: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        raw = content.encode() if isinstance(content, str) else content
        (where / name.replace("__", ".")).write_bytes(raw)
    return where


def read(where: Path, **settings: int) -> tuple[Tables, Report]:
    report = Report()
    return MovieLens(MovieLensConfig(**settings)).read(where, report=report), report


def test_csv_files_become_events_and_items(tmp_path: Path) -> None:
    where = folder(
        tmp_path,
        ratings__csv=RATINGS,
        movies__csv=MOVIES,
        tags__csv=TAGS,
        links__csv="movieId,imdbId,tmdbId\n1,0114709,862\n31,0112346,\n",
    )
    assert MovieLens().matches(where) and MovieLens().matches(where / "ratings.csv")
    tables, _ = read(where, tag_uses=1)
    assert tables.events is not None and tables.items is not None
    assert tables.events.row(0, named=True) == {
        "user_id": "1",
        "item_id": "1",
        "timestamp": datetime(2000, 7, 30, 18, 45, 3, tzinfo=UTC),
        "event": "rating",
        "value": 4.0,
        "text": None,
    }
    tags = tables.events.filter(pl.col("event") == "tag")
    assert tags["text"].to_list() == ["Pixar", "pixar", "odd"]
    assert tags["value"].null_count() == 3
    films = {row["item_id"]: row for row in tables.items.to_dicts()}
    assert films["11"]["title"] == "The American President" and films["11"]["year"] == 1995
    assert films["31"]["title"] == 'Say "Yes", Dear' and films["31"]["genres"] == []
    assert films["1"]["tags"] == ["pixar"] and films["11"]["tags"] == []
    assert films["1"]["imdb_id"] == "tt0114709" and films["31"]["tmdb_id"] is None


def test_rare_tags_stay_off_items_and_tags_can_be_kept_off(tmp_path: Path) -> None:
    where = folder(tmp_path, ratings__csv=RATINGS, movies__csv=MOVIES, tags__csv=TAGS)
    often, _ = read(where, tag_uses=2)
    assert often.items is not None and often.items["tags"].to_list() == [["pixar"], [], []]
    none, _ = read(where, item_tags=0)
    assert none.items is not None and "tags" not in none.items.columns


def test_broken_lines_are_counted_one_by_one(tmp_path: Path) -> None:
    ratings = RATINGS + (
        "2,1,4.0\n"  # too few
        "2,1,4.0,964982703,x\n"  # too many
        "\n"
        '"2,1,4.0,964982703\n'  # a quote left open
        ",1,4.0,964982703\n"
        "2,,4.0,964982703\n"
        "2,1,good,964982703\n"
        "2,1,4.0,yesterday\n"
        '3,"1",4.0,964982703\n'  # quoted, and fine
    )
    tables, report = read(folder(tmp_path, ratings__csv=ratings, movies__csv=MOVIES))
    assert tables.events is not None and tables.events.height == 3
    counts = {f.what: f.count for f in report.findings if f.step == "movielens ratings.csv"}
    assert counts == {
        "lines with too few or too many columns, or a quote left open, set aside": 3,
        "blank lines set aside": 1,
        "without a user id set aside": 1,
        "without an item id set aside": 1,
        "ratings without a readable value set aside": 1,
        "without a readable time set aside": 1,
    }
    assert {f.total for f in report.findings if f.step == "movielens ratings.csv"} == {11}
    assert report.findings[0].examples[0].startswith("line ")


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    where = folder(tmp_path, ratings__csv=RATINGS + "broken\n", movies__csv=MOVIES)
    _, report = read(where)
    assert report.findings[0].examples == ("line 4",)


def test_dat_files_of_1m(tmp_path: Path) -> None:
    where = folder(
        tmp_path,
        ratings__dat="1::1193::5::978300760\r\n1::661::3::978302109\r\nbroken\r\n",
        movies__dat="1193::Misérables, Les (1995)::Drama\n661::Alien: 3 (1992)::Horror\n".encode(
            "latin-1"
        ),
        users__dat="1::F::1::10::48067\n2::M::56::16::70072\n",
    )
    assert MovieLens().matches(where)
    tables, report = read(where)
    assert tables.events is not None and tables.items is not None and tables.users is not None
    assert tables.events["value"].to_list() == [5.0, 3.0]
    assert tables.items["title"].to_list() == ["Les Misérables", "Alien: 3"]
    assert report.count("files not in UTF-8, read as Latin-1") == 1
    assert tables.users.row(0) == ("1", "F", "under 18", "K-12 student", "48067")


def test_dat_files_of_10m_have_tags_and_utf8(tmp_path: Path) -> None:
    where = folder(
        tmp_path,
        ratings__dat="1::122::4.5::838985046\n",
        movies__dat="122::Amélie (Fabuleux destin d'Amélie Poulain, Le) (2001)::Romance\n",
        tags__dat="15::122::a: b::1215184630\n",
    )
    tables, report = read(where)
    assert tables.items is not None and tables.events is not None
    assert tables.items["title"].item() == "Amélie (Le Fabuleux destin d'Amélie Poulain)"
    assert tables.events["text"].to_list() == [None, "a: b"]
    assert report.count("files not in UTF-8, read as Latin-1") == 0


def test_the_files_of_100k(tmp_path: Path) -> None:
    flags = "|".join("1" if i in (3, 5) else "0" for i in range(19))
    where = folder(
        tmp_path,
        u__data="196\t242\t3\t881250949\n",
        u__item=f"242|Kolya (1996)|24-Jan-1997||http://x|{flags}\n267|unknown||||{flags}\n",
        u__user="196|49|M|writer|55105\n",
    )
    tables, report = read(where)
    assert tables.items is not None and tables.users is not None
    assert tables.items["genres"].to_list()[0] == ["Animation", "Comedy"]
    assert tables.items["year"].to_list() == [1996, None]
    assert report.count("titles without a year") == 1
    assert tables.users["occupation"].item() == "writer"


@pytest.mark.parametrize(
    ("told", "turned"),
    [
        ("Matrix, The (1999)", "The Matrix"),
        (
            "Three Billboards Outside Ebbing, Missouri (2017)",
            "Three Billboards Outside Ebbing, Missouri",
        ),
        (
            "City of Lost Children, The (Cité des enfants perdus, La) (1995)",
            "The City of Lost Children (La Cité des enfants perdus)",
        ),
        ("Avventura, L' (Adventure, The) (1960)", "L'Avventura (The Adventure)"),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers"),
        ("Land Before Time III (1995) (V)", "Land Before Time III"),
        ("Babylon 5", "Babylon 5"),
        ("2001: A Space Odyssey (1968)", "2001: A Space Odyssey"),
        ("I, Robot (2004)", "I, Robot"),
    ],
)
def test_titles_are_turned_round(told: str, turned: str) -> None:
    assert pl.DataFrame({"t": [told]}).select(title("t")).item() == turned


def test_a_repeated_film_counts_once(tmp_path: Path) -> None:
    where = folder(tmp_path, ratings__csv=RATINGS, movies__csv=MOVIES + "1,Other (1990),Drama\n")
    tables, report = read(where)
    assert tables.items is not None and tables.items.height == 3
    assert report.count("rows that repeat a item_id set aside, the first kept") == 1


def test_what_is_no_movielens_says_so(tmp_path: Path) -> None:
    assert not MovieLens().matches(tmp_path)
    with pytest.raises(ReadError, match=r"expected MovieLens' ratings\.csv"):
        read(tmp_path)
    folder(tmp_path, ratings__csv=RATINGS)
    with pytest.raises(ReadError, match=r"movies\.csv: no such file"):
        read(tmp_path)
    folder(tmp_path, movies__csv="movieId,titel,genres\n")
    with pytest.raises(SchemaError, match=r"'title' is missing.*Did you mean 'titel'"):
        read(tmp_path)
    folder(tmp_path, movies__csv="", other__csv=RATINGS)
    with pytest.raises(ReadError, match=r"movies\.csv: empty"):
        read(tmp_path)
    assert not MovieLens().matches(tmp_path / "other.csv")


def test_an_empty_ratings_file_says_so(tmp_path: Path) -> None:
    folder(tmp_path, ratings__csv="", movies__csv=MOVIES)
    with pytest.raises(ReadError, match=r"ratings\.csv: empty"):
        read(tmp_path)


def test_a_header_alone_is_no_events(tmp_path: Path) -> None:
    folder(tmp_path, ratings__csv=RATINGS.splitlines()[0] + "\n", movies__csv=MOVIES)
    tables, _ = read(tmp_path)
    assert tables.events is not None and tables.events.height == 0
    assert tables.events.schema["timestamp"] == pl.Datetime("us", "UTC")


@pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not here (PENCHANT_DATA)")
def test_the_real_files() -> None:
    tables, report = read(DATA)
    assert tables.events is not None and tables.items is not None
    kinds = dict(tables.events["event"].value_counts().iter_rows())
    assert kinds == {"rating": 100_836, "tag": 3_683}
    assert tables.events["user_id"].n_unique() == 610
    assert tables.items.height == 9_742
    matrix = tables.items.row(by_predicate=pl.col("item_id") == "2571", named=True)
    assert (matrix["title"], matrix["year"]) == ("The Matrix", 1999)
    assert tables.items.filter(pl.col("genres").list.len() == 0).height == 34
    assert not [f for f in report.findings if "set aside" in f.what]
