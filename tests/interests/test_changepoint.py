"""Accounts of a rate that was kept and of one that changed, against the plain forward algorithm."""

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.interests.changepoint import RATES, Acts, Bursts, Runs

BURSTS = Bursts(share=0.05, days=2.0, strength=0.6)


def lives(P=4, N=60, K=3, seed=0):
    """Some people's acts, one to four in a visit, on K interests and on none."""
    draw, people = np.random.default_rng(seed), []
    for _ in range(P):
        visit = np.cumsum(draw.exponential(6.0, N) + 1.0)
        time = np.sort(np.repeat(visit, draw.integers(1, 5, N))[:N] * DAY)
        time = time + np.arange(N) * 60_000_000
        people.append(Acts.of(time.astype(np.int64), draw.integers(-1, K, N).astype(np.int32)))
    return people


def forward(one, node, first, last, rate, b=BURSTS):
    """log P(acts first … last of a person | rate), act by act."""
    state, total = np.array([1 - b.share, b.share]), 0.0
    touch = np.array([rate, max(rate, b.strength)])
    for n in range(first, last + 1):
        if n > first:
            gone = -np.expm1(-(one.time[n] - one.time[n - 1]) / DAY / b.days)
            enter, leave = b.share * gone, (1 - b.share) * gone
            state = state @ np.array([[1 - enter, enter], [leave, 1 - leave]])
        state = state * (touch if one.node[n] == node else 1 - touch)
        total += np.log(state.sum())
        state = state / state.sum()
    return total


def test_every_account_is_that_of_the_forward_algorithm():
    people = lives(N=30)
    runs = Runs.of(Acts.joined(people), BURSTS)
    for v in range(len(runs)):
        p, k = int(runs.person[v]), int(runs.node[v])
        start = int(runs.acts.offsets[p])
        first, last = int(runs.first[v]) - start, int(runs.last[v]) - start
        for r in (0, 5, 11):
            told = forward(people[p], k, 0, last, RATES[r])
            assert runs.kept[r, v] == pytest.approx(told, abs=1e-9)
            told = forward(people[p], k, 0, first - 1, RATES[r])
            assert runs.before[r, v] == pytest.approx(told, abs=1e-9)
            told = forward(people[p], k, first, last, RATES[r])
            assert runs.alone[r, v] == pytest.approx(told, abs=1e-9)
    for p, k, told in zip(*(x.tolist() for x in runs.whole()[:2]), runs.whole()[2].T, strict=True):
        for r in (0, 6):
            assert told[r] == pytest.approx(forward(people[p], k, 0, 29, RATES[r]), abs=1e-9)
    for p, told in enumerate(runs.unmet().T):
        assert told[3] == pytest.approx(forward(people[p], 99, 0, 29, RATES[3]), abs=1e-9)


def test_the_strongest_change_is_the_best_of_all_beginnings():
    people = lives(P=2, N=40)
    runs = Runs.of(Acts.joined(people), BURSTS)
    prior = np.random.default_rng(1).dirichlet(np.ones(len(RATES)), 3)
    S, began = runs.strongest(prior, window=5)
    after = prior.mean(axis=0) * (RATES >= 0.05)
    after = after / after.sum()
    for v in range(len(runs)):
        p, k = int(runs.person[v]), int(runs.node[v])
        start = int(runs.acts.offsets[p])
        last = int(runs.last[v]) - start

        def account(a, b, p=p, k=k):
            return np.exp([forward(people[p], k, a, b, r) for r in RATES])

        kept, best = float(prior[k] @ account(0, last)), (0.0, v)
        for u in range(v - min(int(runs.nth[v]), 5), v):
            first = int(runs.first[u]) - start
            if not first:
                continue
            more = (1.5 * RATES[:, None] <= RATES) * after
            more = more / np.maximum(more.sum(axis=1, keepdims=True), 1e-12)
            changed = (prior[k] * account(0, first - 1)) @ more @ account(first, last)
            best = max(best, (float(np.log(changed / kept)), u))
        assert S[v] == pytest.approx(best[0], abs=1e-8)
        if best[0] > 1e-6:
            assert began[v] == best[1]


