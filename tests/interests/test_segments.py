import numpy as np
import pytest

from penchant.errors import DataError
from penchant.interests.model import InterestModel
from penchant.interests.profiles import profiles
from penchant.interests.segments import nearest, segments
from penchant.testing.layers import planted, quick, shelf

LOG = planted("taste", users=120, noise=0.1)
NOW = 0.6  # later everybody has had nearly all items of the own group
USERS = list(LOG.users.ids)


def at(model, share):
    rows = np.arange(len(USERS))
    times = np.full(len(rows), int(np.quantile(LOG.time, share)))
    return profiles(model, USERS, LOG.moments_at(rows, times))


@pytest.fixture(scope="module")
def model():
    return InterestModel(quick()).fit(shelf(), LOG, repeats=False)


@pytest.fixture(scope="module")
def found(model):
    return segments(at(model, NOW), 6)


def test_people_of_one_taste_are_together(found):
    planted_group = np.arange(120) % 6
    pure = [np.bincount(planted_group[found.of == s]).max() for s in range(len(found))]
    assert sum(pure) > 0.85 * 120


def test_groups_are_named_by_what_they_like_more_than_others(found):
    for s in found.segments:
        node, weight, times = s.distinctive[0]
        assert node.name in s.name
        assert times > 1.5
        assert 0.0 < weight <= 1.0
    assert sum(s.size for s in found.segments) == 120
    assert [s.size for s in found.segments] == sorted(s.size for s in found.segments)[::-1]
    assert found.to_frame()["segment"].value_counts().height == len(found)
    assert str(found).startswith("0: ")


def test_the_number_of_groups_is_chosen_where_none_is_asked_for(model):
    assert len(segments(at(model, NOW))) in (5, 6, 8)
    assert len(segments(at(model, NOW), 3)) == 3


def test_movement_counts_everybody_once(model, found):
    before, after = at(model, 0.2), at(model, NOW)
    table = found.movement(before, after)
    assert table["people"].sum() == 120
    stays = found.movement(after, after)
    assert (stays["from"] == stays["to"]).all()
    np.testing.assert_array_equal(found.assign(after), found.of)


def test_two_sets_of_people_do_not_move(model, found):
    few = profiles(model, USERS[:3], LOG.moments_at(np.arange(3), LOG.time[:3]))
    with pytest.raises(DataError, match="the same ones, twice"):
        found.movement(few, at(model, NOW))


def test_more_groups_than_people_are_refused(model):
    with pytest.raises(DataError, match="no more groups than people"):
        segments(at(model, NOW), 500)


@pytest.mark.filterwarnings("error")
def test_people_who_are_alike_are_one_group(model):
    """However many groups were asked for, and without a word of the clustering's own."""
    begin = np.full(20, LOG.time.min() - 1)
    alike = profiles(model, USERS[:20], LOG.moments_at(np.arange(20), begin))
    found = segments(alike, 3)
    assert [s.size for s in found.segments] == [20]
    assert [s.size for s in segments(alike).segments] == [20]


def test_nearest_takes_the_first_of_equals():
    assert nearest(np.zeros((1, 2)), np.array([[1.0, 0.0], [0.0, 1.0]])).tolist() == [0]
