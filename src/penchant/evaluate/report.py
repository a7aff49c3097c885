"""The answer to "how good is it?": a table with intervals, differences, slices, and its origin."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penchant.errors import DataError
from penchant.evaluate.fingerprint import Fingerprint
from penchant.evaluate.significance import bootstrap, holm, paired
from penchant.evaluate.writing import markdown, plain, written
from penchant.types import Bools, Doubles, Report

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

SHOWN = ("recall@10", "ndcg@10", "mrr@10", "hit_rate@10", "auc", "coverage@10")
"""Metrics of the printed table, where they were measured."""
ALL = "all"


@dataclass(frozen=True)
class Row:
    """One scorer's value of one metric over a slice of the users, with its 95 % interval.

    A value of the whole run (coverage, Gini) has no interval; None says that there is nothing to
    say, as of the diversity of empty lists.
    """

    slice: str
    scorer: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    users: int


@dataclass(frozen=True)
class Difference:
    """The model's mean lead over a baseline on the same users, with its 95 % interval.

    `p` is of the paired randomisation test, corrected by Holm over the baselines of the metric.
    """

    metric: str
    model: str
    baseline: str
    difference: float
    low: float
    high: float
    p: float
    p_wilcoxon: float
    users: int

    @property
    def clear(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Evaluation:
    """How good a model is, beside its baselines."""

    model: str
    rows: tuple[Row, ...]
    differences: tuple[Difference, ...]
    fingerprint: Fingerprint
    chosen: dict[str, dict[str, Any]] = field(default_factory=dict)
    interests: tuple[dict[str, Any], ...] = ()
    report: Report = field(default_factory=Report)

    def value(self, metric: str, scorer: str | None = None, within: str = ALL) -> float:
        """One figure; of the model unless another scorer is named.

        Raises:
            DataError: it was not measured.
        """
        name = self.model if scorer is None else scorer
        for row in self.rows:
            if (row.slice, row.scorer, row.metric) == (within, name, metric):
                return math.nan if row.value is None else row.value
        raise DataError(
            f"evaluation: no {metric!r} of {name!r} in slice {within!r}; there are metrics "
            f"{self.metrics}, scorers {self.scorers}, slices {self.slices}"
        )

    @property
    def metrics(self) -> list[str]:
        """Names of what was measured."""
        return list(dict.fromkeys(row.metric for row in self.rows))

    @property
    def scorers(self) -> list[str]:
        """Names of who was measured, the model first."""
        return list(dict.fromkeys([self.model, *(row.scorer for row in self.rows)]))

    @property
    def slices(self) -> list[str]:
        """Names of the groups of users, all of them first."""
        return list(dict.fromkeys(row.slice for row in self.rows))

    def to_frame(self) -> pl.DataFrame:
        """Every figure: slice, scorer, metric, value, low, high, users."""
        kinds = {"slice": pl.String, "scorer": pl.String, "metric": pl.String}
        figures = {"value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "users": pl.Int64}
        return pl.DataFrame([asdict(row) for row in self.rows], schema={**kinds, **figures})

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values; what is not a number is null."""
        found = {
            "model": self.model,
            "rows": [asdict(row) for row in self.rows],
            "differences": [{**asdict(d), "clear": d.clear} for d in self.differences],
            "chosen": self.chosen,
            "interests": list(self.interests),
            "set_aside": self.report.to_json(),
            "fingerprint": self.fingerprint.to_json(),
        }
        told: dict[str, Any] = plain(found)
        return told

    def to_markdown(self) -> str:
        """The tables of the evaluation as Markdown."""
        parts = [f"# {self.model}", markdown(*self._main()), f"{_users(self.rows)} users."]
        if self.differences:
            parts += ["## Lead over the baselines", markdown(*self._leads())]
        if len(self.slices) > 1:
            parts += ["## By group of users", markdown(*self._groups())]
        if self.interests:
            head = list(self.interests[0])
            body = [[_number(row[name]) for name in head] for row in self.interests]
            parts += ["## Next interest by level", markdown(head, body)]
        if self.report.findings:
            parts += ["## Set aside", "\n".join(f"- {f!s}" for f in self.report.findings)]
        origin = [f"- {k}: {_told(v)}" for k, v in self.fingerprint.to_json().items()]
        return "\n\n".join([*parts, "## Made from", "\n".join(origin)]) + "\n"

    def write(self, folder: Path | str) -> list[Path]:
        """Write `evaluation.json` and `evaluation.md`, each whole or not at all."""
        where = Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        told = json.dumps(self.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
        texts = {"evaluation.json": told + "\n", "evaluation.md": self.to_markdown()}
        return [written(where / name, text) for name, text in texts.items()]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw the tables (what the command line prints)."""
        yield _table(f"{_users(self.rows)} users, full ranking", *self._main())
        if self.differences:
            yield _table(f"lead of {self.model}", *self._leads())
        if len(self.slices) > 1:
            yield _table("by group of users", *self._groups())

    def __str__(self) -> str:
        """The same tables as plain text."""
        from rich.console import Console

        text = StringIO()
        Console(file=text, width=120, color_system=None).print(self)
        return text.getvalue().rstrip()

    def _main(self) -> tuple[list[str], list[list[str]]]:
        shown = [m for m in SHOWN if m in self.metrics] or self.metrics[:6]
        cells = {(r.scorer, r.metric): r for r in self.rows if r.slice == ALL}
        body = [[name, *(_cell(cells.get((name, m))) for m in shown)] for name in self.scorers]
        return ["scorer", *shown], body

    def _leads(self) -> tuple[list[str], list[list[str]]]:
        body = [
            [d.baseline, d.metric, f"{d.difference:+.4f} [{d.low:+.4f}, {d.high:+.4f}]", _p(d.p)]
            for d in self.differences
        ]
        return ["over", "metric", "difference", "p"], body

    def _groups(self) -> tuple[list[str], list[list[str]]]:
        metric = next((m for m in ("ndcg@10", *self.metrics) if m in self.metrics), "")
        rows = [r for r in self.rows if r.metric == metric]
        cells = {(r.slice, r.scorer): r for r in rows}
        sizes = {r.slice: r.users for r in rows}
        body = [
            [name, f"{sizes[name]:,}", *(_cell(cells.get((name, s)), False) for s in self.scorers)]
            for name in sizes
        ]
        return [f"{metric} by group", "users", *self.scorers], body


def evaluation(
    values: Mapping[str, Mapping[str, Doubles]],
    fingerprint: Fingerprint,
    *,
    model: str,
    whole: Mapping[str, Mapping[str, float]] | None = None,
    slices: Mapping[str, Bools] | None = None,
    compared: Sequence[str] = ("ndcg@10", "recall@10"),
    **rest: Any,
) -> Evaluation:
    """Sum up what was measured.

    `values`: scorer → metric → value of every user [U], NaN where a metric says nothing of a user.
    `whole`: scorer → metric → one figure of the whole run. `slices`: name → mask [U]. `rest`:
    the other fields of `Evaluation`.

    Raises:
        DataError: scorers were measured on different users, or the model was not measured.
    """
    _check(values, model, slices or {})
    seed = fingerprint.seed
    groups = {ALL: np.ones(_count(values), bool), **(slices or {})}
    rows = [r for name, mask in groups.items() for r in _rows(values, name, mask, seed)]
    for scorer, figures in (whole or {}).items():
        rows += [
            Row(ALL, scorer, metric, _or_none(float(v)), None, None, _count(values))
            for metric, v in figures.items()
        ]
    leads = [d for metric in compared for d in _compared(values, model, metric, seed)]
    return Evaluation(model, tuple(rows), tuple(leads), fingerprint, **rest)


def _rows(
    values: Mapping[str, Mapping[str, Doubles]], name: str, mask: Bools, seed: int
) -> Iterator[Row]:
    for scorer, metrics in values.items() if mask.any() else ():
        table = np.column_stack([np.asarray(v, np.float64)[mask] for v in metrics.values()])
        for metric, i in zip(metrics, bootstrap(table, seed=seed), strict=True):
            value, low, high = (_or_none(v) for v in (i.value, i.low, i.high))
            yield Row(name, scorer, metric, value, low, high, i.users)


def _compared(
    values: Mapping[str, Mapping[str, Doubles]], model: str, metric: str, seed: int
) -> list[Difference]:
    if metric not in values[model]:
        return []
    ours = values[model][metric]
    found = {
        name: paired(ours, theirs[metric], seed=seed)
        for name, theirs in values.items()
        if name != model and metric in theirs
    }
    fixed = holm([p.p_randomisation for p in found.values()])
    return [
        Difference(metric, model, name, d.difference, d.low, d.high, p, d.p_wilcoxon, d.users)
        for (name, d), p in zip(found.items(), fixed, strict=True)
    ]


def _check(
    values: Mapping[str, Mapping[str, Doubles]], model: str, slices: Mapping[str, Bools]
) -> None:
    if not values.get(model):
        raise DataError(f"model: {model!r} was not measured; there are {sorted(values)}")
    sizes = {f"{s} {m}": len(v) for s, metrics in values.items() for m, v in metrics.items()}
    sizes.update({f"slice {name}": len(mask) for name, mask in slices.items()})
    wrong = {what: n for what, n in sizes.items() if n != _count(values)}
    if wrong or not _count(values):
        raise DataError(f"values: {wrong or sizes} came; expected the same users (≥ 1) everywhere")


def _count(values: Mapping[str, Mapping[str, Doubles]]) -> int:
    return next((len(v) for metrics in values.values() for v in metrics.values()), 0)


def _users(rows: Sequence[Row]) -> str:
    return f"{max((row.users for row in rows), default=0):,}"


def _cell(row: Row | None, interval: bool = True) -> str:
    if row is None or row.value is None:
        return "–"
    if not interval or row.low is None or row.high is None:
        return f"{row.value:.4f}"
    return f"{row.value:.4f} ±{(row.high - row.low) / 2:.4f}"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _told(value: Any) -> str:
    return (
        f"`{json.dumps(plain(value), ensure_ascii=False)}`"
        if isinstance(value, dict)
        else str(value)
    )


def _table(title: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> "Table":
    from rich.table import Table

    table = Table(title=title)
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left")
    for line in body:
        table.add_row(*line)
    return table


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
