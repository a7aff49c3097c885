"""The page docs/ablation.md, from the result files."""

import json
from pathlib import Path
from typing import Any

INTRO = """# What each idea is worth

Made by `python benchmarks/ablation.py SET:SPLIT`: the model is learned again with one idea taken
away, all else as by default. A figure is what the idea adds to NDCG@10: the default minus the
variant, paired over the same users, with its 95 % interval; in bold where the interval excludes
zero. Above zero the idea pays, below zero the model is better without it. The files behind it, with
settings and times, are in `benchmarks/results/ablation/`.

On *validation* the test events were set aside first and what was left was cut again in the same
way, so what is chosen from these figures has not seen the test. Full ranking, ties and candidates
are those of [the evaluation](explanation/evaluation.md). Many comparisons are made at once: one in
forty looks clearly harmful by chance alone. Which layer helps whom is another question:
[`penchant diagnose`](how-to/which-layer-helps-whom.md) asks it without learning again.
"""


def table(folder: Path) -> str:
    """Markdown: ideas down, runs across; then what each run rests on."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    ideas = list(dict.fromkeys(row["idea"] for run in runs for row in run["rows"][1:]))
    lines = [
        "| | " + " | ".join(f"{run['set']}:{run['split']}" for run in runs) + " |",
        "| --- |" + " ---: |" * len(runs),
        "| level | " + " | ".join(run["level"] for run in runs) + " |",
        "| users | " + " | ".join(f"{run['rows'][0]['users']:,}" for run in runs) + " |",
        "| NDCG@10, all ideas | " + " | ".join(_default(run["rows"][0]) for run in runs) + " |",
        *(f"| {idea} | " + " | ".join(_worth(run, idea) for run in runs) + " |" for idea in ideas),
    ]
    made = [
        f"- {run['set']}:{run['split']}: {run['date'][:10]}, commit {run['commit']}, "
        f"seed {run['seed']}, {run['hardware']}"
        for run in runs
    ]
    return "\n".join([INTRO, *lines, "", "A dash: not measured, or nothing to take away there.", "",
                      "## Made from", "", *made])  # fmt: skip


def _default(row: dict[str, Any]) -> str:
    return f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"


def _worth(run: dict[str, Any], idea: str) -> str:
    for row in run["rows"]:
        if row["idea"] == idea:
            said = f"{row['worth']:+.4f} [{row['worth_low']:+.4f}, {row['worth_high']:+.4f}]"
            return f"**{said}**" if row["worth_low"] > 0 or row["worth_high"] < 0 else said
    return "–"
