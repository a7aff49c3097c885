"""Moments whose outcome is known but was not learned from: what layers are chosen and mixed by."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import sparse

from penchant.config import Config
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.random import rng
from penchant.types import Bools, Floats, Longs

NEVER = np.float32(-1e9)
"""Score of an item that is no candidate."""


class HoldoutConfig(Config):
    """Which events are held out of the log while layers are chosen and mixed."""

    kind: Literal["last", "time"] = "last"
    """`last`: the last event of some users; `time`: the newest events of the log."""
    moments: int = Field(5000, ge=20)
    """At most so many users are asked about."""
    share: float = Field(0.1, gt=0.0, lt=0.5)
    """At most so much of the log (`last`), or just so much of its newest part (`time`)."""
    targets: int = Field(50, ge=1)
    """At most so many targets of one user (`time`)."""
    cells: int = Field(80_000_000, ge=1000)
    """At most so many scores in all (moments × items): bounds the time that choosing takes, and
    the memory where a layer scores all at once."""


@dataclass(frozen=True)
class Holdout:
    """B moments, what came next (rows sum to 1) and what may not be recommended [B × I each];
    `chosen` says whether what came first was a choice, see `Histories.choices` [B]."""

    moments: Moments
    targets: sparse.csr_array
    excluded: sparse.csr_array
    chosen: Bools

    def __len__(self) -> int:
        return len(self.moments)

    def take(self, rows: Longs) -> "Holdout":
        """Some of the moments."""
        found = (self.targets[rows], self.excluded[rows], self.chosen[rows])
        return Holdout(self.moments.take(rows), *found)

    @cached_property
    def n_items(self) -> int:
        """Width of the score table."""
        return int(self.targets.shape[1])


def hold_out(
    log: Histories, config: HoldoutConfig, *, repeats: bool, seed: int
) -> tuple[Histories, Holdout]:
    """Take events out of a log: what is left to learn from, and the moments to judge by.

    Whatever a user did after a target is set aside with it, as it may tell the target.

    Targets are positive acts whose item the user could still be shown: any where `repeats`, else
    first meetings only; an item is one target, however often it comes. With `time`, who came after
    the cut is asked about too, with no history, as a service is asked. A log too small to spare any
    gives an empty holdout.
    """
    eligible = np.flatnonzero(log.askable(repeats=repeats))
    if config.kind == "last":
        after = eligible > log.offsets[log.user[eligible]]
        rows = _of_some_users(log, _last(log, eligible[after], config.share, seed), config, seed)
        left = log.keep(~_from(log, rows))
    else:
        cut = int(np.quantile(log.time, 1.0 - config.share, method="higher")) if len(log) else 0
        left = log.keep(log.time < cut)
        after = (log.time[eligible] >= cut) & (len(left) > 0)
        rows = _of_some_users(log, log.firsts(eligible[after]), config, seed)
    first = rows[np.append(True, np.diff(log.user[rows]) != 0)] if len(rows) else rows
    users = log.user[first].astype(np.int64)
    moments = left.moments(users, left.offsets[users + 1], log.time[first])
    moments = replace(moments, context={k: v.gather(first) for k, v in log.past.items()})
    seen = moments.seen(len(log.items))
    if repeats:
        seen = sparse.csr_array(seen.shape, dtype=np.float32)
    targets = _targets(log, rows, users, config.targets)
    return left, Holdout(moments, targets, seen, log.choices[first])


def earlier(
    log: Histories, config: HoldoutConfig, *, repeats: bool, seed: int, cuts: int
) -> Iterator[tuple[Histories, Holdout]]:
    """Cuts before a cut in time: the newest part of what it left, as long as what was held out;
    then that of what is left by then, and so on. The log before each cut, and the moments after it.

    What everybody did is known until the cut, as it is at the first one. `last` takes moments from
    all times, and has none before them.
    """
    share = config.share
    for _ in range(cuts if config.kind == "time" else 0):
        share = share / (1.0 - share)
        if share >= 0.5:
            return
        log, held = hold_out(log, config.but(share=share), repeats=repeats, seed=seed)
        if not len(held):
            return
        heard = np.full(len(held), log.time.max() + 1)
        yield log, replace(held, moments=replace(held.moments, heard=heard))


def upcoming(
    log: Histories, since: int, *, repeats: bool, most: int, seed: int, choices: bool = False
) -> tuple[Longs, Moments]:
    """A sample of the acts from a time (µs) on, and what was known before the time of each.

    Unlike a `Holdout`, a history goes on while its person acts. Rows of the log [B], in order;
    with `choices`, only of those that choose, see `Histories.choices`.
    """
    wanted = log.askable(repeats=repeats)
    wanted = wanted & log.choices if choices else wanted
    rows = np.flatnonzero(wanted & (log.time >= since))
    if len(rows) > most:
        rows = np.sort(rng(seed, "upcoming").choice(rows, most, replace=False))
    return rows, log.moments_until(rows)


def _last(log: Histories, eligible: Longs, share: float, seed: int) -> Longs:
    """The last eligible event of each user, of at most a share of the log."""
    user = log.user[eligible]
    rows = eligible[np.append(user[1:] != user[:-1], True)] if len(eligible) else eligible
    most = max(20, int(share * len(log)))
    if len(rows) > most:
        rows = np.sort(rng(seed, "share").choice(rows, most, replace=False))
    return rows


def _from(log: Histories, rows: Longs) -> Bools:
    """Events from one row of some users on [E]."""
    begin = np.full(len(log.users), len(log), np.int64)
    begin[log.user[rows]] = rows
    return np.asarray(np.arange(len(log)) >= begin[log.user])


def _of_some_users(log: Histories, rows: Longs, config: HoldoutConfig, seed: int) -> Longs:
    """Rows of at most so many users as may be asked about."""
    users = np.unique(log.user[rows])
    most = max(20, min(config.moments, config.cells // max(len(log.items), 1)))
    if len(users) > most:
        users = rng(seed, "holdout").choice(users, most, replace=False)
        rows = rows[np.isin(log.user[rows], users)]
    return rows


def _targets(log: Histories, rows: Longs, users: Longs, most: int) -> sparse.csr_array:
    """What came next, each user's targets sharing 1 [B × I]."""
    user = log.user[rows]
    starts = np.searchsorted(user, users)
    nth = np.arange(len(rows)) - np.repeat(starts, np.diff(np.append(starts, len(rows))))
    keep = nth < most
    owner = np.searchsorted(users, user[keep])
    shape = (len(users), len(log.items))
    found = sparse.csr_array(
        (np.ones(keep.sum(), np.float32), (owner, log.item[rows][keep])), shape
    )
    found.sum_duplicates()
    total = np.asarray(found.sum(axis=1)).ravel()
    found.data /= np.repeat(total, np.diff(found.indptr))
    return found.astype(np.float32)


def ndcg(scores: Floats, holdout: Holdout, k: int = 10) -> Floats:
    """NDCG@k of each moment [B] from scores of all items [B × I]; ties count against.

    Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, TOIS 2002.
    """
    scores = masked(scores, holdout.excluded)
    owner, item = holdout.targets.tocoo().coords
    value = scores[owner, item]
    gain = np.zeros(len(holdout))
    for a in range(0, len(owner), 256):
        part = slice(a, a + 256)
        rank = (scores[owner[part]] >= value[part, None]).sum(axis=1)
        np.add.at(gain, owner[part], np.where(rank <= k, 1.0 / np.log2(rank + 1.0), 0.0))
    ideal = np.cumsum(1.0 / np.log2(np.arange(2.0, k + 2.0)))
    count = np.clip(np.diff(holdout.targets.indptr), 1, k)
    return np.asarray(gain / ideal[count - 1], np.float32)


def masked(scores: Floats, excluded: sparse.csr_array) -> Floats:
    """The scores with what is excluded set to `NEVER` (a copy)."""
    scores = scores.copy()
    out = excluded.tocoo()
    scores[out.coords] = NEVER
    return scores
