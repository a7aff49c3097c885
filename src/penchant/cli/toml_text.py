"""Changing one value in a TOML text that people edit: comments and order stay.

>>> print(having("# mine\\nseed = 1\\n", "seed", 2), end="")
# mine
seed = 2
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w

from penchant.errors import ConfigError


def written(settings: Mapping[str, Any], path: tuple[str, ...] = ()) -> str:
    """Settings as TOML, each on one line, groups below what is not in a group.

    >>> print(written({"a": {"b": [1, 2]}, "seed": 0}))
    seed = 0
    <BLANKLINE>
    [a]
    b = [1, 2]
    """
    groups = {key: value for key, value in settings.items() if isinstance(value, Mapping)}
    lines = [f"{_name(k)} = {_inline(v)}" for k, v in settings.items() if k not in groups]
    if path and (lines or not groups):
        lines.insert(0, f"[{'.'.join(_name(part) for part in path)}]")
    below = [written(value, (*path, key)) for key, value in groups.items()]
    return "\n\n".join(part for part in ("\n".join(lines), *below) if part)


def values(text: str) -> dict[str, Any]:
    """What a TOML text says.

    Raises:
        ConfigError: it is not valid TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"config.toml: not valid TOML ({error}); mend it by hand") from None


def having(text: str, key: str, value: Any) -> str:
    """The text with one setting, by its dotted name, at a value.

    Raises:
        ConfigError: the setting is written in a way that cannot be changed line by line.
    """
    *groups, name = key.split(".")
    lines = without(text, key).splitlines()
    line = f"{_name(name)} = {_inline(value)}"
    place = _end_of(lines, ".".join(groups))
    if place is None:
        lines += ["", f"[{'.'.join(groups)}]", line] if lines else [f"[{'.'.join(groups)}]", line]
    else:
        lines.insert(place, line)
    changed = "\n".join(lines) + "\n"
    if _at(values(changed), key) != _at({name: value}, name):
        raise ConfigError(f"config.toml: {key} cannot be changed here; change it by hand")
    return changed


def without(text: str, key: str) -> str:
    """The text without one setting, which need not be there.

    Raises:
        ConfigError: the setting is written in a way that cannot be removed line by line.
    """
    if _at(values(text), key) is None:
        return text
    *groups, name = key.split(".")
    lines, group = text.splitlines(), ".".join(groups)
    for n, line in enumerate(lines):
        if _group_at(lines, n) == group and re.match(rf"\s*{re.escape(name)}\s*=", line):
            changed = "\n".join([*lines[:n], *lines[n + 1 :]]) + "\n"
            if _is_valid(changed) and _at(values(changed), key) is None:
                return changed
    raise ConfigError(f"config.toml: {key} cannot be changed here; change it by hand")


def has(settings: Mapping[str, Any], key: str) -> bool:
    """Whether settings say one, by its dotted name."""
    return _at(settings, key) is not None


def _at(found: Any, key: str) -> Any:
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _is_valid(text: str) -> bool:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _group_at(lines: list[str], n: int) -> str:
    """The group that a line belongs to; empty above the first one."""
    for line in reversed(lines[: n + 1]):
        if found := re.match(r"\s*\[([^\[\]]+)\]\s*(#.*)?$", line):
            return found[1].replace(" ", "")
    return ""


def _end_of(lines: list[str], group: str) -> int | None:
    """Where a line may be put into a group: behind its last one; None: there is no such group."""
    inside = [n for n, line in enumerate(lines) if _group_at(lines, n) == group and line.strip()]
    if inside:
        return inside[-1] + 1
    return 0 if not group else None


def _inline(value: Any) -> str:
    """A value on one line, lists and groups too."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_name(k)} = {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_inline(v) for v in value) + "]"
    return tomli_w.dumps({"v": value}).partition(" = ")[2].rstrip("\n")


def _name(key: str) -> str:
    """A key as TOML writes it: quoted where it must be."""
    return tomli_w.dumps({key: 0}).partition(" = ")[0]
