"""Learning in a process of its own, so that answers go on at their pace meanwhile."""

import os
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

from penchant.engine.config import EngineConfig, passed_on
from penchant.engine.engine import Engine
from penchant.errors import PenchantError, StoreError
from penchant.serve.logs import LOG, told

_NICE: Final = 10  # so much behind those who answer does it stand in line for the cores


@dataclass(frozen=True)
class Unforeseen:
    """An error of the other process, as the log has it."""

    told: dict[str, Any]


def refit_beside(workspace: Path, config: EngineConfig) -> dict[str, Any]:
    """Learn anew in another process, see `Engine.refit`; it ends with this one.

    Raises:
        PenchantError: what the other one raised.
        StoreError: it died.
        RuntimeError: it met an error that nobody foresaw; the log has its kind and where it was.
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
    if isinstance(found, Unforeseen):
        LOG.error("unforeseen", extra={"told": {"error": found.told}})
        raise RuntimeError("the process that was learning met an error")
    return dict(found)


def _learn(there: Connection, workspace: str, config: dict[str, Any]) -> None:
    """The other process."""
    with suppress(OSError):
        os.nice(_NICE)
    try:
        engine = Engine(workspace, EngineConfig(**config))
        engine.noticed = lambda _: None  # who answers has said it
        there.send(engine.refit().to_json())
    except PenchantError as error:
        there.send(error)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is told, without what it says)
        there.send(Unforeseen(told(error)))
