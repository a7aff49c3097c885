"""A service on loopback, answered by a real server: for tests of whatever speaks to it."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from fastapi import FastAPI

from penchant.data.sources.world import World
from penchant.engine import Engine, EngineConfig
from penchant.testing.layers import quick

NOW: Final = datetime(2024, 6, 1, tzinfo=UTC)
CONFIG: Final = EngineConfig(interests=quick()).but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "interests.layers": ("base", "context", "popularity"),
        "interests.context.kind": "naive-bayes",
        "interests.base.linear.penalty": (30.0,),
        "interests.base.linear.text": (0.1,),
    }
)


def stocked(world: World, workspace: Path | None = None, config: EngineConfig = CONFIG) -> Engine:
    """An engine with a world's tables, of which nothing is learned yet; its clock stands still."""
    engine = Engine(workspace, config, clock=lambda: NOW)
    engine.add(events=world.events, items=world.items, relations=world.relations)
    return engine


@contextmanager
def running(app: FastAPI, **settings: Any) -> Iterator[str]:
    """The address of an application, served until the block ends, then stopped gracefully."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, **settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
        assert not thread.is_alive(), "the server did not stop"


@contextmanager
def client(app: FastAPI, **headers: str) -> Iterator[httpx.Client]:
    """A plain client of a running application; paths are those below /v1."""
    with (
        running(app) as url,
        httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=60.0) as http,
    ):
        yield http
