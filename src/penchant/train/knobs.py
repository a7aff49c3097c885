"""What one setting may be set to: one of a few values, or a number from a range."""

import json
import math
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np

POINTS: Final = 3
"""Values that a grid takes of a range without steps: its ends, and the middle."""
_DIGITS: Final = 4  # of what is drawn from a range: people read it
_EXACT: Final = 12  # of a step, which has its own place


def text(value: Any) -> str:
    """A value as JSON: what is the same reads the same."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


@dataclass(frozen=True)
class Choices:
    """One of a few values."""

    values: tuple[Any, ...]

    @property
    def count(self) -> int:
        """Number of points in a grid."""
        return len(self.values)

    def point(self, n: int) -> Any:
        """The n-th value."""
        return self.values[n]

    def draw(self, rng: np.random.Generator) -> Any:
        """One of them, all alike."""
        return self.values[int(rng.integers(len(self.values)))]

    def holds(self, value: Any) -> bool:
        """Whether a value is one of them."""
        return text(value) in map(text, self.values)

    def to_toml(self) -> Any:
        """As it is written."""
        return list(self.values)


@dataclass(frozen=True)
class Range:
    """A number from low to high, both included: evenly, by its logarithm, or in steps."""

    low: float
    high: float
    log: bool = False
    step: float | None = None
    whole: bool = False

    @property
    def count(self) -> int:
        """Number of points in a grid: every step; without steps the ends and the middle."""
        if self.step is None:
            return min(POINTS, int(self.high - self.low) + 1) if self.whole else POINTS
        return math.floor((self.high - self.low) / self.step + 1e-9) + 1

    def point(self, n: int) -> Any:
        """The n-th point, the lowest first."""
        if self.step is not None:
            return self._typed(self.low + n * self.step)
        return self._typed(self._at(n / (self.count - 1)))

    @property
    def top(self) -> float:
        """The highest value: on a step where there are steps."""
        return self.high if self.step is None else float(self.point(self.count - 1))

    def draw(self, rng: np.random.Generator) -> Any:
        """A value from inside."""
        if self.step is not None:
            return self.point(int(rng.integers(self.count)))
        if self.whole and not self.log:
            return int(rng.integers(int(self.low), int(self.high) + 1))
        return self._typed(self._at(float(rng.random())))

    def holds(self, value: Any) -> bool:
        """Whether a value lies inside, on a step where there are steps."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            return False
        steps = 0.0 if self.step is None else (value - self.low) / self.step
        return abs(steps - round(steps)) < 1e-6

    def nearest(self, value: float) -> Any:
        """A value in few digits, and inside."""
        return self._typed(value)

    def to_toml(self) -> Any:
        """As it is written."""
        made: dict[str, Any] = {"low": self.low, "high": self.high}
        return made | {
            name: value
            for name, value in (("log", self.log), ("step", self.step), ("int", self.whole))
            if value
        }

    def _at(self, share: float) -> float:
        if self.log:
            return self.low * math.exp(share * math.log(self.high / self.low))
        return self.low + share * (self.high - self.low)

    def _typed(self, value: float) -> int | float:
        low, high = self.low, self.high
        if self.whole:
            return int(min(max(round(value), low), high))
        digits = _DIGITS if self.step is None else _EXACT
        return float(min(max(float(f"{value:.{digits}g}"), low), high))


Knob: TypeAlias = Choices | Range
