"""One evaluation from beginning to end: cut, learn, ask everybody, sum up.

Nothing is fitted past the cut: the item vocabulary, the tree, text statistics and popularity are
learned from the items and events of the training part alone. Items that come later join the
catalogue as they would in production, with their texts and places in the tree, and are ranked
among all others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any, Literal, Protocol, TypeVar

import numpy as np
import polars as pl
from pydantic import Field
from scipy import sparse

from penchant.config import Config
from penchant.data import columns as c
from penchant.data.histories import Histories, histories
from penchant.data.moments import Moments
from penchant.data.split import AT, Fold, SplitConfig, split
from penchant.data.strength import EventsConfig, strength
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError
from penchant.evaluate import beyond, interests, metrics
from penchant.evaluate.baselines import Tuned, TuningConfig, baselines, settings
from penchant.evaluate.fingerprint import fingerprint
from penchant.evaluate.ranking import Ranks, check_finite, rank_all, ranks, top
from penchant.evaluate.report import Evaluation, evaluation
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel
from penchant.interests.weights import Levels
from penchant.types import QUIET, Bools, Doubles, Floats, Ints, Longs, Progress, Report

Table = TypeVar("Table", Floats, Doubles)


class EvaluateConfig(Config):
    """How an evaluation is made."""

    split: SplitConfig = SplitConfig(kind="last")
    """How the log is cut."""
    k: tuple[int, ...] = (5, 10, 20)
    """Lengths of lists that are measured."""
    tuning: TuningConfig = TuningConfig()
    """The budget that each baseline is tuned with."""
    chunk: int = Field(default=256, ge=1)
    """Users scored at a time."""
    list: int = Field(default=10, ge=1)
    """Length of the lists that diversity, novelty and coverage are measured on."""


@dataclass(frozen=True)
class Plan:
    """What an evaluation needs to know: the tables, and how to learn from a training part.

    `catalogue(rows, more)` gives the catalogue learned from some items (rows of the item table),
    and the same with more items added afterwards; `model(holdout)` an unfitted model.
    """

    events: pl.DataFrame
    items: pl.DataFrame
    weights: EventsConfig
    context: Sequence[str]
    catalogue: Callable[[Longs, Longs, Floats], tuple[Catalogue, Catalogue]]
    model: Callable[[Literal["last", "time"]], InterestModel]
    config: EvaluateConfig
    settings: Mapping[str, Any]
    seed: int = 0
    progress: Progress = QUIET
    relations: pl.DataFrame | None = None


class Scoring(Protocol):
    """Anything fitted that scores every item: the model or a baseline."""

    name: str

    def score(self, moments: Moments) -> Floats:
        """Scores [B × I]."""
        ...


@dataclass(frozen=True)
class Asked:
    """One fold with ids as rows: who is asked, the answers [B × I], what is barred [B × I]."""

    train: Histories
    moments: Moments
    targets: sparse.csr_array
    barred: sparse.csr_array
    repeats: bool

    def chunks(self, size: int) -> Iterator[slice]:
        """The moments in pieces of so many rows."""
        n = len(self.moments)
        return (slice(a, min(a + size, n)) for a in range(0, n, size))


@dataclass(frozen=True)
class Ground:
    """What a model learns one fold from: rows of the item table that were met in training, and of
    those that join later; the training log; what is asked afterwards, and after which manner."""

    first: Longs
    later: Longs
    train: Histories
    asked: Asked
    kind: Literal["last", "time"]


@dataclass(frozen=True)
class Learned:
    """One fold learned: the model, the catalogue that is ranked, what is asked of it, and after
    which manner."""

    model: InterestModel
    catalogue: Catalogue
    asked: Asked
    kind: Literal["last", "time"]


@dataclass
class Notes:
    """What happened on the way: settings chosen for baselines, wall seconds, what was set aside."""

    chosen: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    report: Report = field(default_factory=Report)

    def took(self, name: str, seconds: float) -> None:
        """Add to a step's wall time."""
        self.seconds[name] = self.seconds.get(name, 0.0) + seconds


