"""Tuning an engine: what is judged, what is never looked at, what is kept and gone on from."""

import sys
from collections import Counter
from datetime import UTC, datetime
from shutil import copytree

import numpy as np
import polars as pl
import pytest

from penchant import Engine, EngineConfig, SplitConfig, WorldConfig, make_world
from penchant.engine import trial as trial_module
from penchant.engine import tuning as tuning_module
from penchant.engine.spaces import EXAMPLE, space_of
from penchant.engine.tuning import lead_of
from penchant.errors import ConfigError, DataError, MissingExtraError, StoreError
from penchant.store.lock import locked
from penchant.testing.layers import quick
from penchant.train.space import Space
from penchant.train.study import Study, Tried

NOW = datetime(2025, 6, 1, tzinfo=UTC)
CONFIG = EngineConfig(interests=quick()).but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "interests.layers": ("base", "popularity"),
        "interests.base.linear.penalty": (30.0,),
        "interests.base.linear.text": (0.1,),
        "interests.base.linear.rhythms": ((1.0, 0.0), (0.9, 30.0)),
        "interests.popularity.half_lives": (7.0, 100.0),
        "interests.popularity.snapshots": 32,
        "interests.fusion.kind": "fixed",
    }
)
PENALTY, SMOOTH = "interests.base.linear.penalty", "interests.popularity.smoothing"
SPACE = {PENALTY: [[3.0], [30.0], [300.0]], SMOOTH: {"low": 0.1, "high": 5.0, "log": True}}
QUICK = {"folds": 2, "window": 0.15, "trials": 4, "method": "random"}


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=40, items=80, events=1000))


def made(events, items, workspace=None, config=CONFIG):
    engine = Engine(workspace, config, clock=lambda: NOW)
    engine.add(events=events, items=items)
    return engine


@pytest.fixture(scope="module")
def shop(world, tmp_path_factory):
    """A workspace with data and a study of four trials; not to be changed."""
    folder = tmp_path_factory.mktemp("shops") / "shop"
    made(world.events, world.items, folder).tune(SPACE, **QUICK)
    return folder


@pytest.fixture
def own(shop, tmp_path):
    """A copy of it, to be changed."""
    return Engine(copytree(shop, tmp_path / "own"), CONFIG, clock=lambda: NOW)


@pytest.fixture(scope="module")
def found(shop):
    return Engine(shop, CONFIG, clock=lambda: NOW).tune(SPACE, **QUICK)


def figures(tuning):
    return [(t.settings, t.state, t.means) for t in tuning.trials]


def test_the_default_is_trial_0_and_the_report_speaks_of_it(found):
    assert found.trials[0].settings == {}
    assert found.value >= found.default_value
    assert len(found.trials) == 4
    told = str(found)
    assert "4 trials" in told
    assert f"default ndcg@10 {found.default_value:.4f}" in told
    assert "were not looked at" in told
    if found.lead is not None:
        assert found.lead.difference == pytest.approx(found.value - found.default_value)
        assert found.lead.low <= found.lead.difference <= found.lead.high


def test_the_figures_are_those_of_evaluate(world, found):
    """No second evaluation: trial 0 is what `evaluate` says of the part before the test."""
    past = world.events.filter(pl.col("timestamp") < cut_of(found))
    split = SplitConfig(kind="rolling", windows=2, test_fraction=0.15)
    said = made(past, world.items).evaluate(split=split, baselines=False)
    assert found.default_value == pytest.approx(said.value("ndcg@10"), abs=1e-9)


def cut_of(found):
    return found.aside.cut


def test_what_is_laid_aside_is_what_evaluate_asks_about(world, found):
    late = world.events.filter(pl.col("timestamp") >= cut_of(found))
    assert found.aside.events == late.height
    assert found.aside.events == pytest.approx(0.1 * world.events.height, rel=0.05)
    assert found.aside.split.kind == "time"
    earlier = CONFIG.but(**{"evaluate.split.test_fraction": 0.3})
    more = made(world.events, world.items, config=earlier).tune(SPACE, **{**QUICK, "trials": 1})
    assert more.aside.events == pytest.approx(0.3 * world.events.height, rel=0.05)


