"""From "who is this, then, there?" to moments: ids to rows, context to columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from penchant.clock import Clock, micros, when
from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.data.statements import DIRECTIONS
from penchant.engine.feedback import Feedback, Hearing, Ledger
from penchant.engine.view import View
from penchant.errors import DataError, UnknownIdError, did_you_mean
from penchant.interests.context.variables import Variable
from penchant.interests.context.when import ContextLifts, population
from penchant.interests.evolution import steps
from penchant.interests.model import InterestModel
from penchant.recommend.explain import Explainer
from penchant.recommend.pipeline import Pipeline, RecommendConfig
from penchant.types import Longs, Progress, Report

At = datetime | str | None


@dataclass(frozen=True)
class Asking:
    """Questions about people of a log, as the model takes them."""

    log: Histories
    view: View
    clock: Clock
    ledger: Ledger
    latest: int | None
    kind: Callable[[int], str]
    """The type of an event by its `source` in the log."""

    @property
    def model(self) -> InterestModel:
        """The model that is asked."""
        return self.view.model

    def explainer(self, most: int) -> Explainer:
        """Gives reasons, which name at most so many events."""
        return Explainer(self.model, self.view.items, self.kind, most)

    def pipeline(self, config: RecommendConfig) -> Pipeline:
        """Makes lists."""
        return Pipeline(self.model, self.view.shelf, self.explainer(config.events), config)

    def moments(
        self, users: Sequence[str], at: At = None, context: Mapping[str, str] | None = None
    ) -> Moments:
        """What is known of some users at a time; None is the present of the log, its last event."""
        rows = self.log.users.rows(list(users)).astype(np.int64)
        times = np.full(len(users), self.present(at), np.int64)
        made = self.log.moments_at(rows, times)
        return replace(
            made,
            context=self._context(len(users), context),
            said=self._hearing.at(users, self._spoken(at)),
            around=self.log.around(list(users), times),
        )

    @property
    def _hearing(self) -> Hearing:
        return Hearing(self.ledger, self.model.catalogue.tree, self.model.catalogue.items)

    def _spoken(self, at: At) -> int:
        """Up to when people's word counts (µs); None: up to now, however old the log is."""
        if at is not None:
            return micros(at)
        return max(self.present(), micros(self.clock()))

    def feedback(
        self,
        user_id: str,
        direction: str | None,
        named: tuple[str | None, str | None],
        at: At,
        event_id: str | None,
    ) -> Feedback:
        """Keep what somebody says of an interest or item, if anything; and what stands then."""
        interest, item = named
        report = Report()
        if direction is not None:
            time = self.clock() if at is None else when(micros(at))
            report = self._hearing.say(user_id, direction, interest, item, time, event_id)
        elif interest is not None or item is not None or event_id is not None:
            raise DataError(
                f"direction: nothing came; expected one of {', '.join(DIRECTIONS)} with the "
                "interest or item, or the user alone to see what was said"
            )
        until, titles = self._spoken(at), self.explainer(0).title  # what was just said counts
        return Feedback(user_id, self._hearing.standing(user_id, until, titles), report)

    def present(self, at: At = None) -> int:
        """A time in µs; None is the present of the log, its last event."""
        if at is not None:
            return micros(at)
        return micros(self.clock()) if self.latest is None else self.latest

    def course(self, user_id: str, step: str, since: At, until: At) -> tuple[Moments, Moments]:
        """Somebody's whole history, and the moments of every step of it up to its end."""
        now = self.moments([user_id], until)
        first = int(now.time.min()) if len(now.time) else int(now.at[0])
        times = steps(first if since is None else micros(since), int(now.at[0]), step)
        return now, self._at_times(user_id, times)

    def between(self, user_id: str, first: At, last: At) -> tuple[Moments, Moments]:
        """Somebody's whole history up to the later of two times, and the moments of both.

        Raises:
            DataError: the first is not the earlier one.
        """
        now = self.moments([user_id], last)
        times = np.array([self.present(first), int(now.at[0])], np.int64)
        if times[0] >= times[1]:
            raise DataError(
                f"times: {when(int(times[0])):%Y-%m-%d %H:%M:%S} and "
                f"{when(int(times[1])):%Y-%m-%d %H:%M:%S} came; expected the earlier one first"
            )
        return now, self._at_times(user_id, times)

    def _at_times(self, user_id: str, times: Longs) -> Moments:
        """What is known of one person at some times."""
        rows = np.repeat(self.log.users.rows([user_id]).astype(np.int64), len(times))
        made = self.log.moments_at(rows, times)
        said = self._hearing.course(user_id, times)
        return replace(made, context=self._context(len(times), None), said=said)

    def lifts(
        self, user_id: str | None, level: int, at: At, *, seed: int, progress: Progress
    ) -> ContextLifts:
        """What one user, or everybody (None), likes when, by the acts up to a time."""
        log = self.log if at is None else self.log.keep(self.log.time <= micros(at))
        everybody = population(
            log, self.model.catalogue.tree, self.model.config.context.clock,
            level=level, seed=seed, progress=progress,
        )  # fmt: skip
        if user_id is None:
            return everybody.everybody
        return everybody.person(int(log.users.rows([user_id])[0]), user_id)

    def unheard(self, context: Mapping[str, str] | None) -> Report:
        """What of a context changes nothing, as the model never learned of it."""
        said, heard, report = context or {}, self._heard(context), Report()
        lost = [f"{name}={said[name]}" for name in said if heard[name] is None]
        what = "unknown values of the context, left out"
        report.add("recommend", what, len(lost), total=len(said), examples=lost)
        return report

    def _context(self, B: int, context: Mapping[str, str] | None) -> dict[str, pl.Series]:
        heard = self._heard(context)
        return {name: pl.Series(name, [value] * B, pl.String) for name, value in heard.items()}

    def _heard(self, context: Mapping[str, str] | None) -> dict[str, str | None]:
        """What was said of each variable that the model knows; None where that tells it nothing."""
        variables: Sequence[Variable] = getattr(self.model.layers.get("context"), "variables_", [])
        heard: dict[str, str | None] = dict.fromkeys(v.name for v in variables)
        for name in context or {}:
            if name not in heard:
                raise UnknownIdError(
                    f"context {name!r}: the model knows {', '.join(heard) or 'no context'}"
                )
        for variable in variables:
            if context and context.get(variable.name) is not None:
                heard[variable.name] = _known(variable, str(context[variable.name]))
        return heard


def _known(variable: Variable, value: str) -> str | None:
    """A value, if the model learned of it. Columns may have others in time, the clock may not."""
    if value in variable.values:
        return value
    if variable.clock:
        raise DataError(
            f"context {variable.name}: {value!r} came; expected one of "
            f"{', '.join(variable.values)}.{did_you_mean(value, variable.values)}"
        )
    return None
