"""Profiles beside known truth: worlds whose people's interests, changes and bursts are planted.

    python -m benchmarks.interests.world                   # profiles and changes
    python -m benchmarks.interests.world --only changes
    python -m benchmarks.interests.world --page            # write docs/truth.md

Profiles: a model is learned from a world's log with its own categories as the tree; people's
profiles at the end of the log are compared with their true interests by the Jensen–Shannon
distance (base 2, the square root of the divergence), beside counts whose half-life and smoothing
are tuned on the newest tenth of the log, and beside counting that is told more than any log tells:
what bounds a profile. Changes: a detector is learned from the log and asked about everybody, beside
an observer who is told both tastes. Result files go to benchmarks/interests/results.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from benchmarks.interests.told import told as told_nearly_all
from benchmarks.interests.truth_page import page
from benchmarks.where import commit

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.clock import DAY, micros, now, when
from penchant.data.moments import Moments
from penchant.data.sources.world import World
from penchant.engine.prepared import Prepared
from penchant.evaluate.beyond import divergence
from penchant.evaluate.fingerprint import hardware
from penchant.evaluate.forecast import counts_of, tuned_counting
from penchant.evaluate.significance import bootstrap
from penchant.interests.base.decay import FOREVER
from penchant.interests.changes import Change, ChangeDetector
from penchant.interests.weights import counted, rolled, shares
from penchant.taxonomy.grow import grow
from penchant.taxonomy.tree import Tree
from penchant.types import QUIET, Progress

Doubles = npt.NDArray[np.float64]
HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
GROUPS = ((0, 5), (5, 20), (20, 50), (50, 100), (100, 200), (200, None))
"""How much evidence a profile rests on, in events."""
MOVED = ((0.0, 0.05), (0.05, 0.15), (0.15, 0.3), (0.3, 0.5), (0.5, 1.01))
"""What share of the acts a planted change moves."""
LATER = 15
"""Acts after a change for which it is asked whether it was found."""
HALF_LIVES, DOUBTS = (30.0, 60.0, 120.0, 240.0, FOREVER), (1.0, 2.0, 4.0, 8.0, 16.0)
"""Days and choices, among which counting that is told the truth has the best."""
AFTER = 14 * DAY
"""µs after a burst in which an alarm of its interest is laid to it."""


def distance(P: Doubles, Q: Doubles) -> Doubles:
    """Jensen–Shannon distance of rows [B], 0 to 1: the square root of the divergence."""
    return np.sqrt(np.maximum(divergence(P, Q), 0.0))


def profiles(world: World, config: EngineConfig, progress: Progress = QUIET) -> dict[str, Any]:
    """Distances to the truth by layer, level and evidence, of profiles and of counts."""
    engine = Engine(config=config, progress=progress)
    engine.add(events=world.events, items=world.items)
    engine.fit()
    users, tree, log = list(engine.data.log.users.ids), engine.tree, engine.data.log
    at = when(int(log.time.max()))
    rows = log.users.rows(users).astype(np.int64)
    end = log.moments_at(rows, np.full(len(users), log.time.max()))
    events = (np.bincount(end.owner[end.weight > 0], minlength=len(users))).astype(np.int64)
    tuned = dict(tuned_counting(log, tree, repeats=engine.model.repeats_, most=20_000, seed=0))
    share = shares(log, tree)
    clan = _clans(world, users)
    burst = np.asarray(world.truth(users, at).dynamic.sum(axis=1) > 0)
    found = []
    for device in (None, "mobile", "desktop"):
        context = {"device": device} if device else None
        asked = engine.interests_many(users, at=at, context=context, layers=True)
        truth = world.truth(users, at, context)
        for level in (1, 2):
            true, order = truth.level(level), _order(tree, level, truth.level(level).categories)
            counting = tuned[level, "faded counts"]
            counts = counting(counts_of(end, tree, counting.half_life), share, level - 1)[:, order]
            own = {"whole": asked.weights(level)[:, order].astype(np.float64)}
            own |= {
                n: asked.weights(level, n)[:, order].astype(np.float64) for n in asked.known.layers
            }
            wanted = {"context": ("whole", true.whole)} if device else {
                "base": ("base", true.base), "whole": ("whole", true.whole),
                "dynamic": ("whole", true.whole),
            }  # fmt: skip
            for name, (layer, Q) in wanted.items():
                ours, theirs = distance(own[layer], Q), distance(counts, Q)
                told = _told(end, tree, level, order, clan, Q)
                of = burst if name == "dynamic" else np.ones(len(users), bool)
                what = f"{name}, {device}" if device else name
                found += _rows(what, level, np.stack([ours, theirs, told], axis=1), events, of)
    return {
        "profiles": found,
        "tuned": {f"{k} {w}": vars(t) for (k, w), t in tuned.items()},
        "alone": list(engine.model.layers),
    }


def _clans(world: World, users: list[str]) -> npt.NDArray[np.int64]:
    """The community of each user [B], which no log tells."""
    people = world.law.people
    row = {user: n for n, user in enumerate(people.ids().to_list())}
    return np.asarray(people.community[[row[user] for user in users]], np.int64)


def _told(
    end: Moments, tree: Tree, level: int, order: npt.NDArray[np.int64],
    clan: npt.NDArray[np.int64], Q: Doubles,
) -> Doubles:  # fmt: skip
    """Distances [B] of counting that is told what nobody can know: choices beside the mean of the
    true interests of the person's community, half-life and doubt such that the truth is nearest."""
    members = clan[:, None] == np.arange(clan.max() + 1)
    prior = (members.T @ Q / np.maximum(members.sum(axis=0), 1)[:, None])[clan]
    tables = counted(end, tree, [(1.0, days) for days in HALF_LIVES], end.chosen)
    tried = []
    for leaves in tables:
        n = rolled(leaves, tree.siblings)[level - 1][:, order].astype(np.float64)
        for doubt in DOUBTS:
            P = (n + doubt * prior) / (n.sum(axis=1, keepdims=True) + doubt)
            tried.append(distance(P, Q))
    return min(tried, key=lambda far: float(far.mean()))


