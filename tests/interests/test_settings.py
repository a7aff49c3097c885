"""Each setting of the model changes something: a knob that turns nothing is a promise broken."""

from contextlib import contextmanager
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from penchant.errors import ConfigError
from penchant.interests.base.linear import LinearBase, LinearConfig, _new
from penchant.interests.context.layer import ContextConfig, ContextLayer
from penchant.interests.dynamic.sequence import DynamicConfig, DynamicLayer
from penchant.interests.popularity import Popularity, PopularityConfig
from penchant.testing.layers import ITEMS, ends, log_of, planted, shelf, taught
from penchant.train.holdout import HoldoutConfig, hold_out

LINEAR = LinearConfig(penalty=(10.0, 30.0), text=(0.0, 0.1))
DYNAMIC = DynamicConfig(dims=8, epochs=3, batch=64, length=6, rate=5e-3)


@cache
def lesson(signal, repeats=False):
    return taught(planted(signal, users=80, events=8, noise=0.4), repeats=repeats)


def scores(layer, signal, repeats=False):
    training = lesson(signal, repeats)
    return layer.fit(training).score(ends(training.log))


def changes(make, config, change, signal, repeats=False):
    other = config.but(**change)
    one, two = (scores(make(c), signal, repeats) for c in (config, other))
    return not np.allclose(one, two, atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"penalty": (500.0,)},
        {"text": (0.9,)},
        {"activity": (3.0,)},
        {"rhythms": ((0.2, 0.0),)},
        {"kin_rhythms": ((0.1, 0.0),)},
        {"doubt": 80.0},
        {"neighbours": 2},
        {"most": 20, "local.reach": 12, "local.group": 6},
        {"solver": "local", "local.reach": 12, "local.group": 6},
        {"trial": 12},
    ],
    ids=str,
)
def test_the_linear_layer(change):
    assert changes(LinearBase, LINEAR.but(penalty=(1.0, 1000.0)), change, "taste")


def test_a_catalogue_is_solved_whole_where_that_is_asked_for():
    config = LINEAR.but(solver="closed")
    assert not changes(LinearBase, config, {"most": 20, "local.reach": 12}, "taste")


@pytest.mark.parametrize(
    "change",
    [{"group": 12}, {"reach": 40}, {"near": 1}, {"dims": 2}, {"longest": 3}, {"weights": 300}],
    ids=str,
)
def test_the_neighbourhoods_of_the_linear_layer(change):
    """Rare events, so that texts bring in others than behaviour does."""
    small = {"group": 6, "reach": 20, "near": 4, "dims": 8, "longest": 20, "weights": 60 * 60}
    config = LINEAR.but(penalty=(10.0,), text=(0.3,), solver="local", local=small)
    log = planted("taste", users=30, events=6, noise=0.3)
    training = taught(log)
    one, two = (
        LinearBase(c).fit(training).M_.M.toarray()
        for c in (config, config.but(**{f"local.{k}": v for k, v in change.items()}))
    )
    assert not np.allclose(one, two, atol=1e-6)


def test_the_linear_layers_own_rhythms():
    """People who have one thing again and again."""
    rows = [
        (f"u{u:02d}", (u + (d % 3 == 2)) % ITEMS, float(d)) for u in range(60) for d in range(9)
    ]
    training = taught(log_of(rows, shelf()), repeats=True)
    found = [
        LinearBase(config).fit(training).score(ends(training.log))
        for config in (LINEAR, LINEAR.but(own_rhythms=((0.5, 0.0),)))
    ]
    assert not np.allclose(*found)


def test_the_matrix_is_chosen_by_what_is_new():
    """Where nobody comes upon anything new there is nothing to choose by."""
    rows = [(f"u{u:02d}", u % ITEMS, float(d)) for u in range(60) for d in range(6)]

    def asked(rows):
        return hold_out(log_of(rows, shelf()), HoldoutConfig(share=0.3), repeats=True, seed=0)[1]

    assert asked(rows).targets.nnz == 60
    assert _new(asked(rows)).targets.nnz == 0
    new = _new(asked([*rows, ("u07", 30, 9.0)]))
    assert [x.tolist() for x in new.targets.tocoo().coords] == [[7], [30]]
    assert not new.excluded.toarray()[7, 30]
    config = LINEAR.but(penalty=(1.0, 5.0, 9.0), text=(0.0, 0.1, 0.2), activity=(0.0, 0.5, 0.9))
    found = LinearBase(config).fit(taught(log_of(rows, shelf()), repeats=True))
    assert (found.penalty_, found.text_, found.activity_) == (5.0, 0.1, 0.5)


