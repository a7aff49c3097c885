"""A workspace in one file, and back: the database of one moment, the models it names, settings.

FILE.tar
    backup.json         format, penchant's version, when; size and checksum of each other file
    penchant.json       the mark of the workspace
    config.toml         settings, where there are some
    penchant.db         the database (SQLite; PostgreSQL has its own tool for that: pg_dump)
    models/0001/…       files of the model

Both ways are all or nothing, and neither overwrites anything. What they make can be read by its
owner alone.
"""

import io
import json
import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

from penchant import __version__
from penchant.errors import StoreError
from penchant.store.audit import Entry
from penchant.store.config import CONFIG
from penchant.store.files import guarded, make_folder, private, remove, sha256, sync, write_atomic
from penchant.store.lock import locked
from penchant.store.models import PATIENCE
from penchant.store.sql.audit import SqlAudit
from penchant.store.sql.database import Database
from penchant.store.workspace import DATABASE, MARK, Workspace

FORMAT: Final = 1
LIST: Final = "backup.json"
_BLOCK: Final = 1 << 20


@dataclass(frozen=True)
class Backup:
    """What stands in a backup: files and their bytes; `tables`: whether the database is among
    them."""

    file: Path
    created: str
    files: int
    bytes: int
    tables: bool

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return vars(self) | {"file": str(self.file)}


def backup(workspace: Workspace, file: str | Path, created: str) -> Backup:
    """Put a workspace into one file, while others read and write.

    Raises:
        StoreError: the file is there already, or cannot be written.
    """
    path = Path(file)
    if path.exists():
        raise StoreError(f"{path}: this file is there already; name another one")
    make_folder(path.parent)
    with guarded(path), tempfile.TemporaryDirectory(dir=path.parent) as kept:
        copy = Path(kept) / DATABASE
        with locked(workspace.path / "models" / ".lock", PATIENCE):  # no version goes away now
            _copy_database(workspace, copy)
            members = _members(workspace, copy)
            about = _about(members, created)
            write_atomic(path, lambda temporary: _write(temporary, members, about))
    sizes = [one["bytes"] for one in about["files"].values()]
    return Backup(path, created, len(sizes), sum(sizes), DATABASE in members)


def restore(file: str | Path, folder: str | Path, act: Entry | None = None) -> Backup:
    """Make a workspace out of a backup, after checking every byte of it. An `act` goes into the
    audit log of what is restored, where the database is in the backup, with when that was made.

    Raises:
        StoreError: the file is no backup, is damaged, or the folder holds something; or there is
            an act, and the database is from a newer version.
    """
    path, target = Path(file), Path(folder)
    fresh, draft = not target.exists(), target / ".restored"
    if not fresh and (not target.is_dir() or any(p != draft for p in target.iterdir())):
        raise StoreError(f"{target}: this is in use; a backup is restored into a new folder")
    remove(draft)
    make_folder(draft)
    try:
        with guarded(target):
            about = _unpack(path, draft)
            if act is not None and DATABASE in about["files"]:
                _note(draft / DATABASE, act, about["created"])
            _put_in_place(draft, target)
    except BaseException:
        for inside in target.iterdir():
            remove(inside)
        if fresh:
            target.rmdir()
        raise
    sizes = [one["bytes"] for one in about["files"].values()]
    return Backup(path, about["created"], len(sizes), sum(sizes), DATABASE in about["files"])


def _note(file: Path, act: Entry, created: str) -> None:
    """Put an act down in a database that nobody has opened yet, and close it."""
    with closing(Database(f"sqlite:///{file.absolute()}")) as database:
        SqlAudit(database).append(replace(act, detail={**act.detail, "backup": created}))


def _put_in_place(draft: Path, target: Path) -> None:
    """Move what was unpacked; the mark comes last: until then it is no workspace."""
    for name in sorted(os.listdir(draft), key=lambda name: name == MARK):
        os.replace(draft / name, target / name)
        sync(target)
    draft.rmdir()


def _copy_database(workspace: Workspace, copy: Path) -> None:
    """The database of one moment, by SQLite's own means; others may write meanwhile."""
    if not workspace.database.sqlite:
        return
    with closing(sqlite3.connect(copy)) as target, workspace.database.bare() as source:
        source.backup(target)


def _members(workspace: Workspace, copy: Path) -> dict[str, Path]:
    """Names in the backup, and the files that go there."""
    found = {name: workspace.path / name for name in (MARK, CONFIG)}
    if workspace.database.sqlite:
        found[DATABASE] = copy
    for version in workspace.models.versions():
        for path in sorted((workspace.path / "models" / version.name).glob("*")):
            found[f"models/{version.name}/{path.name}"] = path
    return {name: path for name, path in found.items() if path.is_file()}


def _about(members: dict[str, Path], created: str) -> dict[str, Any]:
    files = {
        name: {"bytes": path.stat().st_size, "sha256": sha256(path)}
        for name, path in members.items()
    }
    return {"format": FORMAT, "penchant": __version__, "created": created, "files": files}


def _write(path: Path, members: dict[str, Path], about: dict[str, Any]) -> None:
    text = json.dumps(about, indent=1).encode()
    with private(path) as file, tarfile.open(fileobj=file, mode="w") as tar:
        entry = tarfile.TarInfo(LIST)
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
        for name, member in members.items():
            tar.add(member, name, recursive=False)


def _unpack(path: Path, draft: Path) -> dict[str, Any]:
    """Every file that the list names, checked; what it does not name is not taken."""
    if not path.is_file():
        raise StoreError(f"{path}: there is no such file; expected what `penchant backup` wrote")
    try:
        with tarfile.open(path) as tar:
            about = _listed(path, tar)
            for name, expected in about["files"].items():
                _put(path, tar, name, draft, expected)
    except (tarfile.TarError, EOFError) as error:
        raise _damaged(path, f"it cannot be read ({error})") from None
    return about


def _listed(path: Path, tar: tarfile.TarFile) -> dict[str, Any]:
    try:
        about: dict[str, Any] = json.loads(_opened(path, tar, LIST).read())
        written, _ = int(about["format"]), about["files"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"its list cannot be read ({error!r})") from None
    if written > FORMAT:
        raise StoreError(
            f"{path}: the backup has format {written}, from a newer penchant; this one reads up to "
            f"{FORMAT}. Upgrade penchant to restore it"
        )
    return about


def _put(path: Path, tar: tarfile.TarFile, name: str, draft: Path, expected: Any) -> None:
    inside = PurePosixPath(name)
    if inside.is_absolute() or ".." in inside.parts:
        raise _damaged(path, f"{name!r} points out of it")
    target = draft / inside
    make_folder(target.parent)
    with _opened(path, tar, name) as source, private(target) as file:
        while block := source.read(_BLOCK):
            file.write(block)
    if sha256(target) != expected["sha256"]:
        raise _damaged(path, f"{name} does not match its checksum")
    sync(target)


def _opened(path: Path, tar: tarfile.TarFile, name: str) -> IO[bytes]:
    try:
        found = tar.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        raise _damaged(path, f"{name} is missing")
    return found


def _damaged(path: Path, what: str) -> StoreError:
    return StoreError(f"{path}: this is no whole backup of a workspace: {what}. Use another one")
