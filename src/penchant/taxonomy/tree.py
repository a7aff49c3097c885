"""The interest tree: named nodes from broad to narrow, and which items belong to them.

An item belongs to a few leaves with weights that sum to 1. What it belongs to on a broader level
is the sum over the children, so that every quantity that is a sum over items adds up the tree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.vocabulary import Vocabulary, near
from penchant.errors import DataError, UnknownIdError, did_you_mean
from penchant.taxonomy.memberships import Ellpack
from penchant.taxonomy.siblings import Siblings
from penchant.types import Bools, Floats, Ints, State

if TYPE_CHECKING:
    from rich.tree import Tree as RichTree


@dataclass(frozen=True)
class Node:
    """One interest; level 1 is the broadest.

    `size` is the weighted number of its items, `typical` are ids of items that stand for it.
    """

    id: str
    level: int
    name: str
    parent: str | None
    size: float
    keywords: tuple[str, ...] = ()
    typical: tuple[str, ...] = ()


@dataclass(frozen=True)
class Placing:
    """How items find their leaves by their vectors: softmax over cosine / temperature.

    `centre` [D] is taken off first: what all items have in common says nothing about any.
    """

    centre: Floats | None = None
    leaves_per_item: int = 3
    temperature: float = 0.05
    least: float = 0.1


@dataclass(frozen=True)
class Tree:
    """Nodes of every level, members as sparse weights, and where the nodes lie.

    Attributes:
        nodes: `nodes[level - 1]`, rows of that level in order.
        members: per level [I × K], rows sum to 1; a parent's is the sum of its children's.
        centroids: per level [K × D], unit rows (zero where no member has a vector).
        placing: how new items find their leaves.
        items: ids of the items, in the order of the rows (may be fewer than the rows).
        keys: per level, the category path that a given node stands for; empty for a learned one.
        retired: ids of nodes of earlier trees, never to be used again.
    """

    nodes: tuple[tuple[Node, ...], ...]
    members: tuple[sparse.csr_array, ...]
    centroids: tuple[Floats, ...]
    placing: Placing = Placing()
    items: Vocabulary = field(default_factory=lambda: Vocabulary([]))
    keys: tuple[tuple[tuple[str, ...], ...], ...] = ()
    retired: tuple[str, ...] = ()

    @classmethod
    def from_leaves(
        cls, nodes: Sequence[Sequence[Node]], leaves: sparse.csr_array, **rest: Any
    ) -> Self:
        """A tree from its nodes and the members of its leaves [I × K]; the rest adds up."""
        levels = tuple(tuple(level) for level in nodes)
        members = roll_up(leaves, [_parent_rows(levels, n) for n in range(1, len(levels) + 1)])
        return cls(nodes=levels, members=members, **rest)

    @property
    def levels(self) -> int:
        """How many levels there are."""
        return len(self.nodes)

    @property
    def numbers(self) -> range:
        """The levels' numbers, from 1 on."""
        return range(1, self.levels + 1)

    def __len__(self) -> int:
        return sum(len(level) for level in self.nodes)

    def membership(self, level: int) -> sparse.csr_array:
        """Weights of items in the nodes of a level [I × K]; rows sum to 1.

        Raises:
            UnknownIdError: there is no such level.
        """
        return self.members[self._checked(level) - 1]

    def ellpack(self, level: int) -> Ellpack:
        """The same for one history or one moment, which is read and added up faster so.

        Raises:
            UnknownIdError: there is no such level.
        """
        found = self._ellpacks.get(self._checked(level))
        return found or self._ellpacks.setdefault(level, Ellpack.of(self.members[level - 1]))

    def find(self, id_or_name: str) -> Node:
        """A node by its id, its name, or its path as "wine > red > Tuscany".

        A name that several nodes have means the broadest of them, the largest where they tie.

        Raises:
            UnknownIdError: nothing is called that.
        """
        asked = _folded(id_or_name)
        node = self._by_id.get(id_or_name) or self._by_name.get(asked)
        if node is None:
            known = [*self._by_name, *self._by_id]
            hint = did_you_mean(asked, near(asked, pl.Series(known)))
            raise UnknownIdError(
                f"interest {id_or_name!r} is not among the {len(self):,} nodes of the tree "
                f"(asked by id, name or path 'A > B').{hint}"
            )
        return node

    def row(self, node_id: str) -> tuple[int, int]:
        """Level and row of a node.

        Raises:
            UnknownIdError: there is no such id.
        """
        if node_id not in self._rows:
            hint = did_you_mean(node_id, self._rows)
            raise UnknownIdError(f"interest id {node_id!r} is not in the tree.{hint}")
        return self._rows[node_id]

    def parents(self, level: int) -> Ints:
        """Rows at level - 1 of the parents of a level's nodes [K]; zeros for level 1."""
        return _parent_rows(self.nodes, self._checked(level))

    @cached_property
    def siblings(self) -> tuple[Siblings, ...]:
        """Who is whose child, level by level."""
        above = [1, *(len(level) for level in self.nodes[:-1])]
        rows = [self.parents(level).astype(np.int64) for level in range(1, self.levels + 1)]
        return tuple(Siblings(parent, n) for parent, n in zip(rows, above, strict=True))

    def children(self, node: Node | str) -> tuple[Node, ...]:
        """The nodes directly below one, largest first."""
        id_ = node if isinstance(node, str) else node.id
        return self._children.get(id_, ())

    def path(self, node: Node | str) -> tuple[str, ...]:
        """Names from the broadest level down to the node."""
        return self._paths[self._node(node).id]

    def lineage(self, node: Node | str) -> tuple[Node, ...]:
        """Nodes from the broadest level down to the node itself."""
        line = [self._node(node)]
        while line[-1].parent is not None:
            line.append(self._node(line[-1].parent))
        return tuple(reversed(line))

    def items_of(self, node_id: str) -> Ints:
        """Rows of the items that belong to a node more than to any other of its level."""
        level, row = self.row(node_id)
        return np.flatnonzero(self.main(level) == row).astype(np.int32)

    def mostly(self, level: int, row: int) -> Bools:
        """Which items belong to a node as much as to any other of its level, or by half [I]."""
        found = np.asarray(self.main(level) == row)
        items, weight = self.column(level, row)
        found[items[weight >= 0.5]] = True
        return found

    def column(self, level: int, row: int) -> tuple[Ints, Floats]:
        """Rows of the items that belong to a node at all, in order, and how much."""
        found = self._by_node[self._checked(level) - 1]
        part = slice(found.indptr[row], found.indptr[row + 1])
        return found.indices[part], found.data[part]

    def main(self, level: int) -> Ints:
        """Row of the node that each item belongs to most [I]; the first where they tie."""
        return self._mains[self._checked(level) - 1]

    def spread(self, values: Floats) -> Floats:
        """What the narrowest interests have [K], as the items have it by their membership [I]."""
        return self.ellpack(self.levels).down(values)

    def gather(self, values: Floats) -> Floats:
        """What the items have [I], summed for the narrowest interests by their membership [K]: of
        one row what `values @ members` is of many."""
        return np.asarray(self._by_node[-1].T @ values, np.float32)

    def assign(self, vectors: Floats) -> tuple[sparse.csr_array, ...]:
        """Membership of new items [N × D] in every level, by their vectors alone."""
        from penchant.taxonomy.assign import assigned

        return assigned(self, vectors)

    def extended(
        self, memberships: Sequence[sparse.csr_array], ids: Sequence[str] | None = None
    ) -> "Tree":
        """The tree with more items appended, as `assign` gave them; nodes stay as they are.

        Raises:
            DataError: the memberships are of another tree.
        """
        leaves = memberships[-1]
        if leaves.shape[1] != len(self.nodes[-1]):
            raise DataError(
                f"memberships: {leaves.shape[1]} leaves came, the tree has {len(self.nodes[-1])}; "
                "use what this tree's assign() returned"
            )
        if ids is not None and len(ids) != leaves.shape[0]:
            raise DataError(f"ids: {len(ids)} came for {leaves.shape[0]} items; one each")
        more = sparse.csr_array(sparse.vstack([self.members[-1], leaves], format="csr"))
        parents = [self.parents(level) for level in range(1, self.levels + 1)]
        items = self.items if ids is None else self.items.extended(ids)
        return replace(self, members=roll_up(more, parents), items=items)

    def renamed(self, names: Mapping[str, str]) -> "Tree":
        """The tree with other names for some nodes: {id: name}.

        Raises:
            UnknownIdError: an id is not in the tree.
        """
        for id_ in names:
            self.row(id_)
        nodes = tuple(
            tuple(replace(n, name=names.get(n.id, n.name)) for n in level) for level in self.nodes
        )
        return replace(self, nodes=nodes)

    def state(self) -> State:
        """The tree as arrays and plain values."""
        from penchant.taxonomy.saved import to_state

        return to_state(self)

    @classmethod
    def from_state(cls, state: State) -> "Tree":
        """The tree that `state` was taken of, exactly."""
        from penchant.taxonomy.saved import from_state

        return from_state(state)

    def to_frame(self) -> "pl.DataFrame":
        """One row a node: id, level, name, parent, path, size, keywords, typical."""
        from penchant.taxonomy.render import to_frame

        return to_frame(self)

    def to_json(self) -> list[dict[str, Any]]:
        """The tree as nested plain values, largest first."""
        from penchant.taxonomy.render import to_json

        return to_json(self)

    def __rich__(self) -> "RichTree":
        from penchant.taxonomy.render import to_rich

        return to_rich(self)

    def __str__(self) -> str:
        from penchant.taxonomy.render import to_text

        return to_text(self)

    def _checked(self, level: int) -> int:
        if not 1 <= level <= self.levels:
            raise UnknownIdError(f"level {level}: the tree has levels 1 to {self.levels}")
        return level

    def _node(self, node: Node | str) -> Node:
        if isinstance(node, Node):
            return node
        level, row = self.row(node)
        return self.nodes[level - 1][row]

    @cached_property
    def _by_id(self) -> dict[str, Node]:
        return {node.id: node for level in self.nodes for node in level}

    @cached_property
    def _paths(self) -> dict[str, tuple[str, ...]]:
        return {id_: tuple(n.name for n in self.lineage(id_)) for id_ in self._by_id}

    @cached_property
    def paths(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """The path of every level's nodes, in their order."""
        return tuple(tuple(self._paths[node.id] for node in level) for level in self.nodes)

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        """Names and every tail of a path, folded; the broadest and largest comes first."""
        found: dict[str, Node] = {}
        for level in self.nodes:
            for node in sorted(level, key=lambda n: (-n.size, n.id)):
                path = [_folded(name) for name in self.path(node)]
                for start in range(len(path)):
                    found.setdefault(" > ".join(path[start:]), node)
        return found

    @cached_property
    def _rows(self) -> dict[str, tuple[int, int]]:
        return {
            node.id: (number, row)
            for number, level in enumerate(self.nodes, start=1)
            for row, node in enumerate(level)
        }

    @cached_property
    def _children(self) -> dict[str, tuple[Node, ...]]:
        below: dict[str, list[Node]] = {}
        for level in self.nodes[1:]:
            for node in sorted(level, key=lambda n: (-n.size, n.id)):
                below.setdefault(str(node.parent), []).append(node)
        return {id_: tuple(nodes) for id_, nodes in below.items()}

    @cached_property
    def _by_node(self) -> tuple[sparse.csc_array, ...]:
        return tuple(sparse.csc_array(m) for m in self.members)

    @cached_property
    def _ellpacks(self) -> dict[int, Ellpack]:
        """Those that were asked for, by their levels."""
        return {}

    @cached_property
    def _mains(self) -> tuple[Ints, ...]:
        return tuple(main_columns(m) for m in self.members)


def roll_up(leaves: sparse.csr_array, parents: Sequence[Ints]) -> tuple[sparse.csr_array, ...]:
    """Members of every level from those of the leaves: a parent's is the sum of its children's.

    `parents[level - 1]` holds the rows of the parents, level by level (zeros for level 1).
    """
    members = [leaves]
    for level in reversed(range(1, len(parents))):
        up, k, broader = parents[level], len(parents[level]), len(parents[level - 1])
        ones = np.ones(k, dtype=leaves.dtype)
        step = sparse.csr_array((ones, (np.arange(k), up)), shape=(k, broader))
        above = sparse.csr_array(members[-1] @ step)
        above.sort_indices()
        members.append(above)
    return tuple(reversed(members))


def main_columns(weights: sparse.csr_array) -> Ints:
    """Column with the largest weight of each row [I]; the lowest where they tie, -1 if none."""
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    order = np.lexsort((weights.indices, -weights.data, rows))
    main = np.full(weights.shape[0], -1, dtype=np.int32)
    firsts = order[np.diff(rows[order], prepend=-1) > 0]
    main[rows[firsts]] = weights.indices[firsts]
    return main


def _parent_rows(nodes: Sequence[Sequence[Node]], level: int) -> Ints:
    if level == 1:
        return np.zeros(len(nodes[0]), dtype=np.int32)
    above = {node.id: row for row, node in enumerate(nodes[level - 2])}
    return np.array([above[str(node.parent)] for node in nodes[level - 1]], dtype=np.int32)


def _folded(text: str) -> str:
    return " > ".join(" ".join(part.split()).casefold() for part in text.split(">"))
