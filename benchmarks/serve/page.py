"""The page of the service's figures, from the files in `results`; no figure is typed.

python -m benchmarks.serve.page        # writes docs/serving.md
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "serving.md"
Run = dict[str, Any]

INTRO = """# How fast, how fresh, how safe

Made by the commands in `benchmarks/serve` and written by `python -m benchmarks.serve.page` from the
files in `benchmarks/serve/results`; no measured figure is typed. Measured on two cores that other
work shared at times: a figure by the clock is an upper bound, and processor time is what it takes
where nobody else works. *Goal* is what we set out to reach on two cores.
"""

LISTS = """## One answer, in process

A list of ten for one person with 200 events, without reasons, another person every time. The model
is drawn, not fitted (`benchmarks/serve/made.py`): its size and shape are those of a fit. Goal: p50
3 ms and p99 10 ms at 100,000 items; at 1,000,000 p99 25 ms by approximate search that finds 98 % of
the hundred best.

| items | way | processor p50 | p99 | clock p50 | p99 | best |
| ---: | --- | ---: | ---: | ---: | ---: | ---: |"""

STATE = """## One event, one item

In process, on SQLite, one by one. Kept: until it is on disk. State: what is asked of the store and
taken in before the next answer, for somebody who was asked about lately. An item: until it can be
recommended; answers go on meanwhile with what there was. Goal: p99 of state 2 ms.

| what | processor p50 | p99 | clock p50 | p99 |
| --- | ---: | ---: | ---: | ---: |"""

LOAD = """## Over HTTP

