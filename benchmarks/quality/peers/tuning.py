"""The same budget for every peer: settings are tried in order while there is time.

Time is processor time, so that a budget buys the same on a machine that others use too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from benchmarks.quality.lists import Lists, judge
from benchmarks.quality.peers.grids import GRIDS, Settings, maker
from benchmarks.quality.peers.part import Part, pairs
from benchmarks.quality.peers.watch import Stopwatch


@dataclass(frozen=True)
class Budget:
    """How much may be spent on one peer and set."""

    minutes: float = 15.0
    settings: int = 16
    patience: int = 8
    rest: float = 0.05
    """Share of the time without gain that learning may go on for, where epochs are short."""


def tune(name: str, folder: Path, budget: Budget, seed: int = 0) -> dict[str, Any]:
    """The best settings of a peer on a validation part, with what was tried."""
    part = Part.read(folder)
    targets = pairs(folder / "answers" / "targets.parquet", (len(part.ask_user), part.n_items))

    def value(lists: Lists) -> float:
        return judge(lists, targets)

    make = maker(name)  # loads its package, which is not counted
    deadline = process_time() + 60.0 * budget.minutes
    tried: list[dict[str, Any]] = []
    grid = [s for s in GRIDS[name] if part.repeats or s.get("binary", True)]  # else all are alike
    for settings in grid[: budget.settings]:
        if tried and process_time() + _least(tried) > deadline:
            break
        tried.append(_try(make, part, settings, value, deadline, budget, seed))
        print(f"  {name} {settings}: {tried[-1]['ndcg@10']:.5f}", flush=True)
    best = max(tried, key=lambda t: t["ndcg@10"])
    epochs = {"epochs": best["best_epoch"]} if "best_epoch" in best else {}
    return {
        "settings": {**best["settings"], **epochs},
        "validation": {k: v for k, v in best.items() if k not in ("settings", "curve")},
        "minutes": budget.minutes,
        "tried": tried,
    }


def _least(tried: list[dict[str, Any]]) -> float:
    """How long another trial takes at least: an epoch, or all of it where there are none."""
    return min(t["seconds"] / max(t.get("epochs", 0), 1) for t in tried)


def _try(
    make: Callable[..., Any],
    part: Part,
    settings: Settings,
    value: Callable[[Lists], float],
    deadline: float,
    budget: Budget,
    seed: int,
) -> dict[str, Any]:
    began = process_time()
    watch = Stopwatch(
        value, deadline, budget.patience, 60.0 * budget.rest * budget.minutes, clock=process_time
    )
    peer = make(settings, seed).fit(part, watch)
    if watch.epochs:
        return {
            "settings": settings, "ndcg@10": watch.best,
            "seconds": round(process_time() - began, 2), **watch.told(),
        }  # fmt: skip
    seconds = process_time() - began
    return {
        "settings": settings, "ndcg@10": value(peer.lists(part)),
        "seconds": round(process_time() - began, 2), "seconds_to_best": round(seconds, 2),
    }  # fmt: skip
