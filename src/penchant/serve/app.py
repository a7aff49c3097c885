"""The application: routes, what stands before them, and how errors are told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from starlette.exceptions import HTTPException

from penchant import __version__
from penchant.engine.engine import Engine
from penchant.engine.serving import ServeConfig
from penchant.errors import PenchantError, StoreError
from penchant.serve.gate import Gate
from penchant.serve.keys import KeyStore, MemoryKeys
from penchant.serve.logs import LOG
from penchant.serve.openapi import documented
from penchant.serve.problem import Problem, of_error, of_invalid
from penchant.serve.reading import PREFIX
from penchant.serve.routes import health, lists, model, people, privacy, tables
from penchant.serve.service import Service
from penchant.store.sql.keys import SqlKeys

ROUTERS: Final = tuple(part.router for part in (health, tables, people, lists, privacy, model))


def create_app(
    engine: Engine,
    config: ServeConfig | None = None,
    *,
    keys: KeyStore | None = None,
) -> FastAPI:
    """The service of an engine, as an ASGI application; settings are the engine's unless given.

    Keys are kept in the workspace's database, for an engine in memory as long as the application
    lives, unless another store is given; the audit log beside the engine's tables.
    """
    config = config or engine.config.serve
    service = Service(engine, config, keys or keys_of(engine))
    app = FastAPI(
        title="Penchant", version=__version__, lifespan=_lifespan, summary=_SUMMARY,
        openapi_url=f"{PREFIX}/openapi.json", docs_url=None, redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            HTTPException: _refused,
            RequestValidationError: _invalid,
            PenchantError: _failed,
        },
    )  # fmt: skip
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    if config.origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=config.origins, allow_methods=["*"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
        )  # fmt: skip
    app.add_middleware(Gate, config=config, metrics=service.metrics)
    documented(app, ROUTERS)
    return app


def keys_of(engine: Engine) -> KeyStore:
    """Where the keys of an engine's service are kept."""
    return MemoryKeys() if engine.workspace is None else SqlKeys(engine.workspace.database)


_SUMMARY = "Knows what each user is interested in, and recommends from it with reasons that add up."


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    await service.begin()
    yield
    await service.close()


async def _refused(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return error.response()
    assert isinstance(error, HTTPException)
    detail = _PLAIN.get(error.status_code, str(error.detail))
    return Problem(error.status_code, detail, headers=error.headers).response()


_PLAIN = {
    404: "there is nothing at this path; GET /v1/openapi.json lists what there is",
    405: "this path takes other methods; the header Allow lists them",
}


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    known = {place: _names(request, place) for place in ("query", "body")}
    return of_invalid(list(error.errors()), known).response()


def _names(request: Request, place: str) -> list[str]:
    """The names that a route knows in its query, or in its body."""
    asked = getattr(request.scope["route"].dependant, f"{place}_params")
    kinds = [field.field_info.annotation for field in asked]
    return [name for kind in kinds for name in getattr(kind, "model_fields", ())]


async def _failed(request: Request, error: Exception) -> Response:
    assert isinstance(error, PenchantError)
    problem = of_error(error)
    if problem.status_code >= 500:
        LOG.error("engine failed", exc_info=error, extra={"told": {"why": _why(error)}})
    return problem.response()


def _why(error: PenchantError) -> str | None:
    """What may be logged of what an error says: of the store, but not what its driver adds, which
    stands in parentheses and may quote what came."""
    return str(error).partition(" (")[0] if isinstance(error, StoreError) else None


def from_environment() -> Any:
    """The application that a worker process makes for itself: `penchant serve` says in the
    environment of which workspace, with which settings."""
    from penchant.serve.run import application

    return application()
