"""What is liked when: planted lifts are found, and none where none is."""

import numpy as np
import pytest
from scipy import sparse

from penchant.clock import DAY, HOUR
from penchant.errors import UnknownIdError
from penchant.interests.context import shrink
from penchant.interests.context.tally import Acts, measured
from penchant.interests.context.when import ContextLifts, population
from penchant.testing.layers import GROUPS, log_of, shelf

CLOCK = ("hour", "weekday", "month")


def lived(lift=1.0, *, users=80, events=60, own=(), seed=0, days=180):
    """People of various tastes; on mobile, groups 0 and 1 (department 0) are `lift` times as
    likely, for those of `own` department 2 instead."""
    draw = np.random.default_rng(seed)
    taste = draw.dirichlet(np.full(GROUPS, 2.0), users)
    rows, device = [], []
    for u in range(users):
        mobile = draw.random(events) < draw.uniform(0.2, 0.8)
        first = 4 if u in own else 0
        for day, on in zip(np.sort(draw.random(events) * days), mobile, strict=True):
            p = taste[u].copy()
            if on:
                p[first : first + 2] *= lift
            group = draw.choice(GROUPS, p=p / p.sum())
            rows.append((f"u{u:03d}", int(group + GROUPS * draw.integers(10)), float(day)))
            device.append("mobile" if on else "desktop")
    return log_of(rows, shelf(), device=device)


def of(log, user=None, level=1) -> ContextLifts:
    counted = population(log, shelf().tree, CLOCK, level=level)
    return counted.everybody if user is None else counted.person(user, f"row {user}")


def lift(found, name, value="mobile"):
    (one,) = [x for x in found.lifts if x.node.id == name and x.value == value]
    return one


PLANTED, STILL = lived(4.0), lived(1.0)


@pytest.fixture(scope="module")
def planted():
    return of(PLANTED)


@pytest.fixture(scope="module")
def still():
    return of(STILL)


def test_a_planted_lift_is_found_with_its_size(planted):
    found = lift(planted, "d0")
    assert found.clear
    # a lift of odds by 4 is one of chances by less, as what is likelier pushes the rest away
    assert 1.7 < found.low < found.lift < found.high < 3.0
    assert found.events > found.expected * 1.2
    assert lift(planted, "d0", "desktop").lift == pytest.approx(1 / found.lift, rel=0.1)
    assert all(lift(planted, d).lift < 1 for d in ("d1", "d2"))


def test_only_what_was_planted_is_clear(planted, still):
    assert {x.context for x in planted.clear} == {"device"}
    assert still.clear == ()
    assert len(still) == len(planted) > 50


def test_a_context_matters_where_it_foretells(planted, still):
    assert planted.matters == ("device",)
    assert planted.gains[0].context == "device"
    assert planted.gains[0].low > 0.01
    assert still.matters == ()
    assert {g.context for g in still.gains} == {"device", "hour", "weekday", "time of week"}


def test_intervals_hold_no_lift_where_there_is_none(still):
    held = np.mean([x.low <= 1.0 <= x.high for x in still.lifts])
    assert held > 0.95


@pytest.mark.parametrize("seed", range(1, 5))
def test_none_is_reported_where_none_was_planted(seed):
    log = lived(1.0, users=40, events=40, seed=seed)
    found = [of(log, user, level) for user in (None, 0, 7) for level in (1, 2)]
    clear = sum(len(x.clear) for x in found)
    assert clear <= 0.05 * sum(len(x) for x in found)


def test_who_comes_when_makes_no_lift():
    """Those who like department 0 are on mobile, the others are not; nobody changes."""
    draw, rows, device = np.random.default_rng(0), [], []
    for u in range(60):
        for day in np.sort(draw.random(40) * 90):
            liked = u % 2 if draw.random() < 0.8 else 1 - u % 2
            rows.append((f"u{u}", int(2 * liked + GROUPS * draw.integers(10)), float(day)))
            device.append("mobile" if (draw.random() < 0.8) == (u % 2 == 0) else "desktop")
    found = of(log_of(rows, shelf(), device=device))
    assert not found.clear
    one = lift(found, "d0")
    assert one.low < 1.0 < one.high
    assert one.expected == pytest.approx(one.events, rel=0.1)


def test_a_person_begins_as_everybody_and_moves_with_evidence():
    own = range(40)
    log = lived(6.0, users=120, events=80, own=own)
    counted = population(log, shelf().tree, CLOCK)
    everybody = lift(counted.everybody, "d2").lift
    of_own = np.array([lift(counted.person(u, ""), "d2").lift for u in range(0, 40, 8)])
    of_rest = np.array([lift(counted.person(u, ""), "d2").lift for u in range(41, 120, 16)])
    assert of_own.mean() > 1.5 * everybody > of_rest.mean()
    stranger = counted.person(-1, "nobody")
    assert (stranger.events, stranger.people) == (0, 0)
    one = lift(stranger, "d2")
    assert one.lift == pytest.approx(everybody, rel=0.03)
    assert one.high / one.low > 2.0  # people differ
    assert one.events == one.expected == 0.0


def test_where_nothing_shifts_anybody_nobody_is_shifted():
    counted = population(STILL, shelf().tree, CLOCK)
    lifts = [lift(counted.person(u, ""), "d0").lift for u in range(0, 80, 10)]
    assert np.abs(np.log(lifts)).max() < 0.25


