"""The engine from raw tables to answers, in memory and in a workspace."""

import json
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from shutil import copytree

import numpy as np
import polars as pl
import pytest

from penchant import Engine, EngineConfig, Filters, SplitConfig, WorldConfig, make_world
from penchant.engine.demo import run_demo
from penchant.engine.learning import Learning
from penchant.engine.live import Live
from penchant.errors import ConfigError, DataError, NotFittedError, SchemaError, UnknownIdError
from penchant.testing.layers import quick

NOW = datetime(2024, 6, 1, tzinfo=UTC)
CONFIG = EngineConfig(interests=quick()).but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "evaluate.tuning.budget": 1,
        "evaluate.tuning.users": 40,
        "evaluate.k": (5, 10),
    }
)
FEW = CONFIG.but(
    **{
        "interests.layers": ("base", "context", "popularity"),
        "interests.context.kind": "naive-bayes",
        "interests.base.linear.penalty": (30.0,),
        "interests.base.linear.text": (0.1,),
    }
)


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=80, events=3000))


def made(world, workspace=None, config=CONFIG):
    engine = Engine(workspace, config, clock=lambda: NOW)
    engine.add(events=world.events, items=world.items)
    return engine


@pytest.fixture(scope="module")
def engine(world):
    engine = made(world)
    engine.fit()
    return engine


def test_friends_say_what_a_newcomer_may_like(world, tmp_path):
    """Who did nothing yet, but is connected with others, gets what they turned to, and why."""
    engine = made(world, tmp_path)
    friends = world.events.group_by("user_id").len().sort("len", "user_id")["user_id"].tail(3)
    new = pl.DataFrame({"source": ["newcomer"] * 3, "target": friends})
    engine.add(relations=pl.concat([world.relations.select("source", "target"), new]))
    engine.fit()
    assert "social" in engine.model.layers
    profile = engine.interests("newcomer")
    assert (profile.events, profile.around) == (0, 3)
    said = " ".join(str(profile).split())
    assert "nothing is known of this person yet but 3 people around them" in said
    assert profile.to_json()["around"] == 3
    assert engine.interests("somebody else").around == 0
    assert "social" in profile.top(1)[0].layers
    social = engine.recommend("newcomer", 5)
    stranger = engine.recommend("somebody else", 5)
    assert [r.item_id for r in social] != [r.item_id for r in stranger]
    had = set(world.events.filter(pl.col("user_id").is_in(friends.implode()))["item_id"])
    reasons = social.explain()
    assert reasons[0].item_id in had
    assert reasons[0].parts["social"] > 0
    assert sum(reasons[0].parts.values()) == pytest.approx(reasons[0].score, abs=1e-5)
    assert any("People you are connected with turned to this" in r.sentence for r in reasons)
    again = Engine(tmp_path, CONFIG, clock=lambda: NOW).recommend("newcomer", 5)
    assert [r.item_id for r in again] == [r.item_id for r in social]
    engine.forget("newcomer")
    forgotten = engine.recommend("newcomer", 5)
    assert [r.item_id for r in forgotten] == [r.item_id for r in stranger]


def test_what_people_write_in_events_says_how_much_words_tell(world):
    """They say what they turn to next: words tell more than items' texts that stand for them."""
    titles = dict(world.items.select("item_id", "title").iter_rows())
    following = pl.col("item_id").shift(-1).over("user_id").replace_strict(titles, default=None)
    spoken = world.events.sort("user_id", "timestamp").with_columns(following.alias("text"))
    silent, loud = made(world, config=FEW), Engine(config=FEW, clock=lambda: NOW)
    loud.add(events=spoken, items=world.items)
    silent.fit()
    loud.fit()
    assert silent.model.reading.words_ == 0
    assert loud.model.reading.words_ >= 200
    assert loud.model.reading.kappa_ > silent.model.reading.kappa_


def test_relations_that_come_after_the_fit_count_from_the_next_fit_on(world):
    engine = made(world)
    engine.fit()
    engine.add(relations=world.relations)
    assert "social" not in engine.recommend("u0001", 1).explain()[0].parts
    engine.fit()
    assert "social" in engine.recommend("u0001", 1).explain()[0].parts


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory):
    """A workspace with a model; not to be changed."""
    folder = tmp_path_factory.mktemp("shops") / "shop"
    made(world, folder, FEW).fit()
    return folder


