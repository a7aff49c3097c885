"""What a person will turn to next, as an answer and how it is found.

Windows of many people's lives teach the ways of `outlook` and decide between them; the best one
says the step after a person's last.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from scipy import sparse

from penchant.clock import when
from penchant.data.histories import Histories
from penchant.errors import UnknownIdError
from penchant.interests.evolution import back
from penchant.interests.model import InterestModel
from penchant.interests.outlook import Courses, Outlook, Trial
from penchant.interests.weights import rolled
from penchant.random import rng
from penchant.taxonomy.tree import Node
from penchant.types import QUIET, Floats, Longs, Progress

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

_EARLIER = 4  # steps of each life, before the newest, that the ways are fitted to


@dataclass(frozen=True)
class Prospect:
    """One interest's share of a person's acts: as the profile has it now, and as forecast."""

    node: Node
    path: tuple[str, ...]
    now: float
    ahead: float

    @property
    def change(self) -> float:
        """Ahead less now."""
        return self.ahead - self.now


@dataclass(frozen=True)
class Forecast:
    """What one person will turn to within the next step, level by level, by the way that says it
    best (`way`, of those in `trials`)."""

    user_id: str
    at: datetime
    step: str
    way: str
    trials: tuple[Trial, ...]
    levels: tuple[tuple[Prospect, ...], ...]

    def top(self, level: int = 1, n: int = 8) -> tuple[Prospect, ...]:
        """The n interests with the largest shares to come, largest first.

        Raises:
            UnknownIdError: the level is not forecast.
        """
        if not 1 <= level <= len(self.levels):
            raise UnknownIdError(f"level {level}: levels 1 to {len(self.levels)} are forecast")
        return tuple(sorted(self.levels[level - 1], key=lambda x: -x.ahead)[:n])

    def to_frame(self) -> "pl.DataFrame":
        """One row an interest: level, id, name, path, now, ahead, change; largest first."""
        import polars as pl

        rows = [
            {
                "user_id": self.user_id, "level": x.node.level, "id": x.node.id,
                "name": x.node.name, "path": " > ".join(x.path), "now": x.now, "ahead": x.ahead,
                "change": x.change,
            }
            for level in range(1, len(self.levels) + 1)
            for x in self.top(level, len(self.levels[level - 1]))
        ]  # fmt: skip
        return pl.DataFrame(rows)

    def to_json(self) -> dict[str, Any]:
        """The forecast as plain values, largest shares first."""
        return {
            "user_id": self.user_id,
            "at": self.at.isoformat(),
            "step": self.step,
            "way": self.way,
            "trials": [vars(trial) for trial in self.trials],
            "levels": [
                [
                    {"id": x.node.id, "name": x.node.name, "path": list(x.path), "now": x.now,
                     "ahead": x.ahead}
                    for x in self.top(level, len(self.levels[level - 1]))
                ]
                for level in range(1, len(self.levels) + 1)
            ],
        }  # fmt: skip

    def __rich__(self) -> "Group":
        from penchant.interests.show import forecast

        return forecast(self)

    def __str__(self) -> str:
        from penchant.interests.show import text

        return text(self)


@dataclass
class Forecaster:
    """Says anybody's next step: the steps' length by name, M `steps` back, of a level of the tree
    (the narrowest where there are fewer); learned from at most so many `people`."""

    step: str = "month"
    steps: int = 8
    level: int = 2
    people: int = 1500
    outlook_: Outlook = field(init=False, repr=False)

    def fit(
        self,
        model: InterestModel,
        log: Histories,
        now: int,
        *,
        seed: int = 0,
        progress: Progress = QUIET,
    ) -> Self:
        """Learn from a log up to a time (µs): the step that ends then is the one that decides.

        Raises:
            DataError: the log is too short, or nobody came back.
        """
        times = back(now, self.step, self.steps + 2 + _EARLIER)
        users = self._some(log, times, seed)
        weights, acts, came = self._course(model, log, users, times, progress)
        M, last = self.steps, len(times) - 1
        earlier = [self._window(weights, acts, came, end, M) for end in range(M, last - 1)]
        newest = self._window(weights, acts, came, last - 1, M)
        self.outlook_ = Outlook().fit(_joined(earlier), newest, seed=seed)
        return self

    def asked(
        self,
        model: InterestModel,
        log: Histories,
        now: int,
        *,
        seed: int = 0,
        progress: Progress = QUIET,
    ) -> Courses:
        """The windows up to a time (µs), with what people did in the step after it."""
        times = np.append(back(now, self.step, self.steps + 1), _after(now, self.step))
        users = self._some(log, times, seed)
        told = self._course(model, log, users, times, progress)
        return self._window(*told, self.steps, self.steps)

    def _some(self, log: Histories, times: Longs, seed: int) -> Longs:
        """People who acted within the newest steps: of more than enough, some by lot."""
        late = log.positive & (log.time > times[-2 - _EARLIER]) & (log.time <= times[-1])
        users = np.unique(log.user[late]).astype(np.int64)
        chosen = rng(seed, "forecaster").permutation(len(users))[: self.people]
        return users[np.sort(chosen)]

    def _course(
        self, model: InterestModel, log: Histories, users: Longs, times: Longs, progress: Progress
    ) -> tuple[Floats, Floats, Floats]:
        """Weights at each time [T × U × K], and acts since the time before [T × U], by interest
        [T × U × K] (none at the first)."""
        tree, U, T = model.catalogue.tree, len(users), len(times)
        level = min(self.level, tree.levels)
        found = []
        with progress.step("forecast: profiles", U * T) as step:
            for at in times:
                moments = log.moments_at(users, np.full(U, at))
                found.append(model.weights(moments, layers=False).whole[level - 1])
                step.advance(U)
        place = np.full(len(log.users), -1)
        place[users] = np.arange(U)
        after = np.searchsorted(times, log.time, side="left")
        on = log.positive & (place[log.user] >= 0) & (after > 0) & (after < T)
        rows = after[on] * U + place[log.user[on]]
        shape = (T * U, int(on.sum()))
        into = sparse.csr_array((np.ones(shape[1], np.float32), (rows, np.arange(shape[1]))), shape)
        members = tree.membership(level)
        came = (into @ members[log.item[on]]).toarray().reshape(T, U, members.shape[1])
        return np.stack(found), came.sum(axis=2), np.asarray(came, np.float32)

    @staticmethod
    def _window(weights: Floats, acts: Floats, came: Floats, end: int, M: int) -> Courses:
        """The window whose newest step is `end`, of those who acted until it and right after."""
        some = slice(end - M + 1, end + 1)
        told = (came[end + 1].sum(axis=1) > 0) & (acts[: end + 1].sum(axis=0) > 0)
        return Courses(
            weights[some].transpose(1, 0, 2)[told], acts[some].T[told], came[end + 1][told]
        )

    def of(self, model: InterestModel, log: Histories, user_id: str, now: int) -> Forecast:
        """What one person will turn to in the step after a time (µs)."""
        tree = model.catalogue.tree
        row = log.users.rows([user_id]).astype(np.int64)
        times = back(now, self.step, self.steps)
        users = np.repeat(row, len(times))
        moments = log.moments_at(users, times)
        known = model.weights(moments, layers=False).whole
        level = min(self.level, tree.levels)
        own = moments.take(slice(len(times) - 1, len(times)))
        since = np.searchsorted(times, own.time[own.weight > 0], side="left")
        acts = np.bincount(since, minlength=len(times))[: len(times)].astype(np.float32)
        acts[0] = 0.0
        none = np.zeros((1, known[level - 1].shape[1]), np.float32)
        courses = Courses(known[level - 1][None], acts[None], none)
        ahead = rolled(self.outlook_(courses).astype(np.float32), tree.siblings[:level])
        levels = tuple(
            tuple(
                Prospect(node, tree.path(node), float(known[k][-1, n]), float(ahead[k][0, n]))
                for n, node in enumerate(tree.nodes[k])
            )
            for k in range(level)
        )
        way, trials = self.outlook_.way_, self.outlook_.trials_
        return Forecast(user_id, when(now), self.step, way, trials, levels)


def _after(now: int, step: str) -> int:
    """The time (µs) that is as long after one as the step before it took."""
    return 2 * now - int(back(now, step, 2)[0])


def _joined(parts: Sequence[Courses]) -> Courses:
    return Courses(
        np.concatenate([p.weights for p in parts]),
        np.concatenate([p.acts for p in parts]),
        np.concatenate([p.came for p in parts]),
    )
