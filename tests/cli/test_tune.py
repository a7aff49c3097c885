"""`penchant tune` as a person and as a script would call it."""

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from penchant import EngineConfig, WorldConfig, make_world
from penchant.cli.main import app

SETTINGS = """
[encode]
kind = "hashed"

[interests]
layers = ["base", "popularity"]
fusion.kind = "fixed"
popularity.half_lives = [7.0, 100.0]
popularity.snapshots = 32
base.linear.penalty = [30.0]
base.linear.text = [0.1]
base.linear.rhythms = [[1.0, 0.0]]
"""
SPACE = """
interests.base.linear.penalty = [[3.0], [30.0], [300.0]]

[interests.popularity]
smoothing = { low = 0.1, high = 5.0, log = true }
"""
FEW = ("--trials", 3, "--folds", 2, "--method", "random")


def run(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    return result


@pytest.fixture(scope="module")
def kept(tmp_path_factory) -> Path:
    """A workspace, and a space beside it."""
    here = tmp_path_factory.mktemp("tune")
    world = make_world(WorldConfig.small(users=40, items=80, events=1000))
    world.events.write_parquet(here / "events.parquet")
    world.items.write_parquet(here / "items.parquet")
    run("add", here / "events.parquet", here / "items.parquet", "-w", here / "shop", "--quiet")
    (here / "shop" / "config.toml").write_text(SETTINGS)
    (here / "space.toml").write_text(SPACE)
    return here


@pytest.fixture
def here(kept, tmp_path, monkeypatch) -> Path:
    folder = shutil.copytree(kept, tmp_path / "here")
    monkeypatch.chdir(folder)
    return folder


def test_a_person_reads_what_was_found_and_what_comes_next(here):
    result = run("-w", "shop", "tune", "space.toml", *FEW, "--write", "best.toml")

    assert "3 trials (3 seen through)" in result.stdout
    assert "default" in result.stdout
    assert "ended: 3 trials were made" in result.stdout
    assert "were not looked at" in result.stdout
    assert "a new study: shop/tuning/" in result.stderr
    assert "written: best.toml" in result.stderr
    assert EngineConfig(**tomllib.loads((here / "best.toml").read_text()))


def test_a_script_reads_json_and_the_same_call_goes_on(here):
    call = ("-w", "shop", "tune", "space.toml", *FEW, "--json")
    first, again = (json.loads(run(*call).stdout) for _ in range(2))

    assert (first["before"], again["before"]) == (0, 3)
    assert first["trials"] == again["trials"]
    assert first["trials"][0]["value"] == first["default"]["value"]
    more = run("-w", "shop", "tune", "space.toml", *FEW, "--trials", 4)
    assert "3 trials before, 1 new" in more.stderr


def test_the_settings_found_can_be_learned_with_and_judged(here):
    run("-w", "shop", "tune", "space.toml", *FEW, "--write", "best.toml", "--fit", "-q")
    model = json.loads(run("-w", "shop", "models", "--json").stdout)
    assert len(model) == 1
    run("-w", "shop", "fit", "--config", "best.toml", "-q")
    judged = run(
        "-w", "shop", "evaluate", "--split", "time", "--config", "best.toml", "--no-baselines",
        "--json",
    )  # fmt: skip
    assert json.loads(judged.stdout)["rows"]


def test_the_example_is_a_space(here):
    text = run("tune", "--example").stdout
    assert text.startswith("# A space for `penchant tune`")
    assert "interests.dynamic" in text
    (here / "mine.toml").write_text(text)
    wrong = text.replace("dropout =", "dropuot =")
    (here / "wrong.toml").write_text(wrong)
    told = run("-w", "shop", "tune", "wrong.toml", *FEW, code=2).stderr
    assert "interests.dynamic.dropuot: unknown setting. Did you mean 'dropout'?" in told
    assert json.loads(run("tune", "--example", "--json").stdout)["space"].rstrip() == text.rstrip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.toml"], "nowhere.toml: no such file"),
        (["--method", "luck"], "--method: 'luck' came; expected one of bayes, random, grid"),
        (["--split", "time"], "--split: 'time' came; expected one of rolling, last"),
        (["--metric", "ndgc@10"], "metric: 'ndgc@10' came"),
        (["--minutes", "0"], "TuneConfig.minutes"),
        (["-w", "nowhere"], "there is no workspace here"),
    ],
)
def test_mistakes_are_told_in_one_message(here, words, said):
    assert said in run("-w", "shop", "tune", *words, code=2).stderr


def test_ctrl_c_prints_the_best_so_far_and_says_how_to_go_on(here, monkeypatch):
    from penchant.engine.validation import Validation

    measure, calls = Validation.measure, []

    def stopping(self, settings, fold):
        calls.append(fold)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return measure(self, settings, fold)

    monkeypatch.setattr(Validation, "measure", stopping)
    stopped = run("-w", "shop", "tune", "space.toml", *FEW, "--fit", code=130)
    assert "1 trial (1 seen through)" in stopped.stdout
    assert "the same command goes on from here" in stopped.stderr
    assert "learned" not in stopped.stderr
    assert "3 trials" in run("-w", "shop", "tune", "space.toml", *FEW).stdout


def test_ctrl_c_before_the_default_was_seen_through(here, monkeypatch):
    from penchant.engine.validation import Validation

    def stopping(self, settings, fold):
        raise KeyboardInterrupt

    monkeypatch.setattr(Validation, "measure", stopping)
    stopped = run("-w", "shop", "tune", "space.toml", *FEW, code=130)
    assert "Stopped. Nothing was seen through yet" in stopped.stderr
