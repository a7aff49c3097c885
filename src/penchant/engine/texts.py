"""Items and words as vectors, each encoded once."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl

from penchant.data import columns as c
from penchant.encode.config import EncodeConfig
from penchant.encode.encoder import Encoder
from penchant.encode.items import encode_items
from penchant.encode.once import encode_texts, make_encoder
from penchant.errors import StoreError
from penchant.interests.reading import Said
from penchant.types import Floats, Longs, Progress, Report


@dataclass
class Texts:
    """Encodes; vectors of items are kept in a cache in a folder, or where there is none, those of
    the last table are remembered. What people say is never kept: it would outlive them."""

    cache: Path | None
    progress: Progress
    _before: tuple[pl.DataFrame, EncodeConfig, Floats, Report] | None = field(
        init=False, repr=False, default=None
    )
    _listening: Lock = field(init=False, repr=False, default_factory=Lock)
    _listener: tuple[EncodeConfig, Encoder] | None = field(init=False, repr=False, default=None)
    """Reads what people say one by one; loading it takes far longer."""

    def of(
        self, items: pl.DataFrame, config: EncodeConfig, report: Report, width: int | None = None
    ) -> Floats:
        """Vectors of items [I × D]; what was encoded before is not encoded again. Where D is known,
        which it is for items that join a model, no language model is loaded for those without text,
        and a disk that is full keeps none from joining."""
        before = self._before
        if before is not None and before[1] == config and before[0].equals(items):
            report.extend(before[3])
            return before[2]
        told = Report()
        named: dict[str, Any] = {"report": told, "width": width, "progress": self.progress}
        try:
            text = encode_items(items, config, cache=self.cache, **named)
        except StoreError:  # vectors cannot be kept
            if width is None:
                raise
            text = encode_items(items, config, encoder=make_encoder(config, self.cache), **named)
            told.add("encode", "texts whose vectors could not be kept", items.height)
        report.extend(told)
        if self.cache is None:
            self._before = (items, config, text, told)
        return text

    def words(self, said: str, config: EncodeConfig) -> Floats:
        """The vector of somebody's words [D]."""
        with self._listening:  # a language model reads for one at a time
            if self._listener is None or self._listener[0] != config:
                self._listener = config, make_encoder(config, self.cache)
            encoder = self._listener[1]
            found: Floats = encode_texts([said], config, report=Report(), encoder=encoder)[0]
        return found

    def said(self, events: pl.DataFrame, config: EncodeConfig) -> Said | None:
        """What people wrote in their events; None where there is no such column."""
        if c.TEXT not in events.columns:
            return None
        text = events[c.TEXT].cast(pl.String).fill_null("").str.strip_chars()

        def vectors(rows: Longs) -> Floats:
            encoder = make_encoder(config, self.cache)
            return encode_texts(
                text.gather(rows), config, report=Report(), encoder=encoder, progress=self.progress
            )

        return Said((text != "").to_numpy(), vectors)
