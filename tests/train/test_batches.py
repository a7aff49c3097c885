import numpy as np
import pytest

from penchant.clock import DAY
from penchant.data.augment import AugmentConfig
from penchant.testing.layers import log_of, planted, shelf
from penchant.train.batches import OPEN, Sequencer, Sequences, asked, augmented


def rng():
    return np.random.default_rng(0)


def small():
    """a: five events, the third against, the fifth a repeat; b: two; c: one."""
    rows = [("a", 1, 0), ("a", 2, 1), ("a", 3, 3), ("a", 4, 4), ("a", 2, 4.5)]
    rows += [("b", 5, 0), ("b", 6, 1), ("c", 7, 0)]
    kinds = ["like", "like", "skip", "like", "like", "like", "view", "like"]
    return log_of(rows, shelf(), event=kinds)


def test_each_event_is_to_say_the_next():
    log = small()
    made = Sequencer(log, 10, repeats=False).of(np.array([0, 1]))
    assert made.item.tolist() == [[1, 2, 3, 4], [-1, -1, -1, 5]]
    assert made.target.tolist() == [
        [2, -1, 4, -1],  # what speaks against, and what was met before, is not to be said
        [-1, -1, -1, 6],
    ]
    assert np.sign(made.sign).tolist() == [[1, 1, -1, 1], [0, 0, 0, 1]]
    assert (made.when - made.came)[0].tolist() == [DAY, 2 * DAY, DAY, DAY // 2]
    again = Sequencer(log, 10, repeats=True).of(np.array([0]))
    assert again.target.tolist() == [[2, -1, 4, 2]]


def test_what_is_told_twice_is_to_be_said_once():
    log = log_of([("a", 1, 0), ("a", 2, 1), ("a", 2, 1), ("a", 2, 2)], shelf(), event=["like"] * 4)
    made = Sequencer(log, 10, repeats=True).of(np.array([0]))
    assert made.item.tolist() == [[1, 2, 2]]
    assert made.target.tolist() == [[2, -1, 2]]


@pytest.mark.parametrize("length", [1, 2, 3, 9, 10, 50])
def test_windows_cover_every_step_once(length):
    log = planted("none", users=9, events=10)
    sequencer = Sequencer(log, length, repeats=True)
    found = []
    for w in range(len(sequencer)):
        one = sequencer.of(np.array([w]))
        assert (one.item >= 0).sum() <= length
        assert one.item[0, -1] >= 0, "the latest stands last"
        found += [(a, b) for a, b in zip(one.item[0], one.target[0], strict=True) if a >= 0]
        gaps = np.flatnonzero(one.item[0] < 0)
        assert gaps.tolist() == list(range(len(gaps)))
    steps = [(int(a), int(b)) for a, b in found]
    same = log.user[1:] == log.user[:-1]
    expected = list(zip(log.item[:-1][same].tolist(), log.item[1:][same].tolist(), strict=True))
    assert sorted(steps) == sorted(expected)


def test_windows_together_are_the_windows_alone():
    log = planted("pairs", users=20)
    sequencer = Sequencer(log, 4, repeats=False)
    together = sequencer.of(np.arange(len(sequencer)))
    for w in range(len(sequencer)):
        one = sequencer.of(np.array([w]))
        for name in ("item", "sign", "came", "when", "target"):
            a, b = getattr(one, name)[0], getattr(together, name)[w]
            there = one.item[0] != -1
            assert a[there].tolist() == b[-len(a) :][there].tolist()


def test_groups_hold_every_window_once_and_are_of_like_length():
    log = planted("none", users=157)
    left = log.keep(np.random.default_rng(0).random(len(log)) < 0.5)
    sequencer = Sequencer(left, 50, repeats=False)
    groups = list(sequencer.groups(100, rng()))
    assert np.array_equal(np.sort(np.concatenate(groups)), np.arange(len(sequencer)))
    size = sequencer.ends - sequencer.starts
    assert np.mean([np.ptp(size[g]) for g in groups]) < 0.5 * np.ptp(size)
    assert [g.tolist() for g in groups] == [g.tolist() for g in sequencer.groups(100, rng())]
    other = [g.tolist() for g in sequencer.groups(100, np.random.default_rng(1))]
    assert [g.tolist() for g in groups] != other


def test_no_group_is_much_larger_for_the_few_that_are_short():
    rows = [(f"short{u}", i % 9, i) for u in range(3) for i in range(2)]
    rows += [(f"long{u:02d}", i % 9, i) for u in range(60) for i in range(50)]
    sequencer = Sequencer(log_of(rows, shelf()), 50, repeats=True)
    groups = list(sequencer.groups(500, rng()))
    size = sequencer.ends - sequencer.starts
    assert np.array_equal(np.sort(np.concatenate(groups)), np.arange(len(sequencer)))
    assert max(len(g) * size[g].max() for g in groups) <= 1000
    assert len(groups) <= 1 + 60 / (500 // 50), "nor are there many small ones"


def test_nobody_with_two_events_gives_no_windows():
    log = log_of([("a", 1, 0), ("b", 2, 0)], shelf())
    sequencer = Sequencer(log, 5, repeats=False)
    assert len(sequencer) == 0
    assert list(sequencer.groups(100, rng())) == []


def test_asking_shows_the_last_events_and_the_gap_to_now():
    log = small()
    at = np.full(4, log.time.max() + 2 * DAY)
    made = asked(log.moments_at(np.array([0, 1, 2, -1]), at), 3)
    assert made.item.tolist() == [[3, 4, 2], [-1, 5, 6], [-1, -1, 7], [-1, -1, -1]]
    assert np.sign(made.sign[0]).tolist() == [-1, 1, 1]
    assert (made.when - made.came)[0].tolist() == [DAY, DAY // 2, 2 * DAY]
    assert (made.target == -1).all()
    nobody = asked(log.moments_at(np.zeros(0, np.int64), np.zeros(0, np.int64)), 3)
    assert nobody.item.shape == (0, 1)


def batch():
    """Three sequences: one whole, one whose last is not to be said, one short."""
    return Sequences(
        item=np.array([[1, 2, 3, 4], [-1, 6, 7, 8], [-1, -1, -1, 9]], np.int32),
        sign=np.array([[1, 0.5, -0.3, 1], [0, 1, 1, -1], [0, 0, 0, 1]], np.float32),
        came=np.array([[10, 21, 22, 23], [0, 15, 25, 26], [0, 0, 0, 18]], np.int64),
        when=np.array([[21, 22, 23, 24], [0, 25, 26, 27], [0, 0, 0, 28]], np.int64),
        target=np.array([[2, -1, 4, 5], [-1, 7, 8, -1], [-1, -1, -1, 10]], np.int32),
    )


def change(name, seed=0, **more):
    config = AugmentConfig(changes=(name,), chance=1.0, shortest=2, **more)
    similar = np.arange(20, 120, dtype=np.int32).reshape(50, 2)  # none that is in the batch
    return augmented(batch(), config, np.random.default_rng(seed), similar)


def same(a, b):
    told = all(
        np.array_equal(getattr(a, n), getattr(b, n)) for n in ("item", "sign", "came", "target")
    )
    return told and np.array_equal(a.when[a.item != -1], b.when[b.item != -1])


def test_without_augmentation_nothing_changes():
    made = batch()
    assert augmented(made, AugmentConfig(), rng(), None) is made


@pytest.mark.parametrize("name", ["crop", "mask", "reorder", "replace", "insert"])
def test_what_is_not_chosen_comes_back_as_it_was(name):
    """There to the left and back again, for sequences of every length."""
    config = AugmentConfig(changes=(name,), chance=0.0)
    similar = np.zeros((50, 2), np.int32)
    assert same(augmented(batch(), config, rng(), similar), batch())


@pytest.mark.parametrize("name", ["crop", "mask", "reorder", "replace", "insert"])
def test_changed_sequences_are_in_shape(name):
    for seed in range(40):
        made = change(name, seed)
        assert made.item.dtype == made.target.dtype == np.int32
        assert made.came.dtype == made.when.dtype == np.int64
        assert made.sign.dtype == np.float32
        shapes = {getattr(made, n).shape for n in ("item", "sign", "came", "when", "target")}
        assert shapes == {(3, 4)}
        for item, sign, came, when, target in zip(
            made.item, made.sign, made.came, made.when, made.target, strict=True
        ):
            empty = item == -1
            assert empty.tolist() == sorted(empty.tolist(), reverse=True), "the latest stands last"
            assert not sign[empty].any()
            assert not came[empty].any()
            assert (np.diff(came[~empty]) >= 0).all(), "items are moved, times stay in order"
            assert when[~empty][:-1].tolist() == came[~empty][1:].tolist()
            assert (target[empty] == -1).all(), "nothing is said from nothing"
            assert (sign[~empty] != 0).all()


@pytest.mark.parametrize("name", ["crop", "mask", "reorder", "replace", "insert"])
def test_only_what_could_be_said_before_is_to_be_said(name):
    """No item that was never met, that speaks against, or was met before becomes a target."""
    allowed = [{2, 4, 5}, {7, 8}, {10}]
    for seed in range(40):
        for row, target in enumerate(change(name, seed).target):
            assert {*target.tolist()} - {-1} <= allowed[row]


def test_a_crop_is_a_piece_with_its_own_signs_and_gaps():
    pieces = set()
    for seed in range(60):
        made = change("crop", seed, crop=0.6)
        item, sign, came, target = made.item[0], made.sign[0], made.came[0], made.target[0]
        assert item.tolist()[:2] == [-1, -1], "three of five are left: two seen, one to be said"
        first = int(item[2]) - 1
        assert item[2:].tolist() == [first + 1, first + 2]
        whole = batch()
        assert sign[2:].tolist() == whole.sign[0, first : first + 2].tolist()
        assert came[2:].tolist() == whole.came[0, first : first + 2].tolist()
        assert target[2:].tolist() == whole.target[0, first : first + 2].tolist()
        assert made.when[0, 2:].tolist() == whole.when[0, first : first + 2].tolist()
        pieces.add(first)
    assert pieces == {0, 1, 2}


def test_what_is_hidden_is_open_and_not_to_be_said():
    for seed in range(30):
        made = change("mask", seed, mask=0.4)
        whole = batch()
        hidden = made.item == OPEN
        assert np.array_equal(made.item[~hidden], whole.item[~hidden])
        assert np.array_equal(made.sign, whole.sign)
        assert np.array_equal(made.came, whole.came)
        stays = ~np.concatenate([hidden[:, 1:], np.zeros((3, 1), bool)], axis=1)
        stays[:, -1] = made.target[:, -1] >= 0
        assert np.array_equal(made.target[stays], whole.target[stays])
        assert (made.target[~stays] == -1).all()


def test_what_is_replaced_is_not_to_be_said_and_keeps_its_place():
    made, whole = change("replace", 3, replace=0.4), batch()
    fresh = made.item >= 20
    assert fresh.any()
    assert np.array_equal(made.item[~fresh], whole.item[~fresh])
    assert np.array_equal(made.sign, whole.sign)
    assert (made.target[:, :-1][fresh[:, 1:]] == -1).all()


def test_what_is_inserted_stands_before_and_the_oldest_go():
    for seed in range(30):
        made = change("insert", seed, insert=0.3)
        for row, old in enumerate(([1, 2, 3, 4, 5], [6, 7, 8], [9, 10])):
            item = made.item[row][made.item[row] >= 0].tolist()
            kept = [i for i in item if i < 20]
            last = [] if made.target[row, -1] < 0 else [int(made.target[row, -1])]
            assert old[-len(kept + last) :] == kept + last or not kept + last


def test_reordering_keeps_the_items_of_a_sequence():
    moved = 0
    for seed in range(30):
        made = change("reorder", seed, reorder=0.6)
        seen = [*made.item[0].tolist()]
        assert len({*seen}) == 4
        assert {*seen} <= {1, 2, 3, 4, 5}
        moved += seen != [1, 2, 3, 4]
        where = seen.index(3) if 3 in seen else None
        if where is not None:
            assert made.sign[0, where] == pytest.approx(-0.3), (
                "evidence against stays with its item"
            )
        if 5 in seen:
            assert made.sign[0, seen.index(5)] > 0, "what was to be said speaks for itself"
    assert moved > 10


def test_the_same_seed_changes_the_same():
    assert same(change("reorder", 5), change("reorder", 5))
    assert not same(change("reorder", 5), change("reorder", 6))


def test_who_only_turned_things_down_is_heading_nowhere():
    rows = [("a", 1, 0), ("a", 2, 1), ("b", 1, 0), ("b", 3, 1)]
    log = log_of(rows, shelf(), event=["dislike", "skip", "dislike", "like"])
    at = np.full(2, log.time.max() + 1)
    made = asked(log.moments_at(np.array([0, 1]), at), 5)
    assert made.item.tolist() == [[-1, -1], [1, 3]]
    assert np.sign(made.sign).tolist() == [[0, 0], [-1, 1]]
    last = asked(log.moments_at(np.array([0]), at[:1]), 1)
    assert last.item.tolist() == [[-1]]
