"""`penchant rebuild` on real workspaces: what came since the fit counts as if read anew."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner, Result

from penchant import Engine, WorldConfig, make_world
from penchant.cli.main import app
from penchant.data.pasts import Pasts
from penchant.interests.running import Running
from penchant.store.lock import fitting

SETTINGS = """
[encode]
kind = "hashed"

[interests]
layers = ["base", "context", "popularity"]

[interests.context]
kind = "naive-bayes"

[interests.fusion]
kind = "fixed"
"""


def run(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    return result


def rebuilt(*words: object, code: int = 0) -> dict:
    """The JSON answer; nothing else may stand on standard output."""
    return json.loads(run("rebuild", *words, "--json", code=code).stdout)


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small())


@pytest.fixture(scope="module")
def parts(world) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Events to learn from, with gaps in them, and those that come afterwards: the newest, and some
    that are older than the newest of the first."""
    events = world.events.sort("timestamp", "user_id", "item_id").with_row_index("k")
    late = (pl.col("k") % 9 == 0) | (pl.col("k") >= int(0.9 * events.height))
    return tuple(events.filter(x).drop("k") for x in (~late, late))


@pytest.fixture(scope="module")
def fitted(world, parts, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fitted")
    shop, known = folder / "shop", parts[0]["item_id"].unique()
    parts[0].write_parquet(folder / "events.parquet")
    world.items.filter(pl.col("item_id").is_in(known.implode())).write_parquet(
        folder / "items.parquet"
    )
    run("add", folder / "events.parquet", folder / "items.parquet", "-w", shop, "--quiet")
    (shop / "config.toml").write_text(SETTINGS)
    run("fit", "-w", shop, "--quiet")
    return shop


@pytest.fixture
def shop(fitted, tmp_path) -> Path:
    """A copy of the fitted workspace that a test may change."""
    return Path(shutil.copytree(fitted, tmp_path / "shop"))


@pytest.fixture
def followed(shop, world, parts) -> Path:
    """With events that came since, out of order, in ties, some of new items and new people."""
    came, engine = parts[1].sample(fraction=1.0, shuffle=True, seed=5), Engine(shop)
    newest, ann = parts[0]["timestamp"].max(), came["user_id"][0]
    twin = world.items.head(1).with_columns(item_id=pl.lit("twin"))
    for k in range(0, came.height, 400):
        engine.add(events=came[k : k + 400])
        if k == 400:
            engine.add(events=at(newest, [ann, "new"], "twin"))  # an event before its item
            engine.add(items=twin)
            engine.add(events=at(newest - timedelta(days=3), [ann, "new", "newer"], "only met"))
    items = world.items["item_id"].head(3).to_list()
    engine.add(events=pl.concat([at(newest, [ann, "new"], item) for item in items]))
    return shop


def at(time, users, item) -> pl.DataFrame:
    rows = {"user_id": users, "item_id": item, "timestamp": time, "event": "purchase"}
    return pl.DataFrame(rows, schema_overrides={"timestamp": pl.Datetime("us", "UTC")})


def test_what_came_late_out_of_order_and_in_ties_counts_as_in_the_whole_log(followed, parts):
    """Everybody: by pieces, begun anew, and the whole log at once."""
    found = rebuilt("-w", followed, "--people", 0)

    assert found["same"] and not found["moved"] and found["without"] is None
    assert found["came"] == parts[1].height + 2 + 3 + 6
    assert found["rows"] == parts[0].height + found["came"]
    assert found["people"] == len(set(parts[0]["user_id"]) | set(parts[1]["user_id"])) + 2
    for way in ("streamed", "batch"):
        for figure in ("scores", "weights", "evidence"):
            assert 0 <= found[way][figure] <= 1e-5
        assert found[way]["differ"] == 0 and not found[way]["people"] + found[way]["items"]
    assert Engine(followed).model.catalogue.items.row("twin") >= 0


def test_people_are_a_sample_of_both_and_shown_in_a_table(followed):
    result = run("rebuild", "-w", followed, "--people", 20)

    said = " ".join(result.stdout.split())
    assert "20 people (18 acted since the fit)" in said
    assert said.count("same: scores at most") == 2
    assert "services begin anew" in said
    assert "follow what came" in result.stderr and "compare" in result.stderr
    quiet = run("rebuild", "-w", followed, "--people", 3, "--no-batch", "--quiet")
    assert quiet.stderr == "" and "left out" in quiet.stdout


def test_what_differs_is_said_with_whom_and_what_to_do(followed, monkeypatch):
    """Pasts that do not go on: a fault of what follows, of which the log knows nothing."""
    monkeypatch.setattr(Pasts, "take_in", lambda *_: None)
    result = run("rebuild", "-w", followed, "--quiet", code=1)

    assert "DIFFERENT" in result.stdout
    said = " ".join(result.stderr.split())
    assert "Error: rebuilt from the log is not what was followed piece by piece" in said
    assert "such as" in said and "penchant fit" in said
    found = rebuilt("-w", followed, "--people", 10, code=1)
    assert not found["same"] and 0 < len(found["streamed"]["people"]) <= 5
    assert found["streamed"]["scores"] > 1e-5


def test_counts_that_went_wrong_differ_for_everybody(followed, monkeypatch):
    """Popularity that counts what comes twice."""
    follow = Running.follow

    def twice(running, item, time, people):
        follow(running, item, time, people)
        if len(item) < 100:  # what comes piece by piece alone
            follow(running, item, time, people + 1)

    monkeypatch.setattr(Running, "follow", twice)
    found = rebuilt("-w", followed, "--people", 10, "--no-batch", code=1)
    assert found["streamed"]["differ"] == 10


def test_nothing_came_since_the_fit(shop):
    result = run("rebuild", "-w", shop, "--people", 5)

    assert "0 of them since the fit" in " ".join(result.stdout.split())
    assert "nothing to follow" in result.stderr
    assert rebuilt("-w", shop, "--people", 5)["batch"]["differ"] == 0


def test_without_a_model_there_is_nothing_to_follow(world, tmp_path):
    world.events.head(50).write_parquet(tmp_path / "events.parquet")
    run("add", tmp_path / "events.parquet", "-w", tmp_path / "shop", "--quiet")
    Engine(tmp_path / "empty")

    result = run("rebuild", "-w", tmp_path / "shop")
    assert "no model serves" in result.stdout and "penchant fit" in result.stderr
    assert "penchant add" in run("rebuild", "-w", tmp_path / "empty").stderr
    assert rebuilt("-w", tmp_path / "empty") == {
        "model": None, "same": True, "half_done": 0, "damaged": 0, "told": False
    }  # fmt: skip
    assert "there is no workspace" in run("rebuild", "-w", tmp_path / "none", code=2).stderr


def test_half_done_fits_go_and_vectors_stay(shop):
    run("fit", "-w", shop, "--quiet")
    before = sorted(p.name for p in (shop / "cache").rglob("*.safetensors"))
    assert before
    (shop / "scratch" / "fit-1").mkdir(exist_ok=True)
    found = rebuilt("-w", shop, "--people", 2)

    assert (found["half_done"], found["damaged"], found["told"]) == (1, 0, True)
    assert not list((shop / "scratch").iterdir())
    assert sorted(p.name for p in (shop / "cache").rglob("*.safetensors")) == before


def test_vectors_that_are_damaged_are_set_aside(shop):
    run("fit", "-w", shop, "--quiet")
    file = next((shop / "cache").rglob("*.safetensors"))
    held = bytearray(file.read_bytes())
    held[-1] ^= 1
    file.write_bytes(held)

    assert "1 damaged file" in run("rebuild", "-w", shop, "--people", 2).stdout
    assert not file.exists() and file.with_suffix(".damaged").exists()


def test_while_a_fit_runs_its_work_stays_and_nobody_is_told(shop):
    (shop / "scratch" / "fit-1").mkdir()
    with fitting(shop):
        found = rebuilt("-w", shop, "--people", 2)
    assert (found["half_done"], found["told"]) == (None, False)
    assert (shop / "scratch" / "fit-1").is_dir()


def test_who_answers_begins_anew_and_rolling_back_still_works(followed):
    service = Engine(followed)
    ann = str(service.data.log.users[0])
    before, kept = service.recommend(ann), service.live
    run("rebuild", "-w", followed, "--people", 2, "--quiet")
    service.live.catch_up()
    assert service.live is not kept
    np.testing.assert_allclose(
        [r.score for r in service.recommend(ann)], [r.score for r in before], atol=1e-5
    )
    assert "no earlier whole version" in run("rollback", "-w", followed, code=2).stderr


def test_steps_that_look_at_everybody_leave_the_whole_log_out(world, tmp_path):
    world.events.head(2000).write_parquet(tmp_path / "events.parquet")
    shop = tmp_path / "shop"
    run("add", tmp_path / "events.parquet", "-w", shop, "--quiet")
    (shop / "config.toml").write_text(SETTINGS + "\n[clean]\ncore_users = 2\n")
    run("fit", "-w", shop, "--quiet")
    found = rebuilt("-w", shop, "--people", 10)
    assert found["batch"] is None and "clean.core_users" in found["without"]
