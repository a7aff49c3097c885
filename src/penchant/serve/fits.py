"""Learning in the background: one fit of a workspace at a time, and how it went.

How it stands is kept in the workspace, so that every process of the service tells the same; who
holds its lock has a fit under way. That no other one runs, also none that was begun by hand, is
seen to by the engine (`store.lock.fitting`).
"""

import json
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from penchant.clock import Clock
from penchant.errors import HeldError, PenchantError, StoreError
from penchant.serve.answer import as_json
from penchant.serve.logs import LOG, say
from penchant.serve.problem import UNFORESEEN, Problem, of_error
from penchant.store.files import write_text
from penchant.store.lock import fitting, locked

State = Literal["idle", "running", "done", "failed"]
IDLE: Final[dict[str, Any]] = {
    "state": "idle", "number": 0, "started": None, "ended": None, "fitted": None, "problem": None,
}  # fmt: skip
_BROKEN: Final = Problem(503, "the process that learned ended; POST /v1/fit goes on", name="broken")


@dataclass
class Fits:
    """The fit that runs, or the last one that ran; kept in a folder, or in memory (None).

    The thread is a daemon: a process that stops does not wait for it. An interrupted fit goes on
    where it stopped when it is asked for again.
    """

    fit: Callable[[], dict[str, Any]]
    clock: Clock
    folder: Path | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _told: dict[str, Any] = field(default_factory=lambda: dict(IDLE))

    def start(self, noted: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Begin, once that is `noted`; where something fails, nothing began.

        Raises:
            Problem: one is running (409).
            StoreError: it cannot be kept that one began.
        """
        held = ExitStack()
        try:
            self._only(held)
            noted()
            number = self._kept()["number"] + 1
            self._tell({**IDLE, "state": "running", "number": number, "started": self.clock()})
            run = threading.Thread(target=self._run, args=(held,), name="penchant-fit", daemon=True)
            run.start()
        except BaseException:
            held.close()
            raise
        return self._kept()

    def status(self) -> dict[str, Any]:
        """How it stands."""
        told = self._kept()
        if told["state"] == "running" and not self._runs():
            told = self._kept()  # it may have ended just now
            if told["state"] == "running":
                return {**told, "state": "failed", "problem": _BROKEN.to_json()}
        return told

    def _only(self, held: ExitStack) -> None:
        """Be the one that is about to fit.

        Raises:
            Problem: another is at it (409).
        """
        try:
            self._hold(held, wait=0.5)  # one that has told its end is about to let go
        except HeldError:
            raise Problem(409, "a fit is running; GET /v1/fit says how it stands") from None
        try:
            if self.folder is not None:
                with fitting(self.folder, wait=0.5):
                    pass
        except HeldError:
            detail = "a fit that was not asked for here is running; ask again when it has ended"
            raise Problem(409, detail) from None

    def _hold(self, held: ExitStack, wait: float = 0.0) -> None:
        """Take what only one fit of a service can have.

        Raises:
            HeldError: another has it.
        """
        if not self._lock.acquire(timeout=wait):
            raise HeldError("a fit is running in this process")
        held.callback(self._lock.release)
        if self.folder is not None:
            held.enter_context(locked(self.folder / ".fit.json.lock", wait, "another fit"))

    def _runs(self) -> bool:
        """Whether a fit runs, in whatever process."""
        with ExitStack() as held:
            try:
                self._hold(held)
            except HeldError:
                return True
        return False

    def _kept(self) -> dict[str, Any]:
        if self.folder is not None:
            with suppress(FileNotFoundError, ValueError):
                return {**IDLE, **json.loads(self._file.read_text(encoding="utf-8"))}
        return dict(self._told)

    def _tell(self, told: dict[str, Any]) -> None:
        if self.folder is not None:
            write_text(self._file, as_json(told).decode())
        self._told = told

    @property
    def _file(self) -> Path:
        assert self.folder is not None
        return self.folder / "fit.json"

    def _run(self, held: ExitStack) -> None:
        with held:
            ended = {**self._told, **self._fitted(), "ended": self.clock()}
            say("fit", state=ended["state"], number=ended["number"])
            try:
                self._tell(ended)
            except StoreError:
                LOG.exception("the end of a fit is not kept")

    def _fitted(self) -> dict[str, Any]:
        """Learn, and how that went."""
        try:
            return {"state": "done", "fitted": self.fit()}
        except PenchantError as error:
            LOG.exception("fit failed")
            return {"state": "failed", "problem": of_error(error).to_json()}
        except Exception:  # noqa: BLE001 (whatever it is, it is logged and told)
            LOG.exception("fit failed")
            return {"state": "failed", "problem": Problem(500, UNFORESEEN).to_json()}
