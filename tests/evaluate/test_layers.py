"""Asked layer by layer: the whole is what evaluate says, each layer what it would be alone."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from penchant import Engine, EngineConfig, SplitConfig, WorldConfig, make_world
from penchant.engine.prepared import Prepared
from penchant.engine.trial import Trial
from penchant.evaluate import experiment
from penchant.evaluate import layers as layers_module
from penchant.evaluate.baselines import baselines
from penchant.evaluate.diagnosis import Diagnosis
from penchant.evaluate.experiment import evaluate
from penchant.evaluate.layers import diagnose, influences
from penchant.evaluate.scored import INFLUENCE
from penchant.interests.model import LAYERS, InterestModel, Parts
from penchant.random import rng
from penchant.testing.layers import quick

NOW = datetime(2024, 6, 1, tzinfo=UTC)
ALPHA = {"base": 5.0, "context": 1.0, "dynamic": 0.5, "social": 0.4, "popularity": 0.3}
CONFIG = EngineConfig(interests=quick()).but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "interests.context.kind": "naive-bayes",
        "interests.fusion.kind": "fixed",
        "interests.fusion.fixed": ALPHA,
        "evaluate.tuning.budget": 1,
        "evaluate.tuning.users": 40,
        "evaluate.chunk": 16,
    }
)
TIME, LAST = SplitConfig(kind="time", test_fraction=0.2), SplitConfig(kind="last")


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small(users=90, events=1800))


def engine(world, workspace=None, config=CONFIG):
    made = Engine(workspace, config, clock=lambda: NOW)
    made.add(events=world.events, items=world.items, relations=world.relations)
    return made


@dataclass
class Changed(InterestModel):
    """The model with α of some layers set, and maybe a layer put in another's place."""

    alpha_: dict = field(default_factory=dict)
    instead: dict = field(default_factory=dict)

    def fit(self, *args, **more):
        super().fit(*args, **more)
        theta = zip(self.fusion.names, self.fusion.theta_, strict=True)
        self.fusion.theta_ = np.array([self.alpha_.get(name, value) for name, value in theta])
        return self

    def _made(self):
        return super()._made() | self.instead


def plan(world, split=TIME, config=CONFIG, **changes):
    made = engine(world, config=config)
    data = Prepared.of(made.tables, config, lambda: NOW)
    text = rng(0, "text").normal(size=(data.items.height, 16)).astype(np.float32)
    trial = Trial(data, text, config)
    asked = trial.plan(config.evaluate.but(split=split.model_dump()))
    return replace(asked, model=lambda kind: Changed(trial.unfitted(kind).config, **changes))


@pytest.fixture(scope="module")
def found(world):
    return diagnose(plan(world))


def same(diagnosis, scorer, evaluation):
    for metric in ("ndcg@10", "recall@10"):
        told = diagnosis.figure(scorer, metric)
        row = next(
            r
            for r in evaluation.rows
            if (r.slice, r.scorer, r.metric) == ("all", evaluation.model, metric)
        )
        assert told.value == pytest.approx(row.value, abs=1e-9)
        assert (told.low, told.high) == pytest.approx((row.low, row.high), abs=1e-9)


@pytest.mark.parametrize("kind", ["last", "time", "rolling", "user"])
def test_the_whole_is_what_evaluate_says(world, kind):
    split = SplitConfig(kind=kind, windows=2, test_fraction=0.15)
    asked = plan(world, split)
    same(diagnose(asked), None, evaluate(asked, with_baselines=False))


@pytest.mark.parametrize(("kind", "manner"), [("last", "last"), ("time", "time"), ("user", "last")])
def test_baselines_are_tuned_on_what_the_test_asks(world, monkeypatch, kind, manner):
    told = []

    def noted(tuning, **more):
        told.append(tuning.kind)
        return baselines(tuning, **more)

    monkeypatch.setattr(experiment, "baselines", noted)
    split = SplitConfig(kind=kind, test_fraction=0.2)
    evaluate(plan(world, split))
    evaluate(plan(world, split, CONFIG.but(**{"evaluate.tuning.kind": "last"})))
    assert told == [manner, "last"]


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_alone_is_a_model_with_only_its_weight(world, found, layer):
    others = {name: 0.0 for name in LAYERS if name != layer}
    alone = evaluate(plan(world, alpha_=others), with_baselines=False)
    same(found, f"{layer} alone", alone)


@pytest.mark.parametrize("layer", LAYERS)
def test_without_a_layer_is_a_model_with_its_weight_zero(world, found, layer):
    rest = evaluate(plan(world, alpha_={layer: 0.0}), with_baselines=False)
    same(found, f"without {layer}", rest)


