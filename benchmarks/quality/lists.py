"""What a recommender answers: the best items of each moment with their scores; and their ranks.

Both environments import this file, so that every figure comes from one metric code. It needs NumPy
and Penchant's `evaluate.metrics`.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse

from penchant.evaluate.metrics import ndcg
from penchant.evaluate.ranking import MISS, Ranks

K = 100
"""Length of the lists: metrics up to @20 cannot tell them from a full ranking."""


def slug(model: str) -> str:
    """A model's name among files."""
    return model.replace(" ", "-")


@dataclass(frozen=True)
class Lists:
    """For A moments: items [A × K], best first, −1 where candidates ran out, and scores [A × K].

    `popular` [A] says which lists were filled by popularity, as the recommender had no answer.
    """

    items: np.ndarray
    scores: np.ndarray
    popular: np.ndarray

    def __post_init__(self) -> None:
        if self.items.shape != self.scores.shape or len(self.popular) != len(self.items):
            raise ValueError(
                f"lists: items {self.items.shape}, scores {self.scores.shape}, popular "
                f"{self.popular.shape} came; expected [A × K] twice and [A]"
            )

    def save(self, path: Path) -> None:
        """Write them down, whole or not at all."""
        beside = path.with_name(path.name + ".part.npz")
        np.savez_compressed(beside, items=self.items, scores=self.scores, popular=self.popular)
        beside.replace(path)

    @staticmethod
    def load(path: Path) -> "Lists":
        """What was written down."""
        with np.load(path) as found:
            return Lists(found["items"], found["scores"], found["popular"])


def topmost(scores: np.ndarray, barred: sparse.csr_array, k: int = K) -> Lists:
    """The k best of all scores [A × I] without what is barred; ties by row of the catalogue."""
    hidden = np.array(scores, dtype=np.float32, copy=True)
    hidden[barred.tocoo().coords] = -np.inf
    best = np.full((len(hidden), k), -1, np.int32)
    value = np.full((len(hidden), k), -np.inf, np.float32)
    k_ = min(k, hidden.shape[1])
    found = np.argpartition(-hidden, k_ - 1, axis=1)[:, :k_]
    taken = np.take_along_axis(hidden, found, axis=1)
    order = np.lexsort((found, -taken), axis=1)
    found, taken = (np.take_along_axis(a, order, axis=1) for a in (found, taken))
    some = np.isfinite(taken)
    best[:, :k_][some], value[:, :k_][some] = found[some], taken[some]
    return Lists(best, value, np.zeros(len(best), bool))


def joined(a: Lists, b: Lists, weight: float) -> Lists:
    """Two recommenders' lists as one [A × 2K]: the sum of their scores, b's as widely scattered as
    a's and times `weight`; an item that only one of them lists has the other's last score. Where b
    had no answer of its own, a's list is left as it is."""
    far = _scatter(b)
    scale = np.where(b.popular, 0.0, weight * _scatter(a) / far if far else 0.0)[:, None]
    items = np.concatenate([a.items, b.items], axis=1)
    mine = np.concatenate([a.scores, np.repeat(_last(a), b.items.shape[1], axis=1)], axis=1)
    theirs = np.concatenate([np.repeat(_last(b), a.items.shape[1], axis=1), b.scores], axis=1)
    order = np.argsort(items, axis=1, kind="stable")
    items, mine, theirs = (np.take_along_axis(x, order, axis=1) for x in (items, mine, theirs))
    twice = items[:, 1:] == items[:, :-1]  # one says the score of each, the other its last one
    for x in (mine, theirs):
        x[:, :-1][twice] = np.maximum(x[:, :-1], x[:, 1:])[twice]
    gone = items < 0
    mine[gone] = theirs[gone] = 0.0
    gone[:, 1:] |= twice
    total = np.where(gone, -np.inf, mine + scale.astype(np.float32) * theirs)
    best = np.argsort(-total, axis=1, kind="stable")
    items, total, gone = (np.take_along_axis(x, best, axis=1) for x in (items, total, gone))
    return Lists(np.where(gone, -1, items), total, a.popular & b.popular)


def _last(lists: Lists) -> np.ndarray:
    """The lowest score of each list [A × 1]; 0 of an empty one."""
    last = np.where(lists.items >= 0, lists.scores, np.inf).min(axis=1, keepdims=True)
    return np.where(np.isfinite(last), last, 0.0).astype(np.float32)


def _scatter(lists: Lists) -> float:
    """How widely the scores of a list that was not filled scatter, on average."""
    listed = np.where(lists.items >= 0, lists.scores, np.nan)
    some = listed[((lists.items >= 0).sum(axis=1) > 1) & ~lists.popular]
    return float(np.nanstd(some, axis=1).mean()) if len(some) else 0.0


def ranks(lists: Lists, targets: sparse.csr_array) -> Ranks:
    """Where the targets stand in the lists; a tie never helps.

    A target that ties with others stands behind all of them that are no targets. Where a tie runs
    over the end of a full list its place is unknown, and it is a miss, as is a target not listed.
    """
    B, I = targets.shape
    told = sparse.csr_array(targets).tocoo()
    owner, item = (np.asarray(a, np.int64) for a in told.coords)
    pairs = np.arange(B)[:, None] * I + np.maximum(lists.items, 0)
    hit = np.isin(pairs, owner * I + item) & (lists.items >= 0)
    rows = lists.items[owner]
    place = np.where((rows == item[:, None]).any(1), (rows == item[:, None]).argmax(1), -1)
    score = np.where(place >= 0, lists.scores[owner, np.maximum(place, 0)], -np.inf)
    rivals = (lists.scores[owner] >= score[:, None]) & ~hit[owner] & (rows >= 0)
    cut = (lists.items[:, -1] >= 0)[owner] & (lists.scores[:, -1][owner] == score)
    lost = (place < 0) | cut
    order = np.lexsort((item, -np.where(lost, -np.inf, score), owner))
    count = np.bincount(owner, minlength=B)
    offsets = np.concatenate([[0], np.cumsum(count)])
    nth = np.arange(len(owner)) - np.repeat(offsets[:-1], count)
    rank = np.where(lost[order], MISS, 1 + rivals.sum(1)[order] + nth).astype(np.int32)
    none = np.zeros(len(owner))
    return Ranks(offsets, rank, none, count.astype(np.int64), np.zeros(B, np.int64))


def judge(lists: Lists, targets: sparse.csr_array, k: int = 10) -> float:
    """Mean NDCG@k: what settings are chosen by."""
    return float(ndcg(ranks(lists, targets), k).mean())
