"""Who did what that only an admin may: erasures, exports, backups, fits, keys, which version
serves; kept beside the rows that they are about."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final, Literal, Protocol, TypeAlias, get_args

Action: TypeAlias = Literal[
    "forget", "export", "fit", "promote", "rollback", "rebuild", "backup", "restore", "add-key",
    "revoke-key",
]  # fmt: skip
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
"""What is put down."""


@dataclass(frozen=True)
class Entry:
    """One act: by whom (the id of a key, or where they stood), of what kind, on whom (never a name:
    a hash)."""

    time: datetime
    actor: str
    action: str
    subject: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def counted(self, rows: int) -> "Entry":
        """The act, with how many rows it removed."""
        detail = {**self.detail, "rows": rows}
        return Entry(self.time, self.actor, self.action, self.subject, detail)


@dataclass(frozen=True)
class Kept:
    """An act, with its number in the log: they count from 1, as they came."""

    number: int
    act: Entry

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        told = vars(self.act) | {"time": self.act.time.isoformat(), "detail": dict(self.act.detail)}
        return {"number": self.number, **told}


@dataclass(frozen=True)
class Wanted:
    """Which acts: from a time on, of one kind, on one person (as `masked`), those before the one of
    a number; None: whatever it is.

    >>> Wanted(action="forget").takes(Kept(1, Entry(datetime(2024, 5, 1), "1", "fit")))
    False
    """

    since: datetime | None = None
    action: str | None = None
    subject: str | None = None
    before: int | None = None

    def takes(self, kept: Kept) -> bool:
        """Whether an act is one of them."""
        act = kept.act
        return (
            (self.since is None or act.time >= self.since)
            and self.action in (None, act.action)
            and self.subject in (None, act.subject)
            and (self.before is None or kept.number < self.before)
        )


ALL: Final = Wanted()
"""Every act."""


class AuditLog(Protocol):
    """Where acts are kept: a database (`SqlAudit`), or memory."""

    def append(self, entry: Entry) -> None:
        """Keep one act."""
        ...

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Acts in the order they came, from a number on."""
        ...

    def newest(self, wanted: Wanted = ALL, limit: int = 100) -> Sequence[Kept]:
        """The newest of some acts, newest first."""
        ...


class MemoryAudit:
    """Acts that are kept as long as the process lives."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def append(self, entry: Entry) -> None:
        """Keep one act."""
        self._entries.append(entry)

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Acts in the order they came, from a number on."""
        return self._entries[after : after + limit]

    def newest(self, wanted: Wanted = ALL, limit: int = 100) -> Sequence[Kept]:
        """The newest of some acts, newest first."""
        entries = self._entries[:]
        kept = (Kept(n, entries[n - 1]) for n in range(len(entries), 0, -1))
        return list(islice(filter(wanted.takes, kept), limit))


def masked(user_id: str) -> str:
    """A person's name as the audit log has it. Who knows the name can look for it; who does not
    reads no name, but can try names: the log is to be kept like one of names."""
    return "sha256:" + hashlib.sha256(user_id.encode()).hexdigest()
