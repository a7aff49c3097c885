"""The world keeps the law that it states, and each knob does what it says."""

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from penchant.data.sources.world import World, WorldConfig, make_world
from penchant.data.sources.world.shelves import leaves
from penchant.errors import ConfigError, DataError, UnknownIdError


@cache
def small(**changes: object) -> World:
    return make_world(WorldConfig.small(**changes))


@cache
def shop() -> World:
    """Three departments only, many events: enough looks at each leaf to count."""
    return make_world(
        WorldConfig(users=600, items=900, departments=3, events=150_000, burst_rate=4, seed=3)
    )


def looks(world: World) -> pl.DataFrame:
    """Organic views with the levels of their items as columns l1, l2, l3 and the hour's context."""
    levels = world.items.select(
        "item_id",
        *[pl.col("category").list.head(n).list.join(" > ").alias(f"l{n}") for n in (1, 2, 3)],
    )
    t = pl.col("timestamp")
    return (
        world.events.filter(pl.col("event") == "view", pl.col("organic"))
        .join(levels, on="item_id", maintain_order="left")
        .with_columns(
            weekend=t.dt.weekday() >= 6,
            evening=t.dt.hour() >= 18,
            mobile=pl.col("device") == "mobile",
        )
    )


def truth_of(world: World, views: pl.DataFrame):
    """The truth at each look, in its own context."""
    context = {"device": views["device"].to_list()}
    return world.truth(views["user_id"], views["timestamp"], context)


def counts(world: World, views: pl.DataFrame, level: int) -> np.ndarray:
    names = [" > ".join(path) for path in world.categories(level)]
    found = dict(views[f"l{level}"].value_counts().iter_rows())
    return np.array([found.get(name, 0) for name in names])


def chi_square(seen: np.ndarray, p: np.ndarray) -> float:
    """Mean squared z-score of counts that are sums of independent draws with chances p [B × K]."""
    mean, variance = p.sum(axis=0), (p * (1 - p)).sum(axis=0)
    big = mean >= 5
    return float(np.mean((seen - mean)[big] ** 2 / variance[big]))


# --- tables ---------------------------------------------------------------------------------


def test_tables_have_the_stated_columns():
    world = small()
    assert world.events.schema == pl.Schema(
        {
            "user_id": pl.String,
            "item_id": pl.String,
            "timestamp": pl.Datetime("us", "UTC"),
            "event": pl.String,
            "value": pl.Float64,
            "session_id": pl.String,
            "device": pl.String,
            "place": pl.String,
            "organic": pl.Boolean,
        }
    )
    shown = ["user_id", "item_id", "timestamp", "position", "clicked"]
    assert world.exposures.columns == [*shown, "session_id", "device", "place"]
    words = ["item_id", "title", "description", "category", "tags", "brand", "price", "launched"]
    assert world.items.columns == words
    assert world.users.columns == ["user_id", "group", "age", "joined"]
    assert world.relations.columns == ["source", "target", "relation"]
    assert world.changes.columns == ["user_id", "timestamp", "from_category", "to_category"]
    assert world.bursts.columns == ["user_id", "start", "end", "category"]
    assert world.lifts.columns == ["group", "context", "category", "lift"]


def test_nothing_is_null_but_what_has_no_value():
    world = small()
    for table in (world.exposures, world.items, world.users, world.relations):
        assert sum(table.null_count().row(0)) == 0
    for name in ("user_id", "item_id", "timestamp", "event", "organic"):
        assert world.events[name].null_count() == 0
    rated = world.events.filter(pl.col("event") == "rating")
    assert rated["value"].is_between(1, 5).all() and rated.height > 0
    others = world.events.filter(pl.col("event") != "rating")
    assert others["value"].is_null().all() and others["session_id"].is_not_null().all()


def test_ids_are_unique_and_known():
    world = small()
    assert world.items["item_id"].is_unique().all() and world.items.height == 300
    assert world.users["user_id"].is_unique().all() and world.users.height == 150
    for table in (world.events, world.exposures):
        assert table["item_id"].is_in(world.items["item_id"].implode()).all()
        assert table["user_id"].is_in(world.users["user_id"].implode()).all()
    pairs = world.relations.select("source", "target")
    assert pairs.is_unique().all()
    assert (pairs["source"] != pairs["target"]).all()
    back = pairs.select(source="target", target="source")
    assert back.join(pairs, on=["source", "target"], how="anti").height == 0


