"""Are reasons true: does a score fall when the events that are named for it are taken away?

For every (person, item) the events that a reason names are deleted from the history and the score
is found anew, gate and all; beside it stand as many other events of the same person, drawn at
random: what carried a score is missed more than what did not (comprehensiveness in DeYoung et al.,
ERASER, ACL 2020). A layer's own part is found anew with the layer counting as much as before:
events' shares are of what it says, and say nothing of how much it would count without them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from penchant.data.moments import Moments
from penchant.interests.model import InterestModel
from penchant.interests.shares import named, shares, strongest
from penchant.random import rng
from penchant.types import QUIET, Floats, Longs, Progress

WHOLE = "whole"
_SCHEMA = {
    "moment": pl.Int64, "item": pl.Int64, "layer": pl.String, "named": pl.Int64,
    "before": pl.Float64, "without_named": pl.Float64, "without_others": pl.Float64,
    "together": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True)
class _Case:
    """A score to be found without some events: the named, or as many drawn among others."""

    item: int
    layer: str
    named: Longs
    draws: Sequence[Longs]
    together: float | None


def deletions(
    model: InterestModel,
    moments: Moments,
    items: Sequence[Longs],
    *,
    most: int = 3,
    draws: int = 5,
    seed: int = 0,
    progress: Progress = QUIET,
) -> pl.DataFrame:
    """One row for each moment, item of it (`items` [B][n]) and layer, and for the whole: the score
    `before`, `without_named` events (at most `most`), and `without_others` (the mean over draws of
    as many); `together` is what the parts sum to, or the events' shares of a layer that knows them
    exactly (else null). Who has fewer others than are named is left out.
    """
    rows: list[dict[str, object]] = []
    with progress.step("deletions", len(moments)) as step:
        for b in range(len(moments)):
            one = moments.take(np.array([b]))
            for case, found in _answered(model, one, items[b], most, rng(seed, b), draws):
                before, named, others = float(found[0]), float(found[1]), float(found[2:].mean())
                told = (b, case.item, case.layer, len(case.named), before, named, others)
                rows.append(dict(zip(_SCHEMA, (*told, case.together), strict=True)))
            step.advance()
    return pl.DataFrame(rows, schema=_SCHEMA)


def rates(table: pl.DataFrame) -> pl.DataFrame:
    """Of each layer and the whole: `cases`, in how many the score `falls`, and falls by more than
    without others (`beats`), each with a 95 % interval (Wilson's); and the largest `error` of a
    sum of parts or shares, as a share of the score (of 1 at least)."""
    found = table.group_by("layer", maintain_order=True).agg(
        pl.len().alias("cases"),
        (pl.col("without_named") < pl.col("before")).sum().alias("fell"),
        (pl.col("without_named") < pl.col("without_others")).sum().alias("beat"),
        ((pl.col("together") - pl.col("before")) / pl.col("before").abs().clip(1.0))
        .abs()
        .max()
        .alias("error"),
    )
    rows = []
    for row in found.iter_rows(named=True):
        told = {"layer": row["layer"], "cases": row["cases"], "error": row["error"]}
        for name, count in (("falls", row["fell"]), ("beats", row["beat"])):
            low, high = wilson(count, row["cases"])
            told |= {name: count / row["cases"], f"{name}_low": low, f"{name}_high": high}
        rows.append(told)
    return pl.DataFrame(rows)


def wilson(count: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson, J. Am. Stat. Assoc. 22, 1927).

    >>> tuple(round(x, 3) for x in wilson(95, 100))
    (0.888, 0.978)
    """
    p, scale = count / n, 1 + z**2 / n
    middle = (p + z**2 / (2 * n)) / scale
    reach = z / scale * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    return max(0.0, middle - reach), min(1.0, middle + reach)


def _answered(
    model: InterestModel,
    one: Moments,
    items: Longs,
    most: int,
    draw: np.random.Generator,
    draws: int,
) -> list[tuple[_Case, Floats]]:
    """The cases of one moment; before, without the named, without each draw [2 + draws]."""
    carried, parts = shares(model, one, items), model.parts(one)
    told, cases = named(model, one, items, carried, most), []
    for n, item in enumerate(items):
        together = float(parts.values[:, 0, item].astype(np.float64).sum())
        tables = {WHOLE: carried.total, **carried.by_layer}
        for name, table in tables.items():
            best = told[n] if name == WHOLE else strongest(table[:, n], most)
            others = np.setdiff1d(np.arange(len(one.item)), best)
            if not len(best) or len(others) < len(best):
                continue
            some = [draw.choice(others, len(best), replace=False) for _ in range(draws)]
            value = together if name == WHOLE else float(table[:, n].sum())
            known = name == WHOLE or name in carried.exact
            cases.append(_Case(int(item), name, best, some, value if known else None))
    if not cases:
        return []
    groups = [group for case in cases for group in (case.named, *case.draws)]
    after = model.parts(one.without(0, groups))
    found = []
    for k, case in enumerate(cases):
        part = slice(k * (1 + draws), (k + 1) * (1 + draws))
        if case.layer == WHOLE:
            before, values = parts.score[0, case.item], after.score[part, case.item]
        else:
            p = parts.names.index(case.layer)
            before, counts = parts.values[p, 0, case.item], parts.alpha[0, p]
            values = after.values[p, part, case.item] / after.alpha[part, p] * counts
        found.append((case, np.concatenate([[before], values]).astype(np.float32)))
    return found
