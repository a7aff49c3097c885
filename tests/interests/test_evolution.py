from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from penchant.clock import DAY, micros
from penchant.errors import UnknownIdError
from penchant.interests.evolution import evolution, phases, recent, steps
from penchant.interests.model import InterestModel
from penchant.interests.profiles import profiles
from penchant.testing.layers import log_of, planted, quick, shelf

LOG = planted("taste", users=60, noise=0.3)


def history(groups):
    """The phases on level 2 of somebody who turned to items of these groups, a day apart."""
    log = log_of([("u", 6 * (n % 10) + g, float(n)) for n, g in enumerate(groups)], shelf())
    now = log.moments_at(np.array([0]), log.time[-1:])
    return phases(now, shelf().tree, 2)


def name(groups, of):
    return history(groups)[of].name


def test_how_many_visits_are_recent():
    assert [recent(m) for m in (0, 3, 12, 40, 1000)] == [0, 3, 5, 10, 50]


def test_what_never_changes_is_steady():
    found = history([0, 1] * 30)
    assert {phase.name for phase in found.values()} == {"steady"}
    assert set(found) == {0, 1}
    assert found[0].recent == 7
    assert (found[0].of, found[0].of_before) == (15, 45)


@pytest.mark.parametrize(
    ("groups", "of", "expected"),
    [
        ([0] * 30 + [0, 3] * 5, 3, "new"),
        ([0, 0, 0, 1] * 10 + [0, 1] * 2 + [1] * 8, 1, "rising"),
        ([0, 1] * 20 + [0] * 5 + [1] + [0] * 6, 1, "fading"),
        ([0, 1] * 20 + [0] * 12, 1, "dormant"),
        ([0, 1] * 10 + [0] * 40 + [1, 0, 1, 0], 1, "returning"),
    ],
)
def test_phases_are_what_they_are_called(groups, of, expected):
    assert name(groups, of) == expected


def test_a_phase_knows_since_when():
    start = datetime(2024, 1, 1, tzinfo=UTC)
    found = history([0, 1] * 20 + [0] * 12)[1]
    assert found.since == start + timedelta(days=39)
    assert found.silence == 12
    assert str(found) == "dormant: 1 of the last 13 visits, 19 of the 39 before"
    assert history([0] * 30 + [0, 3] * 5)[3].since == start + timedelta(days=31)


def test_few_visits_make_no_claims():
    assert {p.name for p in history([0, 3, 1]).values()} == {"steady"}
    nobody = LOG.moments_at(np.array([-1]), LOG.time[:1])
    assert phases(nobody, shelf().tree, 2) == {}


def test_a_long_evening_is_one_visit():
    calm = [("u", n % 6, float(n)) for n in range(40)]
    evening = [("u", 3 + 6 * k, 40.0 + k / 100) for k in range(9)]
    log = log_of(calm + evening, shelf())
    found = phases(log.moments_at(np.array([0]), log.time[-1:]), shelf().tree, 2)
    assert {p.name for p in found.values()} == {"steady"}
    assert (found[3].recent, found[3].of) == (3, 10)


def test_chance_is_rarely_called_a_change():
    draw, called, all_ = np.random.default_rng(0), 0, 0
    for _ in range(100):
        found = history(draw.choice(6, 60, p=[0.4, 0.2, 0.1, 0.1, 0.1, 0.1]))
        called += sum(p.name in ("rising", "fading") for p in found.values())
        all_ += len(found)
    assert called < 0.12 * all_


@pytest.mark.parametrize(("step", "days"), [("day", 1), ("week", 7)])
def test_steps_are_whole_and_end_at_the_end(step, days):
    first, last = micros("2024-01-03T05:00"), micros("2024-02-01T07:00")
    found = steps(first, last, step)
    assert found[-1] == last
    assert set(np.diff(found)) == {days * DAY}
    assert found[0] <= first < found[1]


def test_months_follow_the_calendar():
    found = steps(micros("2024-01-20"), micros("2024-03-31"), "month")
    ends = [datetime.fromtimestamp(t / 1e6, UTC).date().isoformat() for t in found]
    assert ends == ["2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31"]


def test_steps_that_are_unknown_or_too_many_are_refused():
    with pytest.raises(UnknownIdError, match="day, week, month"):
        steps(0, DAY, "fortnight")
    with pytest.raises(UnknownIdError, match="longer step"):
        steps(0, 2000 * DAY, "day")


@pytest.fixture(scope="module")
def found():
    model = InterestModel(quick()).fit(shelf(), LOG, repeats=False)
    row = np.array([4])
    now = LOG.moments_at(row, LOG.time.max(keepdims=True))
    times = steps(int(now.time.min()), int(now.at[0]), "week")
    moments = LOG.moments_at(np.repeat(row, len(times)), times)
    return evolution("u004", profiles(model, ["u004"] * len(times), moments), now)


def test_each_step_is_the_profile_of_that_time(found):
    assert len(found.times) == len(found) >= 2
    sums = found.series.weights(1).sum(axis=1)
    assert sums == pytest.approx(1.0, abs=1e-5)
    assert found.series.events.tolist() == sorted(found.series.events.tolist())


def test_every_act_is_counted_once(found):
    for level in (1, 2):
        assert found.acts[level - 1].sum() == pytest.approx((LOG.user == 4).sum(), abs=1e-3)


def test_diff_names_the_largest_change_first(found):
    shifts = found.diff(2)
    sizes = [abs(s.change) for s in shifts]
    assert sizes == sorted(sizes, reverse=True)
    assert sum(s.change for s in shifts) == pytest.approx(0.0, abs=1e-5)
    own = next(s for s in shifts if s.node.id == "g4")
    assert own.change > 0
    assert own.acts == found.acts[1][1:, 4].sum()
    assert " → " in str(own)


def test_a_table_and_plain_values_say_the_same(found):
    table = found.of("Group 4")
    assert table.columns[-2:] == ["acts", "phase"]
    assert table.height == len(found)
    plain = found.to_json()["levels"][1][4]
    assert plain["weights"] == pytest.approx(table["weight"].to_list())
    assert plain["phase"]["name"] == table["phase"][0]
    assert found.to_frame().height == len(found) * 9


def test_it_prints_courses_with_phases(found):
    shown = str(found)
    assert "level 2" in shown
    (line,) = [line for line in shown.splitlines() if line.startswith("Group 4")]
    assert "█" in line
    assert found.phases[2]["g4"].name in line
    assert "of the last" in line
