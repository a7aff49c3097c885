"""When something goes wrong: one clear message, and an exit code that a script can use.

0    done
1    `check` found a FAIL, or the answer to a question was no
2    the call, the settings or the data cannot be used: the message says why and what to do
70   an error that was not foreseen
130  interrupted
"""

import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import typer
from typer.core import TyperGroup

from penchant.errors import PenchantError

NO: Final = 1
UNUSABLE: Final = 2
UNFORESEEN: Final = 70
INTERRUPTED: Final = 130

KEPT: Final = {
    "add": "Tables that were acknowledged are kept; run the same command again for the others: "
    "what is there already counts once.",
    "consume": "What was committed is kept; run the same command again for the rest: what is there "
    "already counts once.",
    "fit": "What was computed is kept; run `penchant fit` again to go on from there.",
    "evaluate": "Encoded texts are kept; the figures are made anew by `penchant evaluate`.",
    "diagnose": "Encoded texts are kept; the figures are made anew by `penchant diagnose`.",
    "tune": "Nothing was seen through yet; encoded texts are kept.",
    "demo": "Without --workspace nothing is kept; run `penchant demo` again to start over.",
    "rebuild": "Half-done fits may be gone; models, tables and vectors of texts are as they were.",
    "forget": "Either all of the person's rows are gone or none; run the same command again to be "
    "sure.",
}
"""What is kept after Ctrl-C, and how to go on; other verbs change nothing."""


class Verbs(TyperGroup):
    """The verbs, with errors told instead of thrown."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **more: Any) -> Any:
        """Run a verb; errors of usage are JSON too where JSON was asked for."""
        said = list(sys.argv[1:] if args is None else args)
        if "--json" not in said or not more.get("standalone_mode", True):
            return super().main(said, *rest, **more)
        try:
            code = super().main(said, *rest, **{**more, "standalone_mode": False})
        except _Usage as error:
            _tell_json("UsageError", error.format_message())
            code = UNUSABLE
        sys.exit(code if isinstance(code, int) else 0)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Run the verb that was asked for."""
        said = [*getattr(ctx, "_protected_args", []), *ctx.args]
        flags = ctx.params
        with told(
            said[0] if said else "",
            as_json="--json" in said or bool(flags.get("json")),
            debug="--debug" in said or bool(flags.get("debug")),
        ):
            return super().invoke(ctx)


_Usage: Final[Any] = typer.BadParameter.__mro__[1]  # UsageError, wherever Typer keeps it


@contextmanager
def told(verb: str, as_json: bool, debug: bool) -> Iterator[None]:
    """Turn what is thrown inside into a message and an exit code."""
    try:
        yield
    except PenchantError as error:
        _tell(type(error).__name__, str(error), as_json, debug)
        raise typer.Exit(UNUSABLE) from None
    except KeyboardInterrupt:
        _tell("Interrupted", f"Stopped. {KEPT.get(verb, 'Nothing was changed.')}", as_json, debug)
        raise typer.Exit(INTERRUPTED) from None
    except Exception as error:
        if not _is_unforeseen(error):
            raise
        _tell(type(error).__name__, _unforeseen(error, verb, debug), as_json, debug)
        raise typer.Exit(UNFORESEEN) from None


def _is_unforeseen(error: Exception) -> bool:
    """Whether nobody above knows what to do with it (usage, exits and closed pipes are known)."""
    return not isinstance(error, _Usage | typer.Exit | typer.Abort | BrokenPipeError | EOFError)


def _unforeseen(error: Exception, verb: str, debug: bool) -> str:
    head = (
        f"`penchant {verb}` met an error that it did not foresee: {type(error).__name__}: {error}"
    )
    if debug:
        return f"{head}\nPlease report it with the lines above."
    return f"{head}\nPlease report it with what the same command prints with --debug."


def _tell(kind: str, message: str, as_json: bool, debug: bool) -> None:
    if debug:
        traceback.print_exc(file=sys.stderr)
    if as_json:
        _tell_json(kind, message)
    elif kind == "Interrupted":
        typer.echo(message, err=True)
    else:
        typer.secho("Error", fg="red", bold=True, err=True, nl=False)
        typer.echo(f": {message}", err=True)


def _tell_json(kind: str, message: str) -> None:
    told = {"error": {"type": kind, "message": message}}
    typer.echo(json.dumps(told, ensure_ascii=False), err=True)
