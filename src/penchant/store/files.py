"""Writing so that a crash leaves either the old file or the new one, never half of one.

write to a temporary name → fsync the file → rename → fsync the folder
"""

import errno
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import polars as pl

from penchant.errors import StoreError

TEMPORARY: Final = ".tmp"

_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CLOSED: Final = {errno.EROFS, errno.EACCES, errno.EPERM}
_MISSING: Final = {errno.ENOENT, errno.ENOTDIR}


def write_atomic(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file of its own, then put it in place durably: of several
    writers at once the last one counts, and none disturbs another.

    Raises:
        StoreError: the disk is full or cannot be written; nothing was changed.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")
    with guarded(path):
        try:
            write(temporary)
            sync(temporary)
            os.replace(temporary, path)
            sync(path.parent)
        except Exception:
            temporary.unlink(missing_ok=True)
            raise


def write_json(path: Path, value: Any) -> None:
    """Put plain values in place durably."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=True) + "\n"
    write_atomic(path, lambda temporary: _write_text(temporary, text))


def write_text(path: Path, text: str) -> None:
    """Put a text in place durably."""
    write_atomic(path, lambda temporary: _write_text(temporary, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def private(path: Path) -> IO[bytes]:
    """A new file to write, which its owner alone can read.

    Raises:
        OSError: it is there already, or cannot be made.
    """
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def sync(path: Path) -> None:
    """Force a file, or the names in a folder, onto the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> Path:
    """The folder, made where missing.

    Raises:
        StoreError: it cannot be made.
    """
    if not path.is_dir():
        with guarded(path):
            path.mkdir(parents=True, exist_ok=True)
            sync(path.parent)
    return path


def remove(path: Path) -> None:
    """Remove a file or a folder with all that is in it, if it is there."""
    with guarded(path):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """The checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def size(path: Path) -> int:
    """Bytes of a file, or of all files under a folder."""
    if path.is_dir():
        return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    return path.stat().st_size if path.exists() else 0


@contextmanager
def guarded(path: Path) -> Iterator[None]:
    """Turn what the operating system says into a `StoreError` with advice."""
    try:
        yield
    except OSError as error:
        raise StoreError(_advice(path, error.errno, error.strerror or str(error))) from error
    except pl.exceptions.ComputeError as error:  # Polars hands on the number only in the text
        found = re.search(r"\(os error (\d+)\)", str(error))
        if not found:
            raise
        code = int(found[1])
        raise StoreError(_advice(path, code, os.strerror(code))) from error


def _advice(path: Path, code: int | None, said: str) -> str:
    if code in _FULL:
        return (
            f"{path}: could not be written ({said}); what was there before is unchanged. "
            "Free some space on this disk (`penchant` keeps old model versions and a cache there) "
            "or move the workspace, then try again"
        )
    if code in _CLOSED:
        return (
            f"{path}: could not be written ({said}). Check who owns the workspace folder and "
            "that its disk is mounted for writing, or use another folder"
        )
    if code in _MISSING:
        return f"{path}: could not be reached ({said}). Was the workspace moved or removed?"
    return f"{path}: the operating system refused ({said})"
