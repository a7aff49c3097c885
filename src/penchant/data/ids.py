"""Ids as they are asked for: tables keep them as text, and people who write programs as numbers."""

from collections.abc import Iterable
from numbers import Integral
from typing import Final, TypeAlias

from penchant.errors import DataError, short

Id: TypeAlias = str | int
"""An id from outside: 14388 and "14388" are the same one."""
AN_ID: Final = "an id: text or a whole number"


def id_of(said: object, name: str = "user_id") -> str:
    """An id as tables keep it.

    Raises:
        DataError: what came is neither text nor a whole number.

    >>> id_of(14388), id_of("ann")
    ('14388', 'ann')
    >>> id_of(None)
    Traceback (most recent call last):
    penchant.errors.DataError: user_id: None came; expected an id: text or a whole number
    """
    if isinstance(said, str):
        return said
    if isinstance(said, Integral) and not isinstance(said, bool):
        return str(int(said))
    if isinstance(said, float) and said.is_integer():  # a column with gaps has its numbers so
        return str(int(said))
    raise DataError(f"{name}: {short(said)} came; expected {AN_ID}")


def ids_of(said: Iterable[object], name: str = "user_ids") -> list[str]:
    """Several ids as tables keep them.

    Raises:
        DataError: one of them is neither text nor a whole number, or no list came.
    """
    if isinstance(said, str) or not isinstance(said, Iterable):
        raise DataError(f"{name}: {short(said)} came; expected a list of ids")
    return [id_of(one, name) for one in said]
