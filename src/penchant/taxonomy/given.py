"""The levels that the catalogue itself gives: category paths, genres, tags.

Paths may be ragged, missing, or of several values. Nodes are paths, not names: "Sets" under
"Makeup" and "Sets" under "Hair" are two.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.columns import CATEGORY, GENRES, TAGS
from penchant.errors import SchemaError, did_you_mean
from penchant.taxonomy.config import TreeConfig
from penchant.types import Ints, Report

UNCATEGORISED = "(uncategorised)"
OTHER = "other "
STEP = "interest tree"


@dataclass(frozen=True)
class Paths:
    """Category paths of the items: `row`, `path` (list of strings), `weight`; several rows an
    item where it has several values. Items without any are not in it."""

    table: pl.DataFrame
    items: int
    depth: int
    column: str
    flat: bool

    @property
    def described(self) -> float:
        """Share of the items that have a path."""
        return self.table["row"].n_unique() / max(1, self.items)


@dataclass(frozen=True)
class Top:
    """The given levels: members of the deepest [I × K] (rows sum to 1, or 0 where none is given),
    and for each level the paths of its nodes and the rows of their parents."""

    members: sparse.csr_array
    keys: tuple[tuple[tuple[str, ...], ...], ...]
    parents: tuple[Ints, ...]

    @property
    def levels(self) -> int:
        """How many levels are given."""
        return len(self.keys)


def find_paths(items: pl.DataFrame, config: TreeConfig) -> Paths | None:
    """The paths to build on, or None where the vectors must do.

    Raises:
        SchemaError: a column is asked for that is not there, or that describes no item.
    """
    if config.kind == "learned":
        return None
    if config.column is not None and config.column not in items.columns:
        hint = did_you_mean(config.column, items.columns)
        raise SchemaError(
            f"column {config.column!r} is not among the items' columns {items.columns}.{hint}"
        )
    names = [config.column] if config.column else [CATEGORY, GENRES, TAGS]
    found = [read_paths(items, name) for name in names if name in items.columns]
    useful = [p for p in found if p.depth > 0 and (config.kind != "auto" or _useful(p, config))]
    if not useful and config.kind != "auto":
        raise SchemaError(
            f"kind={config.kind!r} needs a column with at least two different categories; looked "
            f"at {names}, items have {items.columns}. Use kind='learned' or name another column"
        )
    return useful[0] if useful else None


def read_paths(items: pl.DataFrame, column: str) -> Paths:
    """The paths in a column: a list broad → narrow (category) or a set of values (genres, tags).

    A text is taken apart at ">" (a path) or at "|", ";" and "," (values). First levels that are
    the same for every item are left out.
    """
    flat = column in (GENRES, TAGS)
    lists = _as_lists(items[column], flat)
    table = (
        pl.DataFrame({"row": np.arange(len(items), dtype=np.int32), "path": lists})
        .with_columns(pl.col("path").list.eval(_tidy_space(pl.element())))
        .with_columns(
            pl.col("path").list.eval(pl.element().filter(pl.element().str.len_chars() > 0))
        )
        .filter(pl.col("path").list.len() > 0)
    )
    table = _several(table) if flat else _less_constant(table)
    lengths = table["path"].list.len().to_numpy()
    depth = 0 if table["path"].list.first().n_unique() < 2 else int(lengths.max(initial=0))
    return Paths(table, len(items), depth, column, flat)


def build(paths: Paths, config: TreeConfig, report: Report) -> Top:
    """The given levels, as deep as the paths mostly go, rare nodes merged, ragged ends filled."""
    levels = 1 if paths.flat else min(config.levels, _usual_depth(paths))
    if config.kind == "given":
        levels = config.levels
    table = _at_most(paths.table, config.leaves_per_item, paths.items, report)
    table = _padded(table, levels)
    for level in range(1, levels + 1):
        table = _merged(table, level, config.smallest, report)
    missing = paths.items - table["row"].n_unique()
    report.add(STEP, f"items without {paths.column}", missing, total=paths.items)
    return _numbered(table, levels, paths.items)


def tidy(names: Sequence[str]) -> list[str]:
    """Names as people write them: where nearly all are SHOUTED, in sentence case.

    >>> tidy(["FRZN MEAT/DINNERS", "DRUG GM", "EGGS"])
    ['Frzn meat/dinners', 'Drug GM', 'Eggs']
    >>> tidy(["DVD", "Books", "Makeup"])
    ['DVD', 'Books', 'Makeup']
    """
    bare = [name.removeprefix(OTHER) for name in names]
    letters = [name for name in bare if sum(map(str.isalpha, name)) >= 3]
    loud = sum(name == name.upper() != name.lower() for name in letters)
    if loud < 0.6 * max(1, len(letters)):
        return list(names)
    calm = [_calm(name) if name == name.upper() else name for name in bare]
    return [
        OTHER + new[:1].lower() + new[1:] if new and name.startswith(OTHER) else new
        for name, new in zip(names, calm, strict=True)
    ]


def _calm(name: str) -> str:
    words = [w if _acronym(w) else w.lower() for w in re.split(r"(\W+)", name)]
    text = "".join(words)
    return text[:1].upper() + text[1:]


def _acronym(word: str) -> bool:
    return 1 < len(word) <= 3 and not set(word) & set("AEIOUY")


def _useful(paths: Paths, config: TreeConfig) -> bool:
    """Whether the column says enough of enough items to build on."""
    if paths.described < config.useful:
        return False
    first = paths.table["path"].list.first()
    return first.n_unique() <= min(config.broadest, max(2, paths.items // config.smallest))


def _usual_depth(paths: Paths) -> int:
    """Levels that at least half of the described items reach."""
    lengths = paths.table["path"].list.len().to_numpy()
    return max(1, int(np.quantile(lengths, 0.5, method="lower")))


def _as_lists(column: pl.Series, flat: bool) -> pl.Series:
    if isinstance(column.dtype, (pl.List, pl.Array)):
        return column.cast(pl.List(pl.String)).fill_null([])
    text = column.cast(pl.String).fill_null("")
    marks = r"[|;,]" if flat else r"\s*(?:>|›|»|\|)\s*"
    return text.str.replace_all(marks, "\x1f").str.split("\x1f")


def _tidy_space(element: pl.Expr) -> pl.Expr:
    return element.fill_null("").str.replace_all(r"\s+", " ").str.strip_chars()


def _several(table: pl.DataFrame) -> pl.DataFrame:
    """One row a value, each with an equal share of the item."""
    table = table.with_columns(pl.col("path").list.unique(maintain_order=True))
    return (
        table.with_columns(weight=(1 / pl.col("path").list.len()).cast(pl.Float32))
        .explode("path")
        .with_columns(path=pl.concat_list("path"))
    )


def _less_constant(table: pl.DataFrame) -> pl.DataFrame:
    """Leave out first levels that are the same for every item."""
    table = table.with_columns(weight=pl.lit(1.0, dtype=pl.Float32))
    while len(table) and table["path"].list.first().n_unique() == 1:
        shorter = table.with_columns(path=pl.col("path").list.slice(1))
        kept = shorter.filter(pl.col("path").list.len() > 0)
        if len(kept) < 0.5 * len(table):
            return table
        table = kept
    return table


def _at_most(table: pl.DataFrame, most: int, items: int, report: Report) -> pl.DataFrame:
    """Keep an item's most telling values (the rarest), where it has more than leaves allow."""
    shares = table.with_columns(common=pl.len().over("path"))
    kept = (
        shares.sort("row", "common", pl.col("path").list.first())
        .group_by("row", maintain_order=True)
        .head(most)
    )
    lost = len(table) - len(kept)
    report.add(STEP, "values beyond leaves_per_item left out", lost, total=len(table))
    total = pl.col("weight").sum().over("row")
    return kept.with_columns(weight=pl.col("weight") / total).select("row", "path", "weight")