def test_baselines_are_those_of_evaluate(world):
    asked = plan(world, LAST)
    told, beside = diagnose(asked, with_baselines=True), evaluate(asked)
    for name in ("popularity", "EASE", "item kNN", "text only"):
        assert told.figure(name).value == pytest.approx(beside.value("ndcg@10", name), abs=1e-9)
    assert set(told.baselines) == set(beside.scorers) - {"penchant"}
    assert told.chosen == beside.chosen


def test_chunks_change_nothing(world, found):
    large = diagnose(plan(world, config=CONFIG.but(**{"evaluate.chunk": 1000}))).to_frame()
    for column in ("value", "lead", "lead_low"):
        ours, theirs = found.to_frame()[column], large[column]
        np.testing.assert_allclose(
            ours.to_numpy().astype(float), theirs.to_numpy().astype(float), atol=1e-6
        )


def test_every_layer_scores_every_moment_once(world, monkeypatch):
    asked, calls = plan(world, LAST, config=CONFIG.but(**{"evaluate.chunk": 7})), {}
    learn = layers_module.learn

    def counting(*args):
        learned = learn(*args)
        for name, layer in learned.model.layers.items():
            monkeypatch.setattr(layer, "score", counted(name, layer.score), raising=False)
        return learned

    def counted(name, score):
        def one(moments):
            calls.setdefault(name, []).append(len(moments))
            return score(moments)

        return one

    monkeypatch.setattr(layers_module, "learn", counting)
    told = diagnose(asked)
    assert set(calls) == set(LAYERS)
    for sizes in calls.values():
        assert sum(sizes) == told.groups["all"]
        assert max(sizes) <= 7


def test_influence_is_a_share_and_says_what_tells_items_apart(found):
    shares = [found.figure(f"{name} alone", INFLUENCE).value for name in LAYERS]
    assert sum(shares) == pytest.approx(1.0)
    assert min(shares) > 0


# A layer that is noise


class Noise:
    """A layer that says anything."""

    kind = "noise"
    items = 0

    def fit(self, training):
        self.items = len(training.catalogue)
        return self

    refit = fit

    def score(self, moments):
        draw = rng(0, "noise", int(moments.at.sum() % 1_000_003), len(moments))
        return draw.normal(size=(len(moments), self.items)).astype(np.float32)

    def extend(self, catalogue):
        self.items = len(catalogue)


def noisy(world, alpha, kind="fixed"):
    config = CONFIG.but(
        **{"interests.fusion.kind": kind, "interests.fusion.fixed": {**ALPHA, "dynamic": alpha}}
    )
    return diagnose(plan(world, LAST, config, instead={"dynamic": Noise()}))


def test_noise_with_weight_is_said_to_hurt(world):
    found = noisy(world, 100.0)
    assert found.verdict("dynamic") == "hurts"
    assert "without dynamic" in {f.scorer for f in found.worse if f.group == "all"}
    assert any("than itself without dynamic" in line for line in found.findings())


def test_noise_without_weight_is_said_to_be_unused(world):
    found = noisy(world, 0.0)
    assert found.verdict("dynamic") == "not used"
    assert found.figure("without dynamic").lead == 0.0
    assert not [f for f in found.worse if f.of == "dynamic"]


def test_what_has_no_weight_is_still_asked_what_it_says(world):
    used, unused = noisy(world, 1.0), noisy(world, 0.0)
    assert unused.figure("dynamic alone").value == pytest.approx(
        used.figure("dynamic alone").value, abs=1e-9
    )


@pytest.mark.parametrize("kind", ["gate", "logistic"])
def test_a_learned_fusion_is_not_helped_by_noise(world, kind):
    assert noisy(world, 1.0, kind).verdict("dynamic") != "helps"


# The front door


def test_the_engine_writes_it_down(world, tmp_path):
    config = CONFIG.but(**{"interests.layers": ("base", "popularity")})
    shop = engine(world, tmp_path / "shop", config)
    result = shop.diagnose(split=TIME)
    told = json.loads((tmp_path / "shop" / "reports" / "diagnosis.json").read_text("utf-8"))
    assert Diagnosis.from_json(told) == result
    assert result.layers == ("base", "popularity")
    assert result.report.findings
    assert shop.evaluate(split=TIME, baselines=False).value("ndcg@10") == pytest.approx(
        result.figure().value, abs=1e-9
    )


def test_one_layer_alone(world):
    made = engine(world, config=CONFIG.but(**{"interests.layers": ("popularity",)}))
    found = made.diagnose(split=LAST)
    assert found.figure("popularity alone").value == found.figure().value
    assert not [f for f in found.figures if f.role == "without"]


def test_parts_that_say_nothing_have_no_influence():
    values = np.zeros((2, 3, 5), np.float32)
    values[0, 0] = np.arange(5)
    shares = influences(Parts(("a", "b"), np.ones((3, 2), np.float32), values))
    assert shares.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
