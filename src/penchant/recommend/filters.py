"""Which items may be recommended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import Annotated, Any, Final

import numpy as np
import polars as pl
from pydantic import BeforeValidator, Field

from penchant.config import Config
from penchant.data import columns as c
from penchant.data.coerce import as_number
from penchant.data.ids import ids_of
from penchant.data.moments import Moments
from penchant.data.vocabulary import Vocabulary
from penchant.errors import SchemaError, did_you_mean
from penchant.interests.feedback import Wishes
from penchant.taxonomy.tree import Tree
from penchant.types import Bools, Report

_REMEMBERED = 16  # filters whose outcome is remembered


def _items(said: Any) -> Any:
    return said if said is None else tuple(ids_of(said, "item_id"))


def _values(said: Any) -> Any:
    """One value of an attribute or several, as text."""
    if isinstance(said, list | tuple | set | frozenset):
        return tuple(map(_values, said))
    if isinstance(said, bool):
        return str(said).lower()
    return str(said) if isinstance(said, Real) else said


class Filters(Config):
    """What a list may hold; every filter narrows it further.

    >>> Filters(where={"price": 2.95}, deny=[22112])
    Filters(seen=None, within=None, where={'price': '2.95'}, allow=None, deny=('22112',))
    """

    seen: bool | None = None
    """Whether items that the person had may come again; None: as people do in this data."""
    within: str | None = None
    """Only items of this interest: id, name or path."""
    where: dict[str, Annotated[str | tuple[str, ...], BeforeValidator(_values)]] = Field(
        default_factory=dict
    )
    """Only items whose attribute is, or holds, one of these values."""
    allow: Annotated[tuple[str, ...] | None, BeforeValidator(_items)] = None
    """Only these item ids."""
    deny: Annotated[tuple[str, ...], BeforeValidator(_items)] = ()
    """Never these item ids."""


ANYTHING: Final = Filters()
"""Nothing is asked of a list."""


@dataclass(frozen=True)
class Shelf:
    """What filters look at: the items' ids, their table in the same order, and the tree."""

    items: Vocabulary
    table: pl.DataFrame
    tree: Tree
    _known: dict[str, tuple[Bools, Report]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def candidates(
        self, filters: Filters, moments: Moments, *, repeats: bool, report: Report
    ) -> Bools:
        """Which items may be shown in each moment [B × I]; what each filter took is counted.

        Raises:
            SchemaError: `where` names a column that items do not have.
            UnknownIdError: `within` names no interest.
        """
        one, taken = self._kept(filters)
        report.extend(taken)
        found = np.broadcast_to(one, (len(moments), len(one))).copy()
        may_repeat = repeats if filters.seen is None else filters.seen
        if not may_repeat:
            before = np.count_nonzero(found)
            found[moments.owner, moments.item] = False
            left = np.count_nonzero(found)
            report.add("recommend", "items set aside: seen", int(before - left))
        if moments.said is not None:
            never = Wishes(self.tree).barred(moments.said)
            what = "items set aside: the user asked for none of them"
            report.add("recommend", what, int((found & never).sum()))
            found &= ~never
        return found

    def _kept(self, filters: Filters) -> tuple[Bools, Report]:
        """What filters leave to everybody [I], and what each took; the latest are remembered."""
        key = "" if filters is ANYTHING else filters.model_dump_json(exclude={"seen"})
        kept = self._known.get(key)
        if kept is None:
            one, report = np.ones(len(self.items), bool), Report()
            for name, mask in self._static(filters, report):
                report.add("recommend", f"items set aside: {name}", int((one & ~mask).sum()))
                one &= mask
            kept = one, report
            while len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)), None)
            self._known[key] = kept
        return kept

    def _static(self, filters: Filters, report: Report) -> list[tuple[str, Bools]]:
        masks = []
        if c.AVAILABLE in self.table.columns:
            there = self.table[c.AVAILABLE].cast(pl.Boolean).fill_null(True)
            masks.append(("not available", there.to_numpy()))
        if filters.within is not None:
            masks.append((f"not within {filters.within}", self._within(filters.within)))
        for name, wanted in filters.where.items():
            masks.append((f"{name} is another", self._where(name, wanted)))
        if filters.allow is not None:
            masks.append(("not allowed", self._listed(filters.allow, report)))
        if filters.deny:
            masks.append(("denied", ~self._listed(filters.deny, report)))
        return masks

    def _within(self, interest: str) -> Bools:
        level, row = self.tree.row(self.tree.find(interest).id)
        return self.tree.mostly(level, row)

    def _where(self, name: str, wanted: str | Sequence[str]) -> Bools:
        if name not in self.table.columns:
            raise SchemaError(
                f"where: items have no column {name!r}; they have {', '.join(self.table.columns)}."
                f"{did_you_mean(name, self.table.columns)}"
            )
        values = [wanted] if isinstance(wanted, str) else list(wanted)
        column = self.table[name]
        if column.dtype == pl.List:
            found = self.table.select(
                pl.col(name)
                .cast(pl.List(pl.String))
                .list.eval(pl.element().is_in(values))
                .list.any()
            ).to_series()
        else:
            found = column.cast(pl.String).is_in(values)
        if column.dtype.is_numeric():  # 3, 3.0 and "3.00" are the same number
            numbers = as_number(pl.Series(values, dtype=pl.String)).drop_nulls()
            found |= column.cast(pl.Float64).is_in(numbers.implode())
        return found.fill_null(False).to_numpy()

    def _listed(self, ids: Sequence[str], report: Report) -> Bools:
        rows = self.items.rows(list(ids))
        unknown = [id_ for id_, row in zip(ids, rows, strict=True) if row < 0]
        report.add("recommend", "unknown items in a filter", len(unknown), examples=unknown)
        mask = np.zeros(len(self.items), bool)
        mask[rows[rows >= 0]] = True
        return mask
