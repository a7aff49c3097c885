"""`penchant demo`: the main job, on a made-up shop whose people's true interests are known."""

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.session import Session
from penchant.cli.text import duration

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from penchant.data.sources.world import WorldConfig
    from penchant.engine.demo import DemoResult, Shown


def _size(metavar: str, what: str, least: int) -> Any:
    return typer.Option(metavar=metavar, help=what, show_default=False, min=least)


def demo(
    session: Session,
    users: Annotated[int | None, _size("N", "How many people; else 1,000.", 2)] = None,
    items: Annotated[int | None, _size("N", "How many items; else 3,600.", 1)] = None,
    events: Annotated[int | None, _size("N", "About how many events; else 60,000.", 1)] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed makes another world.")] = 0,
    small: Annotated[
        bool, typer.Option("--small", help="A small world: 150 people, 300 items, seconds.")
    ] = False,
) -> None:
    """Make a world, learn it, evaluate beside the baselines, and show three people.

    The world is a simulated shop whose people's true interests are known, so what Penchant says
    of them stands beside the truth. It lives in memory, unless --workspace names a folder to
    keep it in.

    Examples:

        penchant demo
        penchant demo --small
        penchant demo --users 500 --seed 7 --workspace demo-shop
    """
    from penchant.engine.demo import run_demo

    began = perf_counter()
    world = _world(small, {"users": users, "items": items, "events": events, "seed": seed})
    workspace = _folder(session)
    result = run_demo(world, workspace, session.settings(), session.out.progress)
    seconds = perf_counter() - began
    session.out.answer(lambda: _plain(result, seconds), *_shown(result))
    steps = ", ".join(f"{name} {duration(s)}" for name, s in result.seconds.items())
    session.out.note(f"done in {duration(seconds)}: {steps}")
    if workspace is not None:
        one = result.users[0].user_id
        session.out.note(f"kept. Next: `penchant -w {workspace} recommend {one} --explain`")


def _folder(session: Session) -> Path | None:
    """Where the demo is kept: only where a folder was named, and holds nothing yet."""
    from penchant.errors import StoreError

    if not session.named:
        return None
    if (session.workspace / "penchant.json").exists():
        raise StoreError(
            f"{session.workspace}: this workspace is in use; the demo would mix made-up people "
            "into it. Name another folder"
        )
    return session.workspace


def _world(small: bool, said: dict[str, int | None]) -> "WorldConfig":
    from penchant.data.sources.world import WorldConfig

    changes = {name: value for name, value in said.items() if value is not None}
    if small:
        return WorldConfig.small(**changes)
    return WorldConfig(**{"users": 1_000, "events": 60_000, **changes})


def _plain(result: "DemoResult", seconds: float) -> dict[str, Any]:
    return {
        "seconds": {**result.seconds, "total": seconds},
        "evaluation": result.evaluation.to_json(),
        "users": [
            {
                "user_id": one.user_id,
                "interests": one.profile.to_json(),
                "truth": one.truth.to_dicts(),
                "recommendations": one.recommendations.to_json(explain=True),
            }
            for one in result.users
        ],
    }


def _shown(result: "DemoResult") -> "list[Any]":
    from rich.rule import Rule

    from penchant.cli.figures import Figures

    shown: list[Any] = [Figures(result.evaluation)]
    for one in result.users:
        shown += ["", Rule(f"{one.user_id}", style="dim"), _person(one)]
    return shown


def _person(one: "Shown", reasons: int = 3) -> "Group":
    from rich.console import Group

    from penchant.cli.reasons import block

    why = one.recommendations.explain()[:reasons]
    return Group(
        one.profile,
        "",
        _truth(one),
        "",
        one.recommendations,
        "",
        *(block(reason, rank) for rank, reason in enumerate(why, start=1)),
    )


def _truth(one: "Shown", most: int = 6) -> "Table":
    from rich.table import Table

    table = Table(
        title="what is true, and what Penchant says",
        title_justify="left",
        box=None,
        pad_edge=False,
    )
    table.add_column("interest", overflow="ellipsis", no_wrap=True, max_width=38)
    for name in ("truth", "penchant"):
        table.add_column(name, justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
    rows = one.truth.head(most).to_dicts()
    largest = max((max(r["truth"], r["penchant"]) for r in rows), default=0.0)
    for r in rows:
        cells = [(f"{r[name]:.1%}", _bar(r[name], largest)) for name in ("truth", "penchant")]
        table.add_row(r["interest"], *(cell for pair in cells for cell in pair))
    return table


def _bar(weight: float, largest: float, width: int = 12) -> str:
    return "█" * round(width * weight / max(largest, 1e-9))