@dataclass
class _Results(Notes):
    """What was measured so far, over all folds."""

    values: dict[str, dict[str, list[Doubles]]] = field(default_factory=dict)
    whole: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    groups: list[dict[str, Bools]] = field(default_factory=list)
    nodes: dict[str, tuple[list[Floats], list[Doubles]]] = field(default_factory=dict)


def evaluate(plan: Plan, *, with_baselines: bool = True) -> Evaluation:
    """Cut the log, learn the model and its baselines from what is left, and ask.

    Raises:
        DataError: nobody can be asked.
        LeakError: a fold would let the future be seen.
    """
    results = _Results()
    for fold in folds(plan):
        _one_fold(plan, fold, results, with_baselines)
    return _summed_up(plan, results)


def folds(plan: Plan) -> list[Fold]:
    """The log, cut as the plan says.

    Raises:
        DataError: nobody can be asked.
        LeakError: a fold would let the future be seen.
    """
    return split(
        plan.events,
        plan.config.split,
        repeats=_repeats(plan, plan.events),
        positive=strength(plan.events, plan.weights) > 0,
        seed=plan.seed,
        context=[name for name in plan.context if name in plan.events.columns],
    )


def _repeats(plan: Plan, events: pl.DataFrame) -> bool:
    if plan.weights.repeats != "auto":
        return plan.weights.repeats == "allow"
    log = histories(events, Vocabulary(events[c.ITEM].unique().sort()), plan.weights)
    return log.repeats > plan.weights.repeats_above


def _one_fold(plan: Plan, fold: Fold, results: _Results, with_baselines: bool) -> None:
    learned = learn(plan, fold, results)
    asked = learned.asked
    results.groups.append(beyond.slices(asked.moments, asked.targets, asked.train))
    popular = top(counts_of(asked.train)[None, :], plan.config.list)
    others = fitted_baselines(plan, learned, results) if with_baselines else []
    for scorer in [learned.model, *others]:
        _measure(plan, scorer, learned, popular, results)


def learn(plan: Plan, fold: Fold, notes: Notes) -> Learned:
    """Learn the tree and the model from a fold's training part, step by step."""
    ground = grounded(plan, fold, notes.report)
    small, large = catalogues(plan, ground)
    began = perf_counter()
    model = fitted_model(plan, ground, small, large)
    notes.took("fit", perf_counter() - began)
    return Learned(model, large, ground.asked, ground.kind)


def grounded(plan: Plan, fold: Fold, report: Report) -> Ground:
    """A fold as rows: what may be learned from and what is asked."""
    report.extend(fold.report)
    ids = plan.items[c.ITEM]
    known = ids.is_in(fold.train[c.ITEM].unique().implode()).to_numpy()
    first, later = np.flatnonzero(known), np.flatnonzero(~known)
    report.add(
        "evaluate", "items without a training event join the catalogue later", len(later),
        total=len(ids),
    )  # fmt: skip
    whole = Vocabulary(ids.gather(np.concatenate([first, later])))
    train = histories(
        fold.train, Vocabulary(ids.gather(first)), plan.weights, plan.context,
        relations=plan.relations,
    )  # fmt: skip
    kind: Literal["last", "time"] = "last" if fold.kind in ("last", "user") else "time"
    asked = _asked(plan, fold, whole, train, _repeats(plan, fold.train))
    return Ground(first, later, train, asked, kind)


def catalogues(plan: Plan, ground: Ground) -> tuple[Catalogue, Catalogue]:
    """The catalogue of what was met in training, and the same with later items joined."""
    counts = np.bincount(ground.train.item, minlength=len(ground.first)).astype(np.float32)
    with plan.progress.step("evaluate: tree", 1) as step:
        found = plan.catalogue(ground.first, ground.later, counts)
        step.advance()
    return found


