from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from penchant.clock import DAY
from penchant.data.histories import Histories, histories
from penchant.data.split import SplitConfig, split
from penchant.data.strength import EventsConfig
from penchant.data.vocabulary import Vocabulary
from penchant.errors import ConfigError, DataError
from penchant.evaluate.baselines import Tuned, TuningConfig, baselines, settings, validation
from penchant.evaluate.cooccurrence import ItemKNN, LastItem
from penchant.evaluate.ease import EASE, Dual, Primal, gram, inverse
from penchant.evaluate.metrics import ndcg, recall
from penchant.evaluate.popular import OwnHistory, Popularity, RecentPopularity
from penchant.evaluate.ranking import rank_all
from penchant.evaluate.textual import TextOnly

N = 60


@dataclass(frozen=True)
class Shop:
    """Only what a baseline reads of a catalogue."""

    items: Vocabulary
    text: np.ndarray

    def __len__(self):
        return len(self.items)


def shop(n: int = N) -> Shop:
    """Items of six groups; text says the group."""
    draws = np.random.default_rng(0)
    text = np.eye(6)[np.arange(n) % 6] + 0.1 * draws.normal(size=(n, 6)) + 2.0
    text /= np.linalg.norm(text, axis=1, keepdims=True)
    return Shop(Vocabulary([f"i{i:03d}" for i in range(n)]), text.astype(np.float32))


def log_of(rows, n=N, weight=None) -> Histories:
    users, items, days = zip(*rows, strict=True)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    events = pl.DataFrame(
        {
            "user_id": users,
            "item_id": [f"i{i:03d}" for i in items],
            "timestamp": pl.Series(
                [start + timedelta(days=float(d)) for d in days], dtype=pl.Datetime("us", "UTC")
            ),
            "event": weight or ["like"] * len(users),
        }
    )
    return histories(events, shop(n).items, EventsConfig())


def world(repeats=False, signal=True, seed=0) -> pl.DataFrame:
    """People who like one of six groups of items (or nothing in particular)."""
    draws, rows = np.random.default_rng(seed), []
    for u in range(150):
        group = u % 6
        among = np.arange(group, N, 6) if signal else np.arange(N)
        chosen = draws.choice(among, 8, replace=repeats)
        rows += [(f"u{u}", f"i{i:03d}", d) for d, i in enumerate(chosen)]
    users, items, days = zip(*rows, strict=True)
    start = datetime(2024, 1, 1, tzinfo=UTC)
    times = [start + timedelta(days=int(d)) for d in days]
    kind = pl.Datetime("us", "UTC")
    return pl.DataFrame(
        {"user_id": users, "item_id": items, "timestamp": pl.Series(times, dtype=kind)}
    ).with_columns(event=pl.lit("like"))


def asked(repeats=False, signal=True, kind="last"):
    """A fold of the world as a log, moments, targets and excluded items."""
    events = world(repeats, signal)
    mask = np.ones(events.height, bool)
    config = SplitConfig(kind=kind, test_fraction=0.2)
    (fold,) = split(events, config, repeats=repeats, positive=mask)
    log = histories(fold.train, shop().items, EventsConfig())
    users = log.users.rows(fold.asks["user_id"]).astype(np.int64)
    moments = log.moments_at(users, fold.asks["at"].dt.epoch("us").to_numpy())
    row = Vocabulary(fold.asks["user_id"]).rows(fold.targets["user_id"])
    cells = (np.ones(len(row), np.float32), (row, log.items.rows(fold.targets["item_id"])))
    targets = sparse.csr_array(cells, shape=(len(moments), N))
    return log, moments, targets, None if repeats else moments.seen(N)


