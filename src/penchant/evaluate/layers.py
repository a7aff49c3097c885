"""Which layer helps whom: each layer alone, all together, and all but one, on the same moments.

    whole      Σ_l α_l · layer_l
    alone      α_l · layer_l          (layer_l where the fusion gives it no weight)
    without    the whole with α_l = 0; nothing is learned again

Every layer scores every moment once; candidates, filters and ties are those of `evaluate`. The
influence of a layer is its share of what tells one item from another:

    influence_l = std_i(α_l · layer_l) / Σ_m std_i(α_m · layer_m)
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from penchant.data import columns as c
from penchant.data.moments import Moments
from penchant.evaluate.diagnosis import Diagnosis, diagnosis
from penchant.evaluate.experiment import (
    Learned,
    Notes,
    Plan,
    Scoring,
    fitted_baselines,
    folds,
    learn,
    ranked,
)
from penchant.evaluate.fingerprint import fingerprint
from penchant.evaluate.groups import Groups, groups
from penchant.evaluate.metrics import ndcg, recall
from penchant.evaluate.ranking import Ranks, ranks
from penchant.evaluate.scored import INFLUENCE, Scored
from penchant.interests.model import InterestModel, Parts
from penchant.types import Doubles, Floats

Values = dict[Scored, dict[str, Doubles]]
"""Scorer → metric → value of every moment [B]."""


@dataclass
class _Measured(Notes):
    """What was measured so far, over all folds."""

    values: list[Values] = field(default_factory=list)
    groups: list[Groups] = field(default_factory=list)


def diagnose(plan: Plan, *, with_baselines: bool = False) -> Diagnosis:
    """Cut the log, learn the model from what is left, and ask it layer by layer.

    Raises:
        DataError: nobody can be asked.
        LeakError: a fold would let the future be seen.
    """
    found = _Measured()
    for fold in folds(plan):
        learned = learn(plan, fold, found)
        values = by_layer(plan, learned, found)
        for scorer in fitted_baselines(plan, learned, found) if with_baselines else []:
            values |= _by_baseline(plan, scorer, learned, found)
        asked = learned.asked
        found.values.append(values)
        found.groups.append(groups(asked.moments, asked.targets, asked.train))
    print_of = fingerprint(
        plan.events, plan.items.select(c.ITEM), config=dict(plan.settings), seed=plan.seed,
        seconds=found.seconds,
    )  # fmt: skip
    return diagnosis(
        _joined(found.values), _joined_groups(found.groups), print_of,
        k=plan.config.list, report=found.report, chosen=found.chosen,
    )  # fmt: skip


def by_layer(plan: Plan, learned: Learned, notes: Notes) -> Values:
    """The whole, each layer alone and the whole without each, in one pass over the moments."""
    model, began = learned.model, perf_counter()
    placed: dict[Scored, list[Ranks]] = {}
    influence: list[Doubles] = []
    with plan.progress.step("ranking: layers", len(learned.asked.moments)) as step:
        for rows in learned.asked.chunks(plan.config.chunk):
            moments = learned.asked.moments.take(rows)
            parts = model.parts(moments)
            influence.append(influences(parts))
            for who, scores in variants(model, parts, moments):
                placed.setdefault(who, []).append(_ranked(scores, learned, rows, who.name))
            step.advance(rows.stop - rows.start)
    notes.took("ranking: layers", perf_counter() - began)
    values = {who: _figures(Ranks.join(r), plan.config.list) for who, r in placed.items()}
    shares = np.concatenate(influence, axis=1)
    for p, name in enumerate(model.layers):
        values[Scored.alone(name)][INFLUENCE] = shares[p]
    return values


def variants(
    model: InterestModel, parts: Parts, moments: Moments
) -> Iterator[tuple[Scored, Floats]]:
    """Each combination of the parts that is asked, and its scores [B × I]."""
    yield Scored.whole(model.name), parts.score
    for p, name in enumerate(parts.names):
        yield Scored.alone(name), _alone(model, parts, p, moments)
        if len(parts.names) > 1:
            yield Scored.without(name), _without(parts, p)


def _alone(model: InterestModel, parts: Parts, p: int, moments: Moments) -> Floats:
    """A layer's part; where it has no weight, what the layer says all the same."""
    unused = np.flatnonzero(parts.alpha[:, p] == 0)
    scores: Floats = parts.values[p]
    if not len(unused):
        return scores
    scores = scores.copy()
    scores[unused] = model.layers[parts.names[p]].score(moments.take(unused))
    return scores


def _without(parts: Parts, p: int) -> Floats:
    """The other parts, added in order."""
    first, *rest = (part for q, part in enumerate(parts.values) if q != p)
    total: Floats = first.copy()
    for part in rest:
        total += part
    return total


def influences(parts: Parts) -> Doubles:
    """Each layer's share of what tells one item from another [P × B]; zeros where nothing does."""
    spread = parts.values.std(axis=2, dtype=np.float64)
    total = spread.sum(axis=0)
    share: Doubles = np.divide(spread, total, out=np.zeros_like(spread), where=total > 0)
    return share


def _by_baseline(plan: Plan, scorer: Scoring, learned: Learned, notes: Notes) -> Values:
    began = perf_counter()
    placed = ranked(plan, scorer, learned.asked)
    notes.took(f"ranking: {scorer.name}", perf_counter() - began)
    return {Scored.baseline(scorer.name): _figures(placed, plan.config.list)}


def _ranked(scores: Floats, learned: Learned, rows: slice, name: str) -> Ranks:
    return ranks(scores, learned.asked.targets[rows], learned.asked.barred[rows], name=name)


def _figures(placed: Ranks, k: int) -> dict[str, Doubles]:
    return {f"ndcg@{k}": ndcg(placed, k), f"recall@{k}": recall(placed, k)}


def _joined(values: list[Values]) -> Values:
    """The folds' users one after the other; NaN where a fold had no such baseline."""
    sizes = [len(next(iter(next(iter(fold.values())).values()))) for fold in values]
    known = {who: metrics for fold in values for who, metrics in fold.items()}

    def of(fold: Values, size: int, who: Scored, metric: str) -> Doubles:
        return fold[who][metric] if who in fold else np.full(size, np.nan)

    return {
        who: {
            metric: np.concatenate(
                [of(f, n, who, metric) for f, n in zip(values, sizes, strict=True)]
            )
            for metric in metrics
        }
        for who, metrics in known.items()
    }


def _joined_groups(found: list[Groups]) -> Groups:
    return {
        side: {name: np.concatenate([fold[side][name] for fold in found]) for name in masks}
        for side, masks in found[0].items()
    }