def test_times_are_inside_the_world_and_in_order():
    world = small()
    start = datetime(2024, 1, 1, tzinfo=UTC)
    for table in (world.events, world.exposures):
        assert table["timestamp"].is_between(start, start + timedelta(days=90), closed="left").all()
        assert table["timestamp"].is_sorted()
    after_joining = world.events.join(world.users, on="user_id")
    assert (after_joining["timestamp"] >= after_joining["joined"]).all()
    on_sale = world.events.join(world.items, on="item_id")
    assert (on_sale["timestamp"] >= on_sale["launched"]).all()
    shown = world.exposures.join(world.items, on="item_id")
    assert (shown["timestamp"] >= shown["launched"]).all()


def test_about_as_many_events_as_asked_for():
    for world in (small(), shop()):
        assert world.events.height == pytest.approx(world.config.events, rel=0.12)


# --- words ----------------------------------------------------------------------------------


def test_titles_and_descriptions_vary_and_hold_no_templates():
    items = make_world(WorldConfig(users=20, events=200)).items
    assert items["title"].n_unique() >= 0.95 * items.height
    assert items["description"].n_unique() >= 0.9 * items.height
    text = items["title"] + " " + items["description"]
    assert not text.str.contains(r"[{}\\|]|\bnone\b|\bnull\b|\s\s|\.\.").any()
    assert (items["title"].str.len_chars() >= 8).all()
    assert (items["description"].str.len_chars() >= 40).all()
    assert items["price"].is_between(0.5, 3000).all()
    assert items["category"].list.len().unique().to_list() == [3]
    assert items["tags"].list.len().is_between(2, 3).all()


def test_every_leaf_has_words_of_its_own():
    paths = [leaf.path for leaf in leaves()]
    assert len(set(paths)) == len(paths) >= 150
    assert len({path[:2] for path in paths}) >= 45
    for leaf in leaves():
        assert len(leaf.nouns) >= 4 and len(leaf.qualities) >= 6 and len(leaf.sentences) == 4
        assert len(leaf.variants) >= 3 and leaf.department.brands and leaf.low < leaf.high


def test_text_tells_the_category_but_not_perfectly():
    from sklearn.cluster import MiniBatchKMeans
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer

    items = make_world(WorldConfig(users=20, events=200, items=1_000, departments=4)).items
    text = (items["title"] + " " + items["description"]).to_list()
    hashed = HashingVectorizer(n_features=2**13, stop_words="english").fit_transform(text)
    cluster = MiniBatchKMeans(60, random_state=0, n_init=1).fit_predict(
        TfidfTransformer().fit_transform(hashed)
    )
    table = pl.DataFrame({"cluster": cluster, "leaf": items["category"].list.join(">")})
    largest = table.group_by("cluster", "leaf").len().group_by("cluster").agg(pl.col("len").max())
    assert 0.5 < largest["len"].sum() / items.height < 0.98


# --- the truth ------------------------------------------------------------------------------


def test_truth_sums_to_one_and_children_to_parents():
    world = small()
    truth = world.truth(world.users["user_id"], "2024-02-10T20:30:00", {"device": "mobile"})
    levels = {n: truth.level(n) for n in (1, 2, 3)}
    for n, level in levels.items():
        assert level.categories == world.categories(n)
        for layer in (level.base, level.whole):
            np.testing.assert_allclose(layer.sum(axis=1), 1.0, atol=1e-9)
        h = world.config.burst_strength
        assert np.all(
            np.isclose(level.dynamic.sum(axis=1), 0)
            | np.isclose(level.dynamic.sum(axis=1), h / (1 + h))
        )
    for parent, child in ((1, 2), (2, 3), (1, 3)):
        for k, path in enumerate(levels[parent].categories):
            below = [j for j, p in enumerate(levels[child].categories) if p[:parent] == path]
            for layer in ("base", "dynamic", "whole"):
                inside = getattr(levels[child], layer)[:, below].sum(axis=1)
                np.testing.assert_allclose(inside, getattr(levels[parent], layer)[:, k], atol=1e-9)


