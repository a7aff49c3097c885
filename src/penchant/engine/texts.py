"""Items and words as vectors, each encoded once."""

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from penchant.data import columns as c
from penchant.encode.config import EncodeConfig
from penchant.encode.items import encode_items
from penchant.encode.once import encode_texts
from penchant.interests.reading import Said
from penchant.types import Floats, Longs, Progress, Report


@dataclass
class Texts:
    """Encodes with a cache in a folder; without one, the last table of items is remembered."""

    cache: Path | None
    progress: Progress
    _before: tuple[pl.DataFrame, EncodeConfig, Floats, Report] | None = field(
        init=False, repr=False, default=None
    )

    def of(self, items: pl.DataFrame, config: EncodeConfig, report: Report) -> Floats:
        """Vectors of items [I × D]; what was encoded before is not encoded again."""
        before = self._before
        if before is not None and before[1] == config and before[0].equals(items):
            report.extend(before[3])
            return before[2]
        told = Report()
        text = encode_items(items, config, report=told, cache=self.cache, progress=self.progress)
        report.extend(told)
        if self.cache is None:
            self._before = (items, config, text, told)
        return text

    def words(self, said: str, config: EncodeConfig) -> Floats:
        """The vector of somebody's words [D]."""
        found: Floats = encode_texts([said], config, report=Report(), cache=self.cache)[0]
        return found

    def said(self, events: pl.DataFrame, config: EncodeConfig) -> Said | None:
        """What people wrote in their events; None where there is no such column."""
        if c.TEXT not in events.columns:
            return None
        text = events[c.TEXT].cast(pl.String).fill_null("").str.strip_chars()

        def vectors(rows: Longs) -> Floats:
            return encode_texts(
                text.gather(rows), config, report=Report(), cache=self.cache, progress=self.progress
            )

        return Said((text != "").to_numpy(), vectors)
