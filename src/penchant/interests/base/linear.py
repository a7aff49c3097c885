"""The default base layer: each past event pushes what goes with its item, and fades.

    base_i(u, t) = Σ_k w(event_k) · ( g(k) · M[item_k, i] + h(k) · 1[item_k = i] ) + kin_i(u, t)

M joins behaviour and language in closed form (see `closed_form`, and `local` for catalogues too
large for it); g and h are learned mixtures of rhythms (see `decay`), h only where people repeat;
kin shares evidence among the items of an interest (see `kin`). Linear in the events, so every
event's share of a score is exact.
"""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from penchant.config import Config
from penchant.data.moments import Moments
from penchant.data.rows import first_of_each
from penchant.interests.base.closed_form import (
    Centred,
    add_likeness,
    centred,
    evidence,
    gram,
    nearest_by_text,
    strongest,
    zero_diagonal_regression,
)
from penchant.interests.base.decay import FOREVER, blend
from penchant.interests.base.kin import Kin
from penchant.interests.base.local import LocalConfig, Problem, solved_locally
from penchant.interests.base.weights import LowRank, Sparse, Weights
from penchant.interests.layer import Catalogue, Training
from penchant.interests.terms import Row, Term
from penchant.random import derive
from penchant.train.holdout import Holdout, ndcg
from penchant.train.mixture import shortlisted
from penchant.train.ranked import averaged
from penchant.types import Floats, Longs, Progress, State


class LinearConfig(Config):
    """How the linear base layer learns."""

    penalty: tuple[float, ...] = (30.0, 100.0, 300.0, 1000.0)
    """λ to choose from: how much evidence a weight needs. One value is taken as it is."""
    text: tuple[float, ...] = (0.0, 0.03, 0.1, 0.3)
    """κ/λ to choose from: how much likeness of texts counts beside behaviour."""
    activity: tuple[float, ...] = (0.0, 0.4, 0.8)
    """p to choose from: in each pair of items, a person who has n of them counts n^−p."""
    rhythms: tuple[tuple[float, float], ...] = (
        (0.5, FOREVER),
        (0.7, 90.0),
        (0.9, 30.0),
        (0.95, 365.0),
        (1.0, FOREVER),
    )
    """(what one more event leaves of a weight, half-life in days or 0 for never) to mix."""
    own_rhythms: tuple[tuple[float, float], ...] = (
        (0.9, FOREVER),
        (1.0, 7.0),
        (1.0, 60.0),
        (1.0, FOREVER),
    )
    """The same for the item itself, where people repeat."""
    kin_rhythms: tuple[tuple[float, float], ...] = ((1.0, FOREVER), (0.9, 60.0))
    """The same for the interests of an event's item."""
    doubt: float = Field(default=5.0, gt=0.0)
    """Events' worth of doubt about a person's share of an interest."""
    neighbours: int = Field(500, ge=1)
    """Weights kept for each item, the largest ones."""
    solver: Literal["auto", "closed", "local"] = "auto"
    """closed: the catalogue is solved whole; local: neighbourhood by neighbourhood, in memory and
    time that grow with the catalogue, not with its square and cube; auto: by `most`."""
    most: int = Field(22_000, ge=1)
    """Largest catalogue that `auto` solves whole: memory is 4·n² bytes, time grows with n³."""
    local: LocalConfig = LocalConfig()
    """For catalogues that are not solved whole."""
    trial: int = Field(4_000, ge=10)
    """Catalogue size at which λ and κ are chosen: the most frequent items stand for all."""
    dims: int = Field(128, ge=1)
    """Rank, for `svd`."""


