"""Who did what that cannot be undone: calls of admins, and erasures; kept beside the rows that they
are about."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Entry:
    """One act: by whom (the id of a key), of what kind, on whom (never a name: a hash)."""

    time: datetime
    actor: str
    action: str
    subject: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    def counted(self, rows: int) -> "Entry":
        """The act, with how many rows it removed."""
        detail = {**self.detail, "rows": rows}
        return Entry(self.time, self.actor, self.action, self.subject, detail)


class AuditLog(Protocol):
    """Where acts are kept: a database (`SqlAudit`), or memory."""

    def append(self, entry: Entry) -> None:
        """Keep one act."""
        ...

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Acts in the order they came, from a number on."""
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


def masked(user_id: str) -> str:
    """A person's name as the audit log has it. Who knows the name can look for it; who does not
    reads no name, but can try names: the log is to be kept like one of names."""
    return "sha256:" + hashlib.sha256(user_id.encode()).hexdigest()
