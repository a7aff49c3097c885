"""`penchant evaluate`: how good."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.session import Session
from penchant.cli.splits import Cut, Split, TestFraction, split_of


def evaluate(
    session: Session,
    split: Split = None,
    cut: Cut = None,
    test_fraction: TestFraction = None,
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
        split=split_of(engine.config, split, cut, test_fraction), baselines=not no_baselines
    )
    session.out.report(found.report)
    session.out.answer(found.to_json, Figures(found))
    folder = session.workspace / "reports"
    if out is not None:
        found.write(out)
        folder = out
    session.out.note(f"written: {folder / 'evaluation.md'} and evaluation.json")
