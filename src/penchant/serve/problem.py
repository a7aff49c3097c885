"""Errors as they go over the wire: one shape for everything (RFC 9457).

    400 malformed       404 not-found       413 too-large         422 invalid      500 unforeseen
    401 no-key          405 wrong-method    415 wrong-type        429 too-often    501 missing-extra
    403 wrong-scope     408 too-slow        409 conflict          503 not-fitted, busy, too-long,
                                                                      store

`type` is a name that programs can go by, `detail` says what came, what was expected and what to do.
Nothing of the inside is told: no paths, no traces.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from fastapi import HTTPException
from pydantic_core import to_json
from starlette.responses import Response

from penchant.config import plainly, wrong
from penchant.errors import (
    DataError,
    HeldError,
    MissingExtraError,
    NotFittedError,
    PenchantError,
    StoreError,
    UnknownIdError,
    did_you_mean,
)

MEDIA: Final = "application/problem+json"
TYPES: Final = "urn:penchant:problem:"
NAMES: Final = {
    400: "malformed",
    401: "no-key",
    403: "wrong-scope",
    404: "not-found",
    405: "wrong-method",
    408: "too-slow",
    409: "conflict",
    413: "too-large",
    415: "wrong-type",
    422: "invalid",
    429: "too-often",
    500: "unforeseen",
    501: "missing-extra",
    503: "busy",
}
"""The name of a problem where nothing more is said of it, by status."""


class Problem(HTTPException):
    """Something that the caller is told: a status, a sentence, and maybe more fields."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.name, self.more = name or NAMES.get(status, "refused"), more

    def to_json(self) -> dict[str, Any]:
        """The problem document."""
        return {
            "type": TYPES + self.name,
            "title": HTTPStatus(self.status_code).phrase,
            "status": self.status_code,
            "detail": self.detail,
            **self.more,
        }

    def response(self) -> Response:
        """The problem as an answer."""
        return Response(
            to_json(self.to_json(), inf_nan_mode="null"),
            self.status_code,
            headers=self.headers,
            media_type=MEDIA,
        )


def busy(detail: str, after: float = 1.0) -> Problem:
    """503: come back in so many seconds."""
    return Problem(503, detail, headers={"Retry-After": str(max(1, round(after)))})


UNFORESEEN: Final = (
    "the service met an error that it did not foresee; its log has more under the X-Request-ID"
)


def of_error(error: PenchantError) -> Problem:
    """The problem that an error of the library is."""
    if isinstance(error, NotFittedError):
        detail = "nothing has been learned yet: put events and items in, then POST /v1/fit"
        return Problem(503, detail, name="not-fitted", headers={"Retry-After": "30"})
    if isinstance(error, HeldError):
        detail = (
            "another process is at what only one can do at a time (a fit, a backup); ask again "
            "when it has ended"
        )
        return Problem(409, detail)
    if isinstance(error, StoreError):
        detail = "what is stored cannot be used as it is; the service's log says more"
        return Problem(503, detail, name="store", headers={"Retry-After": "5"})
    if isinstance(error, MissingExtraError):
        return Problem(501, str(error))
    if isinstance(error, DataError | UnknownIdError | ValueError):
        return Problem(422, str(error))
    return Problem(500, UNFORESEEN)


def of_invalid(errors: list[dict[str, Any]], known: Mapping[str, Sequence[str]]) -> Problem:
    """The problem that pydantic's findings are: which fields, and what is wrong with each; `known`
    are the names that may come in the query and the body."""
    found = [
        {"field": ".".join(map(str, path[1:])) or str(path[0]), "in": str(path[0]),
         "reason": _why(path, some, known)}
        for path, some in plainly(errors)
    ]  # fmt: skip
    first = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    detail = f"{first['in']} {first['field']}: {first['reason']}{more}"
    return Problem(422, detail, errors=found[:100])


def _why(
    path: tuple[int | str, ...],
    some: list[Mapping[str, Any]],
    known: Mapping[str, Sequence[str]],
) -> str:
    """What is wrong with one field."""
    if some[0]["type"] != "extra_forbidden":
        return wrong(some)
    names = known.get(str(path[0]), ())
    hint = did_you_mean(str(path[-1]), names)
    return f"nothing is called that here; expected {', '.join(names) or 'nothing'}.{hint}"


@contextmanager
def missing() -> Iterator[None]:
    """What is not known inside is what the path names: 404."""
    try:
        yield
    except UnknownIdError as error:
        raise Problem(404, str(error)) from None
