"""A space of settings to search: dotted names, and for each the values that it may take.

"interests.dynamic.dims" = [32, 64, 128]                                    # choices
"interests.dynamic.rate" = { low = 0.0005, high = 0.005, log = true }       # a range
"tree.smallest" = { low = 3, high = 15, step = 4 }                          # a range in steps

Names are those of the settings; groups may also be written as TOML tables. Everything is checked
before anything is learned.
"""

import math
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from penchant.config import Config
from penchant.errors import ConfigError
from penchant.train.knobs import Choices, Knob
from penchant.train.read_space import knobs_of

Settings: TypeAlias = dict[str, Any]
"""Values by dotted name."""


@dataclass(frozen=True)
class Space:
    """What may be set to what.

    >>> from penchant.data.augment import AugmentConfig
    >>> space = Space.of({"chance": {"low": 0.1, "high": 0.9}, "shortest": [3, 4]}, AugmentConfig())
    >>> space.names
    ('chance', 'shortest')
    >>> len(list(space.grid()))
    6
    """

    knobs: Mapping[str, Knob] = field(default_factory=dict)

    @classmethod
    def of(cls, table: Mapping[str, Any], settings: Config, closed: Mapping[str, str] = {}) -> Self:
        """A space from a table as TOML reads it, checked against the settings that it speaks of.

        `closed`: settings and groups that may not be searched, each with the reason.

        Raises:
            ConfigError: a name is no setting, a value is none that it can have, or there is
                nothing to choose from.
        """
        knobs = dict(knobs_of(table, type(settings), "", closed))
        if not knobs:
            raise ConfigError(
                "space: it came empty; expected settings with lists or ranges of values, as "
                '"interests.dynamic.dims" = [32, 64]'
            )
        return cls(knobs)

    @classmethod
    def from_toml(cls, path: str | Path, settings: Config, closed: Mapping[str, str] = {}) -> Self:
        """A space from a TOML file.

        Raises:
            ConfigError: it cannot be read, or as `of`.
        """
        try:
            table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file; expected a space as TOML") from None
        except OSError as error:
            raise ConfigError(f"{path}: cannot be read ({error.strerror or error})") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not valid TOML ({error})") from None
        return cls.of(table, settings, closed)

    @property
    def names(self) -> tuple[str, ...]:
        """What is searched, in the order given."""
        return tuple(self.knobs)

    @property
    def size(self) -> int:
        """Number of settings in the grid."""
        return math.prod(knob.count for knob in self.knobs.values())

    @property
    def finite(self) -> bool:
        """Whether the grid is all there is."""
        return all(isinstance(k, Choices) or k.step is not None for k in self.knobs.values())

    def grid(self) -> Iterator[Settings]:
        """Every combination of points."""
        return map(self.nth, range(self.size))

    def nth(self, n: int) -> Settings:
        """The n-th of the grid's combinations, without making the others."""
        made: Settings = {}
        for name, knob in reversed(list(self.knobs.items())):
            n, place = divmod(n, knob.count)
            made[name] = knob.point(place)
        return {name: made[name] for name in self.knobs}

    def draw(self, rng: np.random.Generator) -> Settings:
        """Values drawn for every setting."""
        return {name: knob.draw(rng) for name, knob in self.knobs.items()}

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Whether settings lie inside."""
        return set(settings) == set(self.knobs) and all(
            knob.holds(settings[name]) for name, knob in self.knobs.items()
        )

    def to_json(self) -> dict[str, Any]:
        """As a table by dotted names; `of` reads it back."""
        return {name: knob.to_toml() for name, knob in self.knobs.items()}

    def to_toml(self) -> str:
        """As TOML."""
        import tomli_w

        return tomli_w.dumps(self.to_json())
