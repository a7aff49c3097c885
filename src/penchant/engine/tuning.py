"""Searching an engine's settings: what is laid aside, what is judged, and what is kept.

A study lives in the workspace, in `tuning/`, in a folder named after all that its figures rest on:
space, other settings, data, folds, metric. The same call finds it again and goes on.
"""

import json
from dataclasses import dataclass
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any, Final

import numpy as np
import polars as pl

from penchant.clock import Clock
from penchant.data import columns as c
from penchant.data.split import SplitConfig
from penchant.encode.config import EncodeConfig
from penchant.encode.items import encode_items
from penchant.engine.config import EngineConfig
from penchant.engine.prepared import Prepared
from penchant.engine.spaces import Given, check_names, space_of
from penchant.engine.tuned import Tuning
from penchant.engine.validation import Aside, Validation, cut, metric_of, visible
from penchant.evaluate.fingerprint import data_hash
from penchant.evaluate.significance import Paired, paired
from penchant.store.files import make_folder, write_json
from penchant.store.lock import locked
from penchant.store.tables import Tables
from penchant.store.workspace import Workspace
from penchant.train.knobs import text
from penchant.train.space import Space
from penchant.train.study import JOURNAL, Study, Tried, needed
from penchant.train.tune import Search, TuneConfig, best_of
from penchant.types import QUIET, Doubles, Floats, Progress, Report

ABOUT: Final = "study.json"
BEST: Final = "best.toml"
_RESAMPLES: Final = (1000, 10_000)  # of the interval: more where more trials are compared


@dataclass(frozen=True)
class Tuner:
    """Searches settings for the engine on some tables; without a workspace, in memory."""

    tables: Tables
    workspace: Workspace | None
    config: EngineConfig
    clock: Clock
    progress: Progress = QUIET

    def run(self, given: Given | None, tune: TuneConfig) -> Tuning:
        """Search; what was found before by the same call counts.

        Raises:
            ConfigError: the space or the metric cannot be used.
            DataError: there is too little data to cut into folds.
            MissingExtraError: the extra `tune` is not installed.
        """
        space = space_of(given, self.config)
        metric_of(tune.metric)
        needed()
        data = Prepared.of(self.tables, self.config, self.clock)
        check_names(space, data.events)
        seen = visible(data, self.config, tune.split, self._given())
        validation = self._validation(seen.data, space, tune)
        about = self._about(seen.data, space, tune)
        folder, told = self._study(about)
        if folder is None:
            return self._search(space, validation, tune, (folder, told), seen.aside)
        with locked(folder / "lock", wait=0.5):
            write_json(folder / ABOUT, about)
            found = self._search(space, validation, tune, (folder, told), seen.aside)
            found.write(folder / BEST)
        return found

    def _validation(self, data: Prepared, space: Space, tune: TuneConfig) -> Validation:
        kind = "rolling" if tune.split == "rolling" else "last"
        windows = tune.cuts if kind == "rolling" else 1
        split = SplitConfig(kind=kind, windows=windows, test_fraction=tune.window)
        cuts = cut(data, _with_columns(self.config, space), split, tune.cuts)
        return Validation(
            data, self.config, cuts, tune.metric,
            lambda encode: self._encoded(data.items, encode), self.progress,
        )  # fmt: skip

    def _given(self) -> pl.Series:
        """Ids of the item table as it was put in."""
        items = self.tables.read("items").collect()
        return items[c.ITEM] if items.width else pl.Series(c.ITEM, [], pl.String)

    def _encoded(self, items: pl.DataFrame, config: EncodeConfig) -> Floats:
        cache = self.workspace.cache if self.workspace else None
        return encode_items(items, config, report=Report(), cache=cache, progress=self.progress)

    def _search(
        self,
        space: Space,
        validation: Validation,
        tune: TuneConfig,
        kept: tuple[Path | None, str],
        aside: Aside,
    ) -> Tuning:
        folder, told = kept
        study = Study(space, folder)
        before = len(study.tried)
        search = Search(
            space, validation, study, tune, monotonic,
            self.config.seed, self.progress,
        ).run()  # fmt: skip
        people = validation.people()
        best = best_of(study.tried)
        return Tuning(
            metric=tune.metric,
            space=space,
            trials=tuple(study.tried),
            defaults={name: validation.default(name) for name in space.names},
            config=self.config.but(**best.settings),
            lead=lead_of(study, best, people, self.config.seed),
            aside=aside,
            users=len(set(people)),
            before=before,
            study=told,
            folder=folder,
            stopped=search.stopped,
            impossible=len(search.impossible),
        )

    def _about(self, data: Prepared, space: Space, tune: TuneConfig) -> dict[str, Any]:
        """All that the figures of a study rest on."""
        quiet = {"evaluate", "recommend", "keep", "clean", "store"}
        config = self.config.model_dump(mode="json")
        judged = {"split": tune.split, "folds": tune.cuts, "window": tune.window}
        return {
            "version": str(import_module("penchant").__version__),
            "data": f"{data_hash(data.events)}-{data_hash(data.items)}",
            "space": space.to_json(),
            "settings": {name: value for name, value in config.items() if name not in quiet},
            "folds": judged,
            "metric": tune.metric,
        }

    def _study(self, about: dict[str, Any]) -> tuple[Path | None, str]:
        """The folder of a study, and whether it is a new one, and why."""
        if self.workspace is None:
            return None, "a study in memory"
        home = self.workspace.tuning
        name = blake2b(text(about).encode(), digest_size=6).hexdigest()
        folder = home / name
        last = max(home.glob(f"*/{JOURNAL}"), key=lambda p: p.stat().st_mtime, default=None)
        if (folder / JOURNAL).is_file():
            return folder, "goes on with the study of an earlier call"
        make_folder(folder)
        if last is None:
            return folder, "a new study"
        other = _differing(last.with_name(ABOUT), about)
        return folder, f"a new study, as {other} changed since the last one ({last.parent.name})"