def test_layers_compose_to_the_whole():
    world = small(noise=0.0)
    truth = world.truth(world.users["user_id"], "2024-02-10T20:30:00", {"device": "tablet"})
    assert truth.dynamic.any(), "someone is in a burst"
    for n in (1, 2, 3):
        level = truth.level(n)
        still = (1 - level.dynamic.sum(axis=1, keepdims=True)) * level.base + level.dynamic
        whole = still * np.exp(level.context)
        np.testing.assert_allclose(level.whole, whole / whole.sum(axis=1, keepdims=True), atol=1e-5)


def test_context_of_the_truth_is_the_planted_lift():
    world = small()
    user, group = world.users.row(0)[:2]
    truth = world.truth([user], "2024-02-10T20:30:00", {"device": "mobile"})  # a Saturday
    planted = world.lifts.filter(pl.col("group").is_null() | (pl.col("group") == group))
    total = planted.group_by("category", maintain_order=True).agg(pl.col("lift").sum())
    np.testing.assert_allclose(truth.level(3).context[0], total["lift"].to_numpy(), atol=1e-5)
    weekday = world.truth([user], "2024-02-07T10:00:00", {"device": "desktop"})
    np.testing.assert_allclose(weekday.context, 0.0, atol=1e-6)
    said = world.truth(
        [user], "2024-02-07T10:00:00", {"device": "mobile", "hour": 20, "weekday": 5}
    )
    np.testing.assert_allclose(said.context, truth.context, atol=1e-6)


def test_truth_without_a_device_averages_over_habit():
    world = small()
    users = world.users["user_id"].head(5)
    at = "2024-02-10T20:30:00"
    mobile = world.truth(users, at, {"device": "mobile"}).whole
    desktop = world.truth(users, at, {"device": "desktop"}).whole
    p = world.law.people.devices[:5, :1]
    np.testing.assert_allclose(world.truth(users, at).whole, p * mobile + (1 - p) * desktop)


def test_truth_in_batch_is_truth_one_by_one():
    world = small()
    users = world.users["user_id"].head(4).to_list()
    times = [f"2024-0{n}-05T1{n}:00:00" for n in (1, 2, 3, 1)]
    batch = world.truth(users, times)
    for n, (user, at) in enumerate(zip(users, times, strict=True)):
        np.testing.assert_allclose(world.truth([user], at).whole[0], batch.whole[n], atol=1e-12)


def test_truth_as_a_table():
    world = small()
    table = world.truth(["u0003"], "2024-03-01").to_frame()
    assert table.columns == ["user_id", "level", "category", "base", "context", "dynamic", "whole"]
    sums = table.group_by("level").agg(pl.col("whole").sum()).sort("level")["whole"]
    assert sums.to_list() == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        ((["u9999"], "2024-02-01", None), UnknownIdError, "user 'u9999'"),
        ((["u0001"], "2023-02-01", None), DataError, "before the world began"),
        ((["u0001"], "soon", None), DataError, "ISO 8601"),
        ((["u0001"], ["2024-02-01"] * 2, None), DataError, "2 times came for 1 users"),
        ((["u0001"], "2024-02-01", {"devise": "mobile"}), DataError, "Did you mean 'device'"),
        ((["u0001"], "2024-02-01", {"device": "fridge"}), DataError, "expected one of"),
        ((["u0001"], "2024-02-01", {"hour": 24}), DataError, "context.hour"),
    ],
)
def test_bad_questions_are_answered_clearly(ask, error, words):
    with pytest.raises(error, match=words):
        small().truth(*ask)


def test_no_such_level():
    with pytest.raises(DataError, match="expected 1, 2 or 3"):
        small().truth(["u0001"], "2024-02-01").level(4)


# --- events follow the truth -----------------------------------------------------------------


def test_events_are_as_frequent_as_the_truth_says():
    world, views = shop(), looks(shop())
    truth = truth_of(world, views)
    for n in (1, 2, 3):
        assert chi_square(counts(world, views, n), truth.level(n).whole) < 1.8


@pytest.mark.parametrize("feature", ["weekend", "evening", "mobile"])
def test_events_follow_the_truth_inside_each_context(feature):
    world, views = shop(), looks(shop())
    for value in (True, False):
        some = views.filter(pl.col(feature) == value)
        assert chi_square(counts(world, some, 2), truth_of(world, some).level(2).whole) < 2.0


