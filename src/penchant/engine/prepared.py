"""Stored tables, cleaned and turned into rows: what learning and asking both start from."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from penchant.clock import Clock
from penchant.data import columns as c
from penchant.data.clean import clean
from penchant.data.histories import Histories, histories
from penchant.data.vocabulary import Vocabulary
from penchant.engine.config import EngineConfig
from penchant.engine.facts import Facts
from penchant.errors import DataError
from penchant.evaluate.fingerprint import data_hash
from penchant.random import derive
from penchant.store.tables import Tables
from penchant.types import Floats, Report

EMPTY = pl.DataFrame(
    schema={
        c.USER: pl.String,
        c.ITEM: pl.String,
        c.TIME: pl.Datetime("us", "UTC"),
        c.EVENT: pl.String,
    }
)


@dataclass(frozen=True)
class Prepared:
    """Clean events and items; every event's item is in the item table."""

    events: pl.DataFrame
    items: pl.DataFrame
    report: Report
    config: EngineConfig
    facts: Facts
    relations: pl.DataFrame | None = None

    @classmethod
    def of(
        cls, tables: Tables, config: EngineConfig, clock: Clock, facts: Facts | None = None
    ) -> "Prepared":
        """Read and clean what is stored, by the facts that a model was learned with, or as it is.

        Raises:
            DataError: nothing is stored yet.
        """
        report = Report()
        change, rows = tables.snapshot(("events", "items", "relations"))
        events, items, relations = (frame.collect() for frame in rows.values())
        if not events.width or not events.height:
            if not items.height:
                raise DataError(
                    "there are no events yet; put some in: `penchant add events.parquet`, or "
                    "engine.add(events=…)"
                )
            events = EMPTY
        step = None if facts is None else facts.step
        events, items = clean(
            events, items if items.width else None, config.clean, report, now=clock(), step=step
        )
        if config.ties == "unordered" and c.POSITION in events.columns:
            events = events.drop(c.POSITION)
        found = Facts.of(events, config.events, change)
        if facts is not None:
            found = replace(facts, latest=found.latest, change=change)
        near = relations if relations.height else None
        return cls(events, items, report, config, found, near)

    def arranged(self, known: Vocabulary | None = None) -> "Prepared":
        """The same with items in a fitted catalogue's order, later ones behind."""
        if known is None:
            return self
        ids = self.items[c.ITEM]
        later = ids.filter(~ids.is_in(known.ids.implode()))
        order = pl.DataFrame({c.ITEM: pl.concat([known.ids.alias(c.ITEM), later])})
        items = order.join(self.items, on=c.ITEM, how="left", maintain_order="left")
        return replace(self, items=items)

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Items' ids in the table's order."""
        return Vocabulary(self.items[c.ITEM])

    @property
    def fingerprint(self) -> str:
        """What tells a fit on these tables with these settings from any other."""
        settings = derive(self.config.seed, self.config.model_dump_json())
        near = "" if self.relations is None else f"-{data_hash(self.relations)}"
        return f"fit-{data_hash(self.events)}-{data_hash(self.items)}{near}-{settings:x}"

    @cached_property
    def log(self) -> Histories:
        """The events as rows."""
        context = self.config.interests.context.columns
        return histories(
            self.events, self.vocabulary, self.config.events, context, relations=self.relations,
            low=self.facts.against,
        )  # fmt: skip

    def as_rows(self) -> "Prepared":
        """What is learned from: the events as rows alone, which take a fraction of their table's
        memory, and of that what people wrote. It has no fingerprint and no other arrangement."""
        kept = [name for name in self.events.columns if name == c.TEXT]
        found = replace(self, events=self.events.select(kept))
        vars(found).update(vocabulary=self.vocabulary, log=self.log)
        return found

    @cached_property
    def repeats(self) -> bool:
        """Whether people may be shown again what they had."""
        setting = self.config.events.repeats
        if setting != "auto":
            return setting == "allow"
        return self.log.repeats > self.config.events.repeats_above

    def counts_of(self, log: Histories) -> Floats:
        """Number of positive events of each item in a log of these tables [I]."""
        positive = log.item[log.positive]
        return np.bincount(positive, minlength=len(self.vocabulary)).astype(np.float32)
