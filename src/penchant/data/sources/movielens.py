"""MovieLens as GroupLens ships it: `.csv` (latest, 20M and on), `.dat` (1M, 10M), `u.data` (100K).

Ratings become events `rating`; tags become events `tag` with the words as text, and the frequent
ones join their items' `tags`. Titles are turned round: "Matrix, The (1999)" → "The Matrix", 1999.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl
from pydantic import Field

from penchant.config import Config
from penchant.data import columns as c
from penchant.data.sources import (
    Tables,
    delimited,
    epoch,
    first_line,
    first_of_each,
    folder,
    header,
    missing,
    no_ids,
    number,
    require,
    sift,
    text,
)
from penchant.errors import ReadError
from penchant.types import QUIET, Progress, Report

RATINGS: Final = ("userId", "movieId", "rating", "timestamp")
TAG_ROWS: Final = ("userId", "movieId", "tag", "timestamp")
FILES: Final = (
    *(f"{part}{kind}" for kind in (".csv", ".dat") for part in ("ratings", "movies", "tags")),
    *("links.csv", "users.dat", "u.data", "u.item", "u.user"),
)
MOVIES: Final = ("movieId", "title", "genres")
NO_GENRES: Final = "(no genres listed)"

GENRES_100K: Final = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
]
AGES_1M: Final = {
    "1": "under 18",
    "18": "18-24",
    "25": "25-34",
    "35": "35-44",
    "45": "45-49",
    "50": "50-55",
    "56": "56 and over",
}
OCCUPATIONS_1M: Final = [
    "other",
    "academic/educator",
    "artist",
    "clerical/admin",
    "college/grad student",
    "customer service",
    "doctor/health care",
    "executive/managerial",
    "farmer",
    "homemaker",
    "K-12 student",
    "lawyer",
    "programmer",
    "retired",
    "sales/marketing",
    "scientist",
    "self-employed",
    "technician/engineer",
    "tradesman/craftsman",
    "unemployed",
    "writer",
]

ARTICLES: Final = (
    "The|A|An|La|Le|Les|Il|Lo|Gli|I|El|Los|Las|Der|Die|Das|Den|Det|De|Het|Een|Ein|Eine|"
    "Un|Une|Una|Uno|O|Os|As|En|Ett"
)
YEAR: Final = r"\((\d{4})(?:[-–]\d{0,4})?\)(?:\s*\(V\))?\s*$"


class MovieLensConfig(Config):
    """How MovieLens is read."""

    tag_uses: int = Field(default=5, ge=1)
    """A tag joins items once so many people–film pairs use it: a word, not a private note."""
    item_tags: int = Field(default=20, ge=0)
    """At most so many tags an item, the most used first; 0: none.

    Tags on items are gathered over all time: a strict test of the past sets 0.
    """


class MovieLens:
    """The source `movielens`: the folder as unpacked, or any file in it."""

    name = "movielens"

    def __init__(self, config: MovieLensConfig | None = None) -> None:
        self.config = config or MovieLensConfig()

    def matches(self, path: Path) -> bool:
        """Whether the ratings file of one of the three layouts is there."""
        own = path.is_dir() or path.name in FILES
        return own and _layout(folder(path)) is not None

    def read(self, path: Path, *, report: Report, progress: Progress = QUIET) -> Tables:
        """Read ratings, tags, films and, where they are told, users."""
        where = folder(path)
        layout = _layout(where)
        if layout is None:
            raise ReadError(f"{path}: expected MovieLens' ratings.csv, ratings.dat or u.data in it")
        ratings, tags, films, users = _PARTS[layout]
        with progress.step("read movielens", total=4) as step:
            rated = _events(ratings(where, report), "rating", report)
            step.advance(note="ratings")
            tagged = tags(where, report)
            step.advance(note="tags")
            items = self._with_tags(films(where, report), tagged, report)
            step.advance(note="films")
            people = users(where, report)
            step.advance(note="users")
        events = rated if tagged is None else _joined(rated, _events(tagged, "tag", report))
        return Tables(events=events, items=items, users=people)

    def _with_tags(
        self, items: pl.DataFrame, tagged: pl.DataFrame | None, report: Report
    ) -> pl.DataFrame:
        """Give items the tags that many use, each item's most used first."""
        if tagged is None or not self.config.item_tags:
            return items
        uses = (
            tagged.select("userId", c.ITEM, pl.col("tag").str.to_lowercase().alias(c.TAGS))
            .unique()
            .filter(pl.len().over(c.TAGS) >= self.config.tag_uses)
            .group_by(c.ITEM, c.TAGS)
            .len()
            .sort([c.ITEM, "len", c.TAGS], descending=[False, True, False])
        )
        lists = uses.group_by(c.ITEM, maintain_order=True).agg(
            pl.col(c.TAGS).head(self.config.item_tags)
        )
        report.add("movielens", "items given tags that users wrote, over all time", lists.height)
        return items.join(lists, on=c.ITEM, how="left", maintain_order="left").with_columns(
            pl.col(c.TAGS).fill_null([])
        )


