"""Times in buckets, and what the Transformer makes of places and ages."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from penchant.clock import DAY
from penchant.interests.dynamic import gaps
from penchant.interests.dynamic.gaps import GAPS
from penchant.interests.dynamic.heading import Heading, Past
from penchant.interests.dynamic.networks import Transformer, bucket
from penchant.interests.dynamic.sequence import DynamicConfig
from penchant.testing.layers import planted, shelf
from penchant.train.batches import asked

MINUTE = 60_000_000


def test_buckets_double():
    us = torch.tensor([-5, 0, 59, 60, 119, 180, 7 * 60, 10**12]) * (MINUTE // 60)
    assert bucket(us).tolist() == [0, 0, 0, 1, 1, 2, 3, GAPS - 1]
    assert int(bucket(torch.tensor([100 * 366 * DAY])).max()) <= GAPS - 1


def made(causal=True, heads=2):
    torch.manual_seed(3)
    net = Transformer(8, 2, heads, 12, 0.0, causal).eval()
    with torch.no_grad():
        net.by_place.normal_()
        net.by_age.normal_()
    return net


def sequence(T=6, pad=0, B=2):
    """Events a day apart, behind `pad` empty places, each asked from at the time of the next."""
    draw = torch.Generator().manual_seed(5)
    x = torch.randn(B, T, 8, generator=draw)
    came = torch.arange(1, T + 1).expand(B, T) * DAY
    there = torch.ones(B, T, dtype=torch.bool)
    if pad:
        x = torch.cat([torch.randn(B, pad, 8), x], dim=1)
        came = torch.cat([torch.zeros(B, pad, dtype=torch.long), came], dim=1)
        there = torch.cat([torch.zeros(B, pad, dtype=torch.bool), there], dim=1)
    return x, there, came, came + DAY


@torch.no_grad()
def test_a_place_knows_only_what_was_before():
    x, there, came, when = sequence()
    net = made()
    whole = net(x, there, came, when)
    x[:, 4:] += 1.0
    came = came.clone()
    came[:, 4:] += 3 * DAY
    changed = net(x, there, came, when)
    assert torch.allclose(whole[:, :4], changed[:, :4], atol=1e-6)
    assert not torch.allclose(whole[:, 4:], changed[:, 4:], atol=1e-3)


@torch.no_grad()
@pytest.mark.parametrize("causal", [True, False])
def test_empty_places_before_and_later_dates_change_nothing(causal):
    """The same events give the same wherever the sequence stands and whenever it happened."""
    net = made(causal)
    whole = net(*sequence())
    assert torch.allclose(net(*sequence(pad=3))[:, 3:], whole, atol=1e-5)
    x, there, came, when = sequence()
    assert torch.allclose(net(x, there, came + 900 * DAY, when + 900 * DAY), whole, atol=1e-6)


@torch.no_grad()
def test_the_same_few_events_say_the_same_in_the_middle_as_at_the_end():
    """What a place learns is what is asked at the end of a shorter history."""
    x, there, came, when = sequence(6)
    net = made()
    whole = net(x, there, came, when)
    part = net(x[:, :3], there[:, :3], came[:, :3], when[:, :3])
    assert torch.allclose(part, whole[:, :3], atol=1e-6)


@torch.no_grad()
def test_how_long_ago_and_how_many_places_back_both_count():
    x, there, came, when = sequence()
    net = made()
    whole = net(x, there, came, when)
    older = came.clone()
    older[:, 0] -= 300 * DAY
    assert not torch.allclose(net(x, there, older, when), whole, atol=1e-3)
    net.by_age.zero_()
    assert torch.allclose(net(x, there, older, when), net(x, there, came, when), atol=1e-6)
    swapped = x.clone()
    swapped[:, [0, 1]] = swapped[:, [1, 0]]
    assert not torch.allclose(net(swapped, there, came, when)[:, -1], whole[:, -1], atol=1e-3)


@pytest.mark.parametrize("causal", [True, False])
def test_places_and_ages_are_learned(causal):
    net = Transformer(8, 1, 2, 12, 0.0, causal)
    net(*sequence())[:, -1].square().cumsum(-1).sum().backward()
    for bias in (net.by_place, net.by_age):
        assert bias.grad is not None
        assert float(bias.grad.abs().sum()) > 0


def test_looking_both_ways_tells_before_from_after():
    net = made(causal=False)
    grid = net._by_place(net._back(4)).detach().numpy()
    assert grid.shape == (2, 4, 4)
    assert np.allclose(np.diagonal(grid, axis1=1, axis2=2), grid[:, :1, 0])
    assert not np.allclose(grid[:, 0, 3], grid[:, 3, 0])


@pytest.mark.parametrize("kind", ["transformer", "gru", "cnn", "mlp"])
@pytest.mark.parametrize("both_ways", [False, True])
@pytest.mark.parametrize("blocks", [1, 2])
def test_the_last_place_alone_is_the_last_of_all(kind, both_ways, blocks):
    torch.manual_seed(0)
    config = DynamicConfig(kind=kind, dims=16, heads=2, blocks=blocks, length=12)
    net = Heading(shelf(), config, both_ways=both_ways).eval()
    log = planted("next", users=20)
    moments = log.moments_at(np.arange(20), np.full(20, log.time.max() + DAY))
    past = Past.of(asked(moments, 12))
    with torch.no_grad():
        vectors = net.vectors()
        whole = net(vectors, past)[:, -1]
        torch.testing.assert_close(net.latest(vectors, past), whole, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("heads", [1, 4])
def test_a_few_sequences_are_asked_quickly_for_the_same(heads):
    torch.manual_seed(1)
    net = Heading(shelf(), DynamicConfig(dims=16, heads=heads, length=6)).eval()
    with torch.no_grad():
        for p in net.parameters():  # nothing is near zero, or alike, as before a fit
            p.add_(0.3 * torch.randn_like(p))
    log = planted("taste", users=20)
    rows = log.offsets[:20] + np.arange(20) % 10
    weight = np.where(np.arange(len(log)) % 5 == 2, -1.0, log.weight).astype(np.float32)
    moments = replace(log, weight=weight).moments_before(rows)
    assert net.quick is not None
    assert 0 in moments.length, "somebody did nothing yet"
    for some in (np.arange(20), *np.arange(20)[:, None]):
        events = asked(moments.take(some), 6)
        plain = net.toward(events)
        np.testing.assert_allclose(net.quick.toward(events), plain, atol=1e-5, rtol=1e-5)
    before = net.quick
    net.train().eval()
    assert net.quick is not before, "it is of the weights as they are"


@pytest.mark.parametrize("setting", [{"kind": "gru"}, {"blocks": 2}])
def test_there_is_no_quick_way_for_others(setting):
    assert Heading(shelf(), DynamicConfig(dims=16, length=12, **setting)).eval().quick is None


def test_times_between_have_the_same_buckets_as_arrays():
    edges = ((1 << np.arange(26)) - 1) * 60_000_000
    us = np.concatenate([edges + off for off in (-60_000_001, -4, -1, 0, 1, 4, 60_000_000)])
    assert gaps.bucket(us).tolist() == bucket(torch.from_numpy(us)).tolist()
