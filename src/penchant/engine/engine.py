"""The engine: put events and items in, learn, and ask.

engine = Engine("shop")
engine.add(events="events.parquet", items="items.parquet")
engine.fit()
print(engine.interests("ann"))
print(engine.recommend("ann").explain()[0])
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import RLock
from time import monotonic, perf_counter
from typing import Any, TypeVar

from penchant.clock import Clock, now
from penchant.data import columns as c
from penchant.data.check import CheckResult
from penchant.data.ids import Id, id_of
from penchant.data.split import SplitConfig
from penchant.engine.asking import Asking
from penchant.engine.checking import checked
from penchant.engine.config import EngineConfig, kept_config
from penchant.engine.facts import Facts
from penchant.engine.feedback import Feedback, Hearing, Ledger
from penchant.engine.fitted import Fitted, quality, sizes
from penchant.engine.holdings import Holdings
from penchant.engine.intake import Added, Intake
from penchant.engine.learning import Learning
from penchant.engine.lists import Lists
from penchant.engine.live import Live
from penchant.engine.people import People
from penchant.engine.prepared import Prepared
from penchant.engine.refit import Comparison, Refit, compared, nothing_new
from penchant.engine.saved import Standing, kept, manifest, tree_of, unpack, warned
from penchant.engine.spaces import Given
from penchant.engine.texts import Texts
from penchant.engine.trial import Trial
from penchant.engine.tuned import Tuning
from penchant.engine.tuning import Tuner
from penchant.errors import HeldError, NotFittedError, StoreError
from penchant.evaluate.diagnosis import Diagnosis
from penchant.evaluate.experiment import Plan, evaluate
from penchant.evaluate.layers import diagnose
from penchant.evaluate.report import Evaluation
from penchant.interests.model import InterestModel
from penchant.store.audit import Entry, masked
from penchant.store.lock import fitting
from penchant.store.memory import MemoryTables
from penchant.store.models import Fallback
from penchant.store.tables import Tables
from penchant.store.workspace import Workspace
from penchant.taxonomy.tree import Tree
from penchant.train.tune import TuneConfig
from penchant.types import QUIET, Progress, Report

__all__ = ["Engine", "Fitted"]

_MANY = 1000  # people about whom the whole log is asked at once
Answer = TypeVar("Answer", Evaluation, Diagnosis)


class Engine(Lists, People, Holdings):
    """Knows what each user is interested in, and recommends from it.

    With a workspace (a folder, made where there is none) everything is kept there and survives;
    without one it lives in memory. Settings come from `config`, else from the workspace's
    config.toml, else they are the defaults. `noticed` is told when another version of the model is
    loaded than the one that was meant to serve, because that one is broken; it warns.
    """

    noticed: Callable[[Fallback], None]

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
        self._live: Live | None = None
        self._standing, self.noticed = Standing(), warned
        self._data: Prepared | None = None
        self._forecasters = {}
        self._opening, self._read = RLock(), 0.0
        self._texts = Texts(self.workspace.cache if self.workspace else None, progress)

    def add(
        self,
        source: str | Path | None = None,
        *,
        mapping: Mapping[str, str] | None = None,
        event: str | None = None,
        format: str | None = None,
        time_format: str | None = None,
        **tables: Any,
    ) -> Added:
        """Put tables in: `events=`, `items=`, `users=`, `relations=`, `exposures=`, `feedback=`,
        each a path, a glob, or any table with the Arrow interface; or a `source` of known format.

        `mapping` says what the columns are called there ({"user_id": "customer"}), `event` the
        type of events that do not say theirs, `time_format` how times are written there, where it
        is neither ISO 8601 nor seconds since 1970 ("%d/%m/%Y %H:%M"). What is returned is on disk;
        the same event sent twice counts once; items and users sent again replace the earlier ones.

        Raises:
            ReadError, SchemaError: something cannot be read, or is not a table of its kind.
        """
        report = Report()
        intake = Intake(mapping or {}, event, format, time_format, self.progress)
        found = intake.everything(source, tables, report)
        receipts = []
        with self.progress.step("add", len(found)) as step:
            for kind, frame in found.items():
                receipts.append(self.tables.append(kind, frame))
                step.advance(1, kind)
        for receipt in receipts:
            report.extend(receipt.report())
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

    def fit(self, *, by: str | None = None) -> Fitted:
        """Learn the tree and the model from all that was added; they serve from then on.

        An interrupted fit goes on where it stopped when it is called again with the same data. `by`
        says who asks: then it stands in the audit log of the workspace.

        Raises:
            DataError: there is nothing to learn from.
            HeldError: another fit of the workspace runs.
        """
        with self._alone():
            return self._fit(by)

    def _fit(self, by: str | None, comparison: Comparison | None = None) -> Fitted:
        data = self._prepared()
        report = Report([*data.report.findings])
        learning = self._learning(data, report)
        data = learning.data  # as rows: the table is let go of
        learned = learning.model()
        tree, began = learned.model.catalogue.tree, perf_counter()
        summary = sizes(data, tree)
        ledger = Ledger(self.tables, self.config.feedback)
        report.extend(Hearing(ledger, tree, data.vocabulary).gone())
        metrics = quality(learned.model.held_, comparison)
        about = manifest(self.config, data.facts, summary, metrics)
        version = kept(self.workspace, learned.model, about, by) if self.workspace else None
        self._serve(learned.model, data.facts, Standing(version, metrics))
        seconds = learned.seconds | {"save": perf_counter() - began}
        return Fitted(version, seconds, report, summary, metrics)

    def refit(self, *, by: str | None = None) -> Refit:
        """Learn anew from all there is, beside the model that serves, and let the new one serve if
        it is not worse on the newest part of the log (see `RefitConfig`). The one before stays.
        `by`: see `fit`.

        Raises:
            DataError: there is nothing to learn from.
            HeldError: another fit of the workspace runs.
        """
        with self._alone():
            return self._refit(by)

    def _refit(self, by: str | None) -> Refit:
        data, report = self._prepared(), Report()
        try:
            live = self.live
            live.catch_up()
        except NotFittedError:
            live = None
        found = None
        if live is not None:
            if nothing_new(self.tables, data, live, self.config):
                return Refit(None, None, report, nothing_new=True)
            data = data.arranged(live.join(data.items).model.catalogue.items)
            learning, before = self._learning(data, report), live.view.model
            del data  # its tables are large
            asked, known = self.config.refit, self._standing.version
            found = compared(learning, before, live.facts.latest, asked, known)
            if not found.better:
                return Refit(None, found, report)
            del learning
        fitted = self._fit(by, found)
        return Refit(fitted.version, found, report, held_out=fitted.metrics.get("held_out"))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the one fit of the workspace; where somebody is forgotten meanwhile, what is half done
        goes at the end, however that comes."""
        if self.workspace is None:
            yield
            return
        with fitting(self.workspace.path):
            since = self.tables.latest()
            try:
                yield
            finally:
                if any(change.kind == "forget" for change in self.tables.changes(since)):
                    self.workspace.clear_scratch()

    def _learning(self, data: Prepared, report: Report) -> Learning:
        scratch = None if self.workspace is None else self.workspace.scratch(data.fingerprint)
        previous = self._previous_tree()
        return Learning(data.as_rows(), self._texts, self.progress, previous, scratch, report)

    def _previous_tree(self) -> Tree | None:
        try:
            saved = self.workspace.models if self.workspace and self._live is None else None
            return tree_of(saved.last_good()) if saved else self.model.catalogue.tree
        except (NotFittedError, StoreError):
            return None

    def _serve(
        self,
        model: InterestModel,
        facts: Facts,
        standing: Standing | None = None,
        learned: EngineConfig | None = None,
        since: int | None = None,
    ) -> Live:
        """From now on this model is asked, which was `learned` with some settings (None: those of
        now), and served first at a change of the store (None: its newest)."""
        since = self.tables.latest() if since is None else since
        config = self.config if learned is None else self.config.asking(learned)
        live = Live(self.tables, config, self.clock, self._texts, (model, facts), since)
        self._standing = standing or Standing()
        return self._ask(live)

    def _ask(self, live: Live) -> Live:
        """From now on this is asked."""
        self._forecasters.clear()
        self._live, self._data = live, None
        return live

    @property
    def live(self) -> Live:
        """What is asked: the model that serves, and what came since it was learned. Where its files
        are broken, the newest whole one before; `noticed` is told, and `standing` says so.

        Raises:
            NotFittedError: there is none yet.
            CorruptModelError: no version's files are as they were written.
        """
        live = self._live
        if live is not None and not (live.stale or live.astray):
            return live
        if not self._opening.acquire(blocking=live is None):
            return live  # type: ignore[return-value]  # somebody else is loading the new one
        try:
            live = self._live
            if live is not None and not live.stale:
                return self._begun_again(live) if live.astray else live
            if self.workspace is None:
                raise NotFittedError("nothing has been learned yet: call engine.fit() first")
            since = self.tables.latest()  # a version that is promoted from now on is another one
            saved = self.workspace.models.last_good()
            model, facts, learned = unpack(saved)
            live = self._serve(model, facts, Standing.of(saved), learned, since)
            if saved.fallback is not None:
                self.noticed(saved.fallback)
            return live
        finally:
            self._opening.release()

    def _begun_again(self, live: Live) -> Live:
        """The same model from the beginning; it is asked when it has taken in what came since."""
        made = live.begun(self.tables)
        made.catch_up()
        return self._ask(made)

    @property
    def model(self) -> InterestModel:
        """The model that serves, with the items that came since it was learned.

        Raises:
            NotFittedError, CorruptModelError: see `live`.
        """
        return self.live.catch_up().model

    @property
    def standing(self) -> Standing:
        """What is known of the model that serves; of one without a version where there is none.

        Raises:
            CorruptModelError: see `live`.
        """
        try:
            _ = self.live
        except NotFittedError:
            return Standing()
        return self._standing

    @property
    def version(self) -> str | None:
        """The version of the model that serves, an earlier one where the files of the one that was
        promoted last are broken; None in memory, or where there is none (see `standing`)."""
        return self.standing.version

    @property
    def tree(self) -> Tree:
        """The interest tree of the model that serves."""
        return self.model.catalogue.tree

    def _prepared(self) -> Prepared:
        return Prepared.of(self.tables, self.config, self.clock)

    @property
    def data(self) -> Prepared:
        """All that is stored, clean, with items in the model's order."""
        live = self.live
        live.catch_up()
        with self._opening:
            known, age = self._data, monotonic() - self._read
            new = known is None or known.facts.change != self.tables.latest()
            gone = known is not None and known.facts.change < live.forgotten
            if known is None or gone or (new and age >= self.config.live.whole):
                if gone:
                    self._forecasters.clear()
                known = Prepared.of(self.tables, live.config, self.clock, live.facts)
                known = known.arranged(live.join(known.items).model.catalogue.items)
                self._data, self._read = known, monotonic()
        return known

    def _asking(self, users: Sequence[str] | None = None) -> Asking:
        live = self.live
        live.catch_up()
        if users is None or len(users) > _MANY:
            data = self.data
            kinds, log = data.events[c.EVENT], data.log
            return Asking(
                log, live.view, self.clock, live.ledger, log.latest, lambda e: str(kinds[e])
            )
        return live.asking(users)

    def feedback(
        self,
        user_id: Id,
        direction: str | None = None,
        *,
        interest: str | None = None,
        item: Id | None = None,
        at: datetime | str | None = None,
        event_id: Id | None = None,
    ) -> Feedback:
        """What somebody asks for by hand: `more`, `less` or `never` of an interest (id, name or
        path) or an item; it counts at once, the newest word on each. `clear` takes a word back,
        or without an interest or item all of them. What stands then is returned; with the user
        alone nothing is said. `at` is when it was said (None: now); an `event_id` counts once.

        Raises:
            UnknownIdError: there is no such interest or item.
            DataError: the direction is another, or not one thing is named.
        """
        user = id_of(user_id)
        item = None if item is None else id_of(item, "item")
        event_id = None if event_id is None else id_of(event_id, "event_id")
        return self._asking([user]).feedback(user, direction, (interest, item), at, event_id)

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
            config = config.but(split=SplitConfig.given(split, "split").model_dump())
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

    def forget(self, user_id: Id, *, by: str | None = None) -> int:
        """Remove a person: every event, exposure, attribute, relation and word; the number of rows.

        Nothing of the person is kept in the model's state. Weights between items that were learned
        from many people's events stay until the next fit. `by` says who asks: then it stands in the
        audit log, the person's name as a hash, as surely as the rows are gone.

        Raises:
            CopiesLeftError: the rows are gone, but a reader holds copies of them in SQLite's log.
        """
        user = id_of(user_id)
        act = None if by is None else Entry(self.clock(), by, "forget", masked(user))
        if self.workspace is not None:
            with suppress(HeldError), fitting(self.workspace.path, wait=0.0):
                self.workspace.clear_scratch()  # where a fit runs, it does that itself
            self.workspace.clear_tuning()
        return self.tables.forget(user, act)
