"""A service that is killed, or whose database is, or whose disk is full, while events come in: is
an acknowledged one ever lost, or doubled?

    python -m benchmarks.serve.faults --workspace /tmp/faulty --kills 200        # SQLite
    python -m benchmarks.serve.faults --workspace /tmp/faulty --kills 200 --postgres
    python -m benchmarks.serve.faults --workspace /tmp/faulty --gone 20
    python -m benchmarks.serve.faults --workspace /tmp/faulty --store postgresql://…
    python -m benchmarks.serve.faults --workspace /tmp/small --full 5    # needs the right to mount

Senders post batches with ids of their own and write down which were answered with 200; a batch
whose answer never came, or was another, is sent again, as a client does. Meanwhile the process gets
SIGKILL at random times and is started anew; or (`--gone`) it is let be, and its PostgreSQL is
stopped at once and started again; or (`--full`) its disk is a small one that fills, and gets room
again (see `full`). In the end the store is read, and held against their own lists.
"""

import argparse
import random
import signal
import sqlite3
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from benchmarks.interests.promises import told as origin
from benchmarks.serve.figures import keep
from benchmarks.serve.full import filled
from benchmarks.serve.postgres import Postgres, postgres
from benchmarks.serve.running import free_port
from benchmarks.serve.senders import Senders, counted, ordered, started, told

from penchant import Engine


def killed(
    workspace: Path, kills: int, minutes: float, seed: int, store: str | None
) -> dict[str, Any]:
    """Kill it so often, or for so many minutes, and count."""
    draw, port, done = random.Random(seed), free_port(), 0
    end = time.monotonic() + 60 * minutes
    senders = Senders(f"http://127.0.0.1:{port}", 4)
    with (workspace / "serve.log").open("ab") as log:
        process = started(workspace, port, log, store)
        with senders.sending():
            while done < kills and time.monotonic() < end:
                senders.wait()  # it is up again when something was acknowledged
                time.sleep(draw.random() * 0.3)
                process.send_signal(signal.SIGKILL)
                process.wait()
                done += 1
                process = started(workspace, port, log, store)
            senders.wait()
        process.terminate()
        process.wait()
    return {"kills": done, **counted(workspace, senders, store)}


def gone(workspace: Path, times: int, seed: int, server: Postgres) -> dict[str, Any]:
    """Take the database away so often, for up to two seconds each, and count."""
    draw, port, back = random.Random(seed), free_port(), list[float]()
    health: Counter[str] = Counter()
    senders = Senders(f"http://127.0.0.1:{port}", 4)
    with (workspace / "serve.log").open("ab") as log:
        process = started(workspace, port, log, server.url)
        with senders.sending(), httpx.Client(base_url=senders.url, timeout=20) as client:
            senders.wait()
            for _ in range(times):
                time.sleep(draw.random())
                server.stop()
                time.sleep(2 * draw.random())
                health[told(client.get("/v1/health"))] += 1
                server.start()
                back.append(senders.wait())
        assert process.poll() is None, "the service ended"
        process.terminate()
        process.wait()
    return {
        "times": times, "back_s": round(max(back), 2), "slowest_s": round(senders.slowest, 2),
        "refused": ordered(senders.refused), "health": ordered(health),
        **counted(workspace, senders, server.url),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workspace", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--gone", type=int, help="take the database away so often instead")
    parser.add_argument("--full", type=int, help="fill a small disk so often instead")
    parser.add_argument("--minutes", type=float, default=120, help="at most")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", help="URL of a database; SQLite in the workspace without one")
    parser.add_argument("--postgres", action="store_true", help="a server of one's own instead")
    asked = parser.parse_args()
    if asked.full:
        kept("full", "sqlite", filled(asked.workspace, asked.full))
        return
    Engine(asked.workspace)
    if asked.gone:
        with postgres() as server:
            found = gone(asked.workspace, asked.gone, asked.seed, server)
        kept("gone-postgresql", "postgresql", found)
    elif asked.postgres:
        with postgres() as server:
            found = killed(asked.workspace, asked.kills, asked.minutes, asked.seed, server.url)
        kept("faults-postgresql", "postgresql", found)
    else:
        found = killed(asked.workspace, asked.kills, asked.minutes, asked.seed, asked.store)
        kind = "sqlite" if asked.store is None else asked.store.split("+")[0].split(":")[0]
        kept(f"faults-{kind}", kind, found)


def kept(name: str, store: str, found: dict[str, Any]) -> None:
    """Write what was found down, and say it."""
    run = origin("faults") | {
        "command": "python -m benchmarks.serve.faults", "store": store,
        "sqlite": sqlite3.sqlite_version, **found,
    }  # fmt: skip
    keep(name, run)


if __name__ == "__main__":
    main()
