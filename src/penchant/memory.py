"""Freed memory goes back to the system.

The C library keeps what was freed, to hand it out again. After thousands of arrays of ever other
sizes, as learning a network makes them, hardly any piece fits the next one, and a process grows by
more than all that it holds.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter


def give_back() -> None:
    """Return what the C library keeps of freed memory; nothing where it cannot be asked to (only
    glibc can)."""
    trim = _trim()
    if trim is not None:
        trim(0)


@dataclass
class Regularly:
    """Gives back every few seconds of a long loop, however often it is asked to."""

    every: float = 4.0
    _since: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._since = perf_counter()

    def give_back(self) -> None:
        """Return what is kept of freed memory, where it is time."""
        if perf_counter() - self._since > self.every:
            give_back()
            self._since = perf_counter()


@cache
def _trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library
        return None
    return found
