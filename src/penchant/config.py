"""What all settings have in common: frozen, typed, strict, and at home in TOML.

Each part keeps its own settings beside it, as a subclass of `Config`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any, Final, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from penchant.errors import ConfigError, did_you_mean, short

_WANTED: Final = {
    "bool": "true or false",
    "datetime": "a time: ISO 8601, as 2024-05-01T10:00:00Z",
    "dict": "names with values",
    "enum": "{expected}",
    "finite": "a finite number",
    "float": "a number",
    "greater_than": "more than {gt}",
    "greater_than_equal": "{ge} or more",
    "int": "a whole number",
    "less_than": "less than {lt}",
    "less_than_equal": "{le} or less",
    "list": "a list",
    "literal": "{expected}",
    "model": "names with values",
    "string": "text",
    "string_pattern_mismatch": "text like {pattern}",
    "string_too_long": "{max_length} characters at most",
    "string_too_short": "{min_length} characters or more",
    "too_long": "{max_length} values at most",
    "too_short": "{min_length} values or more",
    "tuple": "a list",
}
"""What was expected, by the first words of the name that pydantic has for what is wrong."""
_CHOICE: Final = re.compile(r"(str|int|float|bool|none|date|datetime|[a-z-]+\[.*\]|constrained-.*)")
"""What pydantic puts into a path where a value may be of several kinds."""


class Config(BaseModel):
    """A frozen set of settings; an unknown key or a wrong value raises `ConfigError`.

    >>> class Shop(Config):
    ...     size: int = 3
    >>> Shop(size=4).size
    4
    >>> Shop(sise=4)
    Traceback (most recent call last):
    penchant.errors.ConfigError: Shop.sise: unknown setting. Did you mean 'size'?
    >>> Shop(size="big")
    Traceback (most recent call last):
    penchant.errors.ConfigError: Shop.size: 'big' came; expected a whole number
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, protected_namespaces=()
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            faults = list(_faults(type(self), error))
            name = type(self).__name__
            lines = [f"{name}{'.' * bool(path)}{path}: {why}" for path, why in faults]
            raise ConfigError("\n".join(lines), faults) from None

    @classmethod
    def given(cls, said: object, name: str) -> Self:
        """What was given as these settings, if it is such.

        Raises:
            ConfigError: it is something else.
        """
        if isinstance(said, cls):
            return said
        raise ConfigError(f"{name}: {short(said)} came; expected {cls.__name__}(…)")

    def but(self, **changes: Any) -> Self:
        """A copy with some settings changed: `config.but(**{"base.kind": "svd"})` works too."""
        values = self.model_dump()
        for name, value in changes.items():
            _put(values, name.split("."), value, type(self).__name__)
        return type(self)(**values)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read settings from a TOML file."""
        try:
            values = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConfigError(f"{path}: no such file; expected a TOML file of settings") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not valid TOML ({error})") from None
        return cls(**values)

    def to_toml(self) -> str:
        """The settings as TOML; what is None is left out, as TOML has no null."""
        import tomli_w

        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))


def _put(values: dict[str, Any], path: list[str], value: Any, owner: str) -> None:
    head, *rest = path
    if not rest:
        values[head] = value
    elif isinstance(values.get(head), dict):
        _put(values[head], rest, value, f"{owner}.{head}")
    else:
        hint = did_you_mean(head, values)
        raise ConfigError(f"{owner}.{head}: not a group of settings.{hint}")


def _faults(owner: type[BaseModel], error: ValidationError) -> Iterator[tuple[str, str]]:
    """Path of each wrong setting, and why; a group of settings inside this one has spoken already,
    and knows it of its own."""
    for path, found in plainly(error.errors()):
        first = found[0]
        cause = first.get("ctx", {}).get("error")
        where = ".".join(map(str, path))
        if isinstance(cause, ConfigError) and cause.faults:
            yield from ((f"{where}{'.' * bool(inner)}{inner}", why) for inner, why in cause.faults)
        elif first["type"] == "extra_forbidden":
            known = _fields(owner, path)
            hint = did_you_mean(str(path[-1]), known) or f" There are {', '.join(known)}."
            yield where, f"unknown setting.{hint}"
        else:
            field = owner.model_fields.get(str(path[0])) if path else None
            yield where, wrong(found, shown=field is None or field.repr)


def plainly(
    findings: Iterable[Mapping[str, Any]],
) -> Iterator[tuple[tuple[int | str, ...], list[Mapping[str, Any]]]]:
    """What pydantic found wrong by where it is; a value that may be of several kinds is found wrong
    by each of them."""

    def path(found: Mapping[str, Any]) -> tuple[int | str, ...]:
        first, *rest = found["loc"] or ("",)
        inside = [part for part in rest if not _CHOICE.fullmatch(str(part))]
        return (first, *inside) if found["loc"] else ()

    for where, some in groupby(findings, key=path):
        yield where, list(some)


def wrong(findings: Iterable[Mapping[str, Any]], *, shown: bool = True) -> str:
    """Why a value is wrong, in plain words: what came, if it may be `shown`, what was expected."""
    found = list(findings)
    cause = found[0].get("ctx", {}).get("error")
    if isinstance(cause, Exception):
        return str(cause)
    if found[0]["type"] == "missing":
        return "missing"
    words = [w for w in dict.fromkeys(map(_wanted, found)) if w]
    came = short(found[0]["input"]) if shown else "another value"
    return f"{came} came; expected {' or '.join(words)}" if words else f"{came}: {found[0]['msg']}"


def _wanted(found: Mapping[str, Any]) -> str:
    """What was expected; empty where only pydantic has words for it."""
    name = found["type"]
    words = _WANTED.get(name) or _WANTED.get(name.partition("_")[0], "")
    return words.format(**found.get("ctx", {}))


def _fields(owner: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    """Names of the settings beside an unknown one, wherever it is nested."""
    for part in loc[:-1]:
        field = owner.model_fields.get(str(part))
        kinds = [field.annotation, *get_args(field.annotation)] if field else []
        inner = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
        if not inner:
            return []
        owner = inner[0]
    return list(owner.model_fields)
