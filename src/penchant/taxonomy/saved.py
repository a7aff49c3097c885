"""The tree as named arrays and plain values, and back, exactly."""

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import sparse

from penchant.data.vocabulary import Vocabulary
from penchant.errors import CorruptModelError
from penchant.taxonomy.tree import Node, Placing, Tree
from penchant.types import Arrays, State


def to_state(tree: Tree) -> State:
    """The tree as arrays (members of the leaves, centroids, item ids) and plain values."""
    leaves, placing = tree.members[-1], tree.placing
    arrays: Arrays = {
        "shape": np.array(leaves.shape, dtype=np.int64),
        "indptr": leaves.indptr.astype(np.int64),
        "indices": leaves.indices.astype(np.int32),
        "weights": leaves.data,
        **{f"centroids.{n}": c for n, c in enumerate(tree.centroids, start=1)},
        **_packed(tree.items),
    }
    if placing.centre is not None:
        arrays["centre"] = placing.centre
    plain: dict[str, Any] = {
        "nodes": [[asdict(node) for node in level] for level in tree.nodes],
        "keys": [[list(key) for key in level] for level in tree.keys],
        "retired": list(tree.retired),
        "leaves_per_item": placing.leaves_per_item,
        "temperature": placing.temperature,
        "least": placing.least,
    }
    return arrays, plain


def from_state(state: State) -> Tree:
    """The tree that a state was taken of.

    Raises:
        CorruptModelError: something that a tree is made of is missing.
    """
    arrays, plain = state
    try:
        return _built(arrays, plain)
    except (KeyError, TypeError) as error:
        raise CorruptModelError(
            f"interest tree: the saved state lacks {error}; fit again"
        ) from None


def _built(arrays: Arrays, plain: dict[str, Any]) -> Tree:
    leaves = sparse.csr_array(
        (arrays["weights"], arrays["indices"], arrays["indptr"].astype(np.int32)),
        shape=tuple(int(n) for n in arrays["shape"]),
    )
    nodes = [[_node(values) for values in level] for level in plain["nodes"]]
    placing = Placing(
        arrays.get("centre"), plain["leaves_per_item"], plain["temperature"], plain["least"]
    )
    return Tree.from_leaves(
        nodes,
        leaves,
        centroids=tuple(arrays[f"centroids.{n}"] for n in range(1, len(nodes) + 1)),
        placing=placing,
        items=_unpacked(arrays),
        keys=tuple(tuple(tuple(key) for key in level) for level in plain["keys"]),
        retired=tuple(plain["retired"]),
    )


def _node(values: dict[str, Any]) -> Node:
    lists = {name: tuple(values[name]) for name in ("keywords", "typical")}
    return Node(**{**values, **lists})


def _packed(items: Vocabulary) -> Arrays:
    """Ids as UTF-8 bytes and where each ends: a million strings do not belong in JSON."""
    ids = items.ids.cast(pl.String)
    ends = np.cumsum(ids.str.len_bytes().to_numpy(), dtype=np.int64)
    text: npt.NDArray[np.uint8] = np.frombuffer("".join(ids).encode(), dtype=np.uint8)
    return {"items.text": text.copy(), "items.ends": ends}


def _unpacked(arrays: Arrays) -> Vocabulary:
    text, ends = arrays["items.text"].tobytes(), arrays["items.ends"].tolist()
    starts = [0, *ends[:-1]] if ends else []
    return Vocabulary([text[a:b].decode() for a, b in zip(starts, ends, strict=True)])
