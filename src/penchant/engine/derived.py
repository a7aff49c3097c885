"""What a workspace keeps beside its tables and models, and what of it is let go of.

scratch/    half-done fits: made from the log as it was then, so they go
cache/      vectors by the content of their text: they hold whatever the log says, so they stay,
            but for files that are not as they were written
reports/    and tuning/: what was asked for, not what answers are made from; they stay
"""

from dataclasses import asdict, dataclass
from typing import Any

from penchant.encode.cache import damaged
from penchant.errors import HeldError
from penchant.store.lock import fitting
from penchant.store.workspace import Workspace


@dataclass(frozen=True)
class Cleared:
    """Half-done fits that were removed (None: a fit runs, which needs its own), files of vectors
    that were damaged and set aside."""

    half_done: int | None
    damaged: int

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def clear(workspace: Workspace) -> Cleared:
    """Let go of what comes from the log, and of what is damaged."""
    spoilt = len(damaged(workspace.cache))
    try:
        with fitting(workspace.path, wait=0.0):
            return Cleared(workspace.clear_scratch(), spoilt)
    except HeldError:
        return Cleared(None, spoilt)


def serve_anew(workspace: Workspace, version: str | None, by: str | None = None) -> bool:
    """Have every process that answers begin anew with the version that serves, after checking all
    of its files; whether they were told. Where a fit runs they are not: it does so itself. `by`
    says who asks, for the audit log."""
    try:
        with fitting(workspace.path, wait=0.0):
            return version is not None and workspace.models.promote(
                version, "rebuild", by, again=True
            )
    except HeldError:
        return False
