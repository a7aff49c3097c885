"""Versions of the model in the database: what they are, and which one serves."""

import json
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from penchant.store.sql import changes
from penchant.store.sql.schema import MODEL, PROMOTION

BACK = "rollback"
"""Why a version serves that served before; any other reason is a step forward."""


def names(connection: Connection) -> list[str]:
    """All versions, oldest first."""
    return sorted(connection.execute(select(MODEL.c.version)).scalars(), key=int)


def manifest(connection: Connection, version: str) -> dict[str, Any]:
    """What is known about a version.

    Raises:
        ValueError: it cannot be read.
    """
    text = connection.execute(select(MODEL.c.manifest).where(MODEL.c.version == version)).scalar()
    return dict(json.loads(text or ""))


def add(connection: Connection, version: str, about: dict[str, Any]) -> None:
    """Note a version whose files are in place."""
    text = json.dumps(about, ensure_ascii=False)
    metrics = json.dumps(about.get("metrics", {}), ensure_ascii=False)
    row = {"version": version, "created": about["created"], "manifest": text, "metrics": metrics}
    connection.execute(insert(MODEL).values(row))


def remove(connection: Connection, version: str) -> None:
    """Strike a version from the list."""
    connection.execute(delete(MODEL).where(MODEL.c.version == version))


def served(connection: Connection) -> list[str]:
    """The versions that can be gone back to, oldest first; the last one serves now.

    A promotion puts a version on top; a rollback takes all above one away.
    """
    kept = set(names(connection))
    asked = select(PROMOTION.c.version, PROMOTION.c.why).order_by(PROMOTION.c.seq)
    stack: list[str] = []
    for version, why in connection.execute(asked):
        if why == BACK and version in stack:
            del stack[stack.index(version) + 1 :]
        elif not stack or stack[-1] != version:
            stack.append(version)
    return [version for version in stack if version in kept]


def promote(connection: Connection, version: str, time: str, why: str) -> None:
    """Let a version serve from now on; readers learn of it by a change."""
    stack = served(connection)
    seq = connection.execute(select(func.max(PROMOTION.c.seq))).scalar() or 0
    row = {"version": version, "previous": stack[-1] if stack else None, "time": time, "why": why}
    connection.execute(insert(PROMOTION).values(seq=seq + 1, **row))
    changes.note(connection, "model")
