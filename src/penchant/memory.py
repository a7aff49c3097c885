"""Freed memory goes back to the system.

The C library keeps what was freed, to hand it out again. After thousands of arrays of ever other
sizes, as learning a network makes them, hardly any piece fits the next one, and a process grows by
more than all that it holds.
"""

import ctypes
from collections.abc import Callable
from functools import cache


def give_back() -> None:
    """Return what the C library keeps of freed memory; nothing where it cannot be asked to (only
    glibc can)."""
    trim = _trim()
    if trim is not None:
        trim(0)


@cache
def _trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`."""
    try:
        found: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library
        return None
    return found
