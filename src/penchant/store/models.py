"""Versions of the model: each a folder of files that is complete or not there, one of them serves.

models/0001/base.safetensors    arrays of a part
models/0001/base.json           plain values of a part

What versions there are, the checksum of every file, and which one serves stand in the database.
"""

import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from penchant import __version__
from penchant.clock import Clock, now
from penchant.errors import CorruptModelError, NotFittedError, StoreError
from penchant.store.arrays import read_arrays, write_arrays
from penchant.store.audit import Entry
from penchant.store.checked import unlike, unlike_since
from penchant.store.files import TEMPORARY, guarded, make_folder, remove, sha256, size, sync
from penchant.store.lock import locked
from penchant.store.sql import audit, versions
from penchant.store.sql.database import Database
from penchant.types import Report, State

FORMAT: Final = 5
ARRAYS: Final = ".safetensors"
VALUES: Final = ".json"

PATIENCE: Final = 600.0
"""Seconds that who writes files waits for another, which may be copying all of them: a model that
took hours to learn is worth minutes."""

_VERSION: Final = r"\d{4,}"
_OWN: Final = ("format", "version", "created", "penchant", "parts", "files")


@dataclass(frozen=True)
class Version:
    """One version in a list: whether it is current, and what is wrong with it, if anything."""

    name: str
    current: bool
    bytes: int
    manifest: dict[str, Any]
    problem: str | None = None

    @property
    def created(self) -> str:
        """When it was saved (ISO 8601, UTC); empty where the manifest cannot be read."""
        return str(self.manifest.get("created", ""))

    @property
    def metrics(self) -> dict[str, Any]:
        """What was known of its quality when it was saved; empty where nothing was."""
        return dict(self.manifest.get("metrics", {}))


@dataclass(frozen=True)
class Fallback:
    """That another version serves than the one that was `meant` to: the one that was promoted last,
    whose files are broken; `why` names one of them, and what is wrong with it."""

    meant: str
    serves: str
    why: str

    def to_json(self) -> dict[str, str]:
        """As plain values."""
        return asdict(self)

    def __str__(self) -> str:
        """One line."""
        return f"version {self.serves} serves, not {self.meant}, which is broken: {self.why}"


@dataclass(frozen=True)
class Saved:
    """What was read back: the parts, what was noted about them, and which versions were passed
    over because they are broken; `fallback`: it is not the version that was meant."""

    version: str
    state: dict[str, State]
    manifest: dict[str, Any]
    report: Report = field(default_factory=Report)
    fallback: Fallback | None = None


