"""`docs/benchmarks.md` and the table of the README, from the result files alone."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from statistics import mean, pstdev
from typing import Any

from benchmarks.quality import words
from benchmarks.quality.jobs import OURS, Bench
from benchmarks.quality.lists import slug
from benchmarks.quality.measure import COLD, differences, written
from benchmarks.quality.peers.grids import GRIDS
from benchmarks.quality.words import INTRO, NOTES, ODD, PEERS

COLD_GROUPS = {
    COLD: "cold items alone",
    "cold items": "users with a cold item among others",
    "cold users": "cold users",
}
"""Groups that are shown apart, and what they are called."""
AHEAD = 1.1
"""A lead of less is looked into, group by group."""
MARK = "<!-- results -->\n"
"""Before and after the README's table."""


@dataclass(frozen=True)
class Model:
    """All seeds of one model on one set and split."""

    name: str
    runs: tuple[dict[str, Any], ...]

    @property
    def ok(self) -> tuple[dict[str, Any], ...]:
        """Those that did not fail."""
        return tuple(run for run in self.runs if "error" not in run)

    def figure(self, metric: str, group: str = "all") -> tuple[float, float, float] | None:
        """Mean over seeds of a metric and of its interval."""
        cells = [r["figures"][group][metric] for r in self.ok if group in r["figures"]]
        if not cells:
            return None
        value, low, high = (mean(c[k] for c in cells) for k in ("value", "low", "high"))
        return value, low, high

    def spread(self, metric: str) -> float:
        """Deviation of a metric between seeds."""
        return pstdev(r["figures"]["all"][metric]["value"] for r in self.ok)

    def seconds(self) -> float:
        """Mean time to learn, with texts and tree where there are any."""
        steps = ("encode", "tree", "fit")
        return mean(sum(r["seconds"].get(s, 0.0) for s in steps) for r in self.ok)

    def memory(self) -> float:
        """Highest resident memory in GiB."""
        return max(r["peak_mib"] for r in self.ok) / 1024


@dataclass(frozen=True)
class Board:
    """All models on one set and split."""

    key: str
    models: tuple[Model, ...]
    leads: dict[str, Any]

    @staticmethod
    def read(folder: Path) -> "Board":
        """From the result files of one folder."""
        by_model: dict[str, list[dict[str, Any]]] = {}
        for path in sorted(folder.glob("*~*.json")):
            run = json.loads(path.read_text(encoding="utf-8"))
            by_model.setdefault(run["model"], []).append(run)
        models = [Model(name, tuple(runs)) for name, runs in by_model.items()]
        leads = folder / "differences.json"
        told = json.loads(leads.read_text(encoding="utf-8")) if leads.exists() else {}
        return Board(folder.name, tuple(sorted(models, key=_order)), told)

    @property
    def ours(self) -> Model | None:
        """Penchant."""
        return next((m for m in self.models if m.name == OURS and m.ok), None)

    @property
    def best(self) -> Model | None:
        """The best of the others."""
        others = [m for m in self.models if m.name != OURS and m.ok]
        return max(others, key=lambda m: m.figure("ndcg@10") or (0.0,), default=None)

    @property
    def about(self) -> dict[str, Any]:
        """Protocol and origin, of any run."""
        found: dict[str, Any] = self.models[0].runs[0]
        return found


def write(bench: Bench, page: Path, readme: Path) -> None:
    """Bring the differences up to date where lists are at hand, and write page and README."""
    folders = sorted(p for p in bench.results.glob("*") if any(p.glob("*~*.json")))
    for folder in folders:
        part = bench.work / folder.name / "test"
        if (part / "about.json").exists():
            found = differences(bench.work / folder.name / "lists", part, OURS)
            if found:
                written(folder / "differences.json", found)
    boards = [Board.read(folder) for folder in folders]
    cost = bench.results / "cost.json"
    told = json.loads(cost.read_text(encoding="utf-8")) if cost.exists() else None
    page.write_text(text(boards, told), encoding="utf-8")
    before, _, after = readme.read_text(encoding="utf-8").split(MARK)
    readme.write_text(MARK.join([before, short(boards, told), after]), encoding="utf-8")


def short(boards: list[Board], cost: dict[str, Any] | None = None) -> str:
    """The few columns that the README shows, and what quality costs."""
    rows = []
    for board in boards:
        ours, best = board.ours, board.best
        lead = board.leads.get(slug(best.name)) if best else None
        name = f"[{board.about['set']}](docs/benchmarks.md#{board.key})"
        rows.append([
            name, _split(board), _value(ours, "recall@10"), _value(ours),
            best.name if best else "–", _value(best), _more(ours, best), _lead(lead),
        ])  # fmt: skip
    head = ["set", "split", "R@10", "NDCG@10", "best of the others", "its NDCG@10", "more",
            "lead (95 %)"]  # fmt: skip
    said = words.CHEAP.format(**cost) if cost and cost["reached"] else ""
    return f"{_grid(head, rows)}\n\n{said}{_ours_origin(boards)}\n"


