"""What a stream did so far: counts, rate and lag, for people, for the log and for Prometheus."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from penchant.store.tables import Receipt
from penchant.types import Finding, Report

logger = logging.getLogger(__name__)


@dataclass
class Tally:
    """Counts since the beginning.

    messages: done with; new, known, replaced: rows by what the store said of them; differing: those
    of `known` that say something else than the row that has their id, which stays; dead: dead
    letters; lost: not taken in until the stop, and never to come again; failures: tries that the
    store did not take; lag: how much waits, by partition, in `unit`; waiting: the error of the last
    try, while it is tried again.
    """

    unit: str = "messages"
    messages: int = 0
    new: int = 0
    known: int = 0
    replaced: int = 0
    differing: int = 0
    dead: int = 0
    lost: int = 0
    batches: int = 0
    failures: int = 0
    lag: Mapping[str, int] = field(default_factory=dict)
    waiting: str = ""
    began: float = field(default_factory=monotonic)
    _findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    _told: tuple[float, int] = field(default=(0.0, 0))

    def count(self, messages: int, receipts: Iterable[Receipt], dead: int) -> None:
        """A batch is done with; there is a receipt for each part that was taken in by itself."""
        self.batches += 1
        self.messages += messages
        self.dead += dead
        for receipt in receipts:
            self.new += receipt.new
            self.known += receipt.known
            self.replaced += receipt.replaced
            self.differing += receipt.differing
            self.note(receipt.notes)

    def note(self, report: Report) -> None:
        """Add findings to those of the same kind."""
        for f in report.findings:
            before = self._findings.get((f.step, f.what), Finding(f.step, f.what, 0))
            some = tuple(dict.fromkeys([*before.examples, *f.examples]))[:3]
            self._findings[f.step, f.what] = Finding(
                f.step, f.what, before.count + f.count, examples=some
            )

    @property
    def report(self) -> Report:
        """What was set aside, changed or noticed."""
        return Report(list(self._findings.values()))

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return monotonic() - self.began

    @property
    def behind(self) -> int:
        """The lag of all partitions together."""
        return sum(self.lag.values())

    def tell(self, every: float) -> None:
        """A line in the log, unless one was written a short while ago."""
        now = monotonic()
        at, messages = self._told if self._told[0] else (self.began, 0)
        if now - at < every:
            return
        rate = (self.messages - messages) / max(now - at, 1e-9)
        self._told = (now, self.messages)
        logger.info(
            "%d messages, %.0f a second, %d dead letters, lag %d %s%s",
            self.messages,
            rate,
            self.dead,
            self.behind,
            self.unit,
            f"; waiting: {self.waiting}" if self.waiting else "",
        )

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "messages": self.messages,
            "new": self.new,
            "known": self.known,
            "replaced": self.replaced,
            "differing": self.differing,
            "dead_letters": self.dead,
            "lost": self.lost,
            "failures": self.failures,
            "seconds": round(self.seconds, 3),
            "lag": dict(self.lag),
            "lag_unit": self.unit,
            "report": self.report.to_json(),
        }

    def prometheus(self) -> str:
        """As text that Prometheus reads.

        >>> tally = Tally(lag={"events/0": 3}); tally.messages = 7
        >>> print(tally.prometheus().splitlines()[2])
        penchant_stream_messages_total 7
        """
        counts = {
            "messages": ("Messages that are done with.", self.messages),
            "new_rows": ("Rows that were not in the store.", self.new),
            "known_rows": ("Rows that were in the store already.", self.known + self.replaced),
            "differing_rows": ("Rows that say something else under a known id.", self.differing),
            "dead_letters": ("Messages that could not be used.", self.dead),
            "lost": ("Messages not taken in that never come again.", self.lost),
            "failures": ("Tries that the store did not take.", self.failures),
        }
        lines = []
        for name, (what, count) in counts.items():
            lines += [f"# HELP penchant_stream_{name}_total {what}",
                      f"# TYPE penchant_stream_{name}_total counter",
                      f"penchant_stream_{name}_total {count}"]  # fmt: skip
        lines += [f"# HELP penchant_stream_lag_{self.unit} What waits behind what was committed.",
                  f"# TYPE penchant_stream_lag_{self.unit} gauge"]  # fmt: skip
        for place, behind in self.lag.items():
            label = place.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'penchant_stream_lag_{self.unit}{{partition="{label}"}} {behind}')
        return "\n".join([*lines, ""])