def test_nothing_past_the_cut_is_seen(world, found):
    """Other people, other goods, other ratings in the test: the trials are the same."""
    late = pl.col("timestamp") >= cut_of(found)
    turned = world.events.with_columns(
        pl.when(late).then(pl.col("user_id") + "-x").otherwise("user_id").alias("user_id"),
        pl.when(late).then(pl.lit("brand-new")).otherwise("item_id").alias("item_id"),
        pl.when(late).then(pl.lit("click")).otherwise("event").alias("event"),
    )
    assert not turned.equals(world.events)
    other = made(turned, world.items).tune(SPACE, **QUICK)
    assert figures(other) == figures(found)
    assert other.aside.events == found.aside.events


def test_each_users_last_event_is_not_seen_where_that_is_the_test(world):
    few = {**QUICK, "split": "last", "folds": 2, "trials": 2}
    engine = made(world.events, world.items)
    once = engine.tune(SPACE, **few)
    assert once.aside.split.kind == "last"
    assert once.aside.cut is None
    seen = Fold.of(engine, "last")
    assert once.aside.events == world.events.height - seen.height
    again = made(seen, world.items)
    rows = again.evaluate(split=SplitConfig(kind="last"), baselines=False)
    one = engine.tune(SPACE, **{**few, "folds": 1, "trials": 1})
    assert one.default_value == pytest.approx(rows.value("ndcg@10"), abs=1e-9)


class Fold:
    """What evaluate would learn from."""

    @staticmethod
    def of(engine, kind):
        from penchant.engine.prepared import Prepared
        from penchant.engine.validation import _plan
        from penchant.evaluate.experiment import folds

        data = Prepared.of(engine.tables, engine.config, engine.clock)
        return folds(_plan(data, engine.config, SplitConfig(kind=kind)))[0].train


def test_the_same_seed_gives_the_same_and_another_one_other_trials(world, found):
    again = made(world.events.sample(fraction=1.0, shuffle=True, seed=3), world.items)
    assert figures(again.tune(SPACE, **QUICK)) == figures(found)
    other = made(world.events, world.items, config=CONFIG.but(seed=1)).tune(SPACE, **QUICK)
    assert [t.settings for t in other.trials] != [t.settings for t in found.trials]


def counted(monkeypatch, module, name):
    calls = Counter()
    real = getattr(module, name)

    def wrapped(*args, **more):
        calls[name] += 1
        return real(*args, **more)

    monkeypatch.setattr(module, name, wrapped)
    return calls


def test_texts_are_encoded_once_and_a_tree_is_grown_once_a_fold(world, monkeypatch):
    trees = counted(monkeypatch, trial_module, "grow")
    texts = counted(monkeypatch, tuning_module, "encode_items")
    engine = made(world.events, world.items)
    engine.tune(SPACE, **QUICK, prune=False)
    assert trees["grow"] == 2
    assert texts["encode_items"] == 1
    engine.tune({"tree.levels": [2, 3]}, **{**QUICK, "method": "grid"}, prune=False)
    assert trees["grow"] == 2 + 2 * 2  # three levels are the default


def test_weights_of_events_change_what_is_learned_and_not_what_is_asked(world, tmp_path):
    space = {"events.weights.view": [-0.5, 2.0]}
    engine = made(world.events, world.items, tmp_path / "shop")
    found = engine.tune(space, **{**QUICK, "method": "grid"}, prune=False)
    sizes = {len(np.load(p)) for p in found.folder.glob("*.npy")}
    assert len(sizes) == 1
    assert len({t.means for t in found.trials}) == 3


