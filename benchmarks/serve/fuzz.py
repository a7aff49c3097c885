"""Calls that nobody would make on purpose, many of them: none may end in an error of the service.

    python -m benchmarks.serve.fuzz --bodies 100000     # half an hour; results/fuzz.json
    python -m benchmarks.serve.fuzz --calls 1000        # so many calls a route from the description

First bodies that were right and are broken in every way (`benchmarks/serve/bodies.py`), sent to the
application in process; then calls made up from the interface's own description by schemathesis,
over HTTP. `--only N` sends one body and shows what is said to it.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from unittest import SkipTest

import hypothesis
import schemathesis
from benchmarks.interests.promises import told as origin
from benchmarks.serve.bodies import made
from benchmarks.serve.figures import keep
from benchmarks.serve.fuzzed import call, hammered, kept
from fastapi import FastAPI
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from penchant import Engine, WorldConfig, make_world
from penchant.engine.serving import ServeConfig
from penchant.serve.app import create_app
from penchant.testing.served import running, stocked

Found = dict[str, Any]
PART, PROCESSES = 10_000, 2
SUMS = ("left", "cpu_s", "differ", "lost", "doubled")


def shop(folder: Path | None = None) -> tuple[Engine, FastAPI]:
    """A small shop that has learned, and its service."""
    engine = stocked(make_world(WorldConfig.small(users=60, events=2000)), folder)
    engine.fit()
    return engine, create_app(engine, ServeConfig(auth="off", present="log", lists=False))


def bodies(count: int, seed: int) -> Found:
    """So many broken bodies; what they were answered, and what is in the stores then."""
    parts = [range(start, min(start + PART, count)) for start in range(0, count, PART)]
    begun = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(part, parts, repeat(seed)))
    kinds = sorted({kind for one in found for kind in one["statuses"]})
    return {
        "count": count, "seed": seed, "seconds": round(time.perf_counter() - begun),
        **{name: sum(one[name] for one in found) for name in SUMS},
        "slowest_s": max(one["slowest_s"] for one in found),
        "statuses": {k: _plain(_sum(one["statuses"].get(k, {}) for one in found)) for k in kinds},
        **{name: dict(_sum(one[name] for one in found)) for name in ("kept", "acknowledged")},
        "bad": [line for one in found for line in one["bad"]],
    }  # fmt: skip


def part(numbers: range, seed: int) -> Found:
    """The bodies of some numbers, sent to a shop of their own: names of columns that were made up
    by very many bodies would slow it down."""
    logging.getLogger("penchant.serve").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        engine, app = shop(Path(folder))
        before, spent = engine.rows(), time.process_time()
        tally = asyncio.run(hammered(app, numbers, seed))
        return {
            "left": tally.left, "statuses": tally.statuses, "bad": tally.bad,
            "cpu_s": round(time.process_time() - spent), "slowest_s": round(tally.slowest, 2),
            **kept(engine, before, tally),
        }  # fmt: skip


def _sum(counts: Iterable[Mapping[Any, int]]) -> Counter[Any]:
    total = Counter[Any]()
    for one in counts:
        total.update(one)
    return total


def described(calls: int) -> Found:
    """So many calls a route, made up from the interface's own description."""
    _, app = shop()
    schema, bad, begun = schemathesis.openapi.from_dict(app.openapi()), [], time.perf_counter()
    routes: Found = {}
    with running(app) as url:
        for found in schema.get_all_operations():
            operation = found.ok()
            if (operation.method, operation.path) == ("post", "/v1/fit"):
                continue
            counts: Counter[int] = Counter()
            for mode in GenerationMode:
                with suppress(Unsatisfiable, SkipTest):  # there is nothing to make up
                    hammer(
                        operation.as_strategy(generation_mode=mode), url, calls // 2, counts, bad
                    )
            route = f"{operation.method.upper()} {operation.path}"
            routes[route] = _plain(counts)
            print(f"{route:52} {json.dumps(routes[route])}", flush=True)
    spent = round(time.perf_counter() - begun)
    return {"calls": calls, "routes": routes, "seconds": spent, "bad": bad}


def hammer(cases: Any, url: str, calls: int, counts: Counter[int], bad: list[str]) -> None:
    """Make calls; count which status they were answered with, and note what went wrong."""
    settings = hypothesis.settings(
        max_examples=calls, deadline=None, database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )  # fmt: skip

    @hypothesis.given(case=cases)
    @settings
    def ask(case: Any) -> None:
        told = case.call(base_url=url)
        counts[told.status_code] += 1
        if told.status_code >= 500:
            bad.append(f"{told.status_code} {case.as_curl_command()}\n    {told.text[:300]}")

    ask()


def _plain(counts: Mapping[int, int]) -> dict[str, int]:
    return {str(status): n for status, n in sorted(counts.items())}


def one(number: int, seed: int) -> None:
    """Send one body, and show it."""
    body = made(seed, number)
    _, app = shop()
    told = asyncio.run(call(app, "POST", body.path, body.headers, body.chunks, body.cut))
    print(body, told, sep="\n")


def main() -> str | None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bodies", type=int, default=10_000)
    parser.add_argument("--calls", type=int, default=200, help="a route, from the description")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="send the body of this number alone")
    asked = parser.parse_args()
    logging.getLogger("penchant.serve").setLevel(logging.ERROR)
    if asked.only is not None:
        one(asked.only, asked.seed)
        return None
    found: Found = origin("fuzz") | {
        "command": f"python -m benchmarks.serve.fuzz --bodies {asked.bodies}",
        "bodies": bodies(asked.bodies, asked.seed),
    }  # fmt: skip
    keep("fuzz", found)
    found["described"] = described(asked.calls)
    keep("fuzz", found)
    wrong = [*found["bodies"]["bad"], *found["described"]["bad"]]
    clean = not (wrong or any(found["bodies"][name] for name in ("differ", "lost", "doubled")))
    print(*wrong[:20], sep="\n")
    return None if clean else "not all is as it should be"


if __name__ == "__main__":
    sys.exit(main())
