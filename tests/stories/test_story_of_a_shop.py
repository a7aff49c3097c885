"""The story of a shop, from its first event to a person who wants to be forgotten.

Read from top to bottom, it is what Penchant does and what always holds. The shop is a small world
whose people's true interests are known; the encoder needs no weights and the network learns
little, so that all of it takes a minute.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from penchant import (
    Engine,
    EngineConfig,
    Filters,
    Profile,
    SplitConfig,
    World,
    WorldConfig,
    make_world,
)
from penchant.data.split import split
from penchant.data.strength import strength
from penchant.engine.prepared import Prepared

END = datetime.fromisoformat("2024-04-01T00:00:00+00:00")
QUICK = EngineConfig().but(
    **{"encode.kind": "hashed", "interests.dynamic.epochs": 2, "interests.dynamic.dims": 32}
)
CLOSE = 1e-5


def opened(workspace: Path | None = None) -> Engine:
    """An engine whose clock stands still at the end of the story."""
    return Engine(workspace, QUICK, clock=lambda: END)


def filled(engine: Engine, world: World) -> Engine:
    engine.add(
        events=world.events,
        items=world.items,
        users=world.users,
        relations=world.relations,
        exposures=world.exposures,
    )
    return engine


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(WorldConfig.small())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop") / "workspace"


@pytest.fixture(scope="module")
def shop(world: World, folder: Path) -> Engine:
    """The shop, fitted; tests that change it work on one of their own."""
    engine = filled(opened(folder), world)
    engine.fit()
    return engine


@pytest.fixture(scope="module")
def ann(world: World) -> str:
    """The person who did most."""
    return str(world.events["user_id"].value_counts().sort("count", "user_id")["user_id"][-1])


@pytest.fixture
def own_shop(shop: Engine, folder: Path, tmp_path: Path) -> Engine:
    """A copy of the shop that a test may change."""
    import shutil

    shutil.copytree(folder, tmp_path / "copy")
    return opened(tmp_path / "copy")


# Everything that was put in is there, and what was learned has a version.


def test_the_shop_opens(shop: Engine, world: World) -> None:
    assert shop.workspace is not None
    status = shop.workspace.status()
    assert status.rows["events"] == world.events.height
    assert status.rows["items"] == world.items.height
    assert status.rows["users"] == world.users.height
    assert status.model == "0001"
    assert status.problem is None


def test_a_fit_says_what_it_did(shop: Engine) -> None:
    manifest = shop.workspace.models.load().manifest  # type: ignore[union-attr]
    assert manifest["summary"]["users"] == 150
    assert manifest["summary"]["items"] == 300
    assert manifest["summary"]["repeats"] is True
    assert manifest["config"]["encode"]["kind"] == "hashed"


# Who is this?


def test_a_profile_sums_to_one_and_children_add_up(shop: Engine, ann: str) -> None:
    profile = shop.interests(ann)
    tree = shop.tree
    for level in range(1, tree.levels + 1):
        assert profile.weights(level).sum() == pytest.approx(1.0, abs=CLOSE)
        for layer in profile.levels[level - 1][0].layers:
            alone = sum(x.layers[layer] for x in profile.levels[level - 1])
            assert alone == pytest.approx(1.0, abs=CLOSE)
    for level in range(1, tree.levels):
        for parent in profile.levels[level - 1]:
            children = sum(profile.interest(n.id).weight for n in tree.children(parent.node))
            assert children == pytest.approx(parent.weight, abs=CLOSE)


def test_a_profile_knows_what_is_true(shop: Engine, world: World) -> None:
    """People who did much: the profile is nearer to the truth than what is usual is."""
    keen = world.events["user_id"].value_counts().sort("count", descending=True)["user_id"][:20]
    truth = world.truth(keen, END).level(1)
    names = [name[-1] if isinstance(name, tuple) else name for name in truth.categories]
    said, usual = [], []
    for user in keen:
        profile = shop.interests(user)
        by_name = {x.path[0]: x for x in profile.levels[0]}
        said.append([by_name[n].weight if n in by_name else 0.0 for n in names])
        usual.append([by_name[n].usual if n in by_name else 0.0 for n in names])
    true = np.asarray(truth.whole)
    wrong = np.abs(np.array(said) - true).sum(axis=1)
    wrong_usual = np.abs(np.array(usual) - true).sum(axis=1)
    assert wrong.mean() < 0.8 * wrong_usual.mean()


def test_a_profile_can_be_printed_kept_and_read(shop: Engine, ann: str) -> None:
    profile = shop.interests(ann)
    assert ann in str(profile)
    assert set(profile.alpha) == {"base", "context", "dynamic", "social", "popularity"}
    assert min(profile.alpha.values()) >= 0
    frame = profile.to_frame()
    assert frame.height == len(shop.tree)
    told = json.loads(json.dumps(profile.to_json()))
    assert told["user_id"] == ann
    assert len(told["levels"]) == shop.tree.levels
    assert any(x.evidence for x in profile.top(1))


def test_the_past_can_be_asked_and_holds_nothing_of_the_future(
    shop: Engine, own_shop: Engine, world: World, ann: str
) -> None:
    """What a profile says of a time rests on events up to then, whatever came later."""
    then = END - timedelta(days=30)
    before = shop.interests(ann, at=then)
    known = world.events.filter((pl.col("user_id") == ann) & (pl.col("timestamp") <= then)).height
    assert before.events == known
    later = world.events.filter(pl.col("user_id") == ann).tail(5)
    later = later.with_columns(
        pl.lit(END - timedelta(days=1)).cast(later["timestamp"].dtype).alias("timestamp")
    )
    own_shop.add(events=later)
    assert weights(own_shop.interests(ann, at=then)) == pytest.approx(weights(before), abs=CLOSE)


# What to show, and why?


def test_parts_add_up_to_the_score(shop: Engine, world: World) -> None:
    for user in world.users["user_id"][:20]:
        recs = shop.recommend(user, n=10)
        for rec, reason in zip(recs, recs.explain(), strict=True):
            assert sum(rec.parts.values()) == pytest.approx(rec.score, abs=CLOSE)
            assert sum(reason.parts.values()) == pytest.approx(reason.score, abs=CLOSE)
            assert reason.score == pytest.approx(rec.score, abs=CLOSE)
            assert reason.item_id == rec.item_id
            assert reason.sentence


def test_a_list_is_in_order_and_holds_nothing_twice(shop: Engine, ann: str) -> None:
    recs = shop.recommend(ann, n=25)
    scores = [r.score for r in recs]
    assert len(recs) == 25
    assert scores == sorted(scores, reverse=True)
    assert len({r.item_id for r in recs}) == 25
    assert [r.rank for r in recs] == list(range(1, 26))


def test_a_reason_names_events_that_happened(shop: Engine, world: World, ann: str) -> None:
    did = world.events.filter(pl.col("user_id") == ann)
    happened = set(did.select("item_id", "event", "timestamp").iter_rows())
    for reason in shop.recommend(ann, n=5).explain():
        assert reason.events
        for event in reason.events:
            assert (event.item_id, event.event, event.time) in happened
            assert 0 < event.share <= 1
        assert sum(event.share for event in reason.events) <= 1 + CLOSE


def test_one_item_is_explained_as_in_the_list(shop: Engine, ann: str) -> None:
    first = shop.recommend(ann, n=1)[0]
    reason = shop.explain(ann, first.item_id)
    assert reason.score == pytest.approx(first.score, abs=CLOSE)
    assert reason.parts == pytest.approx(dict(first.parts), abs=CLOSE)


def test_batch_is_single(shop: Engine, world: World) -> None:
    users = world.users["user_id"][:30].to_list()
    many = shop.recommend_many(users, n=5)
    assert many.height == 5 * len(users)
    for user in users:
        alone = shop.recommend(user, n=5)
        batch = many.filter(pl.col("user_id") == user).sort("rank")
        assert batch["item_id"].to_list() == [r.item_id for r in alone]
        assert batch["score"].to_list() == pytest.approx([r.score for r in alone], abs=1e-4)


def test_a_list_keeps_to_its_filters(shop: Engine, world: World, ann: str) -> None:
    interest = shop.interests(ann).top(1)[0]
    inside = shop.recommend(ann, n=10, filters=Filters(within=interest.node.id))
    members = {shop.tree.items[i] for i in shop.tree.items_of(interest.node.id)}
    assert len(inside) == 10
    assert {r.item_id for r in inside} <= members
    had = set(world.events.filter(pl.col("user_id") == ann)["item_id"])
    fresh = shop.recommend(ann, n=10, filters=Filters(seen=False))
    assert not {r.item_id for r in fresh} & had
    first = fresh[0].item_id
    denied = shop.recommend(ann, n=10, filters=Filters(seen=False, deny=[first]))
    assert first not in {r.item_id for r in denied}
    brand = world.items["brand"].drop_nulls()[0]
    branded = shop.recommend(ann, n=50, filters=Filters(where={"brand": brand}))
    ids = [r.item_id for r in branded]
    assert ids
    assert set(world.items.filter(pl.col("item_id").is_in(ids))["brand"]) == {brand}


# A stranger, and someone who says what they like.


def test_a_stranger_is_shown_what_everybody_likes(shop: Engine) -> None:
    profile = shop.interests("nobody knows me")
    assert profile.events == 0
    assert weights(profile) == pytest.approx([x.usual for x in profile.levels[0]], abs=0.05)
    assert len(shop.recommend("nobody knows me")) == 10


def test_a_stranger_who_says_what_they_like_gets_it(shop: Engine) -> None:
    interest = shop.tree.nodes[1][3]
    recs = shop.recommend("nobody knows me", interests={interest.id: 1.0})
    members = {shop.tree.items[i] for i in shop.tree.items_of(interest.id)}
    assert sum(r.item_id in members for r in recs) >= min(8, len(members))
    for rec in recs:
        assert rec.parts.get("given", 0.0) >= 0
        assert sum(rec.parts.values()) == pytest.approx(rec.score, abs=CLOSE)


# New events count at once; the same event twice counts once.


def weights(profile: Profile) -> list[float]:
    return [float(w) for w in profile.weights(1)]


def test_new_events_count_at_once(own_shop: Engine, world: World) -> None:
    before = own_shop.interests("newcomer")
    item = world.items["item_id"][7]
    own_shop.add(events=pl.DataFrame(rows("newcomer", [item] * 3)))
    after = own_shop.interests("newcomer")
    assert after.events == 3
    leaf = own_shop.tree.main(1)[own_shop.data.vocabulary.row(item)]
    assert after.weights(1)[leaf] > before.weights(1)[leaf]


def test_new_items_can_be_recommended_at_once(own_shop: Engine, world: World) -> None:
    like = world.items.row(11, named=True)
    fresh = {**like, "item_id": "fresh", "title": f"{like['title']} (new)"}
    own_shop.add(items=pl.DataFrame([fresh], schema=world.items.schema))
    recs = own_shop.recommend("anybody", n=301, filters=Filters(allow=["fresh"]))
    assert [r.item_id for r in recs] == ["fresh"]
    recs = own_shop.recommend("anybody", n=1, filters=Filters(allow=["fresh"]))
    assert sum(recs[0].parts.values()) == pytest.approx(recs[0].score, abs=CLOSE)


def test_the_same_event_twice_counts_once(own_shop: Engine, world: World, ann: str) -> None:
    before = own_shop.interests(ann)
    again = own_shop.add(events=world.events)
    receipt = next(r for r in again.receipts if r.kind == "events")
    assert (receipt.new, receipt.known) == (0, world.events.height)
    after = own_shop.interests(ann)
    assert after.events == before.events
    assert weights(after) == pytest.approx(weights(before), abs=1e-9)


# Saved and loaded, the numbers are the same; and so they are when all is done again.


def test_another_process_would_say_the_same(shop: Engine, folder: Path, ann: str) -> None:
    again = opened(folder)
    assert again.interests(ann).to_json() == shop.interests(ann).to_json()
    assert again.recommend(ann).to_json(explain=True) == shop.recommend(ann).to_json(explain=True)


def test_the_same_data_and_seed_give_the_same_shop(shop: Engine, world: World, ann: str) -> None:
    """In memory or in a folder, with the rows of the log in any order."""
    other = opened()
    tables = (world.events, world.relations)
    mixed, edges = (table.sample(fraction=1.0, shuffle=True, seed=5) for table in tables)
    other.add(events=mixed, items=world.items, relations=edges)
    other.fit()
    assert [n.id for n in other.tree.nodes[2]] == [n.id for n in shop.tree.nodes[2]]
    assert weights(other.interests(ann)) == pytest.approx(weights(shop.interests(ann)), abs=CLOSE)
    mine, theirs = shop.recommend(ann), other.recommend(ann)
    assert [r.item_id for r in mine] == [r.item_id for r in theirs]
    assert [r.score for r in mine] == pytest.approx([r.score for r in theirs], abs=1e-4)


# How good is it?


FIFTH = SplitConfig(kind="time", test_fraction=0.2)


def leads(engine: Engine) -> dict[tuple[str, str], float]:
    """An evaluation over time: the leads over popularity, the low ends of their intervals."""
    found = {
        (d.baseline, d.metric): d.low
        for d in engine.evaluate(split=FIFTH).differences
        if d.baseline in {"popularity", "recent popularity"}
    }
    assert ("popularity", "ndcg@10") in found
    return found


def lost_to_ties(engine: Engine) -> float:
    """What counts of events lose at most in mean NDCG@10, as their ties count against them."""
    config = engine.config
    data = Prepared.of(engine.tables, config, engine.clock)
    good = strength(data.events, config.events) > 0
    (fold,) = split(data.events, FIFTH, repeats=data.repeats, positive=good)
    learned = fold.train.filter(strength(fold.train, config.events) > 0)
    counts = learned["item_id"].value_counts(name="count")
    number = np.sort(counts["count"].to_numpy())
    asked = fold.targets.select("user_id", "item_id").unique().join(counts, "item_id", "left")
    count = asked["count"].fill_null(0).to_numpy()
    best = 1 + len(number) - np.searchsorted(number, count, side="right")
    worst = len(number) - np.searchsorted(number, count, side="left")
    lost = asked.with_columns(lost=pl.Series(gain(best) - gain(worst)))
    users = lost.group_by("user_id").agg(pl.len(), pl.col("lost").sum())
    ideal = np.cumsum(gain(np.arange(1, 11)))[users["len"].clip(1, 10).to_numpy() - 1]
    return float((users["lost"].to_numpy() / ideal).mean())


def gain(place: np.ndarray) -> np.ndarray:
    return np.where(place <= 10, 1.0 / np.log2(1.0 + place), 0.0)


def test_where_there_is_signal_it_is_found(world: World) -> None:
    """A floor: clearly better than popularity."""
    engine = opened()
    engine.add(events=world.events, items=world.items)
    found = leads(engine)
    assert min(found.values()) > 0.05, found


@pytest.mark.parametrize("seed", [0, 1])
def test_where_there_is_none_nothing_is_found(seed: int) -> None:
    """A ceiling: who beats popularity in a world without signal has seen the answers.

    Counts have ties, which count against popularity; that much is not owed to signal.
    """
    engine, world = opened(), make_world(WorldConfig.silent(seed=seed))
    engine.add(events=world.events, items=world.items)
    bound = {("popularity", "ndcg@10"): lost_to_ties(engine)}
    for lead, low in leads(engine).items():
        assert low <= bound.get(lead, 0.0), (lead, low, bound)


def test_order_inside_a_tie_changes_no_figure(world: World) -> None:
    """Whole days as times: most events are tied, and the order of the rows says nothing."""
    days = world.events.with_columns(pl.col("timestamp").dt.truncate("1d"))
    days = days.drop("session_id").unique(maintain_order=True)
    figures = []
    for table in (days, days.reverse(), days.sample(fraction=1.0, shuffle=True, seed=3)):
        engine = opened()
        engine.add(events=table, items=world.items)
        found = engine.evaluate(split=SplitConfig(kind="last"), baselines=False)
        figures.append({(r.slice, r.metric): r.value for r in found.rows})
    for other in figures[1:]:
        assert other.keys() == figures[0].keys()
        for key, value in figures[0].items():
            assert other[key] == pytest.approx(value, abs=1e-9, nan_ok=True), key


def test_an_evaluation_is_written_beside_the_model(own_shop: Engine) -> None:
    found = own_shop.evaluate(split=SplitConfig(kind="time"), baselines=False)
    assert own_shop.workspace is not None
    written = json.loads((own_shop.workspace.reports / "evaluation.json").read_text("utf-8"))
    assert written == json.loads(json.dumps(found.to_json()))
    assert written["fingerprint"]["seed"] == 0
    assert found.value("ndcg@10") > 0


# Someone wants to be forgotten.


def test_a_person_is_forgotten_at_once(own_shop: Engine, world: World, ann: str) -> None:
    own_shop.interests(ann)
    mine = sum(
        table.filter(pl.any_horizontal(pl.col(name) == ann for name in names)).height
        for table, names in (
            (world.events, ["user_id"]),
            (world.exposures, ["user_id"]),
            (world.users, ["user_id"]),
            (world.relations, ["source", "target"]),
        )
    )
    assert own_shop.forget(ann) == mine
    assert own_shop.forget(ann) == 0
    assert own_shop.interests(ann).events == 0
    assert own_shop.interests(ann).to_json() == {
        **own_shop.interests("nobody").to_json(),
        "user_id": ann,
    }
    assert not holds(own_shop, ann)


def holds(engine: Engine, user_id: str) -> list[str]:
    """Files of the workspace in which a person can still be found."""
    assert engine.workspace is not None
    found = []
    for path in sorted(engine.workspace.path.rglob("*")):
        if path.suffix == ".parquet":
            text = str(pl.read_parquet(path).select(pl.col(pl.String)).to_dict(as_series=False))
            found += [path.name] * (f"'{user_id}'" in text)
        elif path.is_file():
            found += [path.name] * (f'"{user_id}"'.encode() in path.read_bytes())
    return found


def test_the_rest_of_the_shop_goes_on(own_shop: Engine, world: World, ann: str) -> None:
    others = [u for u in world.users["user_id"][:5] if u != ann]
    before = {u: weights(own_shop.interests(u)) for u in others}
    own_shop.forget(ann)
    for user in others:
        assert weights(own_shop.interests(user)) == pytest.approx(before[user], abs=CLOSE)
    fitted = own_shop.fit()
    assert fitted.summary["users"] == 149
    assert fitted.version == "0002"
    assert len(own_shop.recommend(others[0])) == 10


def rows(user: str, items: list[str]) -> dict[str, list[object]]:
    """Views of some items, an hour apart, up to the end of the story."""
    times = [END - timedelta(hours=len(items) - n) for n in range(len(items))]
    return {
        "user_id": [user] * len(items),
        "item_id": list(items),
        "timestamp": list(times),
        "event": ["view"] * len(items),
    }
