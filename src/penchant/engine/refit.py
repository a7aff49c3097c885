"""Learning anew beside a model that serves: the new one serves only if it is not worse.

Both are asked about the newest part of the log, which neither has learned from: what came since the
one that serves was learned, and the new one is first learned without it. If it stands the
comparison, it is learned again from the whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from penchant.clock import when
from penchant.data.histories import Histories
from penchant.engine.config import EngineConfig, RefitConfig
from penchant.engine.learning import Learning
from penchant.engine.live import Live
from penchant.engine.prepared import Prepared
from penchant.evaluate.significance import Paired, paired
from penchant.interests.model import InterestModel
from penchant.random import derive
from penchant.store.tables import Tables
from penchant.train.holdout import Holdout, HoldoutConfig, hold_out, ndcg
from penchant.types import Doubles, Report


@dataclass(frozen=True)
class Comparison:
    """Mean NDCG@10 on the newest part of the log of the model that serves and of the new one, and
    their difference over the same people; `better`: the new one may serve. `before` is the version
    that serves (None in memory), `window` when that part begins and ends (µs), and `allowed` the
    share of the NDCG@10 that may be lost."""

    running: float
    fresh: float
    people: int
    better: bool
    lead: Paired | None = None
    before: str | None = None
    window: tuple[int, int] | None = None
    allowed: float = 0.0

    @property
    def verdict(self) -> Literal["too few", "not worse", "worse"]:
        """What came out: `too few` people to compare by, or how the new one is."""
        if self.lead is None:
            return "too few"
        return "not worse" if self.better else "worse"

    def to_json(self) -> dict[str, Any]:
        """As plain values; NDCG is null where there were too few people to compare by."""
        lead, window = self.lead, self.window
        return {
            "before": self.before,
            "running": None if lead is None else self.running,
            "new": None if lead is None else self.fresh,
            "lead": None if lead is None else [lead.difference, lead.low, lead.high],
            "people": self.people,
            "window": None if window is None else [when(us).isoformat() for us in window],
            "allowed_loss": self.allowed,
            "verdict": self.verdict,
            "better": self.better,
        }


@dataclass(frozen=True)
class Refit:
    """What a refit did: the version that serves now, None where the one before goes on (or there
    are none, in memory); how they compare, None where nothing served before, or there was nothing
    new to learn; `held_out`: what the fit measured of the new one that serves (see `HeldOut`)."""

    version: str | None
    comparison: Comparison | None
    report: Report = field(default_factory=Report)
    nothing_new: bool = False
    held_out: Mapping[str, Any] | None = None

    @property
    def promoted(self) -> bool:
        """Whether the new one serves."""
        return not self.nothing_new and (self.comparison is None or self.comparison.better)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "version": self.version,
            "promoted": self.promoted,
            "nothing_new": self.nothing_new,
            "comparison": None if self.comparison is None else self.comparison.to_json(),
            "held_out": None if self.held_out is None else dict(self.held_out),
            "report": self.report.to_json(),
        }

    def __str__(self) -> str:
        """A line or two for people."""
        c = self.comparison
        if self.nothing_new:
            return (
                "nothing came since the model that serves was learned, with the same settings: it "
                "goes on serving (`penchant fit` learns anew all the same)"
            )
        if c is None:
            return f"learned {self.version or 'a model in memory'}; nothing served before"
        if c.lead is None:
            how = f"{c.people} people came since: too few to compare by"
        else:
            how = (
                f"NDCG@10 on the newest events of {c.people} people: {c.fresh:.4f}, the one before "
                f"{c.running:.4f} (difference {c.lead.low:+.4f} to {c.lead.high:+.4f})"
            )
        end = f"{self.version or 'the new model'} serves now" if c.better else "it goes on serving"
        return f"{how}; {end}"


def nothing_new(tables: Tables, data: Prepared, live: Live, config: EngineConfig) -> bool:
    """Whether the model that serves was learned from all that is stored, as it would be now."""
    kinds, since = {"events", "items", "relations", "forget"}, live.facts.change
    if any(change.kind in kinds for change in tables.changes(since)):
        return False
    return replace(data.facts, change=since) == live.facts and config.asking(live.config) == config


def compared(
    learning: Learning,
    running: InterestModel,
    since: int | None,
    config: RefitConfig,
    before: str | None = None,
) -> Comparison:
    """A new model, learned without the newest part of the log, beside the one that serves, whose
    catalogue has the items of `learning.data` in their order; `since` is the time of the last event
    that it knows (µs): of that part, it has seen nothing. `before` is that one's version."""
    data, seed = learning.data, learning.data.config.seed
    unseen = data.log.time > (-1 if since is None else since)
    share = min(config.share, float(unseen.mean()) if len(unseen) else 0.0)
    few = Comparison(0.0, 0.0, 0, better=True, before=before, allowed=config.worse)
    if not share:
        return few
    settings = HoldoutConfig(kind="time", share=share, moments=config.people)
    left, newest = hold_out(data.log, settings, repeats=data.repeats, seed=derive(seed, "refit"))
    few = replace(few, people=len(newest), window=_window(data.log, left))
    if len(newest) < config.least:
        return few
    fresh = learning.model(left).model
    new, old = _asked(fresh, newest), _asked(running, newest)
    lead = paired(new, old, seed=seed)
    better = bool(new.mean() >= (1.0 - config.worse) * old.mean())
    return replace(
        few, running=float(old.mean()), fresh=float(new.mean()), better=better, lead=lead
    )


def _window(log: Histories, left: Histories) -> tuple[int, int] | None:
    """When the part of a log begins and ends (µs) that came after what is left of it."""
    later = log.time[log.time > left.time.max()] if len(left) else log.time
    return (int(later.min()), int(later.max())) if len(later) else None


def _asked(model: InterestModel, newest: Holdout) -> Doubles:
    """NDCG@10 of each person."""
    found = [
        ndcg(model.score(some), newest.take(np.arange(len(newest))[rows]))
        for rows, some in model.chunks(newest.moments)
    ]
    return np.concatenate(found).astype(np.float64)
