"""The page of promises says what its result files say, and no more than there are."""

import json

from benchmarks.interests.promises import page

ORIGIN = {"command": "python -m x", "date": "2024-05-01T00:00:00", "commit": "abc",
          "hardware": "2 cores", "changes": {}}  # fmt: skip


def kept(folder, name, **told):
    (folder / f"{name}.json").write_text(json.dumps(ORIGIN | told))


def test_the_page_is_made_of_the_result_files(tmp_path):
    kept(tmp_path, "speed", users=5, items=7, events=11, interests=[2, 3],
         one={"events": 10000, "repeats": 30, "ms": 17.31, "cpu_ms": 15.0},
         many={"users": 100000, "users_a_second": 1234, "users_a_cpu_second": 2345})  # fmt: skip
    row = {"layer": "whole", "cases": 900, "falls": 0.985, "falls_low": 0.97, "falls_high": 0.99,
           "beats": 0.995, "beats_low": 0.99, "beats_high": 1.0, "error": 2e-7}  # fmt: skip
    kept(
        tmp_path,
        "faithfulness-shop",
        set="shop",
        learned=400,
        people=300,
        median_events=9,
        figures=[row],
    )
    level = {"level": 1, "nodes": 6, "by_members": 0.991, "by_count": 0.9, "items_stay": 0.96}
    apart = {"level": 1, "people": 2000, "divergence": 0.0021, "distance": 0.031, "p90": 0.06,
             "to_everybody": 0.4, "same_first": 0.97, "layers": {"base": 0.02}}  # fmt: skip
    kept(tmp_path, "stability-shop", set="shop", week={"given": [level]}, seeds=[apart])
    line = {"way": "own words", "kappa": 2.4, "level": 1, "nodes": 6, "log_loss": 1.7457,
            "low": 1.7, "high": 1.8, "calibration_error": 0.047}  # fmt: skip
    kept(tmp_path, "words-forum", set="forum", asked=509, figures=[line])
    made = page(tmp_path)
    words = "| forum | 509 | own words | 2.40 | 1 | 6 | 1.7457 [1.7000, 1.8000] | 0.047 |"
    assert words in made
    assert "of 30 | 17.3 ms | 15.0 ms |" in made
    assert "| 1,234 a second | 2,345 a second |" in made
    assert (
        "| shop | 400 | 300 | 9 | whole | 900 | 98.5% [97.0%, 99.0%] | "
        "99.5% [99.0%, 100.0%] | 2e-07 |" in made
    )
    assert "| shop | given | 1 | 6 | 99.1% | 90.0% | 96.0% |" in made
    assert "| shop | 1 | 2,000 | 0.0021 | 0.031 | 0.060 | 0.400 | 97.0% | base 0.020 |" in made
    assert "2024-05-01, commit abc, 2 cores" in made


def test_what_was_not_measured_is_not_there(tmp_path):
    kept(tmp_path, "stability-shop", set="shop", week={})
    made = page(tmp_path)
    assert "How fast" not in made
    assert "dice" not in made
    assert "own words tell their" not in made
