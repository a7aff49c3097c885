"""What a check looks at, and what it says."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias

import polars as pl
from pydantic import Field

from penchant.config import Config
from penchant.data.clean import CleanConfig
from penchant.data.strength import EventsConfig
from penchant.types import Report

Status: TypeAlias = Literal["PASS", "WARN", "FAIL"]


class CheckConfig(Config):
    """From which point on something is worth a word."""

    least_events: int = Field(default=1000, ge=1)
    """Fewer events than this teach little: a warning. Fewer than two are a failure."""
    many: float = Field(default=0.05, ge=0.0, le=1.0)
    """Share of rows from which a common flaw (duplicates, rows set aside) is a warning."""
    most: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of rows from which it is a failure."""
    midnight: float = Field(default=0.9, ge=0.0, le=1.0)
    """Share of times at midnight from which they are taken to be days."""
    long_text: int = Field(default=10_000, ge=1)
    """Characters from which a text is long: encoders read a few hundred words."""
    span_days: float = Field(default=7.0, ge=0.0)
    """Days that a log should cover at least: interests change over weeks."""
    context_values: int = Field(default=100, ge=2)
    """Most different values of a column that may serve as context."""
    events: EventsConfig = Field(default_factory=EventsConfig)
    """What events mean."""
    clean: CleanConfig = Field(default_factory=CleanConfig)
    """How the tables would be cleaned."""


@dataclass(frozen=True)
class CheckResult:
    """What one check found: how many rows (or ids) of how many, what it means, what to do."""

    name: str
    status: Status
    count: int
    total: int
    message: str
    advice: str = ""

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.status}  {self.name}: {self.message}{'. ' * bool(self.advice)}{self.advice}"

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Tables:
    """What checks look at: events and items in shape, and what was counted on the way there."""

    events: pl.DataFrame
    items: pl.DataFrame
    described: bool
    """Whether a table of items came at all."""
    rows: int
    """Events before any were set aside."""
    report: Report
    config: CheckConfig
    now: datetime

    def graded(self, name: str, count: int, total: int, message: str, advice: str) -> CheckResult:
        """PASS, WARN or FAIL by the share of rows that have a flaw."""
        share = count / total if total else 0.0
        status: Status = "PASS"
        if share >= self.config.many:
            status = "FAIL" if share >= self.config.most else "WARN"
        return CheckResult(name, status, count, total, message, advice if count else "")

    def noted(self, name: str, count: int, total: int, message: str, advice: str) -> CheckResult:
        """PASS or WARN by the share of rows: a flaw that one can live with."""
        found = self.graded(name, count, total, message, advice)
        return found if found.status == "PASS" else replace(found, status="WARN")


def passed(name: str, total: int, message: str, count: int = 0) -> CheckResult:
    """Nothing to worry about."""
    return CheckResult(name, "PASS", count, total, message)


def warned(name: str, count: int, total: int, message: str, advice: str) -> CheckResult:
    """A warning where anything was found, else a pass."""
    return CheckResult(
        name, "WARN" if count else "PASS", count, total, message, advice * bool(count)
    )
