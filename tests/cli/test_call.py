"""What holds for every call: help, options before and behind the verb, errors, Ctrl-C, colour."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from penchant.cli.main import GROUPS, app, reference
from penchant.cli.progress import Bars, Lines, chosen
from penchant.cli.session import Session
from penchant.cli.settings import parsed
from penchant.engine import EngineConfig
from penchant.errors import ConfigError
from penchant.types import QUIET, Report

VERBS = [verb.__name__ for verbs in GROUPS.values() for verb in verbs]
QUICK = ["--set", "encode.kind=hashed", "--set", 'interests.layers=["base", "popularity"]']


def run(*words: object, code: int = 0, **more):
    result = CliRunner().invoke(app, [str(word) for word in words], **more)
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    return result


def process(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "penchant.cli", *words],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        check=False,
    )


# help


def test_help_needs_neither_torch_nor_polars():
    code = (
        "import sys\n"
        "from penchant.cli.main import main\n"
        "sys.argv = ['penchant', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'polars', 'sklearn', 'scipy', 'pydantic', 'numpy', 'transformers'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert "loaded: []" in done.stdout
    assert all(verb in done.stdout for verb in VERBS)


def test_examples_set_what_can_be_set():
    helped = " ".join(verb.__doc__ or "" for verbs in GROUPS.values() for verb in verbs)
    words = re.findall(r"--set ([^\s`]+)", helped)

    assert len(words) > 2
    EngineConfig().but(**parsed(words))


@pytest.mark.parametrize(
    ("verb", "options"),
    [
        ("demo", ["--users", "--items", "--events", "--seed", "--small"]),
        ("add", ["--events", "--items", "--users", "--relations", "--exposures", "--map", "--event",
                 "--format"]),
        ("consume", ["--kind", "--group", "--from", "--batch", "--once", "--dead-letters",
                     "--metrics", "--kafka"]),
        ("check", ["--events", "--items", "--map"]),
        ("fit", ["--if-better"]),
        ("interests", ["--tree", "--text", "--over", "--ahead", "--when", "--at", "--context"]),
        ("feedback", ["--more", "--less", "--never", "--item", "--clear", "--clear-all", "--at"]),
        ("recommend", ["--explain", "-n", "--within", "--where", "--allow", "--deny", "--seen",
                       "--no-seen", "--like", "--context", "--at", "--diversify"]),
        ("explain", ["--at", "--context"]),
        ("evaluate", ["--split", "--cut", "--test-fraction", "--no-baselines", "--out"]),
        ("diagnose", ["--split", "--cut", "--test-fraction", "--baselines", "--out"]),
        ("tune", ["--minutes", "--method", "--folds", "--metric", "--example", "--write"]),
        ("forget", ["--yes"]),
        ("status", []),
        ("config", ["--defaults", "--unset"]),
        ("models", []),
        ("promote", []),
        ("rollback", []),
        ("rebuild", ["--people", "--no-batch"]),
        ("audit", ["--n", "--since", "--action", "--of"]),
        ("backup", []),
        ("restore", []),
        ("serve", ["--host", "--port", "--workers", "--present", "--root-path", "--tls-cert",
                   "--tls-key"]),
        ("keys", ["--scope", "--days", "--rate"]),
    ],
)  # fmt: skip
def test_help_has_the_options_and_an_example(verb, options):
    said = run(verb, "--help", env={"COLUMNS": "120"}).stdout

    for option in [*options, "--workspace", "--config", "--set", "--json", "--quiet", "--debug"]:
        assert option in said
    assert f"penchant {verb}" in said.split("Examples:")[1]


def test_every_verb_is_tested_for_its_help():
    marks = test_help_has_the_options_and_an_example.pytestmark
    assert sorted(case[0] for case in marks[0].args[1]) == sorted(VERBS)


def test_the_reference_has_every_verb_and_option():
    page = reference()

    for verb in VERBS:
        assert f"## penchant {verb}\n" in page
    for word in ("`--within INTEREST`", "`--seen`, `--no-seen`", "`--workspace FOLDER`",
                 "`-n N`", "    penchant recommend ann -n 5 --explain"):  # fmt: skip
        assert word in page
    assert "\b" not in page and page == reference()


def test_the_version_is_told():
    assert run("--version").stdout.startswith("penchant 0")


# options before and behind the verb


def _seen(monkeypatch) -> list[Session]:
    """Sessions of calls of `status`, which does nothing else."""
    found: list[Session] = []
    monkeypatch.setattr(Session, "opened", lambda self: found.append(self) or _Nothing())
    return found


class _Nothing:
    def status(self):
        return self

    def __getattr__(self, name: str):
        return {"to_json": dict, "rows": {}, "problem": None, "model": "1"}.get(name)


def test_options_may_stand_before_or_behind_the_verb(monkeypatch):
    found = _seen(monkeypatch)

    run("-w", "a", "--set", "seed=1", "--json", "status", "--set", "keep=2", "-q")
    run("status", "-w", "a", "--config", "c.toml")
    run("-w", "a", "status", "-w", "b")
    run("status", env={"PENCHANT_WORKSPACE": "c"})
    run("status", "-w", "d", env={"PENCHANT_WORKSPACE": "c"})

    assert [str(s.workspace) for s in found] == ["a", "a", "b", "c", "d"]
    assert found[0].sets == ("seed=1", "keep=2") and found[0].json and found[0].quiet
    assert found[1].config == Path("c.toml")
    assert [s.named for s in found] == [True, True, True, False, True]


def test_settings_come_from_defaults_then_the_file_then_the_call(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "config.toml").write_text("seed = 1\nkeep = 7\n")
    (tmp_path / "other.toml").write_text("seed = 2\n")

    kept = Session(tmp_path / "shop", sets=("interests.base.kind=svd",)).settings()
    other = Session(tmp_path / "shop", config=tmp_path / "other.toml", sets=("keep=9",)).settings()

    assert (kept.seed, kept.keep, kept.interests.base.kind) == (1, 7, "svd")
    assert (other.seed, other.keep, other.interests.base.kind) == (2, 9, "linear")


def test_a_list_that_is_not_whole_is_told():
    with pytest.raises(ConfigError, match="not valid TOML"):
        Session(sets=("evaluate.k=[5, ",)).settings()


# errors and interruption


def _broken(session: Session) -> None:
    raise ZeroDivisionError("a slip")


def _call(monkeypatch, does, *words: str, code: int):
    monkeypatch.setattr(Session, "opened", does)
    return run("status", *words, code=code)


def test_an_unforeseen_error_is_short_and_says_how_to_report(monkeypatch):
    short = _call(monkeypatch, _broken, code=70)
    long = _call(monkeypatch, _broken, "--debug", code=70)
    plain = json.loads(_call(monkeypatch, _broken, "--json", code=70).stderr)

    assert "ZeroDivisionError: a slip" in short.stderr and "--debug" in short.stderr
    assert "Traceback" not in short.output and "Traceback" in long.stderr
    assert plain["error"]["type"] == "ZeroDivisionError"


def test_debug_shows_where_a_known_error_came_from(tmp_path):
    assert "Traceback" in run("status", "-w", tmp_path / "x", "--debug", code=2).stderr


def test_errors_of_usage_are_json_too():
    plain = run("fit", "--bogus", code=2).stderr
    error = json.loads(run("fit", "--bogus", "--json", code=2).stderr)

    assert "No such option" in plain
    assert error["error"]["type"] == "UsageError" and "--bogus" in error["error"]["message"]
    assert run("status", "--json", "--help").stdout


def test_interruption_says_what_is_kept(monkeypatch):
    def stopped(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "engine", stopped)

    assert "penchant fit` again to go on" in run("fit", code=130).stderr
    assert run("interests", "ann", code=130).stderr == "Stopped. Nothing was changed.\n"


def test_ctrl_c_in_a_fit_ends_with_130(tmp_path):
    shop = str(tmp_path / "shop")
    log = "".join(f"u{n % 50},i{n % 97},2024-01-{n % 28 + 1:02}\n" for n in range(5_000))
    (tmp_path / "log.csv").write_text(f"user_id,item_id,timestamp\n{log}")
    run("add", tmp_path / "log.csv", "-w", shop)
    endless = f"interests.base.linear.penalty={[1.0 + n for n in range(5_000)]}"
    words = ["fit", "-w", shop, *QUICK, "--set", endless]
    fit = subprocess.Popen(
        [sys.executable, "-m", "penchant.cli", *words], stderr=subprocess.PIPE, text=True
    )
    assert fit.stderr is not None
    for line in fit.stderr:
        if line.startswith("interest tree"):
            break
    fit.send_signal(signal.SIGINT)
    rest = fit.stderr.read()
    fit.stderr.close()

    assert fit.wait() == 130
    assert "run `penchant fit` again" in rest and "Traceback" not in rest


# progress


def _some_work(progress) -> None:
    with progress.step("learn", 4) as step:
        step.advance(2, "loss 5.1")
        with progress.step("inside") as inner:
            inner.advance()
        step.advance(2)


def test_elsewhere_than_on_a_terminal_progress_is_a_line_a_step():
    text = io.StringIO()
    _some_work(Lines(Console(file=text, width=80)))

    lines = text.getvalue().splitlines()
    assert lines[0].startswith("  inside: 1") and lines[1].startswith("learn: 4 ")
    assert "loss 5.1" in lines[1]


def test_a_step_that_was_cut_short_says_so():
    text = io.StringIO()
    with pytest.raises(KeyboardInterrupt), Lines(Console(file=text)).step("learn", 10) as step:
        step.advance(3)
        raise KeyboardInterrupt

    assert "learn: 3 of 10" in text.getvalue()


def test_on_a_terminal_progress_is_bars():
    text = io.StringIO()
    console = Console(file=text, width=100, force_terminal=True, color_system=None)
    progress = chosen(console, quiet=False)
    _some_work(progress)
    _some_work(progress)

    assert isinstance(progress, Bars)
    assert "━" in text.getvalue() and "4/4" in text.getvalue() and "loss 5.1" in text.getvalue()


def test_quiet_progress_is_none():
    assert chosen(Console(file=io.StringIO()), quiet=True) is QUIET


# output


def test_nothing_that_comes_from_data_is_taken_as_markup(capsys):
    Session().out.answer(dict, "a [bold]title[/bold] :smile:")
    Session().out.note("[red]note[/red]")
    report = Report()
    report.add("clean", "odd [b]ids", 1, examples=["[x]"])
    Session().out.report(report)
    said = capsys.readouterr()

    assert said.out == "a [bold]title[/bold] :smile:\n"
    assert "[red]note[/red]" in said.err and "odd [b]ids: 1 (e.g. [x])" in said.err


def test_json_has_no_nan(capsys):
    Session(json=True).out.answer(lambda: {"a": [float("nan"), 1.5], "b": float("inf")})

    assert json.loads(capsys.readouterr().out) == {"a": [None, 1.5], "b": None}


def test_pipes_get_no_colour(tmp_path):
    done = process("config", "-w", str(tmp_path), "interests.base.kind")
    bad = process("status", "-w", str(tmp_path / "no"))

    assert done.stdout == '[interests.base]\nkind = "linear"\n'
    assert (bad.returncode, bad.stdout) == (2, "") and "\x1b" not in bad.stderr


# config


def test_config_shows_what_is_in_use_and_the_defaults(tmp_path):
    (tmp_path / "config.toml").write_text("seed = 4\n")

    used = run("config", "-w", tmp_path).stdout
    defaults = run("config", "--defaults", "-w", tmp_path).stdout
    (tmp_path / "all.toml").write_text(defaults)

    assert "seed = 4" in used and "seed = 0" in defaults
    assert run("config", "--config", tmp_path / "all.toml").stdout == defaults
    assert json.loads(run("config", "--json", "-w", tmp_path).stdout)["seed"] == 4


def test_config_writes_settings_and_keeps_comments(tmp_path):
    (tmp_path / "config.toml").write_text("# ours\nseed = 4\n\n[interests.base]\nkind = 'svd'\n")
    words = ["interests.base.kind=linear", "evaluate.k=[3, 5]", "seed=5", "events.weights.tap=0.5"]

    run("config", *words, "-w", tmp_path)
    run("config", "--unset", "seed", "-w", tmp_path)

    text = (tmp_path / "config.toml").read_text()
    assert text.startswith("# ours\n") and "seed" not in text
    assert run("config", "interests.base.kind", "-w", tmp_path).stdout.endswith('kind = "linear"\n')
    assert "k = [3, 5]" in text and "[events.weights]\ntap = 0.5" in text


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("sed=5", "unknown setting"),
        ("interests.base.kind=sv", "'linear', 'svd'"),
        ("interests.bas", "Did you mean 'base'?"),
        ("recommend.n=-3", "recommend"),
        ("recommend.events=0", "recommend"),
    ],
)
def test_config_refuses_what_is_no_setting(word, said, tmp_path):
    assert said in run("config", word, "-w", tmp_path, code=2).stderr
    assert not (tmp_path / "config.toml").exists()


def test_config_says_from_when_a_setting_counts(tmp_path):
    def said(*words):
        return run("config", *words, "-w", tmp_path).stderr

    assert "at once" in said("recommend.n=5") and "fit" not in said("--unset", "recommend.n")
    assert "It counts from the next `penchant fit` on" in said("seed=2")
    assert "the rest at once" in said("seed=3", "recommend.n=4")


def test_config_unset_says_what_is_not_there(tmp_path):
    run("config", "seed=2", "-w", tmp_path)
    unknown = run("config", "--unset", "nosuch", "-w", tmp_path, code=2).stderr
    unset = run("config", "--unset", "recommend.n", "-w", tmp_path).stderr

    assert "'nosuch' is no setting" in unknown
    assert "recommend.n is not set" in unset and "written" not in unset


def test_config_is_toml_however_long_its_lines_and_narrow_the_terminal(tmp_path):
    template = "{title} " + "and so on " * 30
    (tmp_path / "config.toml").write_text(f'[encode]\ntemplate = ["{template}"]\n')

    told = run("config", "-w", tmp_path, env={"COLUMNS": "80"}).stdout

    assert tomllib.loads(told)["encode"]["template"] == [template]


def test_config_says_so_where_a_line_cannot_be_changed(tmp_path):
    (tmp_path / "config.toml").write_text("interests = {base = {kind = 'svd'}}\n")

    result = run("config", "interests.base.kind=linear", "-w", tmp_path, code=2)

    assert "change it by hand" in result.stderr


# demo


def test_the_demo_shows_figures_three_people_and_the_truth(tmp_path):
    shop = tmp_path / "shop"
    result = run("demo", "--small", *QUICK, "-w", shop, env={"COLUMNS": "100"})

    assert result.stdout.count("what is true, and what Penchant says") == 3
    assert "ndcg@10" in result.stdout and "you like" in result.stdout
    assert "done in" in result.stderr and "fit" in result.stderr
    assert "in use" in run("demo", "--small", "-w", shop, code=2).stderr
    assert run("models", "-w", shop).stdout


def test_the_demo_as_json_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["--users", "60", "--items", "200", "--events", "2000", "--seed", "2"]

    found = json.loads(run("demo", "--small", *words, *QUICK, "--json").stdout)

    assert len(found["users"]) == 3 and found["seconds"]["total"] > 0
    assert sum(t["truth"] for t in found["users"][0]["truth"]) == pytest.approx(1.0, abs=1e-4)
    assert list(tmp_path.iterdir()) == []
