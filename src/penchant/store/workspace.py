"""A workspace: one folder with everything that an engine keeps on one machine.

penchant.json   that this is a workspace, and of which format
config.toml     settings, edited by people
penchant.db     events, items, users, relations, exposures, feedback; which models there are, and
                which serves; unless `store.url` names another database
models/         the files of each version of the model
cache/          vectors by content hash; may be removed at any time
scratch/        half-done fits, so that they go on where they stopped
reports/        what `evaluate` and `check` wrote
tuning/         studies of `tune`, so that they go on where they stopped
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from penchant.clock import Clock, now
from penchant.errors import StoreError
from penchant.store.config import CONFIG, StoreConfig
from penchant.store.files import make_folder, remove, size, write_json, write_text
from penchant.store.models import Models
from penchant.store.sql.database import Database
from penchant.store.sql.tables import SqlTables
from penchant.store.tables import KINDS

FORMAT: Final = 2
"""1 kept its tables as Parquet files in `data`."""
MARK: Final = "penchant.json"
DATABASE: Final = "penchant.db"
FOLDERS: Final = ("models", "cache", "scratch", "reports", "tuning")


@dataclass(frozen=True)
class Status:
    """What a workspace holds: rows by kind, bytes by what they are for, versions of the model."""

    path: str
    store: str
    rows: Mapping[str, int]
    bytes: Mapping[str, int]
    versions: int
    model: str | None
    fitted: str | None
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    def __str__(self) -> str:
        """A few lines for people."""
        rows = ", ".join(f"{n:,} {kind}" for kind, n in self.rows.items() if n) or "nothing yet"
        room = ", ".join(f"{name} {human(n)}" for name, n in self.bytes.items() if n)
        model = (
            f"{self.model} of {self.fitted}" if self.model else "none; `penchant fit` learns one"
        )
        lines = [
            f"workspace  {self.path}",
            f"store      {self.store}",
            f"holds      {rows}",
            f"model      {self.problem or model} ({self.versions} kept)",
            f"takes      {room or 'no room'}",
        ]
        return "\n".join(lines)


class Workspace:
    """A folder with data, models and settings; opened, or made where there is none.

    Raises:
        StoreError: the folder is something else, is from a newer version, or cannot be written;
            or there is none and `create` is False.
    """

    def __init__(
        self,
        path: str | Path,
        create: bool = True,
        clock: Clock = now,
        store: StoreConfig | None = None,
    ) -> None:
        self.path = Path(path)
        self._clock = clock
        self._store = store or StoreConfig()
        if not (self.path / MARK).is_file():
            self._begin(create)
        _check_mark(self.path / MARK)
        for name in FOLDERS:
            make_folder(self.path / name)

    @cached_property
    def database(self) -> Database:
        """The database, opened when it is first used.

        Raises:
            StoreError: it cannot be opened.
        """
        url = self._store.url or f"sqlite:///{(self.path / DATABASE).absolute()}"
        return Database(url, self._store.wait)

    @cached_property
    def tables(self) -> SqlTables:
        """Events, items, users, relations, exposures, feedback."""
        return SqlTables(self.database)

    @cached_property
    def models(self) -> Models:
        """Versions of the model."""
        return Models(self.path / "models", self.database, self._clock)

    @property
    def config(self) -> Path:
        """The file of settings, which need not be there."""
        return self.path / CONFIG

    @property
    def cache(self) -> Path:
        """The folder of what can be computed again."""
        return self.path / "cache"

    @property
    def reports(self) -> Path:
        """The folder of written reports."""
        return self.path / "reports"

    @property
    def tuning(self) -> Path:
        """The folder of what was tried by `tune`."""
        return self.path / "tuning"

    def write_config(self, text: str) -> None:
        """Put settings (TOML) in place."""
        write_text(self.config, text)

    def scratch(self, name: str) -> Path:
        """A folder for half-done work of that name (the fit's fingerprint), made where missing.

        Raises:
            StoreError: the name cannot name a folder.
        """
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", name):
            raise StoreError(f"scratch: {name!r} came, expected letters, digits, '_', '-', '.'")
        return make_folder(self.path / "scratch" / name)

    def clear_scratch(self, name: str | None = None) -> int:
        """Remove one piece of half-done work, or all of it; how many pieces there were."""
        folder = self.path / "scratch"
        if name is not None:
            there = (folder / name).exists()
            remove(self.scratch(name))
            return int(there)
        found = list(folder.iterdir())
        for path in found:
            remove(path)
        return len(found)

    def clear_tuning(self) -> None:
        """Remove what was tried by `tune`, but for the settings that were found."""
        for path in self.tuning.glob("*/*"):
            if path.suffix != ".toml":
                remove(path)

    def status(self) -> Status:
        """What is in here, without reading the rows."""
        versions = self.models.versions()
        current = next((v for v in versions if v.current), None)
        return Status(
            path=str(self.path),
            store=self.database.name,
            rows={kind: self.tables.rows(kind) for kind in KINDS},
            bytes={"data": self.database.bytes()}
            | {name: size(self.path / name) for name in FOLDERS},
            versions=len(versions),
            model=current.name if current else None,
            fitted=current.created if current else None,
            problem=current.problem if current else None,
        )

    def _begin(self, create: bool) -> None:
        """Mark an empty folder as a workspace; the mark comes first, so that a crash leaves one."""
        if self.path.exists() and not self.path.is_dir():
            raise StoreError(f"{self.path}: this is a file; expected a folder for the workspace")
        if not create:
            raise StoreError(
                f"{self.path}: there is no workspace here; `penchant add FILE` begins one, "
                "or name another folder"
            )
        others = self._strangers()
        if (self.path / MARK).is_file():
            return  # another process made it meanwhile
        if others:
            raise StoreError(
                f"{self.path}: this folder holds other things ({', '.join(others[:3])}) and no "
                f"{MARK}; choose an empty folder, or one that does not exist yet"
            )
        make_folder(self.path)
        created = self._clock().isoformat(timespec="seconds")
        write_json(self.path / MARK, {"format": FORMAT, "created": created})

    def _strangers(self) -> list[str]:
        if not self.path.is_dir():
            return []
        names = sorted(p.name for p in self.path.iterdir())
        return [n for n in names if n != CONFIG and not n.startswith(".")]


def _check_mark(path: Path) -> None:
    try:
        written = int(json.loads(path.read_text(encoding="utf-8"))["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path}: not readable as the mark of a workspace ({error!r}). Restore it from a "
            f'backup, or write {{"format": {FORMAT}}} into it if the folder is whole'
        ) from None
    if written == 1:
        raise StoreError(
            f"{path.parent}: this workspace is of format 1, whose tables were Parquet files. Put "
            "them into a new workspace, then learn again: `penchant -w NEW add --items "
            f"'{path.parent}/data/items-*.parquet' --events '{path.parent}/data/events-*.parquet'`"
            " and so on for each kind, then `penchant -w NEW fit`"
        )
    if written > FORMAT:
        raise StoreError(
            f"{path}: the workspace has format {written}, from a newer version; this one reads up "
            f"to {FORMAT}. Upgrade penchant to open it"
        )


def human(n: float) -> str:
    """Bytes for people.

    >>> human(2_500_000)
    '2.5 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if n < 1000:
            return f"{n:.0f} {unit}" if unit == "B" else f"{n:.1f} {unit}"
        n /= 1000
    return f"{n:.1f} TB"
