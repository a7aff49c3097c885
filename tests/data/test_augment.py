import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.augment import AugmentConfig, augment
from penchant.errors import ConfigError
from penchant.random import rng

PAD, MASK, ITEMS = 100, 101, 100
CHANGES = ["crop", "mask", "reorder", "replace", "insert"]
SIMILAR = (np.arange(ITEMS)[:, None] + np.array([1, 2])) % ITEMS


def batch(seed: int, B: int = 200, T: int = 12, lowest: int = 0):
    draw = rng(seed, "batch")
    length = draw.integers(lowest, T + 1, B)
    item = np.where(np.arange(T) < length[:, None], draw.integers(0, ITEMS, (B, T)), PAD)
    return item, length


def run(item, length, seed: int = 0, **config: object):
    settings_ = AugmentConfig(**{"chance": 1.0, **config})
    return augment(item, length, settings_, rng(seed, "a"), pad=PAD, mask=MASK, similar=SIMILAR)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.sampled_from(CHANGES), min_size=1, unique=True))
def test_lengths_padding_and_sources_hold(seed: int, changes: list[str]) -> None:
    item, length = batch(seed, B=30)
    out = run(item, length, seed, changes=changes, chance=0.8)
    inside = np.arange(item.shape[1]) < out.length[:, None]
    assert (out.item[~inside] == PAD).all()
    assert (out.item[inside] != PAD).all()
    assert ((out.length > 0) == (length > 0)).all()
    assert (out.length <= item.shape[1]).all()
    assert (out.source < np.maximum(length, 1)[:, None])[inside].all()
    was = np.take_along_axis(item, out.source, axis=1)
    assert (out.item == was)[inside & ~out.fresh].all()
    assert not out.fresh[~inside].any()


def test_off_by_default() -> None:
    item, length = batch(1)
    out = augment(item, length, AugmentConfig(), rng(0), pad=PAD)
    assert (out.item == item).all()
    assert (out.length == length).all()
    assert not out.fresh.any()
    assert (run(item, length, changes=CHANGES, chance=0.0).item == item).all()


def test_same_seed_same_change_and_the_input_is_left_alone() -> None:
    item, length = batch(2)
    before = item.copy()
    a, b, other = (run(item, length, seed, changes=CHANGES) for seed in (1, 1, 2))
    assert (a.item == b.item).all()
    assert (a.item != other.item).any()
    assert (item == before).all()


def test_crop_keeps_one_piece_in_order() -> None:
    item, length = batch(3, lowest=4)
    out = run(item, length, changes=["crop"], crop=0.5)
    assert (out.length == length // 2).all()
    inside = np.arange(11) < (out.length - 1)[:, None]
    assert (np.diff(out.source, axis=1)[inside] == 1).all()
    assert len({int(s) for s in out.source[:, 0]}) > 3


def test_mask_hides_its_share() -> None:
    item, length = batch(4, lowest=4)
    out = run(item, length, changes=["mask"], mask=0.5)
    assert ((out.item == MASK).sum(axis=1) == length // 2).all()
    assert (out.fresh == (out.item == MASK)).all()
    assert (run(item, length, changes=["mask"], mask=0.0).item == item).all()


def test_reorder_shuffles_one_piece() -> None:
    item, length = batch(5, lowest=12)
    out = run(item, length, changes=["reorder"], reorder=0.5)
    assert (np.sort(out.item, axis=1) == np.sort(item, axis=1)).all()
    moved = out.source != np.arange(12)
    first, last = moved.argmax(axis=1), 11 - moved[:, ::-1].argmax(axis=1)
    assert (last - first)[moved.any(axis=1)].max() <= 5
    assert moved.any(axis=1).mean() > 0.9
    assert (run(item, length, changes=["reorder"], reorder=0.0).item == item).all()


def test_replace_puts_similar_items() -> None:
    item, length = batch(6, lowest=4)
    out = run(item, length, changes=["replace"], replace=0.25)
    assert (out.length == length).all()
    assert (out.fresh.sum(axis=1) == length // 4).all()
    step = (out.item[out.fresh] - item[out.fresh]) % ITEMS
    assert set(step.tolist()) == {1, 2}


def test_insert_grows_and_keeps_the_latest() -> None:
    item, length = batch(7, lowest=4)
    out = run(item, length, changes=["insert"], insert=0.25)
    assert (out.length == np.minimum(length + length // 4, 12)).all()
    last = np.take_along_axis(out.item, out.length[:, None] - 1, axis=1)
    assert (last == np.take_along_axis(item, length[:, None] - 1, axis=1)).all()
    before = np.take_along_axis(item, out.source, axis=1)
    assert set(((out.item - before)[out.fresh] % ITEMS).tolist()) == {1, 2}


def test_short_sequences_lose_nothing() -> None:
    item, length = batch(8, T=3)
    out = run(item, length, changes=["crop", "mask", "reorder"])
    assert (out.item == item).all()
    assert (run(item, length, changes=["crop"], shortest=2).length[length == 3] == 1).all()


def test_similar_items_are_needed_to_replace() -> None:
    item, length = batch(9)
    with pytest.raises(ConfigError, match="need similar items"):
        augment(item, length, AugmentConfig(changes=("insert",)), rng(0), pad=PAD)


def test_an_empty_batch() -> None:
    item, length = np.zeros((0, 5), np.int64), np.zeros(0, np.int64)
    assert run(item, length, changes=CHANGES).item.shape == (0, 5)
