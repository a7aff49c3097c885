"""What a call may end with instead of an answer.

PenchantError
├── RefusedError        the service said no, and why
└── UnreachableError    the service did not answer
"""

from collections.abc import Mapping
from typing import Any

from penchant.errors import PenchantError


class RefusedError(PenchantError):
    """The service said no: its problem document (RFC 9457) says why.

    `type` is the problem's name (`not-found`, `invalid`, `too-often`, …), `status` the HTTP status,
    `request` what the service's log has it under.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], request: str = "") -> None:
        self.status, self.problem, self.request = status, dict(problem), request
        self.type = named(problem)
        super().__init__(f"{status} {self.type}: {problem.get('detail', 'no reason was given')}")


class UnreachableError(PenchantError, ConnectionError):
    """The service did not answer, however often it was asked; or something else did."""


def named(problem: Mapping[str, Any]) -> str:
    """The name of a problem, as `too-often`."""
    return str(problem.get("type", "")).rpartition(":")[2] or "unknown"
