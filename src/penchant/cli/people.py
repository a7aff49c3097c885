"""What to say about a person of whom little is known."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from penchant.engine import Engine
    from penchant.types import Longs


def note_on(engine: "Engine", user_id: str, at: str | None = None) -> str | None:
    """A note where a person is new, or has no events that count before a time; else None."""
    log = engine.data.log
    rows = log.users.rows([user_id])
    if rows[0] < 0:
        asked = len(engine.feedback(user_id, at=at))
        by = "by what they asked for and what is popular" if asked else "who gets what is popular"
        why = _because(engine, user_id)
        return f"{user_id} is not known{why}: answered as for someone new, {by}."
    if at is not None and not log.moments_at(rows.astype("int64"), _moment(at)).length[0]:
        return f"{user_id} has no events before {at}: answered as for someone new"
    return None


def _moment(at: str) -> "Longs":
    import numpy as np

    from penchant.clock import micros

    return np.array([micros(at)], np.int64)


def _because(engine: "Engine", user_id: str) -> str:
    """Whether the person has events or attributes that are not learned from."""
    import polars as pl

    from penchant.data import columns as c

    for kind, what in (("events", "events, all set aside in cleaning"), ("users", "no events")):
        table = engine.tables.read(kind)  # type: ignore[arg-type]
        if c.USER not in table.collect_schema().names():
            continue
        if table.filter(pl.col(c.USER) == user_id).limit(1).collect().height:
            return (
                f" by any event that counts (there are {what})"
                if kind == "events"
                else (" by any event (attributes alone)")
            )
    return ""
