"""One writer, or one fit, at a time: a lock on a file, which the system releases when its holder
dies."""

import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Final

from penchant.errors import HeldError
from penchant.store.files import guarded, make_folder

FIT: Final = ".fit.lock"


def fitting(workspace: Path, wait: float = 2.0) -> AbstractContextManager[None]:
    """Hold what only one fit of a workspace can have.

    Raises:
        HeldError: another one runs; the message says in which process.
    """
    return locked(workspace / FIT, wait, "another fit")


@contextmanager
def locked(path: Path, wait: float = 5.0, by: str = "another writer") -> Iterator[None]:
    """Hold the lock while inside; wait so many seconds for another to finish; `by` says what that
    is.

    Works between processes and between threads; not between machines on a shared disk that does
    not carry locks.

    Raises:
        HeldError: somebody else still holds it; the message says which process.
    """
    make_folder(path.parent)
    with guarded(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _acquire(handle, path, wait, by)
        with suppress(OSError):  # on a full disk nobody is told who holds it
            os.truncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)  # which releases the lock


def _acquire(handle: int, path: Path, wait: float, by: str) -> None:
    import fcntl  # not on every system; reading works without

    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise HeldError(_held(handle, path, wait, by)) from None
            time.sleep(0.02)


def _held(handle: int, path: Path, wait: float, by: str) -> str:
    holder = os.pread(handle, 32, 0).decode(errors="replace").strip() or "unknown"
    return (
        f"{path.parent}: {by} (process {holder}) has held this folder for more than "
        f"{wait:g} s. Wait until it has finished, or stop it, then try again; "
        "the lock goes away with its process"
    )
