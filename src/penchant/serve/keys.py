"""API keys: who may do what.

A key is 256 random bits, shown once. What is stored is its SHA-256: a slow hash protects words that
people choose and that can be guessed one by one; 2²⁵⁶ random values cannot be, and a fast hash lets
every call be checked.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias, get_args

from penchant.errors import UnknownIdError

Scope: TypeAlias = Literal["ingest", "read", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
PREFIX: Final = "pck_"


@dataclass(frozen=True)
class Key:
    """What is known of a key: never the key itself."""

    id: str
    name: str
    hash: str
    scopes: tuple[str, ...]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None
    used: datetime | None = None
    rate: float | None = None

    def may(self, scope: Scope) -> bool:
        """Whether it opens a door; `admin` opens all."""
        return scope in self.scopes or "admin" in self.scopes

    def holds(self, at: datetime) -> bool:
        """Whether it is neither revoked nor past its time."""
        return self.revoked is None and (self.expires is None or at < self.expires)


class KeyStore(Protocol):
    """Where keys are kept."""

    def find(self, hash: str) -> Key | None:
        """The key of that hash, revoked or not."""
        ...

    def add(self, key: Key) -> Key:
        """Keep a new key; comes back with its id."""
        ...

    def revoke(self, id: str, at: datetime) -> None:
        """It opens nothing from then on."""
        ...

    def list(self) -> Sequence[Key]:
        """All keys, oldest first."""
        ...

    def touch(self, id: str, at: datetime) -> None:
        """It was used."""
        ...


class MemoryKeys:
    """Keys that live as long as the process."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}

    def find(self, hash: str) -> Key | None:
        """The key of that hash, revoked or not."""
        return next((k for k in self._keys.values() if k.hash == hash), None)

    def add(self, key: Key) -> Key:
        """Keep a new key; comes back with its id."""
        kept = replace(key, id=str(len(self._keys) + 1))
        self._keys[kept.id] = kept
        return kept

    def revoke(self, id: str, at: datetime) -> None:
        """It opens nothing from then on.

        Raises:
            UnknownIdError: there is no such key.
        """
        if id not in self._keys:
            raise UnknownIdError(f"key {id!r}: there is none; `penchant keys list` shows them")
        self._keys[id] = replace(self._keys[id], revoked=at)

    def list(self) -> Sequence[Key]:
        """All keys, oldest first."""
        return list(self._keys.values())

    def touch(self, id: str, at: datetime) -> None:
        """It was used."""
        self._keys[id] = replace(self._keys[id], used=at)


def fresh() -> str:
    """A new key, as its owner gets it."""
    return PREFIX + secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """What is kept of a key.

    >>> hashed("pck_x")[:12]
    '70c14f8d8bb3'
    """
    return hashlib.sha256(token.encode()).hexdigest()


def found(store: KeyStore, token: str, at: datetime) -> Key | None:
    """The key that a token is, if it holds at a time."""
    key = store.find(hashed(token))
    if key is None or not hmac.compare_digest(key.hash, hashed(token)) or not key.holds(at):
        return None
    return key
