"""API keys: who may do what.

A key is 256 random bits, shown once. What is stored is its SHA-256: a slow hash protects words that
people choose and that can be guessed one by one; 2²⁵⁶ random values cannot be, and a fast hash lets
every call be checked.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, Protocol, TypeAlias, get_args

from penchant.errors import UnknownIdError
from penchant.store.sql.keys import Key

Scope: TypeAlias = Literal["ingest", "read", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
PREFIX: Final = "pck_"


class KeyStore(Protocol):
    """Where keys are kept: a database (`SqlKeys`), or memory."""

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
    '884135d455bc'
    """
    return hashlib.sha256(token.encode()).hexdigest()


def found(store: KeyStore, token: str, at: datetime) -> Key | None:
    """The key that a token is, if it holds at a time."""
    key = store.find(hashed(token))
    if key is None or not hmac.compare_digest(key.hash, hashed(token)) or not holds(key, at):
        return None
    return key


def holds(key: Key, at: datetime) -> bool:
    """Whether a key is neither revoked nor past its time."""
    return key.revoked is None and (key.expires is None or at < key.expires)


def may(key: Key, scope: Scope) -> bool:
    """Whether a key opens a door; `admin` opens all."""
    return scope in key.scopes or "admin" in key.scopes