@pytest.mark.parametrize("repeats", [False, True])
def test_every_baseline_learns_scores_and_falls_back(repeats):
    log, moments, targets, excluded = asked(repeats)
    quick = TuningConfig(users=60, budget=2)
    found = {}
    for scorer in baselines(quick, repeats=repeats):
        scorer.fit(shop(), log, seed=0)
        scores = scorer.score(moments)
        assert scores.shape == (len(moments), N)
        assert scores.dtype == np.float32
        one = scorer.score(moments.take(np.array([3])))
        assert one[0] == pytest.approx(scores[3], abs=1e-5)
        stranger = log.moments(np.array([0]), log.offsets[:1], log.time[-1:] + DAY)
        assert np.ptp(scorer.score(stranger)) > 0, "somebody new still gets an order"
        found[scorer.name] = recall(rank_all(scorer.score, moments, targets, excluded), 10).mean()
    assert ("own history" in found) == repeats
    for name in ("item kNN", "EASE", "text only"):
        assert found[name] > 0.8
        assert found[name] > found["popularity"] + 0.3


def test_where_there_is_no_signal_nothing_is_found():
    log, moments, targets, excluded = asked(signal=False)
    for scorer in baselines(TuningConfig(users=60, budget=2)):
        scorer.fit(shop(), log, seed=0)
        found = recall(rank_all(scorer.score, moments, targets, excluded), 10)
        assert found.mean() < 0.33, scorer.name  # 10 of 53 candidates: 0.19 by chance


def test_popularity_counts_only_what_speaks_for_an_item():
    log = log_of([("a", 1, 0), ("b", 1, 1), ("c", 2, 2)], weight=["like", "like", "dislike"])
    made = Popularity().fit(shop(), log, seed=0)
    assert made.counts_[:4].tolist() == [0, 2, 0, 0]


def test_recent_popularity_against_counting_before_each_moment():
    draws = np.random.default_rng(3)
    rows = [(f"u{u}", int(i), d) for u, i, d in zip(
        draws.integers(0, 9, 80), draws.integers(0, 5, 80), draws.random(80) * 90, strict=True
    )]  # fmt: skip
    log = log_of(rows, n=5)
    made = RecentPopularity(half_life=10.0, edges=500).fit(shop(5), log, seed=0)
    time, item = log.time, log.item
    for at in (time.min(), int(np.median(time)), time.max(), time.max() + 5 * DAY):
        moment = log.moments(np.array([0]), log.offsets[:1], np.array([at]))
        edge = max((e for e in made.edges_ if e <= at), default=at)
        before = time < edge
        expected = np.bincount(
            item[before], 0.5 ** ((edge - time[before]) / (10.0 * DAY)), minlength=5
        )
        assert made.score(moment)[0] == pytest.approx(expected, abs=1e-4)


def test_recent_popularity_never_counts_the_future():
    log = log_of([("a", 0, 0), ("b", 1, 10), ("c", 1, 11), ("d", 1, 12)], n=3)
    made = RecentPopularity().fit(shop(3), log, seed=0)
    early = log.moments(np.array([0]), log.offsets[:1], np.array([log.time[0] + DAY]))
    assert made.score(early)[0, 1] == 0.0


def test_last_item_by_hand():
    log = log_of([("a", 0, 0), ("a", 1, 1), ("a", 2, 2), ("b", 0, 0), ("b", 1, 1)], n=4)
    made = LastItem(window=2).fit(shop(4), log, seed=0)
    assert made.follows_.toarray()[0].tolist() == [0, 2, 0.5, 0]
    both = LastItem(window=2, symmetric=True).fit(shop(4), log, seed=0)
    assert both.follows_.toarray()[1].tolist() == [2, 0, 1, 0]
    moments = log.moments(np.array([0]), np.array([1]), np.array([DAY]))  # ann had item 0
    assert made.score(moments)[0].argmax() == 1


