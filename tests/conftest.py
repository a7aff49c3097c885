"""Where a change is judged, property tests draw the same examples every time; and a PostgreSQL
server for the tests that need one."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("judged", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("judged")

PASSWORD = "a-word-that-is-told-to-nobody"
_NUMBERS = count(1)


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs: the newest of Debian's, else wherever PATH has them."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    found = debian[-1] if debian else shutil.which("initdb")
    return None if found is None else Path(found).parent


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port: int = s.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A server of our own on loopback, in a folder that goes away; the URL without a database."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed: penchant[postgres]")
    who = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}  # initdb's wish
    home = Path(tempfile.mkdtemp(prefix="penchant-pg-"))
    (home / "word").write_text(PASSWORD)
    if who:
        for path in (home, home / "word"):
            shutil.chown(path, **who)
    subprocess.run(
        [programs / "initdb", "-D", home / "data", "-U", "penchant", "-A", "scram-sha-256",
         "--pwfile", home / "word", "-E", "UTF8", "--locale", "C", "--no-sync"],
        check=True, stdout=subprocess.DEVNULL, cwd="/", **who,
    )  # fmt: skip
    port = free_port()
    server = subprocess.Popen(
        [programs / "postgres", "-D", home / "data", "-p", str(port), "-k", home, "-h",
         "127.0.0.1", "-F", "-c", "full_page_writes=off", "-c", "max_connections=60"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **who,
    )  # fmt: skip
    url = f"postgresql://penchant:{PASSWORD}@127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(f"{url}/postgres").close()
                break
            except psycopg.OperationalError:
                assert server.poll() is None and time.monotonic() < until, "it did not start"
                time.sleep(0.05)
        yield url
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing in there is needed again
        server.wait(30)
        shutil.rmtree(home)


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """An empty database of its own."""
    import psycopg

    name = f"shop{next(_NUMBERS)}"
    with psycopg.connect(f"{postgres_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} STRATEGY file_copy")
    return f"{postgres_server}/{name}"
