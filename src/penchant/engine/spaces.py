"""Which settings may be searched, and a space to begin with."""

import tomllib
from pathlib import Path
from typing import Any, Final, TypeAlias

import polars as pl

from penchant.data import columns as c
from penchant.engine.config import EngineConfig
from penchant.errors import ConfigError
from penchant.interests.model import LAYERS
from penchant.train.space import Space

Given: TypeAlias = Space | dict[str, Any] | str | Path
"""A space, a table of one, or the TOML file that holds it."""

CLOSED: Final = {
    "seed": "a lucky seed is no better setting",
    "ties": "it says what is true of the data",
    "keep": "it changes no figure",
    "clean": "it changes what is asked, so that trials could not be compared",
    "events.repeats": "it changes what is asked, so that trials could not be compared",
    "events.repeats_above": "it changes what is asked, so that trials could not be compared",
    "interests.holdout.kind": "it follows the split (--split)",
    "recommend": "it changes no figure",
    "evaluate": "it changes what is asked, so that trials could not be compared",
}
"""Settings that are not searched, with the reason."""

EXAMPLE: Final = """\
# A space for `penchant tune`: settings by their dotted names (`penchant config` lists them all),
# and what each may be set to. This one is used when no file is given.
#
#   a list            one of its values
#   low, high         any number between; of a whole setting, whole numbers
#   log = true        drawn by the logarithm, for what spans powers of ten
#   step = 2          in steps from low
#   int = true        whole numbers, where the setting takes others too
#
# Settings that are not named stay as they are in config.toml. To fix one, use --set or config.toml.

[interests.dynamic]
# How wide, how far back, how firm: small data want less width and more dropout.
dims = [32, 64, 128]
length = [20, 50, 100]
dropout = { low = 0.0, high = 0.5, step = 0.1 }
rate = { low = 0.0005, high = 0.008, log = true }
temperature = { low = 0.04, high = 0.15, log = true }

[interests.base.linear]
# λ and κ/λ are chosen from these lists while learning: a list of lists.
penalty = [[30.0, 100.0, 300.0, 1000.0], [3.0, 10.0, 30.0, 100.0], [300.0, 1000.0, 3000.0]]
text = [[0.0, 0.03, 0.1, 0.3], [0.0], [0.1, 0.3, 1.0]]
# [what one more event leaves of a weight, half-life in days or 0 for never], mixed while learning.
rhythms = [
  [[0.5, 0.0], [0.7, 90.0], [0.9, 30.0], [0.95, 365.0], [1.0, 0.0]],
  [[0.3, 0.0], [0.6, 7.0], [0.8, 30.0], [0.9, 90.0], [1.0, 365.0]],
  [[0.8, 0.0], [0.95, 180.0], [1.0, 90.0], [1.0, 730.0], [1.0, 0.0]],
]
doubt = { low = 1.0, high = 25.0, log = true }

[interests.popularity]
# Half-lives in days, mixed while learning: as set; of a shop whose hits last hours; of slow tastes.
half_lives = [
  [0.5, 2.0, 7.0, 30.0, 120.0, 480.0, 2000.0, 1e6],
  [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 14.0, 60.0],
  [7.0, 30.0, 90.0, 365.0, 1500.0],
]
smoothing = { low = 0.1, high = 5.0, log = true }

[interests.fusion]
pull = { low = 0.002, high = 0.2, log = true }

[tree]
# Fewer or more levels, and how small an interest may be.
levels = [2, 3, 4]
smallest = [3, 5, 10, 20]
"""


def space_of(given: Given | None, config: EngineConfig) -> Space:
    """A space, checked against the settings; None: the one to begin with.

    Raises:
        ConfigError: a name is no setting that may be searched, a value is none that it can have,
            or there is nothing to choose from.
    """
    if given is None:
        return Space.of(tomllib.loads(EXAMPLE), config, CLOSED)
    if isinstance(given, Space):
        return Space.of(given.to_json(), config, CLOSED)
    if isinstance(given, dict):
        return Space.of(given, config, CLOSED)
    return Space.from_toml(given, config, CLOSED)


def check_names(space: Space, events: pl.DataFrame) -> None:
    """Whether what is named inside `events.weights` and `interests.fusion.fixed` is there.

    Raises:
        ConfigError: the log has no such type of event, or there is no such layer.
    """
    kinds = events[c.EVENT].unique().drop_nulls().sort().to_list()
    for group, known in (("events.weights", kinds), ("interests.fusion.fixed", list(LAYERS))):
        for name in space.names:
            inside = name.removeprefix(f"{group}.")
            if inside != name and inside not in known:
                raise ConfigError(
                    f"space: {name}: there is no {inside!r} here; there are {', '.join(known)}"
                )
