"""The page of forecasts says what its result files say, and only of tests."""

import json

from benchmarks.interests.table import page


def test_the_page_is_made_of_the_result_files(tmp_path):
    def row(way, loss):
        return {"level": 1, "way": way, "acts": 1234, "nodes": 6, "log_loss": loss, "low": loss,
                "high": loss, "less": 0.1, "less_low": 0.05, "less_high": 0.15, "accuracy": 0.5,
                "calibration_error": 0.0123}  # fmt: skip

    ways = {"profile": 0.9, "counts": 1.0, "faded counts": 1.1, "global share": 1.2}
    told = {"set": "shop", "tree": "given", "level": "test", "date": "2024-05-01T00:00:00",
            "commit": "abc", "seed": 0, "hardware": "2 cores",
            "figures": [row(*pair) for pair in ways.items()],
            "ahead": {"week": {"chosen": "mean", "after": [
                {"way": "mean", "log_loss": 1.5, "low": 1.4, "high": 1.6, "people": 1234}]},
                "month": None}}  # fmt: skip
    (tmp_path / "shop.json").write_text(json.dumps(told))
    (tmp_path / "other.json").write_text(json.dumps(told | {"set": "x", "level": "validation"}))
    made = page(tmp_path)
    assert (
        "| shop | given | 1 | 6 | 0.9000 | counts | 1.0000 | +10.0% [+5.0%, +15.0%] | 0.0123 |"
        in made
    )
    assert "1,234 acts; 2024-05-01, commit abc" in made
    assert "## x" not in made
    assert "The next week, 1,234 people, level 2: **mean 1.5000 [1.4000, 1.6000]**." in made
    assert "The next month: too few people came back to tell." in made
