"""A setting that is wrong is told plainly: which, what came, what was expected."""

import pytest

from penchant import EngineConfig, Filters, SplitConfig
from penchant.errors import ConfigError


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"encode.kind": "hased"},
            "EngineConfig.encode.kind: 'hased' came; expected 'text', 'static' or 'hashed'",
        ),
        ({"seed": "x"}, "EngineConfig.seed: 'x' came; expected a whole number"),
        ({"seed": 1.5}, "EngineConfig.seed: 1.5 came; expected a whole number"),
        ({"encode": 3}, "EngineConfig.encode: 3 came; expected names with values"),
        (
            {"interests.base.linear.penalty": "a"},
            "EngineConfig.interests.base.linear.penalty: 'a' came; expected a list",
        ),
        ({"tree.sizes": (5, 3)}, "EngineConfig.tree: sizes has 2 entries for 3 levels"),
        (
            {"encode.modle": "x"},
            "EngineConfig.encode.modle: unknown setting. Did you mean 'model'?",
        ),
        (
            {"events.weights": {"a": "b", "c": "b"}},
            "EngineConfig.events.weights.a: 'b' came; expected a number\n"
            "EngineConfig.events.weights.c: 'b' came; expected a number",
        ),
    ],
)
def test_groups_of_settings_are_told_in_one_path(changes, told):
    with pytest.raises(ConfigError) as refused:
        EngineConfig().but(**changes)
    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("kind", "said", "told"),
    [
        (Filters, {"seen": "perhaps"}, "Filters.seen: 'perhaps' came; expected true or false"),
        (Filters, {"where": {"a": None}}, "Filters.where.a: None came; expected text or a list"),
        (
            Filters,
            {"allow": [1.5]},
            "Filters.allow: item_id: 1.5 came; expected an id: text or a whole number",
        ),
        (SplitConfig, {"windows": 0}, "SplitConfig.windows: 0 came; expected 1 or more"),
        (SplitConfig, {"holdout": 1.0}, "SplitConfig.holdout: 1.0 came; expected less than 1.0"),
        (SplitConfig, {"cut": "soon"}, "SplitConfig.cut: 'soon' came; expected a time: ISO 8601"),
    ],
)
def test_what_came_and_what_is_allowed_are_told(kind, said, told):
    with pytest.raises(ConfigError) as refused:
        kind(**said)
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


def test_a_long_value_is_cut():
    for value in ("x" * 1_000_000, ["x"] * 1_000_000, {n: n for n in range(1_000_000)}):
        with pytest.raises(ConfigError) as refused:
            EngineConfig(seed=value)
        assert len(str(refused.value)) < 130
