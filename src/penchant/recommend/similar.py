"""Items like one: those that people turn to who turned to it, then those that are described alike.

The likeness by acts is the item's row of the base layer's M: what one event with it adds to the
others' scores. Items that M says nothing of follow by the cosine of their texts.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from penchant.interests.base.linear import LinearBase
from penchant.interests.model import InterestModel
from penchant.types import Floats, Longs

By = Literal["acts", "words"]


@dataclass(frozen=True)
class Similar:
    """One item, how like the one asked about it is, and by what."""

    item_id: str
    title: str
    likeness: float
    by: By


def similar(model: InterestModel, item: int, n: int) -> list[tuple[int, float, By]]:
    """Rows of the n items most like one, with their likeness and what it is by."""
    found: list[tuple[int, float, By]] = []
    by_acts = _by_acts(model, item)
    for row in _best(by_acts, n):
        found.append((int(row), float(by_acts[row]), "acts"))
    text = model.catalogue.text
    by_words = text @ text[item]
    by_words[[item, *(row for row, _, _ in found)]] = 0.0
    for row in _best(by_words, n - len(found)):
        found.append((int(row), float(by_words[row]), "words"))
    return found


def _by_acts(model: InterestModel, item: int) -> Floats:
    """The item's row of M [I], nothing on itself; zeros where the base layer has no M."""
    base, I = model.layers.get("base"), len(model.catalogue)
    if not isinstance(base, LinearBase):
        return np.zeros(I, np.float32)
    one = sparse.csr_array((np.ones(1, np.float32), ([0], [item])), shape=(1, I))
    row = np.asarray(base.M_.push(one)[0], np.float32).copy()
    row[item] = 0.0
    return row


def _best(likeness: Floats, n: int) -> Longs:
    """Rows of the n largest that are above nothing; the first where two are as large."""
    order = np.argsort(-likeness, kind="stable")[: max(n, 0)]
    return order[likeness[order] > 0]
