"""Rows on their way in: read, told apart, stored; a bad row never sinks a good one."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import compress
from operator import itemgetter
from typing import Any, Final, TypeAlias

import polars as pl
from fastapi import Request
from pydantic_core import from_json

from penchant.data import columns as c
from penchant.data.incoming import read_rows
from penchant.errors import SchemaError
from penchant.serve.gate import LINES
from penchant.serve.problem import Problem
from penchant.serve.service import Service
from penchant.serve.wire import ROWS
from penchant.store.tables import Kind

TOLD: Final = 1_000
"""Rejected rows that an answer names, at most; all are counted."""
_LONGEST: Final = 1_000_000  # bytes of one line
_PIECE: Final = 5_000  # lines stored together
_BYTES: Final = 4_000_000  # or so many bytes
JSON: Final = "application/json"

Numbered: TypeAlias = list[tuple[int, Mapping[str, Any]]]
"""Rows, each with its number among those that came."""


@dataclass
class Taking:
    """What became of the rows of one call, so far."""

    kind: Kind
    accepted: int = 0
    known: int = 0
    replaced: int = 0
    differing: int = 0
    bad: list[dict[str, Any]] = field(default_factory=list)
    bad_total: int = 0
    newest: datetime | None = None

    @property
    def good(self) -> int:
        """Rows that could be used."""
        return self.accepted + self.known + self.replaced

    def reject(self, index: int, name: str, reason: str) -> None:
        """Note a row that cannot be used."""
        self.bad_total += 1
        if len(self.bad) < TOLD:
            self.bad.append({"index": index, "field": name, "reason": reason})

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "accepted": self.accepted,
            "known": self.known,
            "replaced": self.replaced,
            "differing": self.differing,
            "rejected": sorted(self.bad, key=itemgetter("index")),
            "rejected_total": self.bad_total,
        }

    def store(self, service: Service, rows: Numbered) -> None:
        """Read some rows, each with its number, and put those that can be used into the engine."""
        came = read_rows(self.kind, [row for _, row in rows], now=service.engine.clock())
        bad = {r.index for r in came.rejected}
        for r in came.rejected:
            self.reject(rows[r.index][0], r.field, r.reason)
        self._put(service, came.frame, [n for k, (n, _) in enumerate(rows) if k not in bad])

    def _put(self, service: Service, frame: pl.DataFrame, numbers: list[int]) -> None:
        """Put rows in, but for those with a column whose type does not go with what is stored."""
        if not frame.height:
            return
        try:
            receipt = service.engine.take(self.kind, frame)
        except SchemaError as error:
            field, reason = _clash(self.kind, frame, str(error))
            clashes = frame[field].is_not_null().to_list()
            for number in compress(numbers, clashes):
                self.reject(number, field, reason)
            left = [number for number, bad in zip(numbers, clashes, strict=True) if not bad]
            self._put(service, frame.filter(pl.col(field).is_null()).drop(field), left)
            return
        self.accepted += receipt.new
        self.known += receipt.known
        self.replaced += receipt.replaced
        self.differing += receipt.differing
        if self.kind == "events":
            newest: Any = frame[c.TIME].max()
            self.newest = newest if self.newest is None else max(newest, self.newest)


def _clash(kind: Kind, frame: pl.DataFrame, said: str) -> tuple[str, str]:
    """The column that an error of the store is about, and what is wrong with it."""
    for name in frame.columns:
        head = f"{kind}.{name}: "
        if said.startswith(head):
            return name, said.removeprefix(head)
    raise AssertionError(f"a refusal that names no column of {kind}")


async def take_in(request: Request, service: Service, kind: Kind) -> dict[str, Any]:
    """Take in the rows of one call; what it counts as taken is on disk.

    Raises:
        Problem: the body is none (400), of another type (415), or holds no row that can be used
            (422).
    """
    taking = Taking(kind)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media == LINES:
            await _lines(request, service, taking)
        elif media == JSON:
            await _whole(request, service, taking)
        else:
            detail = f"content-type: {media[:80] or 'nothing'} came; expected {JSON} or {LINES}"
            raise Problem(415, detail)
    finally:
        _count(service, taking)
    if taking.bad_total and not taking.good:
        detail = f"none of the {taking.bad_total:,} rows can be used; each says why"
        raise Problem(422, detail, **taking.to_json())
    return taking.to_json()


def _count(service: Service, taking: Taking) -> None:
    rows = service.metrics.rows
    for result in ("accepted", "known", "replaced"):
        rows.labels(taking.kind, result).inc(getattr(taking, result))
    rows.labels(taking.kind, "rejected").inc(taking.bad_total)
    service.metrics.differing.labels(taking.kind).inc(taking.differing)
    if taking.newest is not None:
        age = (service.engine.clock() - taking.newest).total_seconds()
        service.metrics.lag.set(age)


async def _whole(request: Request, service: Service, taking: Taking) -> None:
    """A body of JSON: one row, or a list of them under the kind's name."""
    body = await request.body()
    await service.work.write(lambda: taking.store(service, _rows(body, taking)))


