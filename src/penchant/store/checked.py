"""Whether the files of a model are as they were written.

To read a gigabyte and sum it up takes most of a second, and every process of a service asks when it
begins. So it is noted which files were found whole, with what the operating system says of them:
their size, when their bytes and anything else about them changed, where they lie. As long as that
is the same, nobody wrote to them. What nobody did a disk may have done: a note is good until the
machine is started anew, when the files are no longer in its memory and are read, and checked.

Of two changes within one tick of a file system's clock the second cannot be told from the first. So
nothing is noted of a file that changed a moment ago.
"""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from time import time_ns
from typing import Any, Final

from penchant.errors import StoreError
from penchant.store.files import sha256, write_json

SETTLED: Final = 2_000_000_000
"""Nanoseconds since its last change from which on something is noted of a file."""
_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_AT_ONCE: Final = 4

Files = Mapping[str, Mapping[str, Any]]
"""What is expected of files, by name: `sha256`."""


def unlike(folder: Path, files: Files, names: Iterable[str] | None = None) -> str | None:
    """The first of some files (None: all) whose bytes are others than expected; None where there
    is none."""
    some = list(files if names is None else names)
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # summing up lets other threads work
        sums = pool.map(sha256, [folder / name for name in some])
        return next((n for n, s in zip(some, sums, strict=True) if s != files[n]["sha256"]), None)


def unlike_since(folder: Path, files: Files, note: Path) -> str | None:
    """The same, of those files that are not the very ones that were found whole before; which are
    is kept in `note`."""
    seen = {name: [files[name]["sha256"], *_seen(folder / name)] for name in files}
    known, boot = _noted(note), _boot()
    left = [name for name in files if known.get(name) != [boot, *seen[name]]]
    found = unlike(folder, files, left)
    if left and found is None and boot is not None:
        settled = {n: [boot, *what] for n, what in seen.items() if time_ns() - what[-1] > SETTLED}
        with suppress(StoreError):  # in a folder that is only read it is checked every time
            write_json(note, settled)
    return found


def _seen(path: Path) -> tuple[int, ...]:
    """What tells that a file is the very same: the time of its last change stands last."""
    s = path.stat()
    return s.st_size, s.st_dev, s.st_ino, s.st_mtime_ns, s.st_ctime_ns


def _noted(note: Path) -> dict[str, Any]:
    try:
        found = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _boot() -> str | None:
    """What names the time since the machine was started; None where it has no such name."""
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except OSError:
        return None
