"""`penchant config`: the settings in use, and how to change them."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from penchant.cli.session import Session
from penchant.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from penchant.engine import EngineConfig

_AT_A_FIT: Final = ("seed", "keep")
"""What counts when a model is learned, beside what it is learned with."""


def config(
    session: Session,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="KEY | KEY=VALUE",
            help="A setting or group to show, or a setting to write into the workspace's "
            "config.toml.",
            show_default=False,
        ),
    ] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Show the defaults instead of what is in use.")
    ] = False,
    unset: Annotated[
        list[str] | None,
        typer.Option(
            "--unset",
            metavar="KEY",
            help="Take a setting out of config.toml, so that its default is used.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show the settings in use as TOML, or change those of the workspace.

    In use: the defaults, then --config FILE.toml or the workspace's config.toml, then --set.

    Examples:

        penchant config
        penchant config interests.base
        penchant config interests.base.kind=svd events.repeats=allow
        penchant config --unset interests.base.kind
        penchant config --defaults > settings.toml
    """
    from penchant.cli.settings import parsed

    changes = parsed(word for word in words or () if "=" in word)
    asked = [word for word in words or () if "=" not in word]
    if changes or unset:
        _write(session, changes, unset or [])
    if asked or not (changes or unset):
        _show(session, asked, _used(session, defaults))


def _used(session: Session, defaults: bool) -> "EngineConfig":
    from penchant.engine import EngineConfig

    return EngineConfig() if defaults else session.settings()


def _show(session: Session, asked: list[str], used: "EngineConfig") -> None:
    from penchant.cli.toml_text import written

    values: dict[str, Any] = used.model_dump(mode="json", exclude_none=True)
    if asked:
        values = _nested({key: _found(values, key) for key in asked})
    session.out.text(lambda: values, written(values))


def _found(values: dict[str, Any], key: str) -> Any:
    here: Any = values
    for part in key.split("."):
        if not isinstance(here, dict) or part not in here:
            hint = did_you_mean(part, here if isinstance(here, dict) else ())
            raise ConfigError(f"config: {key!r} is no setting that has a value.{hint}")
        here = here[part]
    return here


def _nested(found: dict[str, Any]) -> dict[str, Any]:
    """Values by dotted names as groups within groups."""
    made: dict[str, Any] = {}
    for key, value in found.items():
        *groups, name = key.split(".")
        here = made
        for group in groups:
            here = here.setdefault(group, {})
        here[name] = value
    return made


def _write(session: Session, changes: dict[str, Any], unset: list[str]) -> None:
    """Change config.toml; nothing is written unless all of it is valid."""
    from penchant.cli import toml_text
    from penchant.engine import EngineConfig
    from penchant.store.config import CONFIG
    from penchant.store.workspace import Workspace

    path = session.workspace / CONFIG
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    kept = toml_text.values(text)
    for key in unset:
        if not toml_text.has(kept, key):
            _found(EngineConfig().model_dump(mode="json"), key)
            session.out.note(f"{key} is not set in {path}: its default is in use already")
        text = toml_text.without(text, key)
    for key, value in changes.items():
        text = toml_text.having(text, key, value)
    EngineConfig(**toml_text.values(text))
    gone = [key for key in unset if toml_text.has(kept, key)]
    if changes or gone:
        Workspace(session.workspace).write_config(text)
        session.out.note(f"written: {path}. {_from_when([*changes, *gone])}")


def _from_when(keys: list[str]) -> str:
    """From when settings count: what models are learned with, and the rest."""
    from penchant.engine.config import LEARNED

    learned = [key.split(".")[0] in (*LEARNED, *_AT_A_FIT) for key in keys]
    if all(learned):
        return "It counts from the next `penchant fit` on"
    at_once = "at once, in a service when it is started again"
    if not any(learned):
        return f"It counts {at_once}"
    return f"What is learned counts from the next `penchant fit` on, the rest {at_once}"
