"""Time: UTC everywhere, microseconds since 1970 inside."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from penchant.errors import DataError

Clock: TypeAlias = Callable[[], datetime]

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR

_BEGIN: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST, _LAST = (
    (end.replace(tzinfo=UTC) - _BEGIN) // timedelta(microseconds=1)
    for end in (datetime.min, datetime.max)
)


def now() -> datetime:
    """The time by this machine's clock; pass another `Clock` where time must stand still."""
    return datetime.now(UTC)


def micros(at: datetime | str, name: str = "at") -> int:
    """A time as microseconds since 1970 in UTC; without a zone it is taken as UTC.

    `name` is what an error calls it.

    >>> micros("1970-01-02")
    86400000000

    Raises:
        DataError: the text is not an ISO 8601 time, or in UTC it is outside the years 1 to 9999.
    """
    if isinstance(at, str):
        try:
            at = datetime.fromisoformat(at)
        except ValueError:
            raise DataError(
                f"{name}: {at!r} is not a time; expected ISO 8601, as 2024-05-01"
            ) from None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    us = (at - _BEGIN) // timedelta(microseconds=1)
    if not _FIRST <= us <= _LAST:
        raise DataError(f"{name}: {at.isoformat()} is outside the years 1 to 9999 in UTC")
    return us


def when(us: int) -> datetime:
    """Microseconds since 1970 as a time in UTC."""
    return _BEGIN + timedelta(microseconds=int(us))
