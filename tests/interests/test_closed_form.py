from copy import copy

import numpy as np
import pytest
from scipy import sparse

from penchant.errors import ConfigError
from penchant.evaluate.ease import EASE
from penchant.interests.base.closed_form import (
    Centred,
    add_likeness,
    centred,
    evidence,
    gram,
    inverse,
    likeness,
    nearest_by_text,
    products,
    strongest,
    zero_diagonal_regression,
)
from penchant.interests.base.linear import LinearBase, LinearConfig
from penchant.testing.layers import ends, planted, shelf, taught


@pytest.fixture
def X():
    draw = np.random.default_rng(0)
    return sparse.csr_array((draw.random((80, 25)) < 0.2).astype(np.float32))


def vectors(n=25, dims=6):
    text = np.random.default_rng(1).normal(size=(n, dims)) + 0.5
    return (text / np.linalg.norm(text, axis=1, keepdims=True)).astype(np.float32)


def textbook(X, K, kappa, penalty):
    """P = (XᵀX + κK + λI)⁻¹, M_ij = −P_ij / P_jj, by the general inverse in double precision."""
    X = X.toarray().astype(np.float64)
    P = np.linalg.inv(X.T @ X + kappa * K + penalty * np.eye(X.shape[1]))
    M = -P / np.diag(P)[None, :]
    np.fill_diagonal(M, 0.0)
    return M


@pytest.mark.parametrize("kappa", [0.0, 3.0])
def test_against_the_textbook(X, kappa, monkeypatch):
    monkeypatch.setattr("penchant.interests.base.closed_form._ROWS", 7)
    text = centred(vectors())
    K = np.maximum(text.astype(np.float64) @ text.T, 0.0) ** 2
    M = zero_diagonal_regression(add_likeness(gram(X), text, kappa), 5.0)
    np.testing.assert_allclose(M, textbook(X, K, kappa, 5.0), atol=2e-5)


def test_each_column_is_the_ridge_regression_on_the_others(X):
    """Which is what the closed form says it is."""
    M = zero_diagonal_regression(gram(X), 5.0)
    dense = X.toarray().astype(np.float64)
    for j in (0, 11, 24):
        rest = np.delete(np.arange(25), j)
        A = dense[:, rest]
        weights = np.linalg.solve(A.T @ A + 5.0 * np.eye(24), A.T @ dense[:, j])
        np.testing.assert_allclose(M[rest, j], weights, atol=1e-5)


def test_evidence_of_once_each_and_of_everybody_alike_is_who_met_what(X):
    assert np.array_equal(evidence(X, 0.0).toarray(), X.toarray())
    assert np.allclose(evidence(3.0 * X, 0.0).toarray(), (1.0 + np.log(3.0)) * X.toarray())


@pytest.mark.parametrize("activity", [0.4, 1.0])
def test_pairs_of_busy_people_count_less_and_all_together_as_much(X, activity):
    weighted, size = evidence(X, activity), np.diff(X.indptr)
    squares = np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel()
    some = size > 0
    expected = size[some] ** (1.0 - activity)
    assert np.allclose(squares[some], expected * squares.sum() / expected.sum(), rtol=1e-4)
    assert squares.sum() == pytest.approx(X.nnz, rel=1e-4)


def test_nobody_and_nothing_are_no_evidence():
    assert evidence(sparse.csr_array((0, 4), dtype=np.float32), 0.4).shape == (0, 4)
    empty = sparse.csr_array(np.array([[0, 0, 0], [1, 0, 2]], np.float32))
    assert np.isfinite(evidence(empty, 0.8).toarray()).all()


def test_without_text_it_is_ease():
    log, catalogue = planted("pairs"), shelf()
    config = LinearConfig(penalty=(20.0,), text=(0.0,), activity=(0.0,), neighbours=60)
    mine = LinearBase(config).fit(taught(log)).refit(taught(log))
    mine.theta_, mine.kin_ = [0.0, 0.0, 0.0, 0.0, 1.0], [0.0] * len(mine.kin_)
    left = taught(log).log
    ease = EASE(penalty=20.0).fit(catalogue, left, seed=0)
    moments = ends(left)
    np.testing.assert_allclose(mine.score(moments), ease.score(moments), atol=1e-5)


def test_the_inverse_needs_no_memory_of_its_own(X):
    G = gram(X) + 2.0 * np.eye(25, dtype=np.float32)
    expected = np.linalg.inv(G.astype(np.float64))
    P = inverse(G, 2.0)
    assert np.shares_memory(P, G)
    np.testing.assert_allclose(P, expected, atol=1e-5)
    assert np.array_equal(P, P.T)


