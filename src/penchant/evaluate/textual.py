"""The baseline that only reads: items whose text is like what the person had."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.evaluate.scorer import liked, or_popular, popularity
from penchant.types import Floats

if TYPE_CHECKING:
    from penchant.interests.layer import Catalogue


@dataclass
class TextOnly:
    """score_i = cos(q_u, t_i − t̄), q_u = Σ_{liked events e} decay^(events since e) · (t_e − t̄).

    t: the catalogue's language vectors; t̄ their mean, taken off so that what all texts share says
    nothing.
    """

    decay: float = 0.7
    """What an event keeps of its weight with each later one; 1 counts all alike."""
    name: str = "text only"
    counts_: Floats = field(init=False, repr=False)
    text_: Floats = field(init=False, repr=False)

    def fit(self, catalogue: "Catalogue", log: Histories, *, seed: int) -> Self:
        """Centre the text vectors."""
        self.counts_ = popularity(log)
        centred = catalogue.text - catalogue.text.mean(axis=0, keepdims=True)
        self.text_ = _unit(centred.astype(np.float32))
        return self

    def score(self, moments: Moments) -> Floats:
        """Cosine of each item to the person's weighted history [B × I]."""
        weight = (self.decay ** moments.rank.astype(np.float64)).astype(np.float32)
        query = liked(moments, len(self.text_), weight) @ self.text_
        return or_popular(_unit(query) @ self.text_.T, moments, self.counts_)


def _unit(rows: Floats) -> Floats:
    norm = np.linalg.norm(rows, axis=1, keepdims=True)
    made: Floats = rows / np.maximum(norm, 1e-9)
    return made
