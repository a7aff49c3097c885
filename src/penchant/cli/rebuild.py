"""`penchant rebuild`: what is known of people, computed anew from the log."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.audit import BY
from penchant.cli.failures import NO
from penchant.cli.session import Session
from penchant.cli.text import duration, many

if TYPE_CHECKING:
    from rich.table import Table

    from penchant.engine.derived import Cleared
    from penchant.engine.rebuild import Apart, Rebuilt


def rebuild(
    session: Session,
    people: Annotated[
        int,
        typer.Option(
            "--people",
            metavar="N",
            min=0,
            help="Compare so many people: those who acted since the fit first, at most nine in "
            "ten, then others, drawn by chance. 0: everybody.",
        ),
    ] = 1000,
    no_batch: Annotated[
        bool,
        typer.Option(
            "--no-batch",
            help="Do not read the whole log at once to compare with, which takes the memory of a "
            "fit.",
        ),
    ] = False,
) -> None:
    """Compute what is known of people anew from the log, compare, and have services begin anew.

    The log is the state: profiles, popularity and items that joined are a cache that follows it.
    The model that serves is taken through what came since its fit piece by piece, as a service is,
    and compared with one begun anew and with the whole log read at once: scores of items, weights
    of interests at every level, and the acts that speak for them, as of when the last event counts
    in popularity (`interests.popularity.every`). Where anything differs by more than 0.00001 the
    command says so and ends with 1.

    Half-done fits are removed. Vectors of texts, reports and studies stay; files of vectors that
    are damaged are set aside, and their texts encoded again when they are needed. Models stay as
    they are. Processes that answer read the model and the log anew, while they go on answering.

    Examples:

        penchant rebuild
        penchant rebuild --people 0
        penchant rebuild --no-batch --json
    """
    from penchant.engine.derived import clear, serve_anew
    from penchant.engine.rebuild import rebuild as computed
    from penchant.errors import NotFittedError

    workspace, progress = session.opened(), session.out.progress
    cleared, engine = clear(workspace), session.engine()
    try:
        live = engine.live
    except NotFittedError:
        _nothing(session, cleared)
        return
    version = engine.version
    found = computed(live, people, batch=not no_batch, seed=engine.config.seed, progress=progress)
    told = serve_anew(workspace, version, by=BY)
    plain = {"model": version, **found.to_json(), **cleared.to_json(), "told": told}
    session.out.answer(lambda: plain, _shown(version, found, cleared, told))
    if not found.same:
        session.out.notes.print(_wrong(found), style="red")
        raise typer.Exit(NO)
    if not found.came:
        session.out.note("No event came since the fit: there was nothing to follow.")


def _nothing(session: Session, cleared: "Cleared") -> None:
    """There is no model, so nothing follows the log."""
    holds = session.opened().tables.latest()
    plain: dict[str, Any] = {"model": None, "same": True, **cleared.to_json(), "told": False}
    session.out.answer(
        lambda: plain, f"no model serves, so nothing follows the log; {_removed(cleared)}"
    )
    session.out.note(
        "Next: `penchant fit`" if holds else "Next: `penchant add events.parquet items.parquet`"
    )


def _shown(version: str | None, found: "Rebuilt", cleared: "Cleared", told: bool) -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    who = "1 person" if found.people == 1 else f"{found.people:,} people"
    table.add_row("model", version or "a model in memory")
    table.add_row("read", f"{many(found.rows, 'event')}, {found.came:,} of them since the fit")
    table.add_row(
        "compared",
        f"{who} ({found.acted:,} acted since the fit), {many(found.items, 'item')}, "
        f"{many(found.levels, 'level')}",
    )
    table.add_row("streamed", _far(found.streamed))
    whole = _far(found.batch) if found.batch else f"left out: {found.without}"
    table.add_row("whole log", whole)
    table.add_row("removed", _removed(cleared))
    table.add_row("services", "begin anew" if told else "were not told to begin anew")
    table.add_row("time", duration(found.seconds))
    return table


def _far(apart: "Apart") -> str:
    verdict = "same" if apart.same else "DIFFERENT"
    return (
        f"{verdict}: scores at most {apart.scores:.1g}, weights {apart.weights:.1g}, "
        f"evidence {apart.evidence:.1g} away"
    )


def _removed(cleared: "Cleared") -> str:
    left = cleared.half_done
    words = (
        "a fit runs, and keeps its half-done work" if left is None else many(left, "half-done fit")
    )
    aside = f", {many(cleared.damaged, 'damaged file')} of vectors" if cleared.damaged else ""
    return words + aside


def _wrong(found: "Rebuilt") -> str:
    """What differs, for whom, and what to do."""
    ways = {"what was followed piece by piece": found.streamed, "the whole log": found.batch}
    lines = []
    for name, apart in ways.items():
        if apart is not None and not apart.same:
            who = f" for {apart.differ:,} of {found.people:,} people" if apart.differ else ""
            some = f" (such as {', '.join(apart.people)})" if apart.people else ""
            only = f"; items that only one knows: {', '.join(apart.items)}" if apart.items else ""
            lines.append(f"Error: rebuilt from the log is not {name}{who}{some}{only}.")
    if found.moved:
        return "\n".join([*lines, "Items, relations or people changed meanwhile: run it again."])
    return "\n".join([
        *lines,
        "Services that were told begin anew, and answer as rebuilt; restart the others. "
        "`penchant fit` learns anew from the whole log. If it comes back, please report it with "
        "what `penchant rebuild --json` says.",
    ])  # fmt: skip
