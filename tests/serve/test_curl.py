"""What the documentation shows of the service is run: every curl line, and the verbs around it."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from penchant.engine.serving import ServeConfig
from penchant.serve.app import create_app
from penchant.testing.served import running

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "serve.md"
LINES = re.findall(r"^\$ (.*curl .*)$", PAGE.read_text(encoding="utf-8"), re.M)


@pytest.fixture(scope="module")
def url(own):
    with running(create_app(own, ServeConfig())) as url:
        yield url


def test_lines_are_found():
    assert len(LINES) > 7


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_every_curl_line_is_answered(url):
    environment = {**os.environ, "PENCHANT_KEY": ""}
    for line in LINES:
        if "$PENCHANT_KEY" in line:  # there are no keys here
            line = re.sub(r'-H "Authorization[^"]*"', "", line)
        command = line.replace("localhost:8000", url.removeprefix("http://"))
        done = subprocess.run(
            ["bash", "-c", command], capture_output=True, text=True, env=environment, check=False
        )
        assert done.returncode == 0, (line, done.stderr)
        told = json.loads(done.stdout)
        assert not str(told.get("type", "")).startswith("urn:penchant:problem:"), (line, told)
    while httpx.get(f"{url}/v1/fit").json()["state"] == "running":  # what was begun is seen through
        time.sleep(0.1)
