"""How calls are sent: with a key, with patience, and again where that counts once.

A call that fails on the way, or is told to come back (429, 503), is sent again after a pause that
doubles and is drawn by lot, so that many clients do not come back together; never sooner than the
service asked for. Where that is longer than half a minute, or where waiting would not help (nothing
was learned yet; the answer takes too long), the answer stands.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from penchant.client.answers import Taken
from penchant.client.calls import Call, T
from penchant.client.failures import RefusedError, UnreachableError, named
from penchant.errors import MissingExtraError

if TYPE_CHECKING:
    import httpx

AGAIN: Final = frozenset({429, 503})
_STANDS: Final = frozenset({"not-fitted", "too-long"})
"""Names of problems that waiting a little does not solve."""
_FIRST: Final = 0.2  # seconds that the first pause has on average, twice
_LONGEST: Final = 30.0
_SPREAD: Final = 0.5  # of the pause that was asked for: over so much more of it clients spread


@dataclass(frozen=True)
class Way:
    """Where the service is, with which key, how long an answer may take (s), and how often a call
    is sent at most."""

    url: str
    key: str | None
    timeout: float
    tries: int

    def settings(self) -> dict[str, Any]:
        """What an HTTP client is made with."""
        headers = {"Accept": "application/json", "User-Agent": "penchant-client"}
        if self.key is not None:
            headers["Authorization"] = f"Bearer {self.key}"
        return {"base_url": self.url, "headers": headers, "timeout": self.timeout}

    def pause(self, attempt: int, asked: float = 0.0) -> float:
        """Seconds to wait before the next attempt; `asked`: at least so many."""
        most = max(min(_LONGEST, _FIRST * 2**attempt), _SPREAD * asked)
        return asked + random.SystemRandom().uniform(0, most)

    def after(self, call: Call[T], attempt: int, response: "httpx.Response") -> float | None:
        """Seconds from an answer until the call is sent again; None: the answer stands."""
        if attempt == self.tries - 1 or not call.again or response.status_code not in AGAIN:
            return None
        wanted = response.headers.get("retry-after", "")
        asked = float(wanted) if wanted.isdigit() else 0.0
        if asked > _LONGEST or named(_problem(response)) in _STANDS:
            return None
        return self.pause(attempt, asked)


def request(call: Call[T]) -> dict[str, Any]:
    """What an HTTP client is given."""
    body = call.content()
    headers = {} if body is None else {"Content-Type": "application/json"}
    return {
        "method": call.method, "url": call.path, "params": call.query, "content": body,
        "headers": headers,
    }  # fmt: skip


def answer(call: Call[T], response: "httpx.Response") -> T:
    """The typed answer.

    Raises:
        RefusedError: the service said no.
        UnreachableError: something else answered.
    """
    try:
        if response.is_success:
            return call.answer.model_validate_json(response.content)
        problem = _problem(response)
        if call.answer is Taken and response.status_code == 422 and "rejected_total" in problem:
            return call.answer.model_validate(problem)
    except ValidationError:
        kind = response.headers.get("content-type", "no type")
        raise UnreachableError(
            f"{response.url}: what answered is not the service ({response.status_code}, {kind}, "
            f"{len(response.content):,} bytes). Check the address, and what stands between"
        ) from None
    raise RefusedError(response.status_code, problem, response.headers.get("x-request-id", ""))


def _problem(response: "httpx.Response") -> Mapping[str, Any]:
    try:
        told = response.json()
    except ValueError:
        told = None
    if isinstance(told, dict):
        return told
    return {"detail": f"{len(response.content):,} bytes that are no problem document"}


def transport() -> Any:
    """The HTTP client's package.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import httpx
    except ImportError:
        raise MissingExtraError(
            "httpx: the client needs it, and it is not installed. "
            "Run: pip install 'penchant[client]'"
        ) from None
    return httpx
