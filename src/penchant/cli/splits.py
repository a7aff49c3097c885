"""How the log is cut: the options that `evaluate` and `diagnose` share."""

from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from penchant.cli.options import chosen

if TYPE_CHECKING:
    from penchant.data.split import SplitConfig
    from penchant.engine import EngineConfig

SPLITS = ("last", "time", "rolling", "user")

Split: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="|".join(SPLITS),
        help="How the log is cut: each user's last event; one moment; rolling windows; users "
        "never seen. Else as set.",
        show_default=False,
    ),
]
Cut: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="The first moment of the test (with --split time).",
        show_default=False,
    ),
]
TestFraction: TypeAlias = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="Share of the events in the test, or in each window (time, rolling).",
        show_default=False,
    ),
]


def split_of(
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

    return when(micros(text, "--cut"))
