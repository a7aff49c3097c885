"""The growth benchmark: one small point through it, and the page that comes of it."""

import json
import math
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def page():
    return runpy.run_path(str(BENCHMARKS / "growth_page.py"))


def run(events, items, seconds, memory=100.0):
    fit = {
        "seconds": seconds,
        "cpu_seconds": seconds,
        "peak_mib": memory,
        "disk_mib": 1.0,
        "parts": {"encode": 0.0},
        "steps": {"base": seconds},
    }
    about = {"date": "2026-01-01", "commit": "abc", "changes": {}, "threads": 2, "cores": 2}
    return {"events": events, "items": items, "fit": fit, "hardware": "x", **about}


def test_the_slope_of_a_power_law_is_its_power(page):
    assert page["slope"]([(x, 3 * x**1.5) for x in (1, 10, 1000)]) == pytest.approx(1.5)


def test_the_page_tells_slopes_and_draws_them(page, tmp_path):
    runs = [run(10**k, 100_000, 10.0**k / 1000) for k in (4, 5, 6)]
    runs += [run(10**6, i, math.sqrt(i)) for i in (1_000, 300_000)]
    for n, r in enumerate(runs):
        (tmp_path / f"{n}.json").write_text(json.dumps(r), encoding="utf-8")
    page["write"](tmp_path, tmp_path, [(10**6, 100_000), (10**7, 300_000)])
    text = (tmp_path / "growth.md").read_text(encoding="utf-8")
    assert "events, with 100,000 items: time **1.00**, memory **0.00**" in text
    assert "| 1,000,000 | 100,000 |" in text
    assert "Not measured yet: 10,000,000 events and 300,000 items." in text
    assert (tmp_path / "growth.svg").read_text(encoding="utf-8").count("<circle") == 2 * (3 + 3)


def test_a_small_point_is_measured_in_processes_of_its_own(tmp_path):
    command = [sys.executable, str(BENCHMARKS / "growth.py"), "3000:200"]
    command += ["--folder", str(tmp_path / "worlds"), "--results", str(tmp_path / "results")]
    command += ['--set=interests.layers=["base","popularity"]']
    subprocess.run(command, check=True, capture_output=True)
    found = json.loads((tmp_path / "results" / "3000-200.json").read_text(encoding="utf-8"))
    assert found["fit"]["summary"]["items"] == 200
    assert found["fit"]["peak_mib"] > 50
    assert "base: solving" in found["fit"]["steps"]
