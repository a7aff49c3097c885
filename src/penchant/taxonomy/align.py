"""Ids that stay: a node of a new tree keeps the id of the old node whose members it has.

    overlap(a, b) = ⟨m_a, m_b⟩ / (‖m_a‖² + ‖m_b‖² - ⟨m_a, m_b⟩)

over the items that both trees know: the Jaccard index where membership is all or nothing (Tanimoto
where it is weighted). Nodes are matched level by level so that the sum of overlaps is highest.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from scipy import sparse

from penchant.data.vocabulary import Vocabulary
from penchant.taxonomy.tree import Tree
from penchant.types import Doubles, Ints

Keys = Sequence[Sequence[tuple[str, ...]]]


def stable_ids(
    members: Sequence[sparse.csr_array],
    keys: Keys,
    signs: Sequence[Sequence[str]],
    items: Vocabulary,
    previous: Tree | None,
    keep: float,
) -> tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Ids of the nodes of every level, and the ids that must never be given again.

    Args:
        members: per level [I × K].
        keys: per level, the category path of each given node (empty for a learned one).
        signs: per level, a text that tells each node apart; new ids are made from it.
        items: ids of the items.
        previous: the tree before, if there was one.
        keep: overlap from which two nodes count as the same.
    """
    used = set(previous.retired) if previous else set()
    used |= {n.id for level in previous.nodes for n in level} if previous else set()
    rows = previous.items.rows(items.ids) if previous else np.empty(0, dtype=np.int32)
    levels: list[tuple[str, ...]] = []
    for level, member in enumerate(members, start=1):
        old = _matches(previous, level, member, keys[level - 1], rows, keep)
        ids = [_kept(previous, level, row) for row in old.tolist()]
        levels.append(_with_new(level, ids, signs[level - 1], used))
    alive = {id_ for level in levels for id_ in level}
    return tuple(levels), tuple(sorted(used - alive))


def overlaps(a: sparse.csr_array, b: sparse.csr_array) -> Doubles:
    """Overlap of each column of a with each of b, over the same items [K_a × K_b]."""
    both = np.asarray((a.T @ b).todense(), dtype=np.float64)
    mass_a, mass_b = (np.asarray(m.multiply(m).sum(axis=0), np.float64).ravel() for m in (a, b))
    whole = mass_a[:, None] + mass_b[None, :] - both
    return np.divide(both, whole, out=np.zeros_like(both), where=whole > 0)


def _matches(
    previous: Tree | None,
    level: int,
    member: sparse.csr_array,
    keys: Sequence[tuple[str, ...]],
    rows: Ints,
    keep: float,
) -> Ints:
    """Row of the old node that each new node is; -1 for none."""
    from scipy.optimize import linear_sum_assignment

    old = np.full(member.shape[1], -1, dtype=np.int32)
    if previous is None or level > previous.levels:
        return old
    common = np.flatnonzero(rows >= 0)
    score = overlaps(member[common], previous.membership(level)[rows[common]])
    score[score < keep] = 0
    for new, before in _same_path(keys, previous.keys[level - 1] if previous.keys else ()):
        score[new, before] += 2  # the catalogue itself says that it is the same
    for new, before in zip(*linear_sum_assignment(-score), strict=True):
        if score[new, before] > 0:
            old[new] = before
    return old


def _same_path(
    new: Sequence[tuple[str, ...]], old: Sequence[tuple[str, ...]]
) -> Iterable[tuple[int, int]]:
    known = {key: row for row, key in enumerate(old) if key}
    return [(row, known[key]) for row, key in enumerate(new) if key in known]


def _kept(previous: Tree | None, level: int, row: int) -> str | None:
    return previous.nodes[level - 1][row].id if previous and row >= 0 else None


def _with_new(
    level: int, ids: Sequence[str | None], signs: Sequence[str], used: set[str]
) -> tuple[str, ...]:
    full = []
    for id_, sign in zip(ids, signs, strict=True):
        full.append(id_ or _fresh(level, sign, used))
        used.add(full[-1])
    return tuple(full)


def _fresh(level: int, sign: str, used: set[str]) -> str:
    """A short id such as "i2-7f3a" that no node ever had."""
    for salt in range(10_000):
        digest = hashlib.blake2b(f"{level}\x1f{sign}\x1f{salt}".encode()).hexdigest()
        id_ = f"i{level}-{digest[: 4 + salt // 4]}"
        if id_ not in used:
            return id_
    raise AssertionError("hashes ran out")
