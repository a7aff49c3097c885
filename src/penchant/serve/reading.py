"""Before a route: who calls is asked first, then the body is read, strictly: UTF-8, no NaN, not too
deep, and called by its right name."""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from fastapi import Request, Response
from fastapi.routing import APIRoute

from penchant.serve.access import Door, admitted
from penchant.serve.intake import JSON, parsed
from penchant.serve.keys import Scope
from penchant.serve.problem import Problem

PREFIX: Final = "/v1"
"""What all paths begin with."""


class StrictRequest(Request):
    """A request whose body of JSON is read strictly."""

    async def json(self) -> Any:
        """The body as plain values.

        Raises:
            Problem: it is no JSON (400).
        """
        return parsed(await self.body())


class StrictRoute(APIRoute):
    """A route that opens to who may come in, and takes bodies of JSON under that name alone."""

    @property
    def scope(self) -> Scope | None:
        """What a key must have to open it; None: it needs none."""
        calls = (d.call for d in self.dependant.dependencies)
        return next((call.scope for call in calls if isinstance(call, Door)), None)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind its door, with the request read strictly."""
        handler = super().get_route_handler()
        scope = self.scope

        async def strict(request: Request) -> Response:
            if scope is not None:
                await admitted(request, scope)
            if self.body_field is not None:
                media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if media != JSON:
                    came = media[:80] or "nothing"
                    raise Problem(415, f"content-type: {came} came; expected {JSON}")
            return await handler(StrictRequest(request.scope, request.receive))

        return strict
