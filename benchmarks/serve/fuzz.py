"""Calls made up from the interface's own description, many of them: none may end in a 5xx.

python -m benchmarks.serve.fuzz            some minutes
python -m benchmarks.serve.fuzz 1000       so many calls a route
"""

import sys
import time
from collections import Counter
from contextlib import suppress
from typing import Any
from unittest import SkipTest

import hypothesis
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from penchant import WorldConfig, make_world
from penchant.engine.serving import ServeConfig
from penchant.serve.app import create_app
from penchant.testing.served import running, stocked


def main(calls: int) -> str | None:
    engine = stocked(make_world(WorldConfig.small(users=60, events=2000)))
    engine.fit()
    app = create_app(engine, ServeConfig(auth="off", present="log"))
    schema, bad, begun = schemathesis.openapi.from_dict(app.openapi()), [], time.perf_counter()
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
            told = ", ".join(f"{status}: {n}" for status, n in sorted(counts.items()))
            print(f"{operation.method.upper():6} {operation.path:45} {told}", flush=True)
    print(f"{time.perf_counter() - begun:.0f} s; {len(bad)} errors of the service")
    for line in bad[:20]:
        print(line)
    return "there were errors of the service" if bad else None


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


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
