"""Next-event forecasts of interests, beside ways of counting, on real data under a time split.

    python -m benchmarks.interests.forecast                       # every set, both trees
    python -m benchmarks.interests.forecast xwines:learned        # one of them
    python -m benchmarks.interests.forecast --validation xwines   # never sees the newest tenth
    python -m benchmarks.interests.forecast --page                # write docs/interests.md

The newest tenth of the events is forecast, act by act, by what was learned from all before it; and
so are, for weeks and months, the shares of what each person does in the step after the cut.
Data are found through PENCHANT_DATA (default ../shared/data); one result file a set and tree under
benchmarks/interests/results.
"""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from benchmarks.interests.table import page as text
from benchmarks.quality.parts import plan
from benchmarks.where import commit, data

from penchant import Engine, EngineConfig
from penchant.clock import now
from penchant.data.histories import Histories, histories
from penchant.encode.items import encode_items
from penchant.engine.prepared import Prepared
from penchant.errors import DataError, SchemaError
from penchant.evaluate.experiment import catalogues, fitted_model, folds, grounded
from penchant.evaluate.fingerprint import hardware
from penchant.evaluate.forecast import Forecast, forecast
from penchant.interests.forecaster import Forecaster
from penchant.interests.model import InterestModel
from penchant.types import QUIET, Progress, Report

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
WORK = HERE.parent.parent / "build" / "interests"
SETS = ("xwines", "movietweetings", "grocery", "online-retail", "amazon-beauty")
TREES = ("given", "learned")


def measured(
    name: str,
    tree: str,
    *,
    validation: bool = False,
    seed: int = 0,
    work: Path = WORK,
    progress: Progress = QUIET,
) -> tuple[Forecast, dict[str, Any]]:
    """Learn from what was before the cut and forecast what came after it."""
    config = EngineConfig().but(seed=seed, **{"tree.kind": tree})
    engine = Engine(work / name, config, progress=progress)
    engine.add(data() / name)  # what is there already counts once
    ready = Prepared.of(engine.tables, config, now)
    cache = engine.workspace.cache if engine.workspace else None
    text = encode_items(ready.items, config.encode, report=Report(), cache=cache, progress=progress)
    whole = plan(ready, config, "time", text)
    whole = replace(whole, progress=progress)
    (fold,) = folds(whole)
    if validation:
        whole = replace(whole, events=fold.train)
        (fold,) = folds(whole)
    began = perf_counter()
    ground = grounded(whole, fold, Report())
    small, large = catalogues(whole, ground)
    model = fitted_model(whole, ground, small, large)
    seconds = perf_counter() - began
    log = histories(
        whole.events, large.items, whole.weights, whole.context, relations=whole.relations
    )
    cut = int(np.datetime64(fold.cut.replace(tzinfo=None), "us").astype(np.int64))
    found = forecast(model, log, cut, seed=seed, progress=progress)
    steps = {step: _ahead(model, log, cut, step, seed, progress) for step in ("week", "month")}
    told = {
        "set": name, "tree": tree, "level": "validation" if validation else "test", "seed": seed,
        "seconds": round(seconds, 1), "hardware": hardware(), "commit": commit(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "figures": found.figures.to_dicts(),
        "tuned": {f"{level} {way}": vars(t) for (level, way), t in found.tuned.items()},
        "by_history": found.by_history.to_dicts(), "bound": found.bound.to_dicts(),
        "covered": found.covered.to_dicts(),
        "ahead": steps,
    }  # fmt: skip
    return found, told


def _ahead(
    model: InterestModel, log: Histories, cut: int, step: str, seed: int, progress: Progress
) -> dict[str, Any] | None:
    """How well each way says the shares of the step after the cut, and which was chosen before."""
    made = Forecaster(step)
    try:
        made.fit(model, log.keep(log.time < cut), cut - 1, seed=seed, progress=progress)
    except DataError:
        return None  # too few people came back, or the log is too short
    asked = made.asked(model, log, cut - 1, seed=seed, progress=progress)
    return {
        "chosen": made.outlook_.way_,
        "rate": made.outlook_.rate_,
        "before": [vars(trial) for trial in made.outlook_.trials_],
        "after": [vars(trial) for trial in made.outlook_.tried(asked)] if len(asked) else [],
    }


def main() -> None:
    from rich.console import Console

    from penchant.cli.progress import Lines

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="*", help="set or set:tree, as xwines:learned")
    parser.add_argument("--validation", action="store_true", help="before the newest tenth")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--work", type=Path, default=WORK, help="where texts are kept encoded")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", action="store_true", help="write docs/interests.md")
    asked = parser.parse_args()
    if asked.page:
        page = HERE.parent.parent / "docs" / "interests.md"
        page.write_text(text(asked.results), encoding="utf-8")
        return
    asked.results.mkdir(parents=True, exist_ok=True)
    for run in asked.runs or SETS:
        name, _, one = run.partition(":")
        for tree in (one,) if one else TREES:
            try:
                found, told = measured(
                    name, tree, validation=asked.validation, seed=asked.seed, work=asked.work,
                    progress=Lines(Console(stderr=True, width=100)),
                )  # fmt: skip
            except SchemaError as error:  # a set without categories has no given tree
                print(f"{name}, {tree} tree: {error}", flush=True)
                continue
            level = "-validation" if asked.validation else ""
            path = asked.results / f"{name}-{tree}{level}~{asked.seed}.json"
            path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
            with_all = found.figures.drop("low", "high", "less_low", "less_high")
            import polars as pl

            with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_width_chars=140):
                print(f"{name}, {tree} tree\n{with_all}", flush=True)


if __name__ == "__main__":
    main()