def test_the_rank_of_the_svd():
    assert changes(lambda c: LinearBase(c, "svd"), LINEAR, {"dims": 3}, "taste")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "gru"},
        {"dims": 12},
        {"blocks": 2},
        {"heads": 2},
        {"length": 2},
        {"dropout": 0.5},
        {"id_dropout": 0.5},
        {"temperature": 0.2},
        {"rate": 2e-3},
        {"decay": 0.5},
        {"average": 0.0},
        {"epochs": 1},
        {"events": 1},
        {"batch": 32},
        {"batch": None},
        {"negatives": 16},
        {"augment": {"changes": ["mask"]}},
    ],
    ids=str,
)
def test_the_dynamic_layer(change):
    assert changes(DynamicLayer, DYNAMIC, change, "pairs")


def test_large_logs_are_learned_in_larger_steps_and_fewer_passes():
    config = DynamicConfig(events=30_000_000, epochs=15)
    sizes = (100, 10**5, 10**6, 2 * 10**6, 10**7, 10**8, 10**10)
    assert [config.passes(n) for n in sizes] == [15, 15, 15, 15, 3, 1, 1]
    assert [config.step(n) for n in sizes] == [2048, 2048, 2048, 4000, 20_000, 32_768, 32_768]
    assert config.but(batch=512).step(10**8) == 512


def test_of_a_log_beyond_the_budget_one_pass_sees_a_part():
    seen = []

    class Counts:
        @contextmanager
        def step(self, name, total=None):
            seen.append(total)
            yield self

        def advance(self, n=1, note=""):
            pass

    training = replace(lesson("pairs"), progress=Counts())
    DynamicLayer(DYNAMIC.but(events=10**6)).fit(training)
    DynamicLayer(DYNAMIC.but(events=130)).fit(training)
    assert len(seen) == 3 + 1
    assert seen[0] > 4
    assert seen[-1] == 130 // 64


def test_patience_ends_it_early():
    config = DYNAMIC.but(epochs=30, rate=0.05)
    layers = [DynamicLayer(config.but(patience=p)).fit(lesson("none")) for p in (1, 30)]
    assert layers[0].epochs_ <= layers[1].epochs_


@pytest.mark.parametrize("change", [{"kind": "tree"}, {"clock": ()}, {"nodes": 3}], ids=str)
def test_the_context_layer(change):
    assert changes(ContextLayer, ContextConfig(), change, "context")


def test_how_soon_a_person_is_somebody_of_their_own():
    training = lesson("context")
    slow, quick = (
        np.abs(layer.fit(training).node_lifts(ends(training.log))[1])
        for layer in (ContextLayer(ContextConfig(shrink=k)) for k in (500.0, 2.0))
    )
    assert 0 < slow.max() < quick.max()


@pytest.mark.parametrize(
    "change",
    [{"half_lives": (1.0,)}, {"smoothing": 9.0}, {"snapshots": 2}, {"cells": 1000}],
    ids=str,
)
def test_the_popularity_layer(change):
    assert changes(Popularity, PopularityConfig(half_lives=(30.0,)), change, "none")


@pytest.mark.parametrize(
    "change",
    [{"kind": "time"}, {"moments": 20}, {"share": 0.2}, {"cells": 1200}],
    ids=str,
)
def test_what_is_held_out(change):
    log, config = planted("none", users=80), HoldoutConfig(share=0.04)
    sizes = [
        (len(held), held.moments.item.sum())
        for _, held in (
            hold_out(log, c, repeats=False, seed=0) for c in (config, config.but(**change))
        )
    ]
    assert sizes[0] != sizes[1]


def test_heads_must_share_the_width():
    with pytest.raises(ConfigError, match="heads: 3 came; expected a divisor of dims, 128"):
        DynamicConfig(heads=3)
