"""Outside ids outside, row numbers inside."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import repeat

import numpy as np
import polars as pl

from penchant.errors import UnknownIdError, did_you_mean
from penchant.types import Ints

_FEW, _MANY = 32, 100  # ids that are looked up one by one; or this part of those that are known
_LOOKED, _TRIED = 100_000, 200  # ids among which a like one is looked for, and that are compared


class Vocabulary:
    """Ids and their row numbers, both ways; ids are unique strings in a fixed order.

    >>> items = Vocabulary(["b", "a"])
    >>> items.rows(["a", "zzz", "b"]).tolist()
    [1, -1, 0]
    """

    def __init__(self, ids: Sequence[str] | pl.Series) -> None:
        series = ids if isinstance(ids, pl.Series) else pl.Series("id", list(ids), dtype=pl.String)
        self.ids: pl.Series = series.alias("id")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, row: int) -> str:
        return str(self.ids[int(row)])

    def __contains__(self, id_: object) -> bool:
        return id_ in self._row

    @cached_property
    def _row(self) -> dict[str, int]:
        return {id_: row for row, id_ in enumerate(self.ids)}

    def extended(self, ids: Sequence[str]) -> "Vocabulary":
        """With more ids at the end."""
        found = Vocabulary(pl.concat([self.ids, pl.Series("id", list(ids), dtype=pl.String)]))
        if "_row" in vars(self):
            vars(found)["_row"] = self._row | {id_: n for n, id_ in enumerate(ids, len(self))}
        return found

    def row(self, id_: str, what: str = "id", hint: bool = True) -> int:
        """The row of one id; `hint`: an error may name one that is like it, as people's may not.

        Raises:
            UnknownIdError: it was never seen.
        """
        row = self._row.get(id_)
        if row is None:
            close = did_you_mean(id_, near(id_, self.ids)) if hint else ""
            raise UnknownIdError(
                f"{what} {id_!r} is not among the {len(self):,} known ones.{close}"
            )
        return row

    def rows(self, ids: Iterable[str] | pl.Series) -> Ints:
        """Rows of many ids; -1 where an id was never seen."""
        each = ids if isinstance(ids, Sequence | pl.Series) else list(ids)
        made = "_row" in vars(self)  # from then on one by one is the faster way for many more
        many = len(self) if made else len(self) // _MANY
        if len(self) <= _FEW or len(each) <= max(_FEW, many):
            each = each.to_list() if isinstance(each, pl.Series) else each
            return np.fromiter(map(self._row.get, each, repeat(-1)), np.int32, len(each))
        series = each if isinstance(each, pl.Series) else pl.Series("id", each, dtype=pl.String)
        known = pl.DataFrame({"id": self.ids, "row": np.arange(len(self), dtype=np.int32)})
        asked = pl.DataFrame({"id": series.alias("id")})
        found = asked.join(known, on="id", how="left", maintain_order="left")["row"]
        return found.fill_null(-1).to_numpy().astype(np.int32)


def near(word: str, ids: pl.Series) -> list[str]:
    """Ids that begin and end as far like a word as any does, for `did_you_mean`: where a letter or
    two of many ids is wrong, the right one is among these, and they are found in milliseconds.

    >>> near("i0OO7", pl.Series([f"i{n:04}" for n in range(1_000)]))[:3]
    ['i0007', 'i0017', 'i0027']
    """
    if len(ids) <= _TRIED:
        return ids.to_list()
    some, lengths = ids.head(_LOOKED), range(1, len(word) + 1)

    def nobody_begins(n: int) -> bool:
        return not some.str.starts_with(word[:n]).any()

    def nobody_ends(n: int) -> bool:
        return not alike.str.ends_with(word[-n:]).any()

    alike = some.filter(some.str.starts_with(word[: bisect_left(lengths, True, key=nobody_begins)]))
    end = word[len(word) - bisect_left(lengths, True, key=nobody_ends) :]
    return alike.filter(alike.str.ends_with(end)).head(_TRIED).to_list()
