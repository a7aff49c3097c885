"""What people are truly interested in, at any time, in any context, layer by layer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from penchant.clock import micros, when
from penchant.data.sources.world.behaviour import PLACES, clock
from penchant.data.sources.world.goods import Tree
from penchant.data.sources.world.law import Law, Moment
from penchant.data.sources.world.people import DEVICES
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, UnknownIdError, did_you_mean
from penchant.types import Doubles, Longs

CONTEXT = ("device", "place", "hour", "weekday")
At: TypeAlias = datetime | str | Sequence[datetime | str] | pl.Series


@dataclass(frozen=True)
class Level:
    """The truth on one level of the tree.

    categories [K] (paths); base [B × K] and whole [B × K]: rows sum to 1; dynamic [B × K]: rows
    sum to h / (1 + h) during a burst, else to 0; context [B × K]: log-lift. With P₀ = (1 − Σ
    dynamic) · base + dynamic, whole ∝ P₀ · exp(context), but for the share drawn by popularity.
    """

    categories: list[tuple[str, ...]]
    base: Doubles
    context: Doubles
    dynamic: Doubles
    whole: Doubles


@dataclass(frozen=True)
class Truth:
    """True interests of B users at a time each; `level(1)` is broadest, `level(3)` the leaves."""

    tree: Tree
    users: list[str]
    base: Doubles
    context: Doubles
    dynamic: Doubles
    whole: Doubles

    def level(self, number: int) -> Level:
        """The truth on one level.

        Raises:
            DataError: there is no such level.
        """
        if number not in (1, 2, 3):
            raise DataError(f"level: {number!r} came; expected 1, 2 or 3 (the leaves)")
        base, dynamic = (
            self.tree.to_level(self.base, number),
            self.tree.to_level(self.dynamic, number),
        )
        still = self._still()
        lifted = self.tree.to_level(still * np.exp(self.context), number)
        return Level(
            categories=self.tree.paths(number),
            base=base,
            context=np.log(lifted / self.tree.to_level(still, number)),
            dynamic=dynamic,
            whole=self.tree.to_level(self.whole, number),
        )

    def to_frame(self) -> pl.DataFrame:
        """One row for each user, level and category: base, context, dynamic, whole."""
        return pl.concat([self._frame(number) for number in (1, 2, 3)])

    def _still(self) -> Doubles:
        """Interests without any context [B × K]."""
        rest = 1.0 - self.dynamic.sum(axis=1, keepdims=True)
        return np.asarray(rest * self.base + self.dynamic)

    def _frame(self, number: int) -> pl.DataFrame:
        level = self.level(number)
        B, K = level.whole.shape
        return pl.DataFrame(
            {
                "user_id": pl.Series(np.repeat(self.users, K), dtype=pl.String),
                "level": pl.Series(np.full(B * K, number), dtype=pl.Int8),
                "category": pl.Series([list(p) for p in level.categories] * B),
                "base": level.base.ravel(),
                "context": level.context.ravel(),
                "dynamic": level.dynamic.ravel(),
                "whole": level.whole.ravel(),
            }
        )


def tell(
    law: Law, known: Vocabulary, users: Iterable[str], at: At, context: Mapping[str, Any] | None
) -> Truth:
    """The truth about some users at a time (one for all, or one each) in a context."""
    ids = [users] if isinstance(users, str) else [str(user) for user in users]
    rows = known.rows(ids).astype(np.int64)
    if (rows < 0).any():
        raise _unknown(known, ids[int(np.flatnonzero(rows < 0)[0])])
    t = _times(law, at, len(ids))
    asked = _context(dict(context or {}), len(ids))
    weekday, hour = clock(law, t)
    weekday = weekday if asked["weekday"] is None else np.asarray(asked["weekday"], np.int64)
    hour = hour if asked["hour"] is None else np.asarray(asked["hour"], np.int64)
    weight = _devices(law, rows, asked["device"])
    parts = []
    for mobile in (False, True):
        same = np.full(len(ids), mobile)
        parts.append(Moment(rows, t, weekday >= 5, hour >= 18, same))
    still, on_mobile = parts
    p = weight[:, None]
    h = law.config.burst_strength
    leaf = law.burst(still)
    dynamic = (leaf[:, None] == np.arange(len(law.goods.tree.leaves))) * (h / (1.0 + h))
    return Truth(
        tree=law.goods.tree,
        users=ids,
        base=_to_one(law.taste(still)),
        context=np.log((1 - p) * law.lift(still) + p * law.lift(on_mobile)),
        dynamic=dynamic,
        whole=_to_one((1 - p) * law.leaves(still) + p * law.leaves(on_mobile)),
    )


def _to_one(values: Any) -> Doubles:
    exact = np.asarray(values, np.float64)
    return np.asarray(exact / exact.sum(axis=1, keepdims=True))


def _times(law: Law, at: At, n: int) -> Longs:
    """Milliseconds since the start [n]."""
    us = _micros(at, n)
    if len(us) != n:
        raise DataError(f"at: {len(us)} times came for {n} users; expected one, or one each")
    t = (us - law.config.start_us) // 1000
    if (t < 0).any():
        early = when(int(us.min())).isoformat()
        raise DataError(f"at: {early} is before the world began, {law.config.start}")
    return t


def _micros(at: At, n: int) -> Longs:
    if isinstance(at, (str, datetime)):
        return np.full(n, micros(at))
    if isinstance(at, pl.Series) and isinstance(at.dtype, pl.Datetime) and not at.null_count():
        return at.dt.epoch("us").to_numpy()
    return np.array([micros(one) for one in at], np.int64)


def _context(context: dict[str, Any], n: int) -> dict[str, list[Any] | None]:
    """Each context column as one value for each user, or None where it was not given."""
    for name in context:
        if name not in CONTEXT:
            hint = did_you_mean(name, CONTEXT)
            raise DataError(f"context.{name}: not a context of the world; it has {CONTEXT}.{hint}")
    allowed: dict[str, Sequence[Any]] = {
        "device": DEVICES, "place": PLACES, "hour": range(24), "weekday": range(7)
    }  # fmt: skip
    return {name: _values(context.get(name), name, allowed[name], n) for name in CONTEXT}


def _values(value: Any, name: str, allowed: Sequence[Any], n: int) -> list[Any] | None:
    if value is None:
        return None
    values = [value] * n if isinstance(value, (str, int)) else list(value)
    if len(values) != n:
        raise DataError(f"context.{name}: {len(values)} values came for {n} users")
    for one in values:
        if one is not None and one not in allowed:
            raise DataError(f"context.{name}: {one!r} came; expected one of {list(allowed)}")
    if name in ("hour", "weekday") and None in values:
        raise DataError(f"context.{name}: null came; leave it out to read it from the time")
    return values


def _devices(law: Law, rows: Longs, device: list[Any] | None) -> Doubles:
    """Chance of the mobile device: certain where it was given, else the user's habit [B]."""
    habit: Doubles = law.people.devices[rows, DEVICES.index("mobile")]
    if device is None:
        return habit
    given = [h if d is None else float(d == "mobile") for d, h in zip(device, habit, strict=True)]
    return np.array(given)


def _unknown(known: Vocabulary, id_: str) -> UnknownIdError:
    try:
        known.row(id_, "user")
    except UnknownIdError as error:
        return error
    raise AssertionError(id_)
