"""Bodies for every route that takes one: right ones, and right ones that were broken.

A body depends on the seed and its number alone, so that each can be made again. Every row of events
has an id of its own, by which it can be found in the store.
"""

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

JSON, LINES = "application/json", "application/x-ndjson"
Row = dict[str, Any]

KINDS = ("events", "events", "events", "items", "users", "relations", "feedback", "words")
"""Which route a body is for: events come most often."""
PATHS = {
    "events": "/v1/events", "items": "/v1/items", "users": "/v1/users",
    "relations": "/v1/relations", "words": "/v1/interests/from-text",
}  # fmt: skip

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 3.5, -0.0, 1e308, -1e-320, 2**31, -(2**63), 2**63, 2**64, 10**400,
    float("nan"), float("inf"), "", " ", "\0", "a\0b", "\ud800", "a\udfffb", "\u202ereversed",
    "\ufeff", "é" * 300, "i" * 512, "i" * 513, "x" * 70_000, "😀" * 200, "NaN", "null", "1e999",
    "2024-13-45T99:00:00Z", "0001-01-01", "9999-12-31T23:59:59Z", "2024-05-01T10:00:00+25:00",
    "-292277022657-01-27", "../../etc/passwd", "'; DROP TABLE event; --", "<script>", "%s%n",
    [], {}, [[]], [None], [1, "a"], {"a": 1}, {"a": {"b": {"c": []}}}, [["x"] * 50] * 50,
    ["y" * 1_000] * 100, {"": ""}, {"\0": 1}, 253402300800, -62135596801, 1e18,
)  # fmt: skip
"""Values that some field somewhere does not expect."""
NAMES = (
    "device", "x", "é", "user", "a" * 128, "a" * 129, "\0", "", "event_id", "more", "seq", "same",
)  # fmt: skip
"""Columns that nobody has, or that the store has under this name for itself."""


@dataclass(frozen=True)
class Body:
    """One call: `good` are the ids of its events if nothing in it was broken, else None; `cut`:
    its sender leaves before the end; `chunks`: how it comes."""

    number: int
    kind: str
    path: str
    headers: dict[str, str]
    chunks: tuple[bytes, ...]
    good: tuple[str, ...] | None
    cut: bool = False


def made(seed: int, number: int) -> Body:
    """The body of that number."""
    draw = Random(f"{seed}-{number}")
    kind = draw.choice(KINDS)
    lines = kind in PATHS and kind != "words" and draw.random() < 0.3
    whole = draw.random() < 0.15
    rows = [_row(draw, kind, f"f{number}-{k}") for k in range(_count(draw, kind))]
    ids = tuple(row["event_id"] for row in rows) if kind == "events" else ()
    if not whole:
        for _ in range(draw.randint(0, 2)):
            rows = _odd_rows(draw, rows)
    text = _lines(draw, rows, whole) if lines else _document(draw, kind, rows, whole)
    headers = {"content-type": LINES if lines else JSON}
    if not whole:
        for _ in range(draw.choice((0, 1, 1, 2))):
            text = draw.choice(BREAKS)(draw, text)
        headers = _odd_headers(draw, headers)
        text = _packed(draw, text, headers)
    cut = not whole and draw.random() < 0.02
    return Body(
        number, kind, _path(draw, kind), headers, _chunks(draw, text), ids if whole else None, cut
    )


def _count(draw: Random, kind: str) -> int:
    if kind not in PATHS or kind == "words":
        return 1
    return draw.choice((1, 1, 1, 2, 3, 8, 30))


def _row(draw: Random, kind: str, name: str) -> Row:
    """One right row, or a right body of a route that takes but one thing."""
    user, item = f"u{draw.randrange(60):04}", f"i{draw.randrange(300):05}"
    match kind:
        case "events":
            row: Row = {"user_id": user, "item_id": item, "event_id": name}
            some = {
                "event": draw.choice(("view", "click", "purchase", "rating")),
                "timestamp": draw.choice(("2024-05-01T10:00:00Z", 1_714_557_600, "2024-05-02")),
                "value": draw.choice((1, 4.5, 30)), "session_id": "s1", "device": "mobile",
                "text": "a word",
            }  # fmt: skip
        case "items":
            row = {"item_id": item}
            some = {
                "title": f"Thing {name}", "description": "Of oak.", "category": ["A", "B"],
                "tags": ["x", "y"], "brand": "Hollis", "price": 9.5, "available": True,
            }  # fmt: skip
        case "users":
            row, some = {"user_id": user}, {"country": "NO", "age": 31, "member": True}
        case "relations":
            row = {"source": user, "target": f"u{draw.randrange(60):04}"}
            some = {"relation": "follows", "timestamp": 1_714_557_600}
        case "feedback":
            target = draw.choice(({"item": item}, {"interest": "i1-1397"}, {"item": "nosuch"}))
            row = {"direction": draw.choice(("more", "less", "never")), **target}
            some = {"event_id": name, "at": "2024-05-01"}
        case _:
            row, some = {"text": "slow novels and gardening"}, {"at": "2024-05-01"}
    return row | {field: value for field, value in some.items() if draw.random() < 0.5}


