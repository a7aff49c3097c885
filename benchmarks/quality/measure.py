"""Figures with intervals from lists: the same for Penchant and every peer."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from benchmarks.quality.lists import Lists, joined, ranks
from benchmarks.quality.parts import about, marks
from scipy import sparse

from penchant.evaluate import beyond
from penchant.evaluate.metrics import measure
from penchant.evaluate.significance import bootstrap, paired

KS = (5, 10, 20)
SHOWN = (*(f"{name}@{k}" for name in ("ndcg", "recall") for k in KS), "mrr@10", "map@10")
COLD = "cold items alone"
"""Users with a target that had no training event, judged by those targets only."""
BESIDE = (0.0, 0.125, 0.25, 0.5, 1.0, 2.0)
"""Weights with which another model's scores are added to ours."""


def values(lists: Lists, part: Path) -> dict[str, dict[str, np.ndarray]]:
    """Metric of each asked user, for each group of users: group → metric → [U]."""
    told = about(part)
    shape = (told["asked"], told["items"])
    targets = marks(part / "answers" / "targets.parquet", shape)
    every = _metrics(lists, targets)
    found = {"all": every}
    for name, mask in _groups(part).items():
        found[name] = {metric: v[mask] for metric, v in every.items()}
    cold = sparse.csr_array(targets[:, told["known"] :])
    wanted = np.flatnonzero(np.diff(cold.indptr) > 0)
    if len(wanted):
        only = targets.tolil(copy=True)
        only[:, : told["known"]] = 0
        few = Lists(lists.items[wanted], lists.scores[wanted], lists.popular[wanted])
        found[COLD] = _metrics(few, sparse.csr_array(only.tocsr()[wanted]))
    return found


def _metrics(lists: Lists, targets: sparse.csr_array) -> dict[str, np.ndarray]:
    targets.eliminate_zeros()
    found = measure(ranks(lists, targets), KS)
    return {name: found[name] for name in SHOWN}


def _groups(part: Path) -> dict[str, np.ndarray]:
    return {s.name: s.to_numpy() for s in pl.read_parquet(part / "answers" / "groups.parquet")}


def summary(lists: Lists, part: Path, seed: int) -> dict[str, Any]:
    """What a result file says of lists: figures by group with 95 % intervals, and coverage."""
    figures = {}
    for group, by_metric in values(lists, part).items():
        table = np.column_stack(list(by_metric.values()))
        rows = bootstrap(table, seed=seed)
        figures[group] = {
            "users": len(table),
            **{
                metric: {"value": i.value, "low": i.low, "high": i.high}
                for metric, i in zip(by_metric, rows, strict=True)
            },
        }
    shown = lists.items[:, :10]
    return {
        "figures": figures,
        "coverage@10": beyond.coverage(shown, about(part)["items"]),
        "filled_by_popularity": int(lists.popular.sum()),
    }


def users(lists: list[Lists], part: Path, metric: str) -> np.ndarray:
    """A metric of each asked user, the mean over seeds [U]."""
    return np.mean([values(one, part)["all"][metric] for one in lists], axis=0)


def differences(folder: Path, part: Path, ours: str, metric: str = "ndcg@10") -> dict[str, Any]:
    """Our mean lead over every other model whose lists lie in a folder, over the same users."""
    by_model: dict[str, list[Lists]] = {}
    for path in sorted(folder.glob("*.npz")):
        by_model.setdefault(path.stem.rsplit("~", 1)[0], []).append(Lists.load(path))
    if ours not in by_model:
        return {}
    own = by_model.pop(ours)
    mine, found = users(own, part, metric), {}
    for name, lists in by_model.items():
        d = paired(mine, users(lists, part, metric), seed=0)
        found[name] = {
            "difference": d.difference, "low": d.low, "high": d.high,
            "p": d.p_randomisation, "seeds": len(lists),
        }  # fmt: skip
    if by_model:
        best = min(found, key=lambda name: found[name]["difference"])
        found[best]["together"] = together(own[0], by_model[best][0], part, metric)
    return found


def together(ours: Lists, other: Lists, part: Path, metric: str) -> dict[str, float]:
    """What another model knows that ours does not: our list joined with its, with the one of some
    weights that is best for these very users, and the lead of that over ours."""
    mine = users([ours], part, metric)
    each = {w: users([joined(ours, other, w)], part, metric) for w in BESIDE}
    weight = max(each, key=lambda w: each[w].mean())
    d = paired(each[weight], mine, seed=0)
    return {
        "weight": weight, "value": float(each[weight].mean()), "ours": float(mine.mean()),
        "difference": d.difference, "low": d.low, "high": d.high,
    }  # fmt: skip


def ahead(
    whole: Lists, parts: dict[str, Lists], part: Path, metric: str = "ndcg@10"
) -> dict[str, Any]:
    """A metric of each part alone, and the mean lead of the whole over the best of them."""
    each = {name: users([lists], part, metric) for name, lists in parts.items()}
    best = max(each, key=lambda name: each[name].mean())
    d = paired(users([whole], part, metric), each[best], seed=0)
    return {
        "alone": {name: float(values.mean()) for name, values in each.items()}, "best": best,
        "difference": d.difference, "low": d.low, "high": d.high,
    }  # fmt: skip


def written(path: Path, found: dict[str, Any]) -> None:
    """Write a result file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")
    beside.replace(path)
