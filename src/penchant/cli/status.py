"""`penchant status`: what there is."""

from typing import TYPE_CHECKING

from penchant.cli.session import Session

if TYPE_CHECKING:
    from penchant.store.workspace import Status


def status(session: Session) -> None:
    """Show what the workspace holds: rows, room, the model that serves.

    Examples:

        penchant status
        penchant status --json
    """
    found = session.opened().status()
    session.out.answer(found.to_json, str(found))
    session.out.note(f"Next: {_next(found)}")


def _next(found: "Status") -> str:
    if found.problem:
        return "`penchant rollback` goes back to the last whole model, `penchant fit` learns anew"
    if not found.rows.get("events") and not found.rows.get("items"):
        return "`penchant add events.parquet items.parquet` puts data in"
    if found.model is None:
        return "`penchant check` looks at the data, `penchant fit` learns from them"
    return "`penchant recommend USER`, `penchant evaluate`"
