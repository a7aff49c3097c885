"""Cut a log as `penchant evaluate` does, and write the parts down for other processes.

A part is one train-and-ask, in a folder: `train.parquet` (user, item, time in µs, weight; in
canonical order), `asks.parquet` (user, at), `barred.parquet` (ask, item: what may not be shown),
`about.json`; and apart from what a peer is given, `answers/` with the targets and the groups of
users. Users and items are integers; items below `known` have a training event. An asked user
without any training event is −1. What is known of a user when asked is that user's training events.

    validation   the end of the training log, cut in the same way: peers are tuned on it
    test         looked at once
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from penchant import random
from penchant.clock import now
from penchant.data import columns as c
from penchant.data.histories import Histories, histories
from penchant.data.moments import Moments
from penchant.data.split import SplitConfig, split
from penchant.data.strength import strength
from penchant.data.vocabulary import Vocabulary
from penchant.engine.config import EngineConfig
from penchant.engine.engine import Engine
from penchant.engine.prepared import Prepared
from penchant.engine.trial import Trial
from penchant.evaluate import beyond, experiment
from penchant.evaluate.experiment import Plan
from penchant.evaluate.fingerprint import data_hash

VALIDATION_USERS = 4000
"""Most users that are asked in validation: enough to choose between settings."""


@dataclass(frozen=True)
class Part:
    """One train-and-ask with ids as rows of `items` (known ones first)."""

    name: str
    items: pl.Series
    known: int
    train: Histories
    moments: Moments
    users: np.ndarray
    targets: sparse.csr_array
    barred: sparse.csr_array
    repeats: bool

    def take(self, rows: np.ndarray) -> "Part":
        """Some of the moments."""
        return replace(
            self,
            moments=self.moments.take(rows),
            users=self.users[rows],
            targets=self.targets[rows],
            barred=self.barred[rows],
        )


def prepared(source: Path, config: EngineConfig) -> Prepared:
    """A data set read and cleaned as the engine does it."""
    engine = Engine(config=config)
    engine.add(source)
    return Prepared.of(engine.tables, config, now)


def plan(data: Prepared, config: EngineConfig, kind: str, text: np.ndarray | None = None) -> Plan:
    """The plan of an evaluation; without texts it can cut, not learn."""
    if text is None:
        text = np.zeros((data.items.height, 1), np.float32)
    asked = config.evaluate.but(split=SplitConfig(kind=kind).model_dump())  # type: ignore[arg-type]
    return Trial(data, text, config).plan(asked)


def parts(whole: Plan) -> tuple[Part, Part]:
    """The validation and the test part of a plan."""
    fold = _fold(whole)
    test = part(whole, fold, "test")
    inner = replace(whole, events=fold.train)
    validation = part(inner, _fold(inner), "validation")
    if len(validation.moments) > VALIDATION_USERS:
        draw = random.rng(whole.seed, "benchmark", "validation").permutation(
            len(validation.moments)
        )
        validation = validation.take(np.sort(draw[:VALIDATION_USERS]))
    return validation, test


def _fold(whole: Plan) -> Any:
    (fold,) = split(
        whole.events,
        whole.config.split,
        repeats=experiment._repeats(whole, whole.events),
        positive=strength(whole.events, whole.weights) > 0,
        seed=whole.seed,
        context=[name for name in whole.context if name in whole.events.columns],
    )
    return fold


def part(whole: Plan, fold: Any, name: str) -> Part:
    """A fold as rows, by the very code that `penchant evaluate` asks with."""
    ids = whole.items[c.ITEM]
    known = ids.is_in(fold.train[c.ITEM].unique().implode()).to_numpy()
    first, later = np.flatnonzero(known), np.flatnonzero(~known)
    order = Vocabulary(ids.gather(np.concatenate([first, later])))
    train = histories(
        fold.train, Vocabulary(ids.gather(first)), whole.weights, whole.context,
        relations=whole.relations,
    )  # fmt: skip
    repeats = experiment._repeats(whole, fold.train)
    asked = experiment._asked(whole, fold, order, train, repeats)
    users = train.users.rows(fold.asks[c.USER]).astype(np.int64)
    return Part(
        name, order.ids, len(first), asked.train, asked.moments, users, asked.targets,
        asked.barred, repeats,
    )  # fmt: skip


def write(part: Part, folder: Path, about: dict[str, Any]) -> None:
    """Write a part down; `about.json` comes last and says that it is whole."""
    log, moments = part.train, part.moments
    _same_histories(part)
    (folder / "answers").mkdir(parents=True, exist_ok=True)
    train = {"user": log.user, "item": log.item, "time": log.time, "weight": log.weight}
    pl.DataFrame(train).write_parquet(folder / "train.parquet")
    pl.DataFrame({"user": part.users, "at": moments.at}).write_parquet(folder / "asks.parquet")
    _pairs(part.barred).write_parquet(folder / "barred.parquet")
    _pairs(part.targets).write_parquet(folder / "answers" / "targets.parquet")
    groups = beyond.slices(moments, part.targets, log)
    pl.DataFrame(groups).write_parquet(folder / "answers" / "groups.parquet")
    part.items.alias(c.ITEM).to_frame().write_parquet(folder / "items.parquet")
    figures = {
        "part": part.name,
        "asked": len(moments),
        "items": len(part.items),
        "known": part.known,
        "users": len(log.users),
        "events": len(log),
        "repeats": part.repeats,
    }
    text = json.dumps({**about, **figures}, indent=1)
    (folder / "about.json").write_text(text + "\n", encoding="utf-8")


def export(source: Path, kind: str, folder: Path, config: EngineConfig) -> None:
    """Write both parts of a data set, unless they are there."""
    if (folder / "test" / "about.json").exists():
        return
    data = prepared(source, config)
    about = {
        "set": source.name.split(".")[0],
        "split": kind,
        "ties": config.ties,
        "data": f"{data_hash(data.events)}-{data_hash(data.items.select(c.ITEM))}",
    }
    for made in parts(plan(data, config, kind)):
        write(made, folder / made.name, about)


def _pairs(marks: sparse.csr_array) -> pl.DataFrame:
    owner, item = marks.tocoo().coords
    return pl.DataFrame({"ask": owner.astype(np.int32), "item": item.astype(np.int32)})


def _same_histories(part: Part) -> None:
    """What is known of an asked user is that user's training events: peers are told so."""
    log, rows = part.train, part.users
    there = rows >= 0
    length = np.where(there, log.offsets[rows + 1] - log.offsets[rows], 0)
    if not np.array_equal(length, part.moments.length):
        raise AssertionError(f"{part.name}: a moment's history is not its user's training events")


def about(folder: Path) -> dict[str, Any]:
    """What a part says of itself."""
    found: dict[str, Any] = json.loads((folder / "about.json").read_text(encoding="utf-8"))
    return found


def marks(path: Path, shape: Sequence[int]) -> sparse.csr_array:
    """Pairs that were written down as a sparse matrix of ones."""
    pairs = pl.read_parquet(path)
    where = (pairs["ask"].to_numpy(), pairs["item"].to_numpy())
    return sparse.csr_array((np.ones(pairs.height, np.float32), where), shape=tuple(shape))
