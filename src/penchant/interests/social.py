"""The social part: what the people around somebody turned to.

    social_i = ln( 1 + people around u who had i before t )

Who that is, the relations say: those whom u follows, trusts or is friends with. How much it counts,
the fusion finds out, and most for people of whom little else is known. People like what their
friends like: McPherson, Smith-Lovin and Cook, Birds of a Feather, Annual Review of Sociology 27,
2001; for recommendation, Ma et al., SoRec, CIKM 2008.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

import numpy as np

from penchant.data.moments import Moments
from penchant.interests.layer import Catalogue, Training
from penchant.types import Floats, State


@dataclass
class Social:
    """Counts, from the log as it stands when it is asked; nothing is learned."""

    kind: ClassVar[str] = "social"
    n_items_: int = field(init=False)

    def fit(self, training: Training) -> Self:
        """Note how many items there are."""
        return self.refit(training)

    def refit(self, training: Training) -> Self:
        """Note how many items there are."""
        self.n_items_ = len(training.catalogue)
        return self

    def score(self, moments: Moments) -> Floats:
        """ln(1 + people around who had it before) [B × I]; zeros where nobody is around."""
        if moments.around is None:
            return np.zeros((len(moments), self.n_items_), np.float32)
        counts = moments.around.counts(self.n_items_)
        counts.data = np.log1p(counts.data)
        return np.asarray(counts.toarray(), np.float32)

    def state(self) -> State:
        """How many items there are."""
        return {}, {"items": self.n_items_}

    def restore(self, state: State, catalogue: Catalogue) -> Self:
        """Take it up."""
        self.n_items_ = len(catalogue)
        return self

    def extend(self, catalogue: Catalogue) -> None:
        """Count the items that came after the fit, too."""
        self.n_items_ = len(catalogue)
