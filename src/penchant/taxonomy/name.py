"""Names and keywords that a person would accept: distinctive phrases of a node's items.

Class-based TF-IDF (Grootendorst, "BERTopic", arXiv 2203.05794), against the level and against the
siblings:

    score(t, n) = tf(t, n) · log(1 + A / f(t)) · log2(1 + lift(t, n)),

where tf is the share of the node's items with term t, f(t) its use on the whole level, A the mean
use of all terms per node, and lift the term's share here over its share in the parent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.columns import ITEM, TITLE
from penchant.random import rng
from penchant.taxonomy.config import NameConfig
from penchant.taxonomy.given import tidy
from penchant.taxonomy.terms import Terms, read_terms
from penchant.types import Doubles, Ints, Longs

CANDIDATES = 40  # terms looked at for each node


@dataclass(frozen=True)
class Naming:
    """What is to be named: per level members [I × K], parents, category paths, typical rows.

    `column` has the values of a given flat level, if there is one.
    """

    items: pl.DataFrame
    members: Sequence[sparse.csr_array]
    parents: Sequence[Ints]
    keys: Sequence[Sequence[tuple[str, ...]]]
    typical: Sequence[Sequence[Sequence[int]]]
    column: str = ""


@dataclass(frozen=True)
class Term:
    """A term of one node: how distinctive it is, and the share of the node's items with it."""

    text: str
    score: float
    share: float


Named = tuple[list[list[str]], list[list[tuple[str, ...]]]]


def describe(naming: Naming, config: NameConfig, seed: int) -> Named:
    """Names and keywords of all nodes, level by level; no two siblings share a name.

    A given node has its category's name. A learned one has its most distinctive phrases, or, where
    no phrase speaks of enough of its items, the titles of typical ones.
    """
    terms = read_terms(naming.items, config.sample, config.words, rng(seed, "terms"), naming.column)
    titles = _titles(naming.items)
    given = tidy([key[-1] for level in naming.keys for key in level if key])
    waiting = iter(given)
    if terms.terse:
        config = config.but(coverage=max(config.coverage, min(1.0, 3 * config.coverage)))
    names: list[list[str]] = []
    keywords: list[list[tuple[str, ...]]] = []
    broader = _Uses.of_all(terms)
    for level, members in enumerate(naming.members):
        uses = _Uses.of(members, terms)
        scores = _scores(uses, broader, naming.parents[level], terms)
        found = [
            best(scores, uses, node, terms, naming.keys[level][node])
            for node in range(len(uses.sizes))
        ]
        fixed = [next(waiting) if key else None for key in naming.keys[level]]
        family = Family(naming.parents[level], names[-1] if names else [""], fixed)
        likes = [[titles[row] for row in rows] for rows in naming.typical[level]]
        names.append(name_level(family, found, likes, config))
        keywords.append([tuple(term.text for term in some[: config.keywords]) for some in found])
        broader = uses
    return names, keywords


@dataclass(frozen=True)
class Family:
    """Rows of the parents of a level's nodes, their names, and the names already fixed."""

    parents: Ints
    above: Sequence[str]
    fixed: Sequence[str | None]


def name_level(
    family: Family,
    found: Sequence[Sequence[Term]],
    likes: Sequence[Sequence[str]],
    config: NameConfig,
) -> list[str]:
    """Names of one level's nodes; an only child is called as its parent."""
    kids = np.bincount(family.parents, minlength=len(family.above))
    taken: list[set[str]] = [set() for _ in family.above]
    names: list[str] = [""] * len(found)
    for row, fixed in enumerate(family.fixed):
        if fixed is not None:
            names[row] = _unlike(fixed, taken[family.parents[row]])
    for row, up in enumerate(family.parents.tolist()):
        if family.fixed[row] is not None:
            continue
        if kids[up] == 1 and family.above[up]:
            names[row] = family.above[up]
            continue
        names[row] = _name(found[row], likes[row], family.above[up], taken[up], config)
    return names


def best(
    scores: sparse.csr_array, uses: "_Uses", node: int, terms: Terms, key: tuple[str, ...]
) -> list[Term]:
    """The most distinctive terms of a node, none of them part of another or of its path."""
    known = {" ".join(name.casefold().replace("-", " ").split()) for name in key}
    part = slice(scores.indptr[node], scores.indptr[node + 1])
    cols, values = scores.indices[part], scores.data[part]
    top = np.lexsort((cols, -values))[:CANDIDATES]
    size = max(1e-9, float(uses.sizes[node]))
    share = dict(zip(cols[top].tolist(), (uses.people[part][top] / size).tolist(), strict=True))
    some = [
        Term(terms.words[col], float(value), min(1.0, share[col]))
        for col, value in zip(cols[top].tolist(), values[top].tolist(), strict=True)
        if value > 0 and terms.words[col].replace("-", " ") not in known
    ]
    return _without_parts([_fuller(term, some) for term in some])


def shortened(title: str, most: int = 32) -> str:
    """A title cut at a word, for use inside a name.

    >>> shortened("The Assassination of Jesse James by the Coward Robert Ford")
    'The Assassination of Jesse James…'
    """
    title = " ".join(title.split())
    if len(title) <= most + 4:
        return title
    return title[: most + 1].rsplit(" ", 1)[0][:most].rstrip(" ,.;:-") + "…"


