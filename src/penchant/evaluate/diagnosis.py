"""The answer to "which layer helps whom?": figures by group of users, and what they say.

A lead is the whole's mean figure minus a scorer's over the same users: below zero, the whole is
worse. It is clear when its 95 % interval excludes zero and enough users stand behind it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import polars as pl

from penchant.errors import DataError
from penchant.evaluate.diagnosis_tables import drawn, lead, number, tables
from penchant.evaluate.fingerprint import Fingerprint
from penchant.evaluate.groups import Groups
from penchant.evaluate.scored import ALL, INFLUENCE, Figure, Scored
from penchant.evaluate.significance import Interval, bootstrap
from penchant.evaluate.writing import markdown, plain, written
from penchant.types import Bools, Doubles, Finding, Report

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

WIDE = 96
"""From so many columns on the best baseline is shown beside the layers."""

Verdict = Literal["helps", "hurts", "no clear difference", "not used"]


@dataclass(frozen=True)
class Diagnosis:
    """Which layer helps whom, and where the whole is worse than one of its layers."""

    model: str
    layers: tuple[str, ...]
    k: int
    figures: tuple[Figure, ...]
    fingerprint: Fingerprint
    chosen: dict[str, dict[str, Any]] = field(default_factory=dict)
    report: Report = field(default_factory=Report)

    @property
    def metric(self) -> str:
        """The metric that verdicts go by: NDCG at the length of the lists."""
        return f"ndcg@{self.k}"

    @cached_property
    def _found(self) -> dict[tuple[str, str, str], Figure]:
        return {(f.group, f.scorer, f.metric): f for f in self.figures}

    @property
    def groups(self) -> dict[str, int]:
        """Groups with anybody in them, all users first, and how many users each has."""
        return {f.group: f.users for f in self.figures if f.role == "whole"}

    @cached_property
    def distinct(self) -> dict[str, int]:
        """Groups that are not the same users again as one before."""
        told: dict[str, list[float | None]] = {name: [] for name in self.groups}
        for f in self.figures:
            told[f.group].append(f.value)
        seen: dict[tuple[float | None, ...], str] = {}
        first = {name: seen.setdefault((n, *told[name]), name) for name, n in self.groups.items()}
        return {name: n for name, n in self.groups.items() if first[name] == name}

    @property
    def baselines(self) -> list[str]:
        """Names of the baselines that were measured."""
        return list(dict.fromkeys(f.scorer for f in self.figures if f.role == "baseline"))

    def figure(
        self, scorer: str | None = None, metric: str | None = None, within: str = ALL
    ) -> Figure:
        """One figure: of the whole, in NDCG, over all users, unless something else is named.

        Raises:
            DataError: it was not measured.
        """
        key = (within, scorer or self.model, metric or self.metric)
        if key not in self._found:
            scorers = dict.fromkeys(f.scorer for f in self.figures)
            raise DataError(
                f"diagnosis: no {key[2]!r} of {key[1]!r} in group {key[0]!r}; there are scorers "
                f"{[*scorers]}, groups {[*self.groups]}"
            )
        return self._found[key]

    def verdict(self, layer: str, within: str = ALL) -> Verdict:
        """What a layer does to the whole: compared with the whole without it.

        Raises:
            DataError: there is no such layer or group.
        """
        if not self.figure(f"{layer} alone", INFLUENCE, within).value:
            return "not used"
        if len(self.layers) == 1:
            return "helps"
        without = self.figure(f"without {layer}", within=within)
        return "helps" if without.better else "hurts" if without.worse else "no clear difference"

    @property
    def worse(self) -> list[Figure]:
        """Wherever the whole is worse than a layer, itself without one, or a baseline, beyond
        noise; by NDCG, the largest group first."""
        found = [f for f in self.figures if f.metric == self.metric and f.worse]
        return sorted(found, key=lambda f: (-f.users, f.lead or 0.0))

    def findings(self) -> list[str]:
        """What the figures say, a sentence each."""
        lines = [self._sentence(f) for f in self.worse if f.group in self.distinct]
        tried = sum(f.lead is not None for f in self.figures if f.metric == self.metric)
        if not lines:
            against = "than a layer alone, than itself without one"
            against += ", or than a baseline" if self.baselines else ""
            lines = [f"nowhere is the whole worse beyond noise {against}"]
        else:
            few = "where there is no difference, one in forty looks so by chance"
            lines.append(f"{tried} comparisons were made; {few}")
        return lines

    def _sentence(self, f: Figure) -> str:
        who = "for all" if f.group == ALL else f"for {f.group}"
        ours, theirs = number(self.figure(within=f.group).value), number(f.value)
        figures = f"{self.metric} {ours} against {theirs}"
        than = f"itself {f.scorer}" if f.role == "without" else f.scorer
        return f"{who} ({f.users:,} users) the whole is worse than {than}: {figures}, {lead(f)}"

    def to_frame(self) -> pl.DataFrame:
        """Every figure: side, group, scorer, role, of, metric, value, low, high, lead, lead_low,
        lead_high, users."""
        words = dict.fromkeys(("side", "group", "scorer", "role", "of", "metric"), pl.String)
        numbers = ("value", "low", "high", "lead", "lead_low", "lead_high")
        kinds = {**words, **dict.fromkeys(numbers, pl.Float64), "users": pl.Int64}
        return pl.DataFrame([asdict(f) for f in self.figures], schema=kinds)

    def to_json(self) -> dict[str, Any]:
        """Everything as plain values; what is not a number is null."""
        told: dict[str, Any] = plain(
            {
                "model": self.model,
                "layers": self.layers,
                "k": self.k,
                "findings": self.findings(),
                "verdicts": {layer: self.verdict(layer) for layer in self.layers},
                "figures": [asdict(f) for f in self.figures],
                "chosen": self.chosen,
                "set_aside": self.report.to_json(),
                "fingerprint": self.fingerprint.to_json(),
            }
        )
        return told

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """A diagnosis as `to_json` told it."""
        set_aside = [Finding(**{**f, "examples": tuple(f["examples"])}) for f in told["set_aside"]]
        return cls(
            told["model"], tuple(told["layers"]), told["k"],
            tuple(Figure(**f) for f in told["figures"]),
            Fingerprint(**told["fingerprint"]), dict(told["chosen"]), Report(set_aside),
        )  # fmt: skip

    def to_markdown(self) -> str:
        """The tables as Markdown."""
        parts = [f"# Which layer helps whom: {self.model}"]
        parts += ["\n".join(f"- {line}" for line in self.findings())]
        for title, head, body in tables(self):
            parts += [f"## {title}", markdown(head, body)]
        parts += ["A star marks a lead whose 95 % interval excludes zero."]
        if self.report.findings:
            parts += ["## Set aside", "\n".join(f"- {f!s}" for f in self.report.findings)]
        origin = self.fingerprint
        made = f"{origin.date}, version {origin.version}, seed {origin.seed}, data {origin.data}"
        return "\n\n".join([*parts, f"Made {made}."]) + "\n"

    def write(self, folder: Path | str) -> list[Path]:
        """Write `diagnosis.json` and `diagnosis.md`, each whole or not at all."""
        where = Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        told = json.dumps(self.to_json(), indent=2, ensure_ascii=False, allow_nan=False)
        texts = {"diagnosis.json": told + "\n", "diagnosis.md": self.to_markdown()}
        return [written(where / name, text) for name, text in texts.items()]

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        """Draw the tables, what they say last (what the command line prints)."""
        for title, head, body in tables(self, baselines=options.max_width >= WIDE):
            yield drawn(title, head, body)
            yield ""
        yield "* the 95 % interval of the lead excludes zero"
        yield ""
        for line in self.findings():
            yield f"- {line}"

    def __str__(self) -> str:
        """The same tables as plain text."""
        from rich.console import Console

        text = StringIO()
        Console(file=text, width=120, color_system=None, markup=False, highlight=False).print(self)
        return "\n".join(line.rstrip() for line in text.getvalue().splitlines()).rstrip()


def diagnosis(
    values: Mapping[Scored, Mapping[str, Doubles]],
    groups: Groups,
    fingerprint: Fingerprint,
    *,
    k: int,
    **rest: Any,
) -> Diagnosis:
    """Sum up what was measured.

    `values`: scorer → metric → value of every user [U], NaN where a metric says nothing of a user;
    `groups`: side → group → mask [U]. `rest`: the other fields of `Diagnosis`.

    Raises:
        DataError: the whole was not measured, or not on the same users as the others.
    """
    whole = [who for who in values if who.role == "whole"]
    if len(whole) != 1:
        raise DataError(f"diagnosis: {len(whole)} wholes were measured; expected one")
    sizes = {len(v) for metrics in values.values() for v in metrics.values()}
    sizes |= {len(mask) for masks in groups.values() for mask in masks.values()}
    if len(sizes) != 1 or 0 in sizes:
        raise DataError(
            f"diagnosis: {sorted(sizes)} users came; expected the same (≥ 1) everywhere"
        )
    everybody = {ALL: {ALL: np.ones(sizes.pop(), bool)}}
    figures = [
        figure
        for side, masks in {**everybody, **groups}.items()
        for name, mask in masks.items()
        if mask.any()
        for figure in _figures(values, (side, name), mask, fingerprint.seed)
    ]
    layers = tuple(who.of for who in values if who.role == "alone")
    return Diagnosis(whole[0].of, layers, k, tuple(figures), fingerprint, **rest)


def _figures(
    values: Mapping[Scored, Mapping[str, Doubles]], where: tuple[str, str], mask: Bools, seed: int
) -> Iterator[Figure]:
    """Every scorer's figures over a group; all of them and all leads share their draws."""
    whole = next(metrics for who, metrics in values.items() if who.role == "whole")
    asked = [(who, metric) for who, metrics in values.items() for metric in metrics]
    own = [values[who][metric][mask] for who, metric in asked]
    compared = [p for p in asked if p[0].role != "whole" and p[1] in whole]
    leads = [(whole[metric] - values[who][metric])[mask] for who, metric in compared]
    found = bootstrap(np.column_stack([*own, *leads]), seed=seed)
    leads_of = dict(zip(compared, found[len(own) :], strict=True))
    for (who, metric), own_one in zip(asked, found, strict=False):
        value, low, high = _told(own_one)
        ahead, worst, best = _told(leads_of.get((who, metric)))
        yield Figure(
            *where, who.name, who.role, who.of, metric, value, low, high, ahead, worst, best,
            users=own_one.users,
        )  # fmt: skip


def _told(i: Interval | None) -> tuple[float | None, float | None, float | None]:
    """Mean, low and high; None for what is not a number."""
    if i is None or np.isnan(i.value):
        return None, None, None
    return i.value, i.low, i.high
