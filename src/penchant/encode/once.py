"""Any texts to vectors, each distinct text encoded once: in this run, and ever, with a cache."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from penchant.encode.cache import VectorCache, keys_of
from penchant.encode.config import EncodeConfig
from penchant.encode.encoder import Encoded, Encoder
from penchant.types import QUIET, Bools, Floats, Longs, Progress, Report, Step

CHUNK = 2_048  # texts that are kept at once: what an interruption can cost
FEW = 32
"""Fewer texts than this are neither looked up nor kept where encoding needs no weights: it is done
sooner than looked up."""


def make_encoder(config: EncodeConfig, cache: Path | None = None) -> Encoder:
    """The encoder that the settings ask for; models load when the first text comes."""
    if config.kind == "hashed":
        from penchant.encode.hashed import HashedEncoder

        return HashedEncoder(config)
    if config.kind == "static":
        from penchant.encode.static import StaticEncoder

        return StaticEncoder(config, cache)
    from penchant.encode.text import TextEncoder

    return TextEncoder(config)


def encode_texts(
    texts: Sequence[str] | pl.Series,
    config: EncodeConfig,
    *,
    report: Report,
    encoder: Encoder | None = None,
    cache: Path | None = None,
    width: int | None = None,
    progress: Progress = QUIET,
) -> Floats:
    """Vectors of any texts [n × D], kept in `cache` where that pays; see `encode_items`.

    `width` is D, where it is known: then nothing is loaded for texts that say nothing.
    """
    said = plain(pl.Series("text", texts, dtype=pl.String))
    encoder = make_encoder(config, cache) if encoder is None else encoder
    distinct = said.filter(said != "").unique(maintain_order=True)
    if not len(distinct):
        _tell(report, said, np.zeros(len(said), np.bool_), None)
        return np.zeros((len(said), encoder.dim if width is None else width), np.float32)
    looked_up = None if len(distinct) < FEW and config.kind == "hashed" else cache
    store = None if looked_up is None else VectorCache(looked_up, encoder.name)
    made = _encode(distinct, encoder, store, progress)
    row = _rows(said, distinct)
    truncated = np.append(made.truncated, False)[row]
    _tell(report, said, truncated, store)
    if len(distinct) == len(said):
        return made.vectors
    vectors = made.vectors[np.maximum(row, 0)]
    vectors[row < 0] = 0.0
    return vectors


def plain(texts: pl.Series) -> pl.Series:
    """Texts without nulls, with single spaces."""
    return texts.fill_null("").str.replace_all(r"\s+", " ").str.strip_chars()


def _rows(said: pl.Series, distinct: pl.Series) -> Longs:
    """Row of each text among the distinct ones; -1 for empty texts."""
    known = pl.DataFrame({"text": distinct, "row": np.arange(len(distinct), dtype=np.int64)})
    asked = pl.DataFrame({"text": said})
    found = asked.join(known, on="text", how="left", maintain_order="left")["row"]
    return found.fill_null(-1).to_numpy()


def _encode(
    texts: pl.Series, encoder: Encoder, store: VectorCache | None, progress: Progress
) -> Encoded:
    """Vectors of distinct texts: those known from disk, then the others, kept chunk by chunk."""
    said = texts.to_list()
    keys = None if store is None else keys_of(encoder.name, said)
    made = _Filling(len(said))
    with progress.step("encode texts", len(said)) as bar:
        if store is not None and keys is not None:
            for rows, encoded in store.find(keys):
                made.fill(rows, encoded)
                bar.advance(len(rows))
        # Longest first: chunks of like length need little padding, and memory peaks at once.
        length = texts.str.len_chars().to_numpy()
        missing = np.flatnonzero(~made.filled)
        missing = missing[np.argsort(-length[missing].astype(np.int64), kind="stable")]
        for start in range(0, len(missing), CHUNK):
            rows = missing[start : start + CHUNK]
            encoded = encoder.encode([said[row] for row in rows], progress=_Within(bar))
            if store is not None and keys is not None:
                store.put(keys[rows], encoded)
            made.fill(rows, encoded)
    return Encoded(made.vectors, made.truncated)


class _Filling:
    """Vectors being collected from several places."""

    def __init__(self, n: int) -> None:
        self.filled: Bools = np.zeros(n, np.bool_)
        self.truncated: Bools = np.zeros(n, np.bool_)
        self.vectors: Floats = np.zeros((n, 0), np.float32)

    def fill(self, rows: Longs, encoded: Encoded) -> None:
        if not self.vectors.shape[1]:
            self.vectors = np.zeros((len(self.filled), encoded.vectors.shape[1]), np.float32)
        self.vectors[rows] = encoded.vectors
        self.truncated[rows] = encoded.truncated
        self.filled[rows] = True


@dataclass(frozen=True)
class _Within:
    """Progress whose steps all move one bar."""

    bar: Step

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Step]:
        yield self.bar


def _tell(report: Report, said: pl.Series, truncated: Bools, store: VectorCache | None) -> None:
    total = len(said)
    cut = said.filter(pl.Series(truncated)).str.head(40)
    report.add("encode", "long texts cut", len(cut), total=total, examples=cut.head(3).to_list())
    report.add("encode", "without text, vector is zero", int((said == "").sum()), total=total)
    if store is not None:
        report.add(
            "encode",
            "damaged cache files set aside, texts encoded again",
            len(store.set_aside),
            examples=store.set_aside,
        )
