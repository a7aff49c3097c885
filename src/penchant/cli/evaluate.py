"""`penchant evaluate`: how good."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from penchant.cli.options import chosen
from penchant.cli.session import Session

if TYPE_CHECKING:
    from penchant.data.split import SplitConfig
    from penchant.engine import EngineConfig

SPLITS = ("last", "time", "rolling", "user")


def evaluate(
    session: Session,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="|".join(SPLITS),
            help="How the log is cut: each user's last event; one moment; rolling windows; users "
            "never seen. Else as set.",
            show_default=False,
        ),
    ] = None,
    cut: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="The first moment of the test (with --split time).",
            show_default=False,
        ),
    ] = None,
    test_fraction: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the events in the test, or in each window (time, rolling).",
            show_default=False,
        ),
    ] = None,
    no_baselines: Annotated[
        bool, typer.Option("--no-baselines", help="The model alone, which is much faster.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write evaluation.json and evaluation.md here too.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Learn from a part of the log, ask about the rest, and compare with tuned baselines.

    Every item is ranked; nothing past the cut is learned from. The model that serves is not
    touched. The result goes to the reports folder of the workspace, with what it was made from.

    Examples:

        penchant evaluate
        penchant evaluate --split time --test-fraction 0.2
        penchant evaluate --split time --cut 2024-06-01 --out report/
        penchant evaluate --no-baselines --json
    """
    from penchant.cli.figures import Figures

    engine = session.engine()
    found = engine.evaluate(
        split=_split(engine.config, split, cut, test_fraction), baselines=not no_baselines
    )
    session.out.report(found.report)
    session.out.answer(found.to_json, Figures(found))
    folder = session.workspace / "reports"
    if out is not None:
        found.write(out)
        folder = out
    session.out.note(f"written: {folder / 'evaluation.md'} and evaluation.json")


def _split(
    config: "EngineConfig", kind: str | None, cut: str | None, fraction: float | None
) -> "SplitConfig | None":
    """The split that was asked for, on top of the one in the settings; None: that one."""
    changes: dict[str, Any] = {}
    if kind is not None:
        changes["kind"] = chosen("--split", kind, SPLITS)
    if cut is not None:
        changes |= {"kind": kind or "time", "cut": _moment(cut)}
    if fraction is not None:
        changes["test_fraction"] = fraction
    return config.evaluate.split.but(**changes) if changes else None


def _moment(text: str) -> Any:
    from penchant.clock import micros, when

    return when(micros(text))
