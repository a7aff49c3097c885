"""From a table, as TOML has it, to what each setting may be: checked against the settings."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from penchant.config import Config, wrong
from penchant.errors import ConfigError, did_you_mean
from penchant.train.knobs import Choices, Knob, Range, text

_WORDS: Final = ("low", "high", "log", "step", "int")


def knobs_of(
    table: Mapping[str, Any], owner: Any, above: str, closed: Mapping[str, str]
) -> Iterator[tuple[str, Knob]]:
    """Names and what they may be, groups within groups taken apart.

    Raises:
        ConfigError: a name is no setting, or may not be searched; a value is none that it can
            have; or there is nothing to choose from.
    """
    for key, said in table.items():
        name = f"{above}.{key}" if above else key
        kind = _kind(owner, key.split("."), name)
        if _is_group(kind) and isinstance(said, Mapping):
            yield from knobs_of(said, kind, name, closed)
        else:
            _refuse_closed(name, closed)
            yield name, _knob(name, said, kind)


def _refuse_closed(name: str, closed: Mapping[str, str]) -> None:
    for shut, why in closed.items():
        if name == shut or name.startswith(f"{shut}."):
            raise ConfigError(f"space: {name}: cannot be searched: {why}")


def _is_group(kind: Any) -> bool:
    return (isinstance(kind, type) and issubclass(kind, Config)) or get_origin(kind) is dict


def _kind(owner: Any, path: list[str], name: str) -> Any:
    """The type of a setting, with its bounds.

    Raises:
        ConfigError: there is no such setting.
    """
    for part in path:
        if get_origin(owner) is dict:  # any name may stand there
            owner = get_args(owner)[1]
            continue
        if not (isinstance(owner, type) and issubclass(owner, Config)):
            raise ConfigError(f"space: {name}: nothing is set inside {part!r}")
        fields = owner.model_fields
        if part not in fields:
            hint = did_you_mean(part, fields) or f" There are {', '.join(fields)}."
            raise ConfigError(f"space: {name}: unknown setting.{hint}")
        found = fields[part]
        owner = found.annotation
        if found.metadata:
            owner = Annotated[(owner, *found.metadata)]
    return owner


def _knob(name: str, said: Any, kind: Any) -> Knob:
    if isinstance(kind, type) and issubclass(kind, Config):
        some = ", ".join(f"{name}.{n}" for n in list(kind.model_fields)[:3])
        raise ConfigError(f"space: {name}: this is a group; name settings inside it, as {some}")
    if isinstance(said, list):
        return _choices(name, said, kind)
    if isinstance(said, Mapping):
        return _range(name, said, kind)
    raise ConfigError(
        f"space: {name}: {said!r} came; expected a list of choices or a range "
        "{ low = …, high = … }. To fix a setting for all trials, use --set or config.toml"
    )


def _choices(name: str, said: list[Any], kind: Any) -> Choices:
    if not said:
        raise ConfigError(f"space: {name}: an empty list came; expected one choice or more")
    for value in said:
        _check(name, value, kind)
    told = [text(value) for value in said]
    if twice := [word for word in dict.fromkeys(told) if told.count(word) > 1]:
        raise ConfigError(f"space: {name}: {twice[0]} came twice; expected each choice once")
    return Choices(tuple(said))


def _check(name: str, value: Any, kind: Any) -> None:
    """Whether a setting can have a value, whatever the others are."""
    try:
        TypeAdapter(kind).validate_python(value)
    except (ValidationError, ConfigError) as error:
        why = wrong(error.errors()) if isinstance(error, ValidationError) else str(error)
        more = ""
        if not isinstance(value, list) and _accepts(kind, [value]):
            more = ". The setting itself is a list: give a list of lists"
        raise ConfigError(f"space: {name}: {why}{more}") from None


def _accepts(kind: Any, value: Any) -> bool:
    try:
        TypeAdapter(kind).validate_python(value)
    except (ValidationError, ConfigError):
        return False
    return True


def _range(name: str, said: Mapping[str, Any], kind: Any) -> Range:
    _check_words(name, said)
    low, high = (_number(name, end, said[end]) for end in ("low", "high"))
    if not low < high:
        raise ConfigError(
            f"space: {name}: an empty range came, low {low:g} and high {high:g}; expected "
            "low < high"
        )
    step = None if said.get("step") is None else _number(name, "step", said["step"])
    log = _flag(name, "log", said.get("log", False))
    whole = _flag(name, "int", said.get("int", False)) or not _accepts(
        kind, low + (high - low) / math.pi
    )
    for end in (low, high):
        _check(name, int(end) if whole and end == int(end) else end, kind)
    _check_pace(name, low, step, log, high)
    if whole:
        _check_whole(name, low=low, high=high, step=step)
        return Range(int(low), int(high), log, None if step is None else int(step), True)
    return Range(low, high, log, step)


def _check_words(name: str, said: Mapping[str, Any]) -> None:
    unknown = [word for word in said if word not in _WORDS]
    if unknown:
        hint = did_you_mean(unknown[0], _WORDS) or f" There are {', '.join(_WORDS)}."
        raise ConfigError(f"space: {name}: {unknown[0]!r} is no word of a range.{hint}")
    missing = [word for word in ("low", "high") if word not in said]
    if missing:
        raise ConfigError(f"space: {name}: a range needs {missing[0]!r}; expected low and high")


def _number(name: str, what: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"space: {name}: {what} is {value!r}; expected a finite number")
    return float(value)


def _flag(name: str, what: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ConfigError(f"space: {name}: {what} is {value!r}; expected true or false")
    return value


def _check_pace(name: str, low: float, step: float | None, log: bool, high: float) -> None:
    if log and low <= 0:
        raise ConfigError(f"space: {name}: low is {low:g}; with log = true it must be above 0")
    if log and step is not None:
        raise ConfigError(f"space: {name}: log and step came; expected one of them")
    if step is not None and not 0 < step <= high - low:
        raise ConfigError(
            f"space: {name}: step is {step:g}; expected more than 0 and at most high - low"
        )


def _check_whole(name: str, **numbers: float | None) -> None:
    for what, value in numbers.items():
        if value is not None and value != int(value):
            raise ConfigError(f"space: {name}: {what} is {value:g}; expected a whole number")
