"""What is done is skipped, what fails is told and the rest goes on, and the page says it all."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from benchmarks.quality import jobs
from benchmarks.quality.__main__ import arguments, bench, chosen
from benchmarks.quality.jobs import Bench, work_off
from benchmarks.quality.lists import K, Lists
from benchmarks.quality.table import MARK, Board, short, text, write


def answers(place: int) -> Lists:
    items = np.tile(np.roll(np.arange(K, dtype=np.int32), place), (4, 1))
    scores = np.tile(-np.arange(K, dtype=np.float32), (4, 1))
    return Lists(items, scores, np.array([True, False, False, False]))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A benchmark over four users whose target is item 0; peers that put it somewhere."""
    part = tmp_path / "work" / "toy-time" / "test"
    (part / "answers").mkdir(parents=True)
    pairs = pl.DataFrame({"ask": [0, 1, 2, 3], "item": [0, 0, 0, 120]})
    pairs.write_parquet(part / "answers" / "targets.parquet")
    groups = pl.DataFrame({"cold users": [True, False, False, False]})
    groups.write_parquet(part / "answers" / "groups.parquet")
    told = {"set": "toy", "split": "time", "ties": "unordered", "asked": 4, "items": 121,
            "known": 120, "users": 4, "events": 9, "repeats": False}  # fmt: skip
    (part / "about.json").write_text(json.dumps(told), encoding="utf-8")
    asked: list[tuple[str, str]] = []
    places = {"EASE": 4, "popularity": 9, "Penchant": 1, "broken": 0}

    def process(words: list[str]) -> None:
        verb, model, out = (
            ("fit", words[words.index("benchmarks.quality.ours") + 1], Path(words[-3]))
            if "benchmarks.quality.ours" in words
            else (words[3], words[4], Path(words[words.index("--out") + 1]))
        )
        asked.append((verb, model))
        if model == "BPR":
            raise subprocess.CalledProcessError(1, words, None, "Traceback\nMemoryError: too large")
        found = {"seconds": {"fit": 2.0}, "peak_mib": 512.0, "versions": {"x": "1"}, "cores": 1}
        if verb == "tune":
            tried = [{"settings": {"λ": 1}, "ndcg@10": 0.1}]
            best = {"ndcg@10": 0.1, "seconds_to_best": 1.5}
            found |= {"settings": {"λ": 1}, "validation": best, "minutes": 1.0, "tried": tried}
            out.with_suffix(".json").write_text(json.dumps(found), encoding="utf-8")
        elif model == "Penchant":
            answers(places[model]).save(out.parent / "Penchant~0.npz")
            alone = {"base": 0.3, "popularity": 0.2}
            lead = {"difference": 0.17, "low": 0.1, "high": 0.2}
            found |= {"layers": {"alone": alone, "best": "base", **lead}}
            out.write_text(json.dumps({"Penchant": found}), encoding="utf-8")
        else:
            answers(places[model]).save(out)
            out.with_suffix(".json").write_text(json.dumps(found), encoding="utf-8")

    monkeypatch.setattr(jobs, "_process", process)
    said: list[str] = []
    bench = Bench(
        data=tmp_path, work=tmp_path / "work", peers_python=Path("python"),
        results=tmp_path / "results", settings=tmp_path / "settings",
        peers=("EASE", "BPR", "popularity"), ours=("Penchant",), say=said.append,
    )  # fmt: skip
    return bench, asked, said


def test_tuned_fitted_and_measured(made) -> None:
    bench, asked, _ = made
    work_off(bench.run("toy", "time").jobs(), bench.say)
    assert asked[:2] == [("tune", "EASE"), ("fit", "EASE")]
    found = json.loads(bench.run("toy", "time").result("EASE", 0).read_text(encoding="utf-8"))
    assert found["figures"]["all"]["ndcg@10"]["value"] == pytest.approx(0.75 / np.log2(6))
    assert found["filled_by_popularity"] == 1
    assert {"set", "split", "seed", "hardware", "date", "commit", "versions", "settings",
            "tuning", "peak_mib", "seconds", "protocol"} <= set(found)  # fmt: skip


def test_what_is_done_is_skipped_and_what_failed_is_tried_again(made) -> None:
    bench, asked, _ = made
    run = bench.run("toy", "time")
    work_off(run.jobs(), bench.say)
    failed = json.loads(run.result("BPR", 0).read_text(encoding="utf-8"))
    assert "MemoryError: too large" in failed["error"]
    asked.clear()
    work_off(run.jobs(), bench.say)
    assert asked == [("tune", "BPR")]


def test_settings_that_are_kept_are_not_tuned_again(made) -> None:
    bench, asked, _ = made
    run = bench.run("toy", "time")
    work_off(run.jobs(), bench.say)
    run.result("EASE", 0).unlink()
    asked.clear()
    work_off([j for j in run.jobs() if j.model == "EASE"], bench.say)
    assert asked == [("fit", "EASE")]


def test_what_draws_nothing_has_one_seed(made) -> None:
    bench, _, _ = made
    many = Bench(**{**bench.__dict__, "seeds": (0, 1, 2)})
    found = [(j.model, j.seed) for j in many.run("toy", "time").jobs()]
    assert [seed for model, seed in found if model == "BPR"] == [0, 1, 2]
    assert [seed for model, seed in found if model == "EASE"] == [0]


def readme(folder: Path) -> Path:
    path = folder / "README.md"
    path.write_text(f"Before\n{MARK}old\n{MARK}After\n", encoding="utf-8")
    return path


