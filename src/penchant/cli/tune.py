"""`penchant tune`: find better settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.audit import BY
from penchant.cli.failures import INTERRUPTED
from penchant.cli.options import chosen
from penchant.cli.session import Session
from penchant.cli.text import duration, many

if TYPE_CHECKING:
    from rich.console import RenderableType

    from penchant.engine.tuned import Tuning

METHODS = ("bayes", "random", "grid")
SPLITS = ("rolling", "last")
_MOST = 10  # trials shown


def tune(
    session: Session,
    space: Annotated[
        Path | None,
        typer.Argument(
            metavar="SPACE.toml",
            help="Settings and what each may be; else the space that --example prints.",
            show_default=False,
        ),
    ] = None,
    method: Annotated[
        str, typer.Option(metavar="|".join(METHODS), help="How the space is searched.")
    ] = "bayes",
    minutes: Annotated[
        float | None,
        typer.Option(
            metavar="M",
            help="Stop after so many minutes of this call; else 30, or no limit with --trials.",
            show_default=False,
        ),
    ] = None,
    trials: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Stop at so many trials, with those of earlier calls.",
            show_default=False,
        ),
    ] = None,
    split: Annotated[
        str,
        typer.Option(
            metavar="|".join(SPLITS),
            help="Judge by windows of time, or by each user's last event.",
        ),
    ] = "rolling",
    folds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Windows, or how often the last event is left out; else 3, or 1.",
            show_default=False,
        ),
    ] = None,
    window: Annotated[
        float, typer.Option(metavar="SHARE", help="Share of the events in each window.")
    ] = 0.1,
    metric: Annotated[
        str, typer.Option(metavar="NAME", help="What is to be high, as ndcg@10 or recall@20.")
    ] = "ndcg@10",
    no_prune: Annotated[
        bool, typer.Option("--no-prune", help="See every trial through, however it goes.")
    ] = False,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Write the settings to learn with, for --config.",
            show_default=False,
        ),
    ] = None,
    fit: Annotated[
        bool, typer.Option("--fit", help="Learn with the best settings from all data afterwards.")
    ] = False,
    example: Annotated[
        bool, typer.Option("--example", help="Print a space to begin with, and stop.")
    ] = False,
) -> None:
    """Search better settings, judged on windows of time before the test of `penchant evaluate`.

    The default settings are trial 0, so the result is never below them where it is judged. The
    same call goes on where it stopped; Ctrl-C loses nothing.

    Examples:

        penchant tune --minutes 30
        penchant tune --example > space.toml
        penchant tune space.toml --method random --trials 40 --write best.toml
        penchant tune space.toml --metric recall@20 --split last --fit
    """
    if example:
        _example(session)
        return
    found = session.engine().tune(
        space,
        method=chosen("--method", method, METHODS),
        split=chosen("--split", split, SPLITS),
        minutes=minutes,
        trials=trials,
        folds=folds,
        window=window,
        metric=metric,
        prune=not no_prune,
    )
    session.out.note(_study(found))
    session.out.answer(found.to_json, *_shown(found))
    _next(session, found, write)
    if found.interrupted:
        session.out.note("Stopped; the same command goes on from here.")
        raise typer.Exit(INTERRUPTED)
    if fit:
        _fit(session, found)


def _example(session: Session) -> None:
    from penchant.engine.spaces import EXAMPLE

    session.out.answer(lambda: {"space": EXAMPLE})
    if not session.out.json:
        typer.echo(EXAMPLE.rstrip("\n"))  # a file's text: never wrapped to the terminal's width


def _study(found: "Tuning") -> str:
    if not found.before:
        return f"{found.study}: {found.folder}"
    earlier = f"{many(found.before, 'trial')} before, {len(found.trials) - found.before:,} new"
    return f"{found.study}: {earlier} ({found.folder})"


def _shown(found: "Tuning") -> list["RenderableType"]:
    """The verdict, the best settings beside the default ones, the best trials."""
    parts: list[RenderableType] = [found.verdict()]
    if found.settings:
        parts += ["", _settings(found)]
    if len(found.trials) > 1:
        parts += ["", _trials(found)]
    if found.impossible:
        parts += ["", f"{found.impossible} combinations were passed over as impossible"]
    return [*parts, "", f"ended: {found.stopped}", f"for the test: {found.aside}"]


def _settings(found: "Tuning") -> Any:
    from rich.table import Table

    from penchant.train.knobs import text

    table = Table(title="settings", title_justify="left", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for name in ("best", "default"):
        table.add_column(name, overflow="fold")
    for name, value in found.settings.items():
        same = value == found.defaults[name]
        style = "dim" if same else ""
        table.add_row(name, text(value), text(found.defaults[name]), style=style)
    return table


def _trials(found: "Tuning") -> Any:
    from rich.table import Table

    ranked = sorted(
        found.trials, key=lambda t: (t.value is None, -(t.value or (t.means or (0.0,))[-1]))
    )
    title = "trials, best first" if len(ranked) <= _MOST else f"the best {_MOST} trials"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("trial", justify="right")
    table.add_column(found.metric, justify="right")
    table.add_column("after each fold", justify="right")
    table.add_column("time", justify="right")
    table.add_column("", overflow="fold")
    for tried in ranked[:_MOST]:
        value = "–" if tried.value is None else f"{tried.value:.4f}"
        folds = " ".join(f"{mean:.4f}" for mean in tried.means)
        words = {"done": "", "pruned": "stopped early", "failed": tried.error}[tried.state]
        note = "default" if tried.number == 0 else words
        style = "bold" if tried is found.best else ""
        table.add_row(str(tried.number), value, folds, duration(tried.seconds), note, style=style)
    return table


def _next(session: Session, found: "Tuning", write: Path | None) -> None:
    """Where the settings are, and how to judge them by what was laid aside."""
    if write is not None:
        found.write(write)
        session.out.note(f"written: {write}")
    kept = write or (found.folder and found.folder / "best.toml")
    if not found.settings:
        return
    call = f"penchant -w {session.workspace}" if session.named else "penchant"
    test = f"{call} evaluate --split {found.aside.split.kind} --config {kept}"
    session.out.note(f"Next: `{test}` asks about what was laid aside;")
    session.out.note(f"      `{call} fit --config {kept}` learns with these settings")


def _fit(session: Session, found: "Tuning") -> None:
    from penchant.engine import Engine

    engine = Engine(session.workspace, found.config, progress=session.out.progress)
    fitted = engine.fit(by=BY)
    session.out.note(f"learned {fitted.version} with the best settings; it serves now")
