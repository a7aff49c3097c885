"""Single answers are found another way than many at once, and are the same."""

import dataclasses

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from penchant.clock import DAY
from penchant.data.statements import Statements
from penchant.interests import vectors
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel, Parts, softmax
from penchant.interests.terms import Row
from penchant.interests.told import Part, Told
from penchant.interests.vectors import Look, Vectors
from penchant.recommend.cold_start import given as by_hand
from penchant.recommend.explain import Explainer
from penchant.recommend.filters import Filters, Shelf
from penchant.recommend.pipeline import GIVEN, Asked, Pipeline, best
from penchant.recommend.rank import largest_bound, ranked
from penchant.taxonomy.tree import Tree
from penchant.testing.layers import ITEMS, planted, quick, shelf
from penchant.types import Report

LOG = planted("social", users=60, noise=0.3)
CLOSE = 1e-5


def soft() -> Catalogue:
    """The shelf, but every third item belongs to two groups, and one to none."""
    made = shelf()
    leaves = made.tree.membership(2).toarray()
    for i in range(0, ITEMS, 3):
        leaves[i] *= 0.6
        leaves[i, (i + 1) % 6] += 0.4
    leaves[5] = 0.0
    tree = Tree.from_leaves(
        made.tree.nodes, sparse.csr_array(leaves), centroids=made.tree.centroids, items=made.items
    )
    return Catalogue(made.items, made.text, tree)


SOFT = soft()
TABLE = pl.DataFrame(
    {
        "item_id": SOFT.items.ids,
        "brand": [("Ada", "Bo", None)[i % 3] for i in range(ITEMS)],
        "available": [i % 11 != 3 for i in range(ITEMS)],
    }
)
KINDS = {
    "whole": {},
    "svd": {"base.kind": "svd"},
    "bidirectional": {"base.kind": "bidirectional"},
    "gru": {"dynamic.kind": "gru"},
    "counts": {"base.kind": "none", "layers": ("popularity", "social")},
}


@pytest.fixture(scope="module", params=list(KINDS))
def pipeline(request):
    config = quick().but(**KINDS[request.param])
    model = InterestModel(config).fit(SOFT, LOG, repeats=request.param in ("whole", "svd"))
    explainer = Explainer(model, TABLE, pl.Series("event", ["like"] * len(LOG)))
    return Pipeline(model, Shelf(SOFT.items, TABLE, SOFT.tree), explainer)


def moment(user, said=None):
    made = LOG.moments_at(np.array([user]), np.array([LOG.time.max() + DAY]))
    return dataclasses.replace(made, said=said)


def spoken(*rows):
    """Statements of one person: (level, row, gain, spread) each."""
    level, row, gain, spread = (np.array(x) for x in zip(*rows, strict=True))
    none = np.zeros(len(rows), np.int64)
    return Statements(np.array([0, len(rows)]), level, row, gain, spread, none, none[:1])


def plain(pipeline, asked, n, filters=None, interests=None):
    """The list as of many at once: every layer's table, the best of it."""
    model = pipeline.model
    twice = model.parts(asked.take(np.array([0, 0])))  # one moment alone goes the faster way
    parts = Parts(twice.names, twice.alpha[:1], twice.values[:, :1])
    if interests:
        parts = parts.beside(GIVEN, by_hand(model.catalogue.tree, interests))
    may = pipeline.candidates(asked, filters, Report())
    rows = best(parts.score, may, n)[0]
    rows = rows[rows >= 0]
    chance = softmax(np.where(may, parts.score, np.float32(-1e9)))[0]
    return rows, [parts.of(int(i)) for i in rows], chance[rows]


def one(pipeline, moment, asked):
    """The list for one moment."""
    return pipeline.each(["u"], moment, asked)[0]


def same(pipeline, asked, n=8, filters=None, interests=None, close=CLOSE):
    rows, parts, chance = plain(pipeline, asked, n, filters, interests)
    found = one(pipeline, asked, Asked(n, filters, interests))
    assert [r.item_id for r in found] == [SOFT.items[i] for i in rows]
    for r, part in zip(found, parts, strict=True):
        assert dict(r.parts) == pytest.approx(part, abs=CLOSE)
        assert r.score == pytest.approx(sum(part.values()), abs=CLOSE)
    np.testing.assert_allclose([r.probability for r in found], chance, atol=close)
    return found


