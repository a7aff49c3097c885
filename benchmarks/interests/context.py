"""Contexts on the world, whose lifts are known: are they found, and are none found where none is?

    python -m benchmarks.interests.context                 # five worlds with lifts, five without
    python -m benchmarks.interests.context --seeds 0       # one of each
    python -m benchmarks.interests.context --page          # write docs/contexts.md

Each of the layer's three kinds and the lifts that `engine.lifts` counts say how many times as
likely every interest is in every context; the world says what is true. One result file a seed
under benchmarks/interests/results/context.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from benchmarks.interests.context_page import page as text
from benchmarks.where import commit
from scipy.stats import spearmanr

from penchant import Engine, EngineConfig, World, WorldConfig, make_world
from penchant.clock import DAY, now
from penchant.data.histories import Histories
from penchant.data.sources.world.law import Moment
from penchant.engine.prepared import Prepared
from penchant.engine.texts import Texts
from penchant.evaluate.fingerprint import hardware
from penchant.evaluate.interests import log_loss
from penchant.evaluate.significance import bootstrap, paired
from penchant.interests.context.layer import ContextLayer
from penchant.interests.context.lifts import LIFTS
from penchant.interests.context.variables import distinct, one_hot, table
from penchant.interests.context.when import Asked, ContextLifts, asked, population
from penchant.interests.layer import Catalogue, Training
from penchant.random import rng
from penchant.taxonomy.grow import grow
from penchant.train.holdout import hold_out, upcoming
from penchant.types import QUIET, Report

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "context"
CLOCK = ("hour", "weekday", "month")
COUNTED = "counted"
"""What `engine.lifts` says."""
PEOPLE = 40
"""People whose own lifts are looked at, among those with 30 acts or more."""
_ACTS = 2_000  # whose chances make the truth
LEVELS = (1, 2)


@dataclass(frozen=True)
class Known:
    """A world as the context layer sees it."""

    world: World
    log: Histories
    catalogue: Catalogue

    @classmethod
    def of(cls, config: WorldConfig) -> "Known":
        """Made, cleaned, and put into the tree of its own categories."""
        world = make_world(config)
        settings = EngineConfig().but(**{"encode.kind": "hashed", "tree.kind": "given"})
        engine = Engine(config=settings)
        engine.add(events=world.events, items=world.items)
        data = Prepared.of(engine.tables, settings, now)
        vectors = Texts(None, QUIET).of(data.items, settings.encode, Report())
        tree = grow(
            vectors, data.items, settings.tree, counts=data.counts_of(data.log), seed=config.seed
        )
        return cls(world, data.log, Catalogue(data.vocabulary, vectors, tree))

    def columns(self, level: int) -> np.ndarray:
        """Which of the world's categories each interest of a level is [K]."""
        tree, paths = self.catalogue.tree, self.world.categories(level)
        return np.array([paths.index(tree.path(node)) for node in tree.nodes[level - 1]])


