"""`penchant diagnose`: which layer helps whom."""

from pathlib import Path
from typing import Annotated

import typer

from penchant.cli.session import Session
from penchant.cli.splits import Cut, Split, TestFraction, split_of


def diagnose(
    session: Session,
    split: Split = None,
    cut: Cut = None,
    test_fraction: TestFraction = None,
    baselines: Annotated[
        bool,
        typer.Option("--baselines", help="Beside the tuned baselines too, which takes longer."),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write diagnosis.json and diagnosis.md here too.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Say which layer helps whom, and where all layers together are worse than one of them.

    Learns and asks as `penchant evaluate` does. Each layer alone, all of them, and all but one are
    compared by length of history, age of the last event, popularity of what came, cold and known
    users and items. The result goes to the reports folder of the workspace.

    Examples:

        penchant diagnose
        penchant diagnose --split time --baselines
        penchant diagnose --split time --json
    """
    engine = session.engine()
    found = engine.diagnose(
        split=split_of(engine.config, split, cut, test_fraction), baselines=baselines
    )
    session.out.report(found.report)
    session.out.answer(found.to_json, found)
    folder = session.workspace / "reports"
    if out is not None:
        found.write(out)
        folder = out
    session.out.note(f"written: {folder / 'diagnosis.md'} and diagnosis.json")