def test_too_small_a_penalty_is_named():
    with pytest.raises(ConfigError, match=r"base\.linear\.penalty: 0\.0 came.*Expected more"):
        zero_diagonal_regression(np.ones((3, 3), np.float32), 0.0)


def test_no_items_is_no_problem():
    assert inverse(np.zeros((0, 0), np.float32), 1.0).shape == (0, 0)


def test_centred_texts_are_unit_or_nothing():
    text = vectors()
    text[3] = 0.0
    C = centred(text)
    length = np.linalg.norm(C, axis=1)
    assert length[3] == 0
    assert np.delete(length, 3) == pytest.approx(1.0, abs=1e-5)
    one = np.array([[0.6, 0.8]], np.float32)
    assert np.array_equal(centred(one), one), "one text has nothing in common with others"


def test_likeness_is_the_squared_positive_cosine():
    text = np.array([[1, 0], [-1, 0], [0.6, 0.8]], np.float32)
    assert likeness(text, text) == pytest.approx(
        np.array([[1, 0, 0.36], [0, 1, 0], [0.36, 0, 1]]), abs=1e-6
    )


def test_strongest_keeps_the_largest_by_size(monkeypatch):
    monkeypatch.setattr("penchant.interests.base.closed_form._ROWS", 4)
    M = np.random.default_rng(2).normal(size=(11, 9)).astype(np.float32)
    kept = strongest(M, 3).toarray()
    for row, some in zip(M, kept, strict=True):
        best = np.argsort(-np.abs(row))[:3]
        assert set(np.flatnonzero(some)) == set(best)
        assert np.array_equal(some[best], row[best])
    assert np.array_equal(strongest(M, 50).toarray(), M)


def test_nearest_by_text_against_sorting():
    text = centred(vectors(40))
    near = nearest_by_text(text[:5], text, 6).toarray()
    like = likeness(text[:5], text)
    for row, some in zip(like, near, strict=True):
        assert some[some > 0].sum() == pytest.approx(np.sort(row)[-6:].sum(), abs=1e-5)
    assert nearest_by_text(text[:0], text, 6).shape == (0, 40)


@pytest.mark.parametrize("first", [1, 25, 30])
def test_texts_about_a_mean_are_as_near_as_when_they_are_written_out(first, monkeypatch):
    monkeypatch.setattr("penchant.interests.base.closed_form._ROWS", 16)
    text = vectors(40)
    text[7] = 0.0
    whole = Centred.of(text, first)
    for part in (whole, Centred.of(text[:30], first).extended(text)):
        np.testing.assert_allclose(part.rows(slice(None)), whole.rows(slice(None)), atol=1e-6)
        near = part.nearest(slice(30, 40), 30, 6).toarray()
        plain = nearest_by_text(whole.rows(slice(30, 40)), whole.rows(slice(30)), 6).toarray()
        np.testing.assert_allclose(near, plain, atol=1e-5)
    assert not near[:, 7].any()
    like = np.repeat(vectors(1) / np.linalg.norm(vectors(1)), 5, axis=0)
    same = Centred.of(like, 5).extended(np.concatenate([like, vectors(4)]))
    assert not same.nearest(slice(5, 9), 5, 3).nnz, "a text that is the mean is like no other"
    unit = np.linalg.norm(Centred.of(text, 40).rows(slice(None)), axis=1)
    np.testing.assert_allclose(unit, np.arange(40) != 7, atol=1e-6)


def test_counting_pairs_of_busy_people_by_a_dense_product_changes_nothing(X, monkeypatch):
    monkeypatch.setattr("penchant.interests.base.closed_form._CELLS", 60)
    some, found, crossed = X[:, 3:10], [], []
    for dense in (0, 6, 1000):  # nobody, some, everybody is busy
        monkeypatch.setattr("penchant.interests.base.closed_form._DENSE", dense)
        found.append(gram(X))
        crossed.append(products(some, X))
    assert all(np.array_equal(G, (X.T @ X).toarray()) for G in found)
    assert all(np.array_equal(G, (some.T @ X).toarray()) for G in crossed)


def test_items_that_join_in_turns_stand_as_if_they_had_joined_together():
    learned = LinearBase(LinearConfig()).fit(taught(planted("pairs")))
    together, turns = copy(learned), copy(learned)
    together.extend(shelf(70))
    for n in (65, 66, 70):
        turns.extend(shelf(n))
    np.testing.assert_allclose(turns.M_.M.toarray(), together.M_.M.toarray(), atol=1e-6)
    again = turns.refit(taught(planted("pairs")))  # what was known of texts is not of these
    again.extend(shelf(70))
    np.testing.assert_allclose(again.M_.M.toarray(), together.M_.M.toarray(), atol=1e-6)
