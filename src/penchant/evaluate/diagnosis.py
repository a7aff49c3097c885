"""The answer to "which layer helps whom?": figures by group of users, and what they say.

A lead is the whole's mean figure minus a scorer's over the same users: below zero, the whole is
worse. It is clear when its 95 % interval excludes zero and enough users stand behind it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np
import polars as pl

from penchant.errors import DataError
from penchant.evaluate.fingerprint import Fingerprint
from penchant.evaluate.groups import Groups
from penchant.evaluate.significance import Interval, bootstrap
from penchant.evaluate.writing import markdown, plain, written
from penchant.types import Bools, Doubles, Finding, Report

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.table import Table

ALL = "all"
INFLUENCE = "influence"
FEWEST = 30
"""A lead over fewer users is shown, but never called clear."""
WIDE = 96
"""From so many columns on the best baseline is shown beside the layers."""

Role = Literal["whole", "alone", "without", "baseline"]
Verdict = Literal["helps", "hurts", "no clear difference", "not used"]


@dataclass(frozen=True)
class Scored:
    """Who is measured: the whole, a layer alone, the whole without a layer, or a baseline."""

    role: Role
    of: str

    @classmethod
    def whole(cls, model: str) -> Self:
        """The model as it serves."""
        return cls("whole", model)

    @classmethod
    def alone(cls, layer: str) -> Self:
        """One layer by itself."""
        return cls("alone", layer)

    @classmethod
    def without(cls, layer: str) -> Self:
        """All layers but one."""
        return cls("without", layer)

    @classmethod
    def baseline(cls, name: str) -> Self:
        """Something to beat."""
        return cls("baseline", name)

    @property
    def name(self) -> str:
        """As it is called in tables."""
        named = {"alone": f"{self.of} alone", "without": f"without {self.of}"}
        return named.get(self.role, self.of)


@dataclass(frozen=True)
class Figure:
    """One scorer's mean of one metric over a group of users, and the whole's lead over it.

    `side` is what the group looks at (history, last event, targets, users, items). Intervals are
    at 95 %. The whole itself, and influence, have no lead; None says that there is none.
    """

    side: str
    group: str
    scorer: str
    role: Role
    of: str
    metric: str
    value: float | None
    low: float | None
    high: float | None
    lead: float | None
    lead_low: float | None
    lead_high: float | None
    users: int

    @property
    def worse(self) -> bool:
        """Whether the whole is worse than this beyond noise."""
        return self.lead_high is not None and self.lead_high < 0 and self.users >= FEWEST

    @property
    def better(self) -> bool:
        """Whether the whole is better than this beyond noise."""
        return self.lead_low is not None and self.lead_low > 0 and self.users >= FEWEST


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
    def _shown(self) -> dict[str, int]:
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
    ) -> Any:
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
        lines = [self._sentence(f) for f in self.worse if f.group in self._shown]
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
        ours = self.figure(within=f.group).value
        who = "for all" if f.group == ALL else f"for {f.group}"
        figures = f"{self.metric} {ours:.4f} against {f.value:.4f}"
        than = f"itself {f.scorer}" if f.role == "without" else f.scorer
        return f"{who} ({f.users:,} users) the whole is worse than {than}: {figures}, {_lead(f)}"

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
        for title, head, body in self._tables():
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
        for title, head, body in self._tables(baselines=options.max_width >= WIDE):
            yield _table(title, head, body)
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

    def _tables(self, baselines: bool = True) -> Iterator[tuple[str, list[str], list[list[str]]]]:
        users = f"{self.groups[ALL]:,} users"
        yield (f"layers: {users}, every item ranked", *self._overall())
        yield (
            f"{self.metric} by group of users",
            *self._by_group(baselines and bool(self.baselines)),
        )
        if len(self.layers) > 1:
            yield (
                "what each layer brings: the whole's lead over itself without it",
                *self._brings(),
            )
            yield ("influence: each layer's share of what tells items apart", *self._influence())

    def _overall(self) -> tuple[list[str], list[list[str]]]:
        rows = [f for f in self.figures if f.group == ALL and f.metric == self.metric]
        recall = f"recall@{self.k}"
        body = [[f.scorer, _cell(f), _cell(self.figure(f.scorer, recall)), _lead(f)] for f in rows]
        return ["", self.metric, recall, f"lead of the whole in {self.metric}"], body

    def _by_group(self, baselines: bool) -> tuple[list[str], list[list[str]]]:
        """The whole beside each layer alone, and the best baseline where there is one."""
        head = [self.metric, "users", "whole", *self.layers]
        body = []
        for group, users in self._shown.items():
            alone = [self.figure(f"{layer} alone", within=group) for layer in self.layers]
            line = [group, f"{users:,}", _short(self.figure(within=group)), *map(_short, alone)]
            if baselines:
                others = [self.figure(name, within=group) for name in self.baselines]
                best = max(others, key=lambda f: f.value if f.value is not None else -1.0)
                line.append(f"{_short(best)} {best.scorer}")
            body.append(line)
        return [*head, "best baseline"] if baselines else head, body

    def _brings(self) -> tuple[list[str], list[list[str]]]:
        body = [
            [group, *(_brought(self.figure(f"without {n}", within=group)) for n in self.layers)]
            for group in self._shown
        ]
        verdicts = ["verdict", *(self.verdict(layer) for layer in self.layers)]
        return ["", *self.layers], [*body, verdicts]

    def _influence(self) -> tuple[list[str], list[list[str]]]:
        rows = [
            [group, *(self.figure(f"{n} alone", INFLUENCE, group).value for n in self.layers)]
            for group in self._shown
        ]
        return ["", *self.layers], [[name, *(f"{v:.0%}" for v in values)] for name, *values in rows]


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
    lead = dict(zip(compared, found[len(own) :], strict=True))
    for (who, metric), own_one in zip(asked, found, strict=False):
        value, low, high = _told(own_one)
        ahead, worst, best = _told(lead.get((who, metric)))
        yield Figure(
            *where, who.name, who.role, who.of, metric, value, low, high, ahead, worst, best,
            users=own_one.users,
        )  # fmt: skip


def _told(i: Interval | None) -> tuple[float | None, float | None, float | None]:
    """Mean, low and high; None for what is not a number."""
    if i is None or np.isnan(i.value):
        return None, None, None
    return i.value, i.low, i.high


def _cell(f: Figure) -> str:
    if f.value is None or f.low is None or f.high is None:
        return "–"
    return f"{f.value:.4f} ±{(f.high - f.low) / 2:.4f}"


def _short(f: Figure) -> str:
    """A figure, with a star where the whole is clearly worse than it."""
    return "–" if f.value is None else f"{f.value:.4f}{'*' if f.worse else ''}"


def _brought(f: Figure) -> str:
    return "–" if f.lead is None else f"{f.lead:+.4f}{'*' if f.better or f.worse else ''}"


def _lead(f: Figure) -> str:
    if f.lead is None or f.lead_low is None or f.lead_high is None:
        return ""
    star = "*" if f.better or f.worse else ""
    return f"{f.lead:+.4f} [{f.lead_low:+.4f}, {f.lead_high:+.4f}]{star}"


def _table(title: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left", no_wrap=not place)
    for line in body:
        table.add_row(*line)
    return table