def _odd_rows(draw: Random, rows: list[Any]) -> list[Any]:
    """Rows of which one is not as it was."""
    k = draw.randrange(len(rows))
    row = rows[k]
    if not isinstance(row, dict) or not row:
        return rows
    field, more = draw.choice(list(row)), dict(row)
    match draw.randrange(8):
        case 0 | 1 | 2:
            more[field] = draw.choice(ODD)
        case 3:
            del more[field]
        case 4:
            more[draw.choice(NAMES)] = draw.choice(ODD)
        case 5:
            more |= {f"c{k}": k for k in range(draw.choice((10, 70, 600)))}
        case 6:
            return [*rows[:k], draw.choice(ODD), *rows[k + 1 :]]
        case _:
            value = deep(draw, draw.choice((3, 40, 900)))
            more[field] = value
    return [*rows[:k], more, *rows[k + 1 :]]


def deep(draw: Random, levels: int) -> Any:
    """Something inside something, so often."""
    value: Any = draw.choice(ODD)
    for _ in range(levels):
        value = [value] if draw.random() < 0.5 else {"a": value}
    return value


def _document(draw: Random, kind: str, rows: list[Any], whole: bool) -> bytes:
    """One document of JSON."""
    content: Any = rows[0]
    if kind in PATHS and kind != "words" and (len(rows) > 1 or draw.random() < 0.5):
        content = {kind: rows}
        if not whole and draw.random() < 0.1:
            content = draw.choice((
                rows, {kind: rows, "more": 1}, {kind: {"0": rows}}, {kind: rows[0]}, {kind: [rows]},
                {"items" if kind == "events" else "events": rows}, {}, {kind: []}, {kind: None},
                draw.choice(ODD),
            ))  # fmt: skip
    return _dumped(draw, content)


def _lines(draw: Random, rows: list[Any], whole: bool) -> bytes:
    """A line each."""
    if whole:
        return b"\n".join(_dumped(draw, row) for row in rows)
    end = draw.choice((b"\n", b"\n", b"\r\n", b"\n\n", b"\r", b"", b"\x0b", "\u2028".encode()))
    lines = [_dumped(draw, row) for row in rows]
    k = draw.randrange(len(lines))
    if draw.random() < 0.5:
        lines[k] = draw.choice(BREAKS)(draw, lines[k])
    if draw.random() < 0.05:
        lines.insert(k, draw.choice((b"{", b"[]", b"null", b" ", b"#", b"x" * 1_100_000, b"\xff")))
    return end.join(lines) + draw.choice((b"", end))


def _dumped(draw: Random, value: Any) -> bytes:
    """As JSON, plain or escaped; half of a pair that UTF-8 cannot hold goes as its bytes."""
    plain = draw.random() < 0.5
    return json.dumps(value, ensure_ascii=not plain).encode("utf-8", "surrogatepass")


# What is done to bytes


def _spot(draw: Random, text: bytes) -> int:
    return draw.randrange(len(text) + 1)


def _cut(draw: Random, text: bytes) -> bytes:
    return text[: _spot(draw, text)]


def _flip(draw: Random, text: bytes) -> bytes:
    found = bytearray(text)
    for _ in range(draw.randint(1, 8)):
        if found:
            found[draw.randrange(len(found))] ^= 1 << draw.randrange(8)
    return bytes(found)


def _insert(draw: Random, text: bytes) -> bytes:
    at = _spot(draw, text)
    some = draw.choice((
        b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b'"', b"\\",
        b"{", b"}", b"[", b"]", b",", b":", b"\n", b"\r", b"NaN", b"Infinity", b"-", b"1e", b"\\u",
        b"\\ud800", b"/*", b"//", b"'", b"\t", b"\x1f", b"\x7f", b"undefined", draw.randbytes(5),
    ))  # fmt: skip
    return text[:at] + some + text[at:]


def _drop(draw: Random, text: bytes) -> bytes:
    at = _spot(draw, text)
    return text[:at] + text[at + draw.randint(1, 12) :]