def test_item_neighbours_against_the_full_cosine():
    log = asked()[0]
    X = log.matrix().toarray()
    norm = np.sqrt((X**2).sum(0))
    cosine = X.T @ X / np.maximum(np.outer(norm, norm), 1e-9)
    own = ItemKNN(neighbours=N, own=True).fit(shop(), log, seed=0)
    assert own.similar_.toarray() == pytest.approx(cosine, abs=1e-5)
    np.fill_diagonal(cosine, 0.0)
    few = ItemKNN(neighbours=3).fit(shop(), log, seed=0).similar_.toarray()
    assert ((few > 0).sum(0) <= 3).all()
    assert few.max(0) == pytest.approx(cosine.max(0), abs=1e-5)
    shrunk = ItemKNN(neighbours=N, shrink=10.0).fit(shop(), log, seed=0).similar_.toarray()
    assert shrunk.sum() < cosine.sum()
    idf = ItemKNN(neighbours=N, idf=True).fit(shop(), log, seed=0).similar_.toarray()
    assert idf.max() <= 1 + 1e-5


def test_ease_against_the_equation():
    log = asked()[0]
    made = EASE(penalty=5.0).fit(shop(), log, seed=0)
    X = log.matrix().toarray().astype(np.float64)
    P = np.linalg.inv(X.T @ X + 5.0 * np.eye(N))
    B = -P / np.diag(P)
    np.fill_diagonal(B, 0.0)
    assert isinstance(made.solved_, Primal)
    assert made.solved_.weights == pytest.approx(B, abs=1e-4)


@pytest.mark.parametrize("shape", [(20, 50), (50, 20), (20, 20)])
def test_ease_is_the_same_from_either_side(shape):
    draws = np.random.default_rng(4)
    X, H = (sparse.csr_array((draws.random(shape) < 0.2).astype(np.float32)) for _ in range(2))
    one, two = Primal.solve(X, 3.0).through(H), Dual.solve(X, 3.0).through(H)
    assert one == pytest.approx(two, abs=1e-4)


def test_ease_takes_the_smaller_side():
    rows = [("a", 0, 0), ("a", 1, 1), ("b", 1, 0), ("b", 2, 1)]
    made = EASE(penalty=0.5).fit(shop(), log_of(rows), seed=0)
    assert isinstance(made.solved_, Dual)
    assert made.solved_.K.shape == (2, 2)


def test_the_inverse_is_worked_out_in_place(monkeypatch):
    monkeypatch.setattr("penchant.interests.base.closed_form._ROWS", 7)
    X = sparse.csr_array((np.random.default_rng(0).random((90, 30)) < 0.2).astype(np.float32))
    G = gram(X, 2.0)
    expected = np.linalg.inv(G.astype(np.float64))
    P = inverse(G, 2.0)
    assert np.shares_memory(P, G)
    assert expected == pytest.approx(P, abs=1e-4)


def test_a_penalty_that_is_too_small_says_so():
    G = np.ones((3, 3), np.float32)
    with pytest.raises(ConfigError, match=r"EASE\.penalty: 0\.0 came"):
        inverse(G, 0.0)


def test_items_beyond_what_ease_can_hold_are_counted():
    log, moments, *_ = asked()
    made = EASE(most=20).fit(shop(), log, seed=0)
    assert made.report_.count("items not modelled") == N - 20
    assert made.score(moments).shape == (len(moments), N)
    whole, own = EASE().fit(shop(), log, seed=0), EASE(own=2.0).fit(shop(), log, seed=0)
    had = moments.seen(N).toarray() > 0
    lead = own.score(moments) - whole.score(moments)
    assert lead == pytest.approx(2.0 * had, abs=1e-5)


def test_own_history_puts_the_habit_first():
    rows = [("a", 3, 0), ("a", 3, 1), ("a", 5, 2), ("b", 7, 0), ("c", 7, 1), ("d", 7, 2)]
    log = log_of(rows, n=9)
    made = OwnHistory(decay=1.0).fit(shop(9), log, seed=0)
    moments = log.moments(np.array([0]), log.offsets[1:2], np.array([9 * DAY]))
    assert np.argsort(-made.score(moments)[0])[:3].tolist() == [3, 5, 7]
    lately = replace(made, decay=0.3).fit(shop(9), log, seed=0)
    assert lately.score(moments)[0].argmax() == 5


