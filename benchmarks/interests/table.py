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
"""


def page(folder: Path) -> str:
    """Markdown: a table at a glance, then every way of forecasting, set by set."""
    paths = sorted(folder.glob("*.json"))
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    runs = [run for run in runs if run["level"] == "test"]
    lines = [INTRO, "## At a glance", "", *_glance(runs)]
    for run in runs:
        lines += ["", f"## {run['set']}, {run['tree']} tree", "", *_all(run), "", _origin(run)]
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


def _origin(run: dict[str, Any]) -> str:
    acts = run["figures"][0]["acts"]
    return (
        f"{acts:,} acts; {run['date'][:10]}, commit {run['commit']}, seed {run['seed']}, "
        f"{run['hardware']}."
    )