def _order(tree: Tree, level: int, categories: list[tuple[str, ...]]) -> npt.NDArray[np.int64]:
    """The tree's rows in the order of the world's categories."""
    rows = {tree.path(node): k for k, node in enumerate(tree.nodes[level - 1])}
    return np.array([rows[path] for path in categories])


def _rows(what: str, level: int, far: Doubles, events: Any, of: Any) -> list[dict[str, Any]]:
    """`far` [B × 3]: of the profile, of counts, of counting that is told the truth."""
    found = []
    for low, high in (*GROUPS, (0, None)):
        some = of & (events >= low) & (events < (high or np.inf))
        if some.sum() < 10:
            continue
        mean, counts, told = bootstrap(far[some], seed=0)
        found.append(
            {
                "what": what, "level": level, "events": [low, high], "users": int(some.sum()),
                "profile": mean.value, "low": mean.low, "high": mean.high,
                "counts": counts.value, "less": 1.0 - mean.value / counts.value,
                "told": told.value,
            }
        )  # fmt: skip
    return found


def changes(world: World) -> dict[str, Any]:
    """How many planted changes are found and how soon; false alarms; bursts taken for changes."""
    config = EngineConfig().but(**{"tree.kind": "given", "encode.kind": "hashed"})
    engine = Engine(config=config)
    engine.add(events=world.events, items=world.items)
    ready = Prepared.of(engine.tables, config, now)
    nothing = np.zeros((ready.items.height, 8), np.float32)
    tree = grow(nothing, ready.items, config.tree, counts=ready.counts_of(ready.log), seed=0)
    log, began = ready.log, perf_counter()
    detector = ChangeDetector().fit(log, tree)
    seconds = perf_counter() - began
    planted, bursts = _by_user(world.changes, "to_category"), _by_user(world.bursts, "category")
    best = told_nearly_all(world, detector.config.alarms)
    told: list[dict[str, Any]] = []
    false = years = taken = in_all = 0.0
    for row, user in enumerate(log.users.ids.to_list()):
        now_ = log.moments_at(np.array([row]), log.time.max(keepdims=True))
        alarms = detector.find(now_, tree)
        time = now_.time[now_.weight > 0]
        if not len(time):
            continue
        years += float(time[-1] - time[0]) / (365.25 * DAY)
        main = tree.main(2)[now_.item[now_.weight > 0]]
        own = planted.get(user, [])
        wrong = [a for a in alarms if not any(_is(a, path, t) for t, _, path in own)]
        false += len(wrong)
        for t, _, path in own:
            after = time >= t
            if after.sum() >= LATER:
                node = next(k for k, n in enumerate(tree.nodes[1]) if tree.path(n) == path)
                at_best = best.acts[user, t]
                told.append(_found(alarms, path, t, time, main == node) | {"told": at_best})
        for t, until, path in bursts.get(user, []):
            in_all += 1
            taken += any(_is(a, path[:2], t) and micros(a.found) <= until + AFTER for a in wrong)
    return {
        "threshold": detector.threshold_, "seconds": seconds, "years": years,
        "false_a_year": false / years, "bursts": int(in_all), "bursts_taken": int(taken),
        "changes": len(told), "by_size": _by_size(told), "told_false_a_year": best.false,
        "events_a_year": float(log.positive.sum() / years),
    }  # fmt: skip


