"""Who is measured in a diagnosis, and one figure of it."""

from dataclasses import dataclass
from typing import Literal, Self

ALL = "all"
INFLUENCE = "influence"
FEWEST = 30
"""A lead over fewer users is shown, but never called clear."""

Role = Literal["whole", "alone", "without", "baseline"]


@dataclass(frozen=True)
class Scored:
    """Who is measured: the whole, a layer alone, the whole without a layer, or a baseline."""

    role: Role
    of: str

    @classmethod
    def whole(cls, model: str) -> Self:
        """The model as it serves."""
        return cls("whole", model)

    @classmethod
    def alone(cls, layer: str) -> Self:
        """One layer by itself."""
        return cls("alone", layer)

    @classmethod
    def without(cls, layer: str) -> Self:
        """All layers but one."""
        return cls("without", layer)

    @classmethod
    def baseline(cls, name: str) -> Self:
        """Something to beat."""
        return cls("baseline", name)

    @property
    def name(self) -> str:
        """As it is called in tables."""
        named = {"alone": f"{self.of} alone", "without": f"without {self.of}"}
        return named.get(self.role, self.of)


@dataclass(frozen=True)
class Figure:
    """One scorer's mean of one metric over a group of users, and the whole's lead over it.

    `side` is what the group looks at (history, last event, targets, users, items). Intervals are
    at 95 %. The whole itself, and influence, have no lead; None says that there is none.
    """

    side: str
    group: str
    scorer: str
    role: Role
    of: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    lead: float | None
    lead_low: float | None
    lead_high: float | None
    users: int

    @property
    def worse(self) -> bool:
        """Whether the whole is worse than this beyond noise."""
        return self.lead_high is not None and self.lead_high < 0 and self.users >= FEWEST

    @property
    def better(self) -> bool:
        """Whether the whole is better than this beyond noise."""
        return self.lead_low is not None and self.lead_low > 0 and self.users >= FEWEST
