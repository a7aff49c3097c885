"""A model that learns each layer once: variants with the same settings of a layer share it.

A layer depends on its own settings, the catalogue, the log, what it chooses by, and the popularity
that it is learned beside. Where all of these are the same, its state is taken up again, which is
the same as learning it again: saved and loaded, a layer gives the same numbers.
"""

import hashlib
from copy import copy
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from penchant.data.moments import Moments
from penchant.interests.layer import Catalogue, Layer, Training
from penchant.interests.model import InterestModel
from penchant.interests.shares import OTHERS
from penchant.types import Floats, State

Memory = dict[tuple[str, ...], State]


@dataclass
class Remembered:
    """A layer that takes up what an equal one learned before."""

    layer: Layer
    key: tuple[str, ...]
    memory: Memory
    kind: str = "remembered"

    def fit(self, training: Training) -> "Remembered":
        return self._once("fit", training, self.layer.fit)

    def refit(self, training: Training) -> "Remembered":
        return self._once("refit", training, self.layer.refit)

    def _once(self, stage: str, training: Training, learn: Any) -> "Remembered":
        key = (*self.key, stage, _told(training))
        if key in self.memory:
            self.layer.restore(self.memory[key], training.catalogue)
        else:
            learn(training)
            arrays, values = self.layer.state()
            self.memory[key] = ({name: np.array(x) for name, x in arrays.items()}, values)
        return self

    def score(self, moments: Moments) -> Floats:
        return self.layer.score(moments)

    def state(self) -> State:
        return self.layer.state()

    def restore(self, state: State, catalogue: Catalogue) -> "Remembered":
        self.layer.restore(state, catalogue)
        return self

    def extend(self, catalogue: Catalogue) -> None:
        self.layer = copy(self.layer)
        self.layer.extend(catalogue)


@dataclass
class RememberingModel(InterestModel):
    """The interest model over such layers."""

    memory: Memory = field(default_factory=dict, repr=False)

    def _made(self) -> dict[str, Layer]:
        made = super()._made()
        beside = self.config.popularity.model_dump_json() if "popularity" in made else ""
        found: dict[str, Layer] = {}
        for name, layer in made.items():
            if name in OTHERS:  # counted anew at once
                found[name] = layer
                continue
            own = getattr(self.config, name).model_dump_json()
            key = (name, own, beside, self.config.holdout.model_dump_json())
            found[name] = Remembered(layer, key, self.memory)  # type: ignore[assignment]
        return found


def _told(training: Training) -> str:
    """What a layer is given to learn from, as a digest."""
    log, catalogue = training.log, training.catalogue
    digest = hashlib.blake2b(digest_size=16)
    for x in (log.offsets, log.item, log.time, log.weight, catalogue.text):
        digest.update(np.ascontiguousarray(x).tobytes())
    for level in range(1, catalogue.tree.levels + 1):
        members = catalogue.tree.membership(level)
        digest.update(members.indices.tobytes() + members.data.tobytes())
    digest.update(repr((training.repeats, training.seed, len(training.holdout or ()))).encode())
    return digest.hexdigest()
