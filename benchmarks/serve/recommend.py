"""How fast single answers are: one person, a list of ten, from catalogues of any size.

    python -m benchmarks.serve.recommend --items 100000              # results/recommend-100000.json
    python -m benchmarks.serve.recommend --items 1000000 --recall 50

The model is drawn, not fitted (see `made`). What is timed is `Pipeline.each`, without reasons, for
people with 200 events each, another person every time, after some were asked: by the clock, and in
processor time, which is what it takes where nobody else works. Steps are timed by themselves. With
`--recall` the hundred best by approximate search are held against those by exact scoring.
"""

import argparse
from collections.abc import Iterator
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
from benchmarks.interests.promises import told as origin
from benchmarks.serve.figures import keep, spent
from benchmarks.serve.made import Drawn, drawn, together

from penchant.data.moments import Moments
from penchant.interests.told import told
from penchant.recommend.pipeline import Asked, Pipeline, RecommendConfig
from penchant.recommend.rank import ranked
from penchant.recommend.result import Recommendations
from penchant.types import Report

EVENTS = 200
TOGETHER = 16
"""As many lists as the service makes together, at most."""


def steps(pipe: Pipeline, people: list[Moments]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each step of an exact answer by itself."""
    model = pipe.model
    yield "alpha", spent(model.fusion.alpha, people)
    for name, layer in model.layers.items():
        yield name, spent(layer.terms, people)
    said, again = ({id(m): told(model, m)[0] for m in people} for _ in range(2))
    may = {id(m): pipe.candidates(m, None, Report())[0] for m in people}
    yield "what may be shown", spent(lambda m: pipe.candidates(m, None, Report()), people)
    yield "sum over all items", spent(lambda m: said[id(m)].all(), people)
    yield "sum and rank", spent(lambda m: ranked(again[id(m)], may[id(m)], 10), people)
    plain = "all layers' tables, the plain way"
    yield plain, spent(lambda m: [layer.score(m) for layer in model.layers.values()], people[:20])


def one(pipeline: Pipeline, moment: Moments, asked: Asked) -> Recommendations:
    """The list for one moment."""
    return pipeline.each(["u"], moment, asked)[0]


def recall(exact: Pipeline, near: Pipeline, people: list[Moments], n: int = 100) -> dict[str, Any]:
    """What share of the n best by exact scoring approximate search finds, and how far off the
    chances that it gives them are."""
    found, off, scored = [], [], []
    for moments in people:
        truth, some = one(exact, moments, Asked(n)), one(near, moments, Asked(n))
        chance = {r.item_id: r.probability for r in some}
        found.append(np.mean([r.item_id in chance for r in truth]))
        off += [abs(chance[r.item_id] / r.probability - 1) for r in truth if r.item_id in chance]
        aside = sum(finding.count for finding in some.report.findings)
        scored.append(len(exact.shelf.items) - aside)
    return {
        "people": len(people), "n": n, "recall": round(float(np.mean(found)), 4),
        "worst": round(float(np.min(found)), 4), "scored": round(float(np.mean(scored))),
        "chance_off_p50": round(float(np.median(off)), 4),
    }  # fmt: skip


def measured(world: Drawn, people: int, recalled: int) -> dict[str, Any]:
    """All that is measured of a world."""
    found: dict[str, Any] = {"ways": {}}
    some, asked = world.moments(20, EVENTS), world.moments(people, EVENTS, seed=1)
    pipes = {w: world.pipeline(RecommendConfig(search=w)) for w in ("exact", "approximate")}
    for way, pipe in pipes.items():
        began = perf_counter()
        one(pipe, some[0], Asked(10))
        first = perf_counter() - began
        spent(lambda m, pipe=pipe: one(pipe, m, Asked(10)), some)
        timed = spent(lambda m, pipe=pipe: one(pipe, m, Asked(10)), asked)
        found["ways"][way] = {"first_s": round(first, 2), **timed}
    few = [together(asked[k : k + TOGETHER]) for k in range(0, people - TOGETHER + 1, TOGETHER)]
    ids = [f"u{k}" for k in range(TOGETHER)]
    work = partial(pipes["exact"].each, ids, asked=Asked(10))
    found["ways"][f"exact, {TOGETHER} together, each"] = spent(work, few, TOGETHER)
    found["steps"] = dict(steps(pipes["exact"], world.moments(people // 2, EVENTS, seed=2)))
    if recalled:
        found["recall"] = recall(*pipes.values(), world.moments(recalled, EVENTS, seed=3))
    return found


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--recall", type=int, default=0, help="people whose lists are compared")
    asked = parser.parse_args()
    world = drawn(asked.items)
    weights = world.model.layers["base"].M_.M.nnz
    found = {
        "items": asked.items, "people": asked.people, "events": EVENTS, "weights": weights,
        "interests": [len(level) for level in world.model.catalogue.tree.nodes],
        "threads": torch.get_num_threads(), **measured(world, asked.people, asked.recall),
    }  # fmt: skip
    whole = origin("recommend") | {"command": "python -m benchmarks.serve.recommend"} | found
    keep(f"recommend-{asked.items}", whole)


if __name__ == "__main__":
    main()
