"""What every verb has in common: where it works, with which settings, and whom it tells what."""

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer

from penchant.cli.output import Output
from penchant.cli.text import examples_apart

if TYPE_CHECKING:
    from penchant.engine import Engine, EngineConfig
    from penchant.store.workspace import Workspace

FOLDER: Final = "penchant-workspace"
PANEL: Final = "Everywhere"

Folder: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="FOLDER",
        help=f"Where data and models are kept; else PENCHANT_WORKSPACE, else ./{FOLDER}.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
File: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE.toml",
        help="Settings; else the workspace's config.toml.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Sets: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="One setting for this call, as interests.base.kind=svd. May be repeated.",
        rich_help_panel=PANEL,
        show_default=False,
    ),
]
Json: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--json", help="JSON on standard output, nothing else there.", rich_help_panel=PANEL
    ),
]
Quietly: TypeAlias = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="No progress and no notes.", rich_help_panel=PANEL),
]
Debug: TypeAlias = Annotated[
    bool,
    typer.Option("--debug", help="Show where an error came from.", rich_help_panel=PANEL),
]
EVERYWHERE: Final = {
    "workspace": (Folder, None),
    "config": (File, None),
    "sets": (Sets, None),
    "json": (Json, False),
    "quiet": (Quietly, False),
    "debug": (Debug, False),
}
"""Options that may stand before or behind the verb: name → (type, default)."""


@dataclass(frozen=True)
class Session:
    """One call of the command line; `named` says that the workspace was asked for by option."""

    workspace: Path = Path(FOLDER)
    config: Path | None = None
    sets: tuple[str, ...] = ()
    json: bool = False
    quiet: bool = False
    debug: bool = False
    named: bool = field(default=False, compare=False)

    def but(
        self, workspace: Path | None, config: Path | None, sets: list[str] | None, **flags: bool
    ) -> "Session":
        """The same with what was said behind the verb."""
        return replace(
            self,
            workspace=self.workspace if workspace is None else workspace,
            config=self.config if config is None else config,
            sets=(*self.sets, *(sets or ())),
            named=self.named or workspace is not None,
            **{name: getattr(self, name) or said for name, said in flags.items()},
        )

    @cached_property
    def out(self) -> Output:
        """Where answers, notes and progress go."""
        return Output(json=self.json, quiet=self.quiet)

    def settings(self) -> "EngineConfig":
        """The settings of this call: defaults, then the file, then PENCHANT_STORE, then `--set`.

        Raises:
            ConfigError: a setting is unknown or has a wrong value.
        """
        from penchant.cli.settings import parsed
        from penchant.store.config import VARIABLE

        filed = self._filed()
        if url := os.environ.get(VARIABLE):
            filed = filed.but(**{"store.url": url})
        return filed.but(**parsed(self.sets)) if self.sets else filed

    def _filed(self) -> "EngineConfig":
        from penchant.engine import EngineConfig
        from penchant.store.config import CONFIG

        kept = self.workspace / CONFIG
        path = self.config or (kept if kept.is_file() else None)
        return EngineConfig() if path is None else EngineConfig.from_toml(path)

    def engine(self, create: bool = False) -> "Engine":
        """The engine on the workspace, which must be there unless it may be created.

        Raises:
            StoreError: there is no workspace.
        """
        if not create:
            self.opened()
        return self.made(self.workspace)

    def made(self, workspace: Path | None) -> "Engine":
        """An engine with the settings of this call; without a workspace it lives in memory."""
        from penchant.engine import Engine

        engine = Engine(workspace, self.settings(), progress=self.out.progress)
        engine.noticed = lambda found: self.out.note(
            f"{found}. `penchant fit` learns anew, `penchant rollback` settles on this one"
        )
        return engine

    def opened(self) -> "Workspace":
        """The workspace alone: what needs no model opens it faster.

        Raises:
            StoreError: there is none.
        """
        from penchant.errors import StoreError
        from penchant.store.workspace import MARK, Workspace

        if not (self.workspace / MARK).is_file():
            raise StoreError(
                f"{self.workspace}: there is no workspace here; `penchant add FILE` begins one, "
                "and --workspace FOLDER names another"
            )
        return Workspace(self.workspace, create=False, store=self.settings().store)


def door(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb, which takes a session first, as a command with the options of `EVERYWHERE`."""
    own = list(inspect.signature(verb).parameters.values())[1:]
    common = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for name, (kind, default) in EVERYWHERE.items()
    ]
    context = inspect.Parameter(
        "ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )

    def command(ctx: typer.Context, **values: Any) -> None:
        said = {name: values.pop(name) for name in EVERYWHERE}
        before = ctx.obj if isinstance(ctx.obj, Session) else Session()
        ctx.obj = before.but(**said)
        verb(ctx.obj, **values)

    parameters = [context, *(p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own), *common]
    command.__name__ = verb.__name__
    command.__doc__ = examples_apart(inspect.cleandoc(verb.__doc__ or ""))
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return command
