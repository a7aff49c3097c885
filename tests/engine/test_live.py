"""What came to the store counts at the next question, exactly as if the whole log were read."""

from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Thread

import numpy as np
import polars as pl
import pytest

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.clock import DAY, micros
from penchant.data.histories import histories
from penchant.data.vocabulary import Vocabulary
from penchant.engine.view import View
from penchant.engine.waiting import Waiting
from penchant.errors import StoreError
from penchant.interests.profile import profile
from penchant.testing.layers import quick

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
CONFIG = EngineConfig(interests=quick()).but(
    **{"encode.kind": "hashed", "encode.hashed_dim": 64, "interests.dynamic.epochs": 1}
)


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=60, events=3000))


@pytest.fixture(scope="module")
def split(world):
    """Events to learn from, and those that come afterwards, in the order of time."""
    events = world.events.sort("timestamp", "user_id", "item_id")
    cut = int(0.8 * events.height)
    return events.head(cut), events.slice(cut)


@pytest.fixture(scope="module")
def model(world, split):
    """A model of the first part, and what it was learned with."""
    engine = Engine(config=CONFIG, clock=lambda: NOW)
    known = split[0]["item_id"].unique()
    engine.add(events=split[0], items=world.items.filter(pl.col("item_id").is_in(known.implode())))
    engine.add(relations=world.relations)
    engine.fit()
    return engine.live.view.model, engine.live.facts


@pytest.fixture
def served(world, split, model):
    """Makes engines that serve the model over tables of their own, with the first part in them."""

    def make() -> Engine:
        engine = Engine(config=CONFIG, clock=lambda: NOW)
        known = split[0]["item_id"].unique()
        items = world.items.filter(pl.col("item_id").is_in(known.implode()))
        engine.add(events=split[0], items=items)
        engine.add(relations=world.relations)
        engine._serve(*model)
        return engine

    return make


def scores(engine, users, at):
    """Every item's score for every user, in the order of item ids."""
    asking = engine._asking(users)
    found = asking.model.score(asking.moments(users, at))
    order = np.argsort(asking.model.catalogue.items.ids.to_numpy())
    return asking.model.catalogue.items.ids.sort(), found[:, order]


def whole(engine, users, at):
    """The same from the whole log, read and cleaned at once."""
    asking = engine._asking()
    found = asking.model.score(asking.moments(users, at))
    return found[:, np.argsort(asking.model.catalogue.items.ids.to_numpy())]


def told(asking, users, at):
    """All numbers of the profiles of some users [N], and what they are: interests at every level,
    of each layer too, how sure they are, and the events that speak for them."""
    names, numbers = [], []
    for user in users:
        moments, titles = asking.moments([user], at), asking.explainer(0).titles
        found = profile(asking.model, moments, user_id=user, labels=titles)
        names.append((user, found.events, tuple(found.alpha)))
        numbers += found.alpha.values()
        for x in (x for level in found.levels for x in level):
            events = sorted((asking.model.catalogue.items[e.item], e.time) for e in x.evidence)
            names.append((x.node.id, x.kind, events))
            numbers += [x.weight, x.usual, x.confidence, x.low, x.high, x.stability]
            numbers += [*x.layers.values(), *sorted(e.share for e in x.evidence)]
    return names, np.array(numbers)


def late(events):
    """Events that nobody had, older than the newest of those: some at the very same times."""
    some = events.sample(60, shuffle=True, seed=4)
    other = some.with_columns(item_id=some["item_id"].reverse())
    earlier = other.tail(30).with_columns(pl.col("timestamp") - timedelta(minutes=37))
    return pl.concat([other.head(30), earlier])


def retold(events):
    """The same acts by another kind of event; and the same items at the same times by another
    person, who did not do them."""
    kinds = sorted(set(events["event"]))
    other = [kinds[(kinds.index(kind) + 1) % len(kinds)] for kind in events["event"]]
    yield events.with_columns(pl.Series("event", other), pl.lit(None, pl.Float64).alias("value"))
    yield events.with_columns(events["user_id"].reverse())


def pieces(events, order):
    """Events one by one, late ones, and many at once."""
    if order == "in time":
        return [events[k : k + 1] for k in range(events.height)]
    if order == "late":
        mixed = events.sample(fraction=1.0, shuffle=True, seed=3)
        return [mixed[k : k + 7] for k in range(0, mixed.height, 7)]
    return [events]


