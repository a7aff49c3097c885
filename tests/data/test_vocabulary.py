"""Ids that nobody knows: a hint where it is cheap and tells nothing of people."""

import polars as pl
import pytest

from penchant.data.vocabulary import Vocabulary, near
from penchant.errors import UnknownIdError

MANY = Vocabulary([f"sku-{37 * n:06}-blue" for n in range(20_000)])


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("sku-0O0148-blue", "sku-000148-blue"),
        ("sku-000148-bleu", "sku-000148-blue"),
        ("ksu-000148-blue", "sku-000148-blue"),
        ("sku-000148", "sku-000148-blue"),
    ],
)
def test_an_id_among_very_many_is_hinted_at(asked, meant):
    assert len(near(asked, MANY.ids)) <= 200
    with pytest.raises(UnknownIdError, match=f"20,000 known ones. Did you mean '{meant}'"):
        MANY.row(asked, "item")


def test_no_hint_where_nothing_is_alike_or_where_it_would_name_people():
    assert len(near("xyz", MANY.ids)) <= 200
    for asked in ("xyz", "", "sku-" * 5_000):
        with pytest.raises(UnknownIdError, match=r"known ones\.$"):
            MANY.row(asked, "item")
    with pytest.raises(UnknownIdError, match=r"known ones\.$"):
        MANY.row("sku-000148-bleu", "user", hint=False)


def test_few_ids_are_all_looked_at():
    assert near("nothing like it", pl.Series(["a", "b"])) == ["a", "b"]


@pytest.mark.parametrize("asked", [False, True])
def test_more_ids_stand_at_the_end(asked):
    known = Vocabulary(["b", "a"])
    if asked:
        assert known.row("a") == 1
    more = known.extended(["d", "c"])
    assert more.rows(["a", "b", "c", "d", "e"]).tolist() == [1, 0, 3, 2, -1]
    assert len(known) == 2
    assert "c" not in known
