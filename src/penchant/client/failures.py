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
        self.type = str(problem.get("type", "")).rpartition(":")[2] or "unknown"
        super().__init__(f"{status} {self.type}: {problem.get('detail', 'no reason was given')}")


class UnreachableError(PenchantError, ConnectionError):
    """The service did not answer, however often it was asked."""
