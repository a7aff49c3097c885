"""How figures are taken, and where they are kept."""

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, TypeVar

import numpy as np

T = TypeVar("T")
RESULTS = Path(__file__).resolve().parent / "results"


def spent(work: Callable[[T], Any], each: Iterable[T], share: int = 1) -> dict[str, Any]:
    """Milliseconds of some work on each of some things: by the clock, and of the processor. What
    makes the things one by one is not counted; `share`: so many answers come of one piece."""
    wall, busy = [], []
    for one in each:
        began, used = perf_counter(), process_time()
        work(one)
        wall.append(1000 * (perf_counter() - began) / share)
        busy.append(1000 * (process_time() - used) / share)
    found = {"best": float(np.min(wall))}
    for name, times in (("clock", wall), ("processor", busy)):
        found |= {f"{name}_p{q}": float(np.percentile(times, q)) for q in (50, 99)}
    return {name: round(ms, 2) for name, ms in found.items()}


def keep(name: str, found: Mapping[str, Any]) -> None:
    """Keep what a run found as a file of results, and say it."""
    text = json.dumps(found, indent=1)
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(text)
