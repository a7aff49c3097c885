"""Where items lie for grouping: language and behaviour side by side, centred, of length 1."""

from dataclasses import dataclass

import numpy as np

from penchant.taxonomy.cluster import unit
from penchant.taxonomy.config import TreeConfig
from penchant.types import Bools, Floats


@dataclass(frozen=True)
class Space:
    """Unit rows to group by [I × F], and the language vectors that new items are placed by [I × D].

    A row is zero where nothing is known of the item.
    """

    rows: Floats
    text: Floats
    centre: Floats

    @property
    def known(self) -> Bools:
        """Which items can be grouped [I]."""
        return np.asarray(np.any(self.rows, axis=1))


def build(vectors: Floats, behaviour: Floats | None, config: TreeConfig, seed: int) -> Space:
    """Join language [I × D] and behaviour [I × F] by the share that the settings give it.

    An item with only one of the two lies by that one alone.
    """
    centre = middle(vectors)
    text = centred(vectors, centre)
    rows = text
    if behaviour is not None and config.behaviour > 0:
        acts = centred(behaviour, middle(behaviour))
        share = np.float32(config.behaviour)
        rows = unit(np.hstack([text * np.sqrt(1 - share), acts * np.sqrt(share)]))
    if config.pca is not None:
        rows = _reduced(rows, config.pca, seed)
    return Space(rows, text, centre)


def middle(vectors: Floats) -> Floats:
    """What all rows have in common [D]: their mean; zero where rows are too few to tell."""
    has = np.any(vectors, axis=1)
    if has.sum() < 8:
        return np.zeros(vectors.shape[1], dtype=np.float32)
    mean: Floats = vectors[has].mean(axis=0, dtype=np.float64).astype(np.float32)
    return mean


def centred(vectors: Floats, centre: Floats | None) -> Floats:
    """Rows without what they have in common, of length 1; a zero row stays zero."""
    if centre is None:
        return unit(vectors)
    has = np.any(vectors, axis=1, keepdims=True)
    moved = np.where(has, vectors - centre, 0).astype(np.float32)
    lost = has[:, 0] & (np.linalg.norm(moved, axis=1) < 1e-5)
    moved[lost] = vectors[lost]  # the item lies in the very middle: its own direction must do
    return unit(moved)


def _reduced(rows: Floats, dimensions: int, seed: int) -> Floats:
    from sklearn.decomposition import PCA

    has = np.any(rows, axis=1)
    dimensions = min(dimensions, rows.shape[1], int(has.sum()))
    if dimensions < 2 or dimensions == rows.shape[1]:
        return rows
    solver = PCA(dimensions, svd_solver="auto", random_state=seed % 2**32)
    out = np.zeros((len(rows), dimensions), dtype=np.float32)
    out[has] = solver.fit_transform(rows[has])
    return unit(out)
