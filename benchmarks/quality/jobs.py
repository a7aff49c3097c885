"""What is to be done for a set and a split, and doing it: one process a job, so that each one's
memory and time are its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from benchmarks.quality.lists import Lists, slug
from benchmarks.quality.measure import summary, written
from benchmarks.quality.parts import about, export
from benchmarks.quality.peers.grids import GRIDS, SEEDED
from benchmarks.where import commit

from penchant.engine.config import EngineConfig
from penchant.evaluate.fingerprint import hardware

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
OURS = "Penchant"


@dataclass(frozen=True)
class Bench:
    """Where things lie, who is run, and with what budget."""

    data: Path
    work: Path
    peers_python: Path
    results: Path = HERE / "results"
    settings: Path = HERE / "settings"
    peers: tuple[str, ...] = tuple(GRIDS)
    ours: tuple[str, ...] = (OURS, "baselines")
    seeds: tuple[int, ...] = (0,)
    minutes: float = 15.0
    ties: str = "unordered"
    prefix: tuple[str, ...] = ()
    say: Callable[[str], None] = field(default=print)

    def run(self, name: str, split: str) -> "Run":
        """One set and split."""
        return Run(self, name, split)


@dataclass(frozen=True)
class Run:
    """One set and split of a benchmark."""

    bench: Bench
    name: str
    split: str

    @property
    def key(self) -> str:
        """Its name among files."""
        order = "" if self.bench.ties == "unordered" else f"-{self.bench.ties}"
        return f"{self.name.split('.')[0]}-{self.split}{order}"

    @property
    def work(self) -> Path:
        """Its parts and lists."""
        return self.bench.work / self.key

    def result(self, model: str, seed: int) -> Path:
        """The result file of a model."""
        return self.bench.results / self.key / f"{slug(model)}~{seed}.json"

    def lists(self, model: str, seed: int) -> Path:
        """The lists of a model."""
        return self.work / "lists" / f"{slug(model)}~{seed}.npz"

    def best(self, peer: str) -> Path:
        """What a peer was tuned to."""
        return self.bench.settings / self.key / f"{slug(peer)}.json"

    def jobs(self) -> list["Job"]:
        """Everything to be done, peers first."""
        return [
            Job(self, model, seed)
            for models in (self.bench.peers, self.bench.ours)
            for model in models
            for seed in self.seeds(model)
        ]

    def seeds(self, model: str) -> tuple[int, ...]:
        """Seeds that a model is run with: one where it draws nothing."""
        draws = model in SEEDED or model == OURS
        return self.bench.seeds if draws else self.bench.seeds[:1]

    def prepare(self) -> None:
        """Cut the log, unless that was done."""
        config = EngineConfig().but(ties=self.bench.ties)
        export(self.bench.data / self.name, self.split, self.work, config)
        (self.work / "lists").mkdir(exist_ok=True)


@dataclass(frozen=True)
class Job:
    """One model with one seed on one set and split."""

    run: Run
    model: str
    seed: int

    def __str__(self) -> str:
        return f"{self.run.key} · {self.model} · seed {self.seed}"

    def done(self) -> bool:
        """Whether a result is there; one that failed is tried again."""
        return all(_whole(path) for path in self.results())

    def results(self) -> list[Path]:
        """The result files of this job: `baselines` makes several."""
        if self.model != "baselines":
            return [self.run.result(self.model, self.seed)]
        made = sorted(self.run.result("x", 0).parent.glob(f"baseline-*~{self.seed}.json"))
        return made or [self.run.result("baseline popularity", self.seed)]

    def longest(self) -> float:
        """Minutes that it may take at most, for the forecast."""
        tuned = self.model in GRIDS and not self.run.best(self.model).exists()
        return self.run.bench.minutes * (2.0 if tuned else 1.0)

    def do(self) -> None:
        """Tune where that was not done, fit, answer, measure, write; a failure is written too."""
        began = perf_counter()
        try:
            for model, told in self._answers().items():
                self._measure(model, told)
        except (subprocess.CalledProcessError, OSError, ValueError, KeyError) as error:
            said = getattr(error, "stderr", None) or str(error)
            self.run.bench.say(f"  failed: {said[-300:]}")
            failed = self._origin() | {"error": said[-2000:]}
            written(self.run.result(self.model, self.seed), failed)
        self.run.bench.say(f"  {perf_counter() - began:.0f} s")

    def _answers(self) -> dict[str, dict[str, Any]]:
        part, out = self.run.work / "test", self.run.lists(self.model, self.seed)
        if self.model not in GRIDS:
            out = self.run.work / "lists" / f"{slug(self.model)}~{self.seed}.told.json"
            return ours_process(self.run, self.model, self.seed, out)
        best = self.run.best(self.model)
        if not best.exists():
            written(best, self._tuned())
        told = json.loads(best.read_text(encoding="utf-8"))
        if "error" in told:
            raise ValueError(told["error"])
        settings = json.dumps(told["settings"])
        peer_process(self.run.bench, "fit", self.model, part, out, "--settings", settings,
              "--seed", str(self.seed))  # fmt: skip
        found = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
        tuning = {k: told[k] for k in ("validation", "minutes")} | {"settings": len(told["tried"])}
        return {self.model: {**found, "settings": told["settings"], "tuning": tuning}}

    def _tuned(self) -> dict[str, Any]:
        out = self.run.work / "lists" / f"{slug(self.model)}~tune.npz"
        part = self.run.work / "validation"
        peer_process(self.run.bench, "tune", self.model, part, out,
              "--minutes", str(self.run.bench.minutes))  # fmt: skip
        found: dict[str, Any] = json.loads(out.with_suffix(".json").read_text(encoding="utf-8"))
        return found | self._origin()

    def _measure(self, model: str, told: dict[str, Any]) -> None:
        part = self.run.work / "test"
        lists = Lists.load(self.run.lists(model, self.seed))
        figures = summary(lists, part, self.seed)
        found = self._origin() | {"model": model} | told | figures
        written(self.run.result(model, self.seed), found)
        mean = figures["figures"]["all"]["ndcg@10"]
        self.run.bench.say(
            f"  {model}: NDCG@10 {mean['value']:.4f} [{mean['low']:.4f}, {mean['high']:.4f}]"
        )

    def _origin(self) -> dict[str, Any]:
        part = about(self.run.work / "test")
        return {
            "set": part["set"],
            "split": self.run.split,
            "model": self.model,
            "seed": self.seed,
            "protocol": part,
            "hardware": hardware(),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
        }


def _whole(path: Path) -> bool:
    if not path.exists():
        return False
    return "error" not in json.loads(path.read_text(encoding="utf-8"))


def peer_process(bench: Bench, verb: str, model: str, part: Path, out: Path, *more: str) -> None:
    """Run a verb of the peers' command line in their environment."""
    asked = [bench.peers_python, "-m", "benchmarks.quality.peers", verb, model, part, "--out", out]
    _process([*bench.prefix, *map(str, asked), *more])


