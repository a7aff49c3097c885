"""How calls are sent: with a key, with patience, and again where that counts once.

A call that fails on the way, or is told to come back (429, 503), is sent again after a pause that
doubles and is drawn by lot, so that many clients do not come back together; never sooner than the
service asked for.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from penchant.client.answers import Taken
from penchant.client.calls import Call, T
from penchant.client.failures import RefusedError
from penchant.errors import MissingExtraError

if TYPE_CHECKING:
    import httpx

AGAIN: Final = frozenset({429, 503})
_FIRST: Final = 0.2  # seconds that the first pause has on average, twice
_LONGEST: Final = 30.0


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

    def pause(self, attempt: int, asked: str | None = None) -> float:
        """Seconds to wait before the next attempt; `asked` is what the service said."""
        drawn = random.SystemRandom().uniform(0, min(_LONGEST, _FIRST * 2**attempt))
        wanted = float(asked) if asked is not None and asked.isdigit() else 0.0
        return min(_LONGEST, max(drawn, wanted))


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
    """
    if response.is_success:
        return call.answer.model_validate_json(response.content)
    problem = _problem(response)
    if call.answer is Taken and response.status_code == 422 and "rejected_total" in problem:
        return call.answer.model_validate(problem)
    raise RefusedError(response.status_code, problem, response.headers.get("x-request-id", ""))


def _problem(response: "httpx.Response") -> Mapping[str, Any]:
    try:
        told = response.json()
    except ValueError:
        told = None
    if isinstance(told, dict):
        return told
    return {"detail": f"{len(response.content):,} bytes that are no problem document"}


def sent_again(again: bool, status: int) -> bool:
    """Whether an answer of that status is a reason to send a call again, if it may be."""
    return again and status in AGAIN


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