def text(boards: list[Board], cost: dict[str, Any] | None = None) -> str:
    """The page."""
    parts = [INTRO, "## At a glance", *_glance(boards)]
    if cost:
        said = f"{words.COST} {words.PAST if cost['reached'] else words.SHORT}"
        parts += ["## Cost", said.format(**cost)]
    cold = _cold(boards)
    if cold:
        parts += ["## Cold items and users", words.COLD, *cold]
    layers = _layers(boards)
    if layers:
        parts += ["## The whole and its layers", words.LAYERS, *layers]
    close = _close(boards)
    if close:
        parts += ["## Where the lead is small", words.CLOSE, *close]
        parts += [words.TOGETHER, _together(boards)]
    for board in boards:
        parts += [f"## {board.about['set']}, `{_split(board)}`", *_board(board)]
    return "\n\n".join([*parts, "## Peers", PEERS, NOTES, words.HAND, _origin(boards)]) + "\n"


def _split(board: Board) -> str:
    ties = board.about["protocol"]["ties"]
    return board.about["split"] + ("" if ties == "unordered" else f", ties by {ties}")


def _glance(boards: list[Board]) -> list[str]:
    rows = []
    for board in boards:
        ours, best = board.ours, board.best
        lead = board.leads.get(slug(best.name)) if best else None
        rows.append([
            board.about["set"], _split(board), f"{board.about['protocol']['asked']:,}",
            _value(ours), best.name if best else "–", _value(best), _more(ours, best), _lead(lead),
        ])  # fmt: skip
    head = ["set", "split", "users asked", "Penchant NDCG@10", "best of the others",
            "its NDCG@10", "more", "lead (95 %)"]  # fmt: skip
    return [_grid(head, rows)]


def _board(board: Board) -> list[str]:
    told = board.about["protocol"]
    new = told["items"] - told["known"]
    said = [
        f"{told['asked']:,} users asked, {told['items']:,} items ({new:,} without a training "
        f"event), {told['events']:,} training events; items already had "
        f"{'may be shown again' if told['repeats'] else 'are no candidates'}.",
        ODD.get(board.about["set"], ""),
    ]
    head = ["", "NDCG@10 (95 %)", "R@10", "MRR@10", "MAP@10", "lead of Penchant (95 %)",
            "fit", "to best", "peak", "tried", "filled"]  # fmt: skip
    rows = [_row(model, board.leads.get(slug(model.name))) for model in board.models]
    there = {model.name for model in board.models}
    left = [peer for peer in GRIDS if peer not in there]
    missing = f"Not run on this set and split yet: {', '.join(left)}." if left else ""
    return [*filter(None, said), _grid(head, rows), *filter(None, [missing])]


def _row(model: Model, lead: dict[str, Any] | None) -> list[str]:
    if not model.ok:
        error = model.runs[0].get("error", "").strip().splitlines() or ["?"]
        return [model.name, f"failed: {error[-1][:80]}", *["–"] * 9]
    value, low, high = model.figure("ndcg@10") or (0.0, 0.0, 0.0)
    spread = f", {len(model.ok)} seeds ±{model.spread('ndcg@10'):.4f}" if len(model.ok) > 1 else ""
    tuning = model.ok[0].get("tuning")
    return [
        model.name,
        f"{value:.4f} [{low:.4f}, {high:.4f}]{spread}",
        *(_value(model, m) for m in ("recall@10", "mrr@10", "map@10")),
        _lead(lead),
        f"{model.seconds():,.0f} s" if model.seconds() >= 1 else "< 1 s",
        f"{tuning['validation']['seconds_to_best']:,.0f} s" if tuning else "–",
        f"{model.memory():.1f} GiB",
        _tried(tuning),
        f"{model.ok[0]['filled_by_popularity']:,}",
    ]


def _tried(tuning: dict[str, Any] | None) -> str:
    """How many settings were tried; † where the best one still rose as its time ended."""
    if not tuning:
        return "–"
    told = tuning["validation"]
    rising = told.get("stopped") == "time" and told["best_epoch"] == told["epochs"]
    return f"{tuning['settings']}{' †' if rising else ''}"


def _layers(boards: list[Board]) -> list[str]:
    """The first seed's layers of each board that has them."""
    rows, names = [], ("base", "context", "dynamic", "social", "popularity")
    for board in boards:
        told = board.ours.ok[0].get("layers") if board.ours else None
        if board.ours and told:
            whole = board.ours.ok[0]["figures"]["all"]["ndcg@10"]["value"]
            alone = [
                f"{told['alone'][name]:.4f}" if name in told["alone"] else "–" for name in names
            ]
            rows.append([board.about["set"], _split(board), f"{whole:.4f}", *alone, _lead(told)])
    head = ["set", "split", "whole", *names, "lead over the best layer (95 %)"]
    return [_grid(head, rows)] if rows else []


def _small_leads(boards: list[Board]) -> Iterator[tuple[Board, Model, Model]]:
    """Boards where Penchant is less than a tenth ahead, with it and the best of the others."""
    for board in boards:
        ours, best = board.ours, board.best
        if ours and best and _ratio(ours, best) < AHEAD:
            yield board, ours, best


