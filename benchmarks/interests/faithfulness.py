"""Do scores fall without the events that are named for them? On real data and on the world.

    python -m benchmarks.interests.faithfulness            # xwines, online-retail and the world
    python -m benchmarks.interests.faithfulness xwines     # one of them

For people drawn at random, and the first items of their lists, the events that a reason names are
deleted and the score is found anew by the whole model (see `penchant.evaluate.deletion`). Data are
found through PENCHANT_DATA; one result file a set under benchmarks/interests/results/promises.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.interests.fits import CHANGES, LEARNED, engine, model
from benchmarks.interests.promises import RESULTS, WORK, told

from penchant.data.moments import Moments
from penchant.evaluate.deletion import deletions, rates
from penchant.interests.model import InterestModel
from penchant.random import rng
from penchant.recommend.pipeline import best
from penchant.types import Longs, Progress

SETS = tuple(LEARNED)


def measured(name: str, work: Path, people: int, items: int, progress: Progress) -> dict[str, Any]:
    """Rates of one set."""
    learned = model(name, work, progress, seed=0, people=LEARNED[name])
    log = engine(name, work, progress, people=LEARNED[name]).data.log
    some = np.flatnonzero(np.diff(log.offsets) > 1)
    some = np.sort(rng(0, "people").permutation(some)[:people])
    moments = log.moments_at(some, np.full(len(some), log.latest or 0))
    table = deletions(learned, moments, lists(learned, moments, items), progress=progress)
    return {
        "set": name, "learned": len(log.users), "people": len(some), "items": items,
        "changes": CHANGES, "median_events": int(np.median(moments.length)),
        "figures": rates(table).to_dicts(),
    }  # fmt: skip


def lists(model: InterestModel, moments: Moments, n: int) -> Longs:
    """The first items of everybody's list [B × n]: new ones, where people do not repeat."""
    score = model.score(moments)
    may = np.ones(score.shape, bool)
    if not model.repeats_:
        may[moments.seen(score.shape[1]).tocoo().coords] = False
    return best(score, may, n).astype(np.int64)


def main() -> None:
    from rich.console import Console

    from penchant.cli.progress import Lines

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--people", type=int, default=300)
    parser.add_argument("--items", type=int, default=3, help="items of each one's list")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    asked.results.mkdir(parents=True, exist_ok=True)
    lines = Lines(Console(stderr=True, width=100))
    for name in asked.sets:
        found = told("faithfulness") | measured(name, asked.work, asked.people, asked.items, lines)
        path = asked.results / f"faithfulness-{name}.json"
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        for row in found["figures"]:
            print(f"{name}, {row['layer']}: falls {row['falls']:.4f}, beats {row['beats']:.4f}")


if __name__ == "__main__":
    main()
