"""The engine: put events and items in, learn, and ask.

engine = Engine("shop")
engine.add(events="events.parquet", items="items.parquet")
engine.fit()
print(engine.interests("ann"))
print(engine.recommend("ann").explain()[0])
"""

import warnings
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

import polars as pl

from penchant.clock import Clock, now
from penchant.data import columns as c
from penchant.data.check import CheckResult
from penchant.data.split import SplitConfig
from penchant.engine.asking import Asking
from penchant.engine.checking import checked
from penchant.engine.config import EngineConfig, kept_config
from penchant.engine.feedback import Feedback, Hearing, Ledger
from penchant.engine.fitted import Fitted, sizes
from penchant.engine.intake import Added, Intake
from penchant.engine.people import People
from penchant.engine.prepared import Prepared
from penchant.engine.saved import pack, unpack
from penchant.engine.spaces import Given
from penchant.engine.texts import Texts
from penchant.engine.trial import Trial
from penchant.engine.tuned import Tuning
from penchant.engine.tuning import Tuner
from penchant.errors import NotFittedError, StoreError
from penchant.evaluate.diagnosis import Diagnosis
from penchant.evaluate.experiment import Plan, evaluate
from penchant.evaluate.layers import diagnose
from penchant.evaluate.report import Evaluation
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel
from penchant.recommend.explain import Explainer
from penchant.recommend.filters import Filters, Shelf
from penchant.recommend.pipeline import Pipeline
from penchant.recommend.result import Reason, Recommendations
from penchant.store.memory import MemoryTables
from penchant.store.tables import Tables
from penchant.store.workspace import Workspace
from penchant.taxonomy.grow import grow
from penchant.taxonomy.tree import Tree
from penchant.train.tune import TuneConfig
from penchant.types import QUIET, Progress, Report

__all__ = ["Engine", "Fitted"]

Answer = TypeVar("Answer", Evaluation, Diagnosis)


