"""What an encoder is: something that turns texts into vectors, one row a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from penchant.errors import DataError
from penchant.types import QUIET, Bools, Floats, Progress


@dataclass(frozen=True)
class Encoded:
    """Vectors of n texts: unit rows [n × D], zeros for empty texts; which texts were cut [n]."""

    vectors: Floats
    truncated: Bools

    def __len__(self) -> int:
        return len(self.vectors)


class Encoder(Protocol):
    """Turns texts into vectors whose dot product is likeness.

    Rows are independent: a text's vector does not depend on the texts beside it.
    """

    @property
    def name(self) -> str:
        """What identifies model and settings; equal names mean equal vectors."""
        ...

    @property
    def dim(self) -> int:
        """Width D of the vectors."""
        ...

    def encode(self, texts: Sequence[str], *, progress: Progress = QUIET) -> Encoded:
        """Vectors of some texts, in their order; long texts are cut and marked."""
        ...


def unit(vectors: npt.NDArray[np.floating]) -> Floats:
    """Rows scaled to length one; rows of zeros stay.

    Raises:
        DataError: there are values that are not numbers.
    """
    if not np.isfinite(vectors).all():
        raise DataError(
            "encode: the model returned values that are not finite numbers;"
            ' try encode.dtype = "float32" or another encode.model'
        )
    rows = vectors.astype(np.float32, copy=False)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(length > 0, length, 1.0), np.float32)


def written(texts: Sequence[str]) -> list[int]:
    """Rows of the texts that say anything at all."""
    return [row for row, text in enumerate(texts) if text.strip()]


def cut(texts: Sequence[str], limit: int) -> tuple[list[str], Bools]:
    """Texts of at most `limit` characters, and which of them had more [n]."""
    long = np.fromiter((len(text) > limit for text in texts), np.bool_, len(texts))
    return [text[:limit] for text in texts], long
