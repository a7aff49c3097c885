"""JSON lines as a stream: a file, which is read on from where it was left, or standard input."""

import hashlib
import json
import logging
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from select import select
from time import monotonic, sleep
from typing import Final, Literal

from penchant.errors import ReadError, StoreError
from penchant.store.files import make_folder, write_json
from penchant.stream.source import Message

LONGEST: Final = 4 * 1024 * 1024
"""Bytes of a line; of a longer one only the beginning is kept, as a dead letter."""
_BLOCK: Final = 256 * 1024
_TAIL: Final = 4096  # bytes by which a place in a file is known again
_GLANCE: Final = 0.2  # seconds between two looks at a file that may grow
logger = logging.getLogger(__name__)


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

    @property
    def place(self) -> int:
        """The offset behind all bytes that came."""
        return self.offset + len(self.rest)

    def end(self) -> Iterator[tuple[int, bytes]]:
        """The last line, which has no line end."""
        if self.rest:
            yield self.offset, self.rest
            self.offset += len(self.rest)
            self.rest = b""


class LineFile:
    """A file of JSON lines that may grow; `memory` (a folder) remembers how far it was consumed.

    A file is another one when its first line, or what stands before the place where it was left, is
    not what it was: it was cut short and written anew, or one that took its name. That one is read
    from its beginning, after the last line of the former. With `follow` a last line without its
    line end waits until that has come; else it is taken as it is.

    Raises:
        ReadError: it cannot be opened, or is compressed.
    """

    unit: str = "bytes"
    again: bool = True

    def __init__(
        self,
        path: str | Path,
        memory: Path | None = None,
        *,
        start: Literal["earliest", "latest"] = "earliest",
        follow: bool = False,
    ) -> None:
        self.path, self.follow, self._folder = Path(path).expanduser(), follow, memory
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._refused = ""
        self._open()
        try:
            self._begin(self._remembered(start))
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        """Open what the path names now."""
        self._file, self._full, self._head = _opened(self.path), str(self.path.resolve()), ""

    def _begin(self, offset: int) -> None:
        """Read on from an offset; all that stands before is done with."""
        self.committed = self._next = self._written = offset
        self._lines = Splitter(offset)
        self._tail = self._before(offset)

    @property
    def _memory(self) -> Path | None:
        """Where it is remembered, wherever the file lies."""
        key = f"{self.path.name}-{_digest(self._full.encode(), 6)}.json"
        return None if self._folder is None else self._folder / key

    def _sign(self) -> str:
        """What its first line says; empty until that is whole."""
        if not self._head:
            first, end, _ = self._bytes(0, _BLOCK).partition(b"\n")
            if end or len(first) == _BLOCK or not self.follow:
                self._head = _digest(first)
        return self._head

    def _bytes(self, offset: int, size: int) -> bytes:
        return os.pread(self._file.fileno(), size, offset)

    def _before(self, offset: int) -> bytes:
        """The last bytes before an offset."""
        first = max(0, offset - _TAIL)
        return self._bytes(first, offset - first)

    def _remembered(self, start: str) -> int:
        known, size = _loaded(self._memory), self._size()
        if not known:
            return self._last_end(size) if start == "latest" else 0
        offset = int(known["offset"])
        before = _digest(self._before(offset))  # where it was not written down, the rest must do
        same = known["first_line"] == self._sign() and known.get("before", before) == before
        return offset if same and offset <= size else 0

    def _last_end(self, size: int) -> int:
        """The offset behind the last line end."""
        first = max(0, size - LONGEST)
        return first + self._bytes(first, size - first).rfind(b"\n") + 1

    def poll(self, most: int, seconds: float) -> list[Message]:
        """The next lines."""
        until = monotonic() + seconds
        while len(self._waiting) < most:
            another = self._cut() or self._replaced()  # looked at before the last lines are read
            data = self._more()
            self._waiting.extend(self._lines.feed(data))
            if data:
                continue
            if another or not self.follow:
                self._waiting.extend(self._lines.end())
            if another and not self._waiting:
                self._anew()
                continue
            if self._waiting or not self.follow or (left := until - monotonic()) <= 0:
                break
            sleep(min(left, _GLANCE))
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        self._next = self._waiting[0][0] if self._waiting else self._lines.offset
        mark = f"{self._full}\n{self._sign()}" if taken else ""
        return _messages(taken, self.path.name, hashlib.blake2b(mark.encode()).digest())

    def _more(self) -> bytes:
        """What stands behind what was read, as long as the file is the same."""
        data = self._bytes(self._lines.place, _BLOCK)
        if self._cut():
            return b""
        self._tail = (self._tail + data)[-_TAIL:]
        return data

    def _cut(self) -> bool:
        """Whether what was read last does not stand there any more."""
        return self._before(self._lines.place) != self._tail

    def _replaced(self) -> bool:
        """Whether the path names another file by now, and something stands in that."""
        try:
            there = self.path.stat()
        except OSError:
            return False  # it is being replaced
        return there.st_size > 0 and not os.path.samestat(there, os.fstat(self._file.fileno()))

    def _anew(self) -> None:
        """Begin again at the beginning of what the path names now."""
        logger.warning("%s was cut short or replaced: it is read from its beginning", self.path)
        if self._replaced():
            former = self._file
            self._open()
            former.close()
        self._head = ""
        self._begin(0)

    def hold(self, finish: Callable[[], bool]) -> None:
        """Nobody else reads the file for us."""

    def kept(self, messages: Sequence[Message]) -> list[Message]:
        """All of them."""
        return list(messages)

    def commit(self) -> None:
        """All lines handed out are done with; where that cannot be written down now, it is written
        with the next ones."""
        self.committed = self._next
        self._remember()

    def _remember(self) -> None:
        if self._memory is None or self._written == self.committed:
            return
        place = {
            "path": self._full,
            "first_line": self._sign(),
            "offset": self.committed,
            "before": _digest(self._before(self.committed)),
        }
        if self._cut():
            return  # what stands there now was not consumed
        try:
            make_folder(self._memory.parent)
            write_json(self._memory, place)
        except StoreError as error:
            if str(error) != self._refused:
                logger.warning("how far %s was consumed is not written yet: %s", self.path, error)
            self._refused = str(error)
        else:
            self._written, self._refused = self.committed, ""

    @property
    def ended(self) -> bool:
        """Whether all lines that are there now were handed out."""
        return not self._waiting and self._lines.place >= self._size()

    @property
    def over(self) -> bool:
        """A file may always grow."""
        return False

    def lag(self) -> Mapping[str, int]:
        """Bytes behind the last line that was committed."""
        return {self.path.name: max(0, self._size() - self.committed)}

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def close(self) -> None:
        """Close the file."""
        self._remember()
        self._file.close()


