"""Spherical k-means on directions whose groups are known."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from penchant.random import rng
from penchant.taxonomy.cluster import nearest, seeds, spherical_kmeans, sums, unit
from penchant.taxonomy.config import KMeansConfig
from penchant.types import Floats, Ints


def cones(each: int, k: int = 8, noise: float = 0.2) -> tuple[Floats, Ints]:
    draws = np.random.default_rng(4)
    labels = np.repeat(np.arange(k, dtype=np.int32), each)
    x = np.eye(k, 24)[labels] + noise * draws.normal(size=(len(labels), 24)) / 2
    return unit(x.astype(np.float32)), labels


@pytest.mark.parametrize("config", [KMeansConfig(), KMeansConfig(batch_above=50, batch=128)])
def test_groups_are_found_whole_and_in_batches(config: KMeansConfig) -> None:
    x, labels = cones(100)
    groups = spherical_kmeans(x, 8, rng(0), config=config)
    assert adjusted_rand_score(labels, groups.labels) > 0.95
    again = spherical_kmeans(x, 8, rng(0), config=config)
    assert np.array_equal(groups.labels, again.labels)
    near, _ = nearest(x, groups.centres)
    assert (near == groups.labels).mean() > 0.99


def test_no_group_is_empty_and_copies_are_not_split() -> None:
    x = np.repeat(np.eye(3, 5, dtype=np.float32), 7, axis=0)
    groups = spherical_kmeans(x, 10, rng(1))
    assert sorted(np.bincount(groups.labels).tolist()) == [7, 7, 7]
    assert groups.tightness == pytest.approx(1)
    lost = np.tile(-np.eye(1, 5, dtype=np.float32), (2, 1))
    begun = spherical_kmeans(x, 2, rng(1), start=np.vstack([x[:1], lost[:1]]))
    assert np.bincount(begun.labels).min() > 0


def test_starting_from_centres_keeps_their_numbers() -> None:
    x, labels = cones(30)
    centres = unit(sums(x, labels, 8, np.ones(len(x), dtype=np.float32)))
    groups = spherical_kmeans(x, 8, rng(9), start=centres)
    assert np.array_equal(groups.labels, labels)


def test_weights_pull_the_centre() -> None:
    x = np.eye(2, dtype=np.float32)
    one = spherical_kmeans(x, 1, rng(0), weights=np.array([3, 1], dtype=np.float32))
    np.testing.assert_allclose(one.centres[0], np.array([3, 1]) / np.sqrt(10), rtol=1e-5)


def test_seeds_lie_apart() -> None:
    x, labels = cones(40, noise=0.05)
    chosen = seeds(x, 8, rng(2), np.ones(len(x), dtype=np.float32))
    near, _ = nearest(chosen, np.eye(8, 24, dtype=np.float32))
    assert sorted(near.tolist()) == list(range(8))
    assert labels.max() == 7


def test_fewer_passes_or_starts_are_no_better() -> None:
    x = unit(np.random.default_rng(0).normal(size=(400, 16)).astype(np.float32))
    quick = spherical_kmeans(x, 12, rng(0), config=KMeansConfig(iterations=1, restarts=1))
    slow = spherical_kmeans(x, 12, rng(0), config=KMeansConfig(restarts=4))
    assert slow.tightness > quick.tightness