class Truth:
    """How many times as likely interests truly are in a context as otherwise.

    Weekend, evening and device are independent in the world, given the person: a context says how
    often each holds, in it and elsewhere, and the law says the rest, at the times of some acts.
    """

    def __init__(self, known: Known, rows: np.ndarray, user: int | None = None) -> None:
        log, law = known.log, known.world.law
        self.known, self.rows = known, rows
        own = rows if user is None else rows[log.user[rows] == user]
        draw = rng(0, "truth", 0 if user is None else user)
        some = np.sort(draw.choice(own, min(_ACTS, len(own)), replace=False))
        ids = log.users.ids.gather(log.user[some])
        people = known.world.users["user_id"]
        who = {id_: n for n, id_ in enumerate(people)}
        self.user = np.array([who[id_] for id_ in ids])
        self.person = log.user[some]
        at = (log.time[some] - known.world.config.start_us) // 1000
        self.mobile = law.people.devices[self.user, 0]
        self.chances = []
        for code in range(8):
            weekend, evening, mobile = (np.full(len(some), bool(code >> b & 1)) for b in range(3))
            self.chances.append(law.leaves(Moment(self.user, at, weekend, evening, mobile)))
        time = log.time[rows]
        self.weekend = (time // DAY + 3) % 7 >= 5
        self.evening = time % DAY // (DAY // 24) >= 18
        device = log.past["device"].gather(rows)
        self.on = {name: (device == name).fill_null(False).to_numpy() for name in ("mobile",)}

    def lift(self, context: Asked, value: int, level: int) -> np.ndarray:
        """Of every interest of a level [K]."""
        here = context.codes == value
        known = context.codes >= 0
        log = self.known.log
        q = np.bincount(log.user[self.rows[known]], here[known], minlength=len(log.users))
        q /= np.maximum(np.bincount(log.user[self.rows[known]], minlength=len(log.users)), 1)
        weight = (q * (1 - q))[self.person]
        weight = weight if weight.any() else np.ones(len(weight))
        inside, outside = (self._chance(context, here & known, weight),
                           self._chance(context, known & ~here, weight))  # fmt: skip
        tree = self.known.world.law.goods.tree
        both = [tree.to_level(p[None], level)[0] for p in (inside, outside)]
        return (both[0] / both[1])[self.known.columns(level)]

    def _chance(self, context: Asked, rows: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """P(leaf) over those acts' contexts, of people weighted [K]."""
        w, e = self.weekend[rows].mean(), self.evening[rows].mean()
        device = context.variable.name == "device"
        m = self.on["mobile"][rows].mean() if device else self.mobile
        m = np.broadcast_to(m, self.mobile.shape)
        total = np.zeros(self.chances[0].shape[1])
        for code, P in enumerate(self.chances):
            bits = [code >> b & 1 for b in range(3)]
            p = (w if bits[0] else 1 - w) * (e if bits[1] else 1 - e)
            total += (weight * p * (m if bits[2] else 1 - m)) @ P
        return total / weight.sum()


def implied(known: Known, kind: str, found: Sequence[Asked], rows: np.ndarray) -> dict[int, Any]:
    """The lifts that a kind of layer learned, by level: [contexts' values × K]."""
    log, tree = known.log, known.catalogue.tree
    layer = ContextLayer(_config(kind))
    layer.refit(Training(known.catalogue, log, None, repeats=True, seed=0))
    past = {name: column.gather(rows) for name, column in log.past.items()}
    codes, which = distinct(table(layer.variables_, log.time[rows], past))
    P = layer.share_ * np.exp(layer.lifts_.lift(one_hot(layer.variables_, codes)))
    P = (P / P.sum(axis=1, keepdims=True)).astype(np.float64)
    made: dict[int, Any] = {}
    for level, Q in ((2, P), (1, tree.siblings[1].up(P))):
        sides = []
        for context in found:
            for value in range(len(context.variable.values)):
                sides.append(
                    [
                        np.bincount(which[mask], minlength=len(Q)) @ Q / max(mask.sum(), 1)
                        for mask in (
                            context.codes == value,
                            (context.codes >= 0) & (context.codes != value),
                        )
                    ]
                )
        made[level] = np.array([inside / outside for inside, outside in sides])
    return made


def _config(kind: str) -> Any:
    return ContextLayer().config.but(kind=kind)


def recovered(known: Known, seed: int) -> Iterator[dict[str, Any]]:
    """One row a level and way: how well lifts agree with the truth, over all interests and
    contexts."""
    log, rows = known.log, np.flatnonzero(known.log.acts)
    found, _ = asked(log, rows, CLOCK)
    truth = Truth(known, rows)
    said = {kind: implied(known, kind, found, rows) for kind in LIFTS}
    for level in LEVELS:
        true = np.array(
            [truth.lift(a, v, level) for a in found for v in range(len(a.variable.values))]
        )
        whole = population(log, known.catalogue.tree, CLOCK, level=level, seed=seed).everybody
        counted = _table(whole, len(true))
        enough = np.array([x.expected for x in whole.lifts]).reshape(true.shape) >= 10
        for way, values in {**{k: v[level] for k, v in said.items()}, COUNTED: counted}.items():
            yield {
                "level": level, "way": way, "pairs": int(true.size),
                "rank": float(spearmanr(values.ravel(), true.ravel()).statistic),
                "rank_enough": float(spearmanr(values[enough], true[enough]).statistic),
                "error": float(np.abs(np.log(values) - np.log(true)).mean()),
            }  # fmt: skip


def _table(found: ContextLifts, values: int) -> np.ndarray:
    return np.array([x.lift for x in found.lifts]).reshape(values, -1)


def reported(known: Known, seed: int) -> Iterator[dict[str, Any]]:
    """One row a level and whom: how many lifts are called clear, how many of them point the wrong
    way, how many intervals hold the truth, and which contexts are said to matter."""
    log, tree, rows = known.log, known.catalogue.tree, np.flatnonzero(known.log.acts)
    found, _ = asked(log, rows, CLOCK)
    users = np.flatnonzero(np.bincount(log.user[rows]) >= 30)
    users = rng(seed, "benchmark", "people").choice(users, min(PEOPLE, len(users)), replace=False)
    for level in LEVELS:
        counted = population(log, tree, CLOCK, level=level, seed=seed)
        whole = counted.everybody
        for whom, some in (("everybody", [None]), ("one person", [int(u) for u in users])):
            rate = np.zeros(4)
            ranks, whole_ranks = [], []
            for user in some:
                mine = whole if user is None else counted.person(user, str(user))
                truth = Truth(known, rows, user)
                true = np.concatenate(
                    [truth.lift(a, v, level) for a in found for v in range(len(a.variable.values))]
                )
                rate += _held(mine, true)
                values = [np.array([x.lift for x in one.lifts]) for one in (mine, whole)]
                if np.ptp(np.log(true)) > 1e-6:
                    ranks.append(spearmanr(values[0], true).statistic)
                    whole_ranks.append(spearmanr(values[1], true).statistic)
            yield {
                "level": level, "whom": whom, "asked": len(some), "lifts": int(rate[0]),
                "clear": int(rate[1]), "wrong": int(rate[2]), "held": float(rate[3] / rate[0]),
                "rank": float(np.mean(ranks)) if ranks else None,
                "rank_of_everybody": float(np.mean(whole_ranks)) if ranks else None,
                "matters": list(whole.matters),
            }  # fmt: skip


def _held(found: ContextLifts, true: np.ndarray) -> np.ndarray:
    """Lifts, clear ones, clear ones that point the wrong way (no lift: any way), and intervals that
    hold the truth."""
    lift, low, high, clear = (
        np.array([getattr(x, name) for x in found.lifts])
        for name in ("lift", "low", "high", "clear")
    )
    wrong = clear & (np.log(lift) * np.log(true) <= 1e-9)
    return np.array([len(lift), clear.sum(), wrong.sum(), ((low <= true) & (true <= high)).sum()])


def foretold(known: Known, seed: int, most: int = 5_000) -> Iterator[dict[str, Any]]:
    """One row a level and way: log loss of the interests of the newest tenth of the acts, by the
    person's counts with nothing, with what the layer says of everybody, and with that and what it
    says of the person; weighted as the layer learned from what was before."""
    log, tree = known.log, known.catalogue.tree
    cut = int(np.quantile(log.time, 0.9, method="higher"))
    past = log.keep(log.time < cut)
    rows, moments = upcoming(log, cut, repeats=True, most=most, seed=seed)
    left, holdout = hold_out(past, EngineConfig().interests.holdout, repeats=True, seed=seed)
    said: dict[str, np.ndarray] = {}
    for kind in LIFTS:
        layer = ContextLayer(_config(kind))
        training = Training(known.catalogue, left, holdout, repeats=True, seed=seed)
        layer.fit(training)
        layer.refit(replace(training, log=past))
        everybody, own = layer.node_lifts(moments)
        liked = layer._counts(moments, np.maximum(moments.weight, 0.0).astype(np.float32))
        p = (liked + 10 * layer.share_) / (liked.sum(axis=1, keepdims=True) + 10)
        said["none"] = _to_one(p)
        theta = layer.theta_
        said[kind] = _to_one(p * np.exp(theta[0] * everybody))
        said[f"{kind}, own"] = _to_one(p * np.exp(theta[0] * everybody + theta[1] * own))
    for level in LEVELS:
        T = tree.membership(level)[log.item[rows]].toarray().astype(np.float64)
        losses = {
            way: log_loss(P if level == 2 else tree.siblings[1].up(P), T) for way, P in said.items()
        }
        for way, loss in losses.items():
            (mean,) = bootstrap(loss[:, None], seed=seed)
            less = paired(losses["none"], loss, seed=seed)
            yield {
                "level": level, "way": way, "acts": len(rows), "log_loss": mean.value,
                "low": mean.low, "high": mean.high, "less": less.difference,
                "less_low": less.low, "less_high": less.high,
            }  # fmt: skip


def _to_one(P: np.ndarray) -> np.ndarray:
    return np.asarray(P / P.sum(axis=1, keepdims=True))


def told(seed: int) -> dict[str, Any]:
    """Everything about the two worlds of a seed."""
    began = perf_counter()
    planted, still = (Known.of(WorldConfig(seed=seed, context_strength=s)) for s in (1.0, 0.0))
    return {
        "seed": seed, "users": planted.world.config.users, "events": len(planted.log),
        "recovered": list(recovered(planted, seed)),
        "reported": list(reported(planted, seed)),
        "reported_without": list(reported(still, seed)),
        "foretold": list(foretold(planted, seed)),
        "foretold_without": list(foretold(still, seed)),
        "seconds": round(perf_counter() - began, 1), "hardware": hardware(), "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(5)))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", action="store_true", help="write docs/contexts.md")
    given = parser.parse_args()
    if given.page:
        page = HERE.parent.parent / "docs" / "contexts.md"
        page.write_text(text(given.results), encoding="utf-8")
        return
    given.results.mkdir(parents=True, exist_ok=True)
    for seed in given.seeds:
        found = told(seed)
        path = given.results / f"world~{seed}.json"
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
        print(f"{path.name}: {found['seconds']} s", flush=True)


if __name__ == "__main__":
    main()