def _by_user(
    table: pl.DataFrame, category: str
) -> Mapping[str, list[tuple[int, int, tuple[str, ...]]]]:
    """What happened to each user: begin and end (µs), path."""
    begin = "timestamp" if "timestamp" in table.columns else "start"
    end = "end" if "end" in table.columns else begin
    found: dict[str, list[tuple[int, int, tuple[str, ...]]]] = {}
    for user, t, until, path in table.select(
        "user_id", begin, pl.col(end).alias("until"), category
    ).iter_rows():
        found.setdefault(user, []).append((micros(t), micros(until), tuple(path)))
    return found


def _is(alarm: Change, path: tuple[str, ...], since: int) -> bool:
    return alarm.path == path and micros(alarm.found) >= since


def _found(
    alarms: tuple[Change, ...], path: tuple[str, ...], since: int, time: Any, on: Any
) -> dict[str, Any]:
    """Whether one planted change was found, after how many acts, and how much it moved."""
    after = time >= since
    hits = [micros(a.found) for a in alarms if _is(a, path, since)]
    before = float(on[~after].mean()) if (~after).any() else 0.0
    return {
        "moved": float(on[after].mean()) - before,
        "acts": int((time[after] <= hits[0]).sum()) if hits else None,
        "before": int((~after).sum()),
        "after": int(after.sum()),
    }


def _by_size(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for low, high in (*MOVED, (-1.0, 1.01)):
        some = [one for one in rows if low <= one["moved"] < high]
        if some:
            found.append(
                {
                    "moved": [low, high], "changes": len(some),
                    **_how_soon([one["acts"] for one in some]),
                    "told": _how_soon([one["told"] for one in some]),
                    "before": float(np.median([one["before"] for one in some])),
                    "after": float(np.median([one["after"] for one in some])),
                }
            )  # fmt: skip
    return found


def _how_soon(acts: list[int | None]) -> dict[str, float | None]:
    """What share was found; after how many acts half of those were, and half of all."""
    found = [n for n in acts if n is not None]
    half = float(np.median([np.inf if n is None else n for n in acts]))
    return {
        "found": len(found) / len(acts),
        "acts": float(np.median(found)) if found else None,
        "half": half if np.isfinite(half) else None,
    }


WORLDS: Mapping[str, Mapping[str, Any]] = {
    "75 events a year": {"users": 2000, "events": 150_000},
    "350 events a year": {"users": 1000, "events": 350_000},
    "350 a year, no change": {"users": 1000, "events": 350_000, "change_rate": 0.0},
}
"""Worlds in which changes are looked for, with the settings that are not the defaults."""


def main() -> None:
    """Run what was asked for, and write result files or the page."""
    from rich.console import Console

    from penchant.cli.progress import Lines

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=("profiles", "changes"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", action="store_true", help="write docs/truth.md")
    asked = parser.parse_args()
    if asked.page:
        text = page(asked.results)
        (HERE.parent.parent / "docs" / "truth.md").write_text(text, encoding="utf-8")
        return
    asked.results.mkdir(parents=True, exist_ok=True)
    progress = Lines(Console(stderr=True, width=100))
    config = EngineConfig().but(seed=asked.seed, **{"tree.kind": "given"})

    def learned() -> dict[str, Any]:
        return profiles(make_world(WorldConfig(seed=asked.seed)), config, progress)

    def looked_for() -> dict[str, Any]:
        return {
            "worlds": {
                name: changes(make_world(WorldConfig(seed=asked.seed, **settings)))
                for name, settings in WORLDS.items()
            }
        }

    ways: Mapping[str, Callable[[], dict[str, Any]]] = {"profiles": learned, "changes": looked_for}
    for name, way in ways.items():
        if asked.only in (None, name):
            told = {
                "kind": name, "seed": asked.seed, "commit": commit(), "hardware": hardware(),
                "date": datetime.now(UTC).isoformat(timespec="seconds"), **way(),
            }  # fmt: skip
            path = asked.results / f"world-{name}~{asked.seed}.json"
            path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
            print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
