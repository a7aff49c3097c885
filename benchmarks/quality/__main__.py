"""Penchant and its peers on the same split, with the same filter, ties and metrics.

    python -m benchmarks.quality                                   # everything, in order
    python -m benchmarks.quality xwines:time --peers SASRec,EASE   # some of it
    python -m benchmarks.quality --only ours --seeds 0,1,2,3,4
    python -m benchmarks.quality --table                           # write docs/benchmarks.md

Peers run in an environment of their own (see requirements-peers.txt), named by --peers-python or
PENCHANT_PEERS. Finished results are skipped; what a peer was tuned to is kept in settings/.
"""

import argparse
import os
import sys
from pathlib import Path

from benchmarks.quality.jobs import HERE, OURS, ROOT, Bench, work_off
from benchmarks.quality.peers.grids import GRIDS
from benchmarks.where import data

ORDER = (
    "amazon-beauty:last", "xwines:time", "movietweetings:time", "grocery:time",
    "online-retail:time", "stackexchange:time", "lastfm:time", "ml-latest-small:time",
    "amazon-beauty:time", "xwines:last", "movietweetings:last", "grocery:last",
    "online-retail:last", "stackexchange:last", "lastfm:last", "ml-latest-small:last",
    "online-retail-raw.csv.gz:time",
)  # fmt: skip


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    python = os.environ.get("PENCHANT_PEERS", str(ROOT / ".venv-peers" / "bin" / "python"))
    parser.add_argument("runs", nargs="*", help="set:split, as xwines:time")
    parser.add_argument("--sets", type=_names, default=(), help="only these sets")
    parser.add_argument("--splits", type=_names, default=(), help="only these splits")
    parser.add_argument("--peers", type=_names, default=tuple(GRIDS), help="only these peers")
    parser.add_argument(
        "--only", choices=["peers", "ours", "penchant"],
        help="one side alone; penchant: without its baselines",
    )  # fmt: skip
    parser.add_argument("--seeds", type=lambda t: tuple(map(int, _names(t))), default=(0,))
    parser.add_argument("--minutes", type=float, default=15.0, help="processor time to tune a peer")
    parser.add_argument("--ties", choices=["unordered", "position"], default="unordered")
    parser.add_argument("--data", type=Path, default=data())
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "quality")
    parser.add_argument("--peers-python", type=Path, default=Path(python))
    parser.add_argument("--prefix", type=str.split, default=[], help="what runs each job")
    parser.add_argument(
        "--table", action="store_true", help="write docs/benchmarks.md and README.md"
    )
    parser.add_argument("--check-metrics", action="store_true", help="our metrics beside RecTools'")
    parser.add_argument("--cost", action="store_true", help="time to a peer's best quality")
    return parser


def bench(asked: argparse.Namespace) -> Bench:
    """What was asked for.

    Raises:
        SystemExit: a peer is unknown, or the peers' environment is missing.
    """
    unknown = [name for name in asked.peers if name not in GRIDS]
    if unknown:
        raise SystemExit(f"--peers: {unknown[0]!r} is unknown; there are {', '.join(GRIDS)}")
    peers = asked.peers if asked.only in (None, "peers") else ()
    ours = {"peers": (), "penchant": (OURS,)}.get(asked.only, (OURS, "baselines"))
    if peers and not asked.peers_python.exists() and not asked.table:
        raise SystemExit(
            f"--peers-python: {asked.peers_python} does not exist; make the peers' environment as "
            f"{HERE / 'requirements-peers.txt'} says, or run --only ours"
        )
    return Bench(
        data=asked.data, work=asked.work, peers_python=asked.peers_python, peers=peers,
        ours=ours, seeds=asked.seeds,
        minutes=asked.minutes, ties=asked.ties, prefix=tuple(asked.prefix),
        say=lambda text: print(text, flush=True),
    )  # fmt: skip


def chosen(asked: argparse.Namespace) -> list[tuple[str, str]]:
    """Sets and splits that were asked for, in order."""
    pairs = [tuple(run.split(":")) for run in asked.runs or ORDER]
    return [
        (name, split)
        for name, split in pairs
        if (not asked.sets or name.split(".")[0] in asked.sets)
        and (not asked.splits or split in asked.splits)
    ]


def main() -> None:
    asked = arguments().parse_args()
    made = bench(asked)
    runs = [made.run(*pair) for pair in chosen(asked)]
    if asked.table:
        from benchmarks.quality.table import write

        write(made, ROOT / "docs" / "benchmarks.md", ROOT / "README.md")
    elif asked.check_metrics:
        from benchmarks.quality.cost import check_metrics

        sys.exit(check_metrics(runs))
    elif asked.cost:
        from benchmarks.quality.cost import cost

        cost(runs[0])
    else:
        work_off([job for run in runs for job in run.jobs()], made.say)


if __name__ == "__main__":
    main()