SAID = spoken((2, 3, np.log(3.0), 0.0), (1, 0, -np.inf, 0.0), (0, 17, np.log(3.0), 0.5))
ASKED = {
    "a few": {},
    "all": {"n": 500},
    "filtered": {"filters": Filters(where={"brand": "Ada"}, seen=False)},
    "within": {"filters": Filters(within="g2", seen=True), "n": 3},
    "given": {"interests": {"g4": 1.0, "g1": -0.5}},
    "nothing": {"filters": Filters(allow=())},
}


@pytest.mark.parametrize("way", list(ASKED))
@pytest.mark.parametrize("said", [None, SAID], ids=["silent", "heard"])
def test_one_is_the_plain_list(pipeline, way, said):
    for user in (-1, 4, 21):
        same(pipeline, moment(user, said), **ASKED[way])


@pytest.fixture
def coarse(pipeline, monkeypatch):
    """The pipeline, with a first look at bytes however few items there are."""
    pytest.importorskip("numkong", reason="a first look at bytes needs the extra `ann`")
    monkeypatch.setattr(vectors, "MANY", 1)
    monkeypatch.setattr("penchant.recommend.rank._SURE", 4)
    kept = [getattr(x.net_, "_kept", None) for x in layers_with_nets(pipeline.model)]
    for layer in layers_with_nets(pipeline.model):
        layer.net_._kept = None
    yield pipeline
    for layer, before in zip(layers_with_nets(pipeline.model), kept, strict=True):
        layer.net_._kept = before


def layers_with_nets(model):
    return [layer for layer in model.layers.values() if hasattr(layer, "net_")]


@pytest.mark.parametrize("way", list(ASKED))
def test_a_first_look_at_bytes_changes_no_list(coarse, way):
    for user in (4, 21):  # of all that is likely only four are scored as they are, not 256
        same(coarse, moment(user), close=1e-3, **ASKED[way])
    for layer in layers_with_nets(coarse.model) if way != "nothing" else ():
        assert layer.net_.kept._made.bytes is not None


def looked(some, d, times=1.0):
    """The products of vectors with one of several d, as a look has them, and how far off."""
    total = np.zeros(len(some), np.float32)
    off = Look(some, np.stack([np.ones_like(d), d])).add_to(total, 1, times)
    return total, off


@pytest.fixture
def at_once(monkeypatch):
    """A first look at bytes however few vectors there are."""
    pytest.importorskip("numkong", reason="a first look at bytes needs the extra `ann`")
    monkeypatch.setattr(vectors, "MANY", 1)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 10**6), st.integers(1, 40), st.sampled_from([1e-3, 1.0, 30.0]))
def test_products_of_bytes_are_no_further_off_than_they_say(at_once, seed, dims, scale):
    draw = np.random.default_rng(seed)
    rows = (draw.standard_normal((200, dims)) * draw.pareto(2, (200, 1))).astype(np.float32)
    d = (scale * draw.standard_normal(dims)).astype(np.float32)
    found, off = looked(Vectors(rows), d, 0.5)
    truth = 0.5 * (rows.astype(np.float64) @ d)
    assert np.abs(found - truth).max() <= off + 1e-6 * np.abs(truth).max()
    assert off <= 0.05 * np.linalg.norm(rows, axis=1).max() * np.linalg.norm(d), "it says something"


def test_vectors_that_come_later_are_as_if_they_had_always_been(at_once):
    draw = np.random.default_rng(0)
    rows, d = draw.standard_normal((90, 8)).astype(np.float32), np.ones(8, np.float32)
    grown = Vectors(rows[:60])
    for a in range(60, 90, 3):
        found, off = looked(grown, d)
        assert np.abs(found - rows[:a] @ d).max() <= off
        grown = grown.extended(rows[a : a + 3])
        assert np.array_equal(grown.rows, rows[: a + 3])
    assert grown._made.bytes is None or len(grown._made.bytes) <= 8


def test_vectors_of_zeros_have_bytes_too(at_once):
    found, off = looked(Vectors(np.zeros((5, 4), np.float32)), np.ones(4, np.float32))
    assert not found.any()
    assert off < 1e-20
    assert not looked(Vectors(np.ones((5, 4), np.float32)), np.zeros(4, np.float32))[0].any()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 9))