def ours_process(
    run: Run, model: str, seed: int, out: Path, part: str = "test", *more: str
) -> dict[str, dict[str, Any]]:
    """Run Penchant or its baselines in a process of their own; lists come to lie beside `out`."""
    source = str(run.bench.data / run.name)
    _process([
        *run.bench.prefix, sys.executable, "-m", "benchmarks.quality.ours", model, source,
        run.split, str(run.work), "--seed", str(seed), "--ties", run.bench.ties,
        "--out", str(out), "--part", part, *more,
    ])  # fmt: skip
    found: dict[str, dict[str, Any]] = json.loads(out.read_text(encoding="utf-8"))
    return found


def _process(asked: list[str]) -> None:
    """Run a command from the repository's root; what it says on the way goes through."""
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(asked, cwd=ROOT, env=env, text=True, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, asked, None, done.stderr)


def work_off(jobs: Iterable[Job], say: Callable[[str], None]) -> None:
    """Do what is not done yet, one after the other, and say how long it may still take."""
    todo = [job for job in jobs if not job.done()]
    for at, job in enumerate(todo):
        left = sum(j.longest() for j in todo[at:])
        now = datetime.now(UTC).strftime("%H:%M")
        say(f"[{at + 1}/{len(todo)}] {now} {job} (at most {left:.0f} min left)")
        job.run.prepare()
        job.do()
