"""Answers: plain values as JSON, fast; what is not a number is null, bytes are base64."""

from typing import Any

from pydantic_core import to_json
from starlette.responses import Response


class Answer(Response):
    """Plain values as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of it."""
        return as_json(content)


def as_json(content: Any) -> bytes:
    """Plain values as bytes of JSON; bytes in the alphabet of base64 that goes into a URL.

    >>> as_json({"a": float("nan"), "b": b"\\xff\\xd8"})
    b'{"a":null,"b":"_9g="}'
    """
    return to_json(content, inf_nan_mode="null", bytes_mode="base64")