class Models:
    """Model versions: their files in a folder, made where missing, their list in a database."""

    def __init__(self, folder: str | Path, database: Database, clock: Clock = now) -> None:
        self.folder = make_folder(Path(folder))
        self._database = database
        self._clock = clock

    def save(self, state: Mapping[str, State], manifest: Mapping[str, Any]) -> str:
        """Keep a fitted model as a new version, which is not current before it is promoted.

        `manifest` holds what is to be known about it: config, metrics, fingerprint ...

        Raises:
            StoreError: something in it cannot be kept, or the folder cannot be written.
        """
        with self._files():
            version = self._next()
            draft = self.folder / f".{version}{TEMPORARY}"
            with guarded(draft):
                draft.mkdir()
                about = self._fill(draft, version, state, manifest)
                os.replace(draft, self.folder / version)
                sync(self.folder)
            with self._database.writing() as connection:
                versions.add(connection, version, about)
            return version

    def load(self, version: str | None = None) -> Saved:
        """Read a version back (None: the current one) after checking every file that is not the
        very one that was found whole before (see `checked`).

        Large arrays are mapped from the file, not copied.

        Raises:
            NotFittedError: nothing was promoted yet.
            StoreError: there is no such version.
            CorruptModelError: a file is not as it was written.
        """
        name = version if version is not None else self.current()
        if name is None:
            raise NotFittedError(f"{self.folder}: no model is current; learn one: `penchant fit`")
        manifest = self._manifest(name)
        folder = self.folder / name
        self._sized(folder, manifest)
        _whole(folder, unlike_since(folder, manifest["files"], self._note(name)))
        state = {part: self._part(folder, part, manifest["files"]) for part in manifest["parts"]}
        return Saved(name, state, manifest)

    def last_good(self) -> Saved:
        """The current version, or where that is broken the newest whole one that served before it;
        `report` names those that were passed over, `fallback` why. Nothing is promoted by this.

        Raises:
            NotFittedError: nothing was promoted yet.
            CorruptModelError: none that served is whole.
        """
        report, first, served = Report(), None, self._served()
        for name in reversed(served):
            try:
                found = self.load(name)
            except CorruptModelError as error:
                first = first or error
                report.add("load", "broken versions of the model passed over", 1, examples=[name])
            else:
                why = None if first is None else Fallback(served[-1], name, first.why)
                return replace(found, report=report, fallback=why)
        if first is not None:
            raise first
        return self.load()

    def verify(self, version: str) -> None:
        """Check every byte of a version.

        Raises:
            StoreError: there is no such version.
            CorruptModelError: a file is not as it was written.
        """
        manifest = self._manifest(version)
        self._verify(self.folder / version, manifest)

    def current(self) -> str | None:
        """The version that is served, or None."""
        served = self._served()
        return served[-1] if served else None

    def promote(
        self, version: str, why: str = "promote", by: str | None = None, *, again: bool = False
    ) -> bool:
        """Make a version current, after checking it; the one before is remembered. `by` says who
        asks: then it stands in the audit log, in the same transaction, under `why`. `again`: only
        if it is the one that serves, so that whoever answers takes it up anew; whether it was done.

        Raises:
            StoreError: there is no such version.
            CorruptModelError: it is broken, and the current one stays.
        """
        self.verify(version)
        with self._database.writing() as connection:
            self._known(connection, version)  # still there
            if again and versions.served(connection)[-1:] != [version]:
                return False
            self._serve(connection, version, why, by)
            return True

    def rollback(self, by: str | None = None) -> str:
        """Make the version before current again; broken ones are passed over. `by`: see `promote`.

        Raises:
            StoreError: there is no whole version to go back to.
        """
        with self._database.writing() as connection:
            for version in reversed(versions.served(connection)[:-1]):
                if self._problem(connection, version) is None:
                    self._serve(connection, version, versions.BACK, by)
                    return version
        raise StoreError(
            f"{self.folder}: there is no earlier whole version to go back to; "
            "learn a new one: `penchant fit`"
        )

    def versions(self) -> list[Version]:
        """All versions, oldest first; a broken one is listed with its problem."""
        with self._database.reading() as connection:
            served = versions.served(connection)[-1:]
            names = versions.names(connection)
        return [self._describe(name, name in served) for name in names]

    def prune(self, keep: int = 3) -> list[str]:
        """Remove all but the newest versions, the current one and the one before it.

        Raises:
            StoreError: `keep` is less than one.
        """
        if keep < 1:
            raise StoreError(f"keep: {keep} came, expected 1 or more versions to keep")
        with self._files():
            with self._database.writing() as connection:
                names = versions.names(connection)
                kept = {*names[-keep:], *versions.served(connection)[-2:]}
                gone = [name for name in names if name not in kept]
                for name in gone:
                    versions.remove(connection, name)
            for name in gone:
                self._remove(name)
            return gone

    # Writing

    def _serve(self, connection: Connection, version: str, why: str, by: str | None) -> None:
        versions.promote(connection, version, self._now(), why)
        if by is not None:
            act = Entry(self._clock(), by, why, detail={"version": version})
            audit.note(connection, act)

    @contextmanager
    def _files(self) -> Iterator[None]:
        """One writer of files at a time; drafts of those who died on the way are removed. Whole
        versions that the database does not name are left alone: another database may."""
        with locked(self.folder / ".lock", PATIENCE):
            for draft in self.folder.glob(f".*{TEMPORARY}"):
                remove(draft)
            yield

    def _next(self) -> str:
        taken = [*self._names(), *(p.name for p in self.folder.iterdir())]
        return f"{max((int(n) for n in taken if re.fullmatch(_VERSION, n)), default=0) + 1:04d}"

    def _now(self) -> str:
        return self._clock().isoformat(timespec="seconds")

    def _fill(
        self, draft: Path, version: str, state: Mapping[str, State], about: Mapping[str, Any]
    ) -> dict[str, Any]:
        for part, (arrays, values) in state.items():
            _check_part(part, values)
            if arrays:
                write_arrays(draft / f"{part}{ARRAYS}", arrays)
            _dump(draft / f"{part}{VALUES}", values)
        if taken := [key for key in about if key in _OWN]:
            raise StoreError(f"manifest.{taken[0]}: this name is the store's own; use another")
        _check_plain("about", dict(about))
        files = sorted(draft.iterdir())
        for path in [*files, draft]:
            sync(path)
        return {
            "format": FORMAT,
            "version": version,
            "created": self._now(),
            "penchant": __version__,
            "parts": list(state),
            "files": {f.name: {"sha256": sha256(f), "bytes": size(f)} for f in files},
            **about,
        }

    def _remove(self, name: str) -> None:
        """Out of sight in one step, then away: half a version is never there."""
        trash = self.folder / f".{name}{TEMPORARY}"
        if (self.folder / name).is_dir():
            with guarded(trash):
                os.replace(self.folder / name, trash)
            remove(trash)
        remove(self._note(name))

    # Reading

    def _note(self, name: str) -> Path:
        """Where it is noted which files of a version were found whole."""
        return self.folder / f".{name}.checked"

    def _names(self) -> list[str]:
        with self._database.reading() as connection:
            return versions.names(connection)

    def _served(self) -> list[str]:
        with self._database.reading() as connection:
            return versions.served(connection)

    def _manifest(self, name: str) -> dict[str, Any]:
        with self._database.reading() as connection:
            return self._known(connection, name)

    def _known(self, connection: Connection, name: str) -> dict[str, Any]:
        names = versions.names(connection)
        if name not in names:
            known = ", ".join(names) or "none"
            raise StoreError(f"version: there is no {name!r} in {self.folder}; known: {known}")
        try:
            manifest = versions.manifest(connection, name)
            written = int(manifest["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise _corrupt(
                self.folder / name, f"has no list that can be read ({error!r})"
            ) from None
        _check_format(self.folder / name, written, str(manifest.get("penchant")))
        return manifest

    def _sized(self, folder: Path, manifest: dict[str, Any]) -> None:
        for name, expected in manifest["files"].items():
            path = folder / name
            if not path.is_file():
                raise _corrupt(path, "is missing")
            if size(path) != expected["bytes"]:
                raise _corrupt(path, f"has {size(path):,} bytes, expected {expected['bytes']:,}")

    def _verify(self, folder: Path, manifest: dict[str, Any]) -> None:
        self._sized(folder, manifest)
        _whole(folder, unlike(folder, manifest["files"]))

    def _part(self, folder: Path, part: str, files: Mapping[str, Any]) -> State:
        try:
            values = json.loads((folder / f"{part}{VALUES}").read_text(encoding="utf-8"))
            name = f"{part}{ARRAYS}"
            return (read_arrays(folder / name) if name in files else {}), values
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _corrupt(folder / part, f"cannot be read ({error!r})") from None

    def _problem(self, connection: Connection, name: str) -> str | None:
        try:
            self._verify(self.folder / name, self._known(connection, name))
        except StoreError as error:
            return str(error)
        return None

    def _describe(self, name: str, current: bool) -> Version:
        """Looks at the sizes of the files only: checksums are `verify`'s work."""
        folder = self.folder / name
        room = size(folder)
        try:
            manifest = self._manifest(name)
        except StoreError as error:
            return Version(name, current, room, {}, str(error))
        try:
            self._sized(folder, manifest)
        except StoreError as error:
            return Version(name, current, room, manifest, str(error))
        return Version(name, current, room, manifest)


def _check_format(folder: Path, written: int, penchant: str) -> None:
    if written > FORMAT:
        raise StoreError(
            f"{folder}: format {written} is from penchant {penchant}; this one reads up to "
            f"{FORMAT}. Upgrade penchant, or learn again: `penchant fit`"
        )
    if written < FORMAT:
        raise StoreError(
            f"{folder}: format {written} is from penchant {penchant}, whose models knew less; "
            f"this one reads format {FORMAT}. Learn again: `penchant fit`"
        )


def _corrupt(path: Path, what: str) -> CorruptModelError:
    return CorruptModelError(
        f"{path}: the model file {what}. Go back to the version before with `penchant rollback`, "
        "or learn a new one with `penchant fit`",
        f"{path.name} {what.partition(' (')[0]}",
    )


def _whole(folder: Path, unlike: str | None) -> None:
    if unlike is not None:
        raise _corrupt(folder / unlike, "does not match its checksum")


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _check_part(part: str, values: Any) -> None:
    """A part that would not come back as it was is refused."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", part):
        raise StoreError(f"part {part!r}: expected a name of letters, digits, '_', '-' and '.'")
    _check_plain(part, values)


def _check_plain(where: str, value: Any) -> None:
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise StoreError(f"{where}: key {key!r} is not text, as JSON needs it")
            _check_plain(f"{where}.{key}", inner)
    elif isinstance(value, list | tuple):
        for i, inner in enumerate(value):
            _check_plain(f"{where}[{i}]", inner)
    elif not isinstance(value, str | int | float | bool | None):
        raise StoreError(
            f"{where}: a {type(value).__name__} cannot be kept as a plain value; expected text, "
            "numbers, lists or dicts (arrays go beside them)"
        )
