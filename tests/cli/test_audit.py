"""Acts at the command line leave an entry in the audit log, and `penchant audit` shows it."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from penchant import Engine, WorldConfig, make_world
from penchant.cli.main import app
from penchant.errors import StoreError
from penchant.store.audit import ACTIONS, Entry, masked
from penchant.store.sql.audit import SqlAudit
from penchant.store.workspace import Workspace
from penchant.testing.served import CONFIG
from penchant.testing.stores import events


def run(*words, code=0):
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    return result


def told(*words):
    """The JSON answer; nothing else may stand on standard output."""
    return json.loads(run("audit", *words, "--json").stdout)


@pytest.fixture
def shop(tmp_path) -> Path:
    """A workspace with two people, of which nothing is learned."""
    folder = tmp_path / "shop"
    Workspace(folder).tables.append("events", events(("ann", "a", 0), ("bob", "b", 1)))
    return folder


def test_where_nothing_was_done_that_is_said(shop):
    assert told("-w", shop) == []
    shown = run("audit", "-w", shop)
    assert shown.stdout == ""
    assert "nothing was done yet" in shown.stderr
    shown = run("audit", "--of", "ann", "-w", shop)
    assert shown.stdout == "ann: no erasure stands here; no export stands here\n"
    run("rollback", "-w", shop, code=2)
    assert told("-w", shop) == [], "there was nothing to go back to"
    assert "no workspace" in run("audit", "-w", shop / "nowhere", code=2).stderr


def test_erasures_keys_and_restores_leave_an_entry_without_a_name(shop, tmp_path):
    run("forget", "ann", "--yes", "-w", shop)
    run("keys", "add", "key of bob", "--scope", "read", "-w", shop)
    run("keys", "revoke", "1", "-w", shop)
    run("keys", "revoke", "7", "-w", shop, code=2)
    run("backup", tmp_path / "b.tar", "-w", shop)
    run("restore", tmp_path / "b.tar", "-w", tmp_path / "new")
    acts = told("-w", tmp_path / "new")
    made = acts[0]["detail"].pop("backup")
    assert datetime.now(UTC) - datetime.fromisoformat(made) < timedelta(hours=1)
    assert [(act["action"], act["subject"], act["detail"]) for act in acts] == [
        ("restore", None, {}),
        ("revoke-key", None, {"key": "1"}),
        ("add-key", None, {"key": "1", "scopes": ["read"]}),
        ("forget", masked("ann"), {"rows": 1}),
    ]
    assert {act["actor"] for act in acts} == {"command line"}
    assert "ann" not in str(acts) and "bob" not in str(acts)
    acts_there = told("-w", shop)
    assert acts_there[1:] == acts[1:], "what is in the backup"
    assert (acts_there[0]["action"], acts_there[0]["detail"]) == ("backup", {"file": "b.tar"})


def test_a_backup_is_made_where_the_audit_log_takes_nothing(shop, tmp_path, monkeypatch):
    def full(self, entry):
        raise StoreError("the disk is full")

    monkeypatch.setattr(SqlAudit, "append", full)
    said = run("backup", tmp_path / "b.tar", "-w", shop)
    assert "b.tar" in said.stdout
    assert "could not be told of it: the disk is full" in " ".join(said.stderr.split())
    run("restore", tmp_path / "b.tar", "-w", tmp_path / "new", code=2)
    monkeypatch.undo()
    run("restore", tmp_path / "b.tar", "-w", tmp_path / "new")


def test_which_version_serves_by_whose_word_stands_there(tmp_path):
    shop = tmp_path / "shop"
    world = make_world(WorldConfig.small(users=60, events=2000))
    engine = Engine(shop, CONFIG)
    engine.add(events=world.events, items=world.items)
    engine.workspace.write_config(CONFIG.to_toml())
    engine.fit()
    assert told("-w", shop) == [], "who calls the library says by whom, or nothing"
    run("fit", "-w", shop, "--quiet")
    run("fit", "--if-better", "-w", shop, "--quiet")
    run("rollback", "-w", shop)
    run("promote", "0002", "-w", shop)
    run("promote", "0009", "-w", shop, code=2)
    run("rebuild", "--people", 5, "--no-batch", "-w", shop, "--quiet")
    assert [(act["action"], act["detail"]["version"]) for act in told("-w", shop)] == [
        ("rebuild", "0002"), ("promote", "0002"), ("rollback", "0001"), ("fit", None),
        ("fit", "0002"),
    ]  # fmt: skip
    shown = run("audit", "-w", shop).stdout.splitlines()
    assert shown[1].split()[2:] == ["command", "line", "rebuild", "version", "0002"]
    assert shown[4].split()[2:] == ["command", "line", "fit"]


def test_somebody_is_looked_for_by_name(shop, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    log, at = Workspace(shop).tables.audit, datetime(2024, 5, 1, 9, 30, tzinfo=UTC)
    ann = masked("ann")
    log.append(Entry(at, "2", "export", ann))
    log.append(Entry(at + timedelta(hours=1), "2", "forget", ann, {"rows": 1234}))
    log.append(Entry(at + timedelta(hours=2), "local", "forget", ann, {"rows": 0}))
    log.append(Entry(at + timedelta(hours=3), "2", "forget", masked("bob"), {"rows": 1}))
    shown = run("audit", "--of", "ann", "-w", shop).stdout.splitlines()
    assert shown[0] == (
        "ann: forgotten 2024-05-01 10:30 UTC, 1,234 rows; handed over 2024-05-01 09:30 UTC"
    )
    assert [line.split()[:5] for line in shown[2:]] == [
        ["2024-05-01", "11:30:00", "local", "forget", f"{ann[:19]}…"],
        ["2024-05-01", "10:30:00", "key", "2", "forget"],
        ["2024-05-01", "09:30:00", "key", "2", "export"],
    ]
    assert [act["number"] for act in told("--of", "ann", "-w", shop)] == [3, 2, 1]
    narrowed = run("audit", "--of", "bob", "--action", "export", "-w", shop).stdout
    assert narrowed == "bob: forgotten 2024-05-01 12:30 UTC, 1 row; no export stands here\n"


def test_acts_are_narrowed_by_kind_time_and_number(shop):
    log, at = Workspace(shop).tables.audit, datetime(2024, 5, 1, tzinfo=UTC)
    for n in range(30):
        log.append(Entry(at + timedelta(days=n), "1", "fit" if n % 3 else "export"))
    assert [act["number"] for act in told("-w", shop)] == list(range(30, 10, -1))
    assert "penchant audit --n 200" in run("audit", "-w", shop).stderr
    assert [act["number"] for act in told("--n", 3, "--action", "export", "-w", shop)] == [
        28, 25, 22,
    ]  # fmt: skip
    assert [act["number"] for act in told("--since", "2024-05-29", "-w", shop)] == [30, 29]
    late = run("audit", "--since", "2025-01-01", "-w", shop)
    assert (late.stdout, "nothing like that was done" in late.stderr) == ("", True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--action", "forgot"], "Did you mean 'forget'"),
        (["--since", "soon"], "--since: 'soon' is not a time"),
        (["--of", " "], "USER: nothing came"),
        (["--n", "0"], "--n"),
    ],
)
def test_a_mistake_is_told(shop, words, said):
    assert said in run("audit", *words, "-w", shop, code=2).stderr


def test_the_help_names_every_kind():
    options = get_command(app).commands["audit"].params
    (about,) = (option.help for option in options if option.name == "action")
    assert about.endswith(f": {', '.join(ACTIONS)}.")