@pytest.fixture
def own(shop, tmp_path):
    """An engine on a copy of it, to be changed."""
    return Engine(copytree(shop, tmp_path / "own"), FEW, clock=lambda: NOW)


def test_an_item_without_text_is_taken_in_without_an_encoder(own, monkeypatch):
    class Absent:
        """Whatever is asked of it would load a language model."""

    monkeypatch.setattr("penchant.encode.once.make_encoder", lambda *_: Absent())
    own.add(items=pl.DataFrame({"item_id": ["silent"]}))
    assert "silent" in own.model.catalogue.items


def answers(engine, users):
    return engine.recommend_many(users, 10)


def user(world, place=0.5):
    counts = world.events["user_id"].value_counts().sort("count", "user_id")
    return str(counts["user_id"][int(place * (counts.height - 1))])


def test_settings_of_another_kind_are_told(engine, world):
    with pytest.raises(ConfigError, match=r"split: 'time' came; expected SplitConfig"):
        engine.evaluate(split="time")
    for filters in ({"seen": True}, {}, EngineConfig()):
        with pytest.raises(ConfigError, match=r"filters: .* came; expected Filters"):
            engine.recommend(user(world), filters=filters)


def test_the_clock_has_only_the_values_that_it_has(engine, world):
    ann = user(world)
    for asked in (engine.interests, engine.recommend):
        with pytest.raises(DataError, match=r"weekday: 'st' came; expected one of mon.*'sat'"):
            asked(ann, context={"weekday": "st"})
        with pytest.raises(DataError, match="context hour: '99' came; expected one of night"):
            asked(ann, context={"hour": 99})


def test_a_value_of_a_column_that_was_never_learned_of_changes_nothing_and_is_told(engine, world):
    ann, said = user(world), {"device": "toaster", "weekday": "sat"}
    assert dict(engine.interests(ann, context=said).context) == {"weekday": "sat"}
    found = engine.recommend(ann, 5, context=said)
    told = "recommend: unknown values of the context, left out: 1 of 2"
    assert f"{told} (e.g. device=toaster)" in str(found.report)
    plain = engine.recommend(ann, 5, context={"weekday": "sat"})
    assert [r.score for r in found] == [r.score for r in plain]
    assert "unknown" not in str(plain.report)


def test_from_tables_to_reasons(engine, world):
    ann = user(world)
    recs = engine.recommend(ann, 5)
    assert len(recs) == 5
    for r, reason in zip(recs, recs.explain(), strict=True):
        assert sum(r.parts.values()) == pytest.approx(r.score, abs=1e-5)
        assert sum(reason.parts.values()) == pytest.approx(reason.score, abs=1e-5)
    found = engine.interests(ann)
    assert found.weights(1).sum() == pytest.approx(1.0, abs=1e-5)
    assert str(engine.tree)
    assert engine.explain(ann, recs[0].item_id).score == pytest.approx(recs[0].score, abs=1e-5)


def test_in_memory_nothing_is_encoded_twice(world, monkeypatch):
    from penchant.engine import texts as module

    calls = []

    def counted(items, *rest, **more):
        calls.append(items.height)
        return encode_items(items, *rest, **more)

    encode_items = module.encode_items
    monkeypatch.setattr(module, "encode_items", counted)
    made_here = made(world, config=FEW)
    made_here.fit()
    made_here.evaluate(baselines=False)
    assert calls == [world.items.height]


def test_many_at_once_are_the_same_as_one_by_one(engine, world):
    users = [user(world, place) for place in (0.0, 0.3, 0.9)]
    table = engine.recommend_many([*users, "nobody"], 7)
    assert table.columns == ["user_id", "rank", "item_id", "score"]
    for who in [*users, "nobody"]:
        recs = engine.recommend(who, 7)
        some = table.filter(user_id=who)
        assert some["item_id"].to_list() == [r.item_id for r in recs]
        assert some["rank"].to_list() == [r.rank for r in recs]
        assert some["score"].to_list() == pytest.approx([r.score for r in recs], abs=1e-4)
    everybody = engine.recommend_many(n=1)
    assert everybody["user_id"].n_unique() == world.events["user_id"].n_unique()
    assert engine.recommend_many([]).height == 0
    red = Filters(allow=[table["item_id"][0]])
    assert set(engine.recommend_many(users, filters=red)["item_id"]) <= {table["item_id"][0]}