On loopback, asked by [wrk](https://github.com/wg/wrk) over 32 connections for lists of people drawn
at random; events in posts of a hundred, each on disk when it is answered. Fresh: from the answer to
an event to the answer with a list that knows it, whichever process answers, and how often the list
had to be asked for. Goal: 400 lists a second, p99 150 ms, no errors; 5,000 events a second; fresh
p99 50 ms; ready after 5 s.

| what | figure | p50 | p99 | errors |
| --- | ---: | ---: | ---: | ---: |"""

STORE = """## The store

Import and read: rows a second of processor time, and of the clock; a hundred events appended, and
the rows of a person with 200 events, in processor time. Nothing is stored of a person beside the
log ([decision 0019](decisions/0019-the-log-is-the-state.md)): a million people of 50 events take
fifty million times what stands under *an event*, and no state; what is kept in memory of those who
were asked about lately is bounded by `live.events`. Goal: 200,000 events a second imported into
SQLite. Metarank ([its documentation](https://docs.metarank.ai)) gives 0.8 GiB of state for a
million such people, and 1,000 to 3,000 imported events a second.

| database | rows | import | by the clock | read | append | person | an event | memory |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""

BULK = """## A large log, from a file to answers

Each step in a process of its own. All events came after the model was learned, which is the most
that opening a workspace can have to read; memory is the most that the process had. Goal: 4 GB.

| what | events | items | by the clock | processor | memory |
| --- | ---: | ---: | ---: | ---: | ---: |"""

FAULTS = """## Killed while events come in

SIGKILL at random times while four senders post batches; a batch whose answer never came is sent
again. Lost: acknowledged events that the store does not have. Doubled: events that it has twice.
Goal: none of either.

| store | kills | acknowledged | batches sent again | lost | doubled |
| --- | ---: | ---: | ---: | ---: | ---: |"""

GONE = """## The database gone and back

PostgreSQL is stopped at once, as by a crash, while four senders post batches, and started again up
to two seconds later; the service is let be. Refused: posts that were answered with another status
than 200, by status; health: what `GET /v1/health` was answered meanwhile. Back: the longest from
the server's start to the next batch that was acknowledged.

| times gone | acknowledged | refused | health | slowest answer | back | lost | doubled |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""

FULL = """## The disk full

The workspace (SQLite) is on a small file system of its own, beside files that only take room, and
four senders fill it. When nothing is acknowledged any more, health, lists, profiles, items, the
tree, status and metrics are asked for, then what else writes (items, feedback, an erasure, a fit).
Then one of those files is removed, and so on; the service is let be. Refused: posts of events that
were answered with another status than 200, by status and kind of problem. Back: the longest from
the removal to the next batch that was acknowledged.

| full | acknowledged | refused | health | reads | slowest | other writes | back | lost | doubled |
| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""

FUZZ = """## Broken bodies

Bodies that were right, broken in every way (`benchmarks/serve/bodies.py`): cut off, bits flipped,
values of other types, NaN, numbers without end, a hundred thousand levels deep, no UTF-8, packed,
called something else, lines torn apart. In the end the store is held against what was acknowledged:
rows that differ, right events that are not there, and such that are there twice.

| what | sent | 2xx | 4xx | 5xx | no answer | slowest | differ | lost | doubled |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""

SOAK = """## Memory over time

Lists, reasons, profiles, events, feedback, new items and erasures mixed; growth is from the second
fifth of the time to the last. Once an item joined, each process has the model as it was learned
and a copy that grows, and for a moment more where it begins anew after an erasure: that is what
comes in the first minutes. Goal: at most 5 %.

| minutes | calls | events | errors | memory, first to last, GiB | growth |
| ---: | ---: | ---: | ---: | --- | ---: |"""


def page(folder: Path) -> str:
    """Markdown, as far as there are results."""
    runs = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*.json"))]
    lines = [INTRO]
    for intro, rows, chosen in (
        (LISTS, _lists, [r for r in runs if "ways" in r]),
        (STATE, _state, [r for r in runs if "kept" in r and "state" in r]),
        (LOAD, _load, [r for r in runs if "freshness" in r]),
        (STORE, _store, [r for r in runs if "database" in r]),
        (BULK, _bulk, [r for r in runs if "import" in r]),
        (FAULTS, _faults, [r for r in runs if "kills" in r]),
        (GONE, _gone, [r for r in runs if "times" in r]),
        (FULL, _full, [r for r in runs if "filled" in r]),
        (FUZZ, _fuzz, [r for r in runs if "bodies" in r]),
        (SOAK, _soak, [r for r in runs if "growth" in r]),
    ):
        if chosen:
            chosen.sort(key=lambda r: (r.get("database", ""), r.get("items", r.get("rows", 0))))
            lines += [intro, *(line for run in chosen for line in rows(run)), ""]
            lines += [*_origins(chosen), ""]
    return "\n".join(lines)


def _lists(run: Run) -> Iterator[str]:
    names = ("processor_p50", "processor_p99", "clock_p50", "clock_p99", "best")
    for way, found in run["ways"].items():
        cells = " | ".join(f"{found[name]:.1f} ms" for name in names)
        yield f"| {run['items']:,} | {way} | {cells} |"


def _recall(run: Run) -> str:
    found = run.get("recall")
    if not found:
        return ""
    return (
        f" Approximate search finds {found['recall']:.1%} of the {found['n']} best of "
        f"{found['people']} people among {run['items']:,} items (worst {found['worst']:.0%}), "
        f"scoring {found['scored']:,} of them."
    )


def _state(run: Run) -> Iterator[str]:
    named = {"kept": "an event, kept", "state": "state", "both": "both", "item": "an item"}
    for name, what in named.items():
        each = ("processor_p50", "processor_p99", "clock_p50", "clock_p99")
        cells = " | ".join(f"{run[name][key]:,.1f} ms" for key in each)
        yield f"| {what}, {run['items']:,} items | {cells} |"


def _load(run: Run) -> Iterator[str]:
    lists, events = run["lists"], run["events"]
    yield (
        f"| lists, {run['items']:,} items, {run['workers']} processes | {lists['a_second']:,.0f} a "
        f"second | {lists['p50_ms']:.0f} ms | {lists['p99_ms']:.0f} ms | {lists['errors']} |"
    )
    yield (
        f"| events | {events['a_second']:,.0f} a second | {events['p50_ms']:.0f} ms a post | "
        f"{events['p99_ms']:.0f} ms | {events['failed']} |"
    )
    for name in ("freshness", "freshness_busy"):
        if fresh := run.get(name):
            what, others = "fresh", fresh.get("beside")
            if others:
                what += f", beside {others['a_second']:,.0f} lists a second"
            yield (
                f"| {what} | asked {fresh['most_tries']}× at most | {fresh['p50_ms']:.0f} ms | "
                f"{fresh['p99_ms']:.0f} ms | – |"
            )
    yield f"| ready after | {run['ready_s']:.1f} s | – | – | – |"
    yield f"| memory of all processes | {run['memory_gib']:.1f} GiB | – | – | – |"


def _store(run: Run) -> Iterator[str]:
    steps, ids = run["steps"], ", with ids" if run.get("event_ids") else ""
    add, read = steps["append all"], steps["read all"]
    few, people = steps["50 appends of 100"], steps["100 people of ~200 events"]
    size = run.get("bytes_per_event")
    cells = [
        run["database"] + ids, f"{run['rows']:,}", f"{add['rows_per_cpu_s']:,.0f}",
        f"{add['rows_per_s']:,.0f}", f"{read['rows_per_cpu_s']:,.0f}",
        f"{few['cpu_s'] / 50 * 1e3:.1f} ms", f"{people['cpu_s'] / people['rows'] * 1e3:.1f} ms",
        "–" if size is None else f"{size:.0f} bytes", f"{read['peak_mb'] / 1024:.1f} GiB",
    ]  # fmt: skip
    yield f"| {' | '.join(cells)} |"


def _bulk(run: Run) -> Iterator[str]:
    named = {
        "import": "put in from Parquet",
        "ask": f"opened, {run['ask']['people']:,} people asked about",
        "fit": "learned from",
    }
    for step, what in named.items():
        if "fit" in run and step != "fit":  # the others are of a run without it
            continue
        if (did := run.get(step)) is None:
            continue
        yield (
            f"| {what} | {run['events']:,} | {run['items']:,} | {did['wall_s']:,.0f} s | "
            f"{did['cpu_s']:,.0f} s | {did['peak_gib']:.1f} GiB |"
        )
        if first := did.get("first"):
            yield (
                f"| of it until the first answer | | | {first['wall_s']:,.0f} s | "
                f"{first['cpu_s']:,.0f} s | {first['peak_gib']:.1f} GiB |"
            )


def _faults(run: Run) -> Iterator[str]:
    yield (
        f"| {run['store']} | {run['kills']} | {run['acknowledged']:,} | {run['sent_again']:,} | "
        f"{run['lost']} | {run['doubled']} |"
    )


def _gone(run: Run) -> Iterator[str]:
    refused, health = (_each(run[name]) for name in ("refused", "health"))
    yield (
        f"| {run['times']} | {run['acknowledged']:,} | {refused} | {health} | "
        f"{run['slowest_s']:.1f} s | "
        f"{run['back_s']:.1f} s | {run['lost']} | {run['doubled']} |"
    )


def _full(run: Run) -> Iterator[str]:
    refused, health, reads, writes = (
        _each(run[name]) for name in ("refused", "health", "reads", "writes")
    )
    yield (
        f"| {run['filled']} | {run['acknowledged']:,} | {refused} | {health} | {reads} | "
        f"{run['slowest_read_s']:.1f} s | {writes} | {run['back_s']:.2f} s | {run['lost']} | "
        f"{run['doubled']} |"
    )


def _each(counts: Mapping[str, int]) -> str:
    """How often which."""
    return ", ".join(f"{what}: {n:,}" for what, n in counts.items())


def _fuzz(run: Run) -> Iterator[str]:
    bodies, calls = run["bodies"], run.get("described")
    counts = _by_class(bodies["statuses"].values())
    quiet = sum("no answer" in line for line in bodies["bad"])
    yield (
        f"| broken bodies, {len(bodies['statuses'])} routes | {bodies['count']:,} | {counts} | "
        f"{quiet} | {bodies['slowest_s']:.1f} s | {bodies['differ']} | {bodies['lost']} | "
        f"{bodies['doubled']} |"
    )
    if calls is None:
        return
    made = sum(n for route in calls["routes"].values() for n in route.values())
    yield (
        f"| calls made up from the description, {len(calls['routes'])} routes | {made:,} | "
        f"{_by_class(calls['routes'].values())} | – | – | – | – | – |"
    )


def _by_class(routes: Iterable[Mapping[str, int]]) -> str:
    """How many were answered, refused, and ended in an error."""
    counts = Counter[str]()
    for route in routes:
        for status, n in route.items():
            counts[status[0]] += n
    return " | ".join(f"{counts[first]:,}" for first in "245")


def _soak(run: Run) -> Iterator[str]:
    gib = run["memory_gib"]
    yield (
        f"| {run['minutes']:g} | {run['asked']:,} | {run['events']:,} | {run['errors']} | "
        f"{gib[0]:.2f} → {gib[-1]:.2f} | {run['growth']:+.1%} |"
    )


def _origins(runs: list[Run]) -> list[str]:
    """Where figures are from, each said once."""
    told = dict.fromkeys(_origin(run) for run in runs)
    return [f"{line}\n" for line in told]


def _origin(run: Run) -> str:
    if "database" in run:
        busy = run["load"][0]
        return (
            f"`python -m benchmarks.serve.store`, {run['date'][:10]}, "
            f"commit {run.get('commit', 'unknown')}, {run['cores']} cores at load {busy:.0f}, "
            f"SQLite {run['sqlite']}, Polars {run['polars']}, Python {run['python']}."
        )
    where = f"{run['date'][:10]}, commit {run['commit']}, {run['hardware']}"
    remark = f" {run['remark']}" if "remark" in run else ""
    return f"`{run['command']}`, {where}.{_recall(run)}{remark}"


def main() -> None:
    PAGE.write_text(page(HERE / "results"), encoding="utf-8")


if __name__ == "__main__":
    main()
