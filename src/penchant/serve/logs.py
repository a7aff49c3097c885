"""The service's log: one JSON object a line, and nothing personal in it.

A line names the route as it is written in the code (`/v1/users/{user_id}/interests`), never the
path that was asked for, no query, no body, no header. Of an error that was not foreseen it has the
kind and the places in the code, not the message, which may quote what came.
"""

import json
import logging
import os
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from traceback import extract_tb
from typing import Any, Final

LOG: Final = logging.getLogger("penchant.serve")
_HERE: Final = Path(__file__).parents[1]
_DRAWN: Final = Random()
os.register_at_fork(after_in_child=_DRAWN.seed)  # a process draws other ids than its parent


class JsonLines(logging.Formatter):
    """Records as JSON: time, level, event, and the fields given as `extra={"told": …}`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "told", {}),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def fresh_id() -> str:
    """An id for a call or a list: unlikely to be another's, and no secret."""
    return f"{_DRAWN.getrandbits(64):016x}"


def say(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Write one line."""
    LOG.log(level, event, extra={"told": fields})


def told(error: BaseException) -> dict[str, Any]:
    """An error without what it says: its kind, and where it came from, innermost last."""
    places = [
        f"{_short(frame.filename)}:{frame.lineno} {frame.name}"
        for frame in extract_tb(error.__traceback__)[-12:]
    ]
    return {"kind": type(error).__name__, "at": places}


def _short(file: str) -> str:
    path = Path(file)
    if path.is_relative_to(_HERE):
        return str(path.relative_to(_HERE))
    return "/".join(path.parts[-2:])


def settings(level: str = "INFO") -> dict[str, Any]:
    """What uvicorn is given, so that its lines are of the same form."""
    loggers = ("penchant.serve", "uvicorn", "uvicorn.error")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "penchant.serve.logs.JsonLines"}},
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "stream": "ext://sys.stderr",
            }
        },
        "loggers": {
            name: {"handlers": ["lines"], "level": level, "propagate": False} for name in loggers
        },
    }
