"""What every store of tables must do, as tests: a new store gets all of it in three lines.

class TestMine(TablesContract):
    def open(self, folder):
        return MyTables(folder)
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from penchant.data import columns as c
from penchant.errors import SchemaError, StoreError
from penchant.random import rng
from penchant.store.audit import Entry, Wanted
from penchant.store.tables import KEYS, KINDS, PERSON, Change, Kind, Tables

START = datetime(2024, 1, 1, tzinfo=UTC)

Rows = list[dict[str, Any]]


def events(*said: tuple[str, str, int], **more: Any) -> pl.DataFrame:
    """Events from (user, item, hours after the start of 2024), each with the same other columns."""
    rows = [
        {c.USER: user, c.ITEM: item, c.TIME: START + timedelta(hours=hours), c.EVENT: "view"} | more
        for user, item, hours in said
    ]
    return pl.DataFrame(rows, schema_overrides={c.TIME: pl.Datetime("us", "UTC")})


def rows_of(tables: Tables, kind: Kind) -> Rows:
    """All rows of a kind; cells without a value are left out."""
    found = tables.read(kind).collect().to_dicts()
    return [{name: value for name, value in row.items() if value is not None} for row in found]


class TablesContract:
    """Tests of a store; a subclass says how to open one in an empty folder."""

    def open(self, folder: Path) -> Tables:
        """A store whose data, if it lasts, is in the folder."""
        raise NotImplementedError

    def test_empty(self, tmp_path: Path) -> None:
        """Nothing was added, and nothing is read; the columns that must be are there."""
        tables = self.open(tmp_path)
        for kind in KINDS:
            assert tables.read(kind).collect().is_empty()
        assert {c.USER, c.ITEM} <= set(tables.read("events").collect_schema())
        assert tables.append("events", events(("ann", "a", 0)).clear()).rows == 0
        assert tables.forget("ann") == 0
        assert (tables.latest(), list(tables.changes(0))) == (0, [])

    def test_comes_back(self, tmp_path: Path) -> None:
        """What was added is read, in the order it came."""
        tables = self.open(tmp_path)
        came = events(("bob", "b", 2), ("ann", "a", 1), ("ann", "b", 1))
        assert tables.append("events", came).new == 3
        assert tables.append("events", events(("ann", "a", 0))).new == 1
        found = tables.read("events").collect()
        assert found[c.USER].to_list() == ["bob", "ann", "ann", "ann"]
        assert found.head(3).equals(came)

    def test_a_snapshot_is_of_the_newest_change(self, tmp_path: Path) -> None:
        """And of all the kinds that were asked for, in the order they were."""
        tables = self.open(tmp_path)
        tables.append("events", events(("bob", "b", 2)))
        tables.append("items", pl.DataFrame({c.ITEM: ["a", "b"]}))
        change, found = tables.snapshot(("items", "events", "users"))
        tables.append("events", events(("ann", "a", 1)))
        assert change == tables.latest() - 1
        assert list(found) == ["items", "events", "users"]
        assert [frame.collect().height for frame in found.values()] == [2, 1, 0]

    def test_same_event_counts_once(self, tmp_path: Path) -> None:
        """Within a batch, in a batch that is sent again, and in one that overlaps."""
        tables = self.open(tmp_path)
        batch = events(("ann", "a", 0), ("ann", "a", 0), ("ann", "b", 1))
        first = tables.append("events", batch)
        again = tables.append("events", batch)
        more = tables.append("events", events(("ann", "b", 1), ("ann", "c", 1)))
        assert (first.new, first.known) == (2, 1)
        assert (again.new, again.known) == (0, 3)
        assert (more.new, more.known) == (1, 1)
        assert more.report().count("rows already there set aside") == 1
        assert len(rows_of(tables, "events")) == 3

    def test_one_column_apart_is_another_event(self, tmp_path: Path) -> None:
        """All that an event says makes it what it is."""
        tables = self.open(tmp_path)
        tables.append("events", events(("ann", "a", 0), value=1.0))
        for other in ({"value": 2.0}, {"value": 1.0, "device": "phone"}, {}):
            assert tables.append("events", events(("ann", "a", 0), **other)).new == 1
        for same in ({"value": 1}, {"value": 1.0, "device": None}, {"shop": None}):
            assert tables.append("events", events(("ann", "a", 0), **same)).known == 1

    def test_event_id_decides(self, tmp_path: Path) -> None:
        """The sender's id is trusted, even over time; what says something else is counted."""
        tables = self.open(tmp_path)
        tables.append("events", events(("ann", "a", 0), event_id="x"))
        same = tables.append("events", events(("ann", "a", 0), event_id="x"))
        other = tables.append("events", events(("ann", "b", 900), event_id="x"))
        twin = tables.append("events", events(("ann", "a", 0), event_id="y"))
        nameless = tables.append("events", events(("ann", "a", 0)))
        assert (same.known, other.known, twin.new, nameless.new) == (1, 1, 1, 1)
        says = "rows set aside that say something else under a known event_id"
        assert (same.report().count(says), other.report().count(says)) == (0, 1)

    def test_later_item_replaces(self, tmp_path: Path) -> None:
        """An item is as it was last said, whole; saying it again changes nothing."""
        tables = self.open(tmp_path)
        first = pl.DataFrame({c.ITEM: ["a", "b"], c.TITLE: ["A", "B"], c.PRICE: [1.0, 2.0]})
        tables.append("items", first)
        receipt = tables.append("items", pl.DataFrame({c.ITEM: ["a", "c"], c.TITLE: ["AA", "C"]}))
        assert (receipt.new, receipt.known, receipt.replaced) == (1, 0, 1)
        assert tables.append("items", first[1:]).known == 1
        found = {row[c.ITEM]: row for row in rows_of(tables, "items")}
        assert found["a"] == {c.ITEM: "a", c.TITLE: "AA"}
        assert found["b"] == {c.ITEM: "b", c.TITLE: "B", c.PRICE: 2.0}
        assert tables.append("items", first).replaced == 1
        assert {row[c.ITEM]: row for row in rows_of(tables, "items")}["a"][c.TITLE] == "A"

    def test_key_twice_in_a_batch(self, tmp_path: Path) -> None:
        """Counted as if the rows came one by one."""
        tables = self.open(tmp_path)
        batch = pl.DataFrame({c.ITEM: ["a", "a", "a", "b"], c.TITLE: ["1", "2", "2", "x"]})
        receipt = tables.append("items", batch)
        assert (receipt.new, receipt.known, receipt.replaced) == (2, 1, 1)
        back = tables.append("items", pl.DataFrame({c.ITEM: ["a", "a"], c.TITLE: ["3", "2"]}))
        assert (back.new, back.known, back.replaced) == (0, 0, 2)
        assert {r[c.ITEM]: r[c.TITLE] for r in rows_of(tables, "items")} == {"a": "2", "b": "x"}

    def test_a_column_may_have_any_name(self, tmp_path: Path) -> None:
        """Also one that a store might use itself."""
        tables = self.open(tmp_path)
        odd = {
            name: [1, 2] for name in ("row", "seq", "index", "__row__", "__same__", "__number__")
        }
        batch = pl.DataFrame({c.ITEM: ["a", "b"], **odd})
        assert tables.append("items", batch).new == 2
        assert tables.append("items", batch.reverse()).known == 2
        assert tables.read("items").collect().sort(c.ITEM).equals(batch)

    def test_relations_are_unique(self, tmp_path: Path) -> None:
        """One edge of a sort between two users."""
        tables = self.open(tmp_path)
        edges = pl.DataFrame({c.SOURCE: ["ann", "ann"], c.TARGET: ["bob", "bob"]})
        receipt = tables.append("relations", edges)
        assert (receipt.new, receipt.known) == (1, 1)
        trusts = edges.head(1).with_columns(pl.lit("trusts").alias(c.RELATION))
        assert tables.append("relations", trusts).new == 1
        assert tables.append("relations", trusts).known == 1
        assert len(rows_of(tables, "relations")) == 2

    def test_columns_grow_together(self, tmp_path: Path) -> None:
        """New columns, whole numbers beside fractions, lists beside nothing."""
        tables = self.open(tmp_path)
        empty = pl.DataFrame({c.ITEM: ["a"], c.TAGS: [None], c.PRICE: [3]})
        tables.append("items", empty)
        tables.append("items", pl.DataFrame({c.ITEM: ["b"], c.TAGS: [["x"]], c.PRICE: [1.5]}))
        tables.append("items", pl.DataFrame({c.ITEM: ["c"], c.TAGS: [[]], "colour": ["red"]}))
        found = tables.read("items").collect()
        assert found[c.TAGS].to_list() == [None, ["x"], []]
        assert found[c.PRICE].to_list() == [3.0, 1.5, None]
        assert found["colour"].to_list() == [None, None, "red"]

    def test_number_meets_text(self, tmp_path: Path) -> None:
        """A column becomes text where it must, and that is counted."""
        tables = self.open(tmp_path)
        tables.append("events", events(("ann", "a", 0), shop=12))
        receipt = tables.append("events", events(("ann", "a", 1), shop="north"))
        assert receipt.report().count("columns whose type became wider") == 1
        assert tables.append("events", events(("ann", "a", 0), shop=12)).known == 1
        assert tables.read("events").collect()["shop"].to_list() == ["12", "north"]

    def test_forgets(self, tmp_path: Path) -> None:
        """A user is gone from every table, on both sides of an edge; nobody else is."""
        tables = self.open(tmp_path)
        batch = events(("ann", "a", 0), ("bob", "a", 0), ("ann", "b", 1))
        pairs = {c.SOURCE: ["ann", "bob", "bob"], c.TARGET: ["bob", "ann", "cy"]}
        tables.append("events", batch)
        tables.append("exposures", batch)
        tables.append("users", pl.DataFrame({c.USER: ["ann", "bob"], "age": [30, 40]}))
        tables.append("users", pl.DataFrame({c.USER: ["ann"], "age": [31]}))
        tables.append("relations", pl.DataFrame(pairs))
        words = batch.with_columns(pl.lit("more").alias(c.EVENT)).rename({c.ITEM: c.INTEREST})
        assert tables.append("feedback", words).new == 3
        assert tables.append("feedback", words).known == 3
        assert tables.forget("ann") == 2 + 2 + 1 + 2 + 2
        assert tables.forget("ann") == 0
        assert [row[c.USER] for row in rows_of(tables, "events")] == ["bob"]
        assert [row[c.USER] for row in rows_of(tables, "users")] == ["bob"]
        assert rows_of(tables, "relations") == [{c.SOURCE: "bob", c.TARGET: "cy"}]
        assert [row[c.USER] for row in rows_of(tables, "feedback")] == ["bob"]
        assert tables.append("events", batch).new == 2  # who comes back begins anew

    def test_bad_rows_are_refused_whole(self, tmp_path: Path) -> None:
        """The error names the field, and nothing was written."""
        tables = self.open(tmp_path)
        tables.append("events", events(("ann", "a", 0), tags=["x"]))
        none = pl.lit(None, dtype=pl.String)
        bad: list[tuple[str, pl.DataFrame, type[Exception], str]] = [
            ("events", events(("ann", "a", 1)).drop(c.ITEM), SchemaError, "events.item_id"),
            (
                "events",
                events(("ann", "a", 1)).with_columns(none.alias(c.USER)),
                SchemaError,
                "1 of 1",
            ),
            ("events", events(("ann", "a", 1), tags=True), SchemaError, "events.tags"),
            ("evnets", events(("ann", "a", 1)), StoreError, "Did you mean 'events'"),
        ]
        for kind, frame, sort, said in bad:
            message = _refusal(tables, cast(Kind, kind), frame, sort)
            assert said in message, message
        assert len(rows_of(tables, "events")) == 1

    def test_changes_name_what_came(self, tmp_path: Path) -> None:
        """One change an append, and `between` gives its rows; what was known changes nothing."""
        tables = self.open(tmp_path)
        tables.append("events", events(("ann", "a", 0), ("bob", "b", 1)))
        tables.append("events", events(("ann", "a", 0), ("ann", "c", 2), ("bob", "c", 2)))
        tables.append("events", events(("ann", "a", 0)))
        tables.append("items", pl.DataFrame({c.ITEM: ["a", "b"], c.PRICE: [1, 2]}))
        tables.append("items", pl.DataFrame({c.ITEM: ["a", "b"], c.PRICE: [1, 3]}))
        found = list(tables.changes(0))
        assert [(one.seq, one.kind, one.rows) for one in found] == [
            (1, "events", 2), (2, "events", 2), (3, "items", 2), (4, "items", 1),
        ]  # fmt: skip
        assert _came(tables, found[1])[c.ITEM].to_list() == ["c", "c"]
        assert _came(tables, found[3])[c.PRICE].to_list() == [3]
        assert _came(tables, found[2])[c.ITEM].to_list() == ["a"]  # b was replaced since
        assert (tables.latest(), list(tables.changes(2))) == (4, found[2:])
        assert list(tables.changes(4)) == []

    def test_forgetting_is_a_change(self, tmp_path: Path) -> None:
        """Told once, without the name; others keep their numbers, and none is used again."""
        tables = self.open(tmp_path)
        tables.append("events", events(("ann", "a", 0), ("bob", "b", 1), ("ann", "c", 2)))
        tables.forget("ann")
        tables.forget("nobody")
        (came, gone) = tables.changes(0)
        assert gone == Change(2, "forget", 0, 0, 2)
        assert _came(tables, came)[c.USER].to_list() == ["bob"]
        tables.append("events", events(("cy", "c", 2)))
        assert tables.changes(2)[0].first > came.last

    def test_rows_come_in_unless_somebody_was_forgotten(self, tmp_path: Path) -> None:
        """Since a change that is named: before it is another matter."""
        tables = self.open(tmp_path)
        tables.append("events", events(("ann", "a", 0), ("bob", "b", 1)))
        known = tables.latest()
        tables.append("events", events(("cy", "c", 2)))
        came = tables.append_unless_forgotten("exposures", events(("bob", "a", 1)), known)
        assert came is not None and came.new == 1
        tables.forget("ann")
        for since in (0, known, known + 2):
            assert (
                tables.append_unless_forgotten("exposures", events(("bob", "b", 2)), since) is None
            )
        latest = tables.latest()
        came = tables.append_unless_forgotten("exposures", events(("bob", "b", 2)), latest)
        assert came is not None and (came.new, len(rows_of(tables, "exposures"))) == (1, 2)

    def test_an_act_stands_beside_what_it_did(self, tmp_path: Path) -> None:
        """Who erased, and how many rows; also where there were none."""
        tables = self.open(tmp_path)
        tables.append("events", events(("ann", "a", 0), ("bob", "b", 1), ("ann", "c", 2)))
        act = Entry(START, "1", "forget", "hash", {"why": "asked"})
        assert [tables.forget("ann", act), tables.forget("ann", act), tables.forget("bob")] == [
            2, 0, 1,
        ]  # fmt: skip
        told = [(one.actor, one.subject, one.detail) for one in tables.audit.read()]
        assert told == [("1", "hash", {"why": "asked", "rows": n}) for n in (2, 0)]
        newest = tables.audit.newest(Wanted(action="forget", subject="hash", before=2))
        assert [(kept.number, kept.act.detail["rows"]) for kept in newest] == [(1, 2)]

    def test_changes_together_are_all_rows(self, tmp_path: Path) -> None:
        """Who reads every change has what who reads everything has."""
        tables = self.open(tmp_path)
        for n in range(4):
            tables.append("events", events((f"u{n}", "a", n), ("u0", "a", 0), more=n))
            tables.append("users", pl.DataFrame({c.USER: ["u0", f"u{n}"], "age": [n, n]}))
        kinds: tuple[Kind, ...] = ("events", "users")
        for kind in kinds:
            rows = [_came(tables, one) for one in tables.changes(0) if one.kind == kind]
            together = pl.concat(rows)
            if key := list(KEYS.get(kind, ())):
                together = together.unique(key, keep="last", maintain_order=True)
            assert together.equals(tables.read(kind).collect())

    def test_some_columns_of_what_came(self, tmp_path: Path) -> None:
        """Who names columns has those that there are, with what they hold for everybody."""
        tables = self.open(tmp_path)
        assert tables.between("events", 1, 9, [c.USER]).height == 0
        for n in range(3):
            tables.append("events", events((f"u{n}", "a", n), ("u0", "b", n), more=n, other="x"))
        wanted = {c.USER, c.TIME, "more", "unheard of"}
        found = tables.between("events", 1, 6, wanted)
        whole = tables.read("events").collect()
        assert set(found.columns) == {c.USER, c.TIME, "more"}
        assert found.equals(whole.select(found.columns))

    def test_people_are_a_part_of_read(self, tmp_path: Path) -> None:
        """Rows of some users, whole and in order; unknown users have none."""
        tables = self.open(tmp_path)
        said = (("bob", "b", 2), ("ann", "a", 1), ("cy", "b", 1), ("ann", "c", 0))
        pairs = {c.SOURCE: ["ann", "bob", "ann"], c.TARGET: ["bob", "ann", "cy"]}
        tables.append("users", pl.DataFrame({c.USER: ["ann", "bob"], "age": [30, 40]}))
        tables.append("relations", pl.DataFrame(pairs))
        assert tables.people("events", ["ann"]).is_empty()
        tables.append("events", events(*said, device="x"))
        tables.append("events", events(("bob", "c", 9), shop="north"))
        for kind, person in PERSON.items():
            whole = tables.read(kind).collect()
            for some in (["ann"], ["cy", "bob", "nobody"], ["nobody"], []):
                mine = whole.filter(pl.col(person).is_in(some))
                assert tables.people(kind, some).equals(mine), (kind, some)
                for last in (0, 1, 3, tables.last(kind)):
                    part = tables.between(kind, 1, last).filter(pl.col(person).is_in(some))
                    assert tables.people(kind, some, last).equals(part), (kind, some, last)
        assert "belong to nobody" in _error(lambda: tables.people("items", ["ann"]))

    def test_the_last_number_stays_when_its_row_goes(self, tmp_path: Path) -> None:
        """Numbers are never given again."""
        tables = self.open(tmp_path)
        assert tables.last("events") == tables.last("items") == 0
        tables.append("events", events(("ann", "a", 0), ("bob", "a", 1)))
        assert tables.last("events") == 2
        tables.forget("bob")
        assert tables.last("events") == 2
        tables.append("events", events(("ann", "b", 2)))
        assert (tables.last("events"), tables.last("items")) == (3, 0)

    def test_any_sequence_equals_a_plain_list(self, tmp_path: Path) -> None:
        """Batches, repeats and forgetting, drawn at random."""
        draw = rng(7, "contract")
        tables, plain = self.open(tmp_path), Plain()
        for _ in range(25):
            if draw.random() < 0.15:
                user = f"u{draw.integers(3)}"
                assert tables.forget(user) == plain.forget(user)
                continue
            said = [_drawn(draw) for _ in range(draw.integers(1, 6))]
            assert tables.append("events", events(*said)).new == plain.append(said)
        found = tables.read("events").collect()
        hours = ((found[c.TIME] - START).dt.total_hours()).to_list()
        assert list(zip(found[c.USER], found[c.ITEM], hours, strict=True)) == plain.said


