"""From vectors and item text to a named interest tree: the one way in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.columns import ITEM
from penchant.data.vocabulary import Vocabulary
from penchant.errors import DataError, SchemaError
from penchant.random import derive
from penchant.taxonomy import given, space
from penchant.taxonomy.align import stable_ids
from penchant.taxonomy.cluster import unit
from penchant.taxonomy.config import TreeConfig
from penchant.taxonomy.draft import Draft, begin, labels_before, soften, split
from penchant.taxonomy.name import Naming, describe
from penchant.taxonomy.space import Space
from penchant.taxonomy.tree import Node, Placing, Tree, roll_up
from penchant.taxonomy.typical import typical_rows
from penchant.types import QUIET, Floats, Ints, Progress, Report


@dataclass(frozen=True)
class Ground:
    """What a tree grows on: items, their place in space, how often each was met [I].

    `column` is the flat column that gives the top level, if one does.
    """

    items: pl.DataFrame
    ids: Vocabulary
    space: Space
    counts: Floats
    column: str


def grow(  # noqa: PLR0913 (one table and what is known of its rows)
    vectors: Floats,
    items: pl.DataFrame,
    config: TreeConfig | None = None,
    *,
    behaviour: Floats | None = None,
    counts: Floats | Ints | None = None,
    previous: Tree | None = None,
    seed: int = 0,
    progress: Progress = QUIET,
    report: Report | None = None,
) -> Tree:
    """Grow the interest tree of a catalogue.

    Args:
        vectors: unit rows of the items' text [I × D]; zero where there is none.
        items: item_id, title, and whatever else there is, in the order of the vectors.
        config: how to grow it.
        behaviour: vectors learned from behaviour [I × F]; zero where there is none.
        counts: events of each item [I]: well-known items stand for a node before others.
        previous: the tree before, whose ids are kept where the members are the same.
        seed: of all draws; the same seed and data give the same tree.
        progress: told about every level.
        report: told of items that could not be placed by what they are.

    Raises:
        DataError: there are no items, or the arrays do not fit them.
        SchemaError: a column that is needed is missing.
    """
    config, report = config or TreeConfig(), Report() if report is None else report
    vectors = np.asarray(vectors, dtype=np.float32)
    _check(vectors, items, behaviour, counts)
    paths = given.find_paths(items, config)
    ground = Ground(
        items,
        Vocabulary(items[ITEM].cast(pl.String)),
        space.build(vectors, behaviour, config, seed),
        np.zeros(len(items), np.float32) if counts is None else np.asarray(counts, np.float32),
        paths.column if paths is not None and paths.flat else "",
    )
    top = None if paths is None else given.build(paths, config, report)
    with progress.step("interest tree", config.levels + 2) as step:
        draft = begin(top, ground.space, config, report)
        step.advance()
        while len(draft.parents) < config.levels:
            before = labels_before(previous, ground.ids, len(draft.parents) + 1)
            draft = split(draft, ground.space, before, config, seed)
            step.advance()
        tree = _finished(soften(draft, ground.space, config), ground, config, previous, seed)
        step.advance()
    return tree


def _finished(
    draft: Draft, ground: Ground, config: TreeConfig, previous: Tree | None, seed: int
) -> Tree:
    """Names, ids, typical items and centroids for the leaves and all that is above them."""
    text, ids = ground.space.text, ground.ids
    members = roll_up(draft.leaves(), draft.parents)
    centroids = tuple(unit(np.asarray(m.T @ text, dtype=np.float32)) for m in members)
    typical = [
        typical_rows(m, text, c, ground.counts, config.name.typical)
        for m, c in zip(members, centroids, strict=True)
    ]
    naming = Naming(ground.items, members, draft.parents, draft.keys, typical, ground.column)
    names, keywords = describe(naming, config.name, derive(seed, "tree", "names"))
    known = [[tuple(ids[row] for row in rows) for rows in level] for level in typical]
    signs = _signs(draft, known)
    kept, retired = stable_ids(members, draft.keys, signs, ids, previous, config.keep)
    nodes = [
        Words(kept[n], names[n], keywords[n], known[n]).nodes(
            n + 1, draft.parents[n], kept[n - 1] if n else None, members[n]
        )
        for n in range(len(members))
    ]
    return Tree(
        nodes=tuple(nodes),
        members=members,
        centroids=centroids,
        placing=Placing(
            ground.space.centre, config.leaves_per_item, config.temperature, config.least
        ),
        items=ids,
        keys=tuple(tuple(level) for level in draft.keys),
        retired=retired,
    )


@dataclass(frozen=True)
class Words:
    """Ids, names, keywords and typical items of one level's nodes."""

    ids: Sequence[str]
    names: Sequence[str]
    keywords: Sequence[tuple[str, ...]]
    typical: Sequence[tuple[str, ...]]

    def nodes(
        self, level: int, parents: Ints, above: Sequence[str] | None, members: sparse.csr_array
    ) -> tuple[Node, ...]:
        """The level's nodes; sizes are sums of weights."""
        sizes = np.asarray(members.sum(axis=0, dtype=np.float64)).ravel().tolist()
        ups = [above[row] if above else None for row in parents.tolist()]
        whole = zip(self.ids, self.names, ups, sizes, self.keywords, self.typical, strict=True)
        return tuple(Node(id_, level, *rest) for id_, *rest in whole)


def _signs(draft: Draft, typical: Sequence[Sequence[tuple[str, ...]]]) -> list[list[str]]:
    """What tells each node apart: its category path, or its most typical items."""
    return [
        ["\x1f".join(key or some[:3]) for key, some in zip(keys, items, strict=True)]
        for keys, items in zip(draft.keys, typical, strict=True)
    ]


def _check(
    vectors: Floats, items: pl.DataFrame, behaviour: Floats | None, counts: Floats | Ints | None
) -> None:
    if ITEM not in items.columns:
        raise SchemaError(f"items: column {ITEM!r} is missing; came: {items.columns}")
    if not len(items):
        raise DataError("items: none came; an interest tree needs at least one item")
    if vectors.ndim != 2:
        raise DataError(f"vectors: shape {vectors.shape} came, expected [items × width]")
    for name, array in (("vectors", vectors), ("behaviour", behaviour), ("counts", counts)):
        if array is not None and len(array) != len(items):
            raise DataError(
                f"{name}: {len(array)} rows came for {len(items)} items; one each, same order"
            )
        if array is not None and not np.isfinite(array).all():
            raise DataError(f"{name}: not all are finite numbers; zero means nothing is known")
    twice = items.filter(pl.col(ITEM).is_duplicated())[ITEM].unique(maintain_order=True).to_list()
    if twice or items[ITEM].null_count():
        raise DataError(f"{ITEM}: must be given and unique; came more than once: {twice[:3]}")
