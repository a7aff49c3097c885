"""JSON lines as a stream: a file, which is read on from where it was left, or standard input."""

import hashlib
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from select import select
from time import monotonic, sleep
from typing import Final, Literal

from penchant.errors import ReadError
from penchant.store.files import make_folder, write_json
from penchant.stream.source import Message

LONGEST: Final = 4 * 1024 * 1024
"""Bytes of a line; of a longer one only the beginning is kept, as a dead letter."""
_BLOCK: Final = 256 * 1024
_GLANCE: Final = 0.2  # seconds between two looks at a file that may grow


@dataclass
class Splitter:
    """Bytes as they come → lines, each with the offset of its first byte."""

    offset: int = 0
    rest: bytes = b""
    passing: bool = field(default=False)  # the rest of a line that was too long

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """The lines that are whole now, and the beginning of one that is too long."""
        *whole, self.rest = (self.rest + data).split(b"\n")
        for line in whole:
            if not self.passing:
                yield self.offset, line
            self.passing = False
            self.offset += len(line) + 1
        if self.passing or len(self.rest) > LONGEST:
            if not self.passing:
                yield self.offset, self.rest
            self.passing = True
            self.offset += len(self.rest)
            self.rest = b""

    def end(self) -> Iterator[tuple[int, bytes]]:
        """The last line, which has no line end."""
        if self.rest:
            yield self.offset, self.rest
            self.offset += len(self.rest)
            self.rest = b""


class LineFile:
    """A file of JSON lines that may grow; `memory` (a folder) remembers how far it was consumed.

    A file of the same name with another first line is another file. With `follow` a last line
    without its line end waits until that has come; else it is taken as it is.

    Raises:
        ReadError: it cannot be opened, or is compressed.
    """

    unit: str = "bytes"

    def __init__(
        self,
        path: str | Path,
        memory: Path | None = None,
        *,
        start: Literal["earliest", "latest"] = "earliest",
        follow: bool = False,
    ) -> None:
        self.path, self.follow = Path(path).expanduser(), follow
        self._file = _opened(self.path)
        self._memory = None if memory is None else memory / f"{self._key()}.json"
        self._head = ""
        try:
            self.committed = self._remembered(start)
        except BaseException:
            self._file.close()
            raise
        self._file.seek(self.committed)
        self._lines = Splitter(self.committed)
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._next = self.committed

    def _key(self) -> str:
        """A name for what is remembered of this file, wherever it lies."""
        full = str(self.path.resolve()).encode()
        return f"{self.path.name}-{hashlib.blake2b(full, digest_size=6).hexdigest()}"

    def _sign(self) -> str:
        """What tells this file from another one of its name: its first line; empty until whole."""
        if not self._head:
            here = self._file.tell()
            self._file.seek(0)
            first, end, _ = self._file.read(_BLOCK).partition(b"\n")
            self._file.seek(here)
            if end or len(first) == _BLOCK or not self.follow:
                self._head = hashlib.blake2b(first, digest_size=8).hexdigest()
        return self._head

    def _remembered(self, start: str) -> int:
        size = self.path.stat().st_size
        known = _loaded(self._memory)
        if known and known.get("first_line") == self._sign() and int(known["offset"]) <= size:
            return int(known["offset"])
        return self._last_end(size) if start == "latest" else 0

    def _last_end(self, size: int) -> int:
        """The offset behind the last line end."""
        self._file.seek(max(0, size - LONGEST))
        tail = self._file.read(LONGEST)
        self._file.seek(0)
        return size - len(tail) + tail.rfind(b"\n") + 1

    def poll(self, most: int, seconds: float) -> list[Message]:
        """The next lines."""
        until = monotonic() + seconds
        while len(self._waiting) < most:
            data = self._file.read(_BLOCK)
            self._waiting.extend(self._lines.feed(data or b""))
            if data:
                continue
            if not self.follow:
                self._waiting.extend(self._lines.end())
                break
            if self._waiting or (left := until - monotonic()) <= 0:
                break
            sleep(min(left, _GLANCE))
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._next = self._waiting[0][0] if self._waiting else self._lines.offset
        sign = self._sign() if taken else ""
        return _messages(taken, self.path.name, f"{self.path.name}/{sign}/")

    def hold(self, finish: Callable[[], bool]) -> None:
        """Nobody else reads the file for us."""

    def kept(self, messages: Sequence[Message]) -> list[Message]:
        """All of them."""
        return list(messages)

    def commit(self) -> None:
        """Remember that all lines handed out are done with."""
        if self._next == self.committed:
            return
        if self._memory is not None:
            make_folder(self._memory.parent)
            place = {"path": str(self.path.resolve()), "first_line": self._sign()}
            write_json(self._memory, {**place, "offset": self._next})
        self.committed = self._next

    @property
    def ended(self) -> bool:
        """Whether all lines that are there now were handed out."""
        return not self._waiting and self._lines.offset >= self._end()

    def _end(self) -> int:
        """The size of the file, less a last line that is not whole yet."""
        return self.path.stat().st_size - len(self._lines.rest)

    @property
    def over(self) -> bool:
        """A file may always grow."""
        return False

    def lag(self) -> Mapping[str, int]:
        """Bytes behind the last line that was committed."""
        return {self.path.name: max(0, self._file_size() - self.committed)}

    def _file_size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class StandardInput:
    """JSON lines from a pipe. Where they stand in it says nothing, so they have no id.

    Raises:
        ReadError: standard input is closed.
    """

    unit: str = "bytes"
    name: Final = "stdin"

    def __init__(self, fd: int | None = None) -> None:
        if fd is None and sys.stdin is None:
            raise ReadError("standard input is closed; expected JSON lines, one object a line")
        self._fd = sys.stdin.fileno() if fd is None else fd
        self._lines = Splitter()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._open = True

    def poll(self, most: int, seconds: float) -> list[Message]:
        """The next lines."""
        until = monotonic() + seconds
        while self._open and len(self._waiting) < most:
            left = until - monotonic()
            if left <= 0 or not select([self._fd], [], [], left)[0]:
                break
            data = os.read(self._fd, _BLOCK)
            self._open = bool(data)
            self._waiting.extend(self._lines.feed(data) if data else self._lines.end())
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        return _messages(taken, self.name, None)

    def hold(self, finish: Callable[[], bool]) -> None:
        """A full pipe makes its writer wait."""

    def kept(self, messages: Sequence[Message]) -> list[Message]:
        """All of them."""
        return list(messages)

    def commit(self) -> None:
        """A pipe cannot be read twice."""

    @property
    def ended(self) -> bool:
        """Whether the writer is done and all was handed out."""
        return not self._open and not self._waiting

    @property
    def over(self) -> bool:
        """Whether the writer is done and all was handed out."""
        return self.ended

    def lag(self) -> Mapping[str, int]:
        """Nobody knows what the writer has still to say."""
        return {}

    def close(self) -> None:
        """Standard input is not ours to close."""


