"""The page docs/profiles.md, from the result files alone.

python -m benchmarks.interests.promises        # write the page
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.where import commit

from penchant.evaluate.fingerprint import hardware

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "promises"
WORK = HERE.parent.parent / "build" / "interests"
Run = dict[str, Any]

INTRO = """# Can profiles be relied on?

Their speed, whether reasons are true, whether interests stay what they are, and whether people's
own words tell them. Written by `python -m benchmarks.interests.promises` from the files in
`benchmarks/interests/results/promises/`; no figure here is typed.
"""
FAITHFUL = """## Are reasons true?

The events that a reason names for an item (three at most) are deleted from the person's history and
the whole model is asked again; beside it, as many other events of the same person are deleted, five
times at random. *falls*: in how many cases the item's score falls. *beats*: in how many it falls by
more than without others on average. The same is asked of each layer's own part and the events that
carried it, with the layer counting as much as before: shares are of what a layer says, and how much
it counts is asked with the whole. With 95 % intervals (Wilson's). *error* is the largest gap
between a score and the sum of its parts, or between a layer's part and the sum of its events'
shares, where these are exact; in other layers shares are by removal of each event. Where the events
with the largest shares only hide what was before them, a reason finds those to name by taking
events away: there the fall is by construction. *learned*: people, drawn at random, that the model
knows.
"""
WEEK = """## Do interests keep their ids?

The tree of all but the newest week, and the tree of all, grown with the first as the one before.
*by members*: the share of the first tree's members whose node's id lives on; *by count*: of the
nodes; *items stay*: the share of items that are mostly in the node of the same id.
"""
WORDS = """## Do people's own words tell their interests?

Each text that somebody wrote in the newest fifth of the log is read as if nothing else were known
of them (`engine.interests_from_text`), by a model learned from the rest, and compared with the next
thing that they turned to, on something else. κ is how much a text tells beside what is usual; it is
learned from people's own words where there are enough, else from items' texts. Log loss in nats
with 95 % interval, and calibration error of the likeliest interest.
"""
SEEDS = """## Do the dice matter?

Everything is learned twice from the same data, with two seeds, in one workspace. Jensen–Shannon
between the two profiles of a person, over ids: *divergence* in bits, and *distance*, its root.
*to everybody* is the distance from a person's profile to the mean of all: what there is to tell;
*by layer*: the distance of what each layer says alone.
"""


def told(what: str) -> Run:
    """What a result file says of itself: command, hardware, commit, date."""
    return {
        "command": f"python -m benchmarks.interests.{what}", "hardware": hardware(),
        "commit": commit(), "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip


def page(folder: Path) -> str:
    """Markdown: speed, faithfulness, stability, as far as there are results."""
    runs = {
        p.stem: json.loads(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*.json"))
    }
    faithful = [run for name, run in runs.items() if name.startswith("faithfulness-")]
    stable = [run for name, run in runs.items() if name.startswith("stability-")]
    lines = [INTRO]
    if "speed" in runs:
        lines += [*_speed(runs["speed"]), ""]
    if faithful:
        lines += [FAITHFUL, *_faithful(faithful), "", *_origins(faithful), ""]
    if stable:
        lines += [WEEK, *_week(stable), "", *_origins(stable), ""]
    if any(run.get("seeds") for run in stable):
        lines += [SEEDS, *_seeds(stable), ""]
    worded = [run for name, run in runs.items() if name.startswith("words-")]
    if worded:
        lines += [WORDS, *_words(worded), "", *_origins(worded), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _speed(run: Run) -> list[str]:
    one, many = run["one"], run["many"]
    levels = " + ".join(str(n) for n in run["interests"])
    return [
        "## How fast are they?", "",
        f"A world of {run['items']:,} items, {levels} interests, {run['users']:,} people and "
        f"{run['events']:,} events, in memory and asked before; all layers. The machine was shared "
        "with other work: seconds of processor time are what it takes on a core of one's own.", "",
        "| what | by the clock | processor time |",
        "| --- | ---: | ---: |",
        f"| the profile of one person with {one['events']:,} events, with evidence, median of "
        f"{one['repeats']} | {one['ms']:.1f} ms | {one['cpu_ms']:.1f} ms |",
        f"| profiles of {many['users']:,} people in one batch | "
        f"{many['users_a_second']:,} a second | {many['users_a_cpu_second']:,} a second |", "",
        *_origins([run]),
    ]  # fmt: skip


def _faithful(runs: list[Run]) -> list[str]:
    lines = [
        "| set | learned | people | median events | of | cases | falls | beats | error |",
        "| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for run in runs:
        for row in run["figures"]:
            rates = " | ".join(
                f"{row[x]:.1%} [{row[f'{x}_low']:.1%}, {row[f'{x}_high']:.1%}]"
                for x in ("falls", "beats")
            )
            error = "" if row["error"] is None else f"{row['error']:.0e}"
            lines.append(
                f"| {run['set']} | {run['learned']:,} | {run['people']} | {run['median_events']} | "
                f"{row['layer']} | {row['cases']:,} | {rates} | {error} |"
            )
    return lines


def _week(runs: list[Run]) -> list[str]:
    lines = [
        "| set | tree | level | nodes | by members | by count | items stay |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for run in runs:
        for tree, levels in run["week"].items():
            for row in levels:
                shares = " | ".join(
                    f"{row[x]:.1%}" for x in ("by_members", "by_count", "items_stay")
                )
                lines.append(
                    f"| {run['set']} | {tree} | {row['level']} | {row['nodes']} | {shares} |"
                )
    return lines


def _seeds(runs: list[Run]) -> list[str]:
    lines = [
        "| set | level | people | divergence | distance | 90 % below | to everybody | same first | "
        "by layer |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for run in runs:
        for row in run.get("seeds", []):
            layers = ", ".join(f"{name} {far:.3f}" for name, far in row["layers"].items())
            lines.append(
                f"| {run['set']} | {row['level']} | {row['people']:,} | {row['divergence']:.4f} | "
                f"{row['distance']:.3f} | {row['p90']:.3f} | {row['to_everybody']:.3f} | "
                f"{row['same_first']:.1%} | {layers} |"
            )
    return lines


def _words(runs: list[Run]) -> list[str]:
    lines = [
        "| set | texts read | way | κ | level | interests | log loss (95 %) | calibration error |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for run in runs:
        for row in run["figures"]:
            lines.append(
                f"| {run['set']} | {run['asked']:,} | {row['way']} | {row['kappa']:.2f} | "
                f"{row['level']} | {row['nodes']} | {row['log_loss']:.4f} [{row['low']:.4f}, "
                f"{row['high']:.4f}] | {row['calibration_error']:.3f} |"
            )
    return lines


def _origins(runs: list[Run]) -> list[str]:
    """Command, date, commit, hardware and settings of some runs, each once."""
    said = [
        f"`{run['command']}`: {run['date'][:10]}, commit {run['commit']}, {run['hardware']}, "
        f"{json.dumps(run['changes'])}."
        for run in runs
    ]
    return list(dict.fromkeys(said))


def main() -> None:
    path = HERE.parent.parent / "docs" / "profiles.md"
    path.write_text(page(RESULTS), encoding="utf-8")


if __name__ == "__main__":
    main()
