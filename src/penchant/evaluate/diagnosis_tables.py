"""How a diagnosis looks: its tables, for terminal and Markdown alike."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

from penchant.evaluate.scored import ALL, INFLUENCE, Figure

if TYPE_CHECKING:
    from rich.table import Table

    from penchant.evaluate.diagnosis import Diagnosis

Shown: TypeAlias = tuple[list[str], list[list[str]]]
"""A head and its rows."""


def tables(
    of: "Diagnosis", baselines: bool = True
) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, head and rows of each table; `baselines`: the best one beside the layers."""
    yield (f"layers: {of.groups[ALL]:,} users, every item ranked", *_overall(of))
    beside = baselines and bool(of.baselines)
    yield (f"{of.metric} by group of users", *_by_group(of, beside))
    if len(of.layers) > 1:
        yield ("what each layer brings: the whole's lead over itself without it", *_brings(of))
        yield ("influence: each layer's share of what tells items apart", *_influence(of))


def _overall(of: "Diagnosis") -> Shown:
    rows = [f for f in of.figures if f.group == ALL and f.metric == of.metric]
    recall = f"recall@{of.k}"
    body = [[f.scorer, _cell(f), _cell(of.figure(f.scorer, recall)), lead(f)] for f in rows]
    return ["", of.metric, recall, f"lead of the whole in {of.metric}"], body


def _by_group(of: "Diagnosis", baselines: bool) -> Shown:
    """The whole beside each layer alone, and the best baseline where it is asked for."""
    body = []
    for group, users in of.distinct.items():
        alone = [of.figure(f"{layer} alone", within=group) for layer in of.layers]
        line = [group, f"{users:,}", _short(of.figure(within=group)), *map(_short, alone)]
        if baselines:
            others = [of.figure(name, within=group) for name in of.baselines]
            best = max(others, key=lambda f: -1.0 if f.value is None else f.value)
            line.append(f"{_short(best)} {best.scorer}")
        body.append(line)
    head = [of.metric, "users", "whole", *of.layers]
    return [*head, "best baseline"] if baselines else head, body


def _brings(of: "Diagnosis") -> Shown:
    body = [
        [group, *(_brought(of.figure(f"without {n}", within=group)) for n in of.layers)]
        for group in of.distinct
    ]
    return ["", *of.layers], [*body, ["verdict", *(of.verdict(layer) for layer in of.layers)]]


def _influence(of: "Diagnosis") -> Shown:
    body = [
        [group, *(_share(of.figure(f"{n} alone", INFLUENCE, group)) for n in of.layers)]
        for group in of.distinct
    ]
    return ["", *of.layers], body


def number(value: float | None) -> str:
    """Four digits; a dash where there is nothing to say."""
    return "–" if value is None else f"{value:.4f}"


def lead(f: Figure) -> str:
    """The whole's lead with its interval, and a star where it is clear."""
    if f.lead is None or f.lead_low is None or f.lead_high is None:
        return ""
    return f"{f.lead:+.4f} [{f.lead_low:+.4f}, {f.lead_high:+.4f}]{_star(f)}"


def _cell(f: Figure) -> str:
    if f.value is None or f.low is None or f.high is None:
        return "–"
    return f"{f.value:.4f} ±{(f.high - f.low) / 2:.4f}"


def _short(f: Figure) -> str:
    """A figure, with a star where the whole is clearly worse than it."""
    return f"{number(f.value)}{'*' if f.worse else ''}"


def _brought(f: Figure) -> str:
    return "–" if f.lead is None else f"{f.lead:+.4f}{_star(f)}"


def _share(f: Figure) -> str:
    return "–" if f.value is None else f"{f.value:.0%}"


def _star(f: Figure) -> str:
    return "*" if f.better or f.worse else ""


def drawn(title: str, head: Sequence[str], body: Sequence[Sequence[str]]) -> "Table":
    """A table for the terminal."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for place, name in enumerate(head):
        table.add_column(name, justify="right" if place else "left", no_wrap=not place)
    for line in body:
        table.add_row(*line)
    return table
