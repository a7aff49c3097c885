"""The table of `docs/results.md`, from the result files."""

import json
from pathlib import Path
from typing import Any

ODD = {
    "amazon-beauty": "39 % of events share their user's day; inside a day the file is sorted by "
    "item id: taken as the order of acts, that order gives the answer away (see decision 0003). "
    "`brand` is empty throughout; the first category is the same for every item.",
    "xwines": "No repeats, ratings over ten years: nearly everything that helps is behaviour, the "
    "text of a wine says little about who will drink it next.",
    "movietweetings": "Eight months of new films: what is popular now matters most; half of all "
    "users have two events or fewer. Titles and genres only.",
    "grocery": "A sample of receipt lines: 20,902 items for 75,000 events, five of them without "
    "a description, demographics for a third of the households. People repeat.",
    "online-retail": "A third of purchases are repeats; wholesale baskets of hundreds of lines at "
    "one timestamp; 5,222 lines that are equal in every column count once.",
    "online-retail-raw": "No customer on 135,080 rows, ids as `17850.0`, cancellations, postage "
    "and fees among the goods: all set aside and counted by the reader, which is left with the "
    "same 404,909 events as the clean copy.",
    "stackexchange": "Nine tenths of what people turned to after the cut were questions that "
    "nobody had met: who does not rank the new cannot find them, and a catalogue that was made "
    "from a log holds only new items that somebody met (see decision 0005). "
    "555 people, 612 questions, four event types: intervals are wide, and asking "
    "is not a matter of taste. `favourite` has days, the rest seconds.",
    "lastfm": "Tags stand for listening; days only; many tags on one artist on one day look like "
    "repeats. Artist names say nothing to a text model.",
    "ml-latest-small": "59 % of users rated everything within a day: the order of their events is "
    "mostly the order of a form.",
}


def table(folder: Path) -> str:
    """Markdown: one row a run, then what was odd about each set."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    head = [
        "set", "split", "users asked", "R@10", "NDCG@10", "best baseline", "its NDCG@10",
        "lead in NDCG@10 (95 %)", "fit", "peak memory",
    ]  # fmt: skip
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join(["---"] * len(head)) + " |"]
    lines += ["| " + " | ".join(_row(run)) + " |" for run in runs]
    measured = {run["set"].split(".")[0] for run in runs}
    missing = [name for name in ODD if name not in measured]
    if missing:
        lines += ["", f"Not measured yet: {', '.join(missing)}."]
    odd = [f"- **{name}**: {text}" for name, text in ODD.items()]
    return "\n".join([INTRO, *lines, "", "## What was odd about each", "", *odd, "", _made(runs)])


INTRO = """# Results on real data

Made by `python benchmarks/datasets.py SET:SPLIT`, default settings everywhere; the files behind
it, with every metric, interval, setting, time and the machine, are in `benchmarks/results/`.
Full ranking over the whole catalogue, ties count against, items already had are not candidates
unless people repeat in that set. `last` leaves each user's last event out, `time` cuts the log
at one moment and asks for everything after it (see [evaluation](explanation/evaluation.md)).
Baselines are tuned on a validation tail of the training part, cut as the test is. A lead whose
interval excludes zero is in bold. Seconds and memory of the fits of grocery, lastfm,
ml-latest-small and online-retail are of an earlier, slower version; their figures are not.

The same by hand, for any of the sets:

```console
$ penchant -w shop add ../shared/data/xwines
$ penchant -w shop fit
$ penchant -w shop interests 1200775
$ penchant -w shop recommend 1200775 --explain
$ penchant -w shop evaluate --split time
```
"""


def short(folder: Path) -> str:
    """The few columns that the README shows."""
    runs = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    rows = [[row[n] for n in (0, 1, 3, 4, 5, 6, 7)] for row in map(_row, runs)]
    head = ["set", "split", "R@10", "NDCG@10", "best baseline", "its NDCG@10", "lead (95 %)"]
    lines = ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]
    return "\n".join([*lines, "", _made(runs)])


def _row(run: dict[str, Any]) -> list[str]:
    result = run["evaluation"]
    best = max(
        (r for r in _rows(result, "ndcg@10") if r["scorer"] != "penchant"), key=lambda r: r["value"]
    )
    ours = next(r for r in _rows(result, "ndcg@10") if r["scorer"] == "penchant")
    recall = next(r for r in _rows(result, "recall@10") if r["scorer"] == "penchant")
    lead = next(
        d
        for d in result["differences"]
        if d["metric"] == "ndcg@10" and d["baseline"] == best["scorer"]
    )
    said = f"{lead['difference']:+.4f} [{lead['low']:+.4f}, {lead['high']:+.4f}]"
    clear = lead["low"] > 0 or lead["high"] < 0
    return [
        run["set"].split(".")[0],
        run["split"],
        f"{ours['users']:,}",
        f"{recall['value']:.4f}",
        f"{ours['value']:.4f}",
        best["scorer"],
        f"{best['value']:.4f}",
        f"**{said}**" if clear else said,
        f"{run['seconds']['fit']:.0f} s",
        f"{run['peak_fit_mib'] / 1024:.1f} GB",
    ]


def _rows(result: dict[str, Any], metric: str) -> list[dict[str, Any]]:
    return [r for r in result["rows"] if r["metric"] == metric and r["slice"] == "all"]


def _made(runs: list[dict[str, Any]]) -> str:
    prints = [run["evaluation"]["fingerprint"] for run in runs]
    dates = sorted({p["date"][:10] for p in prints})
    hardware = sorted({p["hardware"] for p in prints})
    versions = sorted({p["version"] for p in prints})
    seeds = sorted({str(p["seed"]) for p in prints})
    return (
        f"Measured {', '.join(dates)}; version {', '.join(versions)}; seed {', '.join(seeds)}; "
        f"{'; '.join(hardware)}. The machine was shared while it ran: times are upper bounds. "
        "All rows are of the model before decisions 9 to 11, and are to be measured again."
    )
