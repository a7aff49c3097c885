"""Approximate search: what it finds of the exact list, and when it is not asked."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import torch

from penchant.clock import DAY
from penchant.data import columns as c
from penchant.errors import ConfigError
from penchant.interests import vectors
from penchant.interests.blocks import Blocks
from penchant.interests.model import InterestModel
from penchant.interests.terms import Row
from penchant.interests.told import told
from penchant.recommend import retrieve
from penchant.recommend.explain import Explainer
from penchant.recommend.filters import Filters, Shelf
from penchant.recommend.pipeline import Asked, Pipeline, RecommendConfig
from penchant.taxonomy.tree import Tree
from penchant.testing.layers import log_of, quick, shelf

pytest.importorskip("numkong", reason="approximate search needs the extra `ann`")

ITEMS, GROUPS, USERS = 2_400, 40, 240
SHELF = shelf(ITEMS, GROUPS)
LEFT = "items not scored: the search was approximate"


def one(pipeline, moment, asked):
    """The list for one moment."""
    return pipeline.each(["u"], moment, asked)[0]


def world():
    """People with two groups each, and one event in five on anything."""
    draw, rows = np.random.default_rng(0), []
    popular = draw.pareto(1.2, ITEMS) + 0.1
    for u in range(USERS):
        mine = np.isin(np.arange(ITEMS) % GROUPS, draw.choice(GROUPS, 2, replace=False))
        for day in np.sort(draw.random(14) * 90):
            p = popular * np.where(mine | (draw.random() < 0.2), 1.0, 0.0)
            rows.append((f"u{u:03d}", int(draw.choice(ITEMS, p=p / p.sum())), float(day)))
    return log_of(rows, SHELF)


LOG = world()


@pytest.fixture(scope="module")
def exact():
    once = {"base.linear.penalty": (30.0,), "base.linear.text": (0.1,)}
    config = quick().but(**once, **{"base.linear.activity": (0.4,), "dynamic.epochs": 1})
    model = InterestModel(config).fit(SHELF, LOG, repeats=False)
    table = pl.DataFrame({c.ITEM: SHELF.items.ids})
    explainer = Explainer(model, table, pl.Series("event", ["like"] * len(LOG)))
    shelf_ = Shelf(SHELF.items, table, SHELF.tree)
    return Pipeline(model, shelf_, explainer, RecommendConfig(search="exact"))


@pytest.fixture
def near(exact, monkeypatch):
    """Approximate search of this catalogue, which is too small for it."""
    monkeypatch.setattr(retrieve, "_FEW", 0)
    monkeypatch.setattr(retrieve, "_ENOUGH", 1)
    monkeypatch.setattr(retrieve, "EACH", 300)
    monkeypatch.setattr(retrieve, "LOOK", ITEMS // 4)
    return replace(exact, config=RecommendConfig(search="approximate"))


def moment(user):
    return LOG.moments_at(np.array([user]), np.array([LOG.time.max() + DAY]))


def found(exact, near, n=50):
    """Share of the n best that are found, and of the items that were scored, over some people."""
    shares, scored = [], []
    for user in range(0, USERS, 8):
        truth, some = (one(p, moment(user), Asked(n)) for p in (exact, near))
        there = {r.item_id for r in some}
        shares.append(np.mean([r.item_id in there for r in truth]))
        scored.append(1.0 - some.report.count(LEFT) / ITEMS)
    return float(np.mean(shares)), float(np.mean(scored))


def test_nearly_all_of_the_best_are_found_from_a_few(exact, near):
    recall, scored = found(exact, near)
    assert recall >= 0.98
    assert scored <= 0.4


def test_from_too_few_they_are_not(exact, near, monkeypatch):
    monkeypatch.setattr(retrieve, "EACH", 12)
    recall, scored = found(exact, near, n=20)
    assert recall < 0.95
    assert scored < 0.1


def test_what_is_found_has_its_true_score_and_order(exact, near):
    for user in (3, 77):
        whole = {r.item_id: r for r in one(exact, moment(user), Asked(ITEMS))}
        some = one(near, moment(user), Asked(30))
        assert [r.score for r in some] == sorted((r.score for r in some), reverse=True)
        for r in some:
            assert r.score == pytest.approx(whole[r.item_id].score, abs=1e-5)
            assert dict(r.parts) == pytest.approx(dict(whole[r.item_id].parts), abs=1e-5)
            assert r.probability == pytest.approx(whole[r.item_id].probability, rel=0.1)
        assert some.report.count(LEFT) == ITEMS - len(set(LOG.item[LOG.user == user])) - (
            len(whole) - some.report.count(LEFT)
        )


def test_the_same_question_has_the_same_answer(near):
    first, second = (one(near, moment(5), Asked(20)) for _ in range(2))
    assert [r.item_id for r in first] == [r.item_id for r in second]
    assert [r.probability for r in first] == [r.probability for r in second]


@pytest.mark.parametrize(
    ("asked", "interests"),
    [
        ({"user": -1}, None),  # nothing says where to look
        ({"user": 4}, {"g4": 1.0}),
        ({"user": 4, "allow": tuple(f"i{k:03d}" for k in range(40))}, None),
    ],
)
def test_otherwise_the_list_is_exact(exact, near, asked, interests):
    filters = Filters(allow=asked["allow"]) if "allow" in asked else None
    lists = [one(p, moment(asked["user"]), Asked(30, filters, interests)) for p in (exact, near)]
    assert [r.item_id for r in lists[0]] == [r.item_id for r in lists[1]]
    np.testing.assert_allclose(*([r.probability for r in some] for some in lists), atol=1e-5)
    assert not lists[1].report.count(LEFT)


def test_where_few_may_be_shown_all_of_them_are_scored(exact, near, monkeypatch):
    monkeypatch.setattr(retrieve, "_FEW", 200)
    filters = Filters(within="g7")
    lists = [one(p, moment(4), Asked(30, filters)) for p in (exact, near)]
    assert [r.item_id for r in lists[0]] == [r.item_id for r in lists[1]]
    np.testing.assert_allclose(*([r.probability for r in some] for some in lists), atol=1e-4)


def test_the_size_of_the_catalogue_decides(exact, near):
    large = replace(near, config=RecommendConfig(most=ITEMS - 1))
    small = replace(near, config=RecommendConfig(most=ITEMS))
    assert one(large, moment(9), Asked(10)).report.count(LEFT)
    assert not one(small, moment(9), Asked(10)).report.count(LEFT)
    with pytest.raises(ConfigError, match="search"):
        RecommendConfig(search="fast")


def test_without_the_extra_the_list_is_exact(exact, near, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "numkong", None)
    net = near.model.layers["dynamic"].net_
    monkeypatch.setattr(net, "_kept", vectors.Vectors(net.kept.rows))
    lists = [one(p, moment(4), Asked(30)) for p in (exact, near)]
    assert [r.item_id for r in lists[0]] == [r.item_id for r in lists[1]]
    assert not lists[1].report.count(LEFT)


def test_a_look_into_likely_interests_finds_the_nearest():
    draw = np.random.default_rng(1)
    group = draw.integers(-1, 12, 900).astype(np.int32)  # some items are of no interest
    centre = draw.standard_normal((13, 24))
    rows = (centre[group] + 0.5 * draw.standard_normal((900, 24))).astype(np.float32)
    blocks, d = Blocks.of(rows, group, 14), draw.standard_normal(24).astype(np.float32)
    said = draw.standard_normal(14).astype(np.float32)
    truth = np.where(group >= 0, rows @ d + said[group], -np.inf)
    best = set(np.argsort(-truth)[:20].tolist())
    assert best <= set(blocks.near(d, said, 900, 30).tolist())
    some = blocks.near(d, said, 200, 30)
    assert len(best & set(some.tolist())) >= 12
    assert (group[some] >= 0).all()


def test_items_that_came_later_are_candidates(exact, near, monkeypatch):
    model = near.model
    net = model.layers["dynamic"].net_
    monkeypatch.setattr(net, "_kept", vectors.Vectors(net.kept.rows[: ITEMS - 40]))
    few = SHELF.tree.members[-1][: ITEMS - 40]
    nodes, centroids = SHELF.tree.nodes, SHELF.tree.centroids
    net.kept.blocks(Tree.from_leaves(nodes, few, centroids=centroids))
    monkeypatch.setattr(net, "_kept", net.kept.extended(exact_rows(net)))
    assert len(net.kept.blocks(SHELF.tree).order) == ITEMS - 40
    rows = retrieve.candidates(told(model, moment(3))[0], np.ones(ITEMS, bool))
    assert set(range(ITEMS - 40, ITEMS)) <= set(rows.tolist())


def exact_rows(net):
    with torch.no_grad():
        return net.vectors(torch.arange(ITEMS - 40, ITEMS)).numpy()


def test_rows_name_their_leading_items():
    values = np.array([0.0, 2.0, -1.0, 0.5, 3.0], np.float32)
    assert set(Row(values).leading(9)) == {1, 3, 4}
    assert set(Row(values).leading(2)) == {1, 4}
    assert Row(values, np.array([4, 1, 3, 0, 2])).leading(2).tolist() == [4, 1]
