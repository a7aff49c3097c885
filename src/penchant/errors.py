"""Every error that Penchant raises on purpose.

    PenchantError
    ├── ConfigError          a setting is unknown, of the wrong type or out of range
    ├── DataError            what came in cannot be used
    │   ├── ReadError        a file cannot be read as what it says it is
    │   └── SchemaError      a column is missing or cannot be what it must be
    ├── NotFittedError       asked before `fit`
    ├── UnknownIdError       an item, interest or column that was never seen
    ├── LeakError            a split or a scorer would see past the cut
    ├── StoreError           the workspace cannot be used as it is
    │   ├── CorruptModelError   a model file does not match its checksum
    │   ├── CopiesLeftError     somebody's rows are gone, but not yet every copy of them
    │   └── HeldError           somebody else has what only one can have
    ├── StreamError          a stream cannot be reached now, or at all
    └── MissingExtraError    an optional package is needed; the message has the install line

Messages name the field, what came, what was expected, and what to do.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from reprlib import Repr
from typing import Final

_BRIEFLY: Final = Repr()  # nobody waits for the text of a long list that is cut anyway
_BRIEFLY.maxstring = _BRIEFLY.maxother = _BRIEFLY.maxlong = 200


class PenchantError(Exception):
    """The root: catch this to catch every error of the library."""


class ConfigError(PenchantError, ValueError):
    """A setting is unknown, of the wrong type or out of range; `faults`: of settings that were read
    together, the path of each that is wrong, and why."""

    def __init__(self, message: str, faults: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


class DataError(PenchantError, ValueError):
    """What came in cannot be used."""


class ReadError(DataError):
    """A file cannot be read as what it says it is."""


class SchemaError(DataError):
    """A column is missing or cannot be what it must be."""


class NotFittedError(PenchantError, RuntimeError):
    """Something was asked of a model that has not been fitted."""


class UnknownIdError(PenchantError, KeyError):
    """An item, interest or column that was never seen."""

    def __str__(self) -> str:
        """The message as written (KeyError would quote it)."""
        return str(self.args[0]) if self.args else ""


class LeakError(PenchantError, RuntimeError):
    """A split or a scorer would see past the cut."""


class StoreError(PenchantError, RuntimeError):
    """The workspace cannot be used as it is."""


class CorruptModelError(StoreError):
    """A model file does not match its checksum or cannot be parsed; `why`: which one, and what is
    wrong with it, in a few words that do not say where models are kept."""

    def __init__(self, message: str, why: str = "") -> None:
        super().__init__(message)
        self.why = why


class CopiesLeftError(StoreError):
    """Somebody's rows are gone (`rows`: how many), but copies may stand in a log that somebody who
    reads holds; forgetting once more removes them."""

    def __init__(self, message: str, rows: int = 0) -> None:
        super().__init__(message)
        self.rows = rows


class HeldError(StoreError):
    """Somebody else has what only one can have at a time; the lock goes away with its process."""


class StreamError(PenchantError, RuntimeError):
    """A stream, or what it needs, cannot be reached now, or at all."""


class MissingExtraError(PenchantError, ImportError):
    """An optional package is needed; the message has the install line."""


def short(value: object) -> str:
    """A value as an error shows it, cut where it is long."""
    text = _BRIEFLY.repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint such as " Did you mean 'weights'?", or an empty string.

    >>> did_you_mean("wieghts", ["weights", "repeats"])
    " Did you mean 'weights'?"
    """
    close = get_close_matches(word, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
