"""Serving: one process or several, each with an engine of its own on the same workspace.

The process that begins the others makes no answers, and loads nothing that they are made with.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import uvicorn

from penchant.cores import cores
from penchant.engine.config import EngineConfig, passed_on
from penchant.serve.logs import settings
from penchant.serve.metrics import FOLDER

if TYPE_CHECKING:
    from fastapi import FastAPI

ASKED: Final = "PENCHANT_SERVE"
"""What a worker is to serve, as JSON: it is set for the workers by `serve` and by nobody else."""
STOP: Final = 30
"""Seconds that answers under way are given when the service stops."""


@dataclass(frozen=True)
class Serving:
    """Where to listen, how many processes, and the files of TLS."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    certificate: Path | None = None
    key: Path | None = None
    root: str = ""
    log_level: str = "info"


def serve(workspace: Path, config: EngineConfig, how: Serving) -> None:
    """Serve a workspace until a signal says to stop; answers under way are finished.

    Processes share the cores: each works on so many questions at once that together they fill
    them, and on each with one thread, unless OMP_NUM_THREADS says otherwise.
    """
    if not config.serve.at_once:
        config = config.but(**{"serve.at_once": max(1, cores() // how.workers)})
    asked = {"workspace": str(workspace), "config": passed_on(config)}
    threads = _environment("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    with threads, _environment(ASKED, json.dumps(asked)), _counted(how.workers):
        uvicorn.run(
            "penchant.serve.app:from_environment", factory=True, host=how.host, port=how.port,
            workers=how.workers, ssl_certfile=how.certificate, ssl_keyfile=how.key,
            root_path=how.root, log_config=settings(how.log_level.upper()), access_log=False,
            server_header=False, proxy_headers=False, timeout_graceful_shutdown=STOP,
        )  # fmt: skip


def application() -> "FastAPI":
    """The application of one worker."""
    from penchant.engine.engine import Engine
    from penchant.serve.app import create_app

    asked = json.loads(os.environ[ASKED])
    config = EngineConfig(**asked["config"])
    whole = max(config.live.whole, config.serve.whole)
    engine = Engine(asked["workspace"], config.but(**{"live.whole": whole}))
    app = create_app(engine)
    app.state.service.alone = True
    return app


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """A variable that processes begun inside see."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


@contextmanager
def _counted(workers: int) -> Iterator[None]:
    """A folder in which several workers count together."""
    if workers == 1:
        yield
        return
    with TemporaryDirectory(prefix="penchant-metrics-") as folder, _environment(FOLDER, folder):
        yield
