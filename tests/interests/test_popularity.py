from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.interests.layer import Training
from penchant.interests.popularity import Popularity, PopularityConfig
from penchant.testing.layers import ITEMS, log_of, planted, shelf, taught
from penchant.train.holdout import HoldoutConfig, hold_out


def counts(log, at, half_life):
    """Faded counts of what came before, straight from the equation, event by event."""
    found = np.zeros(ITEMS)
    for item, time, weight in zip(log.item, log.time, log.weight, strict=True):
        if weight > 0 and time < at:
            found[item] += 2.0 ** (-(at - time) / (half_life * DAY))
    return found


def snapshot(made, at):
    """The last point in time at which counts were kept."""
    return made.times_[made.times_ <= at].max()


def on_a_log_scale(n, smoothing=0.5):
    return np.log((n + smoothing) / (n + smoothing).mean())


def asked(log, at):
    at = np.asarray(at, np.int64)
    return log.moments_at(np.full(len(at), -1), at)


def plain(log, half_life=9.0, **settings):
    """The layer with one half-life, and nothing to choose by."""
    config = PopularityConfig(half_lives=(half_life,), **settings)
    return Popularity(config).fit(Training(shelf(), log))


@pytest.fixture
def log():
    return planted("none", users=20)


def test_against_counting_every_event(log):
    made, times = plain(log, snapshots=1000), np.sort(log.time)
    for at in (times[0], times[30], times[-1], times[-1] + 1, times[-1] + 40 * DAY):
        found = made.score(asked(log, [at]))[0]
        expected = on_a_log_scale(counts(log, snapshot(made, at), 9.0))
        np.testing.assert_allclose(found, expected, atol=1e-4)
        assert log.time[log.time < at].max(initial=0) < snapshot(made, at) <= at, "all of the past"


def test_the_table_of_all_points_in_time_is_there_whole_or_not_at_all(log, monkeypatch):
    """Others ask while it is made: what they see of a point is what they see afterwards."""
    made, at = plain(log, snapshots=50), int(log.time.max()) + DAY
    alone, seen = made._summed, []

    def while_others_ask(rows):
        if len(rows) > 1:
            made._last = None
            seen.append(made._seen_at(at))
        return alone(rows)

    monkeypatch.setattr(made, "_summed", while_others_ask)
    expected = made.score(asked(log, [at]))[0]
    assert len(seen) > 2
    for one in [*seen, made._seen_at(at)]:
        np.testing.assert_allclose(one, expected, atol=1e-5)


def test_half_lives_are_mixed(log):
    config = PopularityConfig(half_lives=(2.0, 50.0))
    made = Popularity(config).fit(Training(shelf(), log))
    made.theta_ = [0.3, 0.9]
    made.refit(Training(shelf(), log))
    at = log.time.max() + DAY
    edge = snapshot(made, at)
    each = [on_a_log_scale(counts(log, edge, h)) for h in (2.0, 50.0)]
    found = made.score(asked(log, [at]))[0]
    np.testing.assert_allclose(found, 0.3 * each[0] + 0.9 * each[1], atol=1e-4)


def test_only_what_came_before_counts():
    log = log_of([("a", 0, 0), ("b", 1, 10), ("c", 1, 11), ("d", 1, 11)], shelf())
    start, tenth = log.time[0], log.time[1]
    when = [start, start + 9 * DAY, tenth, tenth + 3 * DAY]
    first, before, then, later = plain(log, 5.0).score(asked(log, when))
    assert np.ptp(first) == 0, "nothing had happened"
    assert before[0] > before[1] == before[2]
    assert then[1] == then[2], "an event does not count for its own moment"
    assert later[1] > later[0] > later[2]


def test_some_items_score_as_they_do_among_all(log):
    made, when = plain(log), np.quantile(log.time, [0.9, 0.1, 0.9, 0.5]).astype(np.int64)
    for later in (ITEMS, ITEMS + 3):
        made.extend(shelf(later))
        whole = made.before(when)
        for few in ([later - 1, 0, 7], np.arange(later), [0, 0, 5]):
            np.testing.assert_array_equal(made.before(when, np.array(few)), whole[:, few])
    made.refit(Training(shelf(), planted("none", users=3)))
    np.testing.assert_array_equal(made.before(when, np.array([4, 1])), made.before(when)[:, [4, 1]])


def test_before_the_log_nothing_is_popular(log):
    assert not plain(log).score(asked(log, [log.time.min() - 400 * DAY])).any()


def test_without_a_log_nothing_is_popular():
    log = log_of([], shelf())
    assert not plain(log).score(asked(log, [0])).any()


def test_what_speaks_against_an_item_does_not_make_it_popular():
    kinds = ["like", "dislike", "like"]
    log = log_of([("a", 0, 0), ("b", 1, 1), ("c", 2, 2)], shelf(), event=kinds)
    scores = plain(log, 1000.0).score(asked(log, [log.time.max() + DAY]))[0]
    assert scores[0] > scores[1] == scores[3]


def test_who_returns_to_an_item_counts_once_where_nobody_has_it_again():
    """Also who was first against it."""
    rows = [("a", 0, 0), ("a", 0, 1), ("a", 0, 2), ("b", 1, 3), ("c", 1, 4), ("d", 2, 5)]
    kinds = ["dislike", *["like"] * 5]
    log = log_of(rows, shelf(), event=kinds)
    config, at = PopularityConfig(half_lives=(1e6,)), [log.time.max() + DAY]
    for repeats, first, second in ((False, [1], [0, 2]), (True, [0, 1], [2])):
        training = Training(shelf(), log, repeats=repeats)
        scores = Popularity(config).fit(training).score(asked(log, at))[0].round(3)
        assert np.flatnonzero(scores == scores.max()).tolist() == first
        assert len({scores[i] for i in second}) == 1 and scores[second[0]] > scores.min()