def _again(draw: Random, text: bytes) -> bytes:
    at = _spot(draw, text)
    return text[:at] + text[at : at + 40] * draw.choice((2, 3, 50)) + text[at + 40 :]


def _number(draw: Random, text: bytes) -> bytes:
    """A number in the place of some value."""
    head, colon, tail = text.partition(b":")
    long = b"9" * draw.choice((20, 400, 5_000, 100_000))
    value = draw.choice((b"NaN", b"-Infinity", b"1e999", b"-1e-999", b"01", b"1.", b".5", b"0x1",
                         long, b"1" + long + b".5", b"1e" + long))  # fmt: skip
    return head + colon + value + tail[tail.find(b",") :] if b"," in tail else text + value


def _twice(draw: Random, text: bytes) -> bytes:
    """One name twice."""
    name = draw.choice((b"user_id", b"item_id", b"events", b"event_id", b"text", b"direction"))
    return text.replace(b"{", b'{"' + name + b'": "twice", ', 1)


def _deep(draw: Random, text: bytes) -> bytes:
    n = draw.choice((10, 200, 300, 5_000, 100_000))
    open_, close = draw.choice(((b"[", b"]"), (b'{"a":', b"}"), (b'{"events":[', b"]}")))
    return open_ * n + text + close * draw.choice((n, n - 1, 0))


def _coded(draw: Random, text: bytes) -> bytes:
    """In another code than UTF-8."""
    return text.decode("utf-8", "replace").encode(
        draw.choice(("utf-16", "utf-16-le", "utf-32", "utf-7", "cp037", "utf-8-sig")), "replace"
    )


def _other(draw: Random, text: bytes) -> bytes:
    return draw.choice((
        b"", b" ", b"\n", text.replace(b", ", b",\n"), b"null", b"0", b'""', b"{}",
        b"[]", b"user_id=ann&item_id=i1", b"<event/>", b"user_id,item_id\nann,i1\n", text + text,
        text + b"\n" + text, b"\0" * 100,
        draw.randbytes(draw.choice((1, 10, 300, 5_000))), b'"' + b"x" * 200_000 + b'"', text[::-1],
    ))  # fmt: skip


Break = Callable[[Random, bytes], bytes]
BREAKS: tuple[Break, ...] = (
    _cut, _cut, _flip, _flip, _insert, _insert, _drop, _again, _number, _twice, _deep, _coded,
    _other,
)  # fmt: skip
"""Each breaks bytes in a way of its own."""


# How it comes


def _odd_headers(draw: Random, headers: dict[str, str]) -> dict[str, str]:
    if draw.random() < 0.1:
        media = draw.choice((
            "", "text/plain", "application/xml", "multipart/form-data; boundary=x", LINES, JSON,
            "application/x-www-form-urlencoded", "APPLICATION/JSON", "application/json; charset=x",
            "application/json;charset=utf-16", "application/problem+json", "*/*", ";", "a" * 5_000,
            " application/json ", "application/x-ndjson; charset=latin-1",
        ))  # fmt: skip
        headers = {"content-type": media} if media else {}
    if draw.random() < 0.05:
        name, value = draw.choice((
            ("content-encoding", "br"), ("content-encoding", "identity"), ("expect", "100-x"),
            ("content-encoding", "gzip"), ("content-length", "1"), ("content-length", "99999999"),
            ("content-length", "x"), ("x-request-id", "\xff"), ("accept", "text/html"),
            ("content-length", "-5"), ("authorization", "Bearer x"), ("accept-encoding", "gzip"),
        ))  # fmt: skip
        headers = headers | {name: value}
    return headers


def _packed(draw: Random, text: bytes, headers: dict[str, str]) -> bytes:
    """Packed, and maybe called so."""
    if draw.random() >= 0.03:
        return text
    name, pack = draw.choice((("gzip", gzip.compress), ("deflate", zlib.compress)))
    if draw.random() < 0.7:
        headers["content-encoding"] = name
    return pack(text)


def _chunks(draw: Random, text: bytes) -> tuple[bytes, ...]:
    if draw.random() < 0.7 or not text:
        return (text,)
    size = max(1, len(text) // draw.randint(2, 6))
    return tuple(text[start : start + size] for start in range(0, len(text), size))


def _path(draw: Random, kind: str) -> str:
    if kind in PATHS:
        return PATHS[kind]
    user = draw.choice(("u0001", "u0002", "nobody", "%C3%A9", "a%2Fb", "%00", "%FF", "%20"))
    return f"/v1/users/{user if draw.random() < 0.3 else 'u0003'}/feedback"
