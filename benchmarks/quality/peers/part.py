"""What a peer is given: a part, read from its folder (see `benchmarks/quality/parts.py`)."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from benchmarks.quality.lists import K, Lists
from scipy import sparse


@dataclass(frozen=True)
class Part:
    """Training events that speak for their item, who is asked when, and what is barred.

    user, item, time [E] in canonical order; ask_user [A] (−1: no training event), at [A];
    barred [A × I].
    """

    n_users: int
    n_items: int
    known: int
    repeats: bool
    user: np.ndarray
    item: np.ndarray
    time: np.ndarray
    ask_user: np.ndarray
    at: np.ndarray
    barred: sparse.csr_matrix

    @staticmethod
    def read(folder: Path) -> "Part":
        """A part from its folder; answers are not looked at."""
        told = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        train = pl.read_parquet(folder / "train.parquet").filter(pl.col("weight") > 0)
        asks = pl.read_parquet(folder / "asks.parquet")
        return Part(
            n_users=told["users"],
            n_items=told["items"],
            known=told["known"],
            repeats=told["repeats"],
            user=train["user"].to_numpy().astype(np.int64),
            item=train["item"].to_numpy().astype(np.int64),
            time=train["time"].to_numpy(),
            ask_user=asks["user"].to_numpy().astype(np.int64),
            at=asks["at"].to_numpy(),
            barred=pairs(folder / "barred.parquet", (len(asks), told["items"])),
        )

    @cached_property
    def servable(self) -> np.ndarray:
        """Asks of users with a positive training event [≤ A]."""
        seen = np.bincount(self.user, minlength=self.n_users) > 0
        return np.flatnonzero((self.ask_user >= 0) & seen[self.ask_user])

    @cached_property
    def counts(self) -> np.ndarray:
        """Positive training events of each item [I]."""
        return np.bincount(self.item, minlength=self.n_items).astype(np.float32)

    @cached_property
    def room(self) -> int:
        """How much longer than K a list must be for K to be left without what is barred."""
        return int(np.diff(self.barred.indptr).max(initial=0))

    def matrix(self, binary: bool) -> sparse.csr_matrix:
        """Who had what how often, or at all [U × known]."""
        pair = (np.ones(len(self.user), np.float32), (self.user, self.item))
        found = sparse.csr_matrix(pair, shape=(self.n_users, self.known))
        found.sum_duplicates()
        if binary:
            found.data[:] = 1.0
        return found

    def frame(self) -> pd.DataFrame:
        """The events as RecTools has them."""
        return pd.DataFrame(
            {
                "user_id": self.user,
                "item_id": self.item,
                "weight": np.ones(len(self.user), np.float32),
                "datetime": moment(self.time),
            }
        )

    def popular(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What most people had, for some asks: items and scores [R × K]."""
        order = np.argsort(-self.counts, kind="stable")[: K + self.room].astype(np.int32)
        items = np.tile(order, (len(rows), 1))
        return self.allowed(rows, items, self.counts[items])

    def allowed(
        self, rows: np.ndarray, items: np.ndarray, scores: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Lists [R × any] of some asks without what is barred, cut to K, −1 where they end."""
        keys = np.asarray(rows)[:, None] * self.n_items + np.maximum(items, 0)
        told = self.barred[rows].tocoo()
        keep = ~np.isin(keys, np.asarray(rows)[told.row] * self.n_items + told.col) & (items >= 0)
        order = np.argsort(~keep, axis=1, kind="stable")[:, :K]
        kept = np.take_along_axis(keep, order, axis=1)
        best = np.full((len(items), K), -1, np.int32)
        value = np.full((len(items), K), -np.inf, np.float32)
        n = order.shape[1]
        best[:, :n] = np.where(kept, np.take_along_axis(items, order, axis=1), -1)
        value[:, :n] = np.where(kept, np.take_along_axis(scores, order, axis=1), -np.inf)
        return best, value

    def answer(self, rows: np.ndarray, items: np.ndarray, scores: np.ndarray) -> Lists:
        """Lists of all asks from those of some; the others, and empty ones, get what is popular."""
        A = len(self.ask_user)
        best, value = np.full((A, K), -1, np.int32), np.full((A, K), -np.inf, np.float32)
        best[rows], value[rows] = self.allowed(rows, items, scores)
        empty = np.flatnonzero(best[:, 0] < 0)
        best[empty], value[empty] = self.popular(empty)
        mark = np.zeros(A, bool)
        mark[empty] = True
        return Lists(best, value, mark)


def moment(micros: np.ndarray) -> np.ndarray:
    """Times as RecTools wants them: in nanoseconds."""
    return np.asarray(micros, "datetime64[us]").astype("datetime64[ns]")


def pairs(path: Path, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Pairs that were written down, as a matrix of ones."""
    told = pl.read_parquet(path)
    where = (told["ask"].to_numpy(), told["item"].to_numpy())
    return sparse.csr_matrix((np.ones(len(told), np.float32), where), shape=shape)


def square(
    table: pd.DataFrame, users: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """RecTools' recommendations as users [R], items and scores [R × n]."""
    row = pd.Series(np.arange(len(users)), index=users)[table["user_id"]].to_numpy()
    place = table["rank"].to_numpy() - 1
    items = np.full((len(users), n), -1, np.int32)
    scores = np.full((len(users), n), -np.inf, np.float32)
    items[row, place] = table["item_id"]
    scores[row, place] = table["score"]
    return items, scores, np.flatnonzero(items[:, 0] >= 0)
