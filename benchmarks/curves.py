"""How good the whole and each layer are by how much of the log was learned from.

    python benchmarks/curves.py xwines:time                  # by users and by time
    python benchmarks/curves.py xwines:time --by users --shares 0.1 0.5 1
    python benchmarks/curves.py --table                      # write docs/learning-curves.md

By users: a random share of the users is learned from; everybody is asked, with all of their own
history. By time: the newest share of the training events is learned from, and nothing older is
known of anybody. The questions are the same for every share: on validation unless `--test`. Data
are found through PENCHANT_DATA (default ../shared/data). Each pass of the dynamic layer is noted
with its last loss and the best held-out NDCG@10 before it. Results go to benchmarks/results/curves.
"""

import argparse
import json
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from ablation import Bench, bench
from where import HERE, RESULTS, commit

from penchant import EngineConfig
from penchant.clock import now
from penchant.data import columns as c
from penchant.data.split import Fold
from penchant.evaluate.experiment import Notes, folds, learn
from penchant.evaluate.fingerprint import hardware
from penchant.evaluate.layers import by_layer
from penchant.evaluate.scored import Scored
from penchant.evaluate.significance import bootstrap
from penchant.random import rng

SHARES = (0.1, 0.25, 0.5, 1.0)


@dataclass
class Listening:
    """Progress that keeps the last note of every pass of the dynamic layer."""

    passes: list[tuple[str, str]] = field(default_factory=list)
    name: str = ""

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Any:
        self.name, self.note = name, ""
        yield self
        if name.startswith("dynamic: pass"):
            self.passes.append((name, self.note))

    def advance(self, n: int = 1, note: str = "") -> None:
        self.note = note or self.note


def part(fold: Fold, by: str, share: float, seed: int) -> Fold:
    """The fold with a share of what may be learned from."""
    if share >= 1.0:
        return fold
    train = fold.train
    if by == "users":
        users = train[c.USER].unique().sort()
        draw = rng(seed, "curves").permutation(len(users))[: max(1, round(share * len(users)))]
        some = train.filter(train[c.USER].is_in(users.gather(np.sort(draw)).implode()))
        return replace(fold, train=some)
    times = train[c.TIME].sort()
    since = times[int((1.0 - share) * (len(times) - 1))]
    some = train.filter(train[c.TIME] >= since)
    return replace(fold, train=some, history=some)


def curve(one: Bench, by: str, shares: Sequence[float]) -> list[dict[str, Any]]:
    """One row a share: the whole's and each layer's NDCG with intervals."""
    plan = one.plan(one.config)
    (fold,) = folds(plan)
    rows = []
    for share in shares:
        heard, began = Listening(), perf_counter()
        asked = replace(plan, progress=heard)
        learned = learn(asked, part(fold, by, share, plan.seed), Notes())
        values = by_layer(asked, learned, Notes())
        metric = f"ndcg@{plan.config.list}"
        kept = {w: v for w, v in values.items() if w.role in ("whole", "alone")}
        told = bootstrap(np.column_stack([v[metric] for v in kept.values()]), seed=plan.seed)
        means = [[i.value, i.low, i.high] for i in told]
        rows.append({
            "by": by, "share": share, "events": learned.asked.train.item.size,
            "users": len(learned.asked.moments), "seconds": round(perf_counter() - began, 1),
            "figures": dict(zip(map(_name, kept), means, strict=True)),
            "passes": heard.passes,
        })  # fmt: skip
    return rows


def _name(who: Scored) -> str:
    return "whole" if who.role == "whole" else who.of


def table(folder: Path) -> str:
    """Markdown: one table a run."""
    parts = [INTRO]
    for path in sorted(folder.glob("*.json")):
        run = json.loads(path.read_text(encoding="utf-8"))
        names = list(run["rows"][0]["figures"])
        lines = [
            f"## {run['set']}:{run['split']}, {run['level']}", "",
            "| by | share | events | " + " | ".join(names) + " |",
            "| --- | ---: | ---: |" + " ---: |" * len(names),
        ]  # fmt: skip
        for row in run["rows"]:
            cells = [_cell(*row["figures"][name]) for name in names if name in row["figures"]]
            share = f"{row['share']:.0%}"
            lines.append(f"| {row['by']} | {share} | {row['events']:,} | {' | '.join(cells)} |")
        made = f"{run['date'][:10]}, commit {run['commit']}, seed {run['seed']}, {run['hardware']}"
        parts += ["\n".join(lines), f"{run['rows'][0]['users']:,} users asked; {made}."]
    return "\n\n".join(parts)


def _cell(value: float, low: float, high: float) -> str:
    return f"{value:.4f} ±{(high - low) / 2:.4f}"


INTRO = """# Learning curves

NDCG@10 of the whole and of each layer alone, by how much of the log was learned from. Made by
`python benchmarks/curves.py SET:SPLIT`. *By users*: a random share of the users is learned from;
everybody is asked, with all of their own history. *By time*: the newest share of the training
events is learned from, and nothing older is known of anybody. The questions are the same in every
row of a table. A curve that still rises at 100 % says that more data would help."""


def main() -> None:
    from rich.console import Console

    from penchant.cli.progress import Lines

    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("runs", nargs="*", help="set:split, as xwines:time")
    parser.add_argument("--by", action="append", choices=("users", "time"), default=[])
    parser.add_argument("--shares", nargs="+", type=float, default=SHARES)
    parser.add_argument("--test", action="store_true", help="on the test events, not validation")
    parser.add_argument("--set", action="append", default=[], help="a setting, as seed=1")
    parser.add_argument("--table", action="store_true", help="write docs/learning-curves.md")
    said = parser.parse_args()
    folder = RESULTS / "curves"
    folder.mkdir(parents=True, exist_ok=True)
    config = EngineConfig().but(
        **{k: json.loads(v) for k, v in (s.split("=", 1) for s in said.set)}
    )
    for name, kind in (r.split(":") for r in said.runs):
        one = bench(name, kind, said.test, config, Lines(Console(stderr=True, width=100)))
        rows = [row for by in said.by or ("users", "time") for row in curve(one, by, said.shares)]
        found = {
            "set": name, "split": kind, "level": "test" if said.test else "validation",
            "date": now().isoformat(timespec="seconds"), "commit": commit(),
            "seed": config.seed, "hardware": hardware(), "rows": rows,
        }  # fmt: skip
        path = folder / f"{one.name}.json"
        path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    if said.table:
        page = HERE.parent / "docs" / "learning-curves.md"
        page.write_text(table(folder) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
