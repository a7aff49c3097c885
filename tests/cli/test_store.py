"""The command line on a store elsewhere, and a workspace in one file."""

import json
import shutil
import subprocess

import polars as pl
import pytest
from typer.testing import CliRunner

from penchant.cli.main import app
from penchant.testing.stores import events


def run(*words, code=0, **more):
    result = CliRunner().invoke(app, [str(word) for word in words], **more)
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    return result


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "events.parquet"
    events(*[(f"u{n % 5}", f"i{n % 7}", n) for n in range(50)]).write_parquet(path)
    return path


def test_a_backup_is_restored(tmp_path, file):
    run("add", file, "-w", tmp_path / "shop")
    said = json.loads(run("backup", tmp_path / "b.tar", "-w", tmp_path / "shop", "--json").stdout)
    assert said["tables"] and said["files"] == 2
    shown = run("restore", tmp_path / "b.tar", "-w", tmp_path / "new")
    assert "tables, models and settings" in " ".join(shown.stdout.split())
    assert "status" in shown.stderr
    assert "50 events" in run("status", "-w", tmp_path / "new").stdout
    assert (
        "into a new folder"
        in run("restore", tmp_path / "b.tar", "-w", tmp_path / "new", code=2).stderr
    )


def test_a_store_elsewhere_is_named_by_the_environment(tmp_path, file):
    elsewhere = {"PENCHANT_STORE": f"sqlite:///{tmp_path / 'elsewhere.db'}"}
    run("add", file, "-w", tmp_path / "shop", env=elsewhere)
    assert not (tmp_path / "shop" / "penchant.db").exists()
    assert "50 events" in run("status", "-w", tmp_path / "shop", env=elsewhere).stdout
    assert "nothing yet" in run("status", "-w", tmp_path / "shop").stdout
    run("config", f"store.url=sqlite:///{tmp_path / 'elsewhere.db'}", "-w", tmp_path / "shop")
    assert "50 events" in run("status", "-w", tmp_path / "shop").stdout
    run("backup", tmp_path / "b.tar", "-w", tmp_path / "shop")
    told = run("restore", tmp_path / "b.tar", "-w", tmp_path / "new").stderr
    assert "config --unset store.url" in " ".join(told.split())


def test_a_store_in_postgresql(tmp_path, file, postgres_url):
    there = {"PENCHANT_STORE": postgres_url}
    word = postgres_url.split(":")[2].split("@")[0]
    run("add", file, "-w", tmp_path / "shop", env=there)
    shown = [
        run("status", "-w", tmp_path / "shop", env=there),
        run("config", "-w", tmp_path / "shop", env=there),
        run("backup", tmp_path / "b.tar", "-w", tmp_path / "shop", env=there),
    ]
    assert not [one for one in shown if word in one.output]
    assert "50 events" in shown[0].stdout
    line = shown[2].stderr.split("PostgreSQL: ")[1].strip()
    assert line.startswith("pg_dump -Fc -f ")
    if shutil.which("pg_dump"):
        env = {"PGPASSWORD": word, "PATH": "/usr/local/bin:/usr/bin:/bin"}
        subprocess.run(line.replace("\n", " "), shell=True, check=True, env=env)
        assert (tmp_path / "b.tar.dump").stat().st_size > 1000
    assert "u1" in run("forget", "u1", "--yes", "-w", tmp_path / "shop", env=there).stdout


def test_a_workspace_of_the_first_format_is_told_what_to_do(tmp_path):
    old = tmp_path / "old"
    (old / "data").mkdir(parents=True)
    (old / "penchant.json").write_text('{"format": 1}')
    events(("ann", "a", 0)).write_parquet(old / "data" / "events-00000001.parquet")
    pl.DataFrame({"item_id": ["a"]}).write_parquet(old / "data" / "items-00000002.parquet")
    said = " ".join(run("status", "-w", old, code=2).stderr.split())
    assert f"penchant -w NEW add --items '{old}/data/items-*.parquet'" in said
    run("-w", tmp_path / "new", "add", "--items", old / "data" / "items-*.parquet",
        "--events", old / "data" / "events-*.parquet")  # fmt: skip
    assert "1 events, 1 items" in run("status", "-w", tmp_path / "new").stdout