def leads(bench: Bench) -> dict[str, Any]:
    path = bench.results / "toy-time" / "differences.json"
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_page_says_what_was_measured_and_what_failed(made, tmp_path: Path) -> None:
    bench, _, _ = made
    work_off(bench.run("toy", "time").jobs(), bench.say)
    shown_in = readme(tmp_path)
    write(bench, tmp_path / "page.md", shown_in)
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    rows = {line.split("|")[1].strip(): line for line in reversed(lines)}
    assert "failed: MemoryError: too large" in rows["BPR"]
    assert f"{0.75 / np.log2(3):.4f} [" in rows["Penchant"]
    assert "**+0." in rows["EASE"]
    assert rows["toy"].split("|")[5].strip() == "EASE"
    assert "cold users" in page
    assert "| 0.3000 | – | – | – | 0.2000 | **+0.1700 [+0.1000, +0.2000]** |" in page
    shown = shown_in.read_text(encoding="utf-8")
    assert shown.startswith(f"Before\n{MARK}| set")
    assert shown.endswith(f"{MARK}After\n")
    assert "old" not in shown
    assert f"{0.75 / np.log2(3):.4f}" in shown.split("toy-time")[1], "the row links to its board"
    assert "## toy, `time`" in page
    assert "Not run on this set and split yet: " in page and "HSTU, BERT4Rec." in page
    board = Board.read(bench.results / "toy-time")
    assert board.models[0].name == "Penchant"
    assert leads(bench)["EASE"]["difference"] == pytest.approx(
        0.75 / np.log2(3) - 0.75 / np.log2(6)
    )


def test_the_page_can_be_written_without_our_figures(made) -> None:
    bench, _, _ = made
    peers = [j for j in bench.run("toy", "time").jobs() if j.model != "Penchant"]
    work_off(peers, bench.say)
    assert "| EASE |" in text([Board.read(bench.results / "toy-time")])


def test_a_small_lead_is_looked_into_group_by_group(made, tmp_path: Path) -> None:
    bench, _, _ = made
    work_off(bench.run("toy", "time").jobs(), bench.say)
    board = Board.read(bench.results / "toy-time")
    assert "Where the lead is small" not in text([board])
    path = bench.run("toy", "time").result("EASE", 0)
    told = json.loads(path.read_text(encoding="utf-8"))
    for group in told["figures"].values():
        group["ndcg@10"] = {"value": 0.5, "low": 0.4, "high": 0.6}
    path.write_text(json.dumps(told), encoding="utf-8")
    page = text([Board.read(bench.results / "toy-time")])
    ours = 0.75 / np.log2(3)
    more = f"{100 * (ours / 0.5 - 1):+.1f} %"
    assert f"| toy | time | all | 4 | {ours:.4f} | EASE | 0.5000 | {more} |" in page
    assert "| toy | time | cold users | 1 |" in page
    assert "| toy | time | EASE | – | – | – | – |" in page
    write(bench, tmp_path / "page.md", readme(tmp_path))
    both = leads(bench)["EASE"]["together"]
    assert both["ours"] == pytest.approx(ours)
    assert both["difference"] == pytest.approx(both["value"] - ours)
    told = f"| toy | time | EASE | {ours:.4f} | {both['value']:.4f} | {both['weight']:g} |"
    assert told in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_runs_are_chosen() -> None:
    told = arguments().parse_args(["--sets", "xwines,grocery", "--splits", "last"])
    assert chosen(told) == [("xwines", "last"), ("grocery", "last")]
    assert chosen(arguments().parse_args(["lastfm:time"])) == [("lastfm", "time")]


def test_an_unknown_peer_and_a_missing_environment_are_told(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"'SASRek' is unknown; there are .*SASRec"):
        bench(arguments().parse_args(["--peers", "SASRek"]))
    gone = ["--peers-python", str(tmp_path / "python")]
    with pytest.raises(SystemExit, match="requirements-peers"):
        bench(arguments().parse_args(gone))
    assert bench(arguments().parse_args([*gone, "--only", "ours"])).peers == ()


def test_a_peer_that_still_rose_is_marked(made) -> None:
    bench, _, _ = made
    run = bench.run("toy", "time")
    work_off([j for j in run.jobs() if j.model == "EASE"], bench.say)
    path = run.result("EASE", 0)
    told = json.loads(path.read_text(encoding="utf-8"))
    told["tuning"]["validation"] |= {"stopped": "time", "epochs": 9, "best_epoch": 9}
    path.write_text(json.dumps(told), encoding="utf-8")
    assert "| 1 † |" in text([Board.read(path.parent)])
    told["tuning"]["validation"] |= {"best_epoch": 5}
    path.write_text(json.dumps(told), encoding="utf-8")
    assert "| 1 |" in text([Board.read(path.parent)])


def test_the_cost_is_told_as_it_is(made) -> None:
    bench, _, _ = made
    work_off(bench.run("toy", "time").jobs(), bench.say)
    boards = [Board.read(bench.results / "toy-time")]
    early = {"quality": 0.04, "seconds": 20.0, "model": 9.0, "memory": 1.0}
    told = {
        "set": "toy", "split": "time", "cores": 2, "target": 0.05, "theirs": 300.0, "stock": "",
        "their_best": 0.049, "their_epochs": 7,
        "early": early, "full": early | {"quality": 0.06, "seconds": 60.0}, "reached": True,
        "ours": 60.0, "times": 5.0, "times_full": 5.0,
    }  # fmt: skip
    assert "## Cost" not in text(boards)
    assert "**60 s, 5.0 times as fast**" in " ".join(text(boards, told).split())
    assert "[5 times as long](docs/benchmarks.md#cost)" in " ".join(short(boards, told).split())
    missed = told | {"full": early, "reached": False}
    assert "times as long" not in short(boards, missed)
    said = text(boards, missed)
    assert "does not reach what SASRec was tuned to" in " ".join(said.split())
    assert "has 0.0490 at best here" in " ".join(said.split())
    assert "times as fast" not in said
