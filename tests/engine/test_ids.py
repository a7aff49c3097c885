"""Ids that are whole numbers are taken wherever ids are, and what is no id is told."""

import numpy as np
import polars as pl
import pytest

from penchant import Engine, Filters, WorldConfig, make_world
from penchant.data.ids import id_of, ids_of
from penchant.errors import DataError
from penchant.testing.served import CONFIG, NOW


def numbered(table):
    """The tables of a world whose ids are numbers: u0007 → 7, i00012 → 12."""
    names = [name for name in ("user_id", "item_id") if name in table.columns]
    return table.with_columns(pl.col(name).str.slice(1).cast(pl.Int64) for name in names)


@pytest.fixture(scope="module")
def engine():
    world = make_world(WorldConfig.small(users=80, events=3000))
    made = Engine(None, CONFIG, clock=lambda: NOW)
    made.add(events=numbered(world.events), items=numbered(world.items))
    made.fit()
    return made


@pytest.fixture(scope="module")
def ann(engine):
    """Whoever did the most."""
    events = engine.tables.read("events").collect()
    return int(events["user_id"].value_counts().sort("count", "user_id")["user_id"][-1])


@pytest.fixture(scope="module")
def tea(engine, ann):
    """An item that is recommended to them."""
    return int(engine.recommend(str(ann), 1)[0].item_id)


@pytest.mark.parametrize(
    "asked",
    [
        lambda e, u, i: e.interests(u).to_json(),
        lambda e, u, i: e.interests_many([u]).to_frame().to_dicts(),
        lambda e, u, i: e.interests_many([u]).row(u),
        lambda e, u, i: e.recommend(u, 3).to_json(),
        lambda e, u, i: [one.to_json() for one in e.recommend_each([u, u], 3)],
        lambda e, u, i: e.recommend_many([u], 3).to_dicts(),
        lambda e, u, i: e.recommend(u, 3, filters=Filters(allow=[i], deny=[u])).to_json(),
        lambda e, u, i: e.explain(u, i).sentence,
        lambda e, u, i: e.similar_items(i, 3),
        lambda e, u, i: str(e.similar_users(u, 3)),
        lambda e, u, i: str(e.evolution(u, step="year")),
        lambda e, u, i: str(e.between(u, "2024-01-01")),
        lambda e, u, i: str(e.lifts(u)),
        lambda e, u, i: str(e.forecast(u)),
        lambda e, u, i: e.item(i),
        lambda e, u, i: e.items(i, 3),
        lambda e, u, i: e.person(u),
        lambda e, u, i: e.feedback(u).to_json(),
    ],
)  # fmt: skip
def test_a_number_and_its_digits_are_the_same_id(engine, ann, tea, asked):
    assert asked(engine, ann, tea) == asked(engine, str(ann), str(tea))


def test_a_word_by_numbers_counts_for_the_same_person(engine, tea):
    said = engine.feedback(999, "more", item=tea, event_id=1)
    assert [s.item for s in engine.feedback("999").statements] == [str(tea)]
    assert said.user_id == "999"
    assert engine.forget(999) == 1


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda e: e.interests(None), "user_id: None came; expected an id: text or a whole number"),
        (lambda e: e.recommend(1.5), "user_id: 1.5 came"),
        (lambda e: e.interests_many(["ann", True]), "user_ids: True came"),
        (lambda e: e.recommend_each("ann"), "user_ids: 'ann' came; expected a list of ids"),
        (lambda e: e.explain("1", ["2"]), r"item_id: \['2'\] came"),
        (lambda e: e.similar_items({}), r"item_id: \{\} came"),
        (lambda e: e.forget(None), "user_id: None came"),
    ],
)
def test_what_is_no_id_is_told(engine, asked, words):
    with pytest.raises(DataError, match=words):
        asked(engine)


@pytest.mark.parametrize(
    ("said", "kept"),
    [(7, "7"), (np.int32(7), "7"), (7.0, "7"), (np.float64(7), "7"), ("007", "007"), (-1, "-1")],
)
def test_ids_are_kept_as_tables_keep_them(said, kept):
    assert id_of(said) == kept


@pytest.mark.parametrize("said", [None, True, 1.5, float("nan"), float("inf"), b"ann", ("ann",)])
def test_what_is_neither_text_nor_a_whole_number_is_none(said):
    with pytest.raises(DataError, match="expected an id"):
        id_of(said)


def test_columns_of_other_libraries_are_lists_of_ids():
    assert ids_of(np.array([1, 2])) == ids_of(pl.Series([1, 2])) == ["1", "2"]
