"""What is shown in a narrow terminal: words stay readable, columns of figures are left out."""

from datetime import UTC, datetime

import pytest
from rich.console import Console
from rich.table import Table

from penchant.cli.reasons import block
from penchant.interests.show import Fitting
from penchant.recommend.result import Carrier, Reason, Recommendation, Recommendations, Wish
from penchant.types import Report

LONG = "A title that goes on and on until there is no room left for anything behind it at all"
LAYERS = ("base", "context", "dynamic", "social", "popularity", "feedback")


def shown(what, width):
    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as capture:
        console.print(what)
    found = capture.get()
    assert max(len(line) for line in found.splitlines()) <= width
    return found


def draw(names, least, most):
    """A table with a column of words, and one for each name."""

    def drawn(tight):
        table = Table(box=None, pad_edge=False)
        table.add_column("words", max_width=least if tight else most)
        for name in names:
            table.add_column(name, no_wrap=True)
        table.add_row("x" * most, *names)
        return table

    return drawn


@pytest.mark.parametrize(("width", "both"), [(100, True), (26, True), (21, False), (9, False)])
def test_the_first_table_whose_words_can_be_read_is_shown(width, both):
    ways = (draw(["one", "two"], 16, 40), draw(["one"], 16, 40))

    assert ("two" in shown(Fitting(ways), width)) == both


def test_a_long_title_takes_neither_share_nor_date():
    time = datetime(2018, 5, 1, tzinfo=UTC)
    carrier = Carrier("i2", LONG, "purchase", time, 0.5, 0.42, "dynamic")
    wish = Wish("more", LONG, "i3", time, 0.25)
    reason = Reason(
        "i1", LONG, 1.0, {"base": 1.0}, (carrier,), (), "Because.", (), (wish,)
    )  # fmt: skip
    found = shown(block(reason, 1), 80)

    assert "about 42%" in found and "2018-05-01, dynamic" in found
    assert "+0.25" in found and "2018-05-01, feedback" in found


def test_a_narrow_list_leaves_out_parts_before_titles():
    parts = dict.fromkeys(LAYERS, 0.25)
    item = Recommendation("i1", LONG, 1.5, parts, 0.1, 1)
    found = Recommendations("ann", datetime(2024, 5, 1, tzinfo=UTC), (item,), Report(), list)

    assert "feedback" in shown(found, 120)
    narrow = shown(found, 70)
    assert "feedback" not in narrow and "1.50" in narrow
    assert LONG[:50] in narrow