def _rows(body: bytes, taking: Taking) -> Numbered:
    came, kind = parsed(body), taking.kind
    if not isinstance(came, dict):
        detail = f"body: {_called(came)} came; expected an object, or {{'{kind}': [...]}}"
        raise Problem(422, detail)
    rows = came[kind] if isinstance(came.get(kind), list) else [came]
    if isinstance(came.get(kind), list) and len(came) > 1:
        other = next(name for name in came if name != kind)
        raise Problem(422, f"{other[:80]}: came beside {kind!r}; expected {kind!r} alone")
    if len(rows) > ROWS:
        detail = (
            f"{kind}: {len(rows):,} rows came; expected {ROWS:,} at most: send them in parts, or "
            f"as JSON lines ({LINES})"
        )
        raise Problem(422, detail)
    return _objects(enumerate(rows), taking)


def _objects(rows: Any, taking: Taking) -> Numbered:
    found: Numbered = []
    for index, row in rows:
        if isinstance(row, dict):
            found.append((index, row))
        else:
            taking.reject(index, "", f"{_called(row)} came; expected an object")
    return found


def parsed(body: bytes) -> Any:
    """A body of JSON.

    Raises:
        Problem: it is none (400).
    """
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Problem(400, f"body: not JSON ({error}); expected UTF-8 JSON") from None


def _called(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "true or false"}
    return "null" if value is None else names.get(type(value), "a number")


async def _lines(request: Request, service: Service, taking: Taking) -> None:
    """A body of JSON lines, stored piece by piece as it comes."""
    async for piece in _pieces(request):
        await service.work.write(_store_lines, service, taking, piece)


def _store_lines(service: Service, taking: Taking, lines: list[tuple[int, bytes | None]]) -> None:
    rows: Numbered = []
    for index, line in lines:
        if line is None:
            taking.reject(index, "", f"the line is longer than {_LONGEST:,} bytes")
            continue
        try:
            rows.append((index, from_json(line, allow_inf_nan=False)))
        except ValueError as error:
            taking.reject(index, "", f"not JSON ({error})")
    taking.store(service, _objects(rows, taking))


async def _pieces(request: Request) -> AsyncIterator[list[tuple[int, bytes | None]]]:
    """Lines with their numbers, some thousand at a time; None for one that is too long."""
    cut, held, size = Lines(), list[tuple[int, bytes | None]](), 0
    async for chunk in request.stream():
        held += cut.feed(chunk)
        size += len(chunk)
        while len(held) >= _PIECE or (held and size >= _BYTES):
            yield held[:_PIECE]
            held, size = held[_PIECE:], 0
    held += cut.rest()
    if held:
        yield held


@dataclass
class Lines:
    r"""Cuts bytes that come in pieces into lines; empty ones are passed over but counted.

    >>> cut = Lines()
    >>> cut.feed(b'{}\n\n{"a"'), cut.feed(b": 1}"), cut.rest()
    ([(0, b'{}')], [], [(2, b'{"a": 1}')])
    """

    number: int = 0
    _open: bytes = b""
    _skips: bool = False

    def feed(self, chunk: bytes) -> list[tuple[int, bytes | None]]:
        """The lines that end in one more piece."""
        *ended, self._open = (self._open + chunk).split(b"\n")
        found = [line for part in ended for line in self._ended(part)]
        if len(self._open) > _LONGEST:
            self._open, self._skips = b"", True
        return found

    def rest(self) -> list[tuple[int, bytes | None]]:
        """The last line, if it ends without an end."""
        last, self._open = self._open, b""
        return self._ended(last)

    def _ended(self, line: bytes) -> list[tuple[int, bytes | None]]:
        number, self.number = self.number, self.number + 1
        if self._skips or len(line) > _LONGEST:
            self._skips = False
            return [(number, None)]
        return [(number, line)] if line.strip() else []