@pytest.mark.parametrize("days", [0.0, 0.01, 0.7, 5.0])
def test_long_absences_are_told_briefly(days):
    """Of many acts elsewhere only the first and the last are told one by one; how much likelier one
    rate is than the next comes out alike, to a tenth of a nat or a hundredth. At one time it is
    exact."""
    node = np.full(260, 1, np.int32)
    node[[0, 90, 91, 92, 93, 200]] = 0
    gaps = np.random.default_rng(0).exponential(days, 260) if days else np.zeros(260)
    one = Acts.of((np.cumsum(gaps) * DAY).astype(np.int64), node)
    runs = Runs.of(one, BURSTS)
    last = np.flatnonzero(runs.node == 0)[-1]
    told, whole = (np.array([forward(one, 0, 0, end, r) for r in RATES]) for end in (200, 259))
    bounds = {"rtol": 0.01, "atol": 0.1} if days else {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(np.diff(runs.kept[:, last]), np.diff(told), **bounds)
    np.testing.assert_allclose(np.diff(runs.whole()[2][:, 0]), np.diff(whole), **bounds)


def test_acts_at_one_time_are_no_trouble():
    """A basket of hundreds, in any order: chances stay chances."""
    draw = np.random.default_rng(0)
    orders = [[1] + [0] * 200 + ([1] * 33 + [0]) * 30, np.sort(draw.integers(0, 3, 900))]
    for node in [*orders, *draw.choice([0, 1], (5, 1000), p=[0.8, 0.2])]:
        one = Acts.of(np.zeros(len(node), np.int64), np.array(node, np.int32))
        runs = Runs.of(one, Bursts(0.02, 3.0, 0.7))
        for made in (runs.kept, runs.before, runs.whole()[2], runs.unmet()):
            assert np.isfinite(made).all()
        assert (runs.through >= 0).all()
        S, _ = runs.strongest(np.full((3, len(RATES)), 1 / len(RATES)), 20)
        assert np.isfinite(S).all()


def test_what_somebody_left_is_no_change_toward_it():
    """Where no pair of rates tells what happened there is no evidence, however unlikely it is."""
    draw = np.random.default_rng(0)
    node = np.concatenate([draw.choice([0, 1], 600, p=[0.8, 0.2]), np.ones(1400), [0]])
    one = Acts.of((np.arange(2001) * 10 * DAY).astype(np.int64), node.astype(np.int32))
    runs = Runs.of(one, Bursts(0.02, 3.0, 0.7))
    S, _ = runs.strongest(np.full((2, len(RATES)), 1 / len(RATES)), 20)
    assert S[np.flatnonzero(runs.node == 0)[-1]] == 0.0


def test_what_is_counted_apart_is_what_is_counted_together():
    people = lives(P=3, K=5)
    together = Runs.of(Acts.joined(people), BURSTS)
    for p, one in enumerate(people):
        parts = [Runs.of(some, BURSTS) for some in one.by_interest(15)]
        assert len(parts) > 1
        mine = together.person == p
        assert (
            np.concatenate([part.node for part in parts]).tolist() == together.node[mine].tolist()
        )
        for name in ("before", "kept", "scale", "alone"):
            apart = np.concatenate([getattr(part, name) for part in parts], axis=1)
            np.testing.assert_allclose(apart, getattr(together, name)[:, mine])
        prior = np.full((5, len(RATES)), 1 / len(RATES))
        S = np.concatenate([part.strongest(prior, 20)[0] for part in parts])
        np.testing.assert_allclose(S, together.strongest(prior, 20)[0][mine], atol=1e-9)


def test_days_in_random_order_are_the_same_days():
    acts = Acts.joined(lives(P=3))
    still = acts.shuffled(np.random.default_rng(0))
    assert still.offsets.tolist() == acts.offsets.tolist()
    for low, high in zip(acts.offsets[:-1].tolist(), acts.offsets[1:].tolist(), strict=True):
        own = slice(low, high)
        day, moved = ((x.time[own] - acts.time[low]) // DAY for x in (acts, still))
        assert sorted(set(day.tolist())) == sorted(set(moved.tolist()))
        assert (np.diff(still.time[own]) >= 0).all()
        done, then = (
            [tuple(x.node[own][d == n].tolist()) for n in np.unique(d)]
            for x, d in ((acts, day), (still, moved))
        )
        assert sorted(done) == sorted(then)
        assert done != then


def test_nothing_is_said_of_nobody():
    nobody = Acts.of(np.zeros(0, np.int64), np.zeros(0, np.int32))
    runs = Runs.of(nobody, BURSTS)
    assert len(runs) == 0
    S, began = runs.strongest(np.full((3, len(RATES)), 1 / len(RATES)), 20)
    assert len(S) == len(began) == 0
    assert list(nobody.by_interest(10)) == []
    assert len(nobody.shuffled(np.random.default_rng(0)).time) == 0
    assert runs.whole()[2].shape == (len(RATES), 0)
