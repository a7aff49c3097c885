"""Two commands beside the table: our metrics next to RecTools', and time to a peer's best quality.

The cost of quality, on a validation part, one after the other on the same cores: RecTools' SASRec
with its tuned settings and its own training step learns until it has its best validation NDCG@10;
Penchant learns with its base layer and popularity alone, and then in full; the first of the two
that has the figure of the tuning at its end counts. Time that SASRec spends on judging is not
counted. It learns for an hour: its run is kept in the work folder, and taken up by a call on the
same cores.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from benchmarks.quality.jobs import OURS, Run, ours_process, peer_process
from benchmarks.quality.lists import Lists, judge
from benchmarks.quality.measure import written
from benchmarks.quality.parts import about, marks
from benchmarks.where import commit

from penchant.cores import cores
from penchant.evaluate.fingerprint import hardware

PEER = "SASRec"
CLOSE = 1e-6
MOST = 600.0
"""Minutes that the peer may take at most."""


def cost(run: Run, stock: bool = True) -> dict[str, Any]:
    """Measure and write `results/cost.json`.

    Raises:
        SystemExit: the peer was not tuned on this set and split yet.
    """
    run.prepare()
    best = run.best(PEER)
    if not best.exists():
        raise SystemExit(
            f"--cost: {best} is missing; tune first: {run.name}:{run.split} --peers {PEER}"
        )
    told = json.loads(best.read_text(encoding="utf-8"))
    target = told["validation"]["ndcg@10"]
    folder = run.work / "cost"
    folder.mkdir(exist_ok=True)
    theirs = _theirs(run, told["settings"], target, stock)
    early, full = _ours(run, "--layers", "base,popularity"), _ours(run)
    first = next((some for some in (early, full) if some["quality"] >= target), full)
    found = {
        "set": run.name, "split": run.split, "target": target,
        "theirs": theirs["seconds_to_best"], "their_best": theirs["best"],
        "their_epochs": theirs["best_epoch"], "their_end": theirs["stopped"], "stock": _said(stock),
        "early": early, "full": full, "reached": first["quality"] >= target,
        "ours": first["seconds"], "times": theirs["seconds_to_best"] / first["seconds"],
        "times_full": theirs["seconds_to_best"] / full["seconds"],
        "cores": cores(), "hardware": hardware(), "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    written(run.bench.results / "cost.json", found)
    run.bench.say(json.dumps(found, indent=1))
    return found


def _said(stock: bool) -> str:
    return "" if stock else " (with the faster training step of `peers/fast.py`)"


def _theirs(run: Run, settings: dict[str, Any], target: float, stock: bool) -> dict[str, Any]:
    out = run.work / "cost" / "theirs.npz"
    kept, asked = out.with_suffix(".json"), {**settings, "target": target, "stock": stock}
    this = {"asked": asked, "cores": cores()}
    if kept.exists():
        found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
        if {name: found.get(name) for name in this} == this:
            run.bench.say(f"{PEER}: best after {found['seconds_to_best']:,.0f} s, taken up")
            return found
    run.bench.say(f"{PEER} until validation NDCG@10 is {target:.4f}")
    peer_process(
        run.bench, "reach", PEER, run.work / "validation", out, "--minutes", str(MOST),
        "--settings", json.dumps(asked),
    )  # fmt: skip
    found = json.loads(kept.read_text(encoding="utf-8")) | this
    written(kept, found)
    return found


def _ours(run: Run, *more: str) -> dict[str, float]:
    """Penchant's wall time from texts to a model that answers, its quality and memory (GiB)."""
    out = run.work / "cost" / "ours.json"
    run.bench.say(f"{OURS} on the same part {' '.join(more)}".rstrip())
    told = ours_process(run, OURS, 0, out, "validation", *more)[OURS]
    lists = Lists.load(out.parent / f"{OURS}~0.npz")
    part = run.work / "validation"
    shape = (about(part)["asked"], about(part)["items"])
    quality = judge(lists, marks(part / "answers" / "targets.parquet", shape))
    wall = told["wall"]
    return {
        "seconds": wall["encode"] + wall["tree"] + wall["fit"], "model": wall["fit"],
        "quality": quality, "memory": told["peak_mib"] / 1024,
    }  # fmt: skip


def check_metrics(runs: Iterable[Run]) -> int:
    """Compare metrics on the lists at hand; 1 where any figure is apart by more than 1e-6."""
    apart = 0.0
    for run in runs:
        for path in sorted((run.work / "lists").glob("*~0.npz")):
            checked = run.work / "lists" / path.name
            part = run.work / "test"
            peer_process(run.bench, "metrics", PEER, part, checked, "--info", "metrics")
            found = json.loads(path.with_suffix(".metrics.json").read_text(encoding="utf-8"))
            most = max(found["largest difference"].values())
            run.bench.say(f"{run.key} {path.stem}: apart by {most:.1e} at most")
            apart = max(apart, most)
    return int(apart > CLOSE)