def test_truth_is_calibrated_for_each_look():
    """Of the looks to which the truth gave chance p, a share of p came true."""
    world, views = shop(), looks(shop())
    level = truth_of(world, views).level(2)
    row = {" > ".join(path): k for k, path in enumerate(level.categories)}
    hit = np.zeros(level.whole.shape)
    hit[np.arange(views.height), [row[name] for name in views["l2"]]] = 1
    for low, high in ((0.0, 0.05), (0.05, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1.0)):
        inside = (level.whole >= low) & (level.whole < high)
        assert hit[inside].mean() == pytest.approx(level.whole[inside].mean(), rel=0.04)


def test_truth_forecasts_better_than_its_parts():
    world, views = shop(), looks(shop())
    level = truth_of(world, views).level(3)
    row = {" > ".join(path): k for k, path in enumerate(level.categories)}
    at = (np.arange(views.height), np.array([row[name] for name in views["l3"]]))
    popular = np.tile(level.whole.mean(axis=0), (views.height, 1))
    whole, base, crowd = (
        np.log(np.maximum(p[at], 1e-9)).mean() for p in (level.whole, level.base, popular)
    )
    assert whole > base + 0.1 and base > crowd + 0.1


def test_bursts_show_in_events():
    world, views = shop(), looks(shop())
    bursts = world.bursts.with_columns(burst=pl.col("category").list.join(" > "))
    live = views.join(bursts, on="user_id").filter(
        pl.col("timestamp").is_between("start", "end", closed="left")
    )
    assert live.height > 1_000
    inside = (live["l3"] == live["burst"]).mean()
    before = views.join(bursts, on="user_id").filter(pl.col("timestamp") < pl.col("start"))
    assert inside > 0.5 and inside > 8 * (before["l3"] == before["burst"]).mean()
    alone = world.bursts.sort("user_id", "start").with_columns(
        after=pl.col("start").shift(-1).over("user_id")
    )
    assert (alone["end"] <= alone["after"]).drop_nulls().all()


def test_changes_show_in_events_and_in_the_truth():
    world, views = shop(), looks(shop())
    changes = world.changes.filter(pl.col("user_id").is_unique()).with_columns(
        left=pl.col("from_category").list.join(" > "), taken=pl.col("to_category").list.join(" > ")
    )
    seen = views.drop("session_id").join(changes, on="user_id", suffix="_change")
    after = seen["timestamp"] >= seen["timestamp_change"]
    left, taken = seen["l2"] == seen["left"], seen["l2"] == seen["taken"]
    assert left.filter(~after).mean() > 2.0 * left.filter(after).mean()
    assert taken.filter(after).mean() > 2.0 * taken.filter(~after).mean()
    users, at = changes["user_id"], changes["timestamp"]
    row = {" > ".join(path): k for k, path in enumerate(world.categories(2))}
    column = (np.arange(changes.height), [row[name] for name in changes["left"]])
    before = world.truth(users, at - timedelta(milliseconds=1)).level(2).base[column]
    now = world.truth(users, at).level(2).base[column]
    np.testing.assert_allclose(now, (1 - world.config.change_strength) * before, rtol=1e-3)


# --- knobs ----------------------------------------------------------------------------------


def fits(world: World, some: pl.DataFrame, **context: object) -> float:
    """How far looks are from the truth asked for in a context that need not be theirs."""
    truth = world.truth(some["user_id"], some["timestamp"], context)
    return chi_square(counts(world, some, 2), truth.level(2).whole)


def test_no_context_strength_no_lifts():
    world = make_world(
        WorldConfig(users=500, items=400, departments=3, events=60_000, context_strength=0.0)
    )
    assert (world.lifts["lift"] == 0).all()
    plain = {"device": "desktop", "weekday": 0, "hour": 9}
    strong, views = looks(shop()), looks(world)
    for feature in ("weekend", "evening", "mobile"):
        for value in (True, False):
            assert fits(world, views.filter(pl.col(feature) == value), **plain) < 2.2
        assert fits(shop(), strong.filter(pl.col(feature)), **plain) > 5


def test_place_is_a_decoy():
    views = looks(shop())
    for place in ("home", "work", "travel"):
        some = views.filter(pl.col("place") == place)
        assert fits(shop(), some, device=some["device"].to_list(), place=place) < 2.2


def test_no_group_context_same_lifts_for_all():
    world = small(group_context=0.0)
    assert (world.lifts.filter(pl.col("group").is_not_null())["lift"] == 0).all()
    assert (world.lifts.filter(pl.col("group").is_null())["lift"] != 0).any()


