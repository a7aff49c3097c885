"""The page docs/interests.md, from the result files alone."""

import json
from pathlib import Path
from typing import Any

INTRO = """# Do profiles come true?

Made by `python -m benchmarks.interests.forecast` and written by its `--page` from the files in
`benchmarks/interests/results/`; no figure here is typed.

**Protocol.** The newest tenth of the events of each set is forecast, act by act, from what each
person did before it, by what was learned from all older events; nothing is learned past the cut.
A history goes on while its person acts. Acts at one time do not tell each other. Of more than
20,000 acts a sample is asked about. Log loss is −ln of the weight that the profile gave to the
interest that came (nats; an item that belongs to several counts with its shares); calibration error
is ECE with 15 bins over the likeliest interest.

**Counting.** What a profile has to beat: the global share of each interest; the person's own
counts, smoothed with it; the same with a half-life. Smoothing and half-life are tuned, for each
level, on the newest tenth of what may be learned from. *less* is by how much the log loss of the
profile is below that of the best of the three, with a 95 % bootstrap interval over acts.

**What bounds it.** Who gains is told by how many events of a person were known. *Hindsight* is what
somebody would lose who knew each person's shares of the very acts asked for, and nothing of their
order (the entropy of a person's acts, of people with twenty or more): a profile that stands still
cannot fall below it, whatever it knows.

**The step to come.** What share of each person's acts of the next week and month each interest
has, said by the last profile, the mean of profiles, smoothed ones, and a network (see
`penchant.interests.outlook`): log loss with a 95 % interval over people; bold is what was chosen by
the step before the cut.
"""


def page(folder: Path) -> str:
    """Markdown: a table at a glance, then every way of forecasting, set by set."""
    paths = sorted(folder.glob("*.json"))
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    runs = [run for run in runs if run.get("level") == "test" and "figures" in run]
    lines = [INTRO, "## At a glance", "", *_glance(runs)]
    for run in runs:
        lines += ["", f"## {run['set']}, {run['tree']} tree", "", *_all(run), *_ahead(run)]
        lines += [*_by_history(run), "", _origin(run)]
    return "\n".join(lines) + "\n"


def _glance(runs: list[dict[str, Any]]) -> list[str]:
    lines = [
        "| set | tree | level | interests | profile | best counting | its log loss | less (95 %) | "
        "calibration error |",
        "| --- | --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |",
    ]
    for run in runs:
        for level in (1, 2):
            rows = {r["way"]: r for r in run["figures"] if r["level"] == level}
            if not rows:
                continue
            ours = rows["profile"]
            names = ("global share", "counts", "faded counts")
            best = min((rows[name] for name in names), key=lambda r: r["log_loss"])
            less = f"{ours['less']:+.1%} [{ours['less_low']:+.1%}, {ours['less_high']:+.1%}]"
            lines.append(
                f"| {run['set']} | {run['tree']} | {level} | {ours['nodes']} | "
                f"{ours['log_loss']:.4f} | {best['way']} | {best['log_loss']:.4f} | {less} | "
                f"{ours['calibration_error']:.4f} |"
            )
    return lines


def _all(run: dict[str, Any]) -> list[str]:
    lines = [
        "| level | way | log loss (95 %) | accuracy | calibration error |",
        "| ---: | --- | ---: | ---: | ---: |",
    ]
    for row in run["figures"]:
        loss = f"{row['log_loss']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"
        lines.append(
            f"| {row['level']} | {row['way']} | {loss} | {row['accuracy']:.4f} | "
            f"{row['calibration_error']:.4f} |"
        )
    return lines


def _by_history(run: dict[str, Any]) -> list[str]:
    """Who gains: by how much was known of them; and what hindsight would have said."""
    lines = [
        "",
        "| level | events known | acts | profile | best counting | less |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in run.get("by_history", []):
        events = f"{row['from']}–{row['below'] - 1}" if row["below"] else f"{row['from']}+"
        lines.append(
            f"| {row['level']} | {'0' if events == '0–0' else events} | {row['acts']:,} | "
            f"{row['profile']:.4f} | {row['counting']:.4f} | "
            f"{1.0 - row['profile'] / row['counting']:+.1%} |"
        )
    for row in run.get("bound", []):
        lines += ["", _hindsight(row)]
    for row in run.get("covered", []):
        if row["people"]:
            lines += ["", _covered(row)]
    return lines if run.get("by_history") else []


def _covered(row: dict[str, Any]) -> str:
    return (
        f"Level {row['level']}, {row['people']:,} people with five acts or more: "
        f"{row['covered']:.1%} of {row['intervals']:,} shares lay within their 90 % intervals, "
        f"{row['width']:.3f} wide on average."
    )


def _hindsight(row: dict[str, Any]) -> str:
    room = 1.0 - row["hindsight"] / row["counting"]
    return (
        f"Level {row['level']}, {row['people']:,} people with {row['acts']:,} acts, twenty or more "
        f"each: counting {row['counting']:.4f}, profile {row['profile']:.4f}, hindsight "
        f"{row['hindsight']:.4f}: a profile that stands still has {room:.1%} to gain at most."
    )


def _ahead(run: dict[str, Any]) -> list[str]:
    """The shares of the next week and month, way by way; the one chosen before the cut is bold."""
    lines: list[str] = []
    for step, told in run.get("ahead", {}).items():
        if not told or not told["after"]:
            lines += ["", f"The next {step}: too few people came back to tell."]
            continue
        ways = [
            f"{'**' if t['way'] == told['chosen'] else ''}{t['way']} {t['log_loss']:.4f} "
            f"[{t['low']:.4f}, {t['high']:.4f}]{'**' if t['way'] == told['chosen'] else ''}"
            for t in told["after"]
        ]
        people = told["after"][0]["people"]
        lines += ["", f"The next {step}, {people:,} people, level 2: {'; '.join(ways)}."]
    return lines


def _origin(run: dict[str, Any]) -> str:
    acts = run["figures"][0]["acts"]
    return (
        f"{acts:,} acts; {run['date'][:10]}, commit {run['commit']}, seed {run['seed']}, "
        f"{run['hardware']}."
    )
