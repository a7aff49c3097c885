import numpy as np
import pytest

from penchant.clock import DAY
from penchant.interests.model import InterestModel
from penchant.interests.profile import written
from penchant.interests.reading import ENOUGH, Reading, Said
from penchant.testing.layers import planted, quick, shelf

TASTE, NOTHING = planted("taste", noise=0.2), planted("none")
TEXT = shelf().text


def flat(times):
    return np.zeros((len(times), len(TEXT)), np.float32)


def told(log):
    return Reading().fit(log, TEXT, flat)


def test_texts_tell_where_likes_follow_texts_and_only_there():
    assert told(TASTE).kappa_ > 2
    assert told(NOTHING).kappa_ < 0.3 * told(TASTE).kappa_


def test_a_text_without_words_tells_nothing():
    reading = told(TASTE)
    usual = np.linspace(0, 1, len(TEXT), dtype=np.float32)[None]
    np.testing.assert_array_equal(reading.score(np.zeros((1, 6), np.float32), TEXT, usual), usual)


def test_a_log_with_nothing_to_learn_from_leaves_what_is_customary():
    assert told(TASTE.keep(np.zeros(len(TASTE), bool))).kappa_ == Reading().kappa_


def test_words_of_ones_own_are_learned_from_where_there_are_enough():
    """Every second event has words: of what comes next, or of anything."""
    draw, n = np.random.default_rng(0), len(TASTE)
    following = np.append(TASTE.item[1:], 0)
    asked = []

    def saying(clear):
        there = np.arange(n) % 2 == 0

        def vectors(rows):
            asked.append(rows)
            told_next = following[np.argsort(TASTE.source)[rows]]
            return TEXT[told_next if clear else draw.integers(len(TEXT), size=len(rows))]

        return Said(there, vectors)

    plain = told(TASTE)
    clear = Reading().fit(TASTE, TEXT, flat, said=saying(True))
    vague = Reading().fit(TASTE, TEXT, flat, said=saying(False))
    assert vague.kappa_ < plain.kappa_ < clear.kappa_
    assert clear.words_ == vague.words_ == len(asked[0]) >= ENOUGH
    assert (asked[0] % 2 == 0).all()
    assert plain.words_ == 0
    few = Said(np.arange(n) < 50, lambda rows: pytest.fail("too few to be read"))
    assert Reading().fit(TASTE, TEXT, flat, said=few).kappa_ == plain.kappa_


def test_it_is_kept_exactly():
    reading = told(TASTE)
    again = Reading().restore(reading.state())
    said, usual = TEXT[:3], flat([0, 0, 0])
    np.testing.assert_array_equal(reading.score(said, TEXT, usual), again.score(said, TEXT, usual))


@pytest.fixture(scope="module")
def model():
    return InterestModel(quick()).fit(shelf(), TASTE, repeats=False)


def test_words_are_interests(model):
    at = int(TASTE.time.max()) + DAY
    for group in range(6):
        profile = written(model, TEXT[group], at, words="some words")
        assert profile.top(2, 1)[0].node.id == f"g{group}"
        assert profile.interest(f"g{group}").lift > 1.5
        for level in (1, 2):
            assert profile.weights(level).sum() == pytest.approx(1.0, abs=1e-5)
        assert list(profile.as_given(n=1)) == [f"g{group}"]
        assert (profile.events, profile.words) == (0, "some words")
        assert str(profile).startswith("“some words”")
        assert "× usual" in str(profile) and "90 % range" not in str(profile)
