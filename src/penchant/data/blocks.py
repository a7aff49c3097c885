"""Text files as blocks of whole lines: unpacked, in UTF-8, never all at once."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from penchant.errors import ReadError
from penchant.types import Report

BLOCK = 64 * 1024 * 1024
"""Bytes read at once: enough to keep a parser busy, little beside a table."""
GZIP = b"\x1f\x8b"
UTF16 = (b"\xff\xfe", b"\xfe\xff")
UTF8_MARK = b"\xef\xbb\xbf"


@contextmanager
def unpacked(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, gunzipped where its first bytes say so and UTF-16 made UTF-8.

    Raises:
        ReadError: it cannot be opened, or its compressed data is damaged or ends early.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == GZIP
            raw.seek(0)
            yield _utf8(cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if packed else raw)
    except EOFError:
        raise ReadError(
            f"{path}: the compressed data ends early, so an unknown part of the file is missing; "
            "expected a whole .gz file. Copy or download it again"
        ) from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ReadError(f"{path}: not a sound .gz file ({error}). Copy it again") from None
    except OSError as error:
        raise ReadError(f"{path}: cannot be opened ({error.strerror or error})") from None
    except UnicodeDecodeError as error:
        raise ReadError(f"{path}: begins as UTF-16 but is not ({error.reason})") from None


def _utf8(stream: IO[bytes]) -> IO[bytes]:
    """The stream past its byte order mark; UTF-16 (as spreadsheets write it) is re-encoded."""
    head = stream.read(3)
    stream.seek(0)
    if head[:2] in UTF16:
        return io.BytesIO(stream.read().decode("utf-16").encode())
    if head == UTF8_MARK:
        stream.read(3)
    return stream


def line_blocks(stream: IO[bytes], size: int = BLOCK) -> Iterator[bytes]:
    """Blocks that end with a line end; the last may lack it."""
    rest = b""
    while data := stream.read(size):
        data = rest + data
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        if cut:
            yield data[:cut]
    if rest:
        yield rest


def as_utf8(block: bytes, path: Path, report: Report) -> bytes:
    """The block with every line in UTF-8; lines that are not are read as Windows-1252, and counted.

    A file that mixes both (two systems wrote to it) keeps its good lines as they are.
    """
    if block.isascii() or _decodes(block):
        return block
    lines = block.split(b"\n")
    other = [row for row, line in enumerate(lines) if not line.isascii() and not _decodes(line)]
    for row in other:
        lines[row] = _western(lines[row]).encode()
    some = [lines[row].decode() for row in other[:3]]
    report.add("read", "lines not in UTF-8, read as Windows-1252", len(other), examples=some)
    return b"\n".join(lines)


def _decodes(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _western(line: bytes) -> str:
    """Windows-1252, or Latin-1 where a byte has no meaning in the former."""
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")