def test_ties_go_to_the_lower_row(seed, n, different):
    draw = np.random.default_rng(seed)
    values = draw.integers(0, different, (2, ITEMS)).astype(np.float32)
    may = draw.random(ITEMS) < 0.5
    parts = tuple(Part(None, (Row(row),)) for row in values)
    said = Told(SOFT.tree, ("a", "b"), np.array([1.0, 0.5], np.float32), parts)
    score = values[0] + np.float32(0.5) * values[1]
    order = sorted(np.flatnonzero(may).tolist(), key=lambda i: (-score[i], i))[:n]
    found = ranked(said, may, n)
    assert found.rows.tolist() == order
    chance = np.where(may, np.exp(score.astype(np.float64) - 9.0), 0.0)
    np.testing.assert_allclose(found.chance, chance[order] / chance.sum(), atol=1e-6)


def test_the_parts_of_one_moment_are_those_of_several(pipeline):
    users = np.array([4, -1, 21])
    several = LOG.moments_at(users, np.full(3, LOG.time.max() + DAY))
    together = pipeline.model.parts(several)
    for b in range(3):
        alone = pipeline.model.parts(several.take(np.array([b])))
        assert alone.names == together.names
        np.testing.assert_allclose(alone.alpha[0], together.alpha[b], rtol=1e-6)
        np.testing.assert_allclose(alone.values[:, 0], together.values[:, b], atol=1e-5)


def test_lists_that_are_asked_for_together_are_those_of_one_at_a_time(pipeline):
    users = np.array([4, -1, 21, 4, 7])
    several = LOG.moments_at(users, np.full(5, LOG.time.max() + DAY))
    one_spoke = dataclasses.replace(
        SAID, offsets=np.array([0, 0, 0, 0, 3, 3]), gone=np.zeros(5, int)
    )
    several = dataclasses.replace(several, said=one_spoke)
    ids = [f"u{k}" for k in range(5)]
    for asked in (Asked(6), Asked(4, Filters(seen=True)), Asked(5, None, {"Group 5": 2.0})):
        found = pipeline.each(ids, several, asked)
        assert [f.user_id for f in found] == ids
        for b, several_one in enumerate(found):
            moment = several.take(np.array([b]))
            if b != 3:
                moment = dataclasses.replace(moment, said=None)
            alone = one(pipeline, moment, asked)
            assert [r.item_id for r in several_one] == [r.item_id for r in alone]
            for r, own in zip(several_one, alone, strict=True):
                assert dict(r.parts) == pytest.approx(dict(own.parts), abs=CLOSE)
                assert r.probability == pytest.approx(own.probability, abs=CLOSE)
    assert not pipeline.each([], several.take(np.zeros(0, np.int64)), Asked(3))


def test_like_vectors_have_like_products_to_the_last_bit():
    from penchant.interests.terms import Product

    draw = np.random.default_rng(0)
    row, d = draw.standard_normal((2, 128)).astype(np.float32)
    rows = np.repeat(row[None], 37, axis=0)
    product = Product.each(d[None], Vectors(rows))[0]
    assert len(set(product.at(np.arange(37)).tolist())) == 1


def test_what_filters_leave_is_remembered_and_counted_again(pipeline):
    asked, filters = moment(4), Filters(where={"brand": "Bo"})
    first, second = (one(pipeline, asked, Asked(3, filters)).report for _ in range(2))
    assert first.to_json() == second.to_json()
    assert first.count("items set aside: not available")
    for k in range(40):
        one(pipeline, asked, Asked(3, Filters(deny=(f"i{k:03d}",))))
    assert len(pipeline.shelf._known) <= 16


@pytest.mark.parametrize("n", [1, 3, 256, 5000])
@pytest.mark.parametrize("size", [1, 300, 4097, 50_000])
def test_the_largest_values_reach_their_bound(size, n):
    draw = np.random.default_rng(size)
    for values in (
        draw.standard_normal(size),
        np.sort(draw.standard_normal(size)),
        np.where(draw.random(size) < 0.999, -np.inf, 1.0),
        np.zeros(size),
    ):
        some = values.astype(np.float32)
        reached = some[some >= largest_bound(some, n)]
        if size >= 16 * n and len(np.unique(some)) == size:
            assert len(reached) < size / 2
        np.testing.assert_array_equal(np.sort(reached)[-n:], np.sort(some)[-n:])
