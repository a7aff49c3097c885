"""Learning in the background: one fit at a time, and how it went."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from penchant.clock import Clock
from penchant.errors import PenchantError
from penchant.serve.logs import LOG, say
from penchant.serve.problem import UNFORESEEN, Problem, of_error

State = Literal["idle", "running", "done", "failed"]


@dataclass
class Fits:
    """The fit that runs, or the last one that ran in this process.

    The thread is a daemon: a process that stops does not wait for it. An interrupted fit goes on
    where it stopped when it is asked for again.
    """

    fit: Callable[[], dict[str, Any]]
    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: dict[str, Any] = field(default_factory=dict)
    _count: int = 0

    def start(self) -> dict[str, Any]:
        """Begin.

        Raises:
            Problem: one is running (409).
        """
        with self._lock:
            if self._told.get("state") == "running":
                raise Problem(409, "a fit is running; GET /v1/fit says how far it is")
            self._count += 1
            self._told = self._status("running", started=self.clock())
        threading.Thread(target=self._run, name="penchant-fit", daemon=True).start()
        return self.status()

    def status(self) -> dict[str, Any]:
        """How it stands."""
        return dict(self._told) or self._status("idle")

    def _status(self, state: State, **known: Any) -> dict[str, Any]:
        empty = {"number": self._count, "started": None, "ended": None, "fitted": None}
        return {**empty, "problem": None, **self._told, "state": state, **known}

    def _run(self) -> None:
        began = self._told["started"]
        self._told = self._status("running", ended=None, fitted=None, problem=None)
        try:
            done = self.fit()
            self._told = self._status("done", ended=self.clock(), fitted=done)
        except PenchantError as error:
            LOG.exception("fit failed")
            self._fail(of_error(error))
        except Exception:  # noqa: BLE001 (whatever it is, it is logged and told)
            LOG.exception("fit failed")
            self._fail(Problem(500, UNFORESEEN))
        say("fit", state=self._told["state"], seconds=(self.clock() - began).total_seconds())

    def _fail(self, problem: Problem) -> None:
        self._told = self._status("failed", ended=self.clock(), problem=problem.to_json())
