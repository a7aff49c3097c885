"""Learning in a process of its own, so that answers go on at their pace meanwhile."""

import os
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from penchant.engine.config import EngineConfig, passed_on
from penchant.engine.engine import Engine
from penchant.errors import PenchantError, StoreError

_NICE: Final = 10  # so much behind those who answer does it stand in line for the cores


def refit_beside(workspace: Path, config: EngineConfig) -> dict[str, Any]:
    """Learn anew in another process, see `Engine.refit`; it ends with this one.

    Raises:
        PenchantError: what the other one raised.
        StoreError: it died.
    """
    context = get_context("spawn")
    here, there = context.Pipe(duplex=False)
    other = context.Process(
        target=_learn, args=(there, str(workspace), passed_on(config)), daemon=True,
        name="penchant-fit",
    )  # fmt: skip
    other.start()
    there.close()
    try:
        found = here.recv()
    except EOFError:
        raise StoreError(
            "fit: the process that was learning died, perhaps for want of memory; asked for again, "
            "it goes on where it stopped"
        ) from None
    finally:
        here.close()
        other.join()
    if isinstance(found, PenchantError):
        raise found
    return dict(found)


def _learn(there: Connection, workspace: str, config: dict[str, Any]) -> None:
    """The other process."""
    with suppress(OSError):
        os.nice(_NICE)
    try:
        there.send(Engine(workspace, EngineConfig(**config)).refit().to_json())
    except PenchantError as error:
        there.send(error)
