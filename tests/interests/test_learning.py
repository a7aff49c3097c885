"""Each kind of layer finds what is there to be found, and nothing where nothing is."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch

from penchant.interests.base.bidirectional import BidirectionalBase
from penchant.interests.base.linear import LinearBase, LinearConfig
from penchant.interests.context.layer import ContextConfig, ContextLayer
from penchant.interests.dynamic import learn
from penchant.interests.dynamic.sequence import DynamicConfig, DynamicLayer
from penchant.interests.popularity import Popularity
from penchant.testing.layers import planted, taught
from penchant.train.holdout import NEVER, HoldoutConfig, hold_out, masked

NETWORK = DynamicConfig(dims=16, epochs=12, batch=512, length=6, rate=0.01, patience=12)
BASES = {
    "linear": lambda: LinearBase(LinearConfig(penalty=(10.0, 30.0), text=(0.0, 0.1))),
    "svd": lambda: LinearBase(LinearConfig(dims=40), method="svd"),
    "bidirectional": lambda: BidirectionalBase(NETWORK),
}
CONTEXTS = {
    kind: (lambda kind=kind: ContextLayer(ContextConfig(kind=kind)))
    for kind in ("neural", "naive-bayes", "tree")
}
NETWORKS = {
    kind: (lambda kind=kind: DynamicLayer(NETWORK.but(kind=kind)))
    for kind in ("transformer", "gru", "lstm", "cnn", "mlp")
}
ALL = {**BASES, **CONTEXTS, **NETWORKS}


@cache
def lesson(signal):
    log = planted(signal, events=8 if signal == "context" else 10, users=300)
    left, outer = hold_out(log, HoldoutConfig(share=0.1), repeats=False, seed=5)
    return taught(left), outer


def above(scores, holdout):
    """Share of the candidates that each target stands above; ties count half."""
    scores = masked(scores, holdout.excluded)
    owner, item = holdout.targets.tocoo().coords
    value = scores[owner, item][:, None]
    free = scores > NEVER / 2
    free[owner, item] = False
    return (((scores < value) + 0.5 * (scores == value)) * free).sum(axis=1) / free.sum(axis=1)


def found(layer, signal):
    training, outer = lesson(signal)
    return above(layer.fit(training).score(outer.moments), outer)


def surely_above(one, other):
    gain = one - other
    return gain.mean() > 3 * gain.std() / len(gain) ** 0.5


@pytest.mark.parametrize("kind", {**BASES, **NETWORKS})
def test_pairs_that_follow_each_other_are_found(kind):
    one, other = found(ALL[kind](), "pairs"), found(Popularity(), "pairs")
    assert one.mean() > 0.7
    assert surely_above(one, other)


@pytest.mark.parametrize("kind", CONTEXTS)
def test_what_the_device_shifts_is_found(kind):
    one, other = found(ALL[kind](), "context"), found(Popularity(), "context")
    assert one.mean() > 0.7
    assert surely_above(one, other)


@pytest.mark.parametrize("kind", BASES)
def test_taste_is_found(kind):
    assert found(ALL[kind](), "taste").mean() > 0.9


@pytest.mark.parametrize("kind", ALL)
def test_where_nothing_is_nothing_is_found(kind):
    one = found(ALL[kind](), "none")
    assert abs(one.mean() - 0.5) < 4 * 0.29 / len(one) ** 0.5
    assert not surely_above(one, found(Popularity(), "none"))


def relearned(signal, config):
    """A layer that learned one thing for two passes, and then all of another log."""
    layer = DynamicLayer(config).fit(lesson(signal)[0])
    layer.epochs_ = min(2, config.passes(len(lesson("pairs")[0].log)))
    training, outer = lesson("pairs")
    return layer.refit(training).score(outer.moments)


def test_a_larger_log_is_learned_anew_so_that_nothing_is_learned_too_often():
    config = NETWORK.but(kind="transformer", epochs=3)
    assert np.array_equal(relearned("taste", config), relearned("none", config))


def test_where_the_budget_ended_learning_it_goes_on():
    config = NETWORK.but(kind="transformer", epochs=3, events=600)
    assert config.passes(len(lesson("pairs")[0].log)) == 1
    assert not np.allclose(relearned("taste", config), relearned("none", config))


@pytest.mark.parametrize(
    "layer",
    [
        "dynamic.sequence import DynamicConfig as Config, DynamicLayer as Layer",
        "context.layer import ContextConfig as Config, ContextLayer as Layer",
    ],
)
def test_what_was_learned_from_is_let_go_of_without_looking_for_cycles(layer):
    """In a process of its own: torch's first optimiser is the one that kept it."""
    script = f"""
import gc, weakref
from penchant.interests.{layer}
from penchant.testing.layers import planted, taught
training = taught(planted("context", users=20))
left = weakref.ref(training.log)
config = Config(kind="neural") if Layer.kind == "context" else Config(dims=16, epochs=1)
gc.disable()
made = Layer(config).fit(training)
del training, made
assert left() is None
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("both_ways", [False, True])
def test_a_large_batch_is_learned_from_in_parts_that_pull_as_the_whole_does(both_ways, monkeypatch):
    """Of the whole softmax, where nothing is left to chance."""
    config = NETWORK.but(dropout=0.0, id_dropout=0.0)
    training, _ = lesson("pairs")
    loop = learn._loop(learn._fresh(config, training, both_ways), config, training, 1)
    batch = next(iter(loop.batches(0)[1]))

    def pulled(places):
        monkeypatch.setattr(learn, "_AT_ONCE", places)
        loop.optimiser.zero_grad(set_to_none=True)
        torch.manual_seed(3)  # what is hidden
        said = []
        for loss in loop.losses(batch):
            loss.backward()
            said.append(loss.item())
        slopes = [p.grad for p in loop.module.parameters() if p.grad is not None]
        return said, np.concatenate([slope.numpy().ravel() for slope in slopes])

    (whole,), slope = pulled(batch.item.size)
    parts, summed = pulled(batch.item.size // 4)
    assert len(parts) in (4, 5)
    assert sum(parts) == pytest.approx(whole, rel=1e-5)
    np.testing.assert_allclose(summed, slope, atol=1e-5 * np.abs(slope).max(), rtol=1e-3)
