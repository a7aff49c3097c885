"""From a moment to a list with reasons."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.clock import DAY
from penchant.errors import ConfigError, DataError, SchemaError, UnknownIdError
from penchant.interests.model import InterestModel
from penchant.interests.shares import named, shares
from penchant.recommend.cold_start import STRENGTH
from penchant.recommend.cold_start import given as by_hand
from penchant.recommend.explain import Explainer, sentence
from penchant.recommend.filters import Filters, Shelf
from penchant.recommend.pipeline import GIVEN, Asked, Pipeline, RecommendConfig, best
from penchant.recommend.result import Carrier
from penchant.testing.layers import ITEMS, planted, quick, shelf

LOG = planted("taste", users=60, noise=0.3)
SHELF = shelf()
TABLE = pl.DataFrame(
    {
        "item_id": SHELF.items.ids,
        "title": [None if i == 7 else f"Thing {i}" for i in range(ITEMS)],
        "brand": [("Ada", "Bo", None)[i % 3] for i in range(ITEMS)],
        "tags": [(["red", "new"], ["blue"], None, None)[i % 4] for i in range(ITEMS)],
        "price": [float(i % 5) for i in range(ITEMS)],
        "available": [False if i in (3, 9) else None if i == 4 else True for i in range(ITEMS)],
    }
)  # fmt: skip


def pipeline_of(model, table=TABLE):
    explainer = Explainer(model, table, lambda source: "like")
    return Pipeline(model, Shelf(SHELF.items, table, SHELF.tree), explainer, RecommendConfig())


@pytest.fixture(scope="module")
def pipeline():
    return pipeline_of(InterestModel(quick()).fit(SHELF, LOG, repeats=False))


def someone(user=4):
    return LOG.moments_at(np.array([user]), np.array([LOG.time.max() + DAY]))


def listed(pipeline, n=60, user=4, **filters):
    return pipeline.each([f"u{user}"], someone(user), Asked(n, Filters(**filters)))[0]


def rows(recs):
    return [int(r.item_id[1:]) for r in recs]


def had(user=4):
    return set(LOG.item[LOG.user == user].tolist())


SHOWABLE = set(range(ITEMS)) - {3, 9}


def test_the_best_come_first_and_nothing_that_was_had(pipeline):
    recs = listed(pipeline)
    assert set(rows(recs)) == SHOWABLE - had()
    scores = [r.score for r in recs]
    assert scores == sorted(scores, reverse=True)
    assert [r.rank for r in recs] == list(range(1, len(recs) + 1))
    whole = pipeline.model.score(someone())[0]
    assert scores == pytest.approx([whole[i] for i in rows(recs)], abs=1e-5)


def test_parts_add_up_to_each_score(pipeline):
    for r in listed(pipeline):
        assert sum(r.parts.values()) == pytest.approx(r.score, abs=1e-5)


def test_probabilities_are_of_what_may_be_shown(pipeline):
    recs = listed(pipeline)
    assert sum(r.probability for r in recs) == pytest.approx(1.0, abs=1e-5)


def test_what_was_had_may_come_again_if_asked(pipeline):
    assert had() - {3, 9} <= set(rows(listed(pipeline, seen=True)))
    assert not had() & set(rows(listed(pipeline, seen=False)))


def test_where_people_repeat_it_comes_again_unless_asked():
    model = InterestModel(quick()).fit(SHELF, LOG, repeats=True)
    again = pipeline_of(model)
    assert had() - {3, 9} <= set(rows(listed(again)))
    assert not had() & set(rows(listed(again, seen=False)))


@pytest.mark.parametrize(
    ("filters", "allowed"),
    [
        ({"within": "g2"}, {i for i in range(ITEMS) if i % 6 == 2}),
        ({"within": "Group 2"}, {i for i in range(ITEMS) if i % 6 == 2}),
        ({"within": "Department 1"}, {i for i in range(ITEMS) if i % 6 in (2, 3)}),
        ({"within": "department 1 > group 3"}, {i for i in range(ITEMS) if i % 6 == 3}),
        ({"where": {"brand": "Ada"}}, set(range(0, ITEMS, 3))),
        ({"where": {"brand": ["Ada", "Bo"]}}, {i for i in range(ITEMS) if i % 3 < 2}),
        ({"where": {"tags": "new"}}, set(range(0, ITEMS, 4))),
        ({"where": {"tags": ["new", "blue"]}}, {i for i in range(ITEMS) if i % 4 < 2}),
        ({"where": {"tags": "blue", "brand": "Bo"}}, {i for i in range(ITEMS) if i % 12 == 1}),
        ({"where": {"price": "2.0"}}, {i for i in range(ITEMS) if i % 5 == 2}),
        ({"where": {"price": 2}}, {i for i in range(ITEMS) if i % 5 == 2}),
        ({"where": {"price": [2.0, "3"]}}, {i for i in range(ITEMS) if i % 5 in (2, 3)}),
        ({"where": {"price": "dear"}}, set()),
        ({"where": {"brand": "nobody's"}}, set()),
        ({"allow": ["i001", "i002", "i003"]}, {1, 2, 3}),
        ({"allow": []}, set()),
        ({"deny": ["i001", "i002"]}, set(range(ITEMS)) - {1, 2}),
        ({"allow": ["i001", "i002"], "deny": ["i001"]}, {2}),
    ],
)
def test_filters_narrow_a_list(pipeline, filters, allowed):
    assert set(rows(listed(pipeline, **filters))) == (SHOWABLE & allowed) - had()


def test_what_filters_took_is_counted(pipeline):
    recs = listed(pipeline, within="g2", deny=["i002"], allow=["i002", "i008", "nope"])
    told = {f.what: f.count for f in recs.report.findings}
    assert told["items set aside: not available"] == 2
    assert told["items set aside: not within g2"] == 48 + 10 - 8 - 2
    assert told["items set aside: not allowed"] == 8
    assert told["unknown items in a filter"] == 1
    assert told["items set aside: denied"] == 1
    left = 1 - len({8} & had())
    assert told["places left empty: nothing else may be shown"] == 60 - left
    taken = sum(n for what, n in told.items() if what.startswith("items set aside"))
    assert taken + left == ITEMS, "every item is shown or counted"


def test_an_item_that_is_in_no_interest_by_half_is_within_its_main_one():
    from scipy import sparse

    from penchant.taxonomy.tree import Node, Tree
    from penchant.types import Report

    nodes = [Node(f"n{k}", 1, f"N{k}", None, 1.0) for k in range(3)]
    split = sparse.csr_array(np.array([[0.4, 0.35, 0.25], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]))
    tree = Tree.from_leaves([nodes], split, centroids=(np.eye(3, dtype=np.float32),))
    few = Shelf(SHELF.items, TABLE.head(3).drop("available"), tree)
    few = Shelf(type(SHELF.items)(["a", "b", "c"]), few.table, tree)
    moments = someone().take(np.zeros(0, np.int64))
    found = [
        few.candidates(Filters(within=f"n{k}"), moments, repeats=True, report=Report())
        for k in range(3)
    ]
    assert [f.shape for f in found] == [(0, 3)] * 3
    assert [few._within(f"n{k}").tolist() for k in range(3)] == [
        [True, True, False],
        [False, True, False],
        [False, False, True],
    ]


@pytest.mark.parametrize(
    ("filters", "error", "message"),
    [
        ({"within": "gruop 2"}, UnknownIdError, r"gruop 2.*Did you mean 'group 2'"),
        ({"where": {"brnd": "Ada"}}, SchemaError, r"where: items have no column 'brnd'.*'brand'"),
    ],
)
def test_filters_by_what_does_not_exist_say_so(pipeline, filters, error, message):
    with pytest.raises(error, match=message):
        listed(pipeline, **filters)


def test_a_filter_of_an_unknown_kind_is_refused():
    with pytest.raises(ConfigError, match=r"Filters\.denied: unknown setting"):
        Filters(denied=["a"])
    with pytest.raises(ConfigError, match=r"Filters\.deny"):
        Filters(deny="i001")


def test_a_list_of_no_length_is_refused(pipeline):
    with pytest.raises(DataError, match="n: 0 came, expected 1 or more"):
        listed(pipeline, 0)


def test_more_than_there_is_is_counted(pipeline):
    recs = listed(pipeline, 1000)
    assert len(recs) == len(SHOWABLE - had())
    empty = recs.report.count("places left empty: nothing else may be shown")
    assert empty == 1000 - len(recs)


def test_nothing_to_show_is_said(pipeline):
    recs = listed(pipeline, allow=[])
    assert len(recs) == 0
    assert recs.explain() == []
    assert "nothing to recommend to u4" in str(recs)
    assert "not allowed" in str(recs)
    assert recs.to_json(explain=True)["items"] == []


def test_ties_go_to_the_lower_row():
    scores = np.array([[1, 3, 3, 2, 3, 0]], np.float32)
    may = np.array([[True, True, False, True, True, True]])
    assert best(scores, may, 2).tolist() == [[1, 4]]
    assert best(np.zeros((1, 6), np.float32), may, 3).tolist() == [[0, 1, 3]]
    assert best(scores, may, 6).tolist() == [[1, 4, 3, 0, 5, -1]]
    assert best(scores, may, 99).tolist() == [[1, 4, 3, 0, 5, -1]]
    assert best(scores, np.zeros_like(may), 2).tolist() == [[-1, -1]]


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 9))
def test_the_best_against_sorting(seed, n, different):
    draw = np.random.default_rng(seed)
    scores = draw.integers(0, different, (4, 9)).astype(np.float32)
    may = draw.random((4, 9)) < 0.7
    found = best(scores, may, n)
    for b in range(4):
        order = sorted((i for i in range(9) if may[b, i]), key=lambda i: (-scores[b, i], i))[:n]
        assert [i for i in found[b].tolist() if i >= 0] == order
        assert found.shape == (4, min(n, 9))


def test_many_at_once_are_the_same_lists(pipeline):
    users = np.arange(20)
    moments = LOG.moments_at(users, np.full(20, LOG.time.max() + DAY))
    for part, chosen, score in pipeline.many(moments, 5, Filters(where={"tags": "new"})):
        for b, u in enumerate(users[part]):
            recs = listed(pipeline, 5, u, where={"tags": "new"})
            assert chosen[b][chosen[b] >= 0].tolist() == rows(recs)
            assert score[b][: len(recs)] == pytest.approx([r.score for r in recs], abs=1e-4)


def test_interests_by_hand_are_a_part_of_their_own(pipeline):
    stranger = LOG.moments_at(np.array([-1]), np.array([LOG.time.max() + DAY]))
    recs = pipeline.each(["new"], stranger, Asked(8, interests={"Group 5": 2.0, "g1": -1.0}))[0]
    assert all(i % 6 == 5 for i in rows(recs))
    for r in recs:
        assert sum(r.parts.values()) == pytest.approx(r.score, abs=1e-5)
        assert r.parts[GIVEN] == pytest.approx(STRENGTH)
    reason = recs.explain()[0]
    assert reason.sentence.startswith("You said you like this: Department 2 > Group 5")
    assert reason.parts[GIVEN] == pytest.approx(STRENGTH)


def test_weights_by_hand_are_scaled_and_may_be_against():
    scores = by_hand(SHELF.tree, {"g0": 10.0, "g1": -5.0, "g2": 0.0})
    assert set(scores[0::6].tolist()) == {STRENGTH}
    assert set(scores[1::6].tolist()) == {-STRENGTH / 2}
    assert not scores[2::6].any()
    assert not by_hand(SHELF.tree, {"g0": 0.0}).any()
    with pytest.raises(UnknownIdError, match="group 77"):
        by_hand(SHELF.tree, {"group 77": 1.0})
    with pytest.raises(DataError, match="expected finite weights"):
        by_hand(SHELF.tree, {"g0": float("nan")})


def test_reasons_have_parts_that_add_up_and_events_that_were(pipeline):
    recs = listed(pipeline, 6)
    reasons = recs.explain()
    assert [r.item_id for r in reasons] == [r.item_id for r in recs]
    history = {f"i{i:03d}" for i in had()}
    for reason, r in zip(reasons, recs, strict=True):
        assert dict(reason.parts) == dict(r.parts)
        assert sum(reason.parts.values()) == pytest.approx(reason.score, abs=1e-5)
        assert {e.item_id for e in reason.events} <= history
        assert sum(e.share for e in reason.events) <= 1 + 1e-5
        assert len(reason.events) <= 3
        assert reason.sentence.endswith(".")
        assert "base" in reason.exact
    assert recs.explain() is reasons, "worked out once"


def test_what_was_turned_down_is_no_reason(pipeline):
    """However much the score of something gains by it."""
    moment = someone()
    against = replace(moment, weight=-np.abs(moment.weight))
    mixed = replace(moment, weight=np.where(np.arange(len(moment.item)) % 2, 1.0, -1.0))
    for item in range(0, ITEMS, 7):
        assert not pipeline.explain(against, item).events
        carried = shares(pipeline.model, mixed, np.array([item]))
        (some,) = named(pipeline.model, mixed, np.array([item]), carried, 3)
        assert (mixed.weight[some] > 0).all()


def test_a_reason_names_the_weights_of_the_profile(pipeline):
    from penchant.interests.profile import profile

    found = profile(pipeline.model, someone(), user_id="u4", labels=dict.fromkeys(range(ITEMS), ""))
    for reason in listed(pipeline, 5).explain():
        assert [path.count(" > ") for path, _ in reason.interests] == [0, 1], "broad to narrow"
        for path, weight in reason.interests:
            assert weight == pytest.approx(found.interest(path).weight, abs=1e-5)


def test_one_item_can_be_explained_even_if_it_would_not_be_shown(pipeline):
    reason = pipeline.explain(someone(), 3)
    assert reason.item_id == "i003"
    assert sum(reason.parts.values()) == pytest.approx(reason.score, abs=1e-5)
    assert reason.score == pytest.approx(pipeline.model.score(someone())[0, 3], abs=1e-5)


def test_somebody_new_gets_what_is_popular_and_is_told_so(pipeline):
    stranger = LOG.moments_at(np.array([-1]), np.array([LOG.time.max() + DAY]))
    recs = pipeline.each(["new"], stranger, Asked(5))[0]
    assert not recs.report.count("items set aside: seen")
    for reason in recs.explain():
        assert reason.events == ()
        assert reason.sentence.startswith(("Popular now", "New to you"))
        assert not reason.parts["base"]
        assert not reason.parts["dynamic"]


def test_a_title_that_is_missing_is_the_id(pipeline):
    assert pipeline.explainer.title(7) == "i007"
    assert pipeline.explainer.title(8) == "Thing 8"
    bare = pipeline_of(pipeline.model, TABLE.select("item_id"))
    assert bare.explainer.title(8) == "i008"


def test_lists_as_a_table_and_as_plain_values(pipeline):
    recs = listed(pipeline, 4)
    table = recs.to_frame()
    assert table.columns[:6] == ["user_id", "rank", "item_id", "title", "score", "probability"]
    assert table.columns[6:] == ["base", "context", "dynamic", "popularity"]
    assert table.height == len(recs) == len(list(recs)) == 4
    told = json.loads(json.dumps(recs.to_json(explain=True)))
    assert told["items"][0]["reason"]["item_id"] == recs[0].item_id
    assert "reason" not in recs.to_json()["items"][0]
    assert told["report"]
    assert recs[0].title in str(recs)
    assert [r.rank for r in recs[1:3]] == [2, 3]


def carrier(**more):
    given = {"item_id": "a", "title": "Tea", "event": "purchase", "part": 1.0, "share": 0.6}
    given |= {"time": datetime(2024, 5, 1, tzinfo=UTC), "layer": "base"}
    return Carrier(**(given | more))


@pytest.mark.parametrize(
    ("events", "parts", "expected"),
    [
        ((), {"popularity": 1.0}, "Popular now, in Wine > Red."),
        ((), {"popularity": -1.0}, "New to you, in Wine > Red."),
        ((carrier(),), {"base": 1.0}, "Because you bought Tea, and you like Wine > Red."),
        (
            (carrier(layer="dynamic"), carrier(item_id="b", title="Cup")),
            {"dynamic": 1.0},
            "Because you bought Tea and 1 more like it lately, and you like Wine > Red.",
        ),
        (
            (carrier(event="swipe"), carrier()),
            {"base": 1.0},
            "Because you had (swipe) Tea, and you like Wine > Red.",
        ),
        (
            (carrier(item_id="z", event="cart"),),
            {"base": 1.0},
            "You put this in the cart before, and you like Wine > Red.",
        ),
        (
            (carrier(event="cart", title="Tea {x}"),),
            {"base": 1.0},
            "Because you put Tea {x} in the cart, and you like Wine > Red.",
        ),
        ((carrier(),), {"given": 4.0, "base": 1.0}, "You said you like this: Wine > Red."),
        (
            (carrier(item_id="z"), carrier()),
            {"base": 1.0},
            "You bought this before, and you like Wine > Red.",
        ),
    ],
)
def test_sentences(events, parts, expected):
    assert sentence("z", parts, events, (("Wine", 0.4), ("Wine > Red", 0.2))) == expected


def test_what_is_popular_is_not_told_as_taste():
    """Nearly all of the score is popularity; the event is named for what it is."""
    parts, interests = {"popularity": 3.3, "dynamic": 0.1}, (("Wine > Red", 0.2),)
    said = sentence("z", parts, (carrier(layer="dynamic"),), interests)
    assert said == "Popular now, in Wine > Red; you also bought Tea."
    assert sentence("z", parts, (carrier(item_id="z"),), ()) == "You bought this before."
    for parts in (
        {"popularity": 3.3, "dynamic": 1.0},
        {"popularity": 0.1, "dynamic": 1.0, "base": -5.0},  # what speaks against it says no why
    ):
        assert sentence("z", parts, (carrier(),), ()) == "Because you bought Tea."


@pytest.mark.parametrize(("month", "expected"), [(5, " lately"), (10, "")])
def test_lately_is_a_month(month, expected):
    at = datetime(2024, month, 20, tzinfo=UTC)
    said = sentence("z", {"dynamic": 1.0}, (carrier(layer="dynamic"),), (), at=at)
    assert said == f"Because you bought Tea{expected}."


def test_a_weak_interest_is_not_claimed():
    said = sentence("z", {"base": 1.0}, (carrier(),), (("Wine", 0.001),))
    assert said == "Because you bought Tea."


def test_a_reason_in_print_and_as_plain_values(pipeline):
    reason = listed(pipeline, 1).explain()[0]
    text = str(reason)
    assert reason.sentence in text
    assert " = base " in text
    assert "+ -" not in text
    told = json.loads(json.dumps(reason.to_json()))
    assert told["parts"] == pytest.approx(dict(reason.parts))
    assert len(told["events"]) == len(reason.events)


def test_a_list_as_a_rich_table(pipeline):
    from rich.console import Console

    console = Console(width=120)
    with console.capture() as capture:
        console.print(listed(pipeline, 3))
        console.print(listed(pipeline, 3, allow=[]))
    text = capture.get()
    assert "for u4" in text
    assert "popularity" in text
    assert listed(pipeline, 3)[2].title in text
