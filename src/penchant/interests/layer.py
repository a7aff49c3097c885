"""What a layer is: something that learns from a log and scores every item for a moment.

    s(u, i, t, c) = α_b · base_i(u, t) + α_c · context_i(u, c)
                  + α_d · ⟨d_u(t), v_i⟩ + α_p · pop_i(t)

Each term on the right is a `Layer`. A layer keeps nothing about a person: all it is told is a
moment's events. So a new user is served at once, and an erased one is gone at once.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol, Self

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.data.vocabulary import Vocabulary
from penchant.taxonomy.tree import Tree
from penchant.train.holdout import Holdout, HoldoutConfig
from penchant.types import QUIET, Floats, Longs, Progress, Report, State


@dataclass(frozen=True)
class Catalogue:
    """What layers know of the items: ids [I], language vectors [I × D] (unit rows), the tree."""

    items: Vocabulary
    text: Floats
    tree: Tree

    def __len__(self) -> int:
        return len(self.items)


class Prior(Protocol):
    """What everybody turns to, known before a layer is learned."""

    def before(self, time: Longs, items: Longs | None = None) -> Floats:
        """Scores of some items at some times [P × C], or of all [P × I]."""
        ...


@dataclass(frozen=True)
class Training:
    """What a layer learns from: the catalogue, the log, and how to go about it.

    `prior` is what everybody turns to at a time: a layer that is learned beside it need not learn
    it again. `holdout` are moments that are not in the log, for choosing settings, and `cut` is how
    they were taken out of it; `repeats` says whether people have the same item again; `scratch` is
    a folder for checkpoints, so that an interrupted fit goes on where it stopped. `report` is told
    what was not read whole.
    """

    catalogue: Catalogue
    log: Histories
    holdout: Holdout | None = None
    repeats: bool = False
    prior: Prior | None = None
    seed: int = 0
    progress: Progress = QUIET
    scratch: Path | None = None
    report: Report | None = None
    cut: HoldoutConfig | None = None


class Layer(Protocol):
    """One term of the score."""

    kind: ClassVar[str]

    def fit(self, training: Training) -> Self:
        """Learn from a log."""
        ...

    def refit(self, training: Training) -> Self:
        """Learn again from more events, keeping what was chosen by held-out moments."""
        ...

    def score(self, moments: Moments) -> Floats:
        """Score every item for every moment [B × I]; higher is more likely next."""
        ...

    def state(self) -> State:
        """What was learned, as arrays and plain values."""
        ...

    def restore(self, state: State, catalogue: Catalogue) -> Self:
        """Take up what was learned before."""
        ...

    def extend(self, catalogue: Catalogue) -> None:
        """Make room for items that came after the fit; they stand at the end of the catalogue.

        It is called on a shallow copy: what is learned is replaced, never changed in place.
        """
        ...
