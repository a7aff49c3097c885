"""How routes say what they take and answer: for OpenAPI, with an example each."""

from json import dumps
from typing import Any, Final

from pydantic import BaseModel

from penchant.serve.gate import LINES

EXAMPLES: Final[dict[str, Any]] = {
    "event": {
        "user_id": "ann",
        "item_id": "i00001",
        "event": "purchase",
        "timestamp": "2024-05-01T10:00:00Z",
        "event_id": "order-1-1",
    },
    "item": {"item_id": "i00001", "title": "A kettle", "category": ["Kitchen", "Kettles"]},
    "user": {"user_id": "ann", "country": "NO"},
    "relation": {"source": "ann", "target": "bob", "relation": "follows"},
}
"""One row of each kind."""


def answers(model: type[BaseModel], what: str = "", status: int = 200) -> dict[int | str, Any]:
    """What a route answers."""
    about = what or (model.__doc__ or "").split("\n\n")[0].replace("\n", " ")
    return {status: {"model": model, "description": about}}


def rows(kind: str, one: type[BaseModel], many: type[BaseModel]) -> dict[str, Any]:
    """The bodies that a route of rows takes: one, many, or a line each."""
    example = EXAMPLES[kind.removesuffix("s")]
    refs = [{"$ref": f"#/components/schemas/{m.__name__}"} for m in (one, many)]
    return {
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"anyOf": refs},
                    "examples": {
                        "one": {"value": example},
                        "many": {"value": {kind: [example]}},
                    },
                },
                LINES: {
                    "schema": {"type": "string", "description": "One object a line."},
                    "examples": {"lines": {"value": dumps(example) + "\n"}},
                },
            },
        }
    }