def test_text_reads_what_came_last_most():
    log = log_of([("a", 0, 0), ("a", 6, 1), ("a", 1, 2)])
    moments = log.moments(np.array([0]), log.offsets[1:2], np.array([9 * DAY]))
    last = TextOnly(decay=0.1).fit(shop(), log, seed=0).score(moments)[0]
    assert last.argmax() % 6 == 1
    alike = TextOnly(decay=1.0).fit(shop(), log, seed=0).score(moments)[0]
    assert alike.argmax() % 6 == 0


@pytest.mark.parametrize("kind", ["last", "time"])
@pytest.mark.parametrize("repeats", [False, True])
def test_what_is_held_back_cannot_be_seen(kind, repeats):
    log = asked(repeats)[0]
    config = TuningConfig(kind=kind, users=40, fraction=0.3)
    held = validation(log, config, repeats=repeats, seed=1)
    assert len(held.moments) == 40
    assert held.targets.sum(1).min() >= 1
    known = set(zip(held.log.user.tolist(), held.log.source.tolist(), strict=True))
    for b in range(len(held.moments)):
        span = held.moments.events(b)
        assert (held.moments.time[span] <= held.moments.at[b]).all()
        users = {u for u, s in known if s in set(held.moments.source[span].tolist())}
        assert len(users) <= 1
    assert len(held.log) < len(log)
    if kind == "time":
        assert held.log.time.max() < held.moments.at.min()
    elif not repeats:
        hidden = held.moments.seen(N).multiply(held.targets)
        assert hidden.sum() == 0


def test_tuning_takes_the_best_within_the_budget_and_learns_anew():
    log = asked()[0]
    tries = [TextOnly(decay=1.0), ItemKNN(neighbours=50), Popularity()]
    made = Tuned(tries, TuningConfig(users=100, budget=2)).fit(shop(), log, seed=0)
    assert len(made.tried_) == 2
    best = int(np.argmax([v for _, v in made.tried_]))
    assert made.best_ is tries[best]
    assert settings(made) == made.tried_[best][0]
    assert made.best_.counts_.sum() == len(log)
    again = Tuned(tries, TuningConfig(users=100, budget=2)).fit(shop(), log, seed=0)
    assert again.tried_ == made.tried_


def test_ease_is_tried_small_and_solved_in_full():
    log = asked()[0]
    scorers = baselines(TuningConfig(users=50, trial_items=10))
    ease = next(s for s in scorers if s.name == "EASE").fit(shop(), log, seed=0)
    assert len(ease.best_.items_) == N
    assert len(ease.tried_) == 4


def test_a_log_too_short_to_tune_on_says_so():
    with pytest.raises(DataError, match="held back"):
        validation(log_of([("a", 0, 0)]), TuningConfig(), repeats=False, seed=0)
    with pytest.raises(DataError, match="at least one scorer"):
        Tuned([])


def test_who_remembers_all_of_a_person_gains_only_where_there_is_a_leak():
    """All that a log holds of who is asked: nothing in a fold, the answer in the whole log."""
    log, moments, targets, excluded = asked(signal=False)
    whole = histories(world(signal=False), log.items, EventsConfig())
    order = np.linspace(0, 1e-3, N, dtype=np.float32)
    found = {}
    for name, known in (("fold", log), ("leak", whole)):
        memory = known.matrix().toarray() + order  # users have the same rows in both
        person = log.user[[np.flatnonzero(log.source == s)[0] for s in moments.source]]
        asks = person[moments.offsets[:-1]]
        scores = memory[asks]
        ranked = rank_all(lambda m, s=scores: s, moments, targets, excluded, chunk=len(scores))
        found[name] = ndcg(ranked, 10).mean()
    assert found["leak"] == 1.0
    assert found["fold"] < 0.2