@dataclass(frozen=True)
class _Uses:
    """Weighted use of terms by nodes [K × V], and how many items each node has among those read.

    `people` are the plain weighted counts of items, in the order of the table's entries.
    """

    table: sparse.csr_array
    people: Doubles
    sizes: Doubles

    @classmethod
    def of(cls, members: sparse.csr_array, terms: Terms) -> "_Uses":
        """Uses of the nodes that items are members of."""
        inside = members[terms.rows]
        plain = sparse.csr_array(
            (np.ones_like(terms.table.data), terms.table.indices, terms.table.indptr),
            shape=terms.table.shape,
        )
        table, people = (sparse.csr_array(inside.T @ t) for t in (terms.table, plain))
        table.sort_indices()
        people.sort_indices()
        sizes = np.asarray(inside.sum(axis=0), dtype=np.float64).ravel()
        return cls(table, people.data.astype(np.float64), sizes)

    @classmethod
    def of_all(cls, terms: Terms) -> "_Uses":
        """Uses of all items together, as of one node."""
        everyone = np.ones((terms.table.shape[0], 1), dtype=np.float32)
        whole = Terms(
            terms.table,
            terms.words,
            np.arange(len(everyone), dtype=np.int32),
            terms.worth,
            terms.terse,
        )
        return cls.of(sparse.csr_array(everyone), whole)

    def keys(self) -> Longs:
        """Each entry's node and term as one number, rising."""
        nodes = np.repeat(np.arange(self.table.shape[0]), np.diff(self.table.indptr))
        keys: Longs = nodes.astype(np.int64) * self.table.shape[1] + self.table.indices
        return keys


def _scores(uses: _Uses, broader: _Uses, parents: Ints, terms: Terms) -> sparse.csr_array:
    table = uses.table
    k, v = table.shape
    nodes = np.repeat(np.arange(k), np.diff(table.indptr))
    tf = table.data / np.maximum(uses.sizes[nodes], 1e-9)
    f = np.asarray(table.sum(axis=0), dtype=np.float64).ravel()
    rarity = np.log1p(f.sum() / max(1, k) / np.maximum(f[table.indices], 1e-9))
    up = parents[nodes]
    at = np.searchsorted(broader.keys(), up.astype(np.int64) * v + table.indices)
    tf_up = broader.table.data[at] / np.maximum(broader.sizes[up], 1e-9)
    lift = np.log2(1 + tf / np.maximum(tf_up, 1e-9))
    phrase = np.array([1.25 if " " in word else 1.0 for word in terms.words])
    score = tf * rarity * lift * (terms.worth * phrase)[table.indices]
    score[uses.people < 1.5] = 0  # said of one item only: a title, no name
    return sparse.csr_array((score, table.indices, table.indptr), shape=table.shape)


def _fuller(term: Term, some: Sequence[Term]) -> Term:
    """The longer phrase that a word is nearly always part of here."""
    words = set(term.text.split())
    longer = [
        t
        for t in some
        if words < set(t.text.split())
        and t.share >= 0.6 * term.share
        and t.score >= 0.5 * term.score
    ]
    full = max(longer, key=lambda t: (t.share, t.text), default=None)
    return term if full is None else Term(full.text, max(full.score, term.score), full.share)


def _without_parts(some: Sequence[Term]) -> list[Term]:
    kept: list[Term] = []
    for term in some:
        words = set(term.text.split())
        if not any(words <= set(k.text.split()) or set(k.text.split()) <= words for k in kept):
            kept.append(term)
    return kept


def _name(
    found: Sequence[Term],
    likes: Sequence[str],
    above: str,
    taken: set[str],
    config: NameConfig,
) -> str:
    said = set(_plain_words(above))
    enough = max(0.5 * config.coverage, 0.05)
    fresh = [t for t in found if t.share >= enough and not set(t.text.split()) <= said]
    if not fresh or sum(t.share for t in fresh[: config.phrases]) < config.coverage:
        titles = [t for t in dict.fromkeys(map(shortened, likes)) if t not in above]
        titles = titles or [shortened(title) for title in likes[:1]]
        return _unlike("like " + " · ".join(titles[:2]), taken, titles[2:])
    chosen = _phrases(fresh, config.phrases)
    more = [t.text for t in fresh if t.text not in chosen]
    return _unlike(", ".join(chosen), taken, more)


def _phrases(fresh: Sequence[Term], most: int) -> list[str]:
    """The first phrase, and others that say something else of many of the items."""
    chosen, words, share = [fresh[0].text], set(fresh[0].text.split()), fresh[0].share
    for term in fresh[1:]:
        if len(chosen) == most or share > 0.85:
            break
        if term.score < 0.3 * fresh[0].score:
            break
        if not words & set(term.text.split()):
            chosen.append(term.text)
            words |= set(term.text.split())
            share += term.share
    return chosen


def _unlike(name: str, taken: set[str], more: Sequence[str] = ()) -> str:
    """The name, with one phrase more or a number where a sibling has it already."""
    mark = " · " if name.startswith("like ") else ", "
    longer = [f"{name}{mark}{extra}" for extra in more[:5]]
    numbered = (f"{name} ({n})" for n in count(2))
    new = next(n for n in chain([name], longer, numbered) if n.casefold() not in taken)
    taken.add(new.casefold())
    return new


def _titles(items: pl.DataFrame) -> list[str]:
    column = TITLE if TITLE in items.columns else ITEM
    titles = items[column].cast(pl.String)
    whole = pl.DataFrame({"title": titles, "id": items[ITEM].cast(pl.String)})
    clean = pl.col("title").str.strip_chars()
    some = pl.when(clean.str.len_chars() > 0).then(clean).otherwise("id")
    return tidy(whole.select(some.alias("title"))["title"].to_list())


def _plain_words(name: str) -> list[str]:
    return [word.strip(",()") for word in name.casefold().split()]
