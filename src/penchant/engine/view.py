"""What answers are made with: a model and the table of its items, which do not change meanwhile."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from penchant.data import columns as c
from penchant.data.vocabulary import Vocabulary
from penchant.encode.config import EncodeConfig
from penchant.engine.texts import Texts
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel
from penchant.recommend.filters import Shelf
from penchant.types import Floats, Report


@dataclass(frozen=True)
class View:
    """A model, and its catalogue's table in the model's order."""

    model: InterestModel
    items: pl.DataFrame
    encode: EncodeConfig
    """How their texts, and people's words, become vectors."""

    @classmethod
    def of(
        cls, model: InterestModel, items: pl.DataFrame, texts: Texts, encode: EncodeConfig
    ) -> "View":
        """A model with a table of items in any order; those that are not in its catalogue join it,
        by their texts and their places in the tree, and stand at its end."""
        known = model.catalogue.items
        items = arranged(items, known)
        if items.height > len(known):
            width = model.catalogue.text.shape[1]
            more = texts.of(items.slice(len(known)), encode, Report(), width)
            model = model.extended(_catalogue(model.catalogue, items[c.ITEM], more))
        return cls(model, items, encode)

    def joined(self, rows: pl.DataFrame, texts: Texts) -> "View":
        """With items that came: those that are known already are as they are said to be now."""
        table = pl.concat([self.items, rows], how="diagonal_relaxed")
        return View.of(self.model, table.unique(c.ITEM, keep="last"), texts, self.encode)

    @cached_property
    def shelf(self) -> Shelf:
        """What filters look at."""
        catalogue = self.model.catalogue
        return Shelf(catalogue.items, self.items, catalogue.tree)


def _catalogue(old: Catalogue, ids: pl.Series, more: Floats) -> Catalogue:
    """A catalogue with the items that came after it; their vectors [N × D] say where they are."""
    later = ids.slice(len(old)).to_list()
    tree = old.tree.extended(old.tree.assign(more), later)
    return Catalogue(old.items.extended(later), np.concatenate([old.text, more]), tree)


def arranged(items: pl.DataFrame, known: Vocabulary) -> pl.DataFrame:
    """A table of items in a catalogue's order; later ones behind, by id, whatever order they came
    in."""
    ids = items[c.ITEM]
    later = ids.filter(~ids.is_in(known.ids.implode())).sort()
    order = pl.DataFrame({c.ITEM: pl.concat([known.ids.alias(c.ITEM), later.alias(c.ITEM)])})
    return order.join(items, on=c.ITEM, how="left", maintain_order="left")
