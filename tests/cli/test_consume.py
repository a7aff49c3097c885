"""`penchant consume`, as a person and as a script would call it."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from penchant import Engine
from penchant.cli.main import app
from penchant.errors import StoreError
from penchant.store import files
from penchant.stream import lines


def run(*words, code=0, **more):
    result = CliRunner().invoke(app, [str(word) for word in words], **more)
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    return result


def rows(*items):
    return "".join(
        json.dumps({"user_id": "ann", "item_id": str(item), "timestamp": 1714564800}) + "\n"
        for item in items
    )


@pytest.fixture
def shop(tmp_path):
    return tmp_path / "shop"


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_text(rows(1, 2) + '{"user_id": "ann"}\n' + rows(3))
    return path


def test_a_file_is_taken_in_once(shop, events, tmp_path):
    done = run("consume", events, "--once", "-w", shop, "--metrics", tmp_path / "m.prom")
    assert "3 new, 0 already there" in done.stdout
    assert "dead letters  1" in done.stdout
    assert "item_id: 1" in done.stderr
    letters = shop / "streams" / "dead-letters.ndjson"
    assert f"dead letters are in {letters}" in done.stderr.replace("\n", "")
    assert json.loads(letters.read_text())["reason"].startswith("item_id: missing")
    assert "penchant_stream_new_rows_total 3" in (tmp_path / "m.prom").read_text()

    again = json.loads(run("consume", events, "--once", "-w", shop, "--json").stdout)
    assert (again["messages"], again["new"], again["lag"]) == (0, 0, {"events.ndjson": 0})
    assert Engine(shop).tables.read("events").collect().height == 3


def test_settings_and_options_are_heard(shop, events, tmp_path):
    graves = tmp_path / "graves.ndjson"
    words = ("--once", "-w", shop, "--json", "--batch", 1, "--dead-letters", graves)
    told = json.loads(run("consume", events, *words, "--set", "stream.kind=items").stdout)
    assert (told["new"], told["dead_letters"]) == (3, 1)
    assert "item_id: missing" in graves.read_text()
    assert run("consume", events, "--kind", "evnts", code=2).stderr.count("Did you mean 'events'")
    told = run("consume", events, "--from", "now", code=2).stderr
    assert "'now' came; expected 'earliest' or 'latest'" in " ".join(told.split())
    assert "cannot be opened" in run("consume", tmp_path / "none", code=2).stderr
    assert "expected kafka://HOST:PORT/TOPIC" in run("consume", "kafka://x", code=2).stderr
    assert not (tmp_path / "penchant-workspace").exists()


def test_figures_and_a_place_that_cannot_be_written_stop_nothing(
    shop, events, tmp_path, monkeypatch
):
    def full(path, _):
        raise StoreError(f"{path.name}: no room")

    monkeypatch.setattr(files, "write_text", full)
    monkeypatch.setattr(lines, "write_json", full)
    done = run("consume", events, "--once", "-w", shop, "--metrics", tmp_path / "m.prom")
    assert "3 new" in done.stdout
    assert "m.prom: no room" in done.stderr
    assert "was consumed is not written yet" in done.stderr


def begun(shop, *words, **more):
    command = [sys.executable, "-m", "penchant.cli", "consume", *map(str, words), "-w", str(shop)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more
    )


def test_standard_input_is_taken_in_to_its_end(shop):
    with begun(shop, "-", "--json", stdin=subprocess.PIPE) as process:
        out, err = process.communicate(rows(1, 2), timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["new"] == 2


def test_sigterm_ends_a_followed_file_with_its_summary(shop, events):
    with begun(shop, events, "--json", env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:
        memory, end = shop / "streams", time.monotonic() + 60
        while not list(memory.glob("events.ndjson-*.json")):
            assert time.monotonic() < end
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert json.loads(out)["new"] == 3
    assert "told to stop (SIGTERM)" in err


@pytest.mark.parametrize("debug", [(), ("--debug",)])
def test_nobody_is_named_in_what_it_says(shop, tmp_path, debug):
    """Not those whose events are taken in, nor those whose messages cannot be used: dead letters
    have them, and are the owner's."""
    good = {"user_id": "very-private-ann", "item_id": "1", "timestamp": 1714564800}
    bad = [
        {"user_id": "very-private-bob"},
        {**good, "timestamp": "some day"},
        {**good, "value": "a lot"},
        {**good, "user_id": ["very-private-list"]},
        {**good, "user_id": {"id": "very-private-map"}},
        {**good, "user_id": "very-private-" + 1000 * "x"},
        {**good, "user_id": "very-private-\x00"},
    ]
    path = tmp_path / "events.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in (good, *bad)) + "very-private-{\n")
    done = run("consume", path, "--once", "-w", shop, "--metrics", tmp_path / "m.prom", *debug)
    assert "very-private" not in done.stdout + done.stderr + (tmp_path / "m.prom").read_text()
    assert "very-private-bob" in (shop / "streams" / "dead-letters.ndjson").read_text()
