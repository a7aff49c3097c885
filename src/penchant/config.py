"""What all settings have in common: frozen, typed, strict, and at home in TOML.

Each part keeps its own settings beside it, as a subclass of `Config`.
"""

import tomllib
from pathlib import Path
from typing import Any, Self, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from penchant.errors import ConfigError, did_you_mean


class Config(BaseModel):
    """A frozen set of settings; an unknown key or a wrong value raises `ConfigError`.

    >>> class Shop(Config):
    ...     size: int = 3
    >>> Shop(size=4).size
    4
    >>> Shop(sise=4)
    Traceback (most recent call last):
    penchant.errors.ConfigError: Shop.sise: unknown setting. Did you mean 'size'?
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, protected_namespaces=()
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_explain(type(self), error)) from None

    @classmethod
    def given(cls, said: object, name: str) -> Self:
        """What was given as these settings, if it is such.

        Raises:
            ConfigError: it is something else.
        """
        if isinstance(said, cls):
            return said
        raise ConfigError(f"{name}: {said!r:.60} came; expected {cls.__name__}(…)")

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


def _explain(owner: type[BaseModel], error: ValidationError) -> str:
    return "\n".join(_explain_one(owner, e) for e in error.errors())


def _explain_one(owner: type[BaseModel], e: Any) -> str:
    where = ".".join([owner.__name__, *(str(part) for part in e["loc"])])
    cause = e.get("ctx", {}).get("error")
    if isinstance(cause, ConfigError):  # a group of settings inside this one has spoken already
        return f"{where}: {cause}"
    if e["type"] == "extra_forbidden":
        known = _fields(owner, e["loc"])
        hint = did_you_mean(str(e["loc"][-1]), known) or f" There are {', '.join(known)}."
        return f"{where}: unknown setting.{hint}"
    return f"{where}: {e['msg']} (came: {e['input']!r})"


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
