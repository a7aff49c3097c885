"""The page of contexts says what its result files say."""

import json

from benchmarks.interests.context_page import page


def told(seed, rank):
    def asked(clear, matters, known=None):
        return {"level": 1, "whom": "everybody", "asked": 1, "lifts": 200, "clear": clear,
                "wrong": 0, "held": 0.95, "rank": known, "rank_of_everybody": known,
                "matters": matters}  # fmt: skip

    loss = {"level": 1, "way": "tree", "log_loss": 1.5, "less": 0.01}
    return {
        "seed": seed, "users": 2000, "events": 152000, "date": "2024-05-01T00:00:00",
        "commit": "abc", "hardware": "1 core",
        "recovered": [{"level": 1, "way": "tree", "pairs": 372, "rank": rank, "error": 0.05}],
        "reported": [asked(50, ["device"], rank)], "reported_without": [asked(0, [])],
        "foretold": [loss], "foretold_without": [loss | {"less": 0.0}],
    }  # fmt: skip


def test_the_page_is_made_of_the_result_files(tmp_path):
    for seed, rank in enumerate((0.9, 0.8)):
        (tmp_path / f"world~{seed}.json").write_text(json.dumps(told(seed, rank)))
    made = page(tmp_path)
    assert "| 1 | tree | 372 | 0.850 [0.800, 0.900] | 0.050 [0.050, 0.050] |" in made
    row = "| planted | 1 | everybody | 400 | 100 (25.0%) | 0 (0.0%) | 95.0% | 0.85 | 0.85 |"
    assert row in made
    assert "| none | 1 | everybody | 400 | 0 (0.0%) | 0 | 95.0% | – | – |" in made
    assert "With planted lifts, level 1, these contexts matter: device (2 of 2)." in made
    assert "Without, level 1, these contexts matter: none." in made
    assert "commit abc, seeds 0, 1, 1 core" in made


def test_without_results_the_page_says_so(tmp_path):
    assert "no result file" in page(tmp_path)
