"""Text without a model: words and letter groups, hashed and projected. Knows spelling only."""

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from penchant.encode.config import EncodeConfig
from penchant.encode.encoder import Encoded, cut, unit
from penchant.types import QUIET, Floats, Progress

VERSION = 1  # goes up when the vectors change
BUCKETS = 2**18
SPREAD = 8  # dimensions that a bucket is spread over
LETTERS = 1.0  # weight of letter groups beside words
CHARACTERS = 20_000  # read of a text; more is cut and marked
CHUNK = 2_048


class HashedEncoder:
    """Hashed words, word pairs and letter groups, sign-projected to D dimensions.

        v = unit( P_w · ŵ + P_c · ĉ )

    ŵ, ĉ: counts of words and pairs, and of letter groups, as log(1 + count), each scaled to length
    one; P: fixed sparse signs (Achlioptas 2003; Li, Hastie, Church 2006). English function words
    are left out of ŵ. Nothing is fitted, so the same text has the same vector on every machine, at
    every time.
    """

    def __init__(self, config: EncodeConfig) -> None:
        self.dim = config.hashed_dim
        self.name = f"hashed:{VERSION}:{self.dim}"

    def encode(self, texts: Sequence[str], *, progress: Progress = QUIET) -> Encoded:
        """Vectors of some texts; empty ones get zeros."""
        short, truncated = cut(texts, CHARACTERS)
        vectors = np.zeros((len(texts), self.dim), np.float32)
        with progress.step("encode", len(texts)) as bar:
            for start in range(0, len(texts), CHUNK):
                part = short[start : start + CHUNK]
                vectors[start : start + CHUNK] = self._chunk(part)
                bar.advance(len(part))
        return Encoded(vectors, truncated)

    def _chunk(self, texts: list[str]) -> Floats:
        summed = sum(
            weight * (_scaled(counter.transform(texts)) @ signs).toarray()
            for weight, counter, signs in self._blocks
        )
        return unit(np.asarray(summed))

    @cached_property
    def _blocks(self) -> list[tuple[float, Any, sparse.csr_array]]:
        """Weight, counter and projection of words, and of letter groups."""
        words, letters = _counters()
        return [
            (1.0, words, projection(self.dim, salt=1)),
            (LETTERS, letters, projection(self.dim, salt=2)),
        ]


def _counters() -> Iterator[Any]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, HashingVectorizer

    common: dict[str, Any] = {
        "n_features": BUCKETS,
        "norm": None,
        "alternate_sign": True,
        "strip_accents": "unicode",
        "dtype": np.float32,
    }
    yield HashingVectorizer(
        ngram_range=(1, 2),
        token_pattern=r"(?u)\b\w+\b",
        stop_words=sorted(ENGLISH_STOP_WORDS),
        **common,
    )
    yield HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), **common)


def _scaled(counts: Any) -> sparse.csr_array:
    """Dampened counts, rows of length one [n × buckets]."""
    found = sparse.csr_array(counts)
    found.data = np.sign(found.data) * np.log1p(np.abs(found.data))
    length = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    scale = 1.0 / np.where(length > 0, length, 1.0)
    found.data *= np.repeat(scale, np.diff(found.indptr)).astype(np.float32)
    return found


@lru_cache(maxsize=4)
def projection(dim: int, salt: int) -> sparse.csr_array:
    """Fixed sparse signs [buckets × D]: each bucket adds ±1 to a few dimensions."""
    code = _mixed(np.arange(BUCKETS * SPREAD, dtype=np.uint64) + np.uint64(salt << 40))
    column = ((code >> np.uint64(1)) % np.uint64(dim)).astype(np.int32)
    sign = np.where(code & np.uint64(1), 1.0, -1.0).astype(np.float32)
    starts = np.arange(0, BUCKETS * SPREAD + 1, SPREAD, dtype=np.int32)
    return sparse.csr_array((sign, column, starts), shape=(BUCKETS, dim))


def _mixed(x: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Numbers scattered over 64 bits, the same for ever (splitmix64, Steele et al. 2014)."""
    x = x * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
