"""Searching a space of settings: what is tried next, when a trial is stopped, when all is over.

Knows nothing of engines: an `Objective` says what settings are worth. Trial 0 are the default
settings, so that the best is never worse than they are. What is drawn derives from the seed and
the number of the trial, so that a search that was interrupted goes on as if it had not been.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol

import numpy as np
from pydantic import Field

from penchant.config import Config
from penchant.errors import ConfigError, PenchantError
from penchant.random import derive, rng
from penchant.train.space import Settings, Space
from penchant.train.study import Study, Tried
from penchant.types import QUIET, Doubles, Progress, Step

Method = Literal["bayes", "random", "grid"]
Split = Literal["rolling", "last"]
MINUTES: Final = 30.0
"""Budget where none is given."""
_Z: Final = 2.326  # one-sided, 99 %
_FAILURES: Final = (PenchantError, ArithmeticError, MemoryError, RuntimeError, ValueError)
_FEW: Final = 30
_MOST_GRID: Final = 1_000_000
_ATTEMPTS: Final = {"bayes": 20, "random": 200}


class TuneConfig(Config):
    """How settings are searched, and what they are judged by."""

    method: Method = "bayes"
    """bayes: near what was good (Optuna's TPE); random: anywhere; grid: every combination, in an
    order drawn by the seed (of a range without steps its ends and middle)."""
    minutes: float | None = Field(default=None, gt=0.0)
    """No trial is begun that would not be over after so many minutes of this call; None: 30, or
    no limit where `trials` is given."""
    trials: int | None = Field(default=None, ge=1)
    """Trials in all, with those of earlier calls and the default settings; None: no limit."""
    split: Split = "rolling"
    """rolling: windows of time, each learned from all that lies before it; last: each user's last
    event."""
    folds: int | None = Field(default=None, ge=1)
    """Windows (rolling), or how often the last event is left out (last); None: 3, or 1."""
    window: float = Field(default=0.1, gt=0.0, lt=1.0)
    """Share of the events in each window (rolling)."""
    metric: str = "ndcg@10"
    """What is to be high: recall, precision, hit_rate, ndcg, mrr, map or f1 with the length of a
    list, or auc."""
    prune: bool = True
    """Stop a trial that after a fold is behind the best beyond chance (paired over all who were
    asked, 99 %), or below the median of those that were seen through."""
    startup: int = Field(default=5, ge=1)
    """Trials to see through before the median counts, and to make before bayes draws near them."""

    @property
    def seconds(self) -> float | None:
        """Seconds of this call; None: no limit."""
        if self.minutes is not None:
            return 60.0 * self.minutes
        return 60.0 * MINUTES if self.trials is None else None

    @property
    def cuts(self) -> int:
        """Number of folds."""
        if self.folds is not None:
            return self.folds
        return 3 if self.split == "rolling" else 1


class Objective(Protocol):
    """What is to be as large as possible."""

    name: str

    @property
    def folds(self) -> int:
        """Number of folds."""
        ...

    def key(self, settings: Settings) -> str:
        """The same text for settings that mean the same.

        Raises:
            ConfigError: these settings do not go together.
        """
        ...

    def default(self, name: str) -> object:
        """What a setting is by default."""
        ...

    def measure(self, settings: Settings, fold: int) -> Doubles:
        """The worth for everybody who is asked in a fold [B]."""
        ...


@dataclass
class Search:
    """A search being made; `stopped` says why it ended, `impossible` why draws were passed over."""

    space: Space
    objective: Objective
    study: Study
    config: TuneConfig
    clock: Callable[[], float]
    seed: int = 0
    progress: Progress = QUIET
    stopped: str = field(default="", init=False)
    impossible: dict[str, str] = field(default_factory=dict, init=False)
    _began: float = field(default=0.0, init=False)

    def run(self) -> "Search":
        """Try settings until the budget is spent or there is nothing left to try.

        Ctrl-C ends it like a budget, once the default settings have been seen through.

        Raises:
            PenchantError: the default settings themselves cannot be learned.
        """
        self._began = self.clock()
        before = len(self.study.tried)
        name = f"tuning, going on from trial {before - 1}" if before else "tuning"
        with self.progress.step(name, self.config.trials) as step:
            step.advance(min(before, self.config.trials or before), self._told())
            try:
                while not self.stopped:
                    self._next(step)
            except KeyboardInterrupt:
                if not self.study.tried:
                    raise
                self.stopped = "interrupted"
        return self

    def left(self) -> float | None:
        """Seconds of the budget that are left; None: no limit."""
        seconds = self.config.seconds
        return None if seconds is None else seconds - (self.clock() - self._began)

    def _next(self, step: Step) -> None:
        if reason := self._over():
            self.stopped = reason
            return
        number = len(self.study.tried)
        settings = {} if number == 0 else self._proposed(number)
        if settings is None:
            self.stopped = "everything in the space was tried"
            return
        with self.progress.step(f"trial {number}", self.objective.folds) as folds:
            self._try(number, settings, folds)
        if not self.stopped:
            step.advance(1, self._told())

    def _over(self) -> str:
        """Why no trial is begun any more; empty: one is."""
        tried, left = self.study.tried, self.left()
        if not tried:
            return ""  # the default is seen through, whatever the budget
        if self.config.trials is not None and len(tried) >= self.config.trials:
            return f"{len(tried)} trials were made"
        usual = float(np.median([t.seconds for t in tried if t.state == "done"]))
        if left is None or (left > 0 and left >= usual):
            return ""
        if left > 0:
            return (
                f"the time left ({_clocked(left)}) is less than a trial takes ({_clocked(usual)})"
            )
        over = f"{_clocked(self.config.seconds or 0.0)} are over"
        return over if len(tried) > 1 else f"{over}; a trial takes about {_clocked(usual)}"

    def _try(self, number: int, settings: Settings, step: Step) -> None:
        began, values = self.clock(), list[Doubles]()
        made = Tried(number, settings, self.objective.key(settings), "done", (), 0.0)
        try:
            for fold in range(self.objective.folds):
                values.append(self.objective.measure(settings, fold))
                made = replace(made, means=(*made.means, float(np.concatenate(values).mean())))
                step.advance(1, f"{self.objective.name} {made.means[-1]:.4f}")
                if number and fold < self.objective.folds - 1:
                    if self._is_behind(made, np.concatenate(values)):
                        made = replace(made, state="pruned")
                        step.advance(0, f"stopped early at {made.means[-1]:.4f}")
                        break
                    if (left := self.left()) is not None and left <= 0:
                        self.stopped = f"{_clocked(self.config.seconds or 0.0)} are over"
                        return  # half a trial says too little to be kept
        except _FAILURES as error:  # one bad setting is not the end of a night's search
            if number == 0:
                raise
            made = replace(made, state="failed", error=f"{type(error).__name__}: {error}")
        made = replace(made, seconds=round(self.clock() - began, 3))
        whole = np.concatenate(values) if made.state == "done" else None
        self.study.add(made, self._inside(settings), whole)

    def _is_behind(self, made: Tried, values: Doubles) -> bool:
        if not self.config.prune:
            return False
        best = self.study.values(best_of(self.study.tried).number)[: len(values)]
        return behind(values, best) or self.study.behind(made.means, self.config.startup)

    def _inside(self, settings: Settings) -> Settings:
        """What a trial says of the space: its settings, or those of the defaults that lie in it."""
        if settings:
            return settings
        found = {name: self.objective.default(name) for name in self.space.names}
        return {name: v for name, v in found.items() if self.space.knobs[name].holds(v)}

    def _proposed(self, number: int) -> Settings | None:
        """The first proposal that was not tried yet; None: there is none."""
        known = {t.key for t in self.study.tried}
        for settings in self._proposals(number):
            try:
                key = self.objective.key(settings)
            except ConfigError as error:
                self.impossible[str(settings)] = str(error)
                continue
            if key not in known:
                return settings
        if len(known) < 2 and self.impossible:
            raise ConfigError(
                "space: no combination of its values is possible; the last one: "
                + list(self.impossible.values())[-1]
            )
        return None

    def _proposals(self, number: int) -> Iterator[Settings]:
        """By the method; then anywhere; then whatever is left of the grid."""
        if self.config.method == "bayes":
            for attempt in range(_ATTEMPTS["bayes"]):
                seed = derive(self.seed, "tune", "bayes", number, attempt)
                yield self.study.proposed(seed, self.config.startup)
        if self.config.method != "grid":
            draws = rng(self.seed, "tune", "random", number)
            for _ in range(_ATTEMPTS["random"]):
                yield self.space.draw(draws)
        if self.config.method == "grid" or (self.space.finite and self.space.size <= _MOST_GRID):
            yield from self._grid()

    def _grid(self) -> Iterator[Settings]:
        """Every combination, in an order drawn once: a part of it covers the whole space."""
        n = self.space.size
        if n > _MOST_GRID:
            raise ConfigError(
                f"method: grid, with {n:,} combinations; expected at most {_MOST_GRID:,}. Give "
                "fewer values, or use bayes or random"
            )
        for place in rng(self.seed, "tune", "grid").permutation(n):
            yield self.space.nth(int(place))

    def _told(self) -> str:
        words, left = [], self.left()
        if self.study.tried:
            best = best_of(self.study.tried)
            words.append(f"best {best.means[-1]:.4f} (trial {best.number})")
        return ", ".join([*words, *([] if left is None else [f"{_clocked(left)} left"])])


def behind(values: Doubles, best: Doubles) -> bool:
    """Whether values [B] are below those of the best, of the same people, beyond chance.

    mean(d) < −z · sd(d) / √B, d = values − best; where few were asked nothing is said.
    """
    d = values - best
    if len(d) < _FEW:
        return False
    return bool(d.mean() < -_Z * d.std(ddof=1) / np.sqrt(len(d)))


def best_of(tried: Sequence[Tried]) -> Tried:
    """The trial with the highest value; the first of equals. Trial 0 has one always."""
    return max((t for t in tried if t.state == "done"), key=lambda t: t.means[-1])


def _clocked(seconds: float) -> str:
    """Seconds as minutes and seconds.

    >>> _clocked(75.4)
    '1:15'
    """
    minutes, rest = divmod(round(max(seconds, 0.0)), 60)
    return f"{minutes}:{rest:02}"