def _layout(where: Path) -> str | None:
    csv = where / "ratings.csv"
    if csv.is_file() and set(RATINGS) <= set(_names(csv)):
        return "csv"
    if (where / "ratings.dat").is_file() and (where / "movies.dat").is_file():
        return "dat"
    return "100k" if (where / "u.data").is_file() else None


def _names(path: Path) -> list[str]:
    return header(path) if first_line(path) else list(RATINGS)  # empty: let `read` say so


# events


def _events(rows: pl.DataFrame, kind: str, report: Report) -> pl.DataFrame:
    """Rows with a readable time and judgement as events."""
    columns = [
        pl.col("userId").alias(c.USER),
        pl.col(c.ITEM),
        pl.col("timestamp").alias(c.TIME),
        pl.lit(kind).alias(c.EVENT),
    ]
    if kind == "rating":
        return rows.select(*columns, pl.col("rating").alias(c.VALUE))
    value = pl.lit(None, pl.Float64).alias(c.VALUE)
    return rows.select(*columns, value, pl.col("tag").alias(c.TEXT))


def _joined(rated: pl.DataFrame, tagged: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([rated, tagged], how="diagonal")


def _rows(path: Path, columns: tuple[str, ...], separator: str, report: Report) -> pl.DataFrame:
    """A ratings or tags file [E], times and ratings as such."""
    has_header = separator == ","
    if has_header:
        require(header(path), columns, path)
    step = f"movielens {path.name}"
    table = delimited(
        path,
        None if has_header else columns,
        separator,
        report=report,
        step=step,
        quotes=has_header,
    ).with_columns(text("userId"), text("movieId").alias(c.ITEM), epoch("timestamp"))
    faults = {
        **no_ids("userId", "movieId"),
        "without a readable time set aside": pl.col("timestamp").is_null(),
    }
    if "tag" in columns:
        table = table.with_columns(text("tag"))
        faults["tags without words set aside"] = missing("tag")
    else:
        table = table.with_columns(number("rating"))
        faults["ratings without a readable value set aside"] = pl.col("rating").is_null()
    return sift(table, faults, report, step, path)


def _ratings_csv(where: Path, report: Report) -> pl.DataFrame:
    return _rows(where / "ratings.csv", RATINGS, ",", report)


def _ratings_dat(where: Path, report: Report) -> pl.DataFrame:
    return _rows(where / "ratings.dat", RATINGS, "::", report)


def _ratings_100k(where: Path, report: Report) -> pl.DataFrame:
    return _rows(where / "u.data", RATINGS, "\t", report)


def _tags(name: str, separator: str) -> Callable[[Path, Report], pl.DataFrame | None]:
    def read(where: Path, report: Report) -> pl.DataFrame | None:
        path = where / name
        return _rows(path, TAG_ROWS, separator, report) if path.is_file() else None

    return read


def _nothing(where: Path, report: Report) -> pl.DataFrame | None:
    return None


# films


def _films(path: Path, separator: str, report: Report) -> pl.DataFrame:
    has_header = separator == ","
    if has_header:
        require(header(path), MOVIES, path)
    step = f"movielens {path.name}"
    columns = None if has_header else MOVIES
    table = delimited(path, columns, separator, report=report, step=step, quotes=has_header)
    rows = sift(table, {"without an item id set aside": missing("movieId")}, report, step, path)
    genres = text("genres").str.split("|").list.filter(pl.element() != NO_GENRES)
    return _items(rows.with_columns(genres.fill_null([])), report, step)


def _items(rows: pl.DataFrame, report: Report, step: str) -> pl.DataFrame:
    """Films with turned titles, one row an id."""
    items = rows.select(
        text("movieId").alias(c.ITEM),
        title("title").alias(c.TITLE),
        pl.col("title").str.extract(YEAR).cast(pl.Int64).alias("year"),
        pl.col("genres").alias(c.GENRES),
    )
    undated = items.filter(pl.col("year").is_null())[c.TITLE]
    report.add(
        step,
        "titles without a year",
        len(undated),
        total=items.height,
        examples=undated.head(3).to_list(),
    )
    return first_of_each(items, c.ITEM, report, step)


def title(name: str) -> pl.Expr:
    """A title without its year, its article in front.

    >>> film = pl.DataFrame({"t": ["Avventura, L' (a.k.a. Adventure, The) (1960)"]})
    >>> film.select(title("t")).item()
    "L'Avventura (a.k.a. The Adventure)"
    """
    bare = pl.col(name).str.replace(YEAR, "").str.strip_chars()
    return (
        bare.str.replace(rf"^(.+?), ({ARTICLES})( \(.*)?$", "${2} ${1}${3}")
        .str.replace(r"^(.+?), (L')( \(.*)?$", "${2}${1}${3}")
        .str.replace_all(rf"\((a\.k\.a\. )?([^()]+), ({ARTICLES})\)", "(${1}${3} ${2})")
        .str.replace_all(r"\((a\.k\.a\. )?([^()]+), (L')\)", "(${1}${3}${2})")
        .alias(name)
    )


def _films_csv(where: Path, report: Report) -> pl.DataFrame:
    items = _films(where / "movies.csv", ",", report)
    path = where / "links.csv"
    if not path.is_file():
        return items
    require(header(path), ("movieId", "imdbId", "tmdbId"), path)
    step = "movielens links.csv"
    table = delimited(path, None, ",", report=report, step=step, quotes=True)
    rows = sift(table, {"without an item id set aside": missing("movieId")}, report, step, path)
    links = rows.select(
        text("movieId").alias(c.ITEM),
        (pl.lit("tt") + text("imdbId")).alias("imdb_id"),
        text("tmdbId").alias("tmdb_id"),
    )
    links = first_of_each(links, c.ITEM, report, step)
    return items.join(links, on=c.ITEM, how="left", maintain_order="left")


def _films_dat(where: Path, report: Report) -> pl.DataFrame:
    return _films(where / "movies.dat", "::", report)


def _films_100k(where: Path, report: Report) -> pl.DataFrame:
    path, step = where / "u.item", "movielens u.item"
    columns = ["movieId", "title", "released", "video", "url", *GENRES_100K]
    table = delimited(path, columns, "|", report=report, step=step)
    rows = sift(table, {"without an item id set aside": missing("movieId")}, report, step, path)
    flags = [
        pl.when(pl.col(genre).str.strip_chars() == "1").then(pl.lit(genre))
        for genre in GENRES_100K[1:]
    ]
    return _items(
        rows.with_columns(pl.concat_list(flags).list.drop_nulls().alias("genres")), report, step
    )


# users


def _users(path: Path, columns: list[str], separator: str, report: Report) -> pl.DataFrame | None:
    if not path.is_file():
        return None
    step = f"movielens {path.name}"
    table = delimited(path, columns, separator, report=report, step=step)
    rows = sift(table, {"without a user id set aside": missing(c.USER)}, report, step, path)
    return first_of_each(rows.select(text(name) for name in columns), c.USER, report, step)


def _users_1m(where: Path, report: Report) -> pl.DataFrame | None:
    columns = [c.USER, "gender", "age", "occupation", "zip"]
    users = _users(where / "users.dat", columns, "::", report)
    jobs = {str(code): word for code, word in enumerate(OCCUPATIONS_1M)}
    return (
        users
        if users is None
        else users.with_columns(pl.col("age").replace(AGES_1M), pl.col("occupation").replace(jobs))
    )


def _users_100k(where: Path, report: Report) -> pl.DataFrame | None:
    columns = [c.USER, "age", "gender", "occupation", "zip"]
    return _users(where / "u.user", columns, "|", report)


_PARTS = {
    "csv": (_ratings_csv, _tags("tags.csv", ","), _films_csv, _nothing),
    "dat": (_ratings_dat, _tags("tags.dat", "::"), _films_dat, _users_1m),
    "100k": (_ratings_100k, _nothing, _films_100k, _users_100k),
}
