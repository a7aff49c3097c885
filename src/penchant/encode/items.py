"""From an item table to vectors: a template makes one text of an item's columns."""

import re
from pathlib import Path

import polars as pl

from penchant.data import columns as c
from penchant.encode.config import EncodeConfig
from penchant.encode.encoder import Encoder
from penchant.encode.once import encode_texts, plain
from penchant.errors import ConfigError, SchemaError, did_you_mean
from penchant.types import QUIET, Floats, Progress, Report

CUSTOMARY = {c.TITLE, c.BRAND, c.CATEGORY, c.GENRES, c.TAGS, c.DESCRIPTION}
JOINTS = {c.CATEGORY: " > "}
PLACE = re.compile(r"\{([^{}]*)\}")


def encode_items(
    items: pl.DataFrame,
    config: EncodeConfig,
    *,
    report: Report,
    encoder: Encoder | None = None,
    cache: Path | None = None,
    width: int | None = None,
    progress: Progress = QUIET,
) -> Floats:
    """Vectors of items [I × D], in the table's order: unit rows, zeros for items without text.

    `cache` is a folder to keep vectors in (None: nothing is kept); `encoder` one that is loaded
    already, `width` that of the vectors, where it is known. The report counts texts that were cut,
    and items that have none.
    """
    texts = item_texts(items, config)
    return encode_texts(
        texts,
        config,
        report=report,
        encoder=encoder,
        cache=cache,
        width=width,
        progress=progress,
    )


def item_texts(items: pl.DataFrame, config: EncodeConfig) -> pl.Series:
    """One text an item [I]; empty where an item has none of the template's values.

    >>> items = pl.DataFrame({"title": ["Rosé"], "tags": [["dry", "pink"]], "brand": [None]})
    >>> item_texts(items, EncodeConfig())[0]
    'Rosé. dry, pink'

    Raises:
        ConfigError: the template has no `{column}`.
        SchemaError: the template names a column that is not among the items.
    """
    names = [PLACE.findall(piece) for piece in config.template]
    if not any(names):
        raise ConfigError(
            f"encode.template: {config.template!r} names no column;"
            " expected pieces such as '{title}'"
        )
    _check({name for piece in names for name in piece}, items, config)
    pieces = [
        _piece(piece, items)
        for piece, used in zip(config.template, names, strict=True)
        if all(name in items.columns for name in used)
    ]
    if not pieces:
        return pl.repeat("", items.height, dtype=pl.String, eager=True).alias("text")
    joined = pl.concat_str(pieces, separator=config.separator, ignore_nulls=True)
    return plain(items.select(joined.alias("text")).to_series())


def _check(names: set[str], items: pl.DataFrame, config: EncodeConfig) -> None:
    """Customary columns may be missing; any other that is named must be there."""
    unknown = sorted(names - set(items.columns) - CUSTOMARY)
    if unknown:
        raise SchemaError(
            f"encode.template: no column {unknown[0]!r} among the items"
            f" (columns: {', '.join(items.columns)}).{did_you_mean(unknown[0], items.columns)}"
        )


def _piece(piece: str, items: pl.DataFrame) -> pl.Expr:
    """A piece of the template as text; null where a value of it is."""
    words = PLACE.split(piece)  # literal, name, literal, name, …
    parts = [
        _value(word, items.schema[word]) if place % 2 else pl.lit(word)
        for place, word in enumerate(words)
        if word
    ]
    return pl.concat_str(parts)


def _value(name: str, dtype: pl.DataType) -> pl.Expr:
    """A column as text; null where there is nothing to read."""
    column = pl.col(name)
    if isinstance(dtype, pl.Array):
        column, dtype = column.arr.to_list(), pl.List(dtype.inner)
    if isinstance(dtype, pl.Struct | pl.Object | pl.Binary):
        raise SchemaError(
            f"encode.template: column {name!r} is {dtype}; expected text, numbers or lists of them"
        )
    if isinstance(dtype, pl.List):
        element = pl.element().cast(pl.String).str.strip_chars()
        said = column.list.eval(element.filter(element != "")).list.join(JOINTS.get(name, ", "))
    else:
        said = column.cast(pl.String).str.strip_chars()
        if dtype.is_float():  # a year that became a float through missing values reads as 1995
            said = said.str.strip_suffix(".0")
    return pl.when(said != "").then(said)
