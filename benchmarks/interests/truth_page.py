"""The page docs/truth.md, from the result files alone."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

INTRO = """# Profiles beside known truth

Made by `python -m benchmarks.interests.world` and written by its `--page` from the files in
`benchmarks/interests/results/`; no figure here is typed. A world is a simulated population whose
true interests, changes of taste and bursts are known (`penchant.make_world`).
"""

PROFILES = """## How far profiles are from the truth

A model is learned from the default world with its own categories as the tree; everybody's profile
at the end of the log is compared with the truth by the Jensen–Shannon distance (base 2, 0 to 1).
*base*: what the base layer says alone, beside the true long-term taste. *whole*: the profile
beside the true interests of that moment, averaged over devices; *dynamic*: the same for people in
the midst of a burst; *context*: the profile asked with a device, beside the truth on it. *counts*
are the person's faded counts, half-life and smoothing tuned on the newest tenth of the log. The
goal is 30 % less. *told* says what bounds it: counts of choices beside the mean of the true
interests of the person's community, with the half-life and the smoothing that come nearest to the
truth. No log tells a community, nor how far the truth is.
"""

CHANGES = """## How many changes of taste are found, and how soon

A detector is learned from a world's log and asked about everybody (`engine.evolution`, settings
`interests.changes`). A change is found if an alarm names the interest that it was toward, after it
happened; *acts* is the median, among those found, from the change to the alarm. Asked are changes
that at least fifteen acts follow; *moved* is what share of a person's acts went to the interest
after the change, less the share before. *False alarms* are all others, for a year of one person's
history. A burst is taken for a change if a false alarm names its interest until a fortnight after
it. *half of all* is after how many acts half of all changes are found, where they are. The goal is
ten acts, at no more than 0.05 false alarms a year.

*told* says what bounds it: an observer who knows the law of the world, each person's true taste
before the change and after it, and every burst, and only has to say whether the change has happened
yet, until the next one, at the same rate of false alarms (`benchmarks/interests/told.py`). No log
tells any of this: who has to learn both tastes from a few dozen acts is later. Its acts are of
every kind, where the detector's are those that speak for their item.
"""


def page(folder: Path) -> str:
    """Markdown: what was measured of profiles and of changes."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("world-*.json")]
    by_kind = {run["kind"]: run for run in sorted(runs, key=lambda run: -run["seed"])}
    lines = [INTRO]
    for kind, intro, rows in (("profiles", PROFILES, _profiles), ("changes", CHANGES, _changes)):
        if kind in by_kind:
            lines += [intro, *rows(by_kind[kind]), "", _origin(by_kind[kind])]
        else:
            lines += [f"Not measured yet: {kind}."]
        lines.append("")
    return "\n".join(lines)


def _profiles(run: dict[str, Any]) -> Iterable[str]:
    yield "| what | level | events | users | profile (95 %) | counts | less | told |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for row in run["profiles"]:
        low, high = row["events"]
        if (low, high) == (0, None):
            events = "all"
        else:
            events = f"{low}–{high - 1}" if high else f"{low}+"
        yield (
            f"| {row['what']} | {row['level']} | {events} | {row['users']:,} | "
            f"{row['profile']:.3f} [{row['low']:.3f}, {row['high']:.3f}] | {row['counts']:.3f} | "
            f"{row['less']:+.0%} | {row['told']:.3f} |"
        )


def _changes(run: dict[str, Any]) -> Iterable[str]:
    yield "| world | years | false alarms a year | bursts | taken for a change | told: false |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for name, world in run["worlds"].items():
        yield (
            f"| {name} | {world['years']:,.0f} | {world['false_a_year']:.3f} | "
            f"{world['bursts']:,} | {world['bursts_taken'] / max(world['bursts'], 1):.2%} | "
            f"{world['told_false_a_year']:.3f} |"
        )
    yield ""
    yield (
        "| world | moved | changes | acts before | acts after | found | acts until found | "
        "half of all | told: found | acts until found | half of all |"
    )
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for name, world in run["worlds"].items():
        for row in world["by_size"]:
            low, high = row["moved"]
            moved = "all" if low < 0 else f"{low:.0%}–{min(high, 1.0):.0%}"
            yield (
                f"| {name} | {moved} | {row['changes']} | {row['before']:.0f} | "
                f"{row['after']:.0f} | {_how_soon(row)} | {_how_soon(row['told'])} |"
            )


def _how_soon(row: dict[str, Any]) -> str:
    acts = (f"{row[key]:.0f}" if row[key] is not None else "–" for key in ("acts", "half"))
    return " | ".join([f"{row['found']:.0%}", *acts])


def _origin(run: dict[str, Any]) -> str:
    return f"{run['date'][:10]}, commit {run['commit']}, seed {run['seed']}, {run['hardware']}."
