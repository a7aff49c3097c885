"""What somebody asks for by hand: a factor on odds, in scores and in calibrated weights alike."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from penchant.clock import DAY
from penchant.data.statements import Statements
from penchant.interests.feedback import BARRED, FEEDBACK, Wishes
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel, softmax
from penchant.interests.profile import profile
from penchant.taxonomy.tree import Tree
from penchant.testing.layers import ITEMS, planted, quick, shelf

LOG = planted("taste", users=60, noise=0.3)
LEVELS = (1, 2)
CLOSE = 1e-5
NEVER = -np.inf
TIMES = np.log(3.0)


def spoken(*each):
    """Statements of some moments, each a list of (level, row, gain) or (…, spread)."""
    flat = [(*s, 0.0)[:4] for some in each for s in some]
    level, row, gain, spread = (np.array(x) for x in zip(*flat, strict=True))
    return Statements(
        np.cumsum([0, *map(len, each)]), level.astype(np.int64), row.astype(np.int64),
        gain.astype(float), spread.astype(float), np.zeros(len(flat), np.int64),
        np.zeros(len(each), np.int64),
    )  # fmt: skip


def soft() -> Catalogue:
    """The shelf, but every third item belongs to two groups."""
    made = shelf()
    leaves = made.tree.membership(2).toarray()
    for i in range(0, ITEMS, 3):
        leaves[i] *= 0.6
        leaves[i, (i + 1) % 6] += 0.4
    tree = Tree.from_leaves(
        made.tree.nodes, sparse.csr_array(leaves), centroids=made.tree.centroids, items=made.items
    )
    return Catalogue(made.items, made.text, tree)


@pytest.fixture(scope="module")
def model():
    return InterestModel(quick()).fit(shelf(), LOG, repeats=True)


@pytest.fixture(scope="module")
def mixed():
    return InterestModel(quick()).fit(soft(), LOG, repeats=False)


@pytest.fixture(scope="module", params=["crisp", "soft"])
def either(request, model, mixed):
    return model if request.param == "crisp" else mixed


def moments(*each, users=(4, 17, 5)):
    made = LOG.moments_at(np.array(users), np.full(len(users), LOG.time.max() + DAY))
    return replace(made, said=spoken(*each)) if each else made


def odds(p):
    return p / (1.0 - p)


@pytest.mark.parametrize("level", LEVELS)
def test_more_multiplies_the_odds_of_calibrated_weights(either, level):
    before = either.weights(moments()).whole[level - 1]
    after = either.weights(moments([(level, 1, TIMES)], [(level, 2, -TIMES)], [])).whole[level - 1]
    assert odds(after[0, 1]) == pytest.approx(3 * odds(before[0, 1]), rel=1e-4)
    assert odds(after[1, 2]) == pytest.approx(odds(before[1, 2]) / 3, rel=1e-4)
    np.testing.assert_array_equal(after[2], before[2])


def test_more_multiplies_the_odds_in_scores(model):
    members = shelf().tree.membership(2)
    before, after = (
        softmax(model.score(m)) @ members for m in (moments(), moments([(2, 1, TIMES)], [], []))
    )
    assert odds(after[0, 1]) == pytest.approx(3 * odds(before[0, 1]), rel=1e-4)
    np.testing.assert_allclose(after[1:], before[1:], atol=CLOSE)


def test_a_child_keeps_its_share_of_a_parent_that_was_asked_for(model):
    before, after = (model.weights(m).whole for m in (moments(), moments([(1, 0, TIMES)], [], [])))
    for k in (0, 1):
        share = before[1][0, k] / before[0][0, 0]
        assert after[1][0, k] / after[0][0, 0] == pytest.approx(share, abs=CLOSE)


@pytest.mark.parametrize("level", LEVELS)
def test_never_leaves_nothing_in_weights_chances_and_lists(either, level):
    asked = moments([(level, 1, NEVER)], [], [])
    assert either.weights(asked).whole[level - 1][0, 1] == 0.0
    barred = Wishes(either.catalogue.tree).barred(asked.said)
    np.testing.assert_array_equal(barred[0], either.catalogue.tree.mostly(level, 1))
    assert not barred[1:].any()
    assert either.chances(asked)[0, barred[0]].max() == 0.0
    part = either.parts(asked)
    assert (part.values[-1][0, barred[0]] == BARRED).all()


def test_words_do_not_change_what_each_layer_says_nor_what_is_usual(model):
    silent, asked = model.weights(moments()), model.weights(moments([(1, 0, NEVER)], [], []))
    for name in silent.layers:
        for a, b in zip(silent.layers[name], asked.layers[name], strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(silent.usual, asked.usual, strict=True):
        np.testing.assert_array_equal(a, b)


def test_an_item_is_asked_for_with_those_like_it(model):
    half = TIMES / 2
    said = moments([(0, 7, TIMES, half)], [], [])
    part = model.parts(said).values[-1][0]
    alike = np.flatnonzero(np.arange(ITEMS) % 6 == 1)
    assert part[7] == pytest.approx(TIMES, abs=CLOSE)
    assert part[[i for i in alike if i != 7]] == pytest.approx(half, abs=CLOSE)
    assert part[np.arange(ITEMS) % 6 != 1] == pytest.approx(0.0, abs=CLOSE)
    before, after = model.chances(moments())[0], model.chances(said)[0]
    other = after[13] / before[13]
    assert after[7] / before[7] == pytest.approx(np.sqrt(3) * other, rel=1e-3)
    found = model.weights(said).whole
    assert found[1][0, 1] == pytest.approx(after[alike].sum(), abs=CLOSE)


def test_never_of_an_item_bars_it_alone_and_takes_its_share_from_the_interest(model):
    said = moments([(0, 7, NEVER)], [], [])
    assert model.chances(said)[0, 7] == 0.0
    assert (model.parts(said).values[-1][0] < 0).sum() == 1
    before, after = model.weights(moments()).whole[1], model.weights(said).whole[1]
    lost, left = model.chances(moments())[0, 7], 1.0 - model.chances(moments())[0, 7]
    assert after[0, 1] == pytest.approx((before[0, 1] - lost) / left, abs=CLOSE)


def test_who_wants_nothing_at_all_keeps_the_weights(either):
    said = moments([(1, k, NEVER) for k in range(3)], [], [])
    for a, b in zip(either.weights(moments()).whole, either.weights(said).whole, strict=True):
        np.testing.assert_array_equal(a, b)
    assert Wishes(either.catalogue.tree).barred(said.said)[0].all()
    assert np.isfinite(either.chances(said)).all()


GAIN = st.sampled_from([TIMES, -TIMES, 0.3, NEVER])
WORD = st.one_of(
    st.tuples(st.just(1), st.integers(0, 2), GAIN),
    st.tuples(st.just(2), st.integers(0, 5), GAIN),
    st.tuples(st.just(0), st.integers(0, ITEMS - 1), GAIN, st.sampled_from([0.0, 0.3])),
)


@settings(max_examples=25, deadline=None)
@given(words=st.lists(st.lists(WORD, max_size=4), min_size=3, max_size=3).filter(any))
def test_whatever_is_said_parts_and_levels_add_up(mixed, words):
    asked = moments(*words)
    parts, tree = mixed.parts(asked), mixed.catalogue.tree
    assert parts.names[-1] == FEEDBACK
    np.testing.assert_allclose(parts.score, parts.values.sum(axis=0), atol=CLOSE)
    wishes = Wishes(tree)
    for b in range(3):
        terms = [wishes.term(asked.said, s) for s in asked.said.of(b)]
        np.testing.assert_allclose(parts.values[-1][b], sum(terms), atol=CLOSE)
    broad, narrow = mixed.weights(asked).whole
    np.testing.assert_allclose(broad.sum(axis=1), 1.0, atol=CLOSE)
    np.testing.assert_allclose(tree.siblings[1].up(narrow), broad, atol=CLOSE)
    assert (narrow >= 0).all()
    np.testing.assert_allclose(mixed.chances(asked).sum(axis=1), 1.0, atol=CLOSE)


def test_many_are_what_each_is_alone(either):
    asked = moments([(2, 1, TIMES), (0, 9, -TIMES, 0.2)], [(1, 0, NEVER)], [])
    whole, score = either.weights(asked).whole, either.score(asked)
    for b in range(3):
        one = asked.take(np.array([b]))
        np.testing.assert_allclose(either.score(one)[0], score[b], atol=CLOSE)
        for level in (0, 1):
            np.testing.assert_allclose(
                either.weights(one).whole[level][0], whole[level][b], atol=CLOSE
            )


def test_weights_are_the_same_with_parts_at_hand(either):
    asked = moments([(2, 1, TIMES), (0, 9, NEVER)], [(1, 0, NEVER)], [])
    for a, b in zip(
        either.weights(asked).whole,
        either.weights(asked, parts=either.parts(asked)).whole,
        strict=True,
    ):
        np.testing.assert_allclose(a, b, atol=CLOSE)


def test_a_profile_says_what_was_asked_for(model):
    asked = moments([(2, 1, TIMES), (1, 2, NEVER)], users=(4,))
    found = profile(model, asked, user_id="u", labels=dict.fromkeys(range(ITEMS), "thing"))
    assert found.interest("g1").asked == "more"
    assert found.interest("d2").asked == "never"
    assert found.interest("g0").asked is None
    assert found.interest("d2").weight == 0.0
    assert "asked for more" in str(found)
    assert {x["asked"] for x in found.to_json()["levels"][1]} == {"more", None}
    assert found.to_frame().filter(id="d2")["asked"].to_list() == ["never"]
