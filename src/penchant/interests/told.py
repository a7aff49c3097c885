"""A moment as every layer sees it, in terms (see `terms`): the score of all items, and the parts
of some."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self, TypeAlias

import numpy as np

from penchant.data.moments import Moments
from penchant.interests.feedback import FEEDBACK, Wishes
from penchant.interests.layer import Layer
from penchant.interests.terms import Nodes, Product, Row, Term
from penchant.taxonomy.tree import Tree
from penchant.types import Floats, Longs

if TYPE_CHECKING:
    from penchant.interests.model import InterestModel

Terse: TypeAlias = Callable[[Moments], Sequence[Sequence[Term]]]
"""`terms` of a layer that has it: for each of a few moments the terms that sum to its `score`."""
_ROUND: Final = 1e-5  # how far apart two sums of the same numbers may be, for a scale of one


@dataclass(frozen=True)
class Part:
    """What one layer says of one moment: `leaves` [K] is all that it says of interests, come down
    to the narrowest (None: nothing); `terms` are the others."""

    leaves: Floats | None
    terms: tuple[Row | Product, ...]

    @classmethod
    def of(cls, some: Sequence[Term], tree: Tree) -> Self:
        """Some terms, sorted."""
        nodes = [term for term in some if isinstance(term, Nodes)]
        others = tuple(term for term in some if not isinstance(term, Nodes))
        return cls(come_down(nodes, tree) if nodes else None, others)


@dataclass(frozen=True)
class Told:
    """What every layer says of one moment: names [P], alpha [P], and each one's part."""

    tree: Tree
    names: tuple[str, ...]
    alpha: Floats
    parts: tuple[Part, ...]

    def beside(self, name: str, values: Floats) -> "Told":
        """With one more part [I], which counts as it is."""
        alpha = np.append(self.alpha, np.float32(1.0))
        part = Part(None, (Row(values),))
        return Told(self.tree, (*self.names, name), alpha, (*self.parts, part))

    def leaves(self) -> Floats:
        """All that is said of interests, α included, of the narrowest [K]."""
        total = np.zeros(len(self.tree.nodes[-1]), np.float32)
        for alpha, part in zip(self.alpha, self.parts, strict=True):
            if part.leaves is not None:
                total += alpha * part.leaves
        return total

    def of(self, items: Longs) -> Floats:
        """Each layer's share of some items' scores, α included [P × items]."""
        leaves = self.tree.ellpack(self.tree.levels).take(items)
        found = np.zeros((len(self.names), len(items)), np.float32)
        for share, part in zip(found, self.parts, strict=True):
            if part.leaves is not None:
                share += leaves.down(part.leaves)
            for term in part.terms:
                share += term.at(items)
        found *= self.alpha[:, None]
        return found

    def table(self) -> Floats:
        """Each layer's share of every item's score, α included [P × I]."""
        found = np.zeros((len(self.names), self.tree.membership(1).shape[0]), np.float32)
        for share, part in zip(found, self.parts, strict=True):
            if part.leaves is not None:
                share += self.tree.spread(part.leaves)
            for term in part.terms:
                share += term.every()
        found *= self.alpha[:, None]
        return found

    def all(self) -> tuple[Floats, float]:
        """The score of all items [I], and how far off any of them may be; what is said of interests
        comes to the items together."""
        total, off = self.tree.spread(self.leaves()), 0.0
        for alpha, part in zip(self.alpha, self.parts, strict=True):
            for term in part.terms:
                off += term.add_to(total, alpha)
        return total, off + _ROUND * (1.0 + max(abs(float(total.min())), abs(float(total.max()))))


def come_down(nodes: Sequence[Nodes], tree: Tree) -> Floats:
    """What is said of interests, of the narrowest: each has what is said of those above it [K]."""
    found = np.zeros(1, np.float32)
    for level, family in zip(tree.numbers, tree.siblings, strict=True):
        found = found[family.parent]
        for own in nodes:
            if own.level == level:
                found = found + own.values
    return found


def told(model: "InterestModel", moments: Moments) -> list[Told]:
    """What a model's layers, and feedback where there is any, say of each of a few moments."""
    tree, alpha = model.catalogue.tree, model.fusion.alpha(moments)
    layers = [terms(layer, moments) for layer in model.layers.values()]
    found = [
        Told(tree, tuple(model.layers), own, tuple(Part.of(some, tree) for some in each))
        for own, *each in zip(alpha, *layers, strict=True)
    ]
    if moments.said is None or not len(moments.said):
        return found
    wishes = Wishes(tree)
    for b in np.flatnonzero(np.diff(moments.said.offsets)):
        own = moments.said.take(np.array([b]))
        found[b] = found[b].beside(FEEDBACK, wishes.parts(own)[0])
    return found


def terms(layer: Layer, moments: Moments) -> Sequence[Sequence[Term]]:
    """What sums to a layer's `score` of each moment; where it says nothing of terms, just that."""
    terse: Terse | None = getattr(layer, "terms", None)
    return [[Row(row)] for row in layer.score(moments)] if terse is None else terse(moments)