def fitted_model(plan: Plan, ground: Ground, small: Catalogue, large: Catalogue) -> InterestModel:
    """The model learned from the training part; later items join afterwards."""
    model = plan.model(ground.kind)
    repeats = ground.asked.repeats
    model.fit(small, ground.train, repeats=repeats, seed=plan.seed, progress=plan.progress)
    return model.extended(large)


def counts_of(log: Histories) -> Floats:
    """Number of positive events of each item [I]."""
    return np.bincount(log.item[log.positive], minlength=len(log.items)).astype(np.float32)


def _asked(plan: Plan, fold: Fold, whole: Vocabulary, train: Histories, repeats: bool) -> Asked:
    users = Vocabulary(pl.concat([fold.history[c.USER], fold.asks[c.USER]]).unique().sort())
    known = histories(
        fold.history, whole, plan.weights, plan.context, users=users, relations=plan.relations
    )
    rows = users.rows(fold.asks[c.USER]).astype(np.int64)
    at = fold.asks[AT].dt.epoch("us").to_numpy()
    context = {
        name: fold.asks[name].cast(pl.String) for name in plan.context if name in fold.asks.columns
    }
    moments = replace(known.moments(rows, known.offsets[rows + 1], at), context=context)
    owner = Vocabulary(fold.asks[c.USER]).rows(fold.targets[c.USER])
    item = whole.rows(fold.targets[c.ITEM])
    shape = (len(moments), len(whole))
    targets = sparse.csr_array((np.ones(len(item), np.float32), (owner, item)), shape=shape)
    targets.sum_duplicates()
    targets.data[:] = 1.0
    barred = sparse.csr_array(shape, dtype=np.float32) if repeats else moments.seen(len(whole))
    wide = replace(train, items=whole)
    return Asked(wide, moments, targets, barred, repeats)


def fitted_baselines(plan: Plan, learned: Learned, notes: Notes) -> list[Scoring]:
    """Every baseline, tuned and learned on what the model learned from."""
    found: list[Scoring] = []
    asked, tuning = learned.asked, plan.config.tuning
    if tuning.kind == "auto":
        tuning = tuning.but(kind=learned.kind)
    for scorer in baselines(tuning, repeats=asked.repeats):
        began = perf_counter()
        with plan.progress.step(f"baseline: {scorer.name}", 1) as step:
            found.append(scorer.fit(learned.catalogue, asked.train, seed=plan.seed))
            step.advance()
        notes.took(scorer.name, perf_counter() - began)
        if isinstance(scorer, Tuned):
            notes.chosen[scorer.name] = settings(scorer)
    return found


def ranked(plan: Plan, scorer: Scoring, asked: Asked) -> Ranks:
    """Where a scorer ranks the answers of everybody who is asked."""
    return rank_all(
        scorer.score, asked.moments, asked.targets, asked.barred,
        name=scorer.name, chunk=plan.config.chunk, progress=plan.progress,
    )  # fmt: skip


def _measure(
    plan: Plan, scorer: Scoring, learned: Learned, popular: Ints, results: _Results
) -> None:
    """One scorer, all moments: scored once, in chunks."""
    name, k = scorer.name, plan.config.list
    catalogue, asked = learned.catalogue, learned.asked
    lists, found = [], []
    began = perf_counter()
    with plan.progress.step(f"ranking: {name}", len(asked.moments)) as step:
        for rows in asked.chunks(plan.config.chunk):
            moments = asked.moments.take(rows)
            parts = scorer.parts(moments) if isinstance(scorer, InterestModel) else None
            scores = scorer.score(moments) if parts is None else parts.score
            check_finite(scores, name)
            barred = asked.barred[rows]
            found.append(ranks(scores, asked.targets[rows], barred, name=name))
            lists.append(top(scores, k, barred, name=name))
            if isinstance(scorer, InterestModel):
                known = scorer.weights(moments, parts=parts, layers=False)
                _note_nodes(catalogue, known.whole, asked.targets[rows], results)
            step.advance(rows.stop - rows.start)
    results.took(f"ranking: {name}", perf_counter() - began)
    measured = {
        metric: value
        for part in [metrics.measure(type(found[0]).join(found), plan.config.k)]
        for metric, value in part.items()
    }
    shown = np.concatenate(lists)
    measured |= _beyond(catalogue, asked, shown, popular, k)
    for metric, value in measured.items():
        results.values.setdefault(name, {}).setdefault(metric, []).append(value)
    figures = {
        f"coverage@{k}": beyond.coverage(shown, len(catalogue)),
        f"gini@{k}": beyond.gini(shown, len(catalogue)),
    }
    for metric, figure in figures.items():
        results.whole.setdefault(name, {}).setdefault(metric, []).append(figure)


