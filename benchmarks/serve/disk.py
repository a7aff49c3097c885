"""A small disk of one's own: a file system in memory that is full when it says so."""

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoMountError(RuntimeError):
    """This machine lets nobody who runs this mount a file system."""


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system of so many bytes, mounted over a folder until the block ends.

    Raises:
        NoMountError: nothing can be mounted here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.which("mount") is None:
        raise NoMountError("there is no program `mount` here")
    words = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip() or f"mount ended with {done.returncode}"
        raise NoMountError(f"a small file system cannot be mounted, which takes root: {said}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path, most: int | None = None) -> int:
    """Write a file of so many bytes, or until there is no room for another one; its size."""
    with path.open("ab", buffering=0) as file:
        try:
            while most is None or file.tell() < most:
                piece = 65_536 if most is None else min(65_536, most - file.tell())
                file.write(bytes(piece))
            return file.tell()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return os.fstat(file.fileno()).st_size
