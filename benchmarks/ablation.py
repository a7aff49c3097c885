"""What each idea is worth: the model is learned again without it, one idea at a time.

    python benchmarks/ablation.py xwines:time amazon-beauty:last     # on validation
    python benchmarks/ablation.py xwines:time --test                 # on the test, to report only
    python benchmarks/ablation.py --table                            # write docs/ablation.md

By default the test events are set aside first, and what is left is cut once more in the same way:
choices that are made from the table have not seen the test. Data are found through PENCHANT_DATA
(default ../shared/data). A variant that was measured with the same code, data and settings is not
measured again, so an interrupted run goes on where it stopped; per-user values are kept under
benchmarks/.ablation, the summary of each run under benchmarks/results/ablation.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
from ablation_table import table
from remembering import Memory, RememberingModel
from where import HERE, RESULTS, commit, data

from penchant import Engine, EngineConfig, SplitConfig
from penchant.clock import now
from penchant.encode.items import encode_items
from penchant.engine.prepared import Prepared
from penchant.engine.trial import Trial
from penchant.evaluate.experiment import Notes, Plan, folds, learn, ranked
from penchant.evaluate.fingerprint import data_hash, hardware
from penchant.evaluate.metrics import ndcg
from penchant.evaluate.significance import bootstrap, paired
from penchant.interests.model import LAYERS
from penchant.types import Progress, Report

WORK = HERE / ".ablation"
DEFAULT = "default"
K = 10
LEARNED_BY = ("data", "encode", "interests", "random.py", "taxonomy", "train")
"""Folders of the source whose change makes a measured figure stale."""


def ideas(items: int, repeats: bool, related: bool) -> dict[str, dict[str, Any]]:
    """Each idea and the settings that take it away; `related` says whether relations are known."""
    found: dict[str, dict[str, Any]] = {
        f"{layer} layer": {"interests.layers": [name for name in LAYERS if name != layer]}
        for layer in LAYERS
        if related or layer != "social"
    }
    found |= {
        "text in the base": {"interests.base.linear.text": [0.0]},
        "base solved whole (by neighbourhoods instead)": {"interests.base.linear.solver": "local"},
        "busy people say less in the base": {"interests.base.linear.activity": [0.0]},
        "rhythms: the base forgets": {"interests.base.linear.rhythms": [[1.0, 0.0]]},
        "kin: evidence shared in an interest": {"interests.base.linear.kin_rhythms": []},
        "gate: α by person (logistic instead)": {"interests.fusion.kind": "logistic"},
        "fusion learned (fixed instead)": {"interests.fusion.kind": "fixed"},
        "popularity fades (one slow count instead)": {"interests.popularity.half_lives": [2000.0]},
        "context by network (naive Bayes instead)": {"interests.context.kind": "naive-bayes"},
        "running mean of the network's weights": {"interests.dynamic.average": 0.0},
        "a network 128 wide (64 instead)": {"interests.dynamic.dims": 64},
        "a causal Transformer (GRU instead)": {"interests.dynamic.kind": "gru"},
        "id dropout": {"interests.dynamic.id_dropout": 0.0},
        "dropout": {"interests.dynamic.dropout": 0.0},
        "the last 50 events (10 instead)": {"interests.dynamic.length": 10},
        "language model (hashed words instead)": {"encode.kind": "hashed"},
    }
    if repeats:
        found["own rhythms"] = {"interests.base.linear.own_rhythms": []}
    negatives = EngineConfig().interests.dynamic.negatives
    if items > 3 * negatives:
        found["sampled softmax (full instead)"] = {"interests.dynamic.negatives": items}
    else:
        found["full softmax (sampled instead)"] = {
            "interests.dynamic.negatives": max(16, items // 6)
        }
    return found


@dataclass(frozen=True)
class Bench:
    """One data set and split, cut for validation or test: what every variant is measured on."""

    name: str
    data: Prepared
    config: EngineConfig
    engine: Engine
    progress: Progress
    memory: Memory
    work: Path

    def plan(self, config: EngineConfig) -> Plan:
        """How a variant is evaluated; layers that it shares with an earlier one are taken up."""
        cache = self.engine.workspace.cache if self.engine.workspace else None
        text = encode_items(
            self.data.items, config.encode, report=Report(), cache=cache, progress=self.progress
        )
        trial = Trial(self.data, text, config, self.progress)

        def unfitted(kind: Any) -> RememberingModel:
            return RememberingModel(trial.unfitted(kind).config, memory=self.memory)

        return replace(trial.plan(config.evaluate), model=unfitted)

    def measure(self, changes: Mapping[str, Any]) -> npt.NDArray[np.float64]:
        """NDCG@10 of every user [U]."""
        plan = self.plan(self.config.but(**changes))
        found = []
        for fold in folds(plan):
            learned = learn(plan, fold, Notes())
            found.append(ndcg(ranked(plan, learned.model, learned.asked), K))
        return np.concatenate(found)

    def kept(self, changes: Mapping[str, Any]) -> Path:
        """Where the values of a variant are kept: a name for code, data and settings."""
        settings = self.config.but(**changes).model_dump_json()
        told = [settings, data_hash(self.data.events), data_hash(self.data.items), _code()]
        return (
            self.work
            / f"{self.name}-{hashlib.sha256(' '.join(told).encode()).hexdigest()[:16]}.npy"
        )


def _code() -> str:
    """A digest of the source that figures rest on."""
    source, digest = HERE.parent / "src" / "penchant", hashlib.sha256()
    for name in LEARNED_BY:
        path = source / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def bench(
    name: str, kind: str, test: bool, config: EngineConfig, progress: Progress, work: Path = WORK
) -> Bench:
    """Read a set; on validation, set the test events aside."""
    folder = work / "workspaces" / name
    engine, added = Engine(folder, config, progress=progress), folder / "added"
    if not added.exists():  # adding again after an interruption counts nothing twice
        engine.add(data() / name)
        added.touch()
    config = config.but(**{"evaluate.split": SplitConfig(kind=kind).model_dump()})
    prepared = Prepared.of(engine.tables, config, now)
    made = Bench(f"{name}-{kind}", prepared, config, engine, progress, {}, work)
    if test:
        return made
    (outer,) = folds(made.plan(config))
    return replace(made, name=f"{made.name}-validation", data=replace(prepared, events=outer.train))


def run(one: Bench, only: list[str]) -> dict[str, Any]:
    """Measure the default and every idea; what was measured before is read."""
    related = one.data.relations is not None
    found = ideas(one.data.items.height, one.data.repeats, related)
    taken = {name: some for name, some in found.items() if one.config.but(**some) != one.config}
    variants = {DEFAULT: {}, **taken}
    unknown = set(only) - set(variants)
    if unknown:
        raise SystemExit(f"--only: no idea {sorted(unknown)}; there are {sorted(variants)}")
    seed, rows, reference = one.config.seed, [], np.zeros(0)
    for name, changes in variants.items():
        path, began = one.kept(changes), perf_counter()
        if only and name not in {DEFAULT, *only} and not path.exists():
            continue
        if path.exists():
            values = np.load(path)
        else:
            values = one.measure(changes)
            np.save(path, values)
        took = perf_counter() - began
        (mean,) = bootstrap(values[:, None], seed=seed)
        row = {"idea": name, "changes": changes, "value": mean.value, "low": mean.low,
               "high": mean.high, "users": mean.users, "seconds": round(took, 1)}  # fmt: skip
        if name == DEFAULT:
            reference = values
        else:
            worth = paired(reference, values, seed=seed)
            row |= {"worth": worth.difference, "worth_low": worth.low, "worth_high": worth.high}
        rows.append(row)
        print(json.dumps(row), file=sys.stderr)
    return {"rows": rows}


def main() -> None:
    from rich.console import Console

    from penchant.cli.progress import Lines

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("runs", nargs="*", help="set:split, as xwines:time")
    parser.add_argument("--test", action="store_true", help="on the test events, not validation")
    parser.add_argument("--only", action="append", default=[], help="one idea; may be repeated")
    parser.add_argument("--set", action="append", default=[], help="a setting, as seed=1")
    parser.add_argument("--table", action="store_true", help="write docs/ablation.md")
    parser.add_argument("--work", type=Path, default=WORK, help="where measured values are kept")
    parser.add_argument("--results", type=Path, default=RESULTS / "ablation", help="for summaries")
    said = parser.parse_args()
    folder = said.results
    folder.mkdir(parents=True, exist_ok=True)
    said.work.mkdir(exist_ok=True)
    config = EngineConfig().but(
        **{k: json.loads(v) for k, v in (s.split("=", 1) for s in said.set)}
    )
    for name, kind in (r.split(":") for r in said.runs):
        progress = Lines(Console(stderr=True, width=100))
        one = bench(name, kind, said.test, config, progress, said.work)
        found = {
            "set": name, "split": kind, "level": "test" if said.test else "validation",
            "date": now().isoformat(timespec="seconds"), "commit": commit(),
            "seed": config.seed, "hardware": hardware(), **run(one, said.only),
        }  # fmt: skip
        path = folder / f"{one.name}.json"
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if said.table:
        page = HERE.parent / "docs" / "ablation.md"
        page.write_text(table(folder) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
