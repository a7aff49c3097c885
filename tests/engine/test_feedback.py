"""The story of a person who says what they want: it counts at once, lasts, and is taken back."""

from datetime import UTC, datetime, timedelta
from itertools import count

import numpy as np
import polars as pl
import pytest

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.errors import DataError, NotFittedError, UnknownIdError
from penchant.recommend.filters import Filters
from penchant.testing.layers import quick

NOW = datetime(2024, 6, 1, tzinfo=UTC)
CONFIG = EngineConfig(interests=quick()).but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "interests.layers": ("base", "context", "popularity"),
        "interests.context.kind": "naive-bayes",
    }
)
CLOSE = 1e-5


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=50, events=1500))


@pytest.fixture(scope="module")
def kept(world, tmp_path_factory):
    """A fitted workspace; not to be changed."""
    folder = tmp_path_factory.mktemp("shops") / "shop"
    engine = Engine(folder, CONFIG, clock=lambda: NOW)
    engine.add(events=world.events, items=world.items)
    engine.fit()
    return folder


@pytest.fixture
def folder(kept, tmp_path):
    import shutil

    return shutil.copytree(kept, tmp_path / "shop")


@pytest.fixture
def engine(folder):
    return Engine(folder, CONFIG, clock=lambda: NOW)


@pytest.fixture(scope="module")
def ann(world):
    counts = world.events["user_id"].value_counts().sort("count", "user_id")
    return str(counts["user_id"][counts.height // 2])


def second(engine, user):
    """An interest that somebody has, but not the first."""
    return engine.interests(user).top(2, 2)[1]


def weight(engine, user, node, **more):
    return engine.interests(user, **more).interest(node.id).weight


def odds(p):
    return p / (1 - p)


def test_a_word_counts_at_once_everywhere_without_a_fit(engine, ann):
    before = second(engine, ann)
    said = engine.feedback(ann, "more", interest=before.node.name)
    assert [(s.direction, s.interest, s.gone) for s in said.statements] == [
        ("more", before.node.id, False)
    ]
    after = engine.interests(ann).interest(before.node.id)
    assert after.asked == "more"
    assert odds(after.weight) == pytest.approx(3 * odds(before.weight), rel=1e-3)
    many = engine.interests_many([ann]).weights(2)[0]
    np.testing.assert_allclose(many, engine.interests(ann).weights(2), atol=CLOSE)
    item = str(engine.data.vocabulary[engine.tree.items_of(before.node.id)[0]])
    reason = engine.explain(ann, item)
    assert reason.parts["feedback"] > 0
    assert sum(reason.parts.values()) == pytest.approx(reason.score, abs=CLOSE)
    assert sum(w.part for w in reason.wishes) == pytest.approx(reason.parts["feedback"], abs=CLOSE)
    assert "sked for more of" in reason.sentence
    assert "asked for more" in str(reason)
    assert reason.to_json()["wishes"][0]["direction"] == "more"
    one = engine.recommend(ann, 5)
    table = engine.recommend_many([ann], 5)
    assert [r.item_id for r in one] == table["item_id"].to_list()
    assert [r.score for r in one] == pytest.approx(table["score"].to_list(), abs=1e-4)


def test_a_loud_enough_word_leads_the_list_and_its_sentence(folder, ann):
    engine = Engine(folder, CONFIG.but(**{"feedback.more": 1e6}), clock=lambda: NOW)
    node = engine.interests(ann).top(2, 30)[-1].node
    engine.feedback(ann, "more", interest=node.id)
    first = engine.recommend(ann, 3).explain()[0]
    assert first.item_id in set(engine.data.vocabulary.ids.gather(engine.tree.items_of(node.id)))
    assert first.sentence.startswith("You asked for more of")


def test_never_is_never_recommended_and_says_so(engine, ann):
    first = engine.data.vocabulary.rows([engine.recommend(ann, 1)[0].item_id])[0]
    node = next(n for n in engine.tree.nodes[0] if first in engine.tree.items_of(n.id))
    own = set(engine.data.vocabulary.ids.gather(engine.tree.items_of(node.id)))
    engine.feedback(ann, "never", interest=node.id)
    assert weight(engine, ann, node) == 0.0
    everything = engine.recommend(ann, 1000, filters=Filters(seen=True))
    assert not own & {r.item_id for r in everything}
    assert everything.report.count("items set aside: the user asked for none of them") == len(own)
    assert not own & set(engine.recommend_many([ann], 50)["item_id"])
    reason = engine.explain(ann, min(own))
    assert reason.sentence == f"You asked never to see {node.name}."
    assert sum(reason.parts.values()) == pytest.approx(reason.score, abs=CLOSE)
    assert engine.recommend(ann, 5, filters=Filters(allow=tuple(own))).items == ()


def test_never_and_less_of_an_item(engine, ann):
    first, other = (r.item_id for r in engine.recommend(ann, 2))
    engine.feedback(ann, "never", item=first)
    before = engine.explain(ann, other)
    engine.feedback(ann, "less", item=other)
    assert first not in {r.item_id for r in engine.recommend(ann, 500)}
    after = engine.explain(ann, other)
    assert after.score == pytest.approx(before.score - np.log(3), abs=1e-4)
    assert after.sentence.endswith("you asked for less of this.")
    assert engine.explain(ann, first).sentence == "You asked never to see this again."


def test_the_newest_word_counts_and_can_be_taken_back(engine, ann):
    before = engine.interests(ann)
    node = second(engine, ann).node
    for day, direction in enumerate(("more", "never", "less")):
        engine.feedback(ann, direction, interest=node.id, at=NOW - timedelta(days=5 - day))
    assert [s.direction for s in engine.feedback(ann).statements] == ["less"]
    was = before.interest(node.id).weight
    assert odds(weight(engine, ann, node)) == pytest.approx(odds(was) / 3, rel=1e-3)
    assert len(engine.feedback(ann, "clear", interest=node.name)) == 0
    np.testing.assert_array_equal(engine.interests(ann).weights(2), before.weights(2))
    engine.feedback(ann, "more", interest=node.id)
    engine.feedback(ann, "never", item=engine.data.vocabulary[0])
    assert len(engine.feedback(ann)) == 2
    assert len(engine.feedback(ann, "clear")) == 0
    assert str(engine.feedback(ann)) == f"{ann} has asked for nothing by hand"
    engine.feedback(ann, "less", interest=node.id)
    assert len(engine.feedback(ann)) == 1


def test_earlier_times_know_nothing_of_a_later_word(engine, ann):
    node, said = second(engine, ann).node, NOW - timedelta(days=30)
    times = [said - timedelta(seconds=1), said]
    before = [weight(engine, ann, node, at=t) for t in times]
    lists = [engine.recommend(ann, 10, at=t) for t in times]
    course = engine.evolution(ann, step="week", until=NOW)
    engine.feedback(ann, "never", interest=node.id, at=said)
    assert [weight(engine, ann, node, at=t) for t in times] == [before[0], 0.0]
    assert engine.recommend(ann, 10, at=times[0]).items == lists[0].items
    assert len(engine.feedback(ann, at=times[0])) == 0
    later = engine.evolution(ann, step="week", until=NOW)
    k = later.series.tree.row(node.id)[1]
    past = np.array([t < said for t in later.times])
    assert past.any()
    assert not past.all()
    np.testing.assert_array_equal(later.series.weights(2)[past], course.series.weights(2)[past])
    assert (later.series.weights(2)[~past, k] == 0).all()


def test_a_word_is_no_act(engine, ann):
    """Nothing that is learned from, counted or evaluated changes by it."""
    log, events = engine.data.log, engine.interests(ann).events
    node = second(engine, ann).node
    engine.feedback(ann, "more", interest=node.id)
    engine.feedback(ann, "more", item=engine.data.vocabulary[0])
    fresh = Engine(engine.workspace.path, CONFIG, clock=lambda: NOW)
    assert len(fresh.data.log) == len(log)
    assert fresh.data.fingerprint == engine.data.fingerprint
    assert fresh.interests(ann).events == events
    everybody = engine.data.log.moments_at(np.arange(20), np.full(20, log.time.max()))
    before = engine.model.parts(everybody)
    fresh.fit()
    after = fresh.model.parts(everybody)
    assert after.names == before.names
    np.testing.assert_array_equal(after.values, before.values)


def test_what_is_said_stands_in_the_answer_while_the_clock_runs(folder, ann):
    ticks = (NOW + timedelta(milliseconds=k) for k in count())
    engine = Engine(folder, CONFIG, clock=lambda: next(ticks))
    node = second(engine, ann).node
    told = engine.feedback(ann, "more", interest=node.id)
    assert [s.interest for s in told.statements] == [node.id]


def test_it_lasts_is_idempotent_and_is_forgotten(engine, folder, ann):
    node = second(engine, ann).node
    one = engine.feedback(ann, "more", interest=node.id, event_id="e1")
    two = engine.feedback(ann, "more", interest=node.id, event_id="e1")
    assert one.statements == two.statements
    assert two.report.count("rows already there set aside") == 1
    other = engine.feedback(ann, "less", interest=node.id, event_id="e1")
    assert [s.direction for s in other.statements] == ["more"]
    assert other.report.count("rows set aside that say something else under a known event_id")
    engine.feedback("bob", "less", interest=node.id)
    again = Engine(folder, CONFIG, clock=lambda: NOW)
    assert again.feedback(ann).statements == one.statements
    assert again.workspace.status().rows["feedback"] == 2
    assert again.forget(ann) > 1
    assert len(again.feedback(ann)) == 0
    assert len(again.feedback("bob")) == 1
    assert ann not in again.tables.read("feedback").collect()["user_id"].to_list()


def test_it_survives_a_fit_and_what_is_gone_is_counted(engine, ann):
    node = second(engine, ann).node
    engine.feedback(ann, "more", interest=node.id)
    rows = pl.DataFrame(
        {
            "user_id": [ann, ann, ann],
            "timestamp": [NOW - timedelta(days=1)] * 3,
            "event": ["less", "never", "less"],
            "interest": ["i2-gone", None, "i2-away"],
            "item_id": [None, "no-such-item", None],
            "text": [None, None, " > ".join(engine.tree.path(engine.tree.nodes[0][0]))],
        }
    )
    engine.add(feedback=rows)
    what = "statements on interests or items that are gone"
    assert engine.recommend(ann, 3).report.count(what) == 2
    fitted = engine.fit()
    assert fitted.report.count(what) == 2
    assert {s.name for s in engine.feedback(ann).statements if s.gone} == {
        "i2-gone", "no-such-item"
    }  # fmt: skip
    profile = engine.interests(ann)
    assert profile.interest(node.id).asked == "more"
    assert profile.levels[0][0].asked == "less", "its id is gone, its path is not"
    assert "no longer there" in str(engine.feedback(ann))


def test_a_stranger_starts_with_a_word(engine):
    node = engine.tree.nodes[1][3]
    before = engine.interests("new").interest(node.id).weight
    engine.feedback("new", "more", interest=node.id)
    assert odds(weight(engine, "new", node)) == pytest.approx(3 * odds(before), rel=1e-3)
    assert engine.interests("new").events == 0


def test_what_stands_goes_out_as_a_table_and_comes_back(engine, ann, world):
    node = second(engine, ann).node
    engine.feedback(ann, "more", interest=node.id)
    engine.feedback(ann, "never", item=engine.data.vocabulary[0])
    table = engine.feedback(ann).to_frame()
    assert table.height == 2
    before = engine.interests(ann).weights(2)
    engine.feedback(ann, "clear")
    engine.forget(ann)
    engine.add(events=world.events, feedback=table)
    np.testing.assert_allclose(engine.interests(ann).weights(2), before, atol=CLOSE)


def test_factors_are_read_when_somebody_asks(folder, ann):
    engine = Engine(folder, CONFIG, clock=lambda: NOW)
    before = second(engine, ann)
    engine.feedback(ann, "more", interest=before.node.id)
    louder = Engine(folder, CONFIG.but(**{"feedback.more": 9.0}), clock=lambda: NOW)
    found = weight(louder, ann, before.node)
    assert odds(found) == pytest.approx(9 * odds(before.weight), rel=1e-3)
    item = engine.data.vocabulary[0]
    parts = []
    for spread in (0.0, 1.0):
        one = Engine(
            folder, CONFIG.but(**{"feedback.spread": spread, "feedback.less": 5}), clock=lambda: NOW
        )
        one.feedback("new", "less", item=item)
        part = one.recommend("new", 1000, filters=Filters(seen=True))
        parts.append({r.item_id: r.parts["feedback"] for r in part})
    assert {i for i, v in parts[0].items() if v < 0} == {item}
    assert sum(v < 0 for v in parts[1].values()) > 1
    assert [p[item] for p in parts] == pytest.approx([-np.log(5)] * 2, abs=1e-4)


@pytest.mark.parametrize(
    ("said", "error", "words"),
    [
        ({"direction": "mor", "interest": "x"}, DataError, "Did you mean 'more'"),
        ({"direction": "more"}, DataError, "of what"),
        ({"direction": "more", "interest": "x", "item": "y"}, DataError, "both came"),
        ({"interest": "x"}, DataError, "direction: nothing came"),
        ({"direction": "more", "interest": "no such thing"}, UnknownIdError, "no such thing"),
        ({"direction": "less", "item": "no such thing"}, UnknownIdError, "item 'no such thing'"),
        ({"direction": "more", "interest": "x", "at": "soon"}, DataError, "ISO 8601"),
    ],
)
def test_what_is_no_statement_is_told(engine, said, error, words):
    with pytest.raises(error, match=words):
        engine.feedback("ann", **said)
    assert len(engine.feedback("ann")) == 0


def test_a_blank_user_and_no_model_are_told(engine, world):
    with pytest.raises(DataError, match="user_id"):
        engine.feedback(" ", "more", interest=engine.tree.nodes[0][0].id)
    empty = Engine(None, CONFIG)
    empty.add(items=world.items)
    with pytest.raises(NotFittedError):
        empty.feedback("ann", "more", interest="x")


def test_bad_rows_are_set_aside_and_counted(engine, ann):
    name = engine.tree.nodes[0][0].name
    rows = pl.DataFrame(
        {
            "user_id": [ann, ann, ann, ann, None],
            "timestamp": ["2024-05-01"] * 5,
            "event": ["More", "maybe", "less", "clear", "more"],
            "interest": [name, name, None, None, name],
        }
    )
    added = engine.add(feedback=rows)
    assert [r.new for r in added.receipts] == [2]
    assert added.report.count("rows that name no interest or item, or both, set aside") == 1
    assert added.report.count("rows without user_id set aside") == 1
    assert any("event is not one of" in f.what for f in added.report.findings)
    assert len(engine.feedback(ann)) == 0, "what is cleared at the same time is cleared"
