"""A dozen public names, each what it says; and names that say nothing are not used."""

from pathlib import Path

import pytest

import penchant

SOURCE = Path(__file__).parents[2] / "src" / "penchant"

PUBLIC = {
    "Engine",
    "EngineConfig",
    "Filters",
    "PenchantError",
    "Profile",
    "Reason",
    "Recommendations",
    "Report",
    "SplitConfig",
    "World",
    "WorldConfig",
    "make_world",
    "__version__",
}
SAYS_NOTHING = {"utils", "util", "helpers", "common", "misc", "base", "core", "stuff"}


def test_public_names_are_these() -> None:
    assert set(penchant.__all__) == PUBLIC
    assert len(penchant.__all__) == len(PUBLIC)


def test_public_names_can_be_seen_and_used() -> None:
    assert set(dir(penchant)) >= PUBLIC
    for name in PUBLIC - {"__version__"}:
        assert getattr(penchant, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="Enginee"):
        _ = penchant.Enginee


def test_files_say_what_they_are() -> None:
    # interests/base is the base layer, a word of the domain
    found = [
        str(path.relative_to(SOURCE))
        for path in [*SOURCE.rglob("*.py"), *SOURCE.rglob("*/")]
        if path.stem in SAYS_NOTHING and path != SOURCE / "interests" / "base"
    ]
    assert not found
