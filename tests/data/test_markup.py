import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.markup import plain, strip_markup
from penchant.types import Report

SIGNS = list("<>&$`)\\^_x \n\"'")
TAGS = ["<p>", "</p>", "<b", "<br/>", "<a href='x'>", "<!--", "-->", "<script>", "</script>"]
OTHERS = ["&amp;", "&lt;", "lt;", "&#60;", "**", "```", "[a](", "http://x", "$$", "\\(", "word"]
PIECES = st.sampled_from([*SIGNS, *TAGS, *OTHERS])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Fish &amp; chips</p>", "Fish & chips"),
        ("one<br/>two<BR>three", "one two three"),
        ("a<b>bold</b>er", "abolder"),
        ('<a href="http://x.org?a=1&b=2" target=_blank>shop</a>', "shop"),
        ("before<script type='x'>if (a<b) {}</script>after", "before after"),
        ("x<style>p {color: red}</style>y<!-- <p>hidden</p> -->z", "x y z"),
        ("<!DOCTYPE html><p>hi", "hi"),
        ("&amp;lt;i&amp;gt;deep&amp;lt;/i&amp;gt;", "deep"),
        ("[the docs](https://x.org/a_b) and ![pic](/p.png)", "the docs and pic"),
        ("**strong** `code` and\n```python\nx = 1\n```", "strong code and\nx = 1"),
        (r"$\sum_i x_i$ and \(y\) and $$z^2$$", r"\sum_i x_i and y and z^2"),
    ],
)
def test_markup_goes(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "a < b",
        "x<y and y>z",
        "if a <b and c> d",
        "<3 you",
        "<user_id> is a placeholder",
        "AT&T, R&D & more",
        "$5 or $10",
        "BO$$ in drama",
        "__init__ and snake_case",
        "a * b ** c",
        "list[0](1)",
        "café ☕ 北京",
        "<!-- never closed",
    ],
)
def test_what_is_no_markup_stays(text: str) -> None:
    assert plain(text) == text


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_plain_text_is_plain(text: str) -> None:
    assert plain(plain(text)) == plain(text)


@given(st.text(st.characters(whitelist_categories=["L", "N"]), max_size=30))
def test_words_are_never_touched(text: str) -> None:
    assert plain(text) == text


@pytest.mark.parametrize(
    "piece",
    ["<!--", "<a ", '<a x="', "<script>", "[", "[a](", "&amp;", "$_", "`", "**a", "<b x=y "],
)
def test_hostile_text_is_done_in_one_look(piece: str) -> None:
    assert plain(piece * 20_000 + "</b>-->") is not None


def test_columns_count_what_changed() -> None:
    report = Report()
    column = pl.Series("title", ["<b>x</b>", "<b>x</b>", "a < b", None, "&nbsp;"])
    assert strip_markup(column, report, "items").to_list() == ["x", "x", "a < b", None, None]
    assert report.count("title with markup or stray spaces, made plain") == 3
