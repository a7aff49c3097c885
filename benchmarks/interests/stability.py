"""Do interests stay what they are when a week of data comes, and when the dice fall differently?

    python -m benchmarks.interests.stability                  # every set
    python -m benchmarks.interests.stability xwines --week    # one, the tree alone

A week: the tree is grown from all but the newest week (items first met in it are unknown), then
again from all, with the first tree as the one before, as a refit in a workspace does. Two seeds:
everything is learned again from the same data with another seed, in the same workspace; the
profiles of the people are compared interest by interest, by id. Data are found through
PENCHANT_DATA; one result file a set under benchmarks/interests/results/promises.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.interests.fits import CHANGES, LEARNED, engine, model
from benchmarks.interests.promises import RESULTS, WORK, told

from penchant import EngineConfig
from penchant.clock import DAY, now
from penchant.engine.prepared import Prepared
from penchant.engine.texts import Texts
from penchant.errors import SchemaError
from penchant.evaluate.beyond import divergence
from penchant.interests.model import InterestModel
from penchant.interests.profiles import Profiles, profiles
from penchant.taxonomy.grow import grow
from penchant.taxonomy.tree import Tree
from penchant.types import Doubles, Progress, Report

SETS = ("xwines", "online-retail", "grocery")
SEEDS = ("xwines", "online-retail")
TREES = ("given", "learned")


def a_week(name: str, kind: str, work: Path, progress: Progress) -> list[dict[str, Any]]:
    """What a refit on one week more keeps of each level."""
    config = EngineConfig().but(**{"tree.kind": kind})
    made = engine(name, work, progress)
    ready = Prepared.of(made.tables, config, now)
    cache = made.workspace.cache if made.workspace else None
    text = Texts(cache, progress).of(ready.items, config.encode, Report())
    time, item = ready.log.time, ready.log.item
    before = time < (ready.log.latest or 0) - 7 * DAY
    ever, early = (np.bincount(x, minlength=len(ready.items)) > 0 for x in (item, item[before]))
    some = np.flatnonzero(early | ~ever)  # what nobody ever met is in the catalogue all along
    positive = before & ready.log.positive
    counts = np.bincount(item[positive], minlength=len(ready.items)).astype(np.float32)
    first = grow(text[some], ready.items[some], config.tree, counts=counts[some], progress=progress)
    again = grow(
        text,
        ready.items,
        config.tree,
        counts=ready.counts_of(ready.log),
        previous=first,
        progress=progress,
    )
    return [kept(first, again, level) for level in first.numbers]


def kept(first: Tree, again: Tree, level: int) -> dict[str, Any]:
    """How many ids of a level live on: of nodes, of nodes by their members, and of items (those
    that are in the node of the same id)."""
    alive = {node.id for node in again.nodes[level - 1]}
    nodes = first.nodes[level - 1]
    size = sum(node.size for node in nodes)
    rows = again.items.rows(first.items.ids)
    ids = [[tree.nodes[level - 1][k].id for k in tree.main(level)] for tree in (first, again)]
    same = np.mean([ids[0][n] == ids[1][row] for n, row in enumerate(rows)])
    return {
        "level": level, "nodes": len(nodes),
        "by_count": sum(node.id in alive for node in nodes) / len(nodes),
        "by_members": sum(node.size for node in nodes if node.id in alive) / size,
        "items_stay": float(same),
    }  # fmt: skip


def two_seeds(name: str, work: Path, progress: Progress) -> list[dict[str, Any]]:
    """How far apart profiles of the same people are, level by level."""
    learned = [model(name, work, progress, seed=seed, people=LEARNED[name]) for seed in (0, 1)]
    log = engine(name, work, progress, people=LEARNED[name]).data.log
    some = np.arange(len(log.users))
    moments = log.moments_at(some, np.full(len(some), log.latest or 0))
    users = log.users.ids.gather(some).to_list()
    found = [profiles(m, users, moments, layers=True, progress=progress) for m in learned]
    return [apart(*learned, *found, level) for level in learned[0].catalogue.tree.numbers]


def apart(
    one: InterestModel, other: InterestModel, a: Profiles, b: Profiles, level: int
) -> dict[str, Any]:
    """Jensen–Shannon divergences (bits) and distances (their roots) of profiles, over the ids of
    both trees; beside them, how far people are from everybody's mean."""
    ids = sorted({n.id for m in (one, other) for n in m.catalogue.tree.nodes[level - 1]})
    far = divergence(by_id(a, level, ids), by_id(b, level, ids))
    own = divergence(*np.broadcast_arrays(by_id(a, level, ids), by_id(a, level, ids).mean(axis=0)))
    alone = {
        name: divergence(by_id(a, level, ids, name), by_id(b, level, ids, name))
        for name in a.known.layers
    }
    return {
        "level": level, "people": len(far), "ids": len(ids), "divergence": float(far.mean()),
        "distance": float(np.sqrt(far).mean()), "p90": float(np.quantile(np.sqrt(far), 0.9)),
        "to_everybody": float(np.sqrt(own).mean()),
        "layers": {name: float(np.sqrt(x).mean()) for name, x in alone.items()},
        "same_first": float(np.mean(first_of(a, level, ids) == first_of(b, level, ids))),
    }  # fmt: skip


def by_id(found: Profiles, level: int, ids: list[str], layer: str | None = None) -> Doubles:
    """Weights in the order of ids [B × ids], of a layer alone if one is named; 0 for those that a
    tree has not."""
    table = np.zeros((len(found), len(ids)))
    place = [ids.index(node.id) for node in found.tree.nodes[level - 1]]
    table[:, place] = found.weights(level, layer)
    return table


def first_of(found: Profiles, level: int, ids: list[str]) -> Doubles:
    """Place of the weightiest interest of each [B]."""
    return by_id(found, level, ids).argmax(axis=1)


def main() -> None:
    from rich.console import Console

    from penchant.cli.progress import Lines

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sets", nargs="*", default=SETS)
    parser.add_argument("--week", action="store_true", help="the tree alone; no model is learned")
    parser.add_argument("--work", type=Path, default=WORK)
    parser.add_argument("--results", type=Path, default=RESULTS)
    asked = parser.parse_args()
    asked.results.mkdir(parents=True, exist_ok=True)
    lines = Lines(Console(stderr=True, width=100))
    for name in asked.sets:
        path = asked.results / f"stability-{name}.json"
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        found |= told("stability") | {"set": name, "changes": CHANGES, "week": {}}
        for kind in TREES:
            try:
                found["week"][kind] = a_week(name, kind, asked.work, lines)
            except SchemaError as error:  # a set without categories has no given tree
                print(f"{name}, {kind} tree: {error}", flush=True)
        if name in SEEDS and not asked.week:
            found["seeds"] = two_seeds(name, asked.work, lines)
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(json.dumps({k: found.get(k) for k in ("week", "seeds")}, indent=1), flush=True)


if __name__ == "__main__":
    main()
