"""The main job on real data sets: add → fit → interests → recommend → explain → evaluate.

    python benchmarks/datasets.py xwines:time amazon-beauty:last     # some of them
    python benchmarks/datasets.py                                    # all of them
    python benchmarks/datasets.py --table                            # write what was measured

Data are found through PENCHANT_DATA (default ../shared/data). Each run writes one result file under
benchmarks/results; figures, intervals, settings, times and the machine are in it.
"""

import argparse
import gc
import json
import os
import resource
import sys
import tempfile
from pathlib import Path
from time import perf_counter

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
RUNS = {
    "amazon-beauty": ("last", "time"),
    "xwines": ("time", "last"),
    "movietweetings": ("time", "last"),
    "grocery": ("time", "last"),
    "online-retail": ("time", "last"),
    "online-retail-raw.csv.gz": ("time",),
    "stackexchange": ("time", "last"),
    "lastfm": ("time", "last"),
    "ml-latest-small": ("time", "last"),
}


def data() -> Path:
    """Where the data sets lie."""
    return Path(os.environ.get("PENCHANT_DATA", HERE.parent.parent / "shared" / "data"))


def run(name: str, kind: str, changes: dict[str, object]) -> dict[str, object]:
    """One data set from its files to figures."""
    from rich.console import Console

    from penchant import Engine, EngineConfig, SplitConfig
    from penchant.cli.progress import Lines

    config = EngineConfig().but(**changes)
    seconds = {}
    with tempfile.TemporaryDirectory() as folder:
        began = perf_counter()
        engine = Engine(Path(folder) / "w", config, progress=Lines(Console(stderr=True, width=100)))
        added = engine.add(data() / name)
        seconds["add"], began = perf_counter() - began, perf_counter()
        fitted = engine.fit()
        seconds["fit"] = perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        users = engine.data.log.users.ids
        person = str(users[len(users) // 2])
        print(engine.interests(person), file=sys.stderr)
        recommended = engine.recommend(person)
        print(recommended, *recommended.explain()[:2], sep="\n", file=sys.stderr)
        gc.collect()
        began = perf_counter()
        result = engine.evaluate(split=SplitConfig(kind=kind))
        seconds["evaluate"] = perf_counter() - began
        print(result, file=sys.stderr)
        model = engine.model
        return {
            "set": name,
            "split": kind,
            "seconds": seconds,
            "fit_seconds": dict(fitted.seconds),
            "peak_fit_mib": peak,
            "summary": dict(fitted.summary),
            "fusion": dict(zip(model.fusion.names, map(float, model.fusion.theta_), strict=True)),
            "added": added.to_json(),
            "evaluation": result.to_json(),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("runs", nargs="*", help="set:split, as xwines:time")
    parser.add_argument("--set", action="append", default=[], help="a setting, as seed=1")
    parser.add_argument(
        "--table", action="store_true", help="write the tables of docs/results.md and README.md"
    )
    asked = parser.parse_args()
    if asked.table:
        from results_table import short, table

        (HERE.parent / "docs" / "results.md").write_text(table(RESULTS) + "\n", encoding="utf-8")
        readme = HERE.parent / "README.md"
        before, _, after = readme.read_text(encoding="utf-8").split("<!-- results -->\n")
        parts = [before, short(RESULTS) + "\n", after]
        readme.write_text("<!-- results -->\n".join(parts), encoding="utf-8")
        return
    changes = {}
    for pair in asked.set:
        key, value = pair.split("=", 1)
        changes[key] = json.loads(value)
    runs = [tuple(r.split(":")) for r in asked.runs] or [
        (name, kind) for name, kinds in RUNS.items() for kind in kinds
    ]
    RESULTS.mkdir(exist_ok=True)
    for name, kind in runs:
        found = run(name, kind, changes)
        path = RESULTS / f"{name.split('.')[0]}-{kind}.json"
        path.write_text(json.dumps(found, indent=1, default=str) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
