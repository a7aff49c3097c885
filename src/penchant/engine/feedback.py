"""What people ask for by hand: kept as rows of a log, counted at once, taken back at will."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from pydantic import Field

from penchant.clock import micros, when
from penchant.config import Config
from penchant.data import columns as c
from penchant.data.statements import CLEAR, DIRECTIONS, LESS, MORE, NEVER, Statements
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, UnknownIdError, did_you_mean
from penchant.store.tables import Tables
from penchant.taxonomy.tree import Tree
from penchant.types import Longs, Report

EMPTY = pl.DataFrame(
    schema={
        c.USER: pl.String,
        c.TIME: pl.Datetime("us", "UTC"),
        c.EVENT: pl.String,
        c.INTEREST: pl.String,
        c.ITEM: pl.String,
        c.TEXT: pl.String,
    }
)
_TARGET = (c.USER, c.INTEREST, c.ITEM)
_NAMED = (c.INTEREST, c.ITEM, c.TEXT)
_EVER = micros(datetime(9999, 1, 1))
_MANY, _KEPT = 1000, 50_000  # people whose words are read one by one; whose are remembered


class FeedbackConfig(Config):
    """What is made of people's own word; read when somebody asks, so no fit is needed."""

    more: float = Field(3.0, gt=1.0)
    """What the odds of something are multiplied by when somebody asks for more of it."""
    less: float = Field(3.0, gt=1.0)
    """What they are divided by when somebody asks for less."""
    spread: float = Field(0.5, ge=0.0, le=1.0)
    """How much of a word on an item is taken for its narrowest interests too (a power of the
    factor); 0: for the item alone."""


@dataclass(frozen=True)
class Said:
    """One statement that stands: direction, and an interest or an item by id and name.

    `gone`: it names what there is no longer, and so changes nothing.
    """

    direction: str
    interest: str | None
    item: str | None
    name: str
    time: datetime
    gone: bool = False

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "direction": self.direction,
            "interest": self.interest,
            "item": self.item,
            "name": self.name,
            "time": self.time.isoformat(),
            "gone": self.gone,
        }


@dataclass(frozen=True)
class Feedback:
    """What one person asked for by hand and did not take back, newest first; `report` says what
    was set aside when more was said."""

    user_id: str
    statements: tuple[Said, ...]
    report: Report = field(default_factory=Report)

    def __len__(self) -> int:
        return len(self.statements)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "user_id": self.user_id,
            "statements": [s.to_json() for s in self.statements],
            "report": self.report.to_json(),
        }

    def to_frame(self) -> pl.DataFrame:
        """One row a statement: user_id, timestamp, event, interest, item_id, text; `add` takes it
        (`feedback=`)."""
        rows = [
            (self.user_id, s.time, s.direction, s.interest, s.item, s.name) for s in self.statements
        ]
        return pl.DataFrame(rows, schema=EMPTY.schema, orient="row")

    def __str__(self) -> str:
        """One line a statement."""
        lines = [
            f"{s.direction:5}  {s.name}  ({s.time:%Y-%m-%d}){'  no longer there' * s.gone}"
            for s in self.statements
        ]
        return "\n".join(lines) or f"{self.user_id} has asked for nothing by hand"


@dataclass
class Ledger:
    """Everybody's statements in a store."""

    tables: Tables
    config: FeedbackConfig
    _known: dict[str, pl.DataFrame] = field(init=False, repr=False, default_factory=dict)

    def rows(self, users: Sequence[str] | None = None) -> pl.DataFrame:
        """Statements of some people (None: of all), oldest first; of one time, as they came."""
        if users is None or len(users) > _MANY:
            found = _sorted(self.tables.read("feedback").collect())
            return found if users is None else found.filter(pl.col(c.USER).is_in(list(users)))
        asked, known = dict.fromkeys(users), self._known
        if missing := [user for user in asked if user not in known]:
            if len(known) > _KEPT:
                known = self._known = {}
                missing = list(asked)
            found = _sorted(self.tables.people("feedback", missing))
            known |= dict.fromkeys(missing, EMPTY)
            if found.height:
                known |= {str(user): rows for (user,), rows in found.group_by(c.USER)}
        spoke = [known[user] for user in asked if known[user].height]
        return pl.concat(spoke) if spoke else EMPTY

    def look_again(self) -> None:
        """Rows were added or removed."""
        self._known = {}

    def standing(self, until: int, users: Sequence[str] | None = None) -> pl.DataFrame:
        """The newest statement on each interest and item, up to a time (µs), oldest first; what
        was taken back is not among them."""
        rows = self.rows(users).filter(pl.col(c.TIME) <= when(until))
        all_back = pl.col(c.INTEREST).is_null() & pl.col(c.ITEM).is_null()
        after = all_back.cum_sum(reverse=True).over(c.USER) == 0
        newest = rows.filter(after).unique(_TARGET, keep="last", maintain_order=True)
        return newest.filter(pl.col(c.EVENT) != CLEAR)


def _sorted(found: pl.DataFrame) -> pl.DataFrame:
    if not found.height:
        return EMPTY
    there = [pl.col(name) for name in EMPTY.columns if name in found.columns]
    table = pl.concat([EMPTY, found.select(there)], how="diagonal_relaxed")
    return table.sort(c.TIME, maintain_order=True)


