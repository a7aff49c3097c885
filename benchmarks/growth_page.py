"""`docs/growth.md` and `docs/growth.svg`, from the result files."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

LARGEST_WHOLE = 22_000  # items that the base layer solves as one matrix by default
WIDTH, HEIGHT, MARGIN = 420, 280, 56
COLOURS = ("#0b6e4f", "#c8553d", "#3d5a80", "#8d6a9f", "#b08900")
Run = dict[str, Any]
Line = tuple[str, list[tuple[float, float]]]


def write(results: Path, docs: Path, wanted: Sequence[tuple[int, int]] = ()) -> None:
    """Write the page and the picture; the page names those of the wanted that are missing."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("*.json"))]
    (docs / "growth.svg").write_text(picture(runs), encoding="utf-8")
    (docs / "growth.md").write_text(page(runs, wanted), encoding="utf-8")


def by_events(runs: Sequence[Run]) -> list[Run]:
    """Points with 100,000 items, few events first."""
    return sorted((r for r in runs if r["items"] == 100_000), key=lambda r: r["events"])


def by_items(runs: Sequence[Run]) -> list[Run]:
    """Points with a million events, few items first."""
    return sorted((r for r in runs if r["events"] == 1_000_000), key=lambda r: r["items"])


def busy(run: Run) -> float:
    """CPU seconds of a fit without encoding."""
    fit = run["fit"]
    if "cpu_steps" in fit:
        return float(fit["cpu_seconds"] - fit["cpu_steps"].get("encode texts", 0.0))
    return float(fit["cpu_seconds"] * (1 - fit["parts"]["encode"] / fit["seconds"]))


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Least-squares slope of log y over log x."""
    x, y = ([math.log(p[n]) for p in points] for n in (0, 1))
    middle = [sum(v) / len(v) for v in (x, y)]
    over = sum((a - middle[0]) * (b - middle[1]) for a, b in zip(x, y, strict=True))
    return over / sum((a - middle[0]) ** 2 for a in x)


def page(runs: Sequence[Run], wanted: Sequence[tuple[int, int]] = ()) -> str:
    """Markdown: what it costs, how it grows, and what the points are."""
    rows = [_row(r) for r in sorted(runs, key=lambda r: (r["events"], r["items"]))]
    head = [
        "events", "items", "layers", "fit", "of it encoding", "CPU time", "peak memory",
        "model and data",
    ]  # fmt: skip
    lines = ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]
    missing = sorted(set(wanted) - {(r["events"], r["items"]) for r in runs})
    if missing:
        named = (f"{events:,} events and {items:,} items" for events, items in missing)
        lines += ["", f"Not measured yet: {'; '.join(named)}."]
    return "\n".join([INTRO, *lines, "", *_slopes(runs), "", _steps(runs), "", _made(runs), ""])


INTRO = """# How fit time and memory grow

`python benchmarks/growth.py` makes worlds (see `penchant.make_world`) with a hundred events for
each person, and fits each in a process of its own, from tables on disk to a saved version. Items
are encoded by `hashed`, which needs no language model; the time of a language model is its items a
second times the items, once, as vectors are kept.

![Fit time and peak memory by events and by items](growth.svg)
"""


def _row(run: Run) -> list[str]:
    fit = run["fit"]
    return [
        f"{run['events']:,}",
        f"{run['items']:,}",
        ", ".join(run["changes"].get("interests.layers", ["all"])),
        f"{fit['seconds'] / 60:.1f} min",
        f"{fit['parts']['encode'] / 60:.1f} min",
        f"{fit['cpu_seconds'] / 60:.1f} min",
        f"{fit['peak_mib'] / 1024:.1f} GiB",
        f"{fit['disk_mib'] / 1024:.2f} GiB",
    ]


def _slopes(runs: Sequence[Run]) -> list[str]:
    """The slopes that there are points for, as a list."""
    said = ["Slopes on log–log axes, of CPU time without encoding and of peak memory:", ""]
    beyond = [r for r in by_items(runs) if r["items"] > LARGEST_WHOLE]
    for name, axis, some in (
        ("events, with 100,000 items", "events", by_events(runs)),
        ("items, with 1,000,000 events", "items", by_items(runs)),
        ("items beyond the closed form's range, with 1,000,000 events", "items", beyond),
    ):
        if len(some) > 1:
            said.append(f"- {name}: {_both(some, axis)}")
        if len(some) > 2:
            ends = " to ".join(f"{r[axis]:,}" for r in some[-2:])
            said.append(f"  (from {ends}: {_both(some[-2:], axis)})")
    return said


def _both(runs: Sequence[Run], axis: str) -> str:
    """Slopes of time and memory, in words."""
    time = slope([(r[axis], busy(r)) for r in runs])
    memory = slope([(r[axis], r["fit"]["peak_mib"]) for r in runs])
    return f"time **{time:.2f}**, memory **{memory:.2f}**"


def _steps(runs: Sequence[Run]) -> str:
    """Where the largest fit's time went."""
    largest = max(runs, key=lambda r: (r["events"] * r["items"], r["items"]))
    fit = largest["fit"]
    steps = sorted(fit.get("cpu_steps", fit["steps"]).items(), key=lambda pair: -pair[1])[:8]
    told = ", ".join(f"{name} {seconds / 60:.1f} min" for name, seconds in steps)
    what = "CPU" if "cpu_steps" in fit else "Wall"
    return f"{what} time of the largest, by step: {told}."


