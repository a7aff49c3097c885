"""What somebody asked for by hand: a part of the score, and the same factor on every weight.

    feedback_i = Σ_s ln( 1 + m_is · (F_s − 1) )            s' = s + feedback
    P'(n) ∝ P(n) · F      for every interest n at or below the one that was named

m_is is how much item i belongs to the interest of statement s, F_s the factor on its odds. Where
items belong wholly, both say the same: softmax over s' has the odds of the interest times F.
`never` is F = 0: the weight is 0, and items that belong mostly to the interest are barred.
Multiplying odds by a factor is Bayes' rule with the statement as the evidence; the factor is not
learned, it is what "more" is taken to mean.

An item stands for its narrowest interests too: with g = ln F and a spread σ, g·(1 − σ) is the
item's own and g·σ goes to those interests, by membership. `never` of an item bars that item alone.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from penchant.data.moments import Moments
from penchant.data.statements import Statements
from penchant.interests.weights import Weights, rolled
from penchant.taxonomy.tree import Tree
from penchant.types import Bools, Doubles, Floats, Ints

if TYPE_CHECKING:
    from penchant.interests.model import InterestModel

FEEDBACK: Final = "feedback"
BARRED: Final = -50.0
"""What `never` adds to the scores of items that it bars: e⁻⁵⁰ is as good as nothing, and a score
with it still adds up in single precision."""


@dataclass(frozen=True)
class Wishes:
    """What statements do to the items and interests of a tree."""

    tree: Tree

    def parts(self, said: Statements) -> Floats:
        """feedback_i [B × I]."""
        B, I = len(said.gone), self.tree.membership(1).shape[0]
        found = np.zeros((B, I), np.float32)
        for b in range(B):
            for s in said.of(b):
                found[b] += self.term(said, s)
        return found

    def term(self, said: Statements, s: int) -> Floats:
        """What one statement adds to the score of every item [I]."""
        level, row, gain = int(said.level[s]), int(said.row[s]), float(said.gain[s])
        found = np.zeros(self.tree.membership(1).shape[0])
        never = gain == -np.inf
        if level:
            items, m = self.tree.column(level, row)
            found[items] = np.log1p((np.minimum(m, 0.5) if never else m) * np.expm1(gain))
            if never:
                found[self.tree.mostly(level, row)] = BARRED
        elif never:
            found[row] = BARRED
        else:
            for leaf, m in zip(*self._leaves_of(row), strict=True):
                items, alike = self.tree.column(self.tree.levels, int(leaf))
                found[items] += m * alike
            found = np.log1p(found * np.expm1(said.spread[s]))
            found[row] += gain - said.spread[s]
        return np.asarray(found, np.float32)

    def barred(self, said: Statements) -> Bools:
        """Which items are never to be shown [B × I]."""
        found = np.zeros((len(said.gone), self.tree.membership(1).shape[0]), bool)
        for b in range(len(found)):
            for s in said.of(b):
                if said.gain[s] == -np.inf:
                    self._bar(said, s, found[b])
        return found

    def own(self, said: Statements, b: int) -> Doubles:
        """Factors on single items, beside those on whole interests [I]."""
        found = np.ones(self.tree.membership(1).shape[0])
        for s in said.of(b):
            if said.gain[s] == -np.inf:
                barred = np.zeros(len(found), bool)
                self._bar(said, s, barred)
                found[barred] = 0.0
            elif not said.level[s]:
                found[said.row[s]] *= np.exp(said.gain[s] - said.spread[s])
        return found

    def kept(self, said: Statements, p: Floats) -> Floats:
        """P(i) times the factors on single items, not normalised [B × I]; as it was where nothing
        would be left."""
        found = p * np.stack([self.own(said, b) for b in range(len(p))])
        found = np.where(found.any(axis=1, keepdims=True), found, p)
        return np.asarray(found, np.float32)

    def left(self, said: Statements, p: Floats) -> Doubles:
        """What factors on single items leave of each of the narrowest interests [B × K], from P(i)
        [B × I]."""
        members = self.tree.membership(self.tree.levels)
        kept = p * np.stack([self.own(said, b) for b in range(len(p))])
        before, after = ((members.T @ x.T).T for x in (p.astype(np.float64), kept))
        left: Doubles = np.divide(after, before, out=np.ones_like(before), where=before > 0)
        return left

    def leaves(self, said: Statements, b: int) -> Doubles:
        """Factors on the narrowest interests [K]."""
        found = np.ones(len(self.tree.nodes[-1]))
        for s in said.of(b):
            level, row = int(said.level[s]), int(said.row[s])
            if level:
                found[self.below(level, row)] *= np.exp(said.gain[s])
            elif said.spread[s]:
                leaves, m = self._leaves_of(row)
                found[leaves] *= 1.0 + m * np.expm1(said.spread[s])
        return found

    def below(self, level: int, row: int) -> Bools:
        """Which of the narrowest interests are at or below one [K]."""
        under: Bools = np.arange(len(self.tree.nodes[level - 1])) == row
        for family in self.tree.siblings[level:]:
            under = under[family.parent]
        return under

    def _bar(self, said: Statements, s: int, barred: Bools) -> None:
        level, row = int(said.level[s]), int(said.row[s])
        if level:
            barred |= self.tree.mostly(level, row)
        else:
            barred[row] = True

    def _leaves_of(self, item: int) -> tuple[Ints, Floats]:
        """The narrowest interests of an item, and how much it belongs to each."""
        m = self.tree.membership(self.tree.levels)
        part = slice(m.indptr[item], m.indptr[item + 1])
        return m.indices[part], m.data[part]


def weighed(
    model: "InterestModel",
    moments: Moments,
    said: Statements,
    known: Weights,
    scores: Floats | None = None,
) -> Weights:
    """Calibrated weights with what these people asked for; children still add up to parents.

    `scores` are the layers' [B × I], where they are at hand. Where somebody wants nothing of all
    there is, the weights stay as they were: they must be of something. `layers` and `usual` are
    what they are without anybody's word.
    """
    who = np.flatnonzero(np.diff(said.offsets))
    if not len(who):
        return known
    tree, wishes = model.catalogue.tree, Wishes(model.catalogue.tree)
    leaves = known.whole[-1][who] * np.stack([wishes.leaves(said, int(b)) for b in who])
    single = np.zeros(len(said) + 1)
    np.cumsum((said.level == 0) | (said.gain == -np.inf), out=single[1:])
    some = np.flatnonzero(np.diff(single[said.offsets])[who])
    for piece, asked in model.chunks(moments.take(who[some])):
        rows = who[some[piece]]
        s = model.parts(asked).score if scores is None else scores[rows]
        leaves[some[piece]] *= wishes.left(said.take(rows), model.plain(asked, s))
    total = leaves.sum(axis=1)
    who, leaves = who[total > 0], leaves[total > 0] / total[total > 0, None]
    whole = tuple(table.copy() for table in known.whole)
    for table, new in zip(whole, rolled(leaves.astype(np.float32), tree.siblings), strict=True):
        table[who] = new
    return replace(known, whole=whole)