def test_columns_of_context_can_be_searched(world):
    config = CONFIG.but(
        **{
            "interests.layers": ("context",),
            "interests.context.kind": "naive-bayes",
            "interests.context.columns": (),
            "interests.context.clock": ("hour",),
        }
    )
    space = {"interests.context.columns": [[], ["device"]]}
    found = made(world.events, world.items, config=config).tune(space, **QUICK)
    assert found.stopped == "everything in the space was tried"
    assert found.trials[0].means != found.trials[1].means


# Going on


def test_the_same_call_goes_on_and_learns_nothing_twice(own, found, monkeypatch):
    learned = counted(monkeypatch, tuning_module, "encode_items")
    same = own.tune(SPACE, **QUICK)
    assert figures(same) == figures(found)
    assert same.before == 4
    assert same.study == "goes on with the study of an earlier call"
    assert not learned
    more = own.tune(SPACE, **{**QUICK, "trials": 6})
    assert figures(more)[:4] == figures(found)
    assert (more.before, len(more.trials)) == (4, 6)


def test_an_interrupted_search_keeps_what_was_done(world, tmp_path, found, monkeypatch):
    from penchant.engine.validation import Validation

    engine = made(world.events, world.items, tmp_path / "shop")
    measure, calls = Validation.measure, Counter()

    def stopping(self, settings, fold):
        calls["all"] += 1
        if calls["all"] == 6:
            raise KeyboardInterrupt
        return measure(self, settings, fold)

    monkeypatch.setattr(Validation, "measure", stopping)
    stopped = engine.tune(SPACE, **QUICK)
    assert stopped.interrupted
    assert figures(stopped) == figures(found)[:2]
    whole = engine.tune(SPACE, **QUICK)
    assert whole.before == 2
    assert figures(whole) == figures(found)
    assert calls["all"] == 6 + 2 * 2


def test_another_space_or_other_data_begin_a_new_study_and_say_so(own, world):
    other = own.tune({PENALTY: [[3.0]]}, **QUICK)
    assert other.before == 0
    assert "a new study, as space changed since the last one" in other.study
    first = world.events["timestamp"].min()
    row = world.events.head(1).with_columns(pl.lit(first).alias("timestamp"), user_id=pl.lit("me"))
    own.add(events=row.drop("event_id", strict=False))
    assert "data" in own.tune({PENALTY: [[3.0]]}, **QUICK).study


def test_forgetting_a_person_empties_the_studies_but_for_the_settings(own, world):
    own.forget(world.events["user_id"][0])
    left = [p for p in own.workspace.tuning.rglob("*") if p.is_file()]
    assert [p.name for p in left] == ["best.toml"]
    assert own.tune(SPACE, **{**QUICK, "trials": 1}).before == 0


def test_two_at_once_are_kept_apart(own, found):
    with (
        locked(own.workspace.tuning / found.folder.name / "lock"),
        pytest.raises(StoreError, match="another writer"),
    ):
        own.tune(SPACE, **QUICK)


# The answer


def test_the_table_and_the_plain_values_hold_every_trial(found):
    table = found.to_frame()
    assert table.height == 4
    assert {"number", "state", "ndcg@10", PENALTY, SMOOTH} <= set(table.columns)
    assert table[PENALTY][0] == "[30.0]"
    assert table[SMOOTH].dtype == pl.Float64
    told = found.to_json()
    assert told["best"]["value"] == found.value
    assert [t["means"] for t in told["trials"]] == [list(t.means) for t in found.trials]


def test_the_winner_is_a_file_that_an_engine_reads(found, tmp_path, own):
    path = found.write(tmp_path / "deep" / "best.toml")
    assert EngineConfig.from_toml(path) == found.config
    assert EngineConfig.from_toml(own.workspace.tuning / found.folder.name / "best.toml")
    assert found.config == CONFIG.but(**found.settings)
    assert path.read_text().startswith("# Found by `penchant tune`")


def test_it_is_said_when_nothing_is_better_than_the_default(world):
    worse = made(world.events, world.items).tune({"interests.layers": [["context"]]}, **QUICK)
    assert worse.lead is None
    assert not worse.better
    assert worse.settings == {}
    assert worse.config == CONFIG
    assert "no better than the default; none of 1 other setting was higher" in str(worse)


