"""A network that was read back says the same before it wakes, and without torch."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from penchant.clock import DAY
from penchant.data.vocabulary import Vocabulary
from penchant.interests.dynamic.asleep import KEPT, Asleep
from penchant.interests.dynamic.heading import Heading
from penchant.interests.dynamic.sequence import DynamicConfig, DynamicLayer
from penchant.interests.layer import Catalogue
from penchant.store.arrays import write_arrays
from penchant.testing.layers import planted, shelf
from penchant.train.batches import asked


def learned(config, both_ways=False):
    """A layer with a network of which no weight is near zero, or like another."""
    torch.manual_seed(2)
    layer = DynamicLayer(config, both_ways=both_ways)
    layer.net_ = Heading(shelf(), config, both_ways=both_ways).eval()
    with torch.no_grad():
        for p in layer.net_.parameters():
            p.add_(0.3 * torch.randn_like(p))
    return layer


@pytest.mark.parametrize("kept", [True, False], ids=["vectors kept", "vectors made"])
@pytest.mark.parametrize("setting", [{}, {"kind": "gru"}, {"blocks": 2}])
def test_what_was_read_back_says_the_same_asleep_and_awake(setting, kept):
    layer = learned(DynamicConfig(dims=16, length=6, **setting))
    arrays, values = layer.state()
    some = {name: a for name, a in arrays.items() if kept or name != KEPT}
    back = DynamicLayer(layer.config).restore((some, values), shelf())
    log = planted("taste", users=20)
    moments = log.moments_at(np.arange(20), np.full(20, log.time.max() + DAY))
    for b in range(20):
        ((one,),), ((was,),) = (x.terms(moments.take(np.array([b]))) for x in (back, layer))
        np.testing.assert_allclose(one.d, was.d, atol=1e-5, rtol=1e-5)
        np.testing.assert_allclose(one.vectors.rows, was.vectors.rows, atol=1e-6)
    np.testing.assert_allclose(back.score(moments), layer.net_.score(asked(moments, 6)), atol=1e-4)
    assert ("_woken" in vars(back._net)) == bool(setting), "nobody asked for more"
    assert back.net_ is back.net_
    again, _ = back.state()
    assert again.keys() == arrays.keys()
    for name, array in arrays.items():
        assert kept is False or np.array_equal(again[name], array), name


def test_items_that_came_later_are_the_same_asleep_and_awake():
    layer = learned(DynamicConfig(dims=16, length=6))
    back = DynamicLayer(layer.config).restore(layer.state(), shelf())
    had = len(shelf())
    more = Catalogue(
        Vocabulary([*shelf().items.ids, "later", "last"]),
        np.concatenate([shelf().text, shelf().text[[3, 8]]]),
        shelf().tree.extended([shelf().tree.members[-1][[5, 8]]], ["later", "last"]),
    )
    assert layer.net_.kept.rows.shape == (had, 16)
    layer.extend(more)
    back.extend(more)
    assert isinstance(back._net, Asleep)
    found, wanted = back._net.kept.rows, layer.net_.kept.rows
    assert np.array_equal(found[:had], wanted[:had])
    np.testing.assert_allclose(found[had:], wanted[had:], atol=1e-6)
    assert np.array_equal(back.net_.kept.rows, found), "it wakes with what was said before"
    with torch.no_grad():
        np.testing.assert_allclose(back.net_.vectors().numpy(), found, atol=1e-6)


def test_one_is_asked_without_torch(tmp_path):
    layer = learned(DynamicConfig(dims=16, length=6))
    write_arrays(tmp_path / "net.safetensors", layer.state()[0])
    script = f"""
import sys
import numpy as np
from penchant.interests.dynamic.sequence import DynamicConfig, DynamicLayer
from penchant.store.arrays import read_arrays
from penchant.testing.layers import planted, shelf
layer = DynamicLayer(DynamicConfig(dims=16, length=6))
layer.restore((read_arrays({str(tmp_path / "net.safetensors")!r}), {{"epochs": 1}}), shelf())
log = planted("taste", users=3)
assert len(layer.terms(log.moments_at(np.array([1]), np.array([log.time.max() + 1])))) == 1
assert layer.score(log.moments_at(np.array([0, 2]), np.full(2, log.time.max() + 1))).any()
assert "torch" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