@pytest.mark.parametrize("knob", ["burst_rate", "burst_strength"])
def test_no_bursts(knob):
    world = small(**{knob: 0.0})
    assert world.bursts.height == 0 and small().bursts.height > 0
    assert not world.truth(world.users["user_id"], "2024-02-01").dynamic.any()


@pytest.mark.parametrize("knob", ["change_rate", "change_strength"])
def test_no_changes(knob):
    world = small(**{knob: 0.0})
    assert world.changes.height == 0 and small().changes.height > 0
    users = world.users["user_id"]
    np.testing.assert_array_equal(
        world.truth(users, "2024-01-01").base, world.truth(users, "2024-03-30").base
    )


def test_no_interest_strength_one_taste_for_all():
    world = small(interest_strength=0.0, change_rate=0.0)
    base = world.truth(world.users["user_id"], "2024-02-01").base
    np.testing.assert_allclose(base, np.tile(base[0], (len(base), 1)), atol=1e-6)


def test_people_care_for_a_few_departments():
    world = make_world(WorldConfig(users=400, items=400, events=2_000))
    base = world.truth(world.users["user_id"], "2024-01-01").level(1).base
    effective = 1 / (base**2).sum(axis=1)
    assert 1.2 < np.median(effective) < 5


def alike(world: World) -> tuple[float, float]:
    """Mean cosine of the tastes of friends, and of anybody."""
    users = world.users["user_id"]
    base = world.truth(users, "2024-01-01").level(2).base
    unit = base / np.linalg.norm(base, axis=1, keepdims=True)
    row = {user: n for n, user in enumerate(users)}
    pairs = [(row[a], row[b]) for a, b, _ in world.relations.iter_rows()]
    a, b = np.array(pairs).T
    return float((unit[a] * unit[b]).sum(axis=1).mean()), float((unit @ unit.T).mean())


def test_friends_are_alike():
    friends, anybody = alike(small(users=400))
    assert friends > anybody + 0.2
    friends, anybody = alike(small(users=400, homophily=0.0))
    assert friends == pytest.approx(anybody, abs=0.05)
    assert small(friends=0.0).relations.height == 0


def test_communities_share_styles_beyond_categories():
    """Inside a leaf, people of one community look at the same items more than others do."""

    def chance(world: World) -> tuple[float, float]:
        views = looks(world)
        who = pl.DataFrame(
            {"user_id": world.users["user_id"], "circle": world.law.people.community}
        )
        views = views.join(who, on="user_id").select("user_id", "circle", "item_id", "l3").unique()
        pairs = views.join(views, on="l3", suffix="_b").filter(
            pl.col("user_id") < pl.col("user_id_b")
        )
        same = pairs["item_id"] == pairs["item_id_b"]
        inside = pairs["circle"] == pairs["circle_b"]
        return float(same.filter(inside).mean()), float(same.filter(~inside).mean())

    size = {"items": 600, "departments": 2, "burst_rate": 0.0, "repeat_rate": 0.0}
    inside, outside = chance(small(**size))
    assert inside > 1.3 * outside
    inside, outside = chance(small(**size, style_strength=0.0))
    assert inside < 1.15 * outside


def test_position_bias():
    def by_position(world: World) -> np.ndarray:
        rate = world.exposures.group_by("position").agg(pl.col("clicked").mean()).sort("position")
        return rate["clicked"].to_numpy()

    size = {"users": 400, "events": 20_000, "exposure_rate": 1.0, "click_rate": 0.3}
    biased, fair = by_position(small(**size)), by_position(small(**size, position_bias=0.0))
    assert len(biased) == 10
    np.testing.assert_allclose(biased[:5] / biased[0], 1 / np.arange(1, 6), rtol=0.2)
    np.testing.assert_allclose(fair, fair.mean(), rtol=0.15)


def test_exposures_hold_no_item_twice_and_clicks_become_events():
    world = small()
    lists = world.exposures.group_by("session_id").agg(
        pl.col("item_id").n_unique().alias("items"), pl.len(), pl.col("position").max()
    )
    assert (lists["items"] == lists["len"]).all() and (lists["len"] == lists["position"]).all()
    clicked = world.exposures.filter(pl.col("clicked")).select("user_id", "session_id", "item_id")
    clicks = world.events.filter(pl.col("event") == "click")
    assert not clicks["organic"].any() and clicks.height == clicked.height > 0
    keys = ["user_id", "session_id", "item_id"]
    assert clicks.join(clicked, on=keys, how="anti").height == 0
    assert small(exposure_rate=0.0).exposures.height == 0