def _padded(table: pl.DataFrame, levels: int) -> pl.DataFrame:
    """Columns name1 … nameL: the path level by level, its last name repeated where it ends."""
    last = pl.col("path").list.len().cast(pl.Int64) - 1
    names = [
        pl.col("path").list.get(pl.min_horizontal(pl.lit(n), last)).alias(f"name{n + 1}")
        for n in range(levels)
    ]
    return table.with_columns(pl.lit("").alias("name0"), *names)


def _merged(table: pl.DataFrame, level: int, smallest: int, report: Report) -> pl.DataFrame:
    """Merge nodes with fewer items than `smallest` into "other …" of their parent.

    A path that ends early, beside siblings that go on, is such a rest as well. A single rare
    node keeps its name, as merging it with nothing would only hide it.
    """
    above, here = [f"name{n}" for n in range(level)], f"name{level}"
    parent = pl.col(above[-1])
    table = table.with_columns(
        size=pl.col("weight").sum().over([*above, here]),
        ended=pl.col("path").list.len() < level,
        siblings=pl.col(here).n_unique().over(above),
    ).with_columns(rare=(pl.col("size") < smallest) & ~pl.col("ended"))
    several = pl.col(here).filter("rare").n_unique().over(above) > 1
    table = table.with_columns(rare=pl.col("rare") & several & (pl.col("siblings") > 1))
    merged = table.filter("rare").select(*above, here).unique(maintain_order=True)
    what = f"rare categories of level {level} merged"
    report.add(STEP, what, len(merged), examples=merged[here].to_list())
    is_rest = parent.str.starts_with(OTHER) | (parent == OTHER.strip())
    rest = pl.when(is_rest).then(parent).otherwise((OTHER + parent).str.strip_chars())
    gone = pl.col("rare") | (pl.col("ended") & ((pl.col("siblings") > 1) | is_rest))
    table = table.with_columns(pl.when(gone).then(rest).otherwise(here).alias(here))
    only = (pl.col(here).n_unique().over(above) == 1) & gone & (parent != "")
    name = pl.when(only).then(parent).otherwise(here).alias(here)
    return table.with_columns(name).drop("size", "ended", "siblings", "rare")


def _numbered(table: pl.DataFrame, levels: int, items: int) -> Top:
    names = [f"name{n}" for n in range(1, levels + 1)]
    keys: list[tuple[tuple[str, ...], ...]] = []
    parents: list[Ints] = []
    for level in range(1, levels + 1):
        nodes = table.select(names[:level]).unique().sort(names[:level])
        keys.append(tuple(nodes.rows()))
        above: list[tuple[str, ...]] = list(keys[-2]) if level > 1 else [()]
        rows = {key: row for row, key in enumerate(above)}
        parents.append(np.array([rows[key[:-1]] for key in keys[-1]], dtype=np.int32))
    numbers = pl.DataFrame(keys[-1], schema=names, orient="row").with_row_index("node")
    placed = table.join(numbers, on=names, how="left", maintain_order="left")
    place = (placed["row"].to_numpy(), placed["node"].to_numpy())
    members = sparse.csr_array(
        (placed["weight"].to_numpy().astype(np.float32), place), shape=(items, len(keys[-1]))
    )
    members.sum_duplicates()
    return Top(members, tuple(keys), tuple(parents))
