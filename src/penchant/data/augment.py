"""Histories changed a little, so that a sequence model learns what matters in them.

Crop, mask and reorder are from CL4SRec (Xie et al., arXiv 2010.14395), replacing and inserting by
similar items from CoSeRec (Liu et al., arXiv 2108.06479). All work on a whole batch at once.

    B sequences    T places    n items of a sequence (its length), behind them padding    I items
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field

from penchant.config import Config
from penchant.errors import ConfigError
from penchant.types import Bools, Longs

Change: TypeAlias = Literal["crop", "mask", "reorder", "replace", "insert"]
T_ = TypeVar("T_", bound=np.generic)
Items: TypeAlias = npt.NDArray[np.integer[Any]]


class AugmentConfig(Config):
    """Which changes are made to sequences in training; by default none."""

    changes: tuple[Change, ...] = ()
    """Changes to draw from, one a sequence; none: augmentation is off."""
    chance: float = Field(default=0.5, ge=0.0, le=1.0)
    """Share of sequences that are changed at all."""
    crop: float = Field(default=0.6, gt=0.0, le=1.0)
    """Share of a sequence that `crop` keeps, in one piece (η)."""
    mask: float = Field(default=0.3, ge=0.0, le=1.0)
    """Share of places that `mask` hides (γ)."""
    reorder: float = Field(default=0.6, ge=0.0, le=1.0)
    """Share of a sequence, in one piece, that `reorder` shuffles (β)."""
    replace: float = Field(default=0.3, ge=0.0, le=1.0)
    """Share of places where `replace` puts a similar item (ρ)."""
    insert: float = Field(default=0.3, ge=0.0, le=1.0)
    """Share of places before which `insert` puts a similar item (μ)."""
    shortest: int = Field(default=4, ge=2)
    """Shorter sequences are only replaced or inserted into: they have nothing to lose."""


@dataclass(frozen=True)
class Augmented:
    """Changed sequences: item [B×T], length [B], and source [B×T].

    `source` is the place that each item stood at before, for times and weights that go with it:
    an item that replaces or hides another has that one's place, an inserted one the place of the
    item it stands before. `fresh` [B×T] marks items that the person never met.
    """

    item: Items
    length: Longs
    source: Longs
    fresh: Bools


def augment(
    item: Items,
    length: Longs,
    config: AugmentConfig,
    rng: np.random.Generator,
    *,
    pad: int,
    mask: int | None = None,
    similar: Items | None = None,
) -> Augmented:
    """Change a share of the sequences [B×T], each by one change drawn from `config.changes`.

    Sequences begin at the left and are padded on the right with `pad`. `mask` is the item that
    hides another (None: `pad`); `similar` [I×k] holds, for every item, items like it. A sequence
    that grows beyond T loses its oldest items.

    Raises:
        ConfigError: `replace` or `insert` is asked for without `similar`.
    """
    B, T = item.shape
    place = np.broadcast_to(np.arange(T), (B, T))
    same = Augmented(item.copy(), length.astype(np.int64), place.copy(), np.zeros((B, T), np.bool_))
    if not config.changes or not B:
        return same
    if similar is None and {"replace", "insert"} & set(config.changes):
        raise ConfigError(
            "augment.changes: replace and insert need similar items; pass `similar` [I×k]"
        )
    drawn = np.where(rng.random(B) < config.chance, rng.integers(len(config.changes), size=B), -1)
    for number, change in enumerate(config.changes):
        rows = np.flatnonzero(drawn == number)
        if change in ("crop", "mask", "reorder"):
            rows = rows[length[rows] >= config.shortest]
        rows = rows[length[rows] > 0]
        part = _take(same, rows)
        hidden = pad if mask is None else mask
        _put(same, rows, _change(change, part, config, rng, hidden, similar), pad)
    return same


def _take(all_: Augmented, rows: Longs) -> Augmented:
    return Augmented(all_.item[rows], all_.length[rows], all_.source[rows], all_.fresh[rows])


def _put(all_: Augmented, rows: Longs, part: Augmented, pad: int) -> None:
    """Write changed sequences back, with padding behind their ends."""
    inside = np.arange(all_.item.shape[1]) < part.length[:, None]
    all_.item[rows] = np.where(inside, part.item, pad)
    all_.source[rows] = np.where(inside, part.source, np.arange(all_.item.shape[1]))
    all_.fresh[rows] = part.fresh & inside
    all_.length[rows] = part.length


def _change(
    change: Change,
    part: Augmented,
    config: AugmentConfig,
    rng: np.random.Generator,
    hidden: int,
    similar: Items | None,
) -> Augmented:
    if change == "crop":
        return crop(part, config.crop, rng)
    if change == "mask":
        return hide(part, config.mask, rng, hidden)
    if change == "reorder":
        return reorder(part, config.reorder, rng)
    assert similar is not None  # checked at the door
    if change == "replace":
        return replace(part, config.replace, rng, similar)
    return insert(part, config.insert, rng, similar)


def crop(part: Augmented, share: float, rng: np.random.Generator) -> Augmented:
    """Keep one piece of ⌊η·n⌋ items (CL4SRec, equation 6)."""
    kept, start = _piece(part.length, share, rng)
    return _moved(part, np.arange(part.item.shape[1]) + start[:, None], kept)


def hide(part: Augmented, share: float, rng: np.random.Generator, hidden: int) -> Augmented:
    """Put the mask at ⌊γ·n⌋ places (CL4SRec, equation 7)."""
    chosen = _places(part, share, rng)
    item = np.where(chosen, hidden, part.item).astype(part.item.dtype)
    return Augmented(item, part.length, part.source, part.fresh | chosen)


def reorder(part: Augmented, share: float, rng: np.random.Generator) -> Augmented:
    """Shuffle one piece of ⌊β·n⌋ items (CL4SRec, equation 8)."""
    size, start = _piece(part.length, share, rng)
    place = np.arange(part.item.shape[1], dtype=np.float64)
    inside = (place >= start[:, None]) & (place < (start + size)[:, None])
    shuffled = start[:, None] + rng.random(inside.shape) * size[:, None]
    # a key inside the piece is anywhere in the piece; half-open, so it never leaves it
    key = np.where(inside, np.minimum(shuffled, (start + size)[:, None] - 1e-6), place)
    return _moved(part, np.argsort(key, axis=1, kind="stable"), part.length)


def replace(part: Augmented, share: float, rng: np.random.Generator, similar: Items) -> Augmented:
    """Put a similar item at ⌊ρ·n⌋ places (CoSeRec, section 3.2.1)."""
    chosen = _places(part, share, rng)
    item = part.item.copy()
    item[chosen] = _like(part.item[chosen], similar, rng)
    return Augmented(item, part.length, part.source, part.fresh | chosen)


def insert(part: Augmented, share: float, rng: np.random.Generator, similar: Items) -> Augmented:
    """Put a similar item before ⌊μ·n⌋ items (CoSeRec, section 3.2.2); the latest T are kept."""
    B, T = part.item.shape
    chosen = _places(part, share, rng)
    fresh_item = np.zeros_like(part.item)
    fresh_item[chosen] = _like(part.item[chosen], similar, rng)
    inside = np.arange(T) < part.length[:, None]
    there = np.stack((chosen, inside), axis=2).reshape(B, 2 * T)
    order = np.argsort(~there, axis=1, kind="stable")
    grown = there.sum(axis=1)
    place = np.arange(T) + np.maximum(grown - T, 0)[:, None]
    at = np.take_along_axis(order, place, axis=1)
    inserted = at % 2 == 0  # even places are before an item, odd ones are the item itself
    old = at // 2
    return Augmented(
        np.where(inserted, _at(fresh_item, old), _at(part.item, old)),
        np.minimum(grown, T).astype(np.int64),
        _at(part.source, old),
        inserted | _at(part.fresh, old),
    )


def _piece(length: Longs, share: float, rng: np.random.Generator) -> tuple[Longs, Longs]:
    """Size and start of one piece of each sequence; at least one item."""
    size = np.maximum((length * share).astype(np.int64), 1)
    start = (rng.random(len(length)) * (length - size + 1)).astype(np.int64)
    return size, start


def _places(part: Augmented, share: float, rng: np.random.Generator) -> Bools:
    """⌊share·n⌋ places of each sequence, drawn without putting back, at least one [B×T]."""
    count = np.maximum((part.length * share).astype(np.int64), min(1, int(np.ceil(share))))
    inside = np.arange(part.item.shape[1]) < part.length[:, None]
    key = np.where(inside, rng.random(inside.shape), 2.0)
    rank = np.argsort(np.argsort(key, axis=1), axis=1)
    chosen: Bools = (rank < count[:, None]) & inside
    return chosen


def _moved(part: Augmented, place: Longs, length: Longs) -> Augmented:
    place = np.minimum(place, part.item.shape[1] - 1)
    return Augmented(_at(part.item, place), length, _at(part.source, place), _at(part.fresh, place))


def _at(values: npt.NDArray[T_], place: Longs) -> npt.NDArray[T_]:
    """Values of each row at some places of it [B×T]."""
    return np.take_along_axis(values, place, axis=1)


def _like(item: Items, similar: Items, rng: np.random.Generator) -> Items:
    """One of the items like each."""
    return similar[item, rng.integers(similar.shape[1], size=item.shape)]
