"""A network that was read back and is not needed yet, or never.

Torch takes longer to load than a service has to begin. A few sequences need nothing of it: there is
`Quick`, and the items' vectors stand in the file. So what was read stays arrays until more is asked
(many people at once, another network, learning): then it wakes.
"""

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from penchant.interests.dynamic.quick import Quick
from penchant.interests.layer import Catalogue
from penchant.interests.vectors import Vectors
from penchant.types import Arrays, Floats

if TYPE_CHECKING:
    from penchant.interests.dynamic.heading import Heading
    from penchant.interests.dynamic.sequence import DynamicConfig

KEPT = "kept"
"""The items' vectors, as they are asked, among a network's arrays."""


@dataclass(frozen=True)
class Asleep:
    """The weights of a `Heading` by name, the catalogue that they are of, and the catalogue that is
    asked about now, of which `kept` are the vectors."""

    config: "DynamicConfig"
    both_ways: bool
    arrays: Arrays
    learned: Catalogue
    catalogue: Catalogue
    kept: Vectors
    _waking: Any = field(init=False, repr=False, compare=False, default_factory=Lock)

    @classmethod
    def of(
        cls, config: "DynamicConfig", both_ways: bool, arrays: Arrays, catalogue: Catalogue
    ) -> Self:
        """A network by its arrays; vectors that are not among them are made."""
        weights = {name: a for name, a in arrays.items() if name != KEPT}
        rows = arrays[KEPT] if KEPT in arrays else vectors(weights, catalogue)
        kept = Vectors(np.require(rows, requirements="W"))  # as torch wants it, if it wakes
        return cls(config, both_ways, weights, catalogue, catalogue, kept)

    @cached_property
    def quick(self) -> Quick | None:
        """The way of a few sequences; None where there is none: wake it then."""
        weights = {n: np.array(a) for n, a in self.arrays.items() if not n.startswith("items.")}
        return Quick.of(self.config, self.both_ways, weights, self.kept.rows)

    def extended(self, catalogue: Catalogue) -> "Asleep":
        """The same with room for items that came later, the vectors of others as they are."""
        later = vectors(self.arrays, catalogue, len(self.catalogue))
        kept = self.kept.extended(later)
        return Asleep(self.config, self.both_ways, self.arrays, self.learned, catalogue, kept)

    def woken(self) -> "Heading":
        """The network itself, always the same one."""
        with self._waking:
            return self._woken

    @cached_property
    def _woken(self) -> "Heading":
        import torch

        from penchant.interests.dynamic.heading import Heading

        with torch.random.fork_rng(devices=[]):  # what is drawn at first is replaced at once
            net = Heading(self.learned, self.config, both_ways=self.both_ways)
        net.load_state_dict({n: torch.from_numpy(np.array(a)) for n, a in self.arrays.items()})
        net.eval()
        if len(self.catalogue) > len(self.learned):
            net = net.extended(self.catalogue)
        net.keep(self.kept)
        return net


def vectors(weights: Arrays, catalogue: Catalogue, since: int = 0) -> Floats:
    """Unit vectors of the items from a row on [I − since × D], by the weights of a `Heading`; items
    that these do not know have no e. `Heading.vectors` is the plain way to the same."""
    text, e = catalogue.text[since:], weights["items.behaviour.weight"][since:]
    v = text @ weights["items.project.weight"].T
    v[: len(e)] += e
    for level, w in zip(catalogue.tree.numbers, weights["items.level"], strict=True):
        q = weights[f"items.nodes.{level - 1}"]
        v += w * (catalogue.tree.membership(level)[since:] @ q)
    v /= np.maximum(np.linalg.norm(v, axis=1, keepdims=True), np.float32(1e-12))
    return np.asarray(v, np.float32)
