"""All sources by name, and which of them a path looks like."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from penchant.data.sources import Source
from penchant.data.sources.amazon import Amazon
from penchant.data.sources.mind import Mind
from penchant.data.sources.movielens import MovieLens
from penchant.data.sources.online_retail import OnlineRetail
from penchant.data.sources.recbole import RecBole
from penchant.errors import ConfigError, ReadError, did_you_mean

SOURCES: Final[tuple[Source, ...]] = (RecBole(), Mind(), MovieLens(), OnlineRetail(), Amazon())
"""The built-in sources, the most easily told first, each with its default settings."""


def detect(path: str | Path, extra: Sequence[Source] = ()) -> Source | None:
    """The first source that a file or folder looks like; those in `extra` are asked first.

    Raises:
        ReadError: there is nothing at the path.
    """
    where = Path(path)
    if not where.exists():
        raise ReadError(f"{where}: no such file or folder")
    return next((one for one in (*extra, *SOURCES) if one.matches(where)), None)


def source(name: str, extra: Sequence[Source] = ()) -> Source:
    """The source of a name; those in `extra` come before the built-in ones.

    >>> source("movielens").name
    'movielens'

    Raises:
        ConfigError: no source has that name.
    """
    found = {one.name: one for one in (*SOURCES, *reversed(extra))}
    if name not in found:
        hint = did_you_mean(name, found)
        raise ConfigError(
            f"source: {name!r} came; expected one of {', '.join(sorted(found))}.{hint}"
        )
    return found[name]
