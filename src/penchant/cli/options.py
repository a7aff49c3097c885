"""Options that several verbs share, each said once."""

from typing import Annotated, TypeAlias

import typer

from penchant.cli.text import pairs
from penchant.errors import ConfigError, DataError, did_you_mean

User: TypeAlias = Annotated[str, typer.Argument(metavar="USER", help="Whose: a user_id.")]
At: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="As of this time (ISO 8601, UTC unless it says otherwise); later events are not "
        "looked at. Else the last event of the log.",
        show_default=False,
    ),
]
Context: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--context",
        metavar="NAME=VALUE",
        help="In this context, as weekday=sat,device=tablet. May be repeated.",
        show_default=False,
    ),
]
Map: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="OURS=THEIRS",
        help="What a column is called in your tables, as user_id=customer. May be repeated.",
        show_default=False,
    ),
]


def context_of(said: list[str] | None) -> dict[str, str] | None:
    """`--context` as a mapping; None where nothing was said."""
    return pairs(said, "--context", "weekday=sat") if said else None


def mapping_of(said: list[str] | None) -> dict[str, str] | None:
    """`--map` as a mapping; None where nothing was said."""
    return pairs(said, "--map", "user_id=customer") if said else None


def one_user(user: str) -> str:
    """A user id that is one.

    Raises:
        DataError: it is blank.
    """
    if not user.strip():
        raise DataError("USER: nothing came; expected a user_id")
    return user


def chosen(name: str, value: str, known: tuple[str, ...]) -> str:
    """A word that must be one of a few.

    Raises:
        ConfigError: it is another.
    """
    if value not in known:
        hint = did_you_mean(value, known)
        raise ConfigError(f"{name}: {value!r} came; expected one of {', '.join(known)}.{hint}")
    return value
