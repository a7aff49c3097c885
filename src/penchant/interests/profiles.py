"""Many people's profiles as tables of numbers: what segments, exports and dashboards start from."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from penchant.clock import when
from penchant.cores import cores
from penchant.data.ids import Id, id_of
from penchant.data.moments import Moments
from penchant.data.vocabulary import Vocabulary
from penchant.errors import UnknownIdError
from penchant.interests.model import InterestModel
from penchant.interests.weights import Weights
from penchant.taxonomy.tree import Tree
from penchant.types import QUIET, Floats, Longs, Progress

if TYPE_CHECKING:
    import polars as pl

_AT_ONCE = 2048  # people whose weights are found together
_MOST = 8  # pieces worked on at once


@dataclass(frozen=True)
class Profiles:
    """The interests of B people, each at a time.

    `user_ids` [B], `at` [B] (µs), `events` [B] (how many each profile rests on), and the weights
    of all levels (see `Weights`); `layers` are empty unless they were asked for.
    """

    user_ids: Sequence[str]
    at: Longs
    events: Longs
    tree: Tree
    known: Weights

    def __len__(self) -> int:
        return len(self.user_ids)

    def weights(self, level: int = 1, layer: str | None = None) -> Floats:
        """P over the nodes of a level, in the tree's order [B × K]; rows sum to 1. With a layer,
        what it says alone.

        Raises:
            UnknownIdError: there is no such level, or the layer was not asked for.
        """
        if not 1 <= level <= self.tree.levels:
            raise UnknownIdError(f"level {level}: the tree has levels 1 to {self.tree.levels}")
        if layer is None:
            return self.known.whole[level - 1]
        if layer not in self.known.layers:
            known = ", ".join(self.known.layers) or "none: ask for profiles with layers=True"
            raise UnknownIdError(f"layer {layer!r}: there are {known}")
        return self.known.layers[layer][level - 1]

    def usual(self, level: int = 1) -> Floats:
        """What is usual at each one's time [B × K]."""
        self.weights(level)
        return self.known.usual[level - 1]

    def row(self, user_id: Id) -> int:
        """Where somebody stands.

        Raises:
            UnknownIdError: nobody is called that here.
        """
        return self._rows.row(id_of(user_id), "user", hint=False)

    @cached_property
    def _rows(self) -> Vocabulary:
        return Vocabulary(list(self.user_ids))

    def to_frame(self, level: int | None = None, top: int | None = None) -> "pl.DataFrame":
        """One row for each user and interest, weightiest first: user_id, at, level, id, name, path,
        weight, usual, lift, and one column a layer; of one level, and the first `top` of each."""
        import polars as pl

        levels = range(1, self.tree.levels + 1) if level is None else [level]
        return pl.concat([self._frame(number, top) for number in levels])

    def _frame(self, level: int, top: int | None) -> "pl.DataFrame":
        import polars as pl

        weight, nodes = self.weights(level), self.tree.nodes[level - 1]
        n = len(nodes) if top is None else max(1, min(top, len(nodes)))
        best = np.argsort(-weight, axis=1, kind="stable")[:, :n]
        flat = best.ravel()
        who = np.repeat(np.arange(len(self)), n)
        columns = {"weight": weight, "usual": self.usual(level)} | {
            name: self.weights(level, name) for name in self.known.layers
        }
        values = {name: table[who, flat].astype(np.float64) for name, table in columns.items()}
        paths = pl.Series([" > ".join(self.tree.path(node)) for node in nodes])
        at = pl.Series([when(int(t)) for t in self.at], dtype=pl.Datetime("us", "UTC"))
        return pl.DataFrame(
            {
                "user_id": pl.Series(list(self.user_ids), dtype=pl.String).gather(who),
                "at": at.gather(who),
                "level": np.full(len(flat), level),
                "id": pl.Series([node.id for node in nodes]).gather(flat),
                "name": pl.Series([node.name for node in nodes]).gather(flat),
                "path": paths.gather(flat),
                **values,
                "lift": values["weight"] / np.maximum(values["usual"], 1e-12),
            }
        )


def profiles(
    model: InterestModel,
    user_ids: Sequence[str],
    moments: Moments,
    *,
    layers: bool = False,
    progress: Progress = QUIET,
) -> Profiles:
    """The profiles of some moments, one of each user; pieces are shared out among the cores."""
    starts = range(0, max(len(moments), 1), _AT_ONCE)

    def piece(a: int) -> Weights:
        return model.weights(moments.take(slice(a, a + _AT_ONCE)), layers=layers)

    with (
        progress.step("profiles", len(moments)) as step,
        ThreadPoolExecutor(min(cores(), _MOST)) as pool,
    ):
        found = []
        first = map(piece, starts[:1])  # what is made once for all is made before they part
        for known in chain(first, pool.map(piece, starts[1:])):
            found.append(known)
            step.advance(len(known))
    return Profiles(
        user_ids, moments.at, moments.length, model.catalogue.tree, Weights.joined(found)
    )