def _beyond(
    catalogue: Catalogue, asked: Asked, shown: Ints, popular: Ints, k: int
) -> dict[str, Doubles]:
    """Diversity, novelty, serendipity, calibration and popularity of the lists [B] each."""
    counts = counts_of(asked.train)
    members = catalogue.tree.membership(1)
    liked = (asked.moments.weight > 0).astype(np.float32)
    past = (asked.moments.matrix(liked, len(catalogue)) @ members).toarray() + 1e-3
    expected = np.broadcast_to(popular, (len(shown), popular.shape[1]))
    some = (shown >= 0).any(axis=1) & (asked.moments.length > 0)
    calibration = np.full(len(shown), np.nan)
    if some.any():
        past = past[some] / past[some].sum(axis=1, keepdims=True)
        calibration[some] = beyond.calibration(past, beyond.node_shares(shown[some], members))
    return {
        f"diversity@{k}": beyond.intra_list_diversity(shown, catalogue.text),
        f"novelty@{k}": beyond.novelty(shown, counts),
        f"serendipity@{k}": beyond.serendipity(shown, asked.targets, expected),
        f"miscalibration@{k}": calibration,
        f"popularity@{k}": beyond.average_popularity(shown, counts),
    }


def _note_nodes(
    catalogue: Catalogue, said: Levels, targets: sparse.csr_array, results: _Results
) -> None:
    """What the profile says of each level's nodes, and which came."""
    for level, P in enumerate(said, start=1):
        T, told = interests.truth(targets, catalogue.tree.membership(level))
        predicted, came = results.nodes.setdefault(str(level), ([], []))
        predicted.append(P[told])
        came.append(T[told])


def _summed_up(plan: Plan, results: _Results) -> Evaluation:
    values = {
        scorer: {metric: np.concatenate(parts) for metric, parts in by_metric.items()}
        for scorer, by_metric in results.values.items()
    }
    whole = {
        scorer: {metric: float(np.mean(parts)) for metric, parts in by_metric.items()}
        for scorer, by_metric in results.whole.items()
    }
    sizes = [len(next(iter(g.values()))) for g in results.groups]
    names = list(dict.fromkeys(name for g in results.groups for name in g))
    groups = {
        name: np.concatenate(
            [g.get(name, np.zeros(n, bool)) for g, n in zip(results.groups, sizes, strict=True)]
        )
        for name in names
    }
    predicted = {level: _stacked(said) for level, (said, _) in results.nodes.items()}
    truth = {level: _stacked(came) for level, (_, came) in results.nodes.items()}
    if not values:
        raise DataError("evaluate: nobody can be asked; expected users with two events or more")
    print_of = fingerprint(
        plan.events, plan.items.select(c.ITEM), config=dict(plan.settings), seed=plan.seed,
        seconds=results.seconds,
    )  # fmt: skip
    return evaluation(
        values,
        print_of,
        model=next(iter(values)),
        whole=whole,
        slices=groups,
        chosen=results.chosen,
        interests=tuple(interests.assess(predicted, truth).to_dicts()),
        report=results.report,
    )


def _stacked(parts: Sequence[Table]) -> Table:
    """Tables of all folds, one below the other; a tree with fewer nodes gives the others 0."""
    K = max(part.shape[1] for part in parts)
    return np.concatenate([np.pad(part, ((0, 0), (0, K - part.shape[1]))) for part in parts])