def test_a_lead_is_paired_over_users_and_wider_the_more_were_compared():
    rng = np.random.default_rng(0)
    base, lead = rng.random(400), 0.02 + 0.2 * rng.normal(size=400)
    people = [f"u{k % 200}" for k in range(400)]
    space = Space.of({"seed": [1, 2]}, EngineConfig())
    widths = []
    for rivals in (1, 20):
        study = Study(space)
        for n in range(rivals + 1):
            values = base + lead if n == 1 else base
            tried = Tried(n, {"seed": n}, str(n), "done", (float(values.mean()),), 1.0)
            study.add(tried, {}, values)
        found = lead_of(study, study.tried[1], people, seed=0)
        assert found.difference == pytest.approx(lead.mean())
        assert found.users == 200
        widths.append(found.high - found.low)
    assert widths[1] > 1.2 * widths[0]
    assert lead_of(study, study.tried[0], people, seed=0) is None


# What cannot be


@pytest.mark.parametrize(
    ("space", "said"),
    [
        ({"interests.dynamic.dimz": [8]}, "interests.dynamic.dimz: unknown.*'dims'"),
        ({"interests.dynamic.dims": ["wide"]}, "interests.dynamic.dims: 'wide' came"),
        ({"interests.dynamic.rate": {"low": 1.0, "high": 0.1}}, "interests.dynamic.rate: an empty"),
        ({"seed": [1, 2]}, "seed: cannot be searched: a lucky seed"),
        ({"evaluate.split.kind": ["time"]}, "evaluate.split.kind: cannot be searched"),
        ({"events.repeats": ["allow"]}, "events.repeats: cannot be searched"),
        ({"events.weights.veiw": [0.5]}, "events.weights.veiw: there is no 'veiw' here"),
        ({"interests.fusion.fixed.bass": [0.5]}, "there is no 'bass' here; there are base"),
        ("nowhere.toml", "nowhere.toml: no such file"),
    ],
)
def test_a_bad_space_is_refused_before_anything_is_learned(own, space, said, monkeypatch):
    monkeypatch.setattr(tuning_module, "encode_items", None)
    with pytest.raises(ConfigError, match=said):
        own.tune(space, **QUICK)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"metric": "ndgc@10"}, "metric: 'ndgc@10' came.*Did you mean 'ndcg'"),
        ({"metric": "ndcg"}, "with the length of a list, as ndcg@10"),
        ({"metric": "ndcg@0"}, "metric: 'ndcg@0' came"),
        ({"minute": 3}, "TuneConfig.minute: unknown setting. Did you mean 'minutes'?"),
        ({"window": 0.5, "folds": 3}, "windows × test_fraction is 1.5"),
    ],
)
def test_bad_settings_of_the_search_are_refused(own, settings, said):
    with pytest.raises(ConfigError, match=said):
        own.tune(SPACE, **settings)


def test_other_metrics_and_the_whole_list(world):
    engine = made(world.events, world.items)
    for metric in ("auc", "recall@20"):
        found = engine.tune(SPACE, **{**QUICK, "trials": 1}, metric=metric)
        assert 0 < found.value <= 1
        assert metric in str(found)


def test_without_data_it_says_what_to_do():
    with pytest.raises(DataError, match="no events yet"):
        Engine(config=CONFIG).tune(SPACE)


def test_without_optuna_the_error_has_the_install_line(own, monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[tune\]'"):
        own.tune(SPACE, **QUICK)


def test_the_space_to_begin_with_holds_the_default_settings():
    space = space_of(None, EngineConfig())
    assert space_of(space, EngineConfig()) == space
    assert len(space.knobs) > 8
    for name, knob in space.knobs.items():
        value = EngineConfig().model_dump(mode="json")
        for part in name.split("."):
            value = value[part]
        assert knob.holds(value), f"{name} = {value} is not in the space"
        assert name.rpartition(".")[2] in EXAMPLE
