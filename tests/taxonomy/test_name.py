"""Words that may name a node, and the names made of them."""

import polars as pl

from penchant.random import rng
from penchant.taxonomy.config import NameConfig
from penchant.taxonomy.name import Family, Term, name_level, shortened
from penchant.taxonomy.terms import Terms, read_terms


def terms_of(titles: list[str], words: int = 60, **columns: object) -> Terms:
    table = {"item_id": [str(n) for n in range(len(titles))], "title": titles, **columns}
    return read_terms(pl.DataFrame(table), 1000, words, rng(0))


def test_sizes_numbers_markup_and_stop_words_are_no_terms() -> None:
    title = "The <b>Garden Hose</b> &amp; Reel, 25 ft. 12-pack No. 7 (3.5oz) #AX-99"
    words = terms_of([title, title]).words
    assert {"garden", "hose", "reel", "garden hose"} == set(words)


def test_links_hold_phrases_together() -> None:
    words = terms_of(["Eau de Parfum", "eau de parfum", "Lord of the Rings"] * 2).words
    assert "eau de parfum" in words
    assert not {"eau de", "de parfum", "de", "of the"} & set(words)


def test_plurals_are_one_word() -> None:
    words = terms_of(["lantern", "lanterns", "lantern", "glass", "glass"]).words
    assert "lantern" in words and "lanterns" not in words and "glass" in words


def test_tags_are_phrases() -> None:
    tags = [["error-correction"], ["error-correction"], None]
    assert "error correction" in terms_of(["x", "y", "z"], tags=tags).words


def test_brands_are_worth_less() -> None:
    titles = ["Zorro lamp", "Zorro desk", "old lamp", "plain desk"]
    found = terms_of(titles, brand=["Zorro", "Zorro", "Kim", None])
    worth = dict(zip(found.words, found.worth.tolist(), strict=True))
    assert worth["zorro"] < worth["lamp"] == 1


def test_only_the_start_of_a_description_is_read() -> None:
    text = ["soft wool socks", "warm wool socks"]
    assert "socks" in terms_of(["a", "b"], description=text).words
    assert "socks" not in terms_of(["a", "b"], words=2, description=text).words


def test_no_text_at_all_gives_no_terms() -> None:
    found = read_terms(pl.DataFrame({"item_id": ["a", "b"]}), 10, 10, rng(0))
    assert found.words == [] and found.table.shape == (2, 0)


def family(n: int, fixed: list[str | None] | None = None) -> Family:
    import numpy as np

    return Family(np.zeros(n, dtype=np.int32), ["tools"], fixed or [None] * n)


def test_siblings_never_share_a_name() -> None:
    same = [Term("rake", 3.0, 0.9), Term("iron", 1.0, 0.3)]
    names = name_level(family(4), [same, same, same, []], [["A b"]] * 4, NameConfig())
    assert names == ["rake", "rake, iron", "rake (2)", "like A b"]
    given = name_level(family(2, ["Rake", "rake"]), [same, same], [[], []], NameConfig())
    assert given == ["Rake", "rake (2)"]


def test_an_only_child_is_called_as_its_parent_and_others_are_not() -> None:
    found = [Term("tools", 9.0, 0.9), Term("rake", 3.0, 0.9)]
    assert name_level(family(1), [found], [[]], NameConfig()) == ["tools"]
    assert name_level(family(2), [found, found[:1]], [[], ["Saw"]], NameConfig()) == [
        "rake",
        "like Saw",
    ]


def test_titles_are_cut_at_words() -> None:
    assert shortened("A  short one") == "A short one"
    assert shortened("x" * 50).endswith("…")
