"""The command line, assembled: one verb a file, and the options that all of them share."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from penchant.cli.add import add
from penchant.cli.audit import audit
from penchant.cli.backup import backup, restore
from penchant.cli.check import check
from penchant.cli.config import config
from penchant.cli.consume import consume
from penchant.cli.demo import demo
from penchant.cli.diagnose import diagnose
from penchant.cli.evaluate import evaluate
from penchant.cli.explain import explain
from penchant.cli.failures import Verbs
from penchant.cli.feedback import feedback
from penchant.cli.fit import fit
from penchant.cli.forget import forget
from penchant.cli.interests import interests
from penchant.cli.keys import keys
from penchant.cli.models import models, promote, rollback
from penchant.cli.rebuild import rebuild
from penchant.cli.recommend import recommend
from penchant.cli.serve import serve
from penchant.cli.session import FOLDER, Debug, File, Json, Quietly, Session, Sets, door
from penchant.cli.status import status
from penchant.cli.tune import tune

GROUPS: Final[dict[str, tuple[Callable[..., None], ...]]] = {
    "Begin": (demo, add, consume, check),
    "Learn": (fit, evaluate, diagnose, tune),
    "Ask": (interests, recommend, explain, feedback),
    "Serve": (serve, keys),
    "Keep": (status, config, models, promote, rollback, rebuild, backup, restore, forget, audit),
}

app = typer.Typer(
    name="penchant",
    cls=Verbs,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)

_Folder = Annotated[
    Path,
    typer.Option(
        "--workspace",
        "-w",
        metavar="FOLDER",
        envvar="PENCHANT_WORKSPACE",
        help="Where data and models are kept.",
    ),
]


def _version(asked: bool) -> None:
    if asked:
        from penchant import __version__

        typer.echo(f"penchant {__version__}")
        raise typer.Exit


@app.callback()
def penchant(
    ctx: typer.Context,
    workspace: _Folder = Path(FOLDER),
    config: File = None,
    sets: Sets = None,
    json: Json = False,
    quiet: Quietly = False,
    debug: Debug = False,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Knows what each user is interested in, and recommends from it with reasons that add up."""
    source = ctx.get_parameter_source("workspace")
    named = source is not None and source.name == "COMMANDLINE"
    ctx.obj = Session(
        workspace, config, tuple(sets or ()), json=json, quiet=quiet, debug=debug, named=named
    )


for _panel, _verbs in GROUPS.items():
    for _verb in _verbs:
        app.command(_verb.__name__, rich_help_panel=_panel)(door(_verb))


def reference() -> str:
    """All commands and options as Markdown, for the reference of the documentation."""
    from penchant.cli import reference as page

    return page.reference(app, {verb.__name__: verb for verbs in GROUPS.values() for verb in verbs})


def main() -> None:
    """Run the command line."""
    app(prog_name="penchant")