def lead_of(study: Study, best: Tried, people: list[str], seed: int) -> Paired | None:
    """The lead of a trial over trial 0, paired over users; None: it is trial 0.

    Someone who is asked in several folds is one draw, with the sum of their values. The best of m
    trials is a lucky one too: its interval has the level 1 − 0.05 / m (Bonferroni).
    """
    if best.number == 0:
        return None
    rivals = sum(t.state != "failed" for t in study.tried) - 1
    ours, theirs = (_by_user(study.values(n), people) for n in (best.number, 0))
    few, many = _RESAMPLES
    resamples = min(max(few, 200 * rivals), many)
    return paired(ours, theirs, seed=seed, resamples=resamples, level=1 - 0.05 / rivals)


def _by_user(values: Doubles, people: list[str]) -> Doubles:
    """Sums by user, scaled so that their mean is the mean over all who were asked [U]."""
    users, row = np.unique(people, return_inverse=True)
    sums: Doubles = np.bincount(row, weights=values).astype(np.float64)
    return sums * (len(users) / len(values))


def _points(space: Space, name: str) -> list[Any]:
    knob = space.knobs[name]
    return [knob.point(n) for n in range(knob.count)]


def _with_columns(config: EngineConfig, space: Space) -> EngineConfig:
    """The settings with every column of context that a trial may ask for."""
    name = "interests.context.columns"
    if name not in space.names:
        return config
    more = [column for some in _points(space, name) for column in some]
    return config.but(**{name: tuple(dict.fromkeys([*config.interests.context.columns, *more]))})


def _differing(last: Path, now: dict[str, Any]) -> str:
    """What of a study is not as in the last one."""
    try:
        before = dict(json.loads(last.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):  # no file, or half a one, says nothing
        before = {}
    changed = [name for name in now if before.get(name) != now[name]]
    return " and ".join(changed) or "something"