def test_a_few_together_have_the_lists_of_one_by_one(engine, world):
    users = [user(world, place) for place in (0.0, 0.3, 0.9)]
    users = [*users, "nobody", users[0]]
    found = engine.recommend_each(users, 7)
    assert [recs.user_id for recs in found] == users
    for who, recs in zip(users, found, strict=True):
        alone = engine.recommend(who, 7)
        assert [r.item_id for r in recs] == [r.item_id for r in alone]
        assert [r.score for r in recs] == pytest.approx([r.score for r in alone], abs=1e-4)
        assert [r.sentence for r in recs.explain()] == [r.sentence for r in alone.explain()]
    assert engine.recommend_each([]) == []


def test_somebody_unknown_is_everybody(engine):
    found = engine.interests("who-is-this")
    assert found.events == 0
    recs = engine.recommend("who-is-this", 3)
    assert len(recs) == 3
    assert all(not r.parts["base"] for r in recs)
    first = engine.tree.nodes[0][0]
    mine = engine.recommend("who-is-this", 3, interests={first.name: 1.0})
    rows = engine.data.vocabulary.rows([r.item_id for r in mine])
    assert (engine.tree.membership(1)[rows][:, [0]].toarray() > 0.5).all()


def test_the_past_can_be_asked(engine, world):
    ann = user(world, 0.9)
    times = world.events.filter(user_id=ann)["timestamp"].sort()
    early = engine.interests(ann, at=times[2])
    assert early.events <= 5 < engine.interests(ann).events
    assert engine.interests(ann, at=times[0] - timedelta(days=9)).events == 0
    again = engine.recommend(ann, 3, at=times[2].isoformat())
    assert again.at == times[2]
    with pytest.raises(DataError, match="'soon' is not a time"):
        engine.recommend(ann, at="soon")


def test_a_course_is_the_profiles_of_its_times(engine, world):
    ann = user(world, 0.9)
    course = engine.evolution(ann, step="month", until="2024-03-20")
    assert [t.day for t in course.times] == [20] * len(course)
    for step, at in enumerate(course.times):
        alone = engine.interests(ann, at=at)
        np.testing.assert_allclose(course.series.weights(1)[step], alone.weights(1), atol=1e-5)
    assert course.phases[1]
    late = engine.evolution(ann, step="week", since="2024-03-01")
    assert late.times[0] <= datetime(2024, 3, 1, tzinfo=UTC) < late.times[1]
    assert len(engine.evolution("who-is-this")) == 1


def test_a_forecast_is_of_the_step_after_a_time(engine, world):
    ann = user(world, 0.9)
    ahead = engine.forecast(ann, step="week", at="2024-03-10")
    assert (ahead.at.isoformat(), ahead.step) == ("2024-03-10T00:00:00+00:00", "week")
    now = engine.interests(ann, at="2024-03-10")
    for level in (1, 2):
        assert sum(x.ahead for x in ahead.levels[level - 1]) == pytest.approx(1.0, abs=1e-4)
        np.testing.assert_allclose(
            [x.now for x in ahead.levels[level - 1]], now.weights(level), atol=1e-5
        )
    again = engine.forecast(user(world, 0.5), step="week", at="2024-03-10")
    assert again.trials is ahead.trials  # learned once
    with pytest.raises(UnknownIdError, match="day, week"):
        engine.forecast(ann, step="hour")
    with pytest.raises(DataError, match="Ask for a shorter step"):
        engine.forecast(ann, step="year", at="2024-01-05")
    with pytest.raises(DataError, match="forecast: 0 people"):
        engine.forecast(ann, step="day", at="1990-01-01")  # before anybody acted


def test_many_profiles_are_those_of_each(engine, world):
    people = [user(world, 0.9), "who-is-this", user(world, 0.5)]
    found = engine.interests_many(people, at="2024-03-01", context={"device": "mobile"})
    for b, one in enumerate(people):
        alone = engine.interests(one, at="2024-03-01", context={"device": "mobile"})
        np.testing.assert_allclose(found.weights(2)[b], alone.weights(2), atol=1e-5)
    assert len(engine.interests_many()) == engine.data.log.users.ids.len()


