"""A service on loopback that runs while something is measured."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx


@dataclass(frozen=True)
class Running:
    """Its address, and the process that the others come from."""

    url: str
    process: subprocess.Popen[bytes]

    def memory(self) -> int:
        """Bytes that all its processes hold, shared ones counted once for each (RSS)."""
        pages = sum(int(told.split()[1]) for told in self._told("statm"))
        return pages * os.sysconf("SC_PAGE_SIZE")

    def busy(self) -> float:
        """Seconds that all its processes have kept a processor busy."""
        each = [told.rpartition(")")[2].split()[11:13] for told in self._told("stat")]
        return sum(int(ticks) for both in each for ticks in both) / os.sysconf("SC_CLK_TCK")

    def _told(self, file: str) -> Iterator[str]:
        """What the system says of each process that still runs."""
        for pid in [self.process.pid, *children(self.process.pid)]:
            with suppress(FileNotFoundError, ProcessLookupError):
                yield Path(f"/proc/{pid}/{file}").read_text(encoding="ascii", errors="replace")


def children(pid: int) -> list[int]:
    """All processes below one."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    own = [int(p) for p in path.read_text(encoding="ascii").split()] if path.exists() else []
    return own + [below for child in own for below in children(child)]


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def served(
    workspace: Path, workers: int = 1, *, log: Path, sets: tuple[str, ...] = ()
) -> Iterator[Running]:
    """The workspace, served until the block ends; what it says goes into a file."""
    port = free_port()
    command = [
        sys.executable, "-m", "penchant.cli", "--workspace", str(workspace),
        *(word for s in sets for word in ("--set", s)),
        "serve", "--port", str(port), "--workers", str(workers),
    ]  # fmt: skip
    environment = os.environ | {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
        running = Running(f"http://127.0.0.1:{port}", process)
        try:
            wait(running)
            yield running
        finally:
            process.terminate()
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait(running: Running, seconds: float = 120.0) -> float:
    """Until it is ready; how long that took (s).

    Raises:
        RuntimeError: it ended, or time is over.
    """
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        if running.process.poll() is not None:
            raise RuntimeError(f"the service ended with {running.process.returncode}")
        try:
            if httpx.get(f"{running.url}/v1/ready", timeout=5).status_code == 200:
                return time.monotonic() - began
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"not ready after {seconds} s")
