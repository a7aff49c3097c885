"""Amazon reviews with metadata, the releases of 2014, 2018 and 2023: JSON lines, plain or gzip.

A review is an event `rating`: value = stars, text = its summary and its words. Fields that know
the future of the whole log (`related`, `also_buy`, `salesRank`, `rank`, average ratings) are
never read. Metadata of 2014 is written as Python literals; those are parsed, never evaluated.
"""

import ast
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import polars as pl
from pydantic import Field

from penchant.config import Config
from penchant.data import columns as c
from penchant.data.sources import (
    Tables,
    epoch,
    first_line,
    first_of_each,
    missing,
    number,
    open_bytes,
    reading,
    sift,
    text,
)
from penchant.errors import ReadError
from penchant.types import QUIET, Progress, Report, Step

ENDINGS: Final = (".json", ".jsonl", ".json.gz", ".jsonl.gz", ".jl", ".jl.gz")
STRINGS: Final = pl.List(pl.String)
REVIEWS: Final = {
    **dict.fromkeys(("reviewerID", "user_id", "asin", "parent_asin"), pl.String),
    **dict.fromkeys(("overall", "rating", "unixReviewTime", "timestamp"), pl.String),
    **dict.fromkeys(("summary", "title", "reviewText", "text"), pl.String),
    **dict.fromkeys(("vote", "helpful_vote", "helpful"), pl.String),
    **dict.fromkeys(("verified", "verified_purchase"), pl.Boolean),
}
ITEMS: Final = {
    **dict.fromkeys(("asin", "parent_asin", "title", "brand", "store"), pl.String),
    **dict.fromkeys(("price", "main_category", "description"), pl.String),
    **dict.fromkeys(("categories", "category", "feature", "features"), STRINGS),
    "details": pl.Struct({"Brand": pl.String}),
}
DESCRIPTIONS: Final = {"description": STRINGS}  # read again: some are text, some are lists
UNREAD: Final = "lines that are not a JSON object (or a Python dict), set aside"
UNPRICED: Final = "prices that are no amount, left empty"
DOLLARS: Final = r"^\s*(?:[$£€]|USD|from)*\s*(\d[\d,]*\.?\d*)"


class AmazonConfig(Config):
    """How reviews are read."""

    block: int = Field(default=1 << 25, ge=1)
    """Bytes of lines parsed at once: the memory that reading takes beside its result."""


class Amazon:
    """The source `amazon`: a file of reviews, or a folder of reviews and metadata."""

    name = "amazon"

    def __init__(self, config: AmazonConfig | None = None) -> None:
        self.config = config or AmazonConfig()

    def matches(self, path: Path) -> bool:
        """Whether there is a file of reviews, by the keys of its first line."""
        return any(_kind(file) == "reviews" for file in _files(path))

    def read(self, path: Path, *, report: Report, progress: Progress = QUIET) -> Tables:
        """Read reviews into events and metadata into items."""
        kinds = {file: _kind(file) for file in _files(path)}
        reviews = [file for file, kind in kinds.items() if kind == "reviews"]
        meta = [file for file, kind in kinds.items() if kind == "items"]
        if not reviews and not meta:
            raise ReadError(
                f"{path}: expected JSON lines of reviews (reviewerID or user_id, and asin) or of "
                "metadata (asin or parent_asin, and title)"
            )
        other = len(kinds) - len(reviews) - len(meta)
        report.add("amazon", "files that are neither reviews nor metadata left out", other)
        with progress.step("read amazon") as step:
            events = [self._events(file, report, step) for file in reviews]
            items = [self._items(file, report, step) for file in meta]
        return Tables(
            events=pl.concat(events) if events else None,
            items=first_of_each(pl.concat(items), c.ITEM, report, "amazon") if items else None,
        )

    def _events(self, path: Path, report: Report, step: Step) -> pl.DataFrame:
        blocks = Records(path, self.config.block, step)
        told = pl.concat([_review(block.tables(REVIEWS)[0]) for block in blocks])
        _count(blocks, report)
        faults = {
            "without a user id set aside": missing(c.USER),
            "without an item id set aside": missing(c.ITEM),
            "without a readable time set aside": pl.col(c.TIME).is_null(),
            "ratings without a readable value set aside": pl.col(c.VALUE).is_null(),
        }
        return sift(told.lazy(), faults, report, f"amazon {path.name}", path)

    def _items(self, path: Path, report: Report, step: Step) -> pl.DataFrame:
        blocks = Records(path, self.config.block, step)
        told = pl.concat([_item(*block.tables(ITEMS, DESCRIPTIONS)) for block in blocks])
        _count(blocks, report)
        unpriced = told.filter(pl.col(c.PRICE).is_null() & ~missing("_price"))["_price"]
        where = f"amazon {path.name}"
        report.add(
            where, UNPRICED, len(unpriced), total=told.height, examples=unpriced.head(3).to_list()
        )
        ranges = told["_price"].str.contains(r"\d\s*[-–]\s*[$£€]?\d").sum()
        report.add(where, "prices from – to, the lower taken", int(ranges or 0), total=told.height)
        faults = {"without an item id set aside": missing(c.ITEM)}
        return sift(told.drop("_price").lazy(), faults, report, where, path)