def test_who_is_not_known_is_not_told_who_is(engine, world):
    almost = user(world) + "0"
    for ask in (engine.similar_users, engine.interests_many([user(world)]).row):
        with pytest.raises(UnknownIdError, match=f"user '{almost}' is not among") as told:
            ask(almost)
        assert "Did you mean" not in str(told.value)


def test_people_are_grouped(engine):
    groups = engine.segments(4, level=1)
    assert 1 < len(groups) <= 4
    assert groups.to_frame().height == engine.data.log.users.ids.len()
    again = engine.segments(4, level=1)
    np.testing.assert_array_equal(groups.of, again.of)


def test_words_are_read_as_interests(engine):
    node = engine.tree.nodes[0][0]
    found = engine.interests_from_text(" ".join([node.name, *node.keywords]))
    assert found.words is not None
    assert found.interest(node.id).lift > 1.0
    recs = engine.recommend("who-is-this", 3, interests=found.as_given())
    assert recs[0].parts["given"] > 0
    with pytest.raises(DataError, match="expected some words"):
        engine.interests_from_text("  ")


def test_context_is_asked_by_name(engine, world):
    ann = user(world)
    found = engine.interests(ann, context={"device": "mobile"})
    assert found.context == {"device": "mobile"}
    with pytest.raises(UnknownIdError, match=r"context 'wether': the model knows .*device"):
        engine.recommend(ann, context={"wether": "rain"})


def test_asking_before_learning(world):
    with pytest.raises(NotFittedError, match=r"call engine\.fit\(\) first"):
        Engine(config=CONFIG).recommend("ann")
    with pytest.raises(NotFittedError, match=r"call engine\.fit\(\) first"):
        _ = Engine(config=CONFIG).tree


def test_learning_from_nothing(tmp_path):
    with pytest.raises(DataError, match="there are no events yet"):
        Engine(config=CONFIG).fit()
    with pytest.raises(NotFittedError, match="no model is current"):
        Engine(tmp_path / "shop", CONFIG).recommend("ann")
    with pytest.raises(DataError, match="add: nothing came"):
        Engine(config=CONFIG).add()
    with pytest.raises(TypeError, match="'ratings'"):
        Engine(config=CONFIG).add(ratings=pl.DataFrame())


def test_items_alone_make_a_shop_without_history(world):
    engine = Engine(config=CONFIG, clock=lambda: NOW)
    engine.add(items=world.items)
    fitted = engine.fit()
    assert fitted.summary["events"] == 0
    assert len(engine.recommend("ann", 4)) == 4
    assert engine.interests("ann").weights(1).sum() == pytest.approx(1.0, abs=1e-5)


def test_a_new_event_counts_at_once(own, world):
    ann = user(world)
    before = own.interests(ann)
    first = own.recommend(ann, 1)[0]
    when = world.events["timestamp"].max()
    own.add(events=[{"user_id": ann, "item_id": first.item_id, "timestamp": when, "event": "view"}])
    after = own.interests(ann)
    assert after.events == before.events + 1
    if not own.model.repeats_:
        assert first.item_id not in {r.item_id for r in own.recommend(ann, 300)}
    someone_new = [
        {"user_id": "new", "item_id": first.item_id, "timestamp": when, "event": "purchase"}
    ]
    own.add(events=someone_new)
    assert own.interests("new").events == 1
    assert own.recommend("new", 1)[0].parts["base"] != 0


def test_the_same_event_twice_counts_once(own, world):
    before = own.tables.read("events").collect().height
    added = own.add(events=world.events)
    assert own.tables.read("events").collect().height == before
    assert [r.new for r in added.receipts] == [0]
    assert added.report.count("rows already there set aside") == world.events.height


def test_a_new_item_is_recommended_for_what_is_written_about_it(own, world):
    ann = user(world, 0.9)
    best = own.recommend(ann, 1)[0].item_id
    twin = world.items.filter(item_id=best).with_columns(item_id=pl.lit("brand-new"))
    before = {r.item_id: r.score for r in own.recommend(ann, 50)}
    own.add(items=twin)
    recs = own.recommend(ann, 300)
    ranks = {r.item_id: r.rank for r in recs}
    assert ranks["brand-new"] <= 40, "its twin in words is at the top"
    after = {r.item_id: r.score for r in recs}
    moved = np.array([after[i] - before[i] for i in before])
    assert np.ptp(moved) < 1e-3, "the others keep their distances"
    path = own.explain(ann, "brand-new").interests
    assert path[0][0] == own.explain(ann, best).interests[0][0]


