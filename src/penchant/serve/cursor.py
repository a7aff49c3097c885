"""Cursors: where a page ended, as a word that means nothing to others and is checked."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Final

from penchant.serve.problem import Problem

_DIGITS: Final = 18  # so many fit into a number of a database


def cursor(last: str) -> str:
    """The cursor behind an id.

    >>> place(cursor("tea"))
    'tea'
    """
    return urlsafe_b64encode(last.encode()).decode().rstrip("=")


def number(cursor: str | None) -> int | None:
    """The number that a cursor stands behind; None for the first page.

    Raises:
        Problem: it is no cursor of numbers (422).
    """
    last = place(cursor)
    if last is None:
        return None
    if not (last.isascii() and last.isdigit() and len(last) <= _DIGITS):
        raise _none()
    return int(last)


def place(cursor: str | None) -> str | None:
    """The id that a cursor stands behind; None for the first page.

    Raises:
        Problem: it is no cursor (422).
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return urlsafe_b64decode(padded.encode("ascii")).decode("utf-8")
    except (binascii.Error, UnicodeError, ValueError):
        raise _none() from None


def _none() -> Problem:
    return Problem(
        422, "cursor: it is none; expected `next` of the page before, or no cursor at all"
    )