@dataclass(frozen=True)
class Hearing:
    """People's statements as a model takes them: names become places in its tree and catalogue."""

    ledger: Ledger
    tree: Tree
    items: Vocabulary

    def say(
        self,
        user_id: str,
        direction: str,
        interest: str | None,
        item: str | None,
        at: datetime,
        event_id: str | None,
    ) -> Report:
        """Keep one statement.

        Raises:
            DataError: it is no statement.
            UnknownIdError: there is no such interest or item.
        """
        _whole(user_id, direction, interest, item)
        path = None
        if interest is not None:
            node = self.tree.find(interest)
            interest, path = node.id, " > ".join(self.tree.path(node))
        elif item is not None:
            self.items.row(item, "item")
        row = (user_id, at, direction, interest, item, path)
        table = pl.DataFrame([row], schema=EMPTY.schema, orient="row")
        if event_id is not None:
            table = table.with_columns(pl.lit(event_id).alias(c.EVENT_ID))
        receipt = self.ledger.tables.append("feedback", table)
        self.ledger.look_again()
        return receipt.report()

    def standing(self, user_id: str, until: int, titles: Callable[[int], str]) -> tuple[Said, ...]:
        """What one person asked for, newest first; `titles` names an item by its row."""
        rows = self.ledger.standing(until, [user_id])
        return tuple(self._said(row, titles) for row in reversed(rows.to_dicts()))

    def _said(self, row: dict[str, Any], titles: Callable[[int], str]) -> Said:
        place = self.place(row[c.INTEREST], row[c.ITEM], row[c.TEXT])
        name = row[c.TEXT] or row[c.INTEREST] or row[c.ITEM]
        if place is not None:
            level, k = place
            name = " > ".join(self.tree.path(self.tree.nodes[level - 1][k])) if level else titles(k)
        return Said(
            row[c.EVENT], row[c.INTEREST], row[c.ITEM], name, row[c.TIME], gone=place is None
        )

    def place(
        self, interest: str | None, item: str | None, path: str | None
    ) -> tuple[int, int] | None:
        """Level and row of what a statement names, level 0 for an item; None where it is gone.

        An interest whose id is gone is the one that has its path now, if there is one.
        """
        if interest is None:
            return (0, self.items.row(str(item))) if item in self.items else None
        for name in (interest, path):
            try:
                return self.tree.row(self.tree.find(name or "").id)
            except UnknownIdError:
                continue
        return None

    def at(self, users: Sequence[str], until: int) -> Statements | None:
        """What holds of some people at a time; None where nobody said anything."""
        if not self.ledger.rows(users).height:
            return None
        standing = self.ledger.standing(until, users)
        asked = pl.DataFrame({c.USER: pl.Series(users, dtype=pl.String)}).with_row_index("row")
        rows = standing.join(asked, on=c.USER, maintain_order="left")
        if not rows.height:
            return None
        return self._numbers(rows.sort("row", maintain_order=True), len(users))

    def course(self, user_id: str, times: Longs) -> Statements | None:
        """What holds of one person at some times (µs), each."""
        found: dict[int, Statements | None] = {}
        spoken = self.ledger.rows([user_id])[c.TIME].dt.epoch("us")
        if not len(spoken):
            return None
        after = np.searchsorted(spoken.to_numpy(), times, side="right")
        for k, t in zip(after.tolist(), times.tolist(), strict=True):
            if k not in found:
                found[k] = self.at([user_id], t)
        return Statements.joined([found[k] or Statements.silent(1) for k in after.tolist()])

    def gone(self) -> Report:
        """How many statements that stand name what there is no longer."""
        rows = self.ledger.standing(_EVER).select(_NAMED).rows()
        lost = [path or interest or item for (interest, item, path), there in
                zip(rows, self._places(rows), strict=True) if there is None]  # fmt: skip
        report = Report()
        what = "statements on interests or items that are gone"
        report.add("feedback", what, len(lost), total=len(rows), examples=lost)
        return report

    def _places(self, rows: Sequence[tuple[Any, ...]]) -> list[tuple[int, int] | None]:
        known = {row: self.place(*row) for row in set(rows)}
        return [known[row] for row in rows]

    def _numbers(self, rows: pl.DataFrame, B: int) -> Statements:
        """Statements as numbers, from rows in the order of their moments."""
        places = self._places(rows.select(_NAMED).rows())
        there = np.array([place is not None for place in places], bool)
        who, factors = rows["row"].to_numpy().astype(np.int64), self.ledger.config
        level, row = np.array([p for p in places if p], np.int64).reshape(-1, 2).T
        gains = {MORE: np.log(factors.more), LESS: -np.log(factors.less), NEVER: -np.inf}
        gain = np.array([gains[d] for d in rows[c.EVENT]])[there]
        shared = (level == 0) & np.isfinite(gain)
        counts = np.bincount(who[there], minlength=B)
        return Statements(
            offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            level=level,
            row=row,
            gain=gain,
            spread=np.where(shared, gain, 0.0) * factors.spread,
            time=rows[c.TIME].dt.epoch("us").to_numpy()[there],
            gone=np.bincount(who[~there], minlength=B).astype(np.int64),
        )


def _whole(user_id: str, direction: str, interest: str | None, item: str | None) -> None:
    """Whether these words make a statement.

    Raises:
        DataError: they do not.
    """
    if not user_id.strip():
        raise DataError("user_id: nothing came; expected whose word it is")
    if direction not in DIRECTIONS:
        hint = did_you_mean(direction, DIRECTIONS)
        raise DataError(
            f"direction: {direction!r} came; expected one of {', '.join(DIRECTIONS)}.{hint}"
        )
    if interest is not None and item is not None:
        raise DataError(
            f"interest, item: both came ({interest!r}, {item!r}); expected one of them a call"
        )
    if interest is None and item is None and direction != CLEAR:
        raise DataError(
            f"{direction}: of what? expected interest= (id, name or path) or item= (an item_id)"
        )
