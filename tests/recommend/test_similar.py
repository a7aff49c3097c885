"""Items like one: by acts where there are any, then by words."""

import numpy as np
import polars as pl
import pytest

from penchant import WorldConfig, make_world
from penchant.errors import UnknownIdError
from penchant.testing.served import CONFIG, stocked


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=60, events=2000))


@pytest.fixture(scope="module")
def engine(world):
    made = stocked(world)
    made.fit()
    return made


def test_what_is_alike_is_of_the_same_kind_more_often_than_by_chance(engine, world):
    broad = dict(zip(world.items["item_id"], world.items["category"].list.first(), strict=True))
    some = world.items["item_id"].head(40).to_list()
    hits = [broad[x.item_id] == broad[item] for item in some for x in engine.similar_items(item, 5)]
    kinds = np.array(list(broad.values()))
    chance = np.mean([np.mean(kinds == broad[item]) for item in some])
    assert np.mean(hits) > 2 * chance


def test_likeness_by_acts_is_what_one_event_adds(engine):
    item = engine.data.vocabulary.row("i00000")
    base = engine.model.layers["base"]
    for x in engine.similar_items("i00000", 8):
        other = engine.data.vocabulary.row(x.item_id)
        if x.by == "acts":
            entry = base.M_.entries(np.array([item]), np.array([other]))[0, 0]
            assert x.likeness == pytest.approx(float(entry))
    likeness = [x.likeness for x in engine.similar_items("i00000", 8) if x.by == "acts"]
    assert likeness == sorted(likeness, reverse=True)


def test_there_are_as_many_as_asked_for_each_once_and_never_itself(engine):
    found = [x.item_id for x in engine.similar_items("i00001", 250)]
    assert len(found) == len(set(found)) > 200
    assert "i00001" not in found


def test_a_new_item_is_known_by_its_words(world):
    engine = stocked(world)
    engine.fit()
    old = world.items.row(0, named=True)
    twin = pl.DataFrame([{**old, "item_id": "twin"}], schema=world.items.schema)
    engine.add(items=twin)
    assert engine.similar_items("twin", 3)
    assert "twin" in [x.item_id for x in engine.similar_items(old["item_id"], 300)]


def test_without_a_matrix_words_alone_tell(world):
    engine = stocked(world)
    engine.config = CONFIG.but(**{"interests.base.kind": "none"})
    engine.fit()
    assert {x.by for x in engine.similar_items("i00000", 5)} == {"words"}


def test_an_item_that_is_not_there_is_told(engine):
    with pytest.raises(UnknownIdError, match="nosuch"):
        engine.similar_items("nosuch")
