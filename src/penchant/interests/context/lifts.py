"""What a context does to interests, for everybody: three ways to learn it, one result.

Each says, for contexts as indicators x [B × F], the log-lift of each interest [B × K]:

    lift_n(c) ≈ log P(n | c) − log P(n)

Many events share a context. Each learner is told the distinct contexts and which one every event
was in, so that memory and time follow the number of contexts, and only sums run over the events.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self

import numpy as np
from scipy import sparse

from penchant.random import derive
from penchant.taxonomy.tree import main_columns
from penchant.types import Doubles, Floats, Longs, State


@dataclass(frozen=True)
class Seen:
    """What was met in which context.

    contexts [C × F] (indicators, each row another), which [E] (the context of each event),
    nodes [E × K] (interests of each event's item; rows sum to 1).
    """

    contexts: Floats
    which: Longs
    nodes: sparse.csr_array

    def __len__(self) -> int:
        return len(self.which)

    def counts(self) -> Doubles:
        """Number of events in each context [C]."""
        return np.bincount(self.which, minlength=len(self.contexts)).astype(np.float64)

    def size(self) -> Doubles:
        """Weight of each interest over all events [K]."""
        return np.asarray(self.nodes.sum(axis=0, dtype=np.float64)).ravel()

    def summed(self, events: Longs) -> tuple[Longs, Floats]:
        """The contexts of some events [S], and the sum of interests in each [S × K]."""
        which = self.which[events]
        rows = np.flatnonzero(np.bincount(which, minlength=len(self.contexts)))
        place = np.empty(len(self.contexts), np.int64)
        place[rows] = np.arange(len(rows))
        ones = np.ones(len(events), np.float32)
        shape = (len(rows), len(events))
        into = sparse.csr_array((ones, (place[which], np.arange(len(events)))), shape=shape)
        return rows, np.asarray((into @ self.nodes[events]).toarray(), np.float32)

    def mains(self) -> sparse.csr_array:
        """How often each interest was the main one of an event in each context [C × K]."""
        pairs = (self.which, main_columns(self.nodes))
        shape = (len(self.contexts), self.nodes.shape[1])
        return sparse.csr_array((np.ones(len(self)), pairs), shape=shape)


class Lifts(Protocol):
    """Population lifts by context."""

    kind: ClassVar[str]

    def fit(self, seen: Seen, *, seed: int) -> Self:
        """Learn from events: their contexts, and the interests of their items."""
        ...

    def lift(self, x: Floats) -> Floats:
        """Log-lift of each interest [B × K]."""
        ...

    def state(self) -> State:
        """What was learned."""
        ...

    def restore(self, state: State) -> Self:
        """Take up what was learned."""
        ...


@dataclass
class NaiveBayes:
    """Σ over values of log P(value | n) / P(value), each shrunk to no effect by `shrink` events."""

    kind: ClassVar[str] = "naive-bayes"
    shrink: float = 50.0
    table_: Floats = field(init=False, repr=False)

    def fit(self, seen: Seen, *, seed: int) -> Self:
        """Count."""
        rows, sums = seen.summed(np.arange(len(seen)))
        together = seen.contexts[rows].T.astype(np.float64) @ sums  # [F × K]
        share = seen.contexts.T.astype(np.float64) @ seen.counts() / max(len(seen), 1)
        expected = share[:, None] * seen.size()[None, :]
        prior = self.shrink * share[:, None]
        met = share[:, None] > 0  # a value that never held says nothing
        lift = np.where(met, together + prior, 1.0) / np.where(met, expected + prior, 1.0)
        self.table_ = np.log(lift).astype(np.float32)
        return self

    def lift(self, x: Floats) -> Floats:
        """Sum over the values that hold [B × K]."""
        return np.asarray(x @ self.table_, np.float32)

    def state(self) -> State:
        """The table of lifts."""
        return {"table": self.table_}, {}

    def restore(self, state: State) -> Self:
        """Take up the table."""
        self.table_ = state[0]["table"]
        return self


@dataclass
class DecisionTree:
    """P(n | c) from the leaf of a decision tree, shrunk to P(n) by `shrink` events."""

    kind: ClassVar[str] = "tree"
    leaves: int = 32
    shrink: float = 50.0
    table_: Floats = field(init=False, repr=False)
    feature_: Doubles = field(init=False, repr=False)

    def fit(self, seen: Seen, *, seed: int) -> Self:
        """Grow the tree on each event's main interest."""
        from sklearn.tree import DecisionTreeRegressor

        events, counts = len(seen), seen.counts()
        target = seen.mains().toarray() / np.maximum(counts, 1.0)[:, None]
        smallest = min(max(20, events // 500), max(events // 2, 1))
        grown = DecisionTreeRegressor(
            max_leaf_nodes=self.leaves, min_weight_fraction_leaf=smallest / events,
            random_state=seed % 2**32,
        ).fit(seen.contexts, target, sample_weight=counts)  # fmt: skip
        inner = grown.tree_
        prior = seen.size() / events + 1e-9
        value = inner.value[:, :, 0] if inner.value.ndim == 3 else inner.value
        count = inner.weighted_n_node_samples[:, None].astype(np.float64)
        p = (value * count + self.shrink * prior) / (count + self.shrink)
        self.table_ = np.log(np.maximum(p, 1e-12) / prior).astype(np.float32)
        parts = [inner.feature, inner.children_left, inner.children_right, inner.threshold]
        self.feature_ = np.stack([np.asarray(part, np.float64) for part in parts])
        return self

    def lift(self, x: Floats) -> Floats:
        """The lifts of the leaf that each context falls into [B × K]."""
        feature, left, right, threshold = self.feature_
        at = np.zeros(len(x), np.int64)
        while True:
            inner = feature[at] >= 0
            if not inner.any():
                return np.asarray(self.table_[at], np.float32)
            value = x[np.arange(len(x)), np.maximum(feature[at], 0).astype(np.int64)]
            after = np.where(value <= threshold[at], left[at], right[at])
            at = np.where(inner, after, at).astype(np.int64)

    def state(self) -> State:
        """The nodes of the tree and their lifts."""
        return {"table": self.table_, "feature": self.feature_}, {}

    def restore(self, state: State) -> Self:
        """Take up the tree."""
        self.table_, self.feature_ = state[0]["table"], state[0]["feature"]
        return self


@dataclass
class Neural:
    """softmax_n( log P(n) + f_n(c) ), f a small perceptron; the lift is f, centred."""

    kind: ClassVar[str] = "neural"
    hidden: int = 32
    passes: int = 10
    weights_: list[Floats] = field(init=False, repr=False)

    def fit(self, seen: Seen, *, seed: int) -> Self:
        """AdamW with weight decay, on each event's interests as soft labels."""
        import torch
        from torch.nn import functional as F

        from penchant.train.optimiser import adamw

        share = seen.size() / len(seen)
        prior = torch.from_numpy(np.log(share + 1e-9).astype(np.float32))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "context"))
            first = torch.nn.Linear(seen.contexts.shape[1], self.hidden)
            last = torch.nn.Linear(self.hidden, len(share))
            torch.nn.init.zeros_(last.weight)
            torch.nn.init.zeros_(last.bias)
            net = torch.nn.Sequential(first, torch.nn.Tanh(), last)
            optimiser = adamw(net, rate=3e-3, decay=0.1)
            X = torch.from_numpy(seen.contexts)
            for _ in range(self.passes):
                order = torch.randperm(len(seen))
                for part in torch.split(order, max(64, len(seen) // 40)):
                    rows, sums = seen.summed(part.numpy())
                    optimiser.zero_grad()
                    logits = prior + net(X[torch.from_numpy(rows)])
                    total = F.cross_entropy(logits, torch.from_numpy(sums), reduction="sum")
                    (total / len(part)).backward()  # type: ignore[no-untyped-call]
                    optimiser.step()
        made = (first.weight, first.bias, last.weight, last.bias)
        self.weights_ = [w.detach().numpy().astype(np.float32) for w in made]
        return self

    def lift(self, x: Floats) -> Floats:
        """f(c) less its mean over interests [B × K]."""
        A, a, B, b = self.weights_
        f = np.tanh(x @ A.T + a) @ B.T + b
        return np.asarray(f - f.mean(axis=1, keepdims=True), np.float32)

    def state(self) -> State:
        """The perceptron's weights."""
        return {f"w{i}": w for i, w in enumerate(self.weights_)}, {}

    def restore(self, state: State) -> Self:
        """Take up the weights."""
        self.weights_ = [state[0][f"w{i}"] for i in range(4)]
        return self


LIFTS: dict[str, type[NaiveBayes] | type[DecisionTree] | type[Neural]] = {
    "neural": Neural,
    "naive-bayes": NaiveBayes,
    "tree": DecisionTree,
}
