from importlib import import_module

import numpy as np
import pytest

from penchant.clock import DAY
from penchant.errors import UnknownIdError
from penchant.interests.model import InterestModel
from penchant.interests.profile import profile
from penchant.interests.profiles import profiles
from penchant.testing.layers import ITEMS, planted, quick, shelf

LOG = planted("taste", users=60, noise=0.3)
USERS = [f"u{n:03d}" for n in (4, 17, 5)]
ROWS = np.array([4, 17, -1])
LEVELS = (1, 2)


@pytest.fixture(scope="module")
def model():
    return InterestModel(quick()).fit(shelf(), LOG, repeats=False)


def moments():
    return LOG.moments_at(ROWS, np.full(3, LOG.time.max() + DAY))


@pytest.fixture(scope="module")
def found(model):
    return profiles(model, USERS, moments(), layers=True)


def test_many_are_what_each_is_alone(model, found):
    for b, user in enumerate(USERS):
        one = profile(
            model, moments().take(np.array([b])), user_id=user,
            labels={i: f"item {i}" for i in range(ITEMS)},
        )  # fmt: skip
        for level in LEVELS:
            np.testing.assert_allclose(found.weights(level)[b], one.weights(level), atol=1e-5)
            np.testing.assert_allclose(
                found.weights(level, "base")[b],
                [x.layers["base"] for x in one.levels[level - 1]],
                atol=1e-5,
            )
            np.testing.assert_allclose(
                found.usual(level)[b], [x.usual for x in one.levels[level - 1]], atol=1e-5
            )
        assert found.events[b] == one.events


def test_many_cores_say_what_one_says(model, found, monkeypatch):
    module = import_module("penchant.interests.profiles")
    monkeypatch.setattr(module, "cores", lambda: 3)
    monkeypatch.setattr(module, "_AT_ONCE", 1)
    apart = profiles(model, USERS, moments(), layers=True)
    assert apart.user_ids == USERS
    for level in LEVELS:
        np.testing.assert_allclose(apart.weights(level), found.weights(level), atol=1e-6)


def test_a_table_has_a_row_for_each_user_and_interest(found):
    table = found.to_frame()
    assert table.height == 3 * sum(found.weights(level).shape[1] for level in LEVELS)
    for (_, _), some in table.group_by("user_id", "level"):
        assert some["weight"].sum() == pytest.approx(1.0, abs=1e-5)
        assert some["weight"].is_sorted(descending=True)
    assert {"base", "context", "dynamic"} <= set(table.columns)


def test_a_table_can_be_cut_to_the_first_of_one_level(found):
    table = found.to_frame(level=2, top=2)
    assert table.height == 6
    best = table.filter(user_id="u004")
    assert best["id"][0] == "g4"
    assert best["path"][0] == "Department 2 > Group 4"
    assert best["lift"][0] > 1.5


def test_one_is_found_by_name(found):
    assert found.row("u017") == 1
    with pytest.raises(UnknownIdError, match="u018"):
        found.row("u018")


def test_what_was_not_asked_for_is_said(model):
    plain = profiles(model, USERS, moments())
    assert plain.to_frame().columns[-2:] == ["usual", "lift"]
    with pytest.raises(UnknownIdError, match="layers=True"):
        plain.weights(1, "base")
    with pytest.raises(UnknownIdError, match="levels 1 to 2"):
        plain.weights(3)


def test_nobody_is_a_table_without_rows(model):
    none = profiles(model, [], moments().take(np.zeros(0, np.int64)))
    assert len(none) == 0
    assert none.to_frame().height == 0
