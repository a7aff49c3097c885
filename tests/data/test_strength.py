"""How much events say, all at once and one by one."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.data.strength import EventsConfig, lowest, strength, strength_of

EVENT = st.tuples(
    st.sampled_from(["view", "rating", "review", "cancel", "something else", "mine"]),
    st.none() | st.floats(-3, 10, allow_nan=False),
)
CONFIG = EventsConfig(weights={"mine": 2.5, "view": 0.1}, other=0.7)


@settings(max_examples=100, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=20), st.none() | st.floats(-1, 5))
def test_one_by_one_is_all_at_once(rows, low):
    events = pl.DataFrame(rows, schema={"event": pl.String, "value": pl.Float64}, orient="row")
    at_once = strength(events, CONFIG, low)
    low = lowest(events, CONFIG) if low is None else low
    assert at_once.tolist() == pytest.approx([strength_of(*row, CONFIG, low) for row in rows])


def test_the_scale_is_read_from_judgements_alone():
    events = pl.DataFrame(
        {"event": ["rating", "rating", "purchase"], "value": [1.0, 5.0, 900.0], "user_id": "u"}
    )
    assert lowest(events, EventsConfig()) == pytest.approx(1.0 + 0.3 * 4.0)
    assert lowest(events.drop("value"), EventsConfig()) == float("-inf")
    assert strength(events, EventsConfig()).tolist() == pytest.approx([-0.3, 1.0, 1.0])
    assert strength(events, EventsConfig(), low=0.0).tolist() == [1.0, 1.0, 1.0]
