"""Dead letters: messages that cannot be used, with why and where from, as they came."""

import base64
import json
import os
from pathlib import Path
from typing import Any, Protocol

from penchant.stream.source import Message


class DeadLetters(Protocol):
    """Where messages go that cannot be used."""

    def put(self, message: Message, reason: str) -> None:
        """Hand one over; it is safe after the next `flush`."""
        ...

    def flush(self) -> None:
        """Make all that were handed over survive a crash.

        Raises:
            Exception: they cannot be written now; hand them over again.
        """
        ...

    def close(self) -> None:
        """Let go of the place."""
        ...


class DeadLetterFile:
    """Dead letters as JSON lines at the end of a file.

    Each has `reason`, `topic`, `partition`, `offset`, and the message as `value` (text) or, where
    it is no UTF-8, as `value_base64`.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lines: list[str] = []

    def put(self, message: Message, reason: str) -> None:
        """Hand one over."""
        letter = {
            "reason": reason,
            "topic": message.topic,
            "partition": message.partition,
            "offset": message.offset,
            **_written(message.value),
        }
        self._lines.append(json.dumps(letter, ensure_ascii=False) + "\n")

    def flush(self) -> None:
        """Append what was handed over, durably; after an error nothing of it waits here."""
        lines, self._lines = self._lines, []
        if not lines:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Nothing is held open."""


def _written(value: bytes) -> dict[str, Any]:
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value_base64": base64.b64encode(value).decode()}
