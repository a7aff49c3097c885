"""A PostgreSQL server of one's own, on loopback, that can be stopped at once and started again."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.serve.running import free_port

_PASSWORD = "a-word-that-is-told-to-nobody"


def programs() -> Path | None:
    """The folder of PostgreSQL's programs: the newest of Debian's, else wherever PATH has them."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: p.parts[-3])
    found = debian[-1] if debian else shutil.which("initdb")
    return None if found is None else Path(found).parent


class Postgres:
    """A server in a folder. Its settings are PostgreSQL's own: what it says is committed is."""

    def __init__(self, home: Path) -> None:
        found = programs()
        if found is None:
            raise RuntimeError("PostgreSQL is not installed (Debian: apt-get install postgresql)")
        self.home, self._programs, self._port = home, found, free_port()
        self._who: dict[str, Any] = {}
        if os.geteuid() == 0:  # it does not run for root
            self._who = {"user": "postgres", "group": "postgres"}
        (home / "word").write_text(_PASSWORD, encoding="ascii")
        for path in (home, home / "word"):
            if self._who:
                shutil.chown(path, **self._who)
        self._run(
            "initdb", "-D", home / "data", "-U", "penchant", "-A", "scram-sha-256", "--pwfile",
            home / "word", "-E", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Where it is; the database is the one that every server has."""
        return f"postgresql://penchant:{_PASSWORD}@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        """Start it; it answers then."""
        options = f"-p {self._port} -k {self.home} -h 127.0.0.1"
        self._run("pg_ctl", "start", "-w", "-D", self.home / "data", "-o", options,
                  "-l", self.home / "log")  # fmt: skip

    def stop(self) -> None:
        """Stop it as a crash would: connections are cut, nothing is written back."""
        self._run("pg_ctl", "stop", "-m", "immediate", "-w", "-D", self.home / "data")

    def _run(self, program: str, *words: str | Path) -> None:
        subprocess.run(
            [self._programs / program, *words], check=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd="/", timeout=120, **self._who,
        )  # fmt: skip


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server that runs until the block ends, in a folder that goes away."""
    home = Path(tempfile.mkdtemp(prefix="penchant-pg-"))
    server = Postgres(home)
    try:
        server.start()
        yield server
    finally:
        if (home / "data" / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(home)
