"""Every command and option as Markdown, from the same words as the help."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import typer
from typer.main import get_command

from penchant.cli.session import PANEL


def reference(app: typer.Typer, verbs: dict[str, Callable[..., None]]) -> str:
    """The reference of the command line; `verbs` are the functions behind the commands."""
    root: Any = get_command(app)
    parts = ["# Command line", inspect.cleandoc(root.help or "")]
    parts += ["## Everywhere", _everywhere(root)]
    for name, command in root.commands.items():
        parts += list(_command(name, command, verbs[name]))
    return "\n\n".join(parts).replace("\b", "") + "\n"


def _everywhere(root: Any) -> str:
    told = "These may stand before or behind the verb."
    return f"{told}\n\n{_table([p for p in root.params if p.name != 'help'])}"


def _command(name: str, command: Any, verb: Callable[..., None]) -> Iterator[str]:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [
        p
        for p in command.params
        if p.param_type_name == "option" and getattr(p, "rich_help_panel", None) != PANEL
    ]
    usage = ["penchant", name, *(["[OPTIONS]"] if options else [])]
    yield f"## penchant {name}"
    yield f"```\n{' '.join([*usage, *(str(p.metavar or p.name.upper()) for p in arguments)])}\n```"
    yield inspect.cleandoc(verb.__doc__ or "")
    if shown := [p for p in (*arguments, *options) if p.name != "help"]:
        yield _table(shown)


def _table(params: list[Any]) -> str:
    lines = ["| | | default |", "| --- | --- | --- |"]
    lines += [f"| {_names(p)} | {_cell(p.help or '')} | {_default(p)} |" for p in params]
    return "\n".join(lines)


def _names(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"`{_cell(str(param.metavar or param.name.upper()))}`"
    words = [*param.opts, *param.secondary_opts]
    value = "" if param.is_flag else f" {param.metavar or param.name.upper()}"
    return ", ".join(f"`{_cell(word + value)}`" for word in words)


def _default(param: Any) -> str:
    shown = param.default
    if shown is None or shown is False or callable(shown) or shown in ((), []):
        return ""
    return f"`{shown}`" if param.show_default else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