def _close(boards: list[Board]) -> list[str]:
    """Group by group, where Penchant is less than a tenth ahead of the best of the others."""
    rows = []
    for board, ours, _ in _small_leads(boards):
        others = [m for m in board.models if m.name != OURS and m.ok]
        for group, figures in ours.ok[0]["figures"].items():
            first = max(others, key=lambda m, g=group: m.figure("ndcg@10", g) or (0.0,))
            a, b = (m.figure("ndcg@10", group) for m in (ours, first))
            if group != COLD and a and b:
                rows.append([
                    board.about["set"], _split(board), group, f"{figures['users']:,}",
                    f"{a[0]:.4f}", first.name, f"{b[0]:.4f}", _more(ours, first, group),
                ])  # fmt: skip
    head = ["set", "split", "who", "users", "Penchant NDCG@10", "best of the others", "its NDCG@10",
            "more"]  # fmt: skip
    return [_grid(head, rows)] if rows else []


def _together(boards: list[Board]) -> str:
    """What the best of the others would add, where it is less than a tenth behind."""
    rows = []
    for board, _, best in _small_leads(boards):
        told = board.leads.get(slug(best.name), {}).get("together")
        said = (
            [f"{told['ours']:.4f}", f"{told['value']:.4f}", f"{told['weight']:g}", _lead(told)]
            if told
            else ["–"] * 4
        )
        rows.append([board.about["set"], _split(board), best.name, *said])
    head = ["set", "split", "best of the others", "Penchant NDCG@10", "both together", "weight",
            "more (95 %)"]  # fmt: skip
    return _grid(head, rows)


def _cold(boards: list[Board]) -> list[str]:
    rows = []
    for board in boards:
        for group, said in COLD_GROUPS.items():
            ours = board.ours.figure("ndcg@10", group) if board.ours else None
            cells = {m.name: m.figure("ndcg@10", group) for m in board.models if m.ok}
            others = {n: c[0] for n, c in cells.items() if c and n != OURS}
            if not others:
                continue
            best = max(others, key=lambda n: others[n])
            users = next(r["figures"][group]["users"] for m in board.models for r in m.ok)
            popular = others.get("popularity", others.get("baseline popularity"))
            rows.append([
                board.about["set"], _split(board), said, f"{users:,}",
                f"{ours[0]:.4f}" if ours else "–", "–" if popular is None else f"{popular:.4f}",
                best, f"{others[best]:.4f}",
            ])  # fmt: skip
    head = ["set", "split", "who", "users", "Penchant NDCG@10", "popularity", "best of the others",
            "its NDCG@10"]  # fmt: skip
    return [_grid(head, rows)] if rows else []


def _origin(boards: Iterable[Board]) -> str:
    """Days, commits, seeds and machines of all runs, and the versions they used."""
    runs = [run for board in boards for model in board.models for run in model.runs]
    versions = sorted({
        f"{name} {number}" for run in runs for name, number in run.get("versions", {}).items()
    })  # fmt: skip
    days = sorted({run["date"][:10] for run in runs})
    return (
        f"Measured {' to '.join(dict.fromkeys([days[0], days[-1]]) if days else [])}; commits "
        f"{_all_of('commit', runs)}; seeds {_all_of('seed', runs)}; {_all_of('hardware', runs)}, "
        f"{_all_of('cores', runs)} core(s) a job; {', '.join(versions)}."
    )


def _ours_origin(boards: Iterable[Board]) -> str:
    """The same of Penchant's own runs, in short."""
    runs = [run for board in boards if board.ours for run in board.ours.runs]
    last = max((run["date"][:10] for run in runs), default="not yet")
    return (
        f"Measured {last}; seeds {_all_of('seed', runs)}; commits {_all_of('commit', runs)}; "
        f"{_all_of('hardware', runs)}."
    )


def _all_of(key: str, runs: list[dict[str, Any]]) -> str:
    return ", ".join(sorted({str(run[key]) for run in runs if key in run}))


def _order(model: Model) -> tuple[bool, float]:
    found = model.figure("ndcg@10") if model.ok else None
    return model.name != OURS, -(found[0] if found else -1.0)


def _value(model: Model | None, metric: str = "ndcg@10") -> str:
    found = model.figure(metric) if model else None
    return f"{found[0]:.4f}" if found else "–"


def _ratio(ours: Model | None, best: Model | None, group: str = "all") -> float:
    """How many times as good; NaN where that cannot be told."""
    a, b = (m.figure("ndcg@10", group) if m else None for m in (ours, best))
    return a[0] / b[0] if a and b and b[0] else nan


def _more(ours: Model | None, best: Model | None, group: str = "all") -> str:
    ratio = _ratio(ours, best, group)
    return "–" if isnan(ratio) else f"{100 * (ratio - 1):+.1f} %"


def _lead(lead: dict[str, Any] | None) -> str:
    if not lead:
        return "–"
    said = f"{lead['difference']:+.4f} [{lead['low']:+.4f}, {lead['high']:+.4f}]"
    return f"**{said}**" if lead["low"] > 0 or lead["high"] < 0 else said


def _grid(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