@dataclass
class LinearBase:
    """The linear base layer; `method` says how M comes about: `closed` form or `svd`."""

    kind: ClassVar[str] = "linear"
    config: LinearConfig = field(default_factory=LinearConfig)
    method: Literal["closed", "svd"] = "closed"
    M_: Weights = field(init=False, repr=False)
    theta_: list[float] = field(init=False)
    own_: list[float] = field(init=False)
    kin_: list[float] = field(init=False)
    Kin_: Kin = field(init=False, repr=False)
    penalty_: float = field(init=False)
    text_: float = field(init=False)
    activity_: float = field(init=False)
    unit_: float = field(init=False)
    fitted_: int = field(init=False)
    _text: Centred | None = field(init=False, repr=False, default=None)

    def fit(self, training: Training) -> Self:
        """Choose λ, κ and p, solve for M, and learn the rhythms on held-out moments."""
        self.penalty_, self.text_, self.activity_ = self._choose(training)
        self._solve(training)
        self._learn_rhythms(training)
        return self

    def refit(self, training: Training) -> Self:
        """Solve for M again with what was chosen, from more events."""
        self._solve(training)
        return self

    def score(self, moments: Moments) -> Floats:
        """Σ over events of their push on every item [B × I]."""
        n = self.M_.n_items
        total = self.M_.push(moments.matrix(self._pushes(moments), n))
        if any(self.kin_):
            total += self.Kin_.score(moments, self.kin_)
        own = self._own(moments)
        if own is not None:
            total += moments.matrix(own, n).toarray()
        return total

    def terms(self, moments: Moments) -> list[list[Term]]:
        """The push of all events, and what they say of interests."""
        own, pushes, each = self._own(moments), self._pushes(moments), range(len(moments))
        kin = self.Kin_.nodes(moments, self.kin_) if any(self.kin_) else [[] for _ in each]
        found: list[list[Term]] = []
        for b in each:
            events = moments.events(b)
            pushed = self.M_.term(moments.item[events], pushes[events])
            found.append([pushed, *kin[b]])
            if own is not None:
                itself = np.zeros(self.M_.n_items, np.float32)
                np.add.at(itself, moments.item[events], own[events])
                found[b].append(Row(itself))
        return found

    def shares(self, moments: Moments, items: Longs) -> Floats:
        """What each event adds to some items' scores [N × items]; columns sum to `score`."""
        entries = self.M_.entries(moments.item.astype(np.int64), items)
        total: Floats = self._pushes(moments)[:, None] * entries
        if any(self.kin_):
            total += self.Kin_.shares(moments, self.kin_, items)
        own = self._own(moments)
        if own is not None:
            total += own[:, None] * (moments.item[:, None] == items[None, :])
        return total

    def weighed(self, moments: Moments, items: Longs, values: Floats) -> Floats:
        """`shares` @ values, for weighted sums over some items [items × C] → [N × C]."""
        first, place = first_of_each(moments.item)
        rows = moments.item[first].astype(np.int64)
        each = [(self._pushes(moments), self.M_.weighed(rows, items, values))]
        if any(self.kin_):
            each += self.Kin_.weighed(moments, self.kin_, rows, items, values)
        total = np.zeros((values.shape[1], len(place)), np.float32)  # long rows are fast ones
        some = np.empty_like(total)
        for share, table in each:  # no place is out of range; to clip saves a copy of what is found
            np.take(np.ascontiguousarray(table.T), place, axis=1, out=some, mode="clip")
            some *= share
            total += some
        own = self._own(moments)
        if own is not None:
            at = np.full(self.M_.n_items, -1)
            at[items] = np.arange(len(items))
            mine = np.flatnonzero(at[moments.item] >= 0)
            total[:, mine] += own[mine] * values.T[:, at[moments.item[mine]]]
        return total.T

    def state(self) -> State:
        """M, the rhythms' weights and what was chosen."""
        arrays, values = self.M_.state()
        chosen = {
            "theta": self.theta_,
            "own": self.own_,
            "kin": self.kin_,
            "penalty": self.penalty_,
            "text": self.text_,
            "activity": self.activity_,
            "unit": self.unit_,
        }
        return arrays, {**values, **chosen}

    def restore(self, state: State, catalogue: Catalogue) -> Self:
        """Take up M and the rhythms' weights."""
        values = state[1]
        self.M_ = (LowRank if self.method == "svd" else Sparse).from_state(state)
        self.theta_, self.own_ = list(values["theta"]), list(values["own"])
        self.kin_, self.Kin_ = list(values["kin"]), self._kin_of(catalogue)
        self.fitted_, self._text = len(catalogue), None
        self.penalty_, self.text_ = values["penalty"], values["text"]
        self.activity_, self.unit_ = values["activity"], values["unit"]
        return self

    def extend(self, catalogue: Catalogue) -> None:
        """Make room for items that came after the fit: they follow their texts."""
        known = self._text or Centred.of(catalogue.text[: self.fitted_], self.fitted_)
        self._text = known.extended(catalogue.text)
        self.M_ = self.M_.extended(self._text, self.config.neighbours, self.unit_)
        self.Kin_ = self._kin_of(catalogue)

    def _kin_of(self, catalogue: Catalogue) -> Kin:
        return Kin.of(catalogue.tree, self.config.kin_rhythms, self.config.doubt)

    def _pushes(self, moments: Moments) -> Floats:
        return blend(moments, self.config.rhythms, self.theta_)

    def _own(self, moments: Moments) -> Floats | None:
        if not any(self.own_):
            return None
        return blend(moments, self.config.own_rhythms, self.own_)

    def _choose(self, training: Training) -> tuple[float, float, float]:
        """λ, p, κ, then λ again, on the most frequent items and held-out moments; the middle of
        each where nothing new was held out."""
        among = {"penalty": self.config.penalty, "text": self.config.text}
        among["activity"] = self.config.activity
        chosen = {name: values[len(values) // 2] for name, values in among.items()}
        holdout, several = training.holdout, any(len(values) > 1 for values in among.values())
        if several and self.method != "svd" and holdout is not None:
            trial = _Trial(training, holdout, self.config.trial)
            if len(trial.holdout):
                self._climb(trial, among, chosen, training.progress)
        return chosen["penalty"], chosen["text"], chosen["activity"]

    @staticmethod
    def _climb(
        trial: "_Trial",
        among: dict[str, tuple[float, ...]],
        chosen: dict[str, float],
        progress: Progress,
    ) -> None:
        """The best value of one setting after the other."""
        order = [n for n in ("penalty", "activity", "text", "penalty") if len(among[n]) > 1]
        tried: dict[tuple[float, ...], float] = {}
        with progress.step("base: choosing", sum(len(among[name]) for name in order)) as step:
            for name in order:
                good = []
                for value in among[name]:
                    settings = chosen | {name: value}
                    key = tuple(settings.values())
                    if key not in tried:
                        tried[key] = trial.score(**settings)
                    good.append(tried[key])
                    step.advance(1, f"NDCG@10 {max(tried.values()):.4f}")
                chosen[name] = among[name][int(np.argmax(good))]

    def _solve(self, training: Training) -> None:
        self.Kin_, self.fitted_ = self._kin_of(training.catalogue), len(training.catalogue)
        self._text = None
        self.__dict__.pop("M_", None)  # what was solved before makes room
        if self.method == "svd":
            with training.progress.step("base: solving", 1) as step:
                self.M_ = LowRank.of(training.log.matrix(), self.config.dims, training.seed)
                self.unit_ = 0.0
                step.advance(1)
            return
        M = self._found(training)
        self.M_, self.unit_ = Sparse(M), _text_unit(M, centred(training.catalogue.text))

    def _found(self, training: Training) -> sparse.csr_array:
        """M, whole or by neighbourhoods, with the largest weights of each item."""
        c, X = self.config, evidence(training.log.counts(), self.activity_)
        text = centred(training.catalogue.text)
        local = c.solver == "local" or (c.solver == "auto" and X.shape[1] > c.most)
        if not local:
            with training.progress.step("base: solving", 1) as step:
                M = strongest(_solved(X, text, self.penalty_, self.text_), c.neighbours)
                step.advance(1)
            return M
        problem = Problem(X, text, self.penalty_, self.penalty_ * self.text_)
        seed, progress = derive(training.seed, "neighbourhoods"), training.progress
        return solved_locally(problem, c.local, c.neighbours, seed, progress, training.report)

    def _learn_rhythms(self, training: Training) -> None:
        """θ of the rhythms by what came next in the held-out moments."""
        c, holdout = self.config, training.holdout
        P, K = len(c.rhythms), self.Kin_.terms
        own = c.own_rhythms if training.repeats else ()
        self._mixed_by([1.0 / P] * P + [0.0] * K)
        if holdout is None or not len(holdout):
            return
        n = self.M_.n_items

        def terms(moments: Moments) -> list[Floats]:
            step.advance(len(moments))
            pushed = [moments.matrix(blend(moments, [g], [1.0]), n) for g in c.rhythms]
            owned = [moments.matrix(blend(moments, [h], [1.0]), n).toarray() for h in own]
            known = [training.prior.before(moments.at)] if training.prior else []
            return [*map(self.M_.push, pushed), *self.Kin_.each(moments), *owned, *known]

        seed = derive(training.seed, "rhythms")
        with training.progress.step("base: rhythms", len(holdout)) as step:
            candidates, values = shortlisted(terms, holdout, best=600, seed=seed)
            theta = averaged(values, candidates, seed=seed)
        theta = theta[: P + K + len(own)]  # what popularity explains is not the base layer's
        if theta.any():
            self._mixed_by([float(x) for x in theta])

    def _mixed_by(self, theta: list[float]) -> None:
        """Take θ apart: rhythms, kin, own."""
        P, K = len(self.config.rhythms), self.Kin_.terms
        self.theta_, self.kin_ = theta[:P], theta[P : P + K]
        self.own_ = theta[P + K :] or [0.0] * len(self.config.own_rhythms)


def _solved(X: sparse.csr_array, text: Floats, penalty: float, share: float) -> Floats:
    """M for some items, from who met them and their centred texts."""
    kappa = penalty * share
    G = add_likeness(gram(X), text, kappa)
    return zero_diagonal_regression(G, penalty)


def _text_unit(M: sparse.csr_array, text: Floats) -> float:
    """How much weight in M one unit of likeness is worth, by least squares over near pairs."""
    some = text[:2000]
    near = nearest_by_text(some, text, 50).tocoo()
    other = near.coords[0] != near.coords[1]
    place = (near.coords[0][other], near.coords[1][other])
    like = sparse.csr_array((near.data[other], place), shape=near.shape)
    weight = float(like.multiply(M[: len(some)]).sum())
    return max(0.0, weight / max(float((like.data**2).sum()), 1e-9))


class _Trial:
    """A smaller problem of the same kind: the most frequent items, the same held-out moments.

    M is asked for what is new to a person; for what comes again there are the own rhythms.
    """

    def __init__(self, training: Training, holdout: Holdout, most: int) -> None:
        self.counts = training.log.counts()
        frequent = np.diff(sparse.csc_array(self.counts).indptr)
        self.rows = np.sort(np.argsort(-frequent, kind="stable")[:most])
        text = centred(training.catalogue.text)[self.rows]
        self.alike = add_likeness(np.zeros((len(text), len(text)), np.float32), text, 1.0)
        self.holdout = _within(_new(holdout), self.rows)
        moments = self.holdout.moments
        H = moments.matrix(blend(moments, [(0.7, 90.0)], [1.0]), self.counts.shape[1])
        self.H = H[:, self.rows].tocsr()
        self.both: dict[float, Floats] = {}

    def score(self, penalty: float, text: float, activity: float) -> float:
        """Mean NDCG@10 with these settings."""
        if activity not in self.both:
            self.both[activity] = gram(evidence(self.counts, activity)[:, self.rows])
        G = self.both[activity] + np.float32(penalty * text) * self.alike
        M = zero_diagonal_regression(G, penalty)
        return float(ndcg((self.H @ M).astype(np.float32), self.holdout).mean())


def _new(holdout: Holdout) -> Holdout:
    """The same moments, asked for what their people have not had yet."""
    seen = holdout.moments.seen(holdout.n_items)
    targets = sparse.csr_array(holdout.targets - holdout.targets.multiply(seen))
    targets.eliminate_zeros()
    return replace(holdout, targets=targets, excluded=seen)


def _within(holdout: Holdout, rows: Longs) -> Holdout:
    """The moments with a target among some items, with only these items."""
    targets = holdout.targets[:, rows].tocsr()
    reached = np.flatnonzero(np.diff(targets.indptr))
    return replace(
        holdout.take(reached),
        targets=sparse.csr_array(targets[reached]),
        excluded=sparse.csr_array(holdout.excluded[:, rows].tocsr()[reached]),
    )
