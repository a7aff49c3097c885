"""Relations that are kept in mind: true, bounded, and never of somebody who is gone."""

import polars as pl

from penchant.engine import around
from penchant.engine.around import Around
from penchant.store.memory import MemoryTables


def known(*edges):
    tables = MemoryTables()
    frame = pl.DataFrame(edges, schema=["source", "target"], orient="row")
    tables.append("relations", frame.with_columns(relation=pl.lit("follows")))
    return tables


def test_each_is_read_once_until_it_is_time_to_look_again(monkeypatch):
    tables = known(("ann", "bob"), ("cat", "dan"))
    near, asked, read = Around(tables), [], tables.people
    monkeypatch.setattr(tables, "people", lambda kind, ids: asked.append(ids) or read(kind, ids))
    assert near.of(["ann", "cat", "ann"])["target"].to_list() == ["bob", "dan"]
    assert near.of(["cat"])["target"].to_list() == ["dan"]
    near.look_again()
    assert near.of(["cat"])["target"].to_list() == ["dan"]
    assert asked == [["ann", "cat"], ["cat"]]


def test_what_was_read_before_somebody_was_forgotten_is_not_kept(monkeypatch):
    """Another thread learns of it between the reading and the keeping, and lets go of all."""
    tables = known(("ann", "bob"), ("cat", "dan"))
    near, read = Around(tables), tables.people
    near.of(["cat"])

    def people(kind, ids):
        rows = read(kind, ids)
        tables.forget("bob")
        near.look_again()
        return rows

    monkeypatch.setattr(tables, "people", people)
    assert near.of(["ann", "cat"])["source"].to_list() == ["ann", "cat"], "as it was when asked"
    monkeypatch.setattr(tables, "people", read)
    assert near.of(["ann", "cat"])["source"].to_list() == ["cat"]


def test_strangers_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(around, "MOST", 50)
    near = Around(known(("ann", "bob")))
    for k in range(500):
        near.of([f"stranger {k}"])
        assert len(near) <= 50
    assert near.of(["ann"])["target"].to_list() == ["bob"]
