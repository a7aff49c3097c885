"""What a context does to interests, for everybody: three ways to learn it, one result.

Each says, for contexts as indicators x [B × F], the log-lift of each interest [B × K]:

    lift_n(c) ≈ log P(n | c) − log P(n)
"""

from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self

import numpy as np

from penchant.random import derive
from penchant.types import Doubles, Floats, State


class Lifts(Protocol):
    """Population lifts by context."""

    kind: ClassVar[str]

    def fit(self, x: Floats, nodes: Floats, *, seed: int) -> Self:
        """Learn from events: contexts x [E × F] and interests of their items [E × K]."""
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

    def fit(self, x: Floats, nodes: Floats, *, seed: int) -> Self:
        """Count."""
        together = (x.T @ nodes).astype(np.float64)  # [F × K]
        share = x.sum(axis=0, dtype=np.float64) / max(len(x), 1)
        size = nodes.sum(axis=0, dtype=np.float64)
        expected = share[:, None] * size[None, :]
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

    def fit(self, x: Floats, nodes: Floats, *, seed: int) -> Self:
        """Grow the tree on each event's main interest."""
        from sklearn.tree import DecisionTreeRegressor

        target = np.zeros_like(nodes)
        target[np.arange(len(nodes)), nodes.argmax(axis=1)] = 1.0
        smallest = max(20, len(x) // 500)
        grown = DecisionTreeRegressor(
            max_leaf_nodes=self.leaves, min_samples_leaf=min(smallest, max(len(x) // 2, 1)),
            random_state=seed % 2**32,
        ).fit(x, target)  # fmt: skip
        inner = grown.tree_
        prior = nodes.mean(axis=0) + 1e-9
        value = inner.value[:, :, 0] if inner.value.ndim == 3 else inner.value
        count = inner.n_node_samples[:, None].astype(np.float64)
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

    def fit(self, x: Floats, nodes: Floats, *, seed: int) -> Self:
        """AdamW with weight decay, on each event's interests as soft labels."""
        import torch
        from torch.nn import functional as F

        prior = torch.from_numpy(np.log(nodes.mean(axis=0) + 1e-9).astype(np.float32))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(seed, "context"))
            first = torch.nn.Linear(x.shape[1], self.hidden)
            last = torch.nn.Linear(self.hidden, nodes.shape[1])
            torch.nn.init.zeros_(last.weight)
            torch.nn.init.zeros_(last.bias)
            net = torch.nn.Sequential(first, torch.nn.Tanh(), last)
            optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.1)
            X, Y = torch.from_numpy(x), torch.from_numpy(nodes.astype(np.float32))
            for _ in range(self.passes):
                order = torch.randperm(len(X))
                for part in torch.split(order, max(64, len(X) // 40)):
                    optimiser.zero_grad()
                    loss = F.cross_entropy(prior + net(X[part]), Y[part])
                    loss.backward()  # type: ignore[no-untyped-call]
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