def _opened(path: Path) -> FileIO:
    if path.exists() and not path.is_file():
        raise ReadError(
            f"{path}: is no file that can be read on from an offset; what comes through a pipe "
            "goes to `penchant consume -`"
        )
    try:
        file = FileIO(str(path), "rb")
    except OSError as error:
        raise ReadError(f"{path}: cannot be opened ({error.strerror or error})") from None
    if file.read(2) == b"\x1f\x8b":
        file.close()
        raise ReadError(
            f"{path}: is compressed and cannot be read on from an offset; "
            f"`penchant add {path.name}` takes it in as a whole"
        )
    return file


def _loaded(memory: Path | None) -> dict[str, str]:
    """What is remembered of a file.

    Raises:
        ReadError: it cannot be read.
    """
    if memory is None or not memory.is_file():
        return {}
    try:
        found: dict[str, str] = json.loads(memory.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ReadError(
            f"{memory}: does not say how far the file was consumed ({error}); remove it to "
            "begin anew: what is there already counts once"
        ) from None
    return found


def _messages(lines: Sequence[tuple[int, bytes]], name: str, ids: str | None) -> list[Message]:
    """Lines as messages; empty ones say nothing and are passed over."""
    return [
        Message(
            name,
            0,
            offset,
            line,
            id=None if ids is None else f"{ids}{offset}",
            fault=f"a line of more than {LONGEST:,} bytes; only its beginning is here"
            if len(line) > LONGEST
            else "",
        )
        for offset, line in lines
        if line.strip()
    ]