def _made(runs: Sequence[Run]) -> str:
    dates = sorted({r["date"][:10] for r in runs})
    commits = sorted({r["commit"] for r in runs})
    layers = {json.dumps(r["changes"], sort_keys=True) for r in runs}
    threads = sorted({f"{r['threads']} of {r['cores']}" for r in runs})
    told = "; ".join("default settings" if c == "{}" else f"settings {c}" for c in sorted(layers))
    return (
        f"Measured {', '.join(dates)}; commit {', '.join(commits)}; {told}; threads of cores: "
        f"{', '.join(threads)}; {runs[0]['hardware']}. The machine was shared while it ran, so "
        "that wall times are upper bounds; CPU time tells more."
    )


def picture(runs: Sequence[Run]) -> str:
    """Four panels: time and memory, by events and by items."""
    panels = []
    for n, (axis, some) in enumerate((("events", by_events(runs)), ("items", by_items(runs)))):
        time = [(r[axis], busy(r) / 60) for r in some]
        memory = [(r[axis], r["fit"]["peak_mib"] / 1024) for r in some]
        panels += [
            _panel([("CPU minutes without encoding", time)], axis, n, 0),
            _panel([("peak memory, GiB", memory)], axis, n, 1),
        ]
    size = f'viewBox="0 0 {2 * WIDTH} {2 * HEIGHT}"'
    style = "font-family: system-ui, sans-serif; font-size: 12px"
    body = "\n".join(panels)
    return (
        f'<svg {size} xmlns="http://www.w3.org/2000/svg" style="{style}">\n'
        f'<rect width="100%" height="100%" fill="#ffffff"/>\n{body}\n</svg>\n'
    )


def _panel(lines: Sequence[Line], axis: str, column: int, row: int) -> str:
    """One plot with log axes."""
    points = [p for _, some in lines for p in some]
    if not points:
        return ""
    low, high = ([f(p[n] for p in points) for n in (0, 1)] for f in (min, max))
    box = [(_power(low[n], -1), max(_power(high[n], 1), _power(low[n], -1) + 1)) for n in (0, 1)]

    def at(p: tuple[float, float]) -> tuple[float, float]:
        share = [(math.log10(p[n]) - box[n][0]) / (box[n][1] - box[n][0]) for n in (0, 1)]
        x = MARGIN + share[0] * (WIDTH - 1.5 * MARGIN)
        return x, HEIGHT - MARGIN + 14 - share[1] * (HEIGHT - 1.6 * MARGIN)

    parts = [_grid(box, at), f'<text x="{WIDTH / 2}" y="{HEIGHT - 8}">{axis}</text>']
    for (name, some), colour in zip(lines, COLOURS, strict=False):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(at, some))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in map(at, some)
        ]
        parts.append(f'<text x="{MARGIN}" y="16" fill="{colour}">{name}</text>')
    return f'<g transform="translate({column * WIDTH},{row * HEIGHT})">{"".join(parts)}</g>'


def _grid(box: Sequence[tuple[int, int]], at: Any) -> str:
    """Lines at the powers of ten, with their values."""
    parts = []
    (left, right), (bottom, top) = box
    for power in range(left, right + 1):
        (x, y0), (_, y1) = at((10.0**power, 10.0**bottom)), at((10.0**power, 10.0**top))
        parts.append(f'<line x1="{x}" x2="{x}" y1="{y0}" y2="{y1}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x - 12}" y="{y0 + 14}" fill="#555">10{_up(power)}</text>')
    for power in range(bottom, top + 1):
        (x0, y), (x1, _) = at((10.0**left, 10.0**power)), at((10.0**right, 10.0**power))
        parts.append(f'<line x1="{x0}" x2="{x1}" y1="{y}" y2="{y}" stroke="#dddddd"/>')
        parts.append(f'<text x="{x0 - 34}" y="{y + 4}" fill="#555">{10.0**power:g}</text>')
    return "".join(parts)


def _up(power: int) -> str:
    return "".join("⁰¹²³⁴⁵⁶⁷⁸⁹"[int(digit)] for digit in str(power))


def _power(value: float, way: int) -> int:
    """The power of ten at or below (−1), or at or above (1)."""
    return math.floor(math.log10(value)) if way < 0 else math.ceil(math.log10(value))
