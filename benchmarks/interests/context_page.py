"""The page docs/contexts.md, from the result files alone."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

INTRO = """# Are lifts true?

Made by `python -m benchmarks.interests.context` and written by its `--page` from the files in
`benchmarks/interests/results/context/`; no figure here is typed.

**Protocol.** The world is a simulated shop whose people's chances are known at any time and in
any context. In each of its worlds, weekend, evening and mobile device shift what everybody turns
to, and what four groups of people turn to, each in their own way; place shifts nothing, but
follows the clock. The same worlds are made again without any such effect. The tree is that of the
world's categories. All events are learned from, those after clicks in lists too, which are biased
by what was shown. Figures are means over seeds, with the lowest and the highest.
"""
RECOVERED = """## Planted lifts are found

For each interest and each value of hour, weekday, time of week, device and place: how many times
as likely the interest is there as elsewhere, by what each kind of the layer learned of everybody,
and as `engine.lifts()` counts it, beside the truth. *rank* is Spearman's correlation over all
pairs, *off* the mean distance between the logarithms.
"""
REPORTED = """## What is called clear

How many of the lifts are called clear, and how many of these point the wrong way; without any
planted lift every clear one would be wrong. *held* is the share of intervals that hold the truth.
*rank* is the mean correlation with that person's own true lifts, beside that of everybody's lifts
with them. The people had 30 acts or more.
"""
FORETOLD = """## The three kinds, foretelling

Log loss (nats) of the interests of the newest tenth of the acts, by the person's smoothed counts
times the lifts of a layer that was learned from the acts before, weighted as the layer learned;
*own* is with what it says of the person beside what it says of everybody. *less* is by how much
it is below that of the counts alone; a person's own part gains where nothing is planted too, as
months agree most among the latest events.
"""


def page(folder: Path) -> str:
    """Markdown: recovery, what is reported, and forecasts."""
    paths = sorted(folder.glob("world~*.json"))
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    if not runs:
        return INTRO + "\nThere is no result file yet.\n"
    parts = [
        INTRO,
        RECOVERED,
        _table(
            ("level", "way", "pairs", "rank", "off"),
            _grouped(runs, "recovered", ("level", "way"), ("pairs", "rank", "error")),
        ),
        "",
        REPORTED,
        _reported(runs),
        "",
        FORETOLD,
        _foretold(runs),
        "",
        _origin(runs),
    ]
    return "\n".join(parts) + "\n"


def _grouped(
    runs: list[dict[str, Any]], part: str, keys: tuple[str, ...], values: tuple[str, ...]
) -> Iterable[list[str]]:
    for key in dict.fromkeys(tuple(r[k] for k in keys) for run in runs for r in run[part]):
        rows = [r for run in runs for r in run[part] if tuple(r[k] for k in keys) == key]
        yield [*map(str, key), *(_spread([r[name] for r in rows]) for name in values)]


def _reported(runs: list[dict[str, Any]]) -> str:
    made = []
    for part, planted in (("reported", "planted"), ("reported_without", "none")):
        for level, whom in dict.fromkeys((r["level"], r["whom"]) for r in runs[0][part]):
            rows = [
                r for run in runs for r in run[part] if (r["level"], r["whom"]) == (level, whom)
            ]
            total, clear, wrong = (sum(r[k] for r in rows) for k in ("lifts", "clear", "wrong"))
            held = np.average([r["held"] for r in rows], weights=[r["lifts"] for r in rows])
            ranks = [r["rank"] for r in rows], [r["rank_of_everybody"] for r in rows]
            made.append(
                [
                    planted, str(level), whom, f"{total:,}", f"{clear:,} ({clear / total:.1%})",
                    f"{wrong:,} ({wrong / clear:.1%})" if clear else "0", f"{held:.1%}",
                    *("–" if None in some else f"{np.mean(some):.2f}" for some in ranks),
                ]
            )  # fmt: skip
    head = ("lifts", "level", "of", "asked", "clear", "wrong", "held", "rank", "everybody's")
    return _table(head, made) + "\n\n" + "\n".join(_matters(runs))


def _matters(runs: list[dict[str, Any]]) -> Iterable[str]:
    for part, words in (("reported", "With planted lifts"), ("reported_without", "Without")):
        for level in (1, 2):
            said = [
                name
                for run in runs
                for r in run[part]
                if r["level"] == level and r["whom"] == "everybody"
                for name in r["matters"]
            ]
            counted = {name: said.count(name) for name in dict.fromkeys(said)}
            told = ", ".join(f"{name} ({n} of {len(runs)})" for name, n in counted.items())
            yield f"- {words}, level {level}, these contexts matter: {told or 'none'}."


def _foretold(runs: list[dict[str, Any]]) -> str:
    rows = []
    for part, planted in (("foretold", "planted"), ("foretold_without", "none")):
        found = _grouped(runs, part, ("level", "way"), ("log_loss", "less"))
        rows += [[planted, *row] for row in found]
    return _table(("lifts", "level", "way", "log loss", "less"), rows)


def _spread(values: list[float]) -> str:
    if all(isinstance(value, int) for value in values):
        return f"{values[0]:,}"
    mean, low, high = np.mean(values), min(values), max(values)
    return f"{mean:.3f} [{low:.3f}, {high:.3f}]"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _origin(runs: list[dict[str, Any]]) -> str:
    run = runs[0]
    seeds = ", ".join(str(r["seed"]) for r in runs)
    commits = ", ".join(sorted({r["commit"] for r in runs}))
    return (
        f"{run['users']:,} people, about {run['events']:,} events; {run['date'][:10]}, "
        f"commit {commits}, seeds {seeds}, {run['hardware']}."
    )
