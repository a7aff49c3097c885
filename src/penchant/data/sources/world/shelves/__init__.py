"""The shop's tree and its words, one file a department.

A department's text reads: `= name | context log-lifts`, its brands and sentences, then `-` the
middle level with the variants its goods come in, then `*` a leaf with its prices, maybe
variants of its own, and three lines: nouns; qualities that stand before them; sentences that
describe them.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from penchant.data.sources.world.shelves import (
    beauty,
    books,
    clothing,
    electronics,
    garden,
    groceries,
    home,
    kitchen,
    pets,
    sports,
    tools,
    toys,
)

FEATURES = ("weekend", "evening", "mobile")
"""What of a context shifts interests: Saturday and Sunday; 18 to 24 o'clock UTC; the device."""

TITLES = (
    "{brand} {quality} {noun}, {variant}",
    "{quality} {noun} by {brand}",
    "{brand} {name} {noun}, {quality}",
    "{quality} {noun}, {variant}",
    "{brand} {noun} – {quality}, {variant}",
    "{name} {quality} {noun}, {variant}",
)
OPENINGS = (
    "{quality} {noun} from {brand}",
    "{brand} {noun}, {quality}, {variant}",
    "From the {name} range: {quality} {noun}",
    "Our buyers' choice: {quality} {noun} by {brand}",
)
_DEPARTMENTS = (
    garden, kitchen, books, electronics, clothing, groceries,
    sports, home, beauty, toys, tools, pets,
)  # fmt: skip


@dataclass(frozen=True)
class Department:
    """What all leaves of a department share."""

    name: str
    lifts: tuple[float, ...]
    brands: tuple[str, ...] = ()
    titles: tuple[str, ...] = TITLES
    opening: tuple[str, ...] = OPENINGS
    closing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Leaf:
    """The narrowest category and the words of its goods."""

    path: tuple[str, str, str]
    department: Department
    variants: tuple[str, ...]
    low: float
    high: float
    repeat: bool
    nouns: tuple[str, ...] = field(default=())
    qualities: tuple[str, ...] = field(default=())
    sentences: tuple[str, ...] = field(default=())


@cache
def leaves() -> tuple[Leaf, ...]:
    """All leaves, department by department."""
    return tuple(leaf for module in _DEPARTMENTS for leaf in _parse(module.TEXT))


@cache
def leaf_counts() -> tuple[int, ...]:
    """Number of leaves of each department."""
    names = [leaf.path[0] for leaf in leaves()]
    return tuple(names.count(name) for name in dict.fromkeys(names))


def _parse(text: str) -> list[Leaf]:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    head, *rest = lines
    first = next(n for n, line in enumerate(rest) if line.startswith("- "))
    department = _department(head, rest[:first])
    found: list[Leaf] = []
    middle = ""
    variants: tuple[str, ...] = ()
    body = iter(rest[first:])
    for line in body:
        if line.startswith("- "):
            middle, _, kinds = line[2:].partition(" | ")
            variants = _split(kinds, ",")
        else:
            words = _split(next(body), ","), _split(next(body), ","), _split(next(body), ";")
            found.append(_leaf(line[2:], department, middle, variants, words))
    return found


def _department(head: str, lines: list[str]) -> Department:
    name, *lifts = _split(head.removeprefix("= "), "|")
    values = {kind: float(value) for kind, value in (lift.split() for lift in lifts)}
    shared: dict[str, Any] = {}
    for line in lines:
        key, _, words = line.partition(": ")
        shared[key] = _split(words, {"brands": ",", "closing": ";"}.get(key, "|"))
    return Department(name, tuple(values[kind] for kind in FEATURES), **shared)


def _leaf(
    head: str,
    department: Department,
    middle: str,
    variants: tuple[str, ...],
    words: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
) -> Leaf:
    name, prices, *marks = _split(head, "|")
    own = [mark for mark in marks if mark != "repeat"]
    variants = _split(own[0], ",") if own else variants
    low, high = (float(price) for price in prices.split("-"))
    path = (department.name, middle, name)
    return Leaf(path, department, variants, low, high, "repeat" in marks, *words)


def _split(text: str, mark: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(mark) if part.strip())