# lines


class Block:
    """Some lines of a file, as good JSON lines; bad ones are taken out and counted."""

    def __init__(self, raw: list[bytes]) -> None:
        self.bad = 0
        self.raw = raw

    def tables(self, *schemas: dict[str, Any]) -> list[pl.DataFrame]:
        """The lines as a table for each schema; what is not of its type becomes null."""
        try:
            told = [self._table(schema) for schema in schemas]
            if not told[0].select(pl.all_horizontal(pl.all().is_null()).any()).item():
                return told
        except pl.exceptions.ComputeError:
            pass  # some line is no JSON: which ones is found out below
        self.raw = self._mended()
        return [self._table(schema) for schema in schemas]

    def _table(self, schema: dict[str, Any]) -> pl.DataFrame:
        lines = io.BytesIO(b"".join(self.raw) if self.raw else b"\n")
        return pl.read_ndjson(lines, schema=schema, ignore_errors=True)

    def _mended(self) -> list[bytes]:
        """The same lines, one by one: JSON or a Python literal; others are counted."""
        told = [_json(line) for line in self.raw if line.strip()]
        good = [line for line in told if line]
        self.bad = len(told) - len(good)
        return good


def _parsed(line: bytes) -> dict[str, Any] | None:
    """One line as a record; None where it is neither JSON nor a Python dict."""
    try:
        words = line.decode("utf-8").strip()
        if words.startswith("{'"):
            value = ast.literal_eval(words)
        else:
            value = json.loads(words, parse_constant=lambda name: None)  # NaN is no JSON
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _json(line: bytes) -> bytes:
    """One line as strict JSON in UTF-8; empty where it cannot be."""
    record = _parsed(line)
    if record is None:
        return b""
    try:
        words = json.dumps(record, default=str, allow_nan=False, ensure_ascii=False)
        return words.encode("utf-8") + b"\n"
    except (ValueError, TypeError, RecursionError):
        return b""


class Records:
    """The blocks of a file, one after the other: memory stays that of one block."""

    def __init__(self, path: Path, size: int, step: Step) -> None:
        self.path, self.size, self.step = path, size, step
        self.bad = 0
        self.total = 0

    def __iter__(self) -> Iterator[Block]:
        with reading(self.path), open_bytes(self.path) as file:
            while raw := file.readlines(self.size):
                block = Block(raw)
                yield block
                self.bad += block.bad
                self.total += len(raw)
                self.step.advance(len(raw), note=self.path.name)


def _count(records: Records, report: Report) -> None:
    report.add(f"amazon {records.path.name}", UNREAD, records.bad, total=records.total)


# columns


