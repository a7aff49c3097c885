"""From somebody's own words to interests: texts and items live in one space.

    P(i | text, t) ∝ P(i | t) · exp( κ · cos(text, text_i) )

P(i | t) is what is usual at the time. Both vectors have the mean of all items' texts taken off. κ
is how much a text tells, by likelihood: what the person turned to next is what it should tell.
Where people wrote something themselves (`text` of events: a comment, a review, an answer), their
words are learned from; else the text of what a person had stands for what the person might have
said. The product of experts is Hinton's (Training products of experts, Neural Computation 14,
2002).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from penchant.data.histories import Histories
from penchant.random import rng
from penchant.types import Bools, Floats, Longs, State

_PAIRS = 2000
_WORDS = 1000  # of people's own are read at most: each has to be encoded
ENOUGH = 200
"""Fewer words of people's own than this are not learned from."""
_CELLS = 8_000_000  # scores held at once: fewer pairs where there are many items
_STEEPEST = 100.0
_PLAIN = 10.0  # where there is nothing to learn from


@dataclass(frozen=True)
class Said:
    """What people wrote in events: `there` says of each row of the event table whether there are
    words, `vectors` encodes those of some rows [n] → [n × D]."""

    there: Bools
    vectors: Callable[[Longs], Floats]


@dataclass
class Reading:
    """What texts tell of interests: `mean_` [D] of the items' texts, and κ; `words_` is how many
    of people's own it was learned from, 0 where items' texts stood for them."""

    mean_: Floats = field(init=False, repr=False)
    kappa_: float = field(init=False, default=_PLAIN)
    words_: int = field(init=False, default=0)

    def fit(
        self,
        log: Histories,
        text: Floats,
        usual: Callable[[Longs], Floats],
        *,
        said: Said | None = None,
        seed: int = 0,
    ) -> Self:
        """Learn κ from what people turned to next; `usual` gives log P(i | t) [Q × I] for times."""
        from scipy import optimize

        known = np.linalg.norm(text, axis=1) > 0
        total = text[known].sum(axis=0, dtype=np.float64)
        self.mean_ = np.asarray(total / max(int(known.sum()), 1), np.float32)
        before, after, words = self._words(log, known, said, seed)
        if words is None:
            before, after = _pairs(log, known, log.positive, _PAIRS, seed)
            words = text[log.item[before]]
        if not len(before):
            return self
        like = self.likeness(words, text)
        known_before = usual(log.time[after])
        came = (np.arange(len(after)), log.item[after])

        def loss(kappa: float) -> float:
            z = known_before + np.float32(kappa) * like
            top = z.max(axis=1, keepdims=True)
            norm = np.log(np.exp(z - top).sum(axis=1)) + top[:, 0]
            return float((norm - z[came]).mean())

        found = optimize.minimize_scalar(
            loss, bounds=(0.0, _STEEPEST), method="bounded", options={"xatol": 0.05}
        )
        self.kappa_ = float(found.x)
        return self

    def _words(
        self, log: Histories, known: Bools, said: Said | None, seed: int
    ) -> tuple[Longs, Longs, Floats | None]:
        """Events with words of the person's own, what came after each, and the words' vectors;
        none where there are too few."""
        none = np.zeros(0, np.int64)
        if said is None:
            return none, none, None
        before, after = _pairs(log, known, said.there[log.source], _WORDS, seed)
        if len(before) < ENOUGH:
            return none, none, None
        self.words_ = len(before)
        return before, after, said.vectors(log.source[before])

    def likeness(self, said: Floats, text: Floats) -> Floats:
        """Cosines of some texts with the items' [Q × I]; 0 where either says nothing."""
        return np.asarray(self._moved(said) @ self._moved(text).T, np.float32)

    def score(self, said: Floats, text: Floats, usual: Floats) -> Floats:
        """log P(i | text, t), but for a constant [Q × I], from log P(i | t)."""
        return usual + np.float32(self.kappa_) * self.likeness(said, text)

    def _moved(self, text: Floats) -> Floats:
        there = np.linalg.norm(text, axis=1, keepdims=True) > 0
        moved = (text - self.mean_) * there
        return np.asarray(
            moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), np.float32
        )

    def state(self) -> State:
        """Mean and κ."""
        return {"mean": self.mean_}, {"kappa": self.kappa_, "words": self.words_}

    def restore(self, state: State) -> Self:
        """Take up mean and κ."""
        self.mean_, self.kappa_ = state[0]["mean"], float(state[1]["kappa"])
        self.words_ = int(state[1]["words"])
        return self


def _pairs(
    log: Histories, known: Bools, telling: Bools, most: int, seed: int
) -> tuple[Longs, Longs]:
    """Rows of a sample of positive events that tell something [E], and of the same person's next
    one, on something else; both on items with a known text."""
    rows = np.flatnonzero(log.positive & known[log.item])
    after = np.roll(rows, -1)
    same = (
        (log.user[rows] == log.user[after]) & (log.item[rows] != log.item[after]) & (after > rows)
    )
    same &= telling[rows]
    before, after = rows[same], after[same]
    most = max(20, min(most, _CELLS // max(len(log.items), 1)))
    if len(before) > most:
        some = np.sort(rng(seed, "reading").choice(len(before), most, replace=False))
        before, after = before[some], after[some]
    return before, after
