"""What the interface says of itself: problems, shapes of rows, and an example for everything."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter

from penchant.serve.problem import MEDIA
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
ROWS: Final = (Event, Events, Item, Items, User, Users, Relation, Relations)


class ProblemDocument(BaseModel):
    """Why a call was not answered (RFC 9457); some kinds have more fields."""

    type: str
    title: str
    status: int
    detail: str


def documented(app: FastAPI) -> None:
    """Let an application describe itself with all of this."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
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
    for path in told["paths"].values():
        for operation in path.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = problem
    return told