def acts(user, code, node, nodes=2, week=None):
    user = np.array(user)
    users, rows = np.unique(user, return_inverse=True)
    return Acts(
        users, rows, np.array(code, np.int32), sparse.csr_array(np.eye(nodes)[node]),
        np.arange(len(user)), np.arange(len(user)) if week is None else np.array(week),
    )  # fmt: skip


def test_counts_that_can_be_checked_by_eye():
    """One person: 3 of 4 acts in the context are of the interest, 1 of 4 elsewhere."""
    one = acts([5] * 8, [1, 1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 1, 0, 1, 1, 1])
    A, B = (x.toarray()[0] for x in one.sums(1))
    assert (A[0], B[0]) == (3 * 4 / 8, 1 * 4 / 8)
    assert one.expected(1)[0] == 2.0
    assert one.seen(1).tolist() == [3.0, 1.0]
    assert one.by_chance(1).toarray()[0, 0] == pytest.approx(4 * 4 * 4 * 4 / (64 * 7))
    assert one.apart(1, one.user).toarray()[0] == pytest.approx([1.0, -1.0])
    found = measured(one, 1)
    assert np.exp(found.log[0]) == pytest.approx((1.5 + 0.125) / (0.5 + 0.125))
    assert (found.free == 0).all()  # one person shows nothing of how people differ


def test_acts_that_hang_together_count_less():
    draw = np.random.default_rng(0)
    user = np.repeat(np.arange(60), 40)
    block = np.arange(2400) // 5  # five acts at once, of one interest in one context
    code, node = (draw.integers(0, 2, 480)[block] for _ in range(2))
    together = acts(user, code, node, week=block)
    flat = acts(user, draw.integers(0, 2, 2400), draw.integers(0, 2, 2400), week=block)
    errors = [measured(x, 1).error[0] for x in (together, flat)]
    assert errors[0] > 1.6 * errors[1]
    none = [shrink.Shrunk(*(np.zeros(2) for _ in range(4)), np.zeros(2, bool))] * 2
    assert 3.5 < shrink.differing(together, none, seed=0).together < 6
    assert shrink.differing(flat, none, seed=0).together < 1.3


def test_benjamini_and_hochberg_as_in_the_paper():
    p = np.array(
        [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
         0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    )  # fmt: skip
    assert shrink.discovered(p, np.ones(15, bool)).sum() == 4
    few = np.arange(15) < 3
    assert shrink.discovered(p, few).tolist() == few.tolist()
    assert not shrink.discovered(np.zeros(0), np.zeros(0, bool)).any()


def test_months_need_years_and_clocks_need_to_vary():
    days = of(log_of([("u", n % 60, float(n)) for n in range(200)], shelf()))
    assert "3 years" in days.left_out["month"]
    assert "does not vary" in days.left_out["hour"]
    assert {x.context for x in days.lifts} == {"weekday"}
    rows = [("u", n % 60, 6.0 * n + n % 5 / 5) for n in range(200)]
    assert "month" in {x.context for x in of(log_of(rows, shelf())).lifts}


def test_a_tiny_log_says_nothing_and_breaks_nothing():
    one = of(log_of([("u", 0, 0.5)], shelf()))
    assert one.lifts == one.gains == ()
    assert "no context" in str(one)
    two = of(log_of([("u", 0, 0.5), ("u", 1, 1.5), ("w", 7, 2.5)], shelf()))
    assert two.clear == ()
    assert "too few acts" in str(two)
    assert of(log_of([], shelf())).events == 0


def test_a_level_that_is_not_there_is_refused():
    with pytest.raises(UnknownIdError, match="levels 1 to 2"):
        population(STILL, shelf().tree, CLOCK, level=3)


def test_tables_and_plain_values_say_the_same(planted):
    table = planted.to_frame()
    assert table.height == len(planted)
    assert table.filter("clear").height == len(planted.clear)
    plain = planted.to_json()
    assert plain["matters"] == ["device"]
    assert plain["lifts"][0]["lift"] == table["lift"][0]
    assert plain["gains"][0]["matters"] is True
    assert of(log_of([], shelf())).to_frame().columns == table.columns


def test_it_prints_what_matters_and_what_is_likelier(planted, still):
    shown = str(planted)
    assert "device" in shown
    assert "matters" in shown
    (line,) = [x for x in shown.splitlines() if x.startswith("Department 0  device mobile")]
    assert f"×{lift(planted, 'd0').lift:.2f}" in line
    assert "no context matters" in str(still)
    assert "no lift is clear" in str(still)


def test_the_same_whatever_the_order_of_people(planted):
    again = of(lived(4.0))
    assert again.to_json() == planted.to_json()


def test_visits_at_night_are_nights():
    """A time of week puts hour and weekday together."""
    days = [n + (5 * HOUR / DAY if n % 7 >= 5 else 21 * HOUR / DAY) for n in range(120)]
    found = of(log_of([("u", n % 60, d) for n, d in enumerate(days)], shelf()))
    seen = {x.value for x in found.lifts if x.context == "time of week" and x.events > 0}
    assert seen == {"weekday late", "weekend morning"}
