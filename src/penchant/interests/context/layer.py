"""The context layer: lifts for everybody, and for this person as far as the evidence goes.

    context_i(u, c) = Σ_n A[i, n] · ( θ_e · lift_n(c) + θ_p · own_n(u, c) )

    own_n(u, c) = log( (m_n + κ p_n) / (m + κ) / p_n )

m_n counts the person's events of interest n in contexts like c (each by the share of context
variables that agree, squared), p_n is the person's share of n over all contexts, shrunk to
everybody's. With few events own is near zero, whatever they were.
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field
from scipy import sparse

from penchant.config import Config
from penchant.data.moments import Moments
from penchant.interests.context.lifts import LIFTS, Lifts, Seen
from penchant.interests.context.variables import (
    Variable,
    asked_table,
    distinct,
    one_hot,
    table,
    variables,
)
from penchant.interests.layer import Catalogue, Training
from penchant.interests.terms import Nodes, Term
from penchant.random import derive
from penchant.taxonomy.memberships import Ellpack
from penchant.taxonomy.tree import Tree
from penchant.train.holdout import Holdout
from penchant.train.mixture import fit_mixture, shortlisted
from penchant.types import Doubles, Floats, Ints, State

_FEW = 64  # histories that are asked about together, at most, for one to be read after the other


class ContextConfig(Config):
    """The context layer: what counts as context, and how its effects are learned."""

    kind: Literal["neural", "naive-bayes", "tree"] = "neural"
    """neural | naive-bayes | tree: how lifts for everybody are learned."""
    clock: tuple[Literal["hour", "weekday", "month"], ...] = ("hour", "weekday", "month")
    """What is read from the time of asking (UTC)."""
    columns: tuple[str, ...] = ("device", "place", "store", "country", "channel", "weather")
    """Event columns that are context, where the events have them. Name only what is known when a
    recommendation is asked for, never what comes with the choice (quantity, price paid)."""
    shrink: float = Field(20.0, gt=0.0)
    """κ: events' worth of belief that a person is like everybody."""
    nodes: int = Field(100, ge=2)
    """Lifts are learned for the narrowest level of the tree with at most so many interests."""


