"""`penchant fit`: learn."""

from typing import TYPE_CHECKING, Annotated

import typer

from penchant.cli.audit import BY, act
from penchant.cli.session import Session
from penchant.cli.text import duration

if TYPE_CHECKING:
    from rich.table import Table

    from penchant.engine.engine import Fitted


def fit(
    session: Session,
    if_better: Annotated[
        bool,
        typer.Option(
            "--if-better",
            help="Compare with the model that serves on what came since; keep that one if it is "
            "better. Takes twice as long.",
        ),
    ] = False,
) -> None:
    """Learn the interest tree and the model from all that was added; they serve from then on.

    Interrupted, it goes on where it stopped when it is called again. The version before stays,
    and `penchant rollback` brings it back.

    Examples:

        penchant fit
        penchant fit --if-better
        penchant fit --set encode.kind=hashed
        penchant fit --set interests.base.kind=svd --set seed=7
    """
    engine = session.engine()
    if if_better:
        found = engine.refit(by=BY)
        if found.version is None:
            engine.tables.audit.append(act("fit", version=None))
        session.out.report(found.report)
        session.out.answer(found.to_json, str(found))
        return
    fitted = engine.fit(by=BY)
    session.out.report(fitted.report)
    session.out.answer(fitted.to_json, _shown(fitted))
    session.out.note("Next: `penchant interests USER`, `penchant recommend USER --explain`")


def _shown(fitted: "Fitted") -> "Table":
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    sizes = [
        f"{value:,} {name}"
        for name, value in fitted.summary.items()
        if isinstance(value, int) and not isinstance(value, bool)
    ]
    steps = [f"{name} {duration(seconds)}" for name, seconds in fitted.seconds.items()]
    again = "may be shown again" if fitted.summary.get("repeats") else "are not shown again"
    table.add_row("learned", f"{fitted.version or 'a model in memory'}")
    table.add_row("from", ", ".join(sizes))
    table.add_row("repeats", f"items that people had {again} (events.repeats)")
    held = fitted.metrics.get("held_out", {})
    if "ndcg@10" in held:
        table.add_row("held out", f"NDCG@10 {held['ndcg@10']:.4f} of {held['moments']:,} moments")
    table.add_row("time", f"{duration(sum(fitted.seconds.values()))}: {', '.join(steps)}")
    return table