class Plain:
    """The same store, as plain as it can be: a list without repeats."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str, int]] = []

    def append(self, said: list[tuple[str, str, int]]) -> int:
        """Put in what is not there yet; says how many were new."""
        fresh = [one for one in dict.fromkeys(said) if one not in self.said]
        self.said.extend(fresh)
        return len(fresh)

    def forget(self, user: str) -> int:
        """Take out what is a user's; says how many there were."""
        before = len(self.said)
        self.said = [one for one in self.said if one[0] != user]
        return before - len(self.said)


def _drawn(draw: np.random.Generator) -> tuple[str, str, int]:
    return f"u{draw.integers(3)}", f"i{draw.integers(3)}", int(draw.integers(4))


def _came(tables: Tables, change: Change) -> pl.DataFrame:
    return tables.between(cast(Kind, change.kind), change.first, change.last)


def _error(ask: Callable[[], object]) -> str:
    try:
        ask()
    except StoreError as error:
        return str(error)
    raise AssertionError("this was answered, expected StoreError")


def _refusal(tables: Tables, kind: Kind, frame: pl.DataFrame, sort: type[Exception]) -> str:
    try:
        tables.append(kind, frame)
    except sort as error:
        return str(error)
    raise AssertionError(f"{kind}: the rows were taken, expected {sort.__name__}")