@dataclass
class ContextLayer:
    """The context layer."""

    kind: ClassVar[str] = "context"
    config: ContextConfig = field(default_factory=ContextConfig)
    variables_: list[Variable] = field(init=False)
    lifts_: Lifts = field(init=False, repr=False)
    share_: Floats = field(init=False, repr=False)
    level_: int = field(init=False)
    members_: sparse.csr_array = field(init=False, repr=False)
    ellpack_: Ellpack = field(init=False, repr=False)
    theta_: list[float] = field(init=False)

    def fit(self, training: Training) -> Self:
        """Learn the lifts, then by held-out moments how much they and a person's own count."""
        self.theta_ = [1.0, 1.0]
        self.refit(training)
        if training.holdout is not None and len(training.holdout) and self.variables_:
            self.theta_ = self._mix(training.holdout, training.seed)
        return self

    def refit(self, training: Training) -> Self:
        """Learn the lifts again."""
        log, found = training.log, variables(training.log, self.config.clock)
        self.extend(training.catalogue)
        self.variables_ = found
        self.lifts_ = LIFTS[self.config.kind]()
        rows = np.flatnonzero(log.positive)
        past = {name: column.gather(rows) for name, column in log.past.items()}
        codes, which = distinct(table(found, log.time[rows], past))
        nodes = sparse.csr_array(self.members_[log.item[rows]])
        seen = Seen(one_hot(found, codes), which, nodes)
        share = (seen.size() + 1.0) / (len(rows) + nodes.shape[1])
        self.share_ = share.astype(np.float32)
        if found and len(rows):
            with training.progress.step("context: learning", 1) as step:
                self.lifts_.fit(seen, seed=training.seed)
                step.advance()
        else:
            self.variables_ = []
        return self

    def score(self, moments: Moments) -> Floats:
        """Lift of each item in the context asked about [B × I]; zeros where nothing varies."""
        if not self.variables_:
            return np.zeros((len(moments), self.members_.shape[0]), np.float32)
        everybody, own = self.node_lifts(moments)
        both = self.theta_[0] * everybody + self.theta_[1] * own
        return np.asarray((self.members_ @ both.T).T, np.float32)

    def terms(self, moments: Moments) -> list[list[Term]]:
        """The lifts of interests."""
        if not self.variables_:
            return [[] for _ in range(len(moments))]
        everybody, own = self.node_lifts(moments)
        both = np.asarray(self.theta_[0] * everybody + self.theta_[1] * own, np.float32)
        return [[Nodes(self.level_, values)] for values in both]

    def node_lifts(self, moments: Moments) -> tuple[Floats, Floats]:
        """Log-lifts of interests, everybody's and the person's own [B × K] each."""
        asked = asked_table(self.variables_, moments)
        return self.lifts_.lift(one_hot(self.variables_, asked)), self._own(moments, asked)

    def _own(self, moments: Moments, asked: Ints) -> Floats:
        agree = self._agreement(moments, asked)
        liked = np.maximum(moments.weight, 0.0)
        m, n = self._counts(moments, agree**2 * liked, liked)
        kappa = np.float32(self.config.shrink)
        p = (n + kappa * self.share_) / (n.sum(axis=1, keepdims=True) + kappa)
        lift = (m + kappa * p) / (m.sum(axis=1, keepdims=True) + kappa) / p
        return np.asarray(np.log(lift), np.float32)

    def _agreement(self, moments: Moments, asked: Ints) -> Doubles:
        """Of the variables that are known of an event and of the moment [B × V], what share says
        the same of both [N]."""
        both = np.zeros(len(moments.item), np.int32)
        same = np.zeros_like(both)
        for variable, each in zip(self.variables_, asked.T, strict=True):
            was = variable.codes(moments.time, moments.past.get(variable.name))
            now = each[moments.owner]
            known = (now >= 0) & (was >= 0)
            both += known
            same += known & (now == was)
        return np.asarray(same / np.maximum(both, 1))

    def _counts(self, moments: Moments, *each: Floats | Doubles) -> list[Floats]:
        """Sums of the events' values by interest, for several values of each [B × K]."""
        if len(moments) <= _FEW:
            some = self.ellpack_.take(moments.item)
            return [some.up_by(moments.owner, values, len(moments)) for values in each]
        H = [moments.matrix(np.asarray(x, np.float32), self.members_.shape[0]) for x in each]
        return [np.asarray((h @ self.members_).toarray(), np.float32) for h in H]

    def _mix(self, holdout: Holdout, seed: int) -> list[float]:
        """How much each counts beside the person's own shares of interests."""

        def terms(moments: Moments) -> list[Floats]:
            everybody, own = self.node_lifts(moments)
            n = self._counts(moments, np.maximum(moments.weight, 0.0))[0]
            p = (n + 10 * self.share_) / (n.sum(axis=1, keepdims=True) + 10)
            return [
                np.asarray((self.members_ @ values.T).T, np.float32)
                for values in (everybody, own, np.log(p))
            ]

        candidates, values = shortlisted(
            terms, holdout, best=100, others=500, seed=derive(seed, "mix")
        )
        theta = fit_mixture(values, candidates)
        return [float(theta[0]), float(theta[1])]

    def state(self) -> State:
        """Variables, lifts and memberships."""
        arrays, values = self.lifts_.state() if self.variables_ else ({}, {})
        arrays = {f"lifts.{k}": v for k, v in arrays.items()} | {"share": self.share_}
        named: list[dict[str, Any]] = [v.to_json() for v in self.variables_]
        return arrays, {"variables": named, "theta": self.theta_, "lifts": values}

    def restore(self, state: State, catalogue: Catalogue) -> Self:
        """Take up what was learned."""
        arrays, values = state
        self.variables_ = [Variable(v["name"], tuple(v["values"])) for v in values["variables"]]
        self.theta_, self.share_ = list(values["theta"]), arrays["share"]
        self.lifts_ = LIFTS[self.config.kind]()
        if self.variables_:
            inner = {k[6:]: v for k, v in arrays.items() if k.startswith("lifts.")}
            self.lifts_.restore((inner, values["lifts"]))
        self.extend(catalogue)
        return self

    def extend(self, catalogue: Catalogue) -> None:
        """New items have their places in the tree."""
        self.level_ = _narrowest(catalogue.tree, self.config.nodes)
        self.members_ = catalogue.tree.membership(self.level_)
        self.ellpack_ = catalogue.tree.ellpack(self.level_)


def _narrowest(tree: Tree, most: int) -> int:
    """The narrowest level with at most so many interests; the broadest if all have more."""
    return max([1, *(level for level in tree.numbers if len(tree.nodes[level - 1]) <= most)])