def test_relevant_items_attract():
    world = small(exposure_rate=1.0, click_rate=0.3)
    shown = world.exposures.with_row_index("n")
    level = world.truth(shown["user_id"], shown["timestamp"]).level(3)
    row = {path: k for k, path in enumerate(level.categories)}
    path = shown.join(world.items, on="item_id", maintain_order="left")["category"].to_list()
    chance = level.whole[np.arange(shown.height), [row[tuple(p)] for p in path]]
    clicked = shown["clicked"].to_numpy()
    assert chance[clicked].mean() > 1.5 * chance[~clicked].mean()


def test_funnel_goes_view_cart_purchase():
    events = shop().events
    assert events.filter(pl.col("event") == "purchase").height > 1_000
    keys = ["user_id", "item_id", "organic"]
    for step, earlier in (
        ("cart", ["view", "click"]),
        ("purchase", ["cart"]),
        ("rating", ["purchase"]),
    ):
        first = (
            events.filter(pl.col("event").is_in(earlier))
            .group_by(keys)
            .agg(pl.col("timestamp").min().alias("first"), pl.len().alias("before"))
        )
        later = (
            events.filter(pl.col("event") == step)
            .group_by(keys)
            .agg(pl.col("timestamp").min(), pl.len().alias("after"))
        )
        both = later.join(first, on=keys, how="left")
        assert (both["timestamp"] > both["first"]).all() and both["first"].null_count() == 0
        assert (both["after"] <= both["before"]).all()
    share = dict(events["event"].value_counts().iter_rows())
    config = shop().config
    assert share["cart"] / (share["view"] + share["click"]) == pytest.approx(
        config.cart_rate, rel=0.06
    )
    assert share["purchase"] / share["cart"] == pytest.approx(config.purchase_rate, rel=0.06)
    assert set(small(cart_rate=0.0).events["event"].unique()) == {"view", "click"}


def test_consumables_are_bought_again():
    def repeats(world: World) -> float:
        names = {" > ".join(leaf.path) for leaf in leaves() if leaf.repeat}
        views = looks(world).filter(pl.col("l3").is_in(list(names)))
        return 1 - views.select("user_id", "item_id").n_unique() / views.height

    size = {"departments": 6, "events": 12_000, "items": 2_000}
    assert repeats(small(**size)) > repeats(small(**size, repeat_rate=0.0)) + 0.02


def test_new_items_appear_and_are_looked_at():
    world = shop()
    late = world.items.filter(pl.col("launched") > datetime(2024, 1, 1, tzinfo=UTC))
    assert late.height == pytest.approx(0.3 * world.items.height, rel=0.25)
    assert looks(world)["item_id"].is_in(late["item_id"].implode()).mean() > 0.05
    assert small(launches=0.0).items["launched"].n_unique() == 1


