"""Versions of the model: each a folder that is complete or not there, one of them current.

models/0001/manifest.json       what it is, and a checksum of every file
models/0001/base.safetensors    arrays of a part
models/0001/base.json           plain values of a part
models/current.json             which version is current, and which were before
"""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from penchant import __version__
from penchant.clock import Clock, now
from penchant.errors import CorruptModelError, NotFittedError, StoreError
from penchant.store.arrays import read_arrays, write_arrays
from penchant.store.files import (
    TEMPORARY,
    guarded,
    make_folder,
    remove,
    sha256,
    size,
    sync,
    write_json,
)
from penchant.store.lock import locked
from penchant.types import State

FORMAT: Final = 4
MANIFEST: Final = "manifest.json"
CURRENT: Final = "current.json"
ARRAYS: Final = ".safetensors"
VALUES: Final = ".json"

_OWN: Final = ("format", "version", "created", "penchant", "parts", "files", "checksum")


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


@dataclass(frozen=True)
class Saved:
    """What was read back: the parts, and what was noted about them."""

    version: str
    state: dict[str, State]
    manifest: dict[str, Any]


class Models:
    """Model versions in a folder, made where missing."""

    def __init__(self, folder: str | Path, clock: Clock = now, lock_wait: float = 5.0) -> None:
        self.folder = make_folder(Path(folder))
        self._clock = clock
        self._lock_wait = lock_wait

    def save(self, state: Mapping[str, State], manifest: Mapping[str, Any]) -> str:
        """Keep a fitted model as a new version, which is not current before it is promoted.

        `manifest` holds what is to be known about it: config, metrics, fingerprint ...

        Raises:
            StoreError: something in it cannot be kept, or the folder cannot be written.
        """
        with self._writing():
            version = self._next()
            draft = self.folder / f".{version}{TEMPORARY}"
            with guarded(draft):
                draft.mkdir()
                self._fill(draft, version, state, manifest)
                os.replace(draft, self.folder / version)
                sync(self.folder)
            return version

    def load(self, version: str | None = None) -> Saved:
        """Read a version back (None: the current one) after checking every file.

        Large arrays are mapped from the file, not copied.

        Raises:
            NotFittedError: nothing was promoted yet.
            StoreError: there is no such version.
            CorruptModelError: a file is not as it was written.
        """
        name = version if version is not None else self.current()
        if name is None:
            raise NotFittedError(f"{self.folder}: no model is current; learn one: `penchant fit`")
        folder = self._folder(name)
        manifest = self._manifest(name)
        self._verify(folder, manifest)
        state = {part: self._part(folder, part, manifest["files"]) for part in manifest["parts"]}
        return Saved(name, state, manifest)

    def verify(self, version: str) -> None:
        """Check every file of a version.

        Raises:
            StoreError: there is no such version.
            CorruptModelError: a file is not as it was written.
        """
        self._verify(self._folder(version), self._manifest(version))

    def current(self) -> str | None:
        """The version that is served, or None.

        Raises:
            CorruptModelError: the pointer cannot be read.
        """
        return self._pointer()[0]

    def promote(self, version: str) -> None:
        """Make a version current, after checking it; the one before is remembered.

        Raises:
            StoreError: there is no such version.
            CorruptModelError: it is broken, and the current one stays.
        """
        with self._writing():
            self.verify(version)
            before, history = self._pointer()
            if before is not None and before != version:
                history = [*history, before]
            self._point(version, history)

    def rollback(self) -> str:
        """Make the version before current again; broken ones are passed over.

        Where the pointer itself is broken, the newest whole version is taken.

        Raises:
            StoreError: there is no whole version to go back to.
        """
        with self._writing():
            history = self._before()
            while history:
                version = history.pop()
                if self._problem(version) is None:
                    self._point(version, history)
                    return version
            raise StoreError(
                f"{self.folder}: there is no earlier whole version to go back to; "
                "learn a new one: `penchant fit`"
            )

    def versions(self) -> list[Version]:
        """All versions, oldest first; a broken one is listed with its problem."""
        try:
            current = self.current()
        except CorruptModelError:
            current = None
        return [self._describe(name, name == current) for name in self._names()]

    def prune(self, keep: int = 3) -> list[str]:
        """Remove all but the newest versions, the current one and the one before it.

        Raises:
            StoreError: `keep` is less than one.
        """
        if keep < 1:
            raise StoreError(f"keep: {keep} came, expected 1 or more versions to keep")
        with self._writing():
            current, history = self._pointer()
            names = self._names()
            kept = {*names[-keep:], current, *history[-1:]}
            gone = [name for name in names if name not in kept]
            for name in gone:
                self._remove(name)
            if current is not None:
                self._point(current, [name for name in history if name not in gone])
            return gone

    # Writing

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """The lock; drafts of those who died under it are removed."""
        with locked(self.folder / ".lock", self._lock_wait):
            for draft in self.folder.glob(f".*{TEMPORARY}"):
                remove(draft)
            yield

    def _next(self) -> str:
        return f"{max((int(name) for name in self._names()), default=0) + 1:04d}"

    def _fill(
        self, draft: Path, version: str, state: Mapping[str, State], about: Mapping[str, Any]
    ) -> None:
        for part, (arrays, values) in state.items():
            _check_part(part, values)
            if arrays:
                write_arrays(draft / f"{part}{ARRAYS}", arrays)
            _dump(draft / f"{part}{VALUES}", values)
        if taken := [key for key in about if key in _OWN]:
            raise StoreError(f"manifest.{taken[0]}: this name is the store's own; use another")
        files = sorted(draft.iterdir())
        manifest = {
            "format": FORMAT,
            "version": version,
            "created": self._clock().isoformat(timespec="seconds"),
            "penchant": __version__,
            "parts": list(state),
            "files": {f.name: {"sha256": sha256(f), "bytes": size(f)} for f in files},
            **about,
        }
        _check_part("about", dict(about))
        _dump(draft / MANIFEST, manifest | {"checksum": _checksum(manifest)})
        for path in [*files, draft / MANIFEST, draft]:
            sync(path)

    def _point(self, version: str, history: list[str]) -> None:
        write_json(self.folder / CURRENT, {"version": version, "history": history})

    def _remove(self, name: str) -> None:
        """Out of sight in one step, then away: half a version is never listed."""
        trash = self.folder / f".{name}{TEMPORARY}"
        with guarded(trash):
            os.replace(self.folder / name, trash)
        remove(trash)

    # Reading

    def _names(self) -> list[str]:
        found = [p.name for p in self.folder.iterdir() if re.fullmatch(r"\d{4,}", p.name)]
        return sorted(found, key=int)

    def _folder(self, name: str) -> Path:
        if name not in self._names():
            known = ", ".join(self._names()) or "none"
            raise StoreError(f"version: there is no {name!r} in {self.folder}; known: {known}")
        return self.folder / name

    def _pointer(self) -> tuple[str | None, list[str]]:
        path = self.folder / CURRENT
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
            return str(value["version"]), [str(name) for name in value["history"]]
        except FileNotFoundError:
            return None, []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _corrupt(path, f"cannot be read ({error!r})") from None

    def _before(self) -> list[str]:
        """Versions to go back to, the nearest last."""
        try:
            _, history = self._pointer()
            return [name for name in history if name in self._names()]
        except CorruptModelError:
            return self._names()

    def _manifest(self, name: str) -> dict[str, Any]:
        path = self.folder / name / MANIFEST
        try:
            manifest = json.loads(path.read_text(encoding="utf-8"))
            checksum = manifest.pop("checksum")
            written = int(manifest["format"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _corrupt(path, f"cannot be read ({error!r})") from None
        if checksum != _checksum(manifest):
            raise _corrupt(path, "does not match its own checksum")
        if written > FORMAT:
            raise StoreError(
                f"{path}: format {written} is from penchant {manifest['penchant']}; this one reads "
                f"up to {FORMAT}. Upgrade penchant, or learn again: `penchant fit`"
            )
        if written < FORMAT:
            raise StoreError(
                f"{path}: format {written} is from penchant {manifest['penchant']}, whose models "
                f"knew less; this one reads format {FORMAT}. Learn again: `penchant fit`"
            )
        return dict(manifest)

    def _verify(self, folder: Path, manifest: dict[str, Any]) -> None:
        for name, expected in manifest["files"].items():
            path = folder / name
            if not path.is_file():
                raise _corrupt(path, "is missing")
            if size(path) != expected["bytes"]:
                raise _corrupt(path, f"has {size(path):,} bytes, expected {expected['bytes']:,}")
            if sha256(path) != expected["sha256"]:
                raise _corrupt(path, "does not match its checksum")

    def _part(self, folder: Path, part: str, files: Mapping[str, Any]) -> State:
        try:
            values = json.loads((folder / f"{part}{VALUES}").read_text(encoding="utf-8"))
            name = f"{part}{ARRAYS}"
            return (read_arrays(folder / name) if name in files else {}), values
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise _corrupt(folder / part, f"cannot be read ({error!r})") from None

    def _problem(self, name: str) -> str | None:
        try:
            self.verify(name)
        except StoreError as error:
            return str(error)
        return None

    def _describe(self, name: str, current: bool) -> Version:
        """Looks at the manifest only: checksums of the files are `verify`'s work."""
        room = size(self.folder / name)
        try:
            return Version(name, current, room, self._manifest(name))
        except StoreError as error:
            return Version(name, current, room, {}, str(error))


def _corrupt(path: Path, what: str) -> CorruptModelError:
    return CorruptModelError(
        f"{path}: the model file {what}. Go back to the version before with `penchant rollback`, "
        "or learn a new one with `penchant fit`"
    )


def _checksum(manifest: dict[str, Any]) -> str:
    text = json.dumps(manifest, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _check_part(part: str, values: Any) -> None:
    """A part that would not come back as it was is refused."""
    if part == "manifest" or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", part):
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
