"""Keys and the audit log in the files of a workspace; see `KeyStore` and `AuditLog`."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from penchant.errors import UnknownIdError
from penchant.serve.audit import Entry
from penchant.serve.keys import Key
from penchant.store.files import guarded, write_json
from penchant.store.lock import locked

Keys: TypeAlias = list[Key]
_TIMES = ("created", "expires", "revoked", "used")


class FileKeys:
    """Keys in `keys.json`: only their hashes."""

    def __init__(self, workspace: Path) -> None:
        self._path = workspace / "keys.json"

    def find(self, hash: str) -> Key | None:
        """The key of that hash, revoked or not."""
        return next((key for key in self.list() if key.hash == hash), None)

    def add(self, key: Key) -> Key:
        """Keep a new key; comes back with its id."""
        made: Keys = []

        def with_one_more(keys: Keys) -> Keys:
            made.append(replace(key, id=str(len(keys) + 1)))
            return [*keys, *made]

        self._change(with_one_more)
        return made[0]

    def revoke(self, id: str, at: datetime) -> None:
        """It opens nothing from then on.

        Raises:
            UnknownIdError: there is no such key.
        """
        if all(key.id != id for key in self.list()):
            raise UnknownIdError(f"key {id!r}: there is none; `penchant keys` lists them")
        self._one(id, revoked=at)

    def list(self) -> Sequence[Key]:
        """All keys, oldest first."""
        if not self._path.is_file():
            return []
        with guarded(self._path):
            return [_key(row) for row in json.loads(self._path.read_text(encoding="utf-8"))]

    def touch(self, id: str, at: datetime) -> None:
        """It was used."""
        self._one(id, used=at)

    def _one(self, id: str, **fields: Any) -> None:
        self._change(lambda keys: [replace(k, **fields) if k.id == id else k for k in keys])

    def _change(self, change: Callable[[Keys], Keys]) -> None:
        with locked(self._path.with_name(".keys.lock")):
            rows = [_plain(asdict(key)) for key in change([*self.list()])]
            write_json(self._path, rows)


class FileAudit:
    """Acts in `audit.jsonl`, a line each, on disk when `append` returns."""

    def __init__(self, workspace: Path) -> None:
        self._path = workspace / "audit.jsonl"

    def append(self, entry: Entry) -> None:
        """Keep one act."""
        line = json.dumps(_plain(asdict(entry)), ensure_ascii=False) + "\n"
        with guarded(self._path):
            handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(handle, line.encode())
                os.fsync(handle)
            finally:
                os.close(handle)

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[Entry]:
        """Acts in the order they came, from a number on."""
        if not self._path.is_file():
            return []
        with guarded(self._path):
            lines = self._path.read_text(encoding="utf-8").splitlines()
        return [_entry(json.loads(line)) for line in lines[after : after + limit]]


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()}


def _key(row: dict[str, Any]) -> Key:
    times = {n: None if row[n] is None else datetime.fromisoformat(row[n]) for n in _TIMES}
    return Key(**{**row, **times, "scopes": tuple(row["scopes"])})


def _entry(row: dict[str, Any]) -> Entry:
    return Entry(**{**row, "time": datetime.fromisoformat(row["time"])})
