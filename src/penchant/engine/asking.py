"""From "who is this, then, there?" to moments: ids to rows, context to columns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import polars as pl

from penchant.clock import Clock, micros
from penchant.data.histories import Histories, Moments
from penchant.errors import UnknownIdError
from penchant.interests.evolution import steps
from penchant.interests.model import InterestModel

At = datetime | str | None


@dataclass(frozen=True)
class Asking:
    """Questions about people of a log, as the model takes them."""

    log: Histories
    model: InterestModel
    clock: Clock

    def moments(
        self, users: Sequence[str], at: At = None, context: Mapping[str, str] | None = None
    ) -> Moments:
        """What is known of some users at a time; None is the present of the log, its last event."""
        rows = self.log.users.rows(list(users)).astype(np.int64)
        made = self.log.moments_at(rows, np.full(len(users), self.present(at), np.int64))
        return replace(made, context=self._context(len(users), context))

    def present(self, at: At = None) -> int:
        """A time in µs; None is the present of the log, its last event."""
        if at is not None:
            return micros(at)
        return int(self.log.time.max()) if len(self.log) else micros(self.clock())

    def course(self, user_id: str, step: str, since: At, until: At) -> tuple[Moments, Moments]:
        """Somebody's whole history, and the moments of every step of it up to its end."""
        now = self.moments([user_id], until)
        first = int(now.time.min()) if len(now.time) else int(now.at[0])
        times = steps(first if since is None else micros(since), int(now.at[0]), step)
        rows = np.repeat(self.log.users.rows([user_id]).astype(np.int64), len(times))
        made = self.log.moments_at(rows, times)
        return now, replace(made, context=self._context(len(times), None))

    def _context(self, B: int, context: Mapping[str, str] | None) -> dict[str, pl.Series]:
        layer = self.model.layers.get("context")
        known = [v.name for v in getattr(layer, "variables_", [])]
        for name in context or {}:
            if name not in known:
                raise UnknownIdError(
                    f"context {name!r}: the model knows {', '.join(known) or 'no context'}"
                )
        return {
            name: pl.Series(name, [None if context is None else context.get(name)] * B, pl.String)
            for name in known
        }