def _review(raw: pl.DataFrame) -> pl.DataFrame:
    """Reviews of any release as events, still with what cannot be read."""
    time = pl.coalesce(epoch("timestamp", per_second=1000), epoch("unixReviewTime"))
    helpful = pl.coalesce(
        pl.col("helpful_vote"), pl.col("vote"), pl.col("helpful").str.extract(r"^\[(\d+)")
    )
    words = pl.concat_str(
        pl.coalesce(text("summary"), text("title")),
        pl.coalesce(text("reviewText"), text("text")),
        separator="\n",
        ignore_nulls=True,
    )
    return raw.select(
        pl.coalesce(text("reviewerID"), text("user_id")).alias(c.USER),
        pl.coalesce(text("parent_asin"), text("asin")).alias(c.ITEM),
        time.alias(c.TIME),
        pl.lit("rating").alias(c.EVENT),
        pl.coalesce(number("overall"), number("rating")).alias(c.VALUE),
        pl.when(words != "").then(words).alias(c.TEXT),
        pl.coalesce("verified", "verified_purchase").alias("verified"),
        helpful.str.replace_all(",", "").cast(pl.Int64, strict=False).alias("helpful"),
        pl.when(pl.col("parent_asin") != pl.col("asin")).then(pl.col("asin")).alias("variant"),
    )


def _item(raw: pl.DataFrame, described: pl.DataFrame) -> pl.DataFrame:
    """Metadata of any release as items; `_price` keeps what the price said."""
    raw = raw.with_columns(described["description"].alias("_paragraphs"))
    price = text("price").str.replace(r"^(?i:none|nan|—)$", "")
    amount = price.str.extract(DOLLARS).str.replace_all(",", "").cast(pl.Float64, strict=False)
    paragraphs = _joined("_paragraphs")
    listed = pl.col("_paragraphs").is_not_null()
    return raw.select(
        pl.coalesce(text("parent_asin"), text("asin")).alias(c.ITEM),
        text("title").alias(c.TITLE),
        pl.concat_str(
            pl.when(listed).then(paragraphs).otherwise(text("description")),
            pl.coalesce(_joined("features"), _joined("feature")),
            separator="\n",
            ignore_nulls=True,
        )
        .replace("", None)
        .alias(c.DESCRIPTION),
        _path().alias(c.CATEGORY),
        pl.coalesce(text("brand"), pl.col("details").struct.field("Brand"), text("store")).alias(
            c.BRAND
        ),
        amount.alias(c.PRICE),
        price.alias("_price"),
    )


def _joined(name: str) -> pl.Expr:
    """A list of paragraphs as one text; null where it is empty."""
    whole = pl.col(name).list.drop_nulls().list.join("\n").str.strip_chars()
    return pl.when(whole != "").then(whole)


def _path() -> pl.Expr:
    """The category path: the first of several (2014), the flat one, or the one broad word."""
    flat = [pl.when(pl.col(n).list.len() > 0).then(pl.col(n)) for n in ("categories", "category")]
    told = pl.coalesce(flat)
    first = told.list.first()
    nested = first.str.starts_with('["') & first.str.ends_with('"]')
    inner = pl.when(nested).then(first).str.json_decode(STRINGS)
    broad = pl.when(~missing("main_category")).then(pl.concat_list("main_category"))
    plain = pl.when(~nested.fill_null(False)).then(told)
    return pl.coalesce(inner, plain, broad).list.drop_nulls().fill_null([])


# files


def _files(path: Path) -> list[Path]:
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.is_file() and file.name.lower().endswith(ENDINGS)]


def _kind(path: Path) -> str:
    """`reviews`, `items` or nothing, by the keys of the first line."""
    try:
        keys = set(_parsed(first_line(path).encode()) or ())
    except ReadError:
        return ""
    if keys & {"reviewerID", "user_id"} and keys & {"asin", "parent_asin"}:
        return "reviews"
    named = keys & {"title", "categories", "category", "main_category", "imUrl", "price"}
    return "items" if keys & {"asin", "parent_asin"} and named else ""
