"""The page of the service's figures says what its result files say, and no more than there are."""

import json

from benchmarks.serve.page import page

ORIGIN = {"command": "python -m x", "date": "2024-05-01T00:00:00", "commit": "abc",
          "hardware": "2 cores"}  # fmt: skip


def kept(folder, name, **told):
    (folder / f"{name}.json").write_text(json.dumps(ORIGIN | told))


def test_the_page_is_made_of_the_result_files(tmp_path):
    assert "|" not in page(tmp_path).replace("[wrk]", "")
    way = {
        "processor_p50": 2.51,
        "processor_p99": 3.0,
        "clock_p50": 2.6,
        "clock_p99": 4.4,
        "best": 2,
    }
    found = {"recall": 0.9931, "n": 100, "people": 50, "worst": 0.97, "scored": 9000}
    kept(tmp_path, "recommend-7", items=7000, ways={"exact": way | {"best": 2}}, recall=found)
    lists = {"a_second": 431.4, "p50_ms": 60.2, "p99_ms": 140.0, "errors": 3}
    events = {"a_second": 6100, "p50_ms": 20, "p99_ms": 44, "failed": 0}
    fresh = {"most_tries": 2, "p50_ms": 9, "p99_ms": 31}
    kept(tmp_path, "load", items=7, workers=2, lists=lists, events=events, freshness=fresh,
         ready_s=4.2, memory_gib=1.7)  # fmt: skip
    one = {"processor_p50": 1.24, "processor_p99": 2.5, "clock_p50": 1.3, "clock_p99": 3333.3}
    kept(tmp_path, "state", items=7, kept=one, state=one, both=one, item=one)
    kept(tmp_path, "faults-x", store="sqlite", kills=9, acknowledged=8000, sent_again=5, lost=0,
         doubled=1)  # fmt: skip
    kept(tmp_path, "full", store="sqlite", filled=5, acknowledged=9000, back_s=0.04, slowest_s=0.1,
         refused={"503 store": 1234}, health={"200": 70}, reads={"200": 560}, slowest_read_s=0.63,
         writes={"200": 1, "503 store": 19}, lost=0, doubled=0)  # fmt: skip
    kept(tmp_path, "soak", minutes=30, asked=100, events=50, errors=0, memory_gib=[1.0, 1.02],
         growth=0.0123)  # fmt: skip
    step = {"wall_s": 281.2, "cpu_s": 147.4, "peak_gib": 1.34}
    kept(tmp_path, "bulk", events=10_000_000, items=100_000, make=step, ask=step | {"people": 9,
         "first": step | {"wall_s": 78.0}}, **{"import": step | {"rows": 10_000_000}})  # fmt: skip
    made = page(tmp_path)
    assert "| put in from Parquet | 10,000,000 | 100,000 | 281 s | 147 s | 1.3 GiB |" in made
    assert (
        "| opened, 9 people asked about |" in made and "first answer | | | 78 s | 147 s |" in made
    )
    assert "learned from" not in made
    assert "| 7,000 | exact | 2.5 ms | 3.0 ms | 2.6 ms | 4.4 ms | 2.0 ms |" in made
    assert "finds 99.3% of the 100 best of 50 people" in made
    assert "| 431 a second | 60 ms | 140 ms | 3 |" in made
    assert "asked 2× at most | 9 ms | 31 ms" in made
    assert "| an item, 7 items | 1.2 ms | 2.5 ms | 1.3 ms | 3,333.3 ms |" in made
    assert "| sqlite | 9 | 8,000 | 5 | 0 | 1 |" in made
    assert (
        "| 5 | 9,000 | 503 store: 1,234 | 200: 70 | 200: 560 | 0.6 s | 200: 1, 503 store: 19 | "
        "0.04 s | 0 | 0 |"
    ) in made
    assert "| 30 | 100 | 50 | 0 | 1.00 → 1.02 | +1.2% |" in made
    assert made.count("`python -m x`, 2024-05-01, commit abc, 2 cores.") == 7
    kept(tmp_path, "bulk-fit", events=9, items=7, make=step, ask=step | {"people": 9},
         fit=step | {"wall_s": 1234.0}, **{"import": step})  # fmt: skip
    with_fit = page(tmp_path)
    assert "| learned from | 9 | 7 | 1,234 s | 147 s | 1.3 GiB |" in with_fit
    assert with_fit.count("put in from Parquet") == 1, "that of the run without a fit"