def test_popularity_has_a_long_tail():
    def top_tenth(world: World) -> float:
        found = np.sort(world.events["item_id"].value_counts()["count"].to_numpy())[::-1]
        return found[: world.items.height // 10].sum() / found.sum()

    assert top_tenth(shop()) > 0.3
    assert top_tenth(small(signal=0.0, popularity=2.0)) > top_tenth(
        small(signal=0.0, popularity=0.0)
    )


# --- a world without signal ------------------------------------------------------------------


def test_without_signal_no_user_differs_from_another():
    world = make_world(WorldConfig.silent(users=300, events=40_000, launches=0.0))
    views = looks(world)
    assert set(world.events["event"].unique()) == {"view", "click"}
    users = world.users["user_id"]
    truth = world.truth(users, "2024-02-10T20:00:00", {"device": "mobile"})
    np.testing.assert_allclose(truth.whole, np.tile(truth.whole[0], (len(users), 1)), atol=1e-9)
    table = views.pivot("l2", index="user_id", values="item_id", aggregate_function="len")
    seen = table.drop("user_id").fill_null(0).to_numpy().astype(float)
    mean = seen.sum(axis=1, keepdims=True) * seen.sum(axis=0) / seen.sum()
    freedom = (seen.shape[0] - 1) * (seen.shape[1] - 1)
    statistic = ((seen - mean) ** 2 / mean).sum()
    assert abs(statistic - freedom) < 5 * np.sqrt(2 * freedom)


def test_without_signal_the_last_item_says_nothing_of_the_next():
    world = make_world(
        WorldConfig.silent(events=30_000, items=200, exposure_rate=0.0, launches=0.0)
    )
    order = looks(world).sort("user_id", "timestamp")
    nxt = order.with_columns(pl.col("item_id").shift(-1).over("user_id").alias("next"))
    again = (nxt["item_id"] == nxt["next"]).drop_nulls().mean()
    share = order["item_id"].value_counts()["count"].to_numpy() / order.height
    expected = (share**2).sum()
    assert again == pytest.approx(expected, abs=5 * np.sqrt(expected / order.height))


def test_with_signal_users_do_differ():
    level = small().truth(small().users["user_id"], "2024-02-10").level(1)
    assert level.whole.std(axis=0).max() > 0.1


# --- settings ---------------------------------------------------------------------------------


def test_same_settings_same_tables():
    a, b = make_world(WorldConfig.small()), make_world(WorldConfig.small())
    for name in (
        "events",
        "exposures",
        "items",
        "users",
        "relations",
        "changes",
        "bursts",
        "lifts",
    ):
        assert getattr(a, name).equals(getattr(b, name))
    assert not make_world(WorldConfig.small(seed=1)).events.equals(a.events)


def test_one_effect_leaves_the_draws_of_others():
    a, b = small(), small(context_strength=0.0, homophily=0.1)
    for name in ("items", "users", "bursts", "changes"):
        assert getattr(a, name).equals(getattr(b, name))
    times = ["user_id", "timestamp", "session_id", "device", "place"]
    only = pl.col("event") == "view"
    assert a.events.filter(only).select(times).equals(b.events.filter(only).select(times))


CHANGES = {
    "seed": 5, "users": 140, "items": 310, "departments": 3, "events": 5_000, "days": 80,
    "start": "2023-06-01", "signal": 0.5, "noise": 0.3, "popularity": 0.2, "launches": 0.6,
    "interest_strength": 0.5, "interest_spread": 5.0, "style_strength": 0.3, "communities": 3,
    "friends": 2.0, "homophily": 0.1, "context_strength": 0.2, "group_context": 0.1,
    "burst_rate": 9.0, "burst_days": 2.0, "burst_strength": 1.0, "change_rate": 3.0,
    "change_strength": 0.4, "session_length": 5.0, "repeat_rate": 0.9, "cart_rate": 0.5,
    "purchase_rate": 0.1, "rating_rate": 0.9, "exposure_rate": 0.1, "list_length": 5,
    "click_rate": 0.3, "position_bias": 0.2,
}  # fmt: skip


def test_every_setting_is_tried():
    assert set(CHANGES) == set(WorldConfig.model_fields)


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_every_setting_changes_something(name):
    a, b = small(), make_world(WorldConfig.small(**{name: CHANGES[name]}))
    tables = ("events", "exposures", "items", "users", "relations", "changes", "bursts", "lifts")
    assert any(not getattr(a, table).equals(getattr(b, table)) for table in tables)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"items": 20}, "expected at least one item each"),
        ({"start": "soon"}, "ISO 8601"),
        ({"start": "2024-01-01T10:00:00"}, "expected a day"),
        ({"signal": 1.5}, "1.5 came; expected 1.0 or less"),
        ({"departments": 40}, "departments"),
        ({"user": 3}, "Did you mean 'users'"),
    ],
)
def test_impossible_settings(values, words):
    with pytest.raises(ConfigError, match=words):
        WorldConfig(**values)


def test_odd_sizes_work():
    tiny = make_world(
        WorldConfig(users=2, items=20, departments=1, events=1, days=2, communities=1)
    )
    assert tiny.events.height >= 1 and tiny.truth(["u0000"], "2024-01-02").whole.shape[0] == 1
    blocks = make_world(WorldConfig.small(users=2_100, events=4_000))
    assert blocks.events["user_id"].n_unique() == 2_100


def test_progress_is_told_user_by_user():
    told: list[int] = []

    class Bar:
        def step(self, name, total=None):
            from contextlib import nullcontext

            self.total = total
            return nullcontext(self)

        def advance(self, n=1, note=""):
            told.append(n)

    bar = Bar()
    make_world(WorldConfig.small(users=1_500, events=3_000), progress=bar)
    assert sum(told) == bar.total == 1_500 and len(told) > 1