@pytest.mark.parametrize(
    ("order", "few"), [("in time", 5_000), ("late", 5_000), ("late", 3), ("at once", 3)]
)
def test_streamed_is_rebuilt_is_batch(world, split, served, order, few, monkeypatch):
    """However events come, some of them older than all that the model learned last, everybody's
    scores and profiles are those of the whole log; also where so many came that only those of
    people who were asked about are shaped."""
    monkeypatch.setattr("penchant.engine.live._FEW", few)
    streamed = served()
    later = pl.concat([late(split[0]), split[1].head(200)]).sort("timestamp", maintain_order=True)
    assert (later["timestamp"] < split[0]["timestamp"].max()).sum() > 50
    users = sorted(world.events["user_id"].unique())
    streamed.recommend(str(later["user_id"][0]))
    for k, piece in enumerate(pieces(later, order)):
        streamed.add(events=piece)
        if k % 10 == 0:  # some pasts are kept, others are not
            streamed.recommend(users[k % len(users)])
    end = later["timestamp"].max() + timedelta(hours=3)
    rebuilt = served()
    rebuilt.add(events=later)
    ids, one = scores(streamed, users, end)
    again, two = scores(rebuilt, users, end)
    assert ids.to_list() == again.to_list()
    np.testing.assert_allclose(one, two, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(one, whole(streamed, users, end), atol=1e-5, rtol=1e-5)
    names, numbers = told(streamed._asking(users), users, end)
    for other in (rebuilt._asking(users), streamed._asking()):
        same, also = told(other, users, end)
        assert names == same
        np.testing.assert_allclose(numbers, also, atol=1e-5, rtol=1e-5)
    known, nothing = scores(served(), users, end)
    moved = one[:, ids.is_in(known.implode()).to_numpy()] - nothing
    assert np.abs(moved).max() > 0.1, "what came matters"


@pytest.mark.parametrize("newer", [0, 200])
def test_popularity_is_what_the_whole_log_counts(split, served, newer):
    """Also by events older than the last that the model learned from, out of order, and where none
    but such came."""
    engine = served()
    later = pl.concat([late(split[0]), split[1].head(newer)])
    later = pl.concat([later, *retold(later.sample(40, seed=1))])
    end = max(later["timestamp"].max(), split[0]["timestamp"].max()) + timedelta(hours=3)
    before = engine.explain("nobody", str(later["item_id"][0]), at=end).parts["popularity"]
    for piece in pieces(later, "late"):
        engine.add(events=piece)
        engine.recommend("nobody", at=end)
    after = engine.explain("nobody", str(later["item_id"][0]), at=end).parts["popularity"]
    assert after != before
    running, log = engine.model.layers["popularity"].running_, engine.data.log
    point = running.point(micros(end))
    counted, liked = running._counts_at(point)[:, : len(log.items)], log.acts
    assert liked.sum() < log.positive.sum() - 20, "some acts are several events"
    for half_life, found in zip(running.half_lives, counted, strict=True):
        left = np.exp2(-(point - log.time[liked]) / (DAY * half_life))
        whole = np.bincount(log.item[liked], weights=left, minlength=len(log.items))
        np.testing.assert_allclose(found, whole, rtol=1e-5, atol=1e-6)
    first = np.full(len(log.items), np.iinfo(np.int64).max)
    np.minimum.at(first, log.item[liked], log.time[liked])
    np.testing.assert_array_equal(running._first[: len(first)], first)


def test_two_engines_on_one_store_say_the_same(world, split, served):
    """What one puts in, the other knows at its next question."""
    one, other = served(), served()
    other.tables = one.tables
    other._serve(one.live.view.model, one.live.facts)
    ann = split[1]["user_id"][0]
    before = other.recommend(ann, at=NOW)
    one.add(events=split[1].filter(pl.col("user_id") == ann))
    after = other.recommend(ann, at=NOW)
    assert [r.score for r in after] != [r.score for r in before]
    assert [r.score for r in after] == [r.score for r in one.recommend(ann, at=NOW)]


def test_a_new_item_is_there_at_once_and_its_first_event_too(world, served):
    """By its text; and who met it has it in their past."""
    engine, ann = served(), str(world.events["user_id"][0])
    engine.recommend(ann)
    liked = engine.recommend(ann, 1)[0].item_id
    twin = world.items.filter(pl.col("item_id") == liked).with_columns(item_id=pl.lit("twin"))
    engine.add(items=twin)
    base = engine._asking([ann]).model.layers["base"].score(engine._asking([ann]).moments([ann]))[0]
    assert engine.explain(ann, "twin").item_id == "twin"
    assert base[-1] > np.median(base)
    event = {"user_id": [ann], "item_id": ["bare"], "event": ["like"]}
    engine.add(events=pl.DataFrame(event | {"timestamp": [NOW - timedelta(days=1)]}))
    asking = engine._asking([ann])
    row = asking.model.catalogue.items.row("bare")
    assert row in asking.moments([ann]).item
    assert engine.explain(ann, "bare").item_id == "bare"


def test_popularity_goes_on(world, split, served):
    """What many turn to after the fit is more popular an hour later, and not before."""
    engine = served()
    model, start = engine.model, split[0]["timestamp"].max()
    item = str(model.catalogue.items[0])
    crowd = pl.DataFrame({
        "user_id": [f"crowd{k}" for k in range(50)], "item_id": item, "event": "purchase",
        "timestamp": [start + timedelta(hours=2, seconds=k) for k in range(50)],
    })  # fmt: skip
    early = engine.explain("nobody", item, at=start + timedelta(hours=1)).parts["popularity"]
    before = engine.explain("nobody", item, at=start + timedelta(hours=5)).parts["popularity"]
    engine.add(events=crowd)
    after = engine.explain("nobody", item, at=start + timedelta(hours=5)).parts["popularity"]
    same = engine.explain("nobody", item, at=start + timedelta(hours=1)).parts["popularity"]
    assert after > before + 0.1
    assert same == pytest.approx(early, abs=0.05)


def test_who_is_forgotten_is_gone_from_what_is_kept(split, served):
    engine, ann = served(), split[0]["user_id"][0]
    assert engine.interests(ann).events > 0
    engine.forget(ann)
    assert engine.interests(ann).events == 0
    assert len(engine.live.pasts) == 1


def test_who_turns_out_to_be_a_machine_is_set_aside_as_in_a_fit(split, served):
    """A clock at work: known as a person first, then by the evenness of its gaps."""
    engine, start = served(), split[0]["timestamp"].max()
    items = engine.model.catalogue.items.ids.to_list()

    def ticks(a, b):
        return pl.DataFrame({
            "user_id": "clock", "item_id": [items[k % len(items)] for k in range(a, b)],
            "event": "view", "timestamp": [start + timedelta(seconds=61 * k) for k in range(a, b)],
        })  # fmt: skip

    engine.add(events=ticks(0, 100))
    assert engine.interests("clock").events == 100
    engine.add(events=ticks(100, 190))
    assert engine.interests("clock").events == 190
    engine.add(events=ticks(190, 260))
    assert engine.interests("clock").events == 0
    late = engine._asking()
    assert len(late.moments(["clock"]).item) == 0


def test_many_threads_put_in_and_ask(world, split, served):
    """Nothing breaks meanwhile, and in the end all is as if it had come in order."""
    engine, later = served(), split[1].head(240)
    users = sorted(world.events["user_id"].unique())
    failed: list[BaseException] = []

    def put_in(k: int) -> None:
        try:
            for piece in range(k, later.height, 40):
                engine.add(events=later[piece : piece + 4])
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    def ask(k: int) -> None:
        try:
            for user in users[k::4]:
                assert len(engine.recommend(user, 5)) == 5
                engine.interests(user)
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [Thread(target=put_in, args=(4 * k,)) for k in range(10)]
    threads += [Thread(target=ask, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
    end = later["timestamp"].max() + timedelta(hours=3)
    calm = served()
    calm.add(events=later)
    np.testing.assert_allclose(
        scores(engine, users, end)[1], scores(calm, users, end)[1], atol=1e-5, rtol=1e-5
    )


def test_a_past_that_does_not_fit_is_read_again(split, served):
    """Little is kept: answers are the same."""
    engine = served()
    engine.live.pasts.most = 10
    users = split[0]["user_id"].unique().sort().to_list()
    _, little = scores(engine, users, NOW)
    assert len(engine.live.pasts) <= 10
    np.testing.assert_array_equal(little, scores(served(), users, NOW)[1])


def test_few_events_are_shaped_as_many_are(split, served):
    """Also in ties of time, whatever is alike in them."""
    live = served().live
    rows = split[0].with_columns(pl.col("timestamp").dt.truncate("1d"))
    rows = rows.unique(["user_id", "item_id", "timestamp"], keep="first", maintain_order=True)
    rows = pl.concat([rows, rows.head(40).with_columns(event=pl.lit("skip"))])  # another weight
    users = Vocabulary(rows["user_id"].unique().sort())
    known = live.view.model.catalogue.items.rows(rows["item_id"]) >= 0
    rows = rows.filter(pl.Series(known))
    told = live._told(rows)
    many = histories(
        told, live.view.model.catalogue.items, CONFIG.events, CONFIG.interests.context.columns,
        users, low=live.facts.against,
    )  # fmt: skip
    some = live._few(rows, users)
    assert some is not None, "different events of one time are told apart"
    for name in ("offsets", "item", "time", "weight"):
        np.testing.assert_array_equal(getattr(some, name), getattr(many, name), err_msg=name)
    for name, column in many.past.items():
        assert some.past[name].to_list() == column.cast(pl.String).to_list()
    assert live._few(pl.concat([rows.head(1), rows.head(1)]), users) is None


# What can only be put right from the beginning


@pytest.fixture
def restless(monkeypatch):
    """Whoever is astray begins anew at once."""
    monkeypatch.setattr("penchant.engine.live.REST", 0.0)


def fresh(engine):
    """Another process on the same store, with the same model."""
    other = Engine(config=engine.config, clock=engine.clock)
    other.tables = engine.tables
    other._serve(*engine.live.learned)
    return other


def agree(engine, other, users, at):
    """Both say the same of all items."""
    ids, one = scores(engine, users, at)
    same, two = scores(other, users, at)
    assert ids.to_list() == same.to_list()
    np.testing.assert_allclose(one, two, atol=1e-5, rtol=1e-5)


def bought(user, item, at, times=1):
    """Some purchases, a minute apart."""
    when = [at + timedelta(minutes=k) for k in range(times)]
    rows = {"user_id": user, "item_id": item, "timestamp": when, "event": "purchase"}
    return pl.DataFrame(rows, schema_overrides={"timestamp": pl.Datetime("us", "UTC")})


def test_a_store_that_fails_halfway_makes_nothing_count_twice(split, served, monkeypatch):
    """Events of several pieces, of which the second cannot be read at first."""
    monkeypatch.setattr("penchant.engine.live._AT_ONCE", 10)
    engine = served()
    ann, item = split[0]["user_id"][0], split[0]["item_id"][0]
    end = split[1]["timestamp"].max()
    engine.recommend(ann)
    engine.add(events=bought(ann, item, end, 20))
    read, asked = engine.tables.between, []

    def between(kind, first, last, columns=None):
        asked.append(kind)
        if len(asked) == 2:
            raise StoreError("locked")
        return read(kind, first, last, columns)

    engine.tables.between = between
    with pytest.raises(StoreError, match="locked"):
        engine.recommend(ann)
    agree(engine, fresh(engine), [ann], end + timedelta(days=1))


def test_items_that_cannot_join_now_join_later(world, split, served, restless, monkeypatch):
    """A disk that is full while texts are encoded, say; and so do events on them."""
    engine, ann = served(), split[0]["user_id"][0]
    end = split[1]["timestamp"].max()
    engine.recommend(ann)
    joined = View.joined
    monkeypatch.setattr(View, "joined", lambda *_: (_ for _ in ()).throw(StoreError("disk full")))
    engine.add(items=world.items.head(1).with_columns(item_id=pl.lit("new")))
    engine.add(events=bought(ann, "new", end).vstack(bought(ann, "only met", end)))
    with pytest.raises(StoreError, match="disk full"):
        engine.recommend(ann)
    monkeypatch.setattr(View, "joined", joined)
    assert {"new", "only met"} <= set(engine.model.catalogue.items.ids)
    agree(engine, fresh(engine), [ann], end + timedelta(days=1))


def test_an_item_that_was_met_before_it_was_described_is_found_by_its_text(
    world, split, served, restless
):
    engine, ann = served(), split[0]["user_id"][0]
    end = split[1]["timestamp"].max()
    engine.recommend(ann)
    engine.add(events=bought(ann, "new", end))
    assert not engine.model.catalogue.text[-1].any()
    engine.add(items=world.items.head(1).with_columns(item_id=pl.lit("new")))
    engine.model  # noqa: B018  # takes in what came
    assert engine.model.catalogue.text[-1].any()
    agree(engine, fresh(engine), [ann], end + timedelta(days=1))


def test_popularity_forgets_whom_it_counted(split, served, restless):
    engine, ann = served(), split[0]["user_id"][0]
    item, end = split[0]["item_id"][0], split[1]["timestamp"].max()
    engine.recommend(ann)
    engine.add(events=bought("a stranger", item, end, 30))
    engine.recommend(ann)
    engine.forget("a stranger")
    engine.recommend(ann)
    agree(engine, fresh(engine), [ann], end + timedelta(days=1))


@pytest.mark.parametrize(
    "changes",
    [
        {"clean.near_seconds": 10.0},
        {"clean.unknown_items": "drop"},
        {"clean.future_days": 0.0},
    ],
)
def test_what_counts_later_or_not_at_all_is_as_in_the_whole_log(world, split, served, changes):
    """Doubles of an event, events on items that come after them, events of times to come."""
    engine, ann, item = served(), split[0]["user_id"][0], split[0]["item_id"][0]
    engine.config, now = CONFIG.but(**changes), [split[1]["timestamp"].max()]
    engine.clock = lambda: now[0]
    engine._serve(*engine.live.learned)
    item_first = "clean.unknown_items" not in changes
    new = world.items.head(1).with_columns(item_id=pl.lit("new"))
    engine.add(items=new.head(item_first))
    engine.recommend(ann)
    events = [
        bought(ann, item, now[0] - timedelta(hours=1)),
        bought(ann, item, now[0] - timedelta(hours=1) + timedelta(seconds=1)),
        bought(ann, "new", now[0]),
        bought(ann, item, now[0] + timedelta(seconds=20)),
    ]
    for came in events:
        engine.add(events=came)
        engine.recommend(ann)
    engine.add(items=new)
    engine.recommend(ann)
    now[0] += timedelta(hours=1)
    had, log = split[0].filter(pl.col("user_id") == ann).height, engine._asking([ann]).log
    kept, whole = (np.diff(x.offsets)[x.users.row(ann)] for x in (log, engine.data.log))
    assert kept == whole
    assert kept == had + 4 or "clean.near_seconds" in changes
    agree(engine, fresh(engine), [ann, "a stranger"], now[0])


def test_who_is_forgotten_is_named_to_nobody_however_old_the_log_may_be(split, served):
    engine = served()
    engine.config = CONFIG.but(**{"live.whole": 900.0})
    ann, bob, *_ = split[0]["user_id"].unique().sort().to_list()
    assert bob in dict(engine.similar_users(ann, 100).people)
    fresh(engine).forget(bob)
    assert bob not in dict(engine.similar_users(ann, 100).people)


def test_a_model_is_asked_with_what_it_was_learned_with(world, tmp_path):
    """Whatever the settings say now: they count from the next fit on."""
    learned = Engine(tmp_path, CONFIG, clock=lambda: NOW)
    learned.add(events=world.events, items=world.items)
    learned.fit()
    changes = {"encode.hashed_dim": 32, "events.weights": {"view": -1.0}, "clean.near_seconds": 60}
    other = Engine(tmp_path, CONFIG.but(**changes), clock=lambda: NOW)
    ann = str(world.events["user_id"][0])
    learned.add(items=world.items.head(1).with_columns(item_id=pl.lit("new")))
    learned.add(events=bought(ann, "new", NOW))
    agree(learned, other, [ann], NOW + timedelta(days=1))
    assert len(other.data.log) == len(learned.data.log)
    words = [engine.interests_from_text("a red thing") for engine in (learned, other)]
    assert words[0].to_json() == words[1].to_json()


@pytest.mark.parametrize("changes", [{"clean.unknown_items": "drop"}, {"clean.future_days": 0.0}])
def test_what_waits_of_somebody_who_is_forgotten_never_counts(world, split, served, changes):
    """Neither when its item comes, nor when its time does."""
    engine, ann, item = served(), split[0]["user_id"][0], split[0]["item_id"][0]
    engine.config, now = CONFIG.but(**changes), [split[1]["timestamp"].max()]
    engine.clock = lambda: now[0]
    engine._serve(*engine.live.learned)
    engine.recommend(ann)
    on, at = ("new", now[0]) if "clean.unknown_items" in changes else (item, now[0] + MINUTE)
    engine.add(events=bought("a stranger", on, at, 30))
    engine.recommend(ann)
    assert engine.live._early or engine.live._homeless
    engine.forget("a stranger")
    engine.recommend(ann)
    now[0] += timedelta(hours=1)
    engine.add(items=world.items.head(1).with_columns(item_id=pl.lit("new")))
    agree(engine, fresh(engine), [ann, "nobody"], now[0])


@pytest.mark.parametrize("room", [3, 5])
@pytest.mark.parametrize("changes", [{"clean.unknown_items": "drop"}, {"clean.future_days": 0.0}])
def test_what_found_no_room_to_wait_counts_once_the_log_is_read_again(
    world, split, served, restless, monkeypatch, changes, room
):
    """When its item comes, or its time; until then it is told how many wait."""
    monkeypatch.setattr("penchant.engine.live.Waiting", partial(Waiting, most=room))
    engine, ann, item = served(), split[0]["user_id"][0], split[0]["item_id"][0]
    engine.config, now = CONFIG.but(**changes), [split[1]["timestamp"].max()]
    engine.clock = lambda: now[0]
    engine._serve(*engine.live.learned)
    engine.recommend(ann)
    on, at = ("new", now[0]) if "clean.unknown_items" in changes else (item, now[0] + MINUTE)
    for user in (ann, "b", "c", "d", "e"):
        engine.add(events=bought(user, on, at))
        engine.recommend(ann)
    assert engine.live.waiting == 5
    before = engine.live
    now[0] += timedelta(hours=1)
    engine.add(items=world.items.head(1).with_columns(item_id=pl.lit("new")))
    engine.recommend(ann)
    engine.recommend(ann)
    assert (engine.live is before) == (room == 5), "what has room is followed"
    assert engine.live.waiting == 0
    agree(engine, fresh(engine), [ann, "nobody"], now[0])


def test_events_on_items_that_never_come_make_nobody_begin_anew_again_and_again(
    world, split, served, restless, monkeypatch
):
    """More of them than can wait: another item that joins might have been theirs, once."""
    monkeypatch.setattr("penchant.engine.live.Waiting", partial(Waiting, most=2))
    engine, ann = served(), split[0]["user_id"][0]
    end = split[1]["timestamp"].max()
    engine.config = CONFIG.but(**{"clean.unknown_items": "drop"})
    engine._serve(*engine.live.learned)
    for user in ("a", "b", "c", "d"):
        engine.add(events=bought(user, "never", end))
    engine.recommend(ann)
    first = engine.live
    engine.add(items=world.items.head(1).with_columns(item_id=pl.lit("new")))
    for _ in range(2):
        engine.recommend(ann)
    second = engine.live
    assert second is not first and second.waiting == 4
    for minutes in range(3):
        engine.add(events=bought(ann, "new", end + minutes * MINUTE))
        engine.recommend(ann)
    assert engine.live is second


def test_who_is_forgotten_while_items_join_does_not_count_with_them(
    split, served, restless, monkeypatch
):
    engine, ann = served(), split[0]["user_id"][0]
    end, joined = split[1]["timestamp"].max(), View.joined
    engine.recommend(ann)

    def slow(view, rows, texts):
        engine.tables.forget("a stranger")
        engine.live.catch_up()
        return joined(view, rows, texts)

    monkeypatch.setattr(View, "joined", slow)
    engine.add(events=bought("a stranger", "only met", end, 30))
    engine.recommend(ann)
    monkeypatch.setattr(View, "joined", joined)
    agree(engine, fresh(engine), [ann], end + timedelta(days=1))