@pytest.mark.parametrize("most", [2, 7, 40, 1000])
def test_snapshots_are_as_few_as_asked_and_never_ahead(log, most):
    made = plain(log, snapshots=most)
    assert len(made.times_) <= most + 2
    for at in (log.time.min() + 20 * DAY, log.time.min() + 50 * DAY):
        found = made.score(asked(log, [at]))[0]
        expected = on_a_log_scale(counts(log, snapshot(made, at), 9.0))
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_memory_is_bounded_by_cells(log):
    made = Popularity(PopularityConfig(cells=1000)).fit(Training(shelf(), log))
    assert made.summed_.size <= 1000 + 2 * ITEMS, "however many half-lives"
    assert made.at_end_.size == len(made.half_lives_) * ITEMS


def test_the_half_life_that_fits_counts_most():
    """Each week other items are what everybody has: what is older says nothing."""
    draw, rows = np.random.default_rng(0), []
    for week in range(20):
        for u in range(40):
            for item in 3 * week + draw.choice(3, 2, replace=False):
                rows.append((f"u{u:02d}", int(item), week * 7 + draw.random() * 7))
    config = PopularityConfig(half_lives=(2.0, 1000.0), newness=())
    made = Popularity(config).fit(taught(log_of(rows, shelf())))
    weight = dict(zip(made.half_lives_, made.theta_, strict=True))
    assert weight[2.0] > 3 * weight.get(1000.0, 0.0)


def test_what_suits_the_last_stretch_alone_does_not_count_alone():
    """Three favourites of many, then three of few, week by week; but in the last week the first."""
    draw, rows = np.random.default_rng(0), []
    for week in range(10):
        for u in range(160 if week < 3 else 80):
            for item in (0 if week in (0, 1, 2, 9) else 3) + draw.choice(3, 2, replace=False):
                rows.append((f"u{u:03d}", int(item), week * 7 + draw.random() * 7))
    cut, catalogue = HoldoutConfig(kind="time"), shelf()
    left, held = hold_out(log_of(rows, catalogue), cut, repeats=True, seed=0)
    weight = {}
    for stretches in (1, 3):
        config = PopularityConfig(half_lives=(2.0, 1000.0), newness=(), stretches=stretches)
        training = Training(catalogue, left, held, True, cut=cut)
        made = Popularity(config).fit(training)
        weight[stretches] = dict(zip(made.half_lives_, made.theta_, strict=True))
    assert weight[1].get(2.0, 0.0) < 0.1 * weight[1][1000.0], "the last one alone"
    assert weight[3][2.0] > 0.5 * weight[3].get(1000.0, 0.0)


def test_zero_is_as_popular_as_the_mean(log):
    scores = plain(log).score(asked(log, [log.time.max() + DAY]))
    assert np.exp(scores).mean() == pytest.approx(1.0, abs=1e-5)


def test_what_everybody_did_may_be_known_only_until_some_time_before(log):
    made, end = plain(log, snapshots=1000), log.time.max()
    moments = asked(log, [end + DAY, end + DAY])
    earlier = np.array([end - 20 * DAY, end + DAY])
    found = made.score(replace(moments, heard=earlier))
    np.testing.assert_array_equal(found, made.score(asked(log, earlier)))
    backwards = replace(moments, heard=earlier).take(np.array([1, 0]))
    np.testing.assert_array_equal(made.score(backwards), found[::-1])


def test_what_came_later_is_less_popular_than_all_that_was_met(log):
    made, at = plain(log), int(log.time.max()) + DAY
    before = made.score(asked(log, [at]))[0]
    made.extend(shelf(ITEMS + 3))
    found, n = made.score(asked(log, [at]))[0], counts(log, snapshot(made, at), 9.0)
    np.testing.assert_allclose(found, on_a_log_scale(np.append(n, np.zeros(3))), atol=1e-4)
    np.testing.assert_allclose(np.diff(found[:ITEMS]), np.diff(before), atol=1e-5)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("later", [0, 3])
def test_what_is_kept_is_read(log, earlier, later):
    """Also as it was kept once, by the counts of each half-life."""
    config, end = PopularityConfig(half_lives=(2.0, 50.0)), int(log.time.max())
    close = partial(np.testing.assert_allclose, atol=1e-5)
    made = Popularity(config).fit(Training(shelf(), log))
    made.theta_ = [0.3, 0.9]
    made.refit(Training(shelf(), log)).extend(shelf(ITEMS + later))
    arrays, values = made.state()
    if earlier:
        for kept in ("summed", "total", "at_end"):
            del arrays[kept]
        for h, half_life in enumerate((2.0, 50.0)):
            each = [counts(log, at, half_life) for at in made.times_]
            arrays[f"counts{h}"] = np.array(each, np.float32)
    read = Popularity(config).restore((arrays, values), shelf(ITEMS + later))
    when = [log.time.min() + 9 * DAY, end, end + DAY]
    close(read.score(asked(log, when)), made.score(asked(log, when)))
    more, same = read.going_on(), made.going_on()
    for layer in (more, same):
        times = np.array([end + DAY, end + 2 * DAY, end + 3 * DAY])
        layer.follow(np.array([3, 3, 4]), times, np.zeros(3, np.int64))
    when = [end + 4 * DAY]
    assert more.score(asked(log, when))[0, 3] > read.score(asked(log, when))[0, 3]
    close(more.score(asked(log, when)), same.score(asked(log, when)))
