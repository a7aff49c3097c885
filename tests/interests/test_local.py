"""A catalogue solved by neighbourhoods: the same M where they are everything, nearly it else."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from penchant import Engine, EngineConfig
from penchant.data.histories import histories
from penchant.data.sources.world import WorldConfig, make_world
from penchant.data.strength import EventsConfig
from penchant.data.vocabulary import Vocabulary
from penchant.encode.config import EncodeConfig
from penchant.encode.hashed import HashedEncoder
from penchant.errors import ConfigError
from penchant.interests.base.closed_form import (
    add_likeness,
    centred,
    gram,
    strongest,
    zero_diagonal_regression,
)
from penchant.interests.base.groups import groups, nearest_groups
from penchant.interests.base.linear import LinearBase, LinearConfig
from penchant.interests.base.local import (
    LocalConfig,
    Problem,
    _blocks,
    shortened,
    solved_locally,
    strongest_kept,
)
from penchant.interests.layer import Catalogue, Training
from penchant.train.holdout import HoldoutConfig, hold_out, ndcg
from penchant.types import Report


def problem(users=300, items=120, dims=16, density=0.05, kappa=3.0):
    draw = np.random.default_rng(1)
    X = sparse.csr_array((draw.random((users, items)) < density).astype(np.float32))
    text = draw.standard_normal((items, dims)).astype(np.float32)
    return Problem(X, centred(text), 30.0, kappa)


def whole(given):
    G = add_likeness(gram(given.X), given.text, given.kappa)
    return zero_diagonal_regression(G, given.penalty)


@pytest.mark.parametrize("kappa", [0.0, 3.0])
@pytest.mark.parametrize("group", [1, 7, 50, 500])
def test_with_everything_for_a_neighbourhood_it_is_the_closed_form(kappa, group):
    given = problem(kappa=kappa, density=0.2)
    config = LocalConfig(group=group, reach=120, near=200)
    M = solved_locally(given, config, 120, seed=0)
    np.testing.assert_allclose(M.toarray(), whole(given), atol=2e-6)


def test_the_wider_the_neighbourhoods_the_nearer_to_the_closed_form():
    given, far = problem(), []
    for reach in (10, 30, 60, 90, 120):
        M = solved_locally(given, LocalConfig(group=10, reach=reach, near=12), 120, seed=0)
        far.append(float(np.abs(M.toarray() - whole(given)).mean()))
    assert far == sorted(far, reverse=True)
    assert far[-1] < 1e-6 < far[0]


@pytest.mark.parametrize("known", [0, 1, 7, 500])
def test_what_is_counted_once_for_all_neighbourhoods_is_what_each_would_count(known, monkeypatch):
    monkeypatch.setattr("penchant.interests.base.local._KNOWN", known)
    given, draw = problem(), np.random.default_rng(2)
    for n in (1, 30, 120):
        some = draw.permutation(120)[:n]
        np.testing.assert_array_equal(given.gram(some), gram(given.X[:, some]))
    place, G = given.best_known
    count = np.diff(given.by_item.indptr)
    assert len(G) == (place >= 0).sum() == min(known, 120 // 8)
    assert not known or count[place >= 0].min() >= count[place < 0].max(initial=0)


def test_what_is_counted_for_a_solution_does_not_outlive_it():
    given = problem()
    solved_locally(given, LocalConfig(group=10, reach=30), 20, seed=0)
    assert not {"best_known", "by_item", "diagonal"} & vars(given).keys()


def test_the_same_seed_gives_the_same_weights():
    given, config = problem(), LocalConfig(group=10, reach=30)
    one, two, other = (solved_locally(given, config, 20, seed=seed).toarray() for seed in (0, 0, 1))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_items_that_nobody_met_follow_their_texts():
    given = problem(density=0.0)
    M = solved_locally(given, LocalConfig(group=10, reach=30), 20, seed=0).toarray()
    alike = np.square(np.maximum(given.text @ given.text.T, 0))
    np.fill_diagonal(alike, 0.0)
    assert np.corrcoef(M[M > 0], alike[M > 0])[0, 1] > 0.95
    assert (M > 0).sum() > 1000


def test_nobody_at_all_is_no_problem():
    text = problem().text
    given = Problem(sparse.csr_array((0, len(text)), dtype=np.float32), text, 30.0, 3.0)
    M = solved_locally(given, LocalConfig(group=10, reach=30), 20, seed=0)
    assert M.shape == (120, 120)
    assert M.nnz


def test_weights_are_kept_by_row_and_in_all():
    given = problem()
    few = solved_locally(given, LocalConfig(group=10, reach=60), 7, seed=0)
    assert np.diff(few.indptr).max() == 7
    fewer = solved_locally(given, LocalConfig(group=10, reach=60, weights=120 * 3), 7, seed=0)
    assert np.diff(fewer.indptr).max() == 3


def test_the_rows_of_well_known_items_are_long_in_the_mirror_and_come_few_at_a_time():
    near = np.eye(200, k=1, dtype=np.float32)
    near[:, :2] = 1.0  # everything is near to two items
    near[:2, 2:] = 0.0
    P = sparse.csr_array(near)
    blocks = list(_blocks(P, 300))
    assert [row for part in blocks for row in range(part.start, part.stop)] == list(range(200))
    held = [P[part].nnz + P[:, part].nnz for part in blocks]
    assert max(held) <= 300
    assert [(part.start, part.stop) for part in blocks[:2]] == [(0, 1), (1, 26)]
    assert len(blocks) == 5


def test_in_how_many_blocks_rows_come_changes_nothing(monkeypatch):
    given = problem()
    whole = solved_locally(given, LocalConfig(group=10, reach=60), 20, seed=0)
    monkeypatch.setattr("penchant.interests.base.local._BLOCK", 150)
    assert np.array_equal(
        solved_locally(given, LocalConfig(group=10, reach=60), 20, seed=0).toarray(),
        whole.toarray(),
    )


def test_too_small_a_penalty_is_named():
    given = Problem(
        sparse.csr_array(np.ones((3, 4), np.float32)), np.eye(4, dtype=np.float32), 0.0, 0.0
    )
    with pytest.raises(ConfigError, match=r"base\.linear\.penalty: 0.0 came.*Expected more"):
        solved_locally(given, LocalConfig(), 4, seed=0)


def test_a_long_history_is_thinned_for_finding_neighbours_and_counted():
    X = sparse.csr_array(np.triu(np.ones((40, 40), np.float32)))  # one met 40 things, one met 1
    thin = shortened(X, 15, seed=0)
    assert np.diff(thin.indptr).tolist() == [min(n, 15) for n in range(40, 0, -1)]
    assert (X - thin).min() == 0
    report = Report()
    given = Problem(X, centred(np.eye(40, dtype=np.float32)), 10.0, 1.0)
    solved_locally(given, LocalConfig(longest=15), 40, seed=0, report=report)
    (finding,) = report.findings
    assert (finding.count, finding.total) == (25, 40)


def test_memory_does_not_grow_with_the_square_of_the_catalogue():
    peaks = []
    for items in (1_000, 4_000):
        given = problem(users=200, items=items, density=20 / items)
        tracemalloc.start()
        solved_locally(given, LocalConfig(group=20, reach=60, dims=8), 20, seed=0)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 6 * peaks[0]
    assert peaks[1] < 4 * 4_000**2 / 2, "half of what one dense matrix takes"


def test_groups_hold_every_item_once_and_are_alike_in_size():
    vectors = np.random.default_rng(0).standard_normal((101, 5)).astype(np.float32)
    found = groups(vectors, 10, seed=0)
    assert sorted(found.item.tolist()) == list(range(101))
    assert len(found) == 11
    assert np.ptp(np.diff(found.offsets)) <= 1
    assert np.allclose(found.centres(vectors)[3], vectors[found[3]].mean(axis=0), atol=1e-6)


def test_what_lies_together_comes_into_one_group():
    middle = np.repeat([[3.0, 1.0], [3.0, -1.0], [-3.0, 1.0], [-3.0, -1.0]], 25, axis=0)
    noise = 0.05 * np.random.default_rng(0).standard_normal((100, 2))
    order = np.random.default_rng(1).permutation(100)
    found = groups((middle + noise)[order].astype(np.float32), 25, seed=0)
    assert [len(set((order[found[g]] // 25).tolist())) for g in range(4)] == [1, 1, 1, 1]


def test_the_nearest_groups_are_the_nearest(monkeypatch):
    monkeypatch.setattr("penchant.interests.base.groups._CELLS", 30)
    draw = np.random.default_rng(0)
    some, centres = (draw.standard_normal((n, 4)).astype(np.float32) for n in (9, 12))
    found = nearest_groups(some, centres, 3)
    exact = np.sort(np.argsort(-(some @ centres.T), axis=1)[:, :3], axis=1)
    assert np.array_equal(found, exact)


def test_the_largest_weights_of_sparse_rows():
    M = sparse.csr_array(np.random.default_rng(2).normal(size=(11, 9)).astype(np.float32))
    assert np.array_equal(strongest_kept(M, 3).toarray(), strongest(M.toarray(), 3).toarray())
    assert np.array_equal(strongest_kept(M, 50).toarray(), M.toarray())


@pytest.fixture(scope="module")
def world():
    """A shop of 2,000 items, and what the base layer learns from it."""
    made = make_world(WorldConfig(users=1_500, items=2_000, events=60_000, days=120))
    items = Vocabulary(made.items["item_id"])
    log = histories(made.events, items, EventsConfig())
    left, held = hold_out(log, HoldoutConfig(kind="last", moments=800), repeats=False, seed=0)
    titles = made.items["title"].to_list()
    text = HashedEncoder(EncodeConfig(kind="hashed")).encode(titles).vectors
    return Training(Catalogue(items, text, None), left, held)


def test_on_a_world_it_ranks_as_well_as_the_closed_form(world):
    """Under the same rhythms, with a third of the catalogue for a neighbourhood: within 3 %."""
    found = {}
    for solver in ("closed", "local"):
        config = LinearConfig(
            penalty=(100.0,), text=(0.1,), solver=solver, local=LocalConfig(reach=700)
        )
        layer = LinearBase(config).fit(world)
        layer.theta_, layer.kin_, layer.own_ = [0.0, 0.0, 1.0, 0.0, 0.0], [], []
        found[solver] = float(ndcg(layer.score(world.holdout.moments), world.holdout).mean())
    assert found["closed"] > 0.02
    assert found["local"] > 0.97 * found["closed"]


def test_a_fit_says_whose_items_were_not_all_read():
    made = make_world(WorldConfig.small())
    config = EngineConfig().but(
        **{
            "encode.kind": "hashed",
            "interests.layers": ["base"],
            "interests.base.linear.solver": "local",
            "interests.base.linear.local.longest": 10,
        }
    )
    engine = Engine(config=config)
    engine.add(events=made.events, items=made.items)
    told = [f for f in engine.fit().report.findings if "neighbourhoods" in f.what]
    (finding,) = told
    assert 0 < finding.count < finding.total <= 150