class Engine(People):
    """Knows what each user is interested in, and recommends from it.

    With a workspace (a folder, made where there is none) everything is kept there and survives;
    without one it lives in memory. Settings come from `config`, else from the workspace's
    config.toml, else they are the defaults.
    """

    def __init__(
        self,
        workspace: str | Path | None = None,
        config: EngineConfig | None = None,
        *,
        clock: Clock = now,
        progress: Progress = QUIET,
    ) -> None:
        self.config = config or kept_config(workspace)
        self.workspace = (
            None
            if workspace is None
            else Workspace(workspace, clock=clock, store=self.config.store)
        )
        self.tables: Tables = MemoryTables() if self.workspace is None else self.workspace.tables
        self.clock, self.progress = clock, progress
        self._model: InterestModel | None = None
        self._data: Prepared | None = None
        self._forecasters = {}
        self._ledger = Ledger(self.tables, self.config.feedback)
        self._texts = Texts(self.workspace.cache if self.workspace else None, progress)

    def add(
        self,
        source: str | Path | None = None,
        *,
        mapping: Mapping[str, str] | None = None,
        event: str | None = None,
        format: str | None = None,
        **tables: Any,
    ) -> Added:
        """Put tables in: `events=`, `items=`, `users=`, `relations=`, `exposures=`, `feedback=`,
        each a path, a glob, or any table with the Arrow interface; or a `source` of known format.

        `mapping` says what the columns are called there ({"user_id": "customer"}), `event` the
        type of events that do not say theirs. What is returned is on disk; the same event sent
        twice counts once; items and users sent again replace the earlier ones.

        Raises:
            ReadError, SchemaError: something cannot be read, or is not a table of its kind.
        """
        report = Report()
        intake = Intake(mapping or {}, event, format, self.progress)
        found = intake.everything(source, tables, report)
        receipts = []
        with self.progress.step("add", len(found)) as step:
            for kind, frame in found.items():
                receipts.append(self.tables.append(kind, frame))
                step.advance(1, kind)
        for receipt in receipts:
            report.extend(receipt.report())
        self._changed()
        return Added(tuple(receipts), report)

    def check(
        self,
        *,
        events: Any = None,
        items: Any = None,
        mapping: Mapping[str, str] | None = None,
    ) -> list[CheckResult]:
        """Look at tables before anything is learned from them: those given, else those stored.

        Raises:
            DataError: there is nothing to look at.
        """
        return checked(self.tables, self.config, self.clock(), events, items, mapping)

    def fit(self) -> Fitted:
        """Learn the tree and the model from all that was added; they serve from then on.

        An interrupted fit goes on where it stopped when it is called again with the same data.

        Raises:
            DataError: there is nothing to learn from.
        """
        seconds: dict[str, float] = {}
        data, began = self._prepared(), perf_counter()
        report = Report([*data.report.findings])
        text = self._texts.of(data.items, self.config.encode, report)
        seconds["encode"], began = perf_counter() - began, perf_counter()
        previous = self._previous_tree()
        tree = grow(
            text, data.items, self.config.tree, counts=data.counts, previous=previous,
            seed=self.config.seed, progress=self.progress, report=report,
        )  # fmt: skip
        seconds["tree"], began = perf_counter() - began, perf_counter()
        catalogue = Catalogue(data.vocabulary, text, tree)
        model = InterestModel(self.config.interests).fit(
            catalogue, data.log, repeats=data.repeats, seed=self.config.seed,
            progress=self.progress, scratch=self._scratch(data), report=report,
            said=self._texts.said(data.events, self.config.encode),
        )  # fmt: skip
        seconds["learn"], began = perf_counter() - began, perf_counter()
        summary = sizes(data, tree)
        report.extend(Hearing(self._ledger, tree, data.vocabulary).gone())
        version = self._save(model, summary)
        seconds["save"] = perf_counter() - began
        self._model = model
        self._changed()
        return Fitted(version, seconds, report, summary)

    def _previous_tree(self) -> Tree | None:
        try:
            return self.model.catalogue.tree
        except (NotFittedError, StoreError):
            return None

    def _scratch(self, data: Prepared) -> Path | None:
        if self.workspace is None:
            return None
        return self.workspace.scratch(data.fingerprint)

    def _save(self, model: InterestModel, summary: Mapping[str, Any]) -> str | None:
        if self.workspace is None:
            return None
        models = self.workspace.models
        manifest = {"config": self.config.model_dump(mode="json"), "summary": dict(summary)}
        version = models.save(pack(model), manifest)
        models.promote(version)
        models.prune(keep=self.config.keep)
        self.workspace.clear_scratch()
        return version

    @property
    def model(self) -> InterestModel:
        """The model that serves; where it is broken, with a warning, the newest whole one before.

        Raises:
            NotFittedError: there is none yet.
            CorruptModelError: no version's files are as they were written.
        """
        if self._model is None:
            if self.workspace is None:
                raise NotFittedError("nothing has been learned yet: call engine.fit() first")
            saved = self.workspace.models.last_good()
            self._model = unpack(saved)
            if saved.report.findings:
                warnings.warn(f"version {saved.version} serves: {saved.report}", stacklevel=2)
        return self._model

    @property
    def tree(self) -> Tree:
        """The interest tree of the model that serves."""
        return self.model.catalogue.tree

    def _changed(self) -> None:
        """What was stored is not what it was: look again."""
        self._data = None
        self._forecasters.clear()
        self._ledger.look_again()

    def _prepared(self) -> Prepared:
        return Prepared.of(self.tables, self.config, self.clock)

    @property
    def data(self) -> Prepared:
        """What is stored, clean, with items in the model's order; new items join the model."""
        if self._data is None:
            model = self.model
            data = self._prepared().arranged(model.catalogue.items)
            if len(data.vocabulary) > len(model.catalogue):
                later = data.items.slice(len(model.catalogue))
                more = self._texts.of(later, self.config.encode, Report())
                model.extend(data.joined(model.catalogue, more))
            self._data = data
        return self._data

    @property
    def _asking(self) -> Asking:
        return Asking(self.data.log, self.model, self.clock, self._ledger)

    def recommend(
        self,
        user_id: str,
        n: int | None = None,
        *,
        at: datetime | str | None = None,
        context: Mapping[str, str] | None = None,
        filters: Filters | None = None,
        interests: Mapping[str, float] | None = None,
    ) -> Recommendations:
        """What to show: the n best items for one user; `interests` are given by hand.

        Raises:
            UnknownIdError, SchemaError: a filter or interest names what does not exist.
        """
        moments = self._asking.moments([user_id], at, context)
        return self._pipeline().one(user_id, moments, n, filters, interests)

    def recommend_many(
        self,
        user_ids: Sequence[str] | None = None,
        n: int | None = None,
        *,
        filters: Filters | None = None,
    ) -> pl.DataFrame:
        """Lists for many users (None: all) as one table: user_id, rank, item_id, score."""
        users = list(self.data.log.users.ids if user_ids is None else user_ids)
        return self._pipeline().table(users, self._asking.moments, n, filters, self.progress)

    def explain(
        self,
        user_id: str,
        item_id: str,
        *,
        at: datetime | str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> Reason:
        """Why one item has its score for one user.

        Raises:
            UnknownIdError: there is no such item.
        """
        row = self.data.vocabulary.row(item_id, "item")
        return self._pipeline().explain(self._asking.moments([user_id], at, context), row)

    def feedback(
        self,
        user_id: str,
        direction: str | None = None,
        *,
        interest: str | None = None,
        item: str | None = None,
        at: datetime | str | None = None,
        event_id: str | None = None,
    ) -> Feedback:
        """What somebody asks for by hand: `more`, `less` or `never` of an interest (id, name or
        path) or an item; it counts at once, the newest word on each. `clear` takes a word back,
        or without an interest or item all of them. What stands then is returned; with the user
        alone nothing is said. `at` is when it was said (None: now); an `event_id` counts once.

        Raises:
            UnknownIdError: there is no such interest or item.
            DataError: the direction is another, or not one thing is named.
        """
        title = self._explainer().title
        return self._asking.feedback(user_id, direction, (interest, item), at, event_id, title)

    def evaluate(self, *, split: SplitConfig | None = None, baselines: bool = True) -> Evaluation:
        """How good: learn from a part of the log, ask about the rest, beside tuned baselines.

        The model that serves is not touched. With a workspace the result is also written there.

        Raises:
            DataError: there is nothing to ask about.
        """
        plan, report = self._plan(split)
        return self._reported(evaluate(plan, with_baselines=baselines), report)

    def diagnose(self, *, split: SplitConfig | None = None, baselines: bool = False) -> Diagnosis:
        """Which layer helps whom: learn and ask as `evaluate` does, layer by layer and group by
        group. With a workspace the result is also written there.

        Raises:
            DataError: there is nothing to ask about.
        """
        plan, report = self._plan(split)
        return self._reported(diagnose(plan, with_baselines=baselines), report)

    def _plan(self, split: SplitConfig | None) -> tuple[Plan, Report]:
        """How an evaluation goes, and what was set aside so far."""
        data, config = self._prepared(), self.config.evaluate
        if split is not None:
            config = config.but(split=split.model_dump())
        report = Report([*data.report.findings])
        text = self._texts.of(data.items, self.config.encode, report)
        return Trial(data, text, self.config, self.progress).plan(config), report

    def _reported(self, result: Answer, report: Report) -> Answer:
        result.report.findings[:0] = report.findings
        if self.workspace is not None:
            result.write(self.workspace.reports)
        return result

    def tune(self, space: Given | None = None, **settings: Any) -> Tuning:
        """Search a space (TOML file or table; None: one to begin with) for better settings, judged
        before the test of `evaluate`; `settings` are those of `TuneConfig`: method, minutes, ….

        The engine stays as it is. With a workspace the same call goes on where it stopped.

        Raises:
            ConfigError: the space or a setting cannot be used.
            MissingExtraError: the extra `tune` is not installed.
        """
        tuner = Tuner(self.tables, self.workspace, self.config, self.clock, self.progress)
        return tuner.run(space, TuneConfig(**settings))

    def forget(self, user_id: str) -> int:
        """Remove a person: every event, exposure, attribute, relation and word; the number of rows.

        Nothing of the person is kept in the model's state. Weights between items that were learned
        from many people's events stay until the next fit.
        """
        removed = self.tables.forget(user_id)
        self._changed()
        if self.workspace is not None:
            self.workspace.clear_scratch()
            self.workspace.clear_tuning()
        return removed

    def _explainer(self) -> Explainer:
        data = self.data
        return Explainer(self.model, data.items, data.events[c.EVENT], self.config.recommend.events)

    def _pipeline(self) -> Pipeline:
        data = self.data
        shelf = Shelf(data.vocabulary, data.items, self.model.catalogue.tree)
        return Pipeline(self.model, shelf, self._explainer(), self.config.recommend)
