"""Item–item weights in closed form, with language as side information.

    min over M of ‖X − X M‖² + κ tr((I − M)ᵀ K (I − M)) + λ‖M‖²   with diag(M) = 0
    P = (XᵀX + κK + λI)⁻¹,   M_ij = −P_ij / P_jj for i ≠ j

X [U × I] says who met what (see `evidence`), K [I × I] how alike two items' texts are. With ones in
X and κ = 0 this is EASE (Steck, WWW 2019, arXiv 1905.03375); K enters as the Gram matrix of side
information does in Jeunen, van Balen and Goethals, Closed-form models for collaborative filtering
with side information, RecSys 2020. Everything happens in one float32 matrix, in place.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from scipy import sparse

from penchant.errors import ConfigError
from penchant.types import Floats

_ROWS = 1024  # rows of a large matrix handled at once
_WHOLE = 4096  # rows of a matrix that is small enough to be handled at once
_CELLS = 32_000_000  # numbers of a passing table held at once
_COSINES = 16_000_000  # cosines held at once: choosing the largest takes several times as much
_LEAST = 1e-4  # of a text of length one: what is left nearer to the mean is rounding
_DENSE = 16  # who met more than one in so many items is counted by a dense product


def evidence(counts: sparse.csr_array, activity: float) -> sparse.csr_array:
    """Who met what [U × I], from how often: 1 + ln(count), and less for busy people.

    In the Gram matrix a person with n items has n² pairs. Each counts n^−activity; all together
    stay as much as they were, so that a penalty means the same.
    """
    X = counts.astype(np.float32)
    X.data = 1.0 + np.log(X.data)
    n = np.asarray(X.multiply(X).sum(axis=1), np.float64).ravel()
    each = np.maximum(n, 1.0) ** -activity
    each *= n.sum() / max(float(n @ each), 1e-9)
    return sparse.csr_array(sparse.diags_array(np.sqrt(each).astype(np.float32)) @ X)


def gram(X: sparse.csr_array) -> Floats:
    """XᵀX [I × I], dense float32."""
    return products(X, X)


def products(A: sparse.csr_array, B: sparse.csr_array) -> Floats:
    """AᵀB [I × J] of who met what [U × I] and [U × J], dense float32, filled block by block.

    Counting pairs costs, for each person, what was met in A times what was met in B. Whoever met a
    good part of both is cheaper, and bounded by I·J, in a dense product.
    """
    A, B, I, J = A.tocsr(), B.tocsr(), A.shape[1], B.shape[1]
    pairs = np.diff(A.indptr).astype(np.int64) * np.diff(B.indptr)
    long = pairs * _DENSE**2 > I * J
    few = sparse.csr_array(B[~long])
    by_item, found = (few if A is B else A[~long]).T.tocsr(), np.empty((I, J), np.float32)
    for a in range(0, I, _ROWS):
        found[a : a + _ROWS] = (by_item[a : a + _ROWS] @ few).toarray()
    rows, step = np.flatnonzero(long), max(1, _CELLS // max(I, J, 1))
    for a in range(0, len(rows), step):
        some = A[rows[a : a + step]].toarray().astype(np.float32)
        other = some if A is B else B[rows[a : a + step]].toarray().astype(np.float32)
        for b in range(0, I, _ROWS):
            found[b : b + _ROWS] += some[:, b : b + _ROWS].T @ other
    return found


def mean_of(text: Floats) -> Floats | None:
    """The mean of the rows that have text [D]; None where there are fewer than two."""
    known = np.linalg.norm(text, axis=1) > 0
    return np.asarray(text[known].mean(axis=0), np.float32) if known.sum() >= 2 else None


def centred(text: Floats) -> Floats:
    """Unit rows after taking away their mean [I × D]; rows without text stay zero."""
    return Centred.of(text, len(text)).rows(slice(None))


@dataclass(frozen=True)
class Centred:
    """Centred texts that are not written out: vectors [I × D], the mean that is taken away [D], and
    how long each is then [I], endless where there is no text."""

    text: Floats
    mean: Floats
    length: Floats

    @classmethod
    def of(cls, text: Floats, first: int) -> Self:
        """Texts about the mean of the first of them, so that it stays where it is when others come;
        they are as they are where fewer than two have a text."""
        mean = mean_of(text[:first])
        mean = np.zeros(text.shape[1], np.float32) if mean is None else mean
        return cls(text, mean, _lengths(text, mean))

    def extended(self, text: Floats) -> "Centred":
        """With the texts that stand behind these now."""
        later = _lengths(text[len(self.text) :], self.mean)
        return replace(self, text=text, length=np.append(self.length, later))

    def rows(self, part: slice) -> Floats:
        """Some of them, written out [R × D]."""
        return (self.text[part] - self.mean) / self.length[part, None]

    def nearest(self, part: slice, among: int, n: int) -> sparse.csr_array:
        """The n most alike of the first so many, of each of some [R × among]."""
        some, text = self.rows(part), self.text[:among]

        def cosines(rows: Floats) -> Floats:
            found = rows @ text.T
            found -= (rows @ self.mean)[:, None]
            found /= self.length[:among]
            return found

        return _nearest(cosines, some, among, n)


def _lengths(text: Floats, mean: Floats) -> Floats:
    """‖text − mean‖ of each row, endless where there is no text or it is the mean; 1 where nothing
    is taken away."""
    length = np.ones(len(text), np.float32)
    if not mean.any():
        return length
    for a in range(0, len(text), _ROWS):
        part = text[a : a + _ROWS]
        moved = part - mean
        length[a : a + _ROWS] = np.sqrt(np.einsum("id,id->i", moved, moved))
        length[a : a + _ROWS][~part.any(axis=1)] = np.inf
    length[length < _LEAST] = np.inf
    return length


def likeness(some: Floats, text: Floats) -> Floats:
    """Squared positive cosine of centred text vectors [R × I]."""
    return _squared(some @ text.T)


def _squared(C: Floats) -> Floats:
    """The positive ones of some cosines, squared, in place."""
    np.maximum(C, 0.0, out=C)
    np.square(C, out=C)
    return np.asarray(C, np.float32)


def add_likeness(G: Floats, text: Floats, weight: float) -> Floats:
    """G + κK, in place; text is `centred` [I × D]."""
    step = len(G) if len(G) <= _WHOLE else _ROWS
    for a in range(0, len(G) if weight else 0, step):
        some = text if step == len(text) else text[a : a + step]  # a product with itself is halved
        G[a : a + step] += np.float32(weight) * likeness(some, text)
    return G


def zero_diagonal_regression(G: Floats, penalty: float) -> Floats:
    """M from G = XᵀX + κK, in G's own memory.

    Raises:
        ConfigError: the penalty is too small for the matrix to be inverted.
    """
    G[np.diag_indices(len(G))] += np.float32(penalty)
    P = inverse(G, penalty)
    diagonal = P.diagonal().copy()
    P /= -diagonal
    np.fill_diagonal(P, 0.0)
    return P


def inverse(G: Floats, penalty: float, setting: str = "base.linear.penalty") -> Floats:
    """The inverse of a symmetric positive definite matrix, in its own memory (Cholesky).

    Raises:
        ConfigError: `penalty`, which `setting` names, is too small for it to be inverted.
    """
    from scipy.linalg import lapack

    if not len(G):
        return G
    factor, info = lapack.spotrf(G.T, lower=1, clean=0, overwrite_a=1)
    if info == 0:
        factor, info = lapack.spotri(factor, lower=1, overwrite_c=1)
    if info != 0:
        raise ConfigError(
            f"{setting}: {penalty} came; the matrix cannot be inverted with so little. "
            "Expected more, as 100"
        )
    return _mirrored(factor.T)


def _mirrored(P: Floats) -> Floats:
    """Fill the lower triangle from the upper one, block by block, in place."""
    n = len(P)
    for a in range(0, n, _ROWS):
        b = min(a + _ROWS, n)
        block = P[a:b, a:b]
        P[a:b, a:b] = np.triu(block) + np.triu(block, 1).T
        P[b:, a:b] = P[a:b, b:].T
    return P


def strongest(M: Floats, n: int) -> sparse.csr_array:
    """Each row's n largest weights by size, the rest taken as zero."""
    rows, width = M.shape
    n = min(n, width)
    if n == width:
        return sparse.csr_array(M)
    index = np.empty((rows, n), np.int32)
    for a in range(0, rows, _ROWS):
        part = np.abs(M[a : a + _ROWS])
        index[a : a + _ROWS] = np.argpartition(-part, n - 1, axis=1)[:, :n]
    index.sort(axis=1)
    data = np.take_along_axis(M, index, axis=1)
    offsets = np.arange(0, rows * n + 1, n)
    kept = sparse.csr_array((data.ravel(), index.ravel(), offsets), shape=M.shape)
    kept.eliminate_zeros()
    return kept


def nearest_by_text(some: Floats, text: Floats, n: int) -> sparse.csr_array:
    """The n most alike items of each of some items by text [R × I]; text is `centred`."""
    return _nearest(lambda rows: rows @ text.T, some, len(text), n)


def _nearest(
    cosines: Callable[[Floats], Floats], some: Floats, among: int, n: int
) -> sparse.csr_array:
    step = max(1, min(_ROWS, _COSINES // max(among, 1)))
    parts = (some[a : a + step] for a in range(0, len(some), step))
    blocks = [strongest(_squared(cosines(part)), n) for part in parts]
    if not blocks:
        return sparse.csr_array((0, among), dtype=np.float32)
    return sparse.csr_array(sparse.vstack(blocks, format="csr"))
