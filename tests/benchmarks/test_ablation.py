"""The ablation table: what it takes away are settings, and what it remembers changes no figure."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from penchant import EngineConfig, WorldConfig, make_world
from penchant.interests.model import InterestModel
from penchant.testing.layers import ends, planted, quick, shelf

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
FEW = ('encode.kind="hashed"', 'interests.layers=["base", "popularity"]', "tree.levels=2")


def loaded(name):
    spec = importlib.util.spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def remembering():
    yield loaded("remembering")
    del sys.modules["remembering"]


LOG = planted("pairs", users=60, noise=0.5)
CHANGES = [
    {},
    {"fusion.kind": "logistic"},
    {"base.linear.text": (0.0,)},
    {"layers": ("base", "context", "dynamic")},
    {"dynamic.id_dropout": 0.0},
    {"layers": ("context", "dynamic", "popularity")},
]


def scores(model, config_seed=0):
    fitted = model.fit(shelf(), LOG, repeats=False, seed=config_seed)
    return fitted.score(ends(LOG))


def test_what_is_remembered_is_what_would_be_learned_again(remembering):
    memory = {}
    for changes in CHANGES:
        config = quick().but(**changes)
        before = len(memory)
        ours = scores(remembering.RememberingModel(config, memory=memory))
        np.testing.assert_array_equal(ours, scores(InterestModel(config)))
        again = len(memory)
        scores(remembering.RememberingModel(config, memory=memory))
        assert len(memory) == again, "nothing is learned twice"
        assert again == before or changes != CHANGES[1], "another fusion learns no layer again"
    scores(remembering.RememberingModel(quick(), memory=memory), 1)
    assert len(memory) > again, "another seed is learned anew"


def test_what_others_do_is_not_remembered_but_counted(remembering):
    log, memory = planted("social", users=60), {}
    for _ in range(2):
        made = remembering.RememberingModel(quick(), memory=memory)
        made.fit(shelf(), log, repeats=False)
        assert "social" in made.layers
        assert not [key for key in memory if "social" in key]


def run(folder, *words):
    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "ablation.py"), "shop:time", *words,
         "--work", str(folder / "work"), "--results", str(folder / "results"),
         *(w for one in FEW for w in ("--set", one))],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PENCHANT_DATA": str(folder)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (path,) = (folder / "results").glob("*.json")
    return path, json.loads(path.read_text())


def test_a_run_is_resumed_and_never_sees_the_test(tmp_path):
    world = make_world(WorldConfig.small(users=60, events=1500))
    (tmp_path / "shop").mkdir()
    world.events.write_parquet(tmp_path / "shop" / "events.parquet")
    world.items.write_parquet(tmp_path / "shop" / "items.parquet")
    idea = "rhythms: the base forgets"
    path, first = run(tmp_path, "--only", idea)
    assert path.name == "shop-time-validation.json"
    assert [row["idea"] for row in first["rows"]] == ["default", idea]
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "work").glob("*.npy")}
    _, again = run(tmp_path, "--only", idea)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "work").glob("*.npy")} == kept
    for a, b in zip(first["rows"], again["rows"], strict=True):
        assert replaced(a) == replaced(b)

    newest = world.events["timestamp"].sort()[int(0.9 * world.events.height)]
    shuffled = world.events.with_columns(
        item_id=world.events["item_id"].set(
            world.events["timestamp"] >= newest, world.events["item_id"][0]
        )
    )
    other = tmp_path / "other"
    (other / "shop").mkdir(parents=True)
    shuffled.write_parquet(other / "shop" / "events.parquet")
    world.items.write_parquet(other / "shop" / "items.parquet")
    _, unseen = run(other, "--only", idea)
    assert replaced(unseen["rows"][0]) == replaced(first["rows"][0])


def replaced(row):
    return {name: value for name, value in row.items() if name != "seconds"}


def test_every_idea_is_a_setting_that_changes_something():
    words = f"import json, sys; sys.path.insert(0, {str(BENCHMARKS)!r}); import ablation; "
    words += "print(json.dumps([ablation.ideas(n, r, r) for n, r in [(500, False), (9000, True)]]))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    for ideas in json.loads(done.stdout.splitlines()[-1]):
        for idea, changes in ideas.items():
            assert EngineConfig().but(**changes) != EngineConfig(), idea


def test_the_page_says_what_is_clear(tmp_path):
    table = loaded("ablation_table").table
    row = {"idea": "default", "value": 0.3, "low": 0.2, "high": 0.4, "users": 1234}
    worth = {"worth": 0.01, "worth_low": 0.005, "worth_high": 0.015}
    run = {
        "set": "shop", "split": "time", "level": "validation", "date": "2024-05-01T00:00:00",
        "commit": "abc", "seed": 0, "hardware": "2 cores",
        "rows": [row, {**row, "idea": "gate", **worth}],
    }  # fmt: skip
    other = {
        **run,
        "split": "last",
        "rows": [row, {**row, "idea": "kin", **worth, "worth_low": -0.1}],
    }
    for one in (run, other):
        (tmp_path / f"{one['split']}.json").write_text(json.dumps(one))
    page = table(tmp_path)
    assert "| gate | – | **+0.0100 [+0.0050, +0.0150]** |" in page
    assert "| kin | +0.0100 [-0.1000, +0.0150] | – |" in page
    assert "1,234" in page