class StandardInput:
    """JSON lines from a pipe. Where they stand in it says nothing, so they have no id.

    Raises:
        ReadError: standard input is closed.
    """

    unit: str = "bytes"
    again: bool = False
    name: Final = "stdin"

    def __init__(self, fd: int | None = None) -> None:
        if fd is None and sys.stdin is None:
            raise ReadError("standard input is closed; expected JSON lines, one object a line")
        self._fd = sys.stdin.fileno() if fd is None else fd
        self._lines = Splitter()
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._open = True

    def poll(self, most: int, seconds: float) -> list[Message]:
        """The next lines; with no time those that were read, and what was read of one more."""
        until = monotonic() + seconds
        while self._open and len(self._waiting) < most:
            left = until - monotonic()
            if left <= 0 or not select([self._fd], [], [], left)[0]:
                break
            data = os.read(self._fd, _BLOCK)
            self._open = bool(data)
            self._keep(self._lines.feed(data) if data else self._lines.end())
        if seconds <= 0 and len(self._waiting) < most:
            self._keep(self._lines.end())
        taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
        return _messages(taken, self.name, None)

    def _keep(self, lines: Iterable[tuple[int, bytes]]) -> None:
        """Let lines wait that say something."""
        self._waiting.extend((offset, line) for offset, line in lines if line.strip())

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


def _messages(lines: Sequence[tuple[int, bytes]], name: str, mark: bytes | None) -> list[Message]:
    """Lines as messages; empty ones say nothing and are passed over.

    With the mark of a file each has an id: of the file, of its place there, and of what it says.
    """
    return [
        Message(
            name,
            0,
            offset,
            line,
            id=None if mark is None else f"{name}/{offset}/{_digest(line, key=mark)}",
            fault=f"a line of more than {LONGEST:,} bytes; only its beginning is here"
            if len(line) > LONGEST
            else "",
        )
        for offset, line in lines
        if line.strip()
    ]


def _digest(said: bytes, size: int = 8, key: bytes = b"") -> str:
    return hashlib.blake2b(said, digest_size=size, key=key).hexdigest()
