"""Penchant and its own baselines, with the protocol of the parts, in a process of their own.

python -m benchmarks.quality.ours Penchant SOURCE time WORK --seed 0 --out told.json
"""

import argparse
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, Literal

import numpy as np
from benchmarks.quality.lists import Lists, slug, topmost
from benchmarks.quality.measure import ahead
from benchmarks.quality.parts import Part, about, parts, plan, prepared

from penchant import EngineConfig, __version__
from penchant.cli.progress import Lines
from penchant.cores import cores
from penchant.data.moments import Moments
from penchant.encode.items import encode_items
from penchant.evaluate.baselines import baselines, settings
from penchant.evaluate.fingerprint import peak_memory
from penchant.interests.layer import Catalogue
from penchant.interests.model import LAYERS, InterestModel
from penchant.types import Floats, Report

CHUNK = 256


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", choices=["Penchant", "baselines"])
    parser.add_argument("source", type=Path)
    parser.add_argument("split", choices=["last", "time"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ties", default="unordered")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part", choices=["test", "validation"], default="test")
    parser.add_argument("--layers", default=",".join(LAYERS), help="these layers alone")
    asked = parser.parse_args()
    layers = tuple(asked.layers.split(","))
    config = EngineConfig().but(seed=asked.seed, ties=asked.ties, **{"interests.layers": layers})
    part = asked.work / asked.part
    found = Ours(config, asked.source, asked.split, part, asked.out.parent)
    told = found.penchant() if asked.model == "Penchant" else found.baselines()
    asked.out.write_text(json.dumps(told, indent=1, default=str) + "\n", encoding="utf-8")


class Ours:
    """The tables, vectors, catalogue and part that our own models learn from."""

    def __init__(
        self, config: EngineConfig, source: Path, split: str, folder: Path, lists: Path
    ) -> None:
        from rich.console import Console

        self.config, self.split, self.folder, self.lists = config, split, folder, lists
        self.progress = Lines(Console(stderr=False, width=100))
        data = prepared(source, config)
        self.seconds: dict[str, float] = {}
        self.wall: dict[str, float] = {}
        with self._timed("encode"):
            text = encode_items(data.items, config.encode, report=Report(), progress=self.progress)
        self.plan = plan(data, config, split, text)
        self.part = self._part()
        with self._timed("tree"):
            self.small, self.large = self._catalogues()

    @contextmanager
    def _timed(self, step: str) -> Iterator[None]:
        """Note processor time and wall time of a step."""
        began, wall = process_time(), perf_counter()
        yield
        self.seconds[step] = round(process_time() - began, 3)
        self.wall[step] = round(perf_counter() - wall, 3)

    def _part(self) -> Part:
        found = parts(self.plan)[self.folder.name == "test"]
        told = about(self.folder)
        if (told["asked"], told["known"]) != (len(found.moments), found.known):
            raise ValueError(
                f"{self.folder}: this part is another one; remove the folder and rerun"
            )
        return found

    def _catalogues(self) -> tuple[Catalogue, Catalogue]:
        rows = {id_: row for row, id_ in enumerate(self.plan.items["item_id"])}
        order = np.array([rows[id_] for id_ in self.part.items], np.int64)
        counts = np.bincount(self.part.train.item, minlength=self.part.known)
        first, later = order[: self.part.known], order[self.part.known :]
        return self.plan.catalogue(first, later, counts.astype(np.float32))

    def penchant(self) -> dict[str, dict[str, Any]]:
        """The model with its default settings."""
        kind: Literal["last", "time"] = "last" if self.split == "last" else "time"
        model = self.plan.model(kind)
        with self._timed("fit"):
            model.fit(
                self.small, _known(self.part), repeats=self.part.repeats, seed=self.config.seed,
                progress=self.progress,
            )  # fmt: skip
        model = model.extended(self.large)
        told = {
            "fusion": dict(zip(model.fusion.names, map(float, model.fusion.theta_), strict=True))
        }
        found = self._told("Penchant", model.score, told)
        found["Penchant"]["layers"] = self._layers(model)
        return found

    def _layers(self, model: InterestModel) -> dict[str, Any]:
        """Each layer alone, and how far the whole is ahead of the best one."""
        whole = Lists.load(self.lists / f"Penchant~{self.config.seed}.npz")
        alone = {name: self._answers(layer.score) for name, layer in model.layers.items()}
        return ahead(whole, alone, self.folder)

    def baselines(self) -> dict[str, dict[str, Any]]:
        """Penchant's baselines, each tuned within the training log."""
        tuning = self.plan.config.tuning.but(kind=self.split)
        found = {}
        for scorer in baselines(tuning, repeats=self.part.repeats, progress=self.progress):
            with self._timed("fit"):
                scorer.fit(self.large, self.part.train, seed=self.config.seed)
            chosen = {k: v for k, v in settings(scorer).items() if isinstance(v, int | float | str)}
            found |= self._told(f"baseline {scorer.name}", scorer.score, {"settings": chosen})
        return found

    def _told(
        self, name: str, score: Callable[[Moments], Floats], more: dict[str, Any]
    ) -> dict[str, dict[str, Any]]:
        with self._timed("answer"):
            self._answers(score).save(self.lists / f"{slug(name)}~{self.config.seed}.npz")
        found = {
            "seconds": dict(self.seconds),
            "wall": dict(self.wall),
            "peak_mib": peak_memory(),
            "versions": {"penchant": __version__},
        }
        return {name: {**found, "cores": cores(), **more}}

    def _answers(self, score: Callable[[Moments], Floats]) -> Lists:
        found = []
        for a in range(0, len(self.part.moments), CHUNK):
            rows = np.arange(a, min(a + CHUNK, len(self.part.moments)))
            some = self.part.take(rows)
            found.append(topmost(score(some.moments), some.barred))
        return Lists(
            np.concatenate([f.items for f in found]),
            np.concatenate([f.scores for f in found]),
            np.concatenate([f.popular for f in found]),
        )


def _known(part: Part) -> Any:
    """The training log over the items that it knows."""
    from dataclasses import replace

    from penchant.data.vocabulary import Vocabulary

    return replace(part.train, items=Vocabulary(part.items.head(part.known)))


if __name__ == "__main__":
    main()