def test_after_a_fit_rows_are_those_of_the_new_model(own, world):
    """Items known only from events stand last; later items come between at the next fit."""
    when = world.events["timestamp"].max()
    bare = {"user_id": "bob", "item_id": "zz-bare", "timestamp": when, "event": "view"}
    own.add(events=[bare])
    own.fit()
    own.recommend("bob")
    own.add(items=pl.DataFrame({"item_id": ["later"], "title": ["A later thing"]}))
    own.recommend("bob")
    own.fit()
    assert own.data.vocabulary.ids.to_list() == own.model.catalogue.items.ids.to_list()
    titles = dict(own.tables.read("items").collect().select("item_id", "title").iter_rows())
    for r in own.recommend("bob", 300):
        assert r.title == (titles.get(r.item_id) or r.item_id)


def test_forgetting(own, world):
    ann = user(world)
    n = world.events.filter(user_id=ann).height
    assert own.forget(ann) == n
    assert own.interests(ann).events == 0
    assert ann not in own.data.log.users
    assert own.forget(ann) == 0
    assert own.recommend(ann, 2).explain()[0].events == ()


def test_forgetting_who_alone_met_an_item(own, world):
    when = world.events["timestamp"].max()
    own.add(events=[{"user_id": "bob", "item_id": "zz", "timestamp": when, "event": "view"}])
    own.fit()
    own.forget("bob")
    recs = own.recommend("ann", 400)
    assert "zz" in {r.item_id for r in recs}
    assert own.explain("ann", "zz").title == "zz"


def test_a_workspace_survives_and_answers_the_same(world, tmp_path):
    shop = tmp_path / "shop"
    first = made(world, shop)
    fitted = first.fit()
    assert fitted.version in str(fitted)
    users = [user(world, 0.2), user(world, 0.8), "nobody"]
    later = Engine(shop, CONFIG, clock=lambda: NOW)
    assert answers(later, users).equals(answers(first, users))
    assert str(later.tree) == str(first.tree)
    assert later.interests(users[0]).to_json() == first.interests(users[0]).to_json()
    one = first.recommend(users[1], 3).explain()
    two = later.recommend(users[1], 3).explain()
    assert [r.to_json() for r in one] == [r.to_json() for r in two]
    assert later.workspace.models.current() == fitted.version


def test_another_process_answers_the_same(world, shop):
    engine, ann = Engine(shop, FEW, clock=lambda: NOW), user(world)
    script = (
        "import sys; from penchant import Engine\n"
        "print(*[f'{r.item_id}={r.score:.5f}' for r in Engine(sys.argv[1]).recommend(sys.argv[2])])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(shop), ann], capture_output=True, text=True, check=True
    )
    said = [f"{r.item_id}={r.score:.5f}" for r in engine.recommend(ann)]
    assert done.stdout.split() == said


def test_settings_of_the_workspace_are_used(tmp_path):
    shop = tmp_path / "shop"
    Engine(shop).workspace.write_config(CONFIG.but(seed=42).to_toml())
    assert Engine(shop).config == CONFIG.but(seed=42)
    assert Engine(shop, CONFIG).config.seed == 0, "what is given goes first"
    (shop / "config.toml").write_text("sede = 1\n")
    with pytest.raises(ConfigError, match=r"EngineConfig\.sede: unknown setting.*'seed'"):
        Engine(shop)


def test_fitting_again_is_the_same_and_keeps_ids(world, tmp_path):
    engine = made(world, tmp_path / "shop", FEW)
    one = engine.fit()
    ids = {n.id: n.name for level in engine.tree.nodes for n in level}
    before = answers(engine, [user(world)])
    two = engine.fit()
    assert one.version != two.version
    assert {n.id: n.name for level in engine.tree.nodes for n in level} == ids
    assert answers(engine, [user(world)]).equals(before)
    assert not list((tmp_path / "shop" / "scratch").iterdir())


