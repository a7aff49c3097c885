"""The command line of the peers' environment; see `benchmarks/quality/peers/__init__.py`."""

import argparse
import json
import platform
import resource
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from benchmarks.quality.peers.grids import GRIDS, maker

from penchant.cores import cores

PACKAGES = ("rectools", "implicit", "torch", "pytorch-lightning", "numpy", "scipy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verb", choices=["tune", "fit", "metrics", "same", "reach"])
    parser.add_argument("peer", choices=sorted(GRIDS))
    parser.add_argument("part", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--settings", type=json.loads, default={})
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=15.0)
    parser.add_argument("--most", type=int, default=16, help="most settings that are tried")
    parser.add_argument("--info", help="what the file beside --out is called, as `metrics`")
    parser.add_argument("--gib", type=float, default=16.0, help="most memory that it may ask for")
    asked = parser.parse_args()
    most = int(asked.gib * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))  # fails alone, not the machine with it
    told = {"tune": _tune, "fit": _fit, "metrics": _metrics, "same": _same, "reach": _reach}
    found = told[asked.verb](asked)
    found |= {"versions": versions(), "peak_mib": peak(), "cores": cores()}
    info = asked.out.with_suffix(f".{asked.info}.json" if asked.info else ".json")
    info.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _tune(asked: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.quality.peers.tuning import Budget, tune

    budget = Budget(asked.minutes, asked.most)
    return tune(asked.peer, asked.part, budget, asked.seed)


def _fit(asked: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.quality.peers.part import Part

    part = Part.read(asked.part)
    made = maker(asked.peer)(asked.settings, asked.seed)
    began, wall = process_time(), perf_counter()
    peer = made.fit(part)
    fitted, whole = process_time(), perf_counter() - wall
    peer.lists(part).save(asked.out)
    seconds = {"fit": round(fitted - began, 3), "answer": round(process_time() - fitted, 3)}
    return {"seconds": seconds, "wall": {"fit": round(whole, 3)}}


def _metrics(asked: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.quality.peers.checks import metrics

    return metrics(asked.part, asked.out)


def _same(asked: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.quality.peers.checks import same_step

    return same_step(asked.part, asked.peer)


def _reach(asked: argparse.Namespace) -> dict[str, Any]:
    from benchmarks.quality.peers.checks import reach

    return reach(asked.peer, asked.part, asked.settings, asked.seed, 60.0 * asked.minutes)


def versions() -> dict[str, str]:
    """Versions of what the peers stand on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "missing"
    return found


def peak() -> float:
    """Highest resident memory of this process in MiB."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


if __name__ == "__main__":
    main()
