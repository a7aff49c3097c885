"""A list of recommendations and, for each, the reasons."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, overload

from penchant.types import Report

if TYPE_CHECKING:
    import polars as pl
    from rich.table import Table

    from penchant.interests.show import Fitting


@dataclass(frozen=True)
class Carrier:
    """A past event that carried a recommendation; `part` is what it added to the score."""

    item_id: str
    title: str
    event: str
    time: datetime
    part: float
    share: float
    layer: str


@dataclass(frozen=True)
class Wish:
    """What the person asked for by hand that bears on an item; `part` is what it added to the
    score.

    direction: more, less, never; `of` is an interest's path or an item's title, `item_id` None for
    an interest.
    """

    direction: str
    of: str
    item_id: str | None
    time: datetime
    part: float


@dataclass(frozen=True)
class Reason:
    """Why one item is recommended.

    `parts` add up to `score`. `events` are those that carried it most, with their shares of all
    that events added; shares are exact for layers in `exact` and by removal for others.
    `interests` are (path, weight in the profile), broad to narrow. `wishes` are what the person
    asked for: they add up to the part `feedback`.
    """

    item_id: str
    title: str
    score: float
    parts: Mapping[str, float]
    events: tuple[Carrier, ...]
    interests: tuple[tuple[str, float], ...]
    sentence: str
    exact: tuple[str, ...] = ()
    wishes: tuple[Wish, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "item_id": self.item_id,
            "title": self.title,
            "score": self.score,
            "parts": dict(self.parts),
            "events": [
                {
                    "item_id": e.item_id,
                    "title": e.title,
                    "event": e.event,
                    "time": e.time.isoformat(),
                    "part": e.part,
                    "share": e.share,
                    "layer": e.layer,
                }
                for e in self.events
            ],
            "interests": [{"path": path, "weight": weight} for path, weight in self.interests],
            "sentence": self.sentence,
            "exact": list(self.exact),
            "wishes": [
                {
                    "direction": w.direction,
                    "of": w.of,
                    "item_id": w.item_id,
                    "time": w.time.isoformat(),
                    "part": w.part,
                }
                for w in self.wishes
            ],
        }

    def __str__(self) -> str:
        """A few lines for people."""
        parts = " + ".join(f"{name} {value:.2f}" for name, value in self.parts.items())
        lines = [f"{self.title}", f"  {self.sentence}", f"  {self.score:.2f} = {parts}"]
        for w in self.wishes:
            lines.append(f"  {w.part:+.2f} asked for {w.direction}: {w.of} ({w.time:%Y-%m-%d})")
        for e in self.events:
            lines.append(f"  {e.share:4.0%} {e.event} {e.title} ({e.time:%Y-%m-%d}, {e.layer})")
        return "\n".join(lines).replace("+ -", "− ")


@dataclass(frozen=True)
class Recommendation:
    """One item of a list; `parts` add up to `score`, `probability` is that it comes next."""

    item_id: str
    title: str
    score: float
    parts: Mapping[str, float]
    probability: float
    rank: int


@dataclass(frozen=True)
class Recommendations:
    """What to show one person, best first; `report` counts what filters set aside."""

    user_id: str
    at: datetime
    items: tuple[Recommendation, ...]
    report: Report
    reasons: Callable[[], list[Reason]] = field(repr=False, compare=False)

    def __iter__(self) -> Iterator[Recommendation]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @overload
    def __getitem__(self, n: int) -> Recommendation: ...

    @overload
    def __getitem__(self, n: slice) -> tuple[Recommendation, ...]: ...

    def __getitem__(self, n: int | slice) -> Recommendation | tuple[Recommendation, ...]:
        return self.items[n]

    def explain(self) -> list[Reason]:
        """The reasons, one an item, in the list's order."""
        return self._reasons

    @cached_property
    def _reasons(self) -> list[Reason]:
        return self.reasons()

    def to_frame(self) -> "pl.DataFrame":
        """One row an item: user_id, rank, item_id, title, score, probability, one column a part."""
        import polars as pl

        rows = [
            {
                "user_id": self.user_id,
                "rank": r.rank,
                "item_id": r.item_id,
                "title": r.title,
                "score": r.score,
                "probability": r.probability,
                **dict(r.parts),
            }
            for r in self.items
        ]
        return pl.DataFrame(rows)

    def to_json(self, explain: bool = False) -> dict[str, Any]:
        """As plain values; with the reasons if asked for."""
        reasons = [r.to_json() for r in self.explain()] if explain else [{}] * len(self)
        return {
            "user_id": self.user_id,
            "at": self.at.isoformat(),
            "items": [
                {
                    "rank": r.rank,
                    "item_id": r.item_id,
                    "title": r.title,
                    "score": r.score,
                    "probability": r.probability,
                    "parts": dict(r.parts),
                    **({"reason": reason} if explain else {}),
                }
                for r, reason in zip(self.items, reasons, strict=True)
            ],
            "report": self.report.to_json(),
        }

    def __rich__(self) -> "Fitting":
        from penchant.interests.show import Fitting

        return Fitting((partial(self._table, True), partial(self._table, False)))

    def _table(self, by_part: bool, tight: bool) -> "Table":
        """The list as a table; a narrow one does without the parts of the scores."""
        from rich.table import Table
        from rich.text import Text

        from penchant.interests.show import cut

        parts = list(self.items[0].parts) if self.items and by_part else []
        whose = Text(f"for {self.user_id}")
        table = Table(title=whose, title_justify="left", box=None, pad_edge=False)
        table.add_column("", justify="right", no_wrap=True)
        table.add_column("item", max_width=22 if tight else 56)  # gives way where there is no room
        for name in ("score", *parts):
            style = "" if name == "score" else "dim"
            table.add_column(name, justify="right", no_wrap=True, style=style)
        for r in self.items:
            score = (f"{value:.2f}" for value in (r.score, *(r.parts[name] for name in parts)))
            table.add_row(str(r.rank), cut(r.title), *score)
        return table

    def __str__(self) -> str:
        """One line an item."""
        if not self.items:
            return f"nothing to recommend to {self.user_id}\n{self.report}"
        return "\n".join(f"{r.rank:3}. {r.title}  {r.score:.2f}" for r in self.items)
