"""Who did what that cannot be undone: calls of admins, and erasures."""

import hashlib
from collections.abc import Sequence
from typing import Protocol

from penchant.store.sql.audit import Entry


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
    """A person's name as the audit log has it: who knows the name can look for it, the log alone
    does not tell it."""
    return "sha256:" + hashlib.sha256(user_id.encode()).hexdigest()
