"""What the interface says of itself: problems, shapes of rows, and an example for everything."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from penchant.serve.keys import Scope
from penchant.serve.problem import MEDIA
from penchant.serve.reading import StrictRoute
from penchant.serve.wire import (
    Event,
    Events,
    Item,
    Items,
    Relation,
    Relations,
    User,
    Users,
)

REFS: Final = "#/components/schemas/{model}"
Scopes: TypeAlias = Mapping[tuple[str, str], Scope | None]
ROWS: Final = (Event, Events, Item, Items, User, Users, Relation, Relations)


class ProblemDocument(BaseModel):
    """Why a call was not answered (RFC 9457); some kinds have more fields."""

    type: str
    title: str
    status: int
    detail: str


def documented(app: FastAPI, routers: Sequence[APIRouter]) -> None:
    """Let an application that has these routers describe itself with all of this."""
    routes = [r for router in routers for r in router.routes if isinstance(r, StrictRoute)]
    scopes = {(r.path, method.lower()): r.scope for r in routes for method in r.methods or ()}

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app, scopes)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _described(app: FastAPI, scopes: Scopes) -> dict[str, Any]:
    told = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schemas = told["components"]["schemas"]
    for model in (*ROWS, ProblemDocument):
        shape = TypeAdapter(model).json_schema(ref_template=REFS)
        schemas |= shape.pop("$defs", {}) | {model.__name__: shape}
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = {
        "description": "A problem: the type tells which.",
        "content": {MEDIA: {"schema": {"$ref": REFS.format(model="ProblemDocument")}}},
    }
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            operation["x-scope"] = scopes[path, method]
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = problem
    return told
