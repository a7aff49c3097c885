"""What every layer must do, as tests: a new layer gets all of it in three lines.

class TestMine(LayerContract):
    def layer(self):
        return MyLayer()
"""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
from scipy import sparse

from penchant.clock import DAY
from penchant.data import columns as c
from penchant.data.histories import Histories, histories
from penchant.data.moments import Moments
from penchant.data.relations import Relations
from penchant.data.strength import EventsConfig
from penchant.data.vocabulary import Vocabulary
from penchant.interests.layer import Catalogue, Layer, Training
from penchant.interests.model import InterestsConfig
from penchant.interests.shares import Sharing
from penchant.interests.told import Part, Told, terms
from penchant.random import rng
from penchant.taxonomy.tree import Node, Tree
from penchant.train.holdout import HoldoutConfig, hold_out
from penchant.types import Floats, Longs, State

START = datetime(2024, 1, 1, tzinfo=UTC)
ITEMS = 60
USERS = 157  # a number that no other dimension here has
GROUPS = 6
DEVICES = ("mobile", "desktop")

Signal = Literal["pairs", "context", "taste", "social", "none"]


def shelf(n: int = ITEMS, groups: int = GROUPS) -> Catalogue:
    """Items of so many groups, which their texts tell, under half as many departments."""
    group = np.arange(n) % groups
    text = np.eye(groups)[group] + 0.2 * rng(0, "text").normal(size=(n, groups)) + 0.3
    text = text / np.linalg.norm(text, axis=1, keepdims=True)
    top = [Node(f"d{d}", 1, f"Department {d}", None, 2 * n / groups) for d in range(groups // 2)]
    low = [Node(f"g{g}", 2, f"Group {g}", f"d{g // 2}", n / groups) for g in range(groups)]
    leaves = sparse.csr_array((np.ones(n, np.float32), (np.arange(n), group)), (n, groups))
    ids = Vocabulary([f"i{i:03d}" for i in range(n)])
    tree = Tree.from_leaves(
        [top, low],
        leaves,
        centroids=(np.eye(groups // 2, groups, dtype=np.float32), np.eye(groups, dtype=np.float32)),
        items=ids,
    )
    return Catalogue(ids, text.astype(np.float32), tree)


def log_of(
    rows: Sequence[tuple[str, int, float]], catalogue: Catalogue, **more: Sequence[Any]
) -> Histories:
    """A log of (user, item row, days after the start of 2024); `event` is `like` if not given."""
    table = pl.DataFrame(
        {
            c.USER: [user for user, _, _ in rows],
            c.ITEM: [catalogue.items[item] for _, item, _ in rows],
            c.TIME: [START + timedelta(days=day) for _, _, day in rows],
            c.EVENT: ["like"] * len(rows),
            **more,
        },
        schema_overrides=dict.fromkeys((c.USER, c.ITEM, c.EVENT), pl.String)
        | {c.TIME: pl.Datetime("us", "UTC")},
    )
    context = [name for name in more if name not in (c.EVENT, c.VALUE, c.POSITION)]
    return histories(table, catalogue.items, EventsConfig(), context)


def planted(
    signal: Signal,
    *,
    users: int = USERS,
    events: int = 10,
    noise: float = 0.0,
    seed: int = 0,
) -> Histories:
    """A log in which one thing can be learned, or nothing.

    pairs: items 2k and 2k + 1 follow each other; context: the device says the half of the groups;
    taste: each person likes one group; social: so do they, and follow three others who like it;
    none: all is drawn alike. `noise` is the share of events that land on any item.
    """
    draw, catalogue = rng(seed, "planted", signal), shelf()
    rows, devices = [], []
    for u in range(users):
        on = draw.integers(2, size=events)
        items = _chosen(signal, u, on, events, draw)
        if noise:
            any_ = draw.integers(ITEMS, size=events)
            items = np.where(draw.random(events) < noise, any_, items)
        days = np.sort(draw.random(events) * 90)
        rows += [(f"u{u:03d}", int(i), float(d)) for i, d in zip(items, days, strict=True)]
        devices += [DEVICES[k] for k in on]
    log = log_of(rows, catalogue, device=devices)
    return replace(log, relations=_circles(log)) if signal == "social" else log


def _circles(log: Histories) -> Relations | None:
    """Everybody follows the next three people who like the same group."""
    alike = [np.arange(group, len(log.users), GROUPS) for group in range(GROUPS)]
    edges = [
        (a, b)
        for some in alike
        for k in (1, 2, 3)
        for a, b in zip(some, np.roll(some, k), strict=True)
    ]
    source, target = (log.users.ids.gather(list(side)) for side in zip(*edges, strict=True))
    return Relations.of(pl.DataFrame({c.SOURCE: source, c.TARGET: target}), log.users)


def quick() -> InterestsConfig:
    """Settings of a model that is fitted in a second."""
    small = {"dims": 8, "epochs": 2, "batch": 512, "length": 6}
    return InterestsConfig().but(
        **{f"dynamic.{name}": value for name, value in small.items()},
        **{f"base.network.{name}": value for name, value in small.items()},
        **{"base.linear.penalty": (10.0, 30.0), "base.linear.text": (0.0, 0.1)},
        **{"base.linear.dims": 12},
    )


def _chosen(signal: Signal, user: int, on: Longs, n: int, draw: np.random.Generator) -> Longs:
    order = draw.permutation(ITEMS)
    if signal == "pairs":
        pairs = np.unique(order[:n] // 2, return_index=True)
        first = pairs[0][np.argsort(pairs[1])]
        return np.stack([2 * first, 2 * first + 1], axis=1).ravel()[:n]
    if signal in ("taste", "social"):
        order = order[order % GROUPS == user % GROUPS]
    if signal == "context":
        halves = [iter(order[order % GROUPS // (GROUPS // 2) == k]) for k in (0, 1)]
        return np.array([next(halves[k]) for k in on])
    return np.asarray(order[:n], np.int64)


def taught(
    log: Histories, catalogue: Catalogue | None = None, *, repeats: bool = False, seed: int = 0
) -> Training:
    """What a layer is given to learn from: a log with the last event of some users held out."""
    left, held = hold_out(log, HoldoutConfig(share=0.08), repeats=repeats, seed=seed)
    return Training(catalogue or shelf(), left, held, repeats, seed=seed)


def ends(log: Histories) -> Moments:
    """Everybody, one day after the end of the log, on the first device."""
    users = np.arange(len(log.users))
    at = np.full(len(users), log.time.max() + DAY)
    made = log.moments_at(users, at)
    asked = {name: pl.Series(name, [DEVICES[0]] * len(users)) for name in log.past}
    return _asked(made, asked)


def _asked(moments: Moments, context: dict[str, pl.Series]) -> Moments:
    return replace(moments, context=context)


@cache
def _lesson(signal: Signal) -> Training:
    return taught(planted(signal, events=8 if signal == "context" else 10))


@contextmanager
def nothing_drawn_from_global_state() -> Iterator[None]:
    """Raises AssertionError if global random state is other afterwards."""
    torch = sys.modules.get("torch")
    before = np.random.get_state(), torch.get_rng_state() if torch else None  # noqa: NPY002
    yield
    assert all(np.array_equal(a, b) for a, b in zip(before[0], np.random.get_state(), strict=True))  # noqa: NPY002
    if torch:
        assert torch.equal(before[1], torch.get_rng_state())


class LayerContract:
    """Tests of a layer; a subclass says how to make one. Fits once a class."""

    speaks_to_strangers: ClassVar[bool] = False
    """Whether somebody without events gets scores other than zero."""
    signal: ClassVar[Signal] = "pairs"
    """What there is to be learned."""
    _kept: ClassVar[dict[type, Layer]] = {}

    def layer(self) -> Layer:
        """A layer that has learned nothing yet, quick to fit."""
        raise NotImplementedError

    def fitted(self) -> Layer:
        """The layer after a fit; not to be changed."""
        if type(self) not in self._kept:
            with nothing_drawn_from_global_state():
                self._kept[type(self)] = self.layer().fit(_lesson(self.signal))
        return self._kept[type(self)]

    def again(self) -> Layer:
        """Another one with the same numbers, by way of `state` and `restore`."""
        return self.layer().restore(
            _through_disk(self.fitted().state()), _lesson(self.signal).catalogue
        )

    def moments(self) -> Moments:
        """Some people with histories of several lengths, and one without any."""
        log = _lesson(self.signal).log
        rows = log.offsets[:8] + np.arange(8) % np.diff(log.offsets[:9])
        return log.moments_before(rows)

    def test_every_item_has_a_finite_score(self) -> None:
        """[B × I], float32, no NaN and no infinity."""
        scores = self.fitted().score(self.moments())
        assert scores.shape == (8, ITEMS)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_it_says_something(self) -> None:
        """Items differ for those with a history."""
        scores = self.fitted().score(ends(_lesson(self.signal).log))
        assert np.ptp(scores, axis=1).min() > 0

    def test_nobody_asked(self) -> None:
        """No moments, no rows."""
        none = self.moments().take(np.zeros(0, np.int64))
        assert self.fitted().score(none).shape == (0, ITEMS)

    def test_batch_is_single(self) -> None:
        """A moment's scores do not depend on who is asked about beside it."""
        moments, layer = self.moments(), self.fitted()
        together = layer.score(moments)
        for b in range(len(moments)):
            alone = layer.score(moments.take(np.array([b])))[0]
            np.testing.assert_allclose(alone, together[b], atol=1e-5, rtol=1e-5)

    def test_a_stranger_is_served(self) -> None:
        """Somebody without events has finite scores: zeros, where the layer needs a history."""
        log = _lesson(self.signal).log
        made = log.moments_at(np.array([-1]), np.array([log.time.max() + DAY]))
        scores = self.fitted().score(made)
        assert np.isfinite(scores).all()
        assert self.speaks_to_strangers or not scores.any()

    def test_what_is_against_is_understood(self) -> None:
        """A history of evidence against alone gives finite scores."""
        log = log_of([("u", 3, 1.0), ("u", 5, 2.0)], shelf(), event=["dislike", "skip"])
        scores = self.fitted().score(log.moments_at(np.array([0]), log.time[-1:] + DAY))
        assert np.isfinite(scores).all()

    def test_save_and_load(self) -> None:
        """The same numbers, to the last bit."""
        moments = self.moments()
        assert np.array_equal(self.again().score(moments), self.fitted().score(moments))

    def test_same_seed_same_numbers(self) -> None:
        """Fitting twice gives the same, whatever was drawn elsewhere before."""
        moments = self.moments()
        second = self.layer().fit(_lesson(self.signal)).score(moments)
        assert np.array_equal(second, self.fitted().score(moments))

    def test_loading_and_asking_draw_nothing(self) -> None:
        """No global random state is touched."""
        with nothing_drawn_from_global_state():
            self.again().score(self.moments())

    def test_refit(self) -> None:
        """More events, the same catalogue: scores of the same shape, finite."""
        layer, log = self.again(), planted(self.signal, events=8)
        with nothing_drawn_from_global_state():
            layer.refit(taught(log))
        scores = layer.score(ends(log))
        assert scores.shape == (USERS, ITEMS)
        assert np.isfinite(scores).all()

    def test_new_items(self) -> None:
        """There is room for later items, and earlier ones keep their distances; what it was copied
        from stays as it was."""
        had, moments = self.again(), self.moments()
        layer, before = copy(had), had.score(moments)
        layer.extend(shelf(ITEMS + 5))
        after = layer.score(moments)
        np.testing.assert_array_equal(had.score(moments), before)
        assert after.shape == (8, ITEMS + 5)
        assert np.isfinite(after).all()
        moved = after[:, :ITEMS] - before
        np.testing.assert_allclose(moved, np.broadcast_to(moved[:, :1], moved.shape), atol=1e-4)

    def test_extending_by_nothing_changes_nothing(self) -> None:
        """The same catalogue again."""
        layer, moments = self.again(), self.moments()
        layer.extend(_lesson(self.signal).catalogue)
        np.testing.assert_allclose(
            layer.score(moments), self.fitted().score(moments), atol=1e-6, rtol=1e-6
        )

    def test_it_holds_nothing_about_a_person(self) -> None:
        """No array has a place for each user, and no user is named."""
        arrays, values = self.fitted().state()
        for name, array in arrays.items():
            assert USERS not in array.shape, name
        told = json.dumps(values)
        assert not [user for user in _lesson(self.signal).log.users.ids if f'"{user}"' in told]

    def test_shares_add_up(self) -> None:
        """Where a layer knows each event's share, the shares of a moment sum to its scores."""
        layer, moments = self.fitted(), self.moments()
        if isinstance(layer, Sharing):
            items = np.arange(ITEMS, dtype=np.int64)
            total = _summed(layer.shares(moments, items), moments)
            np.testing.assert_allclose(total, layer.score(moments), atol=1e-5, rtol=1e-5)

    def test_terms_sum_to_the_score(self) -> None:
        """What a layer says in terms, of one moment or of several together, comes to its scores, of
        all items and of some."""
        layer, moments, tree = self.fitted(), self.moments(), _lesson(self.signal).catalogue.tree
        items, one = np.arange(0, ITEMS, 7), np.ones(1, np.float32)
        together = terms(layer, moments)
        for b in range(len(moments)):
            moment = moments.take(np.array([b]))
            scores = layer.score(moment)[0]
            for some in (terms(layer, moment)[0], together[b]):
                said = Told(tree, ("it",), one, (Part.of(some, tree),))
                np.testing.assert_allclose(said.all()[0], scores, atol=1e-5, rtol=1e-5)
                np.testing.assert_allclose(said.of(items)[0], scores[items], atol=1e-5, rtol=1e-5)

    def test_weighed_shares_are_shares_with_weights(self) -> None:
        """Sums over items come to the same with the table of shares and without it."""
        layer, moments = self.fitted(), self.moments()
        if isinstance(layer, Sharing):
            items = np.arange(1, ITEMS, 2, dtype=np.int64)
            values = np.random.default_rng(0).random((len(items), 4)).astype(np.float32)
            plain = layer.shares(moments, items) @ values
            found = layer.weighed(moments, items, values)
            np.testing.assert_allclose(found, plain, atol=1e-5, rtol=1e-5)


def _summed(shares: Floats, moments: Moments) -> Floats:
    total = np.zeros((len(moments), shares.shape[1]), np.float32)
    np.add.at(total, moments.owner, shares)
    return total


def _through_disk(state: State) -> State:
    """The state as a store gives it back: read-only arrays, values from JSON."""
    arrays = {name: np.array(array) for name, array in state[0].items()}
    for array in arrays.values():
        array.setflags(write=False)
    return arrays, json.loads(json.dumps(state[1]))