def test_more_events_keep_most_ids(world, tmp_path):
    engine = Engine(config=FEW, clock=lambda: NOW)
    half = world.events.sort("timestamp").head(world.events.height // 2)
    engine.add(events=half, items=world.items)
    engine.fit()
    before = {n.id for n in engine.tree.nodes[0]}
    engine.add(events=world.events)
    engine.fit()
    after = {n.id for n in engine.tree.nodes[0]}
    assert len(before & after) >= 0.7 * len(after)


def test_another_process_learns_from_the_tree_before_without_opening_that_model(own, monkeypatch):
    """What came since that model was learned would be read to open it, and be let go of."""
    begun, told, begin, learn = [], [], Live.__init__, Learning.__init__
    before = [n.id for level in own.tree.nodes for n in level]

    def beginning(self, *args, **kwargs):
        begun.append(self)
        begin(self, *args, **kwargs)

    def learning(self, rows, texts, progress, previous, *args, **kwargs):
        told.append([n.id for level in previous.nodes for n in level])
        learn(self, rows, texts, progress, previous, *args, **kwargs)

    monkeypatch.setattr(Live, "__init__", beginning)
    monkeypatch.setattr(Learning, "__init__", learning)
    other = Engine(own.workspace.path, clock=lambda: NOW)
    other.fit()
    assert told == [before]
    assert begun == [other.live], "the new model's"


def test_old_versions_are_pruned(world, tmp_path):
    engine = made(world, tmp_path / "shop", FEW.but(keep=2))
    versions = [engine.fit().version for _ in range(3)]
    kept = [version.name for version in engine.workspace.models.versions()]
    assert sorted(kept) == sorted(versions[1:])


class StopsAt:
    """Progress of somebody who gives up when a step of that name begins."""

    def __init__(self, name):
        self.name, self.seen = name, []

    @contextmanager
    def step(self, name, total=None):
        self.seen.append(name)
        if self.name in name:
            raise KeyboardInterrupt
        yield self

    def advance(self, n=1, note=""):
        pass


def test_an_interrupted_fit_goes_on_where_it_stopped(world, tmp_path, engine):
    shop = tmp_path / "shop"
    first = made(world, shop)
    first.progress = StopsAt("dynamic: pass 2")
    with pytest.raises(KeyboardInterrupt):
        first.fit()
    assert list((shop / "scratch").iterdir())
    watched = StopsAt("never")
    second = Engine(shop, CONFIG, clock=lambda: NOW, progress=watched)
    second.fit()
    assert not [name for name in watched.seen if name.startswith("dynamic: pass 1")]
    users = [user(world, 0.2), user(world, 0.8)]
    assert answers(second, users).equals(answers(engine, users))


@pytest.mark.parametrize("stops", [False, True])
def test_who_is_forgotten_while_a_fit_runs_does_not_break_it_and_leaves_nothing(
    world, tmp_path, stops
):
    shop = tmp_path / "shop"
    config = CONFIG.but(**{"interests.layers": ("dynamic", "popularity")})
    first, other = made(world, shop, config), Engine(shop, config, clock=lambda: NOW)
    watched = first.progress = StopsAt("dynamic: pass 2" if stops else "never")
    plain, left = watched.step, []

    def step(name, total=None):
        if "dynamic: pass 2" in name:
            other.forget(user(world))
            left.extend((shop / "scratch").iterdir())
        return plain(name, total)

    watched.step = step
    with pytest.raises(KeyboardInterrupt) if stops else nullcontext():
        first.fit()
    assert len(left) == 1, "what runs keeps its own"
    assert not list((shop / "scratch").iterdir())
    assert (first.workspace.models.current() is None) == stops


def test_other_data_or_settings_do_not_go_on_from_what_was(world, tmp_path):
    shop = tmp_path / "shop"
    first = made(world, shop)
    names = {first._prepared().fingerprint}
    retold = world.items.head(1).with_columns(title=pl.lit("Something else"))
    first.add(items=retold)
    names.add(first._prepared().fingerprint)
    for change in ({"seed": 1}, {"encode.hashed_dim": 32}, {"interests.dynamic.dims": 4}):
        other = Engine(shop, CONFIG.but(**change), clock=lambda: NOW)
        names.add(other._prepared().fingerprint)
    assert len(names) == 5


@pytest.mark.parametrize("kind", ["last", "time", "rolling", "user"])
def test_evaluating_by_every_split(world, kind):
    engine = made(world, config=FEW)
    split = SplitConfig(kind=kind, windows=2, test_fraction=0.15)
    result = engine.evaluate(split=split, baselines=False)
    told = json.dumps(result.to_json())
    assert "ndcg@10" in told.lower()
    assert "penchant" in told
    assert str(result)
    with pytest.raises(NotFittedError):
        _ = engine.model  # what serves is not touched


def test_evaluating_beside_the_baselines_is_written_down(world, tmp_path):
    engine = made(world, tmp_path / "shop", FEW)
    result = engine.evaluate()
    names = str(result)
    for name in ("popularity", "EASE", "item kNN", "text only"):
        assert name in names
    assert list((tmp_path / "shop" / "reports").iterdir())
    assert CONFIG.seed == result.to_json()["fingerprint"]["seed"]


def test_where_nothing_is_to_be_learned_popularity_is_not_beaten():
    silent = make_world(WorldConfig.silent(users=120, events=4000))
    engine = made(silent, config=FEW)
    told = engine.evaluate(split=SplitConfig(kind="time")).to_json()
    ahead = [d for d in told["differences"] if "popularity" in d["baseline"]]
    assert ahead
    assert not [d for d in ahead if d["clear"] and d["difference"] > 0]


def test_checking_what_is_stored_and_what_is_given(world, tmp_path):
    engine = made(world)
    stored = {r.name: r.status for r in engine.check()}
    assert stored["columns"] == "PASS"
    assert "FAIL" not in stored.values()
    path = tmp_path / "events.csv"
    path.write_text("who,item_id,timestamp\na,b,2024-01-01\n")
    bad = engine.check(events=path)
    assert [(r.name, r.status) for r in bad] == [("columns", "FAIL")]
    good = engine.check(events=path, mapping={"user_id": "who"})
    assert next(r for r in good if r.name == "columns").status == "PASS"
    both = engine.check(
        events=path,
        items=pl.DataFrame({"sku": ["b"], "title": ["Tea"]}),
        mapping={"user_id": "who", "item_id": "sku"},
    )
    assert {r.status for r in both if r.name in ("columns", "catalogue")} == {"PASS"}
    with pytest.raises(DataError, match="nothing is stored yet"):
        Engine(config=CONFIG).check()


def test_checking_items_alone(world):
    found = Engine(config=CONFIG, clock=lambda: NOW).check(items=world.items)
    status = {r.name: r.status for r in found}
    assert status["columns"] == "PASS"
    assert status["catalogue"] == "PASS"


def test_events_set_aside_are_told_by_the_fit(world):
    engine = Engine(config=FEW, clock=lambda: NOW)
    late = world.events.head(3).with_columns(timestamp=pl.lit(datetime(2094, 1, 1, tzinfo=UTC)))
    engine.add(events=pl.concat([world.events, late], how="vertical_relaxed"), items=world.items)
    fitted = engine.fit()
    assert any("future" in f.what or "impossible" in f.what for f in fitted.report.findings)
    told = json.loads(json.dumps(fitted.to_json()))
    assert told["summary"]["items"] == world.items.height
    assert set(told["seconds"]) == {"encode", "tree", "learn", "save"}
    assert "a model in memory" in str(fitted)


def test_the_demo_shows_three_people_beside_the_truth(tmp_path):
    result = run_demo(WorldConfig.small(users=60, events=2000), tmp_path / "demo", FEW)
    assert len({shown.user_id for shown in result.users}) == 3
    for shown in result.users:
        assert shown.truth.columns == ["interest", "truth", "penchant"]
        assert shown.truth["truth"].sum() == pytest.approx(1.0, abs=1e-3)
        assert shown.truth["penchant"].sum() == pytest.approx(1.0, abs=0.05)
        assert len(shown.recommendations) == 10
        assert shown.profile.user_id == shown.user_id
    assert "penchant" in json.dumps(result.evaluation.to_json())
    assert set(result.seconds) == {"world", "fit", "evaluate", "people"}


def test_a_filter_by_a_column_that_is_not_there(engine, world):
    with pytest.raises(SchemaError, match="items have no column"):
        engine.recommend(user(world), filters=Filters(where={"colour": "red"}))
    with pytest.raises(UnknownIdError, match="item 'nothing'"):
        engine.explain(user(world), "nothing")
