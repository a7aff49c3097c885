"""What comes over the wire: strict in its types, bounded in its sizes.

Rows of tables (events, items, users, relations) are read by `penchant.data.incoming`, row by row;
their shapes here are what the documentation of the interface shows.
"""

from typing import Annotated, Any, Final, Literal
from urllib.parse import unquote_to_bytes

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from penchant.serve.problem import Problem
from penchant.store.audit import ACTIONS, Action

LONGEST: Final = 512
"""Characters of an id, at most."""
ROWS: Final = 10_000
"""Rows of one body of JSON, at most; JSON lines have no such limit."""

AT: Final = "2024-03-01T12:00:00Z"
"""A time, as an example."""

Id = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)]
Time = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=1_000)]
Pairs = Annotated[list[Word], Field(max_length=64)]
Ids = Annotated[list[Id], Field(max_length=ROWS)]


class Wire(BaseModel):
    """What all bodies have in common: no field that is not known, no type that is almost right."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Asked(BaseModel):
    """What all queries have in common: no parameter that is not known."""

    model_config = ConfigDict(extra="forbid")


# Paths


def _decoded(sent: str) -> str:
    """A part of a path as text; it was kept as it was sent, so that an id may hold a slash."""
    try:
        text = unquote_to_bytes(sent).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8, escaped byte by byte (%C3%A9 for é)") from None
    if len(text) > LONGEST:
        raise ValueError(f"{len(text)} characters came, expected {LONGEST} at most")
    if not text.strip() or not text.isprintable():
        raise ValueError("an id of characters that can be printed was expected")
    return text


def _id(what: str, example: str) -> Any:
    return Path(description=what, openapi_examples={"one": {"value": example}})


UserId = Annotated[str, AfterValidator(_decoded), _id("Whose: a user_id.", "ann")]
ItemId = Annotated[str, AfterValidator(_decoded), _id("Which: an item_id.", "i00001")]
NodeId = Annotated[
    str, AfterValidator(_decoded), _id("Which interest: id, name or path `A > B`.", "Books")
]


# Rows, as the documentation shows them


class Event(BaseModel):
    """Somebody did something to an item. Further fields are kept: they may be context."""

    model_config = ConfigDict(extra="allow")

    user_id: Id | int
    item_id: Id | int
    timestamp: str | float | None = Field(
        None, description="ISO 8601, or seconds since 1970; else the time at which it came."
    )
    event: str | None = Field(None, description="view, click, like, purchase, …; else view.")
    value: float | None = Field(None, description="A rating, a price, seconds listened, ….")
    session_id: Id | int | None = None
    text: str | None = Field(None, description="What was written: a search, a review.")
    event_id: Id | int | None = Field(
        None, description="The sender's own id: an event sent twice counts once."
    )


class Item(BaseModel):
    """A thing of the catalogue; sent again it replaces the earlier one."""

    model_config = ConfigDict(extra="allow")

    item_id: Id | int
    title: str | None = None
    description: str | None = None
    category: list[str] | str | None = None
    tags: list[str] | str | None = None
    brand: str | None = None
    price: float | None = None
    available: bool | None = None


class User(BaseModel):
    """A person's attributes; sent again they replace the earlier ones."""

    model_config = ConfigDict(extra="allow")

    user_id: Id | int


class Relation(BaseModel):
    """An edge between two people."""

    model_config = ConfigDict(extra="allow")

    source: Id | int
    target: Id | int
    relation: str | None = Field(None, description="follows, friend, …; else friend.")
    timestamp: str | float | None = None


class Events(Wire):
    """Many events at once."""

    events: list[Event] = Field(max_length=ROWS)


class Items(Wire):
    """Many items at once."""

    items: list[Item] = Field(max_length=ROWS)


class Users(Wire):
    """Many people at once."""

    users: list[User] = Field(max_length=ROWS)


class Relations(Wire):
    """Many edges at once."""

    relations: list[Relation] = Field(max_length=ROWS)


# Bodies


class Words(Wire):
    """Somebody's own words on what they like."""

    text: str = Field(min_length=1, max_length=20_000, examples=["slow novels and gardening"])
    at: Time | None = None


class Statement(Wire):
    """What somebody asks for by hand."""

    direction: Literal["more", "less", "never", "clear"] = Field(examples=["more"])
    interest: Name | None = Field(
        None, description="Id, name or path of an interest.", examples=["Books"]
    )
    item: Id | None = Field(None, description="An item_id; one of the two.")
    at: Time | None = Field(None, description="When it was said; else now.")
    event_id: Id | None = Field(None, description="The sender's own id: sent twice counts once.")


# Queries


class ProfileQuery(Asked):
    """Of which time, in which context, and how much of it."""

    at: Time | None = Field(None, description="As of this time (ISO 8601).", examples=[AT])
    context: Pairs = Field(
        [],
        description="NAME=VALUE, as weekday=sat. May be repeated. A value of a column of which the "
        "model never learned changes nothing, and the answer does not have it.",
    )
    level: int | None = Field(
        None, ge=1, le=20, description="Only this level; 1 is the broadest.", examples=[1]
    )
    top: int | None = Field(
        None, ge=1, le=100_000, description="Only the weightiest of a level.", examples=[3]
    )


class EvolutionQuery(Asked):
    """Which steps."""

    step: Literal["day", "week", "month", "quarter", "year"] = Field("month", examples=["week"])
    since: Time | None = Field(None, description="From here on (ISO 8601); else the first act.")
    until: Time | None = Field(None, description="Up to here; else the end of the log.")


class DiffQuery(Asked):
    """Between which times."""

    t1: Time = Field(description="The earlier time (ISO 8601).", examples=["2024-02-01"])
    t2: Time | None = Field(None, description="The later time; else the present.", examples=[AT])
    level: int = Field(1, ge=1, le=20, examples=[2])


class ForecastQuery(Asked):
    """How far."""

    step: Literal["day", "week", "month", "quarter", "year"] = Field("month", examples=["week"])
    at: Time | None = Field(
        None, description="From here on (ISO 8601); else the end of the log.", examples=[AT]
    )


class ReasonQuery(Asked):
    """Of which item, when and where."""

    item: Id = Field(description="An item_id.", examples=["i00001"])
    at: Time | None = None
    context: Pairs = []


class ListQuery(Asked):
    """What the list may hold, and how it is made."""

    n: int = Field(10, ge=1, le=1_000, description="How many items.", examples=[3])
    at: Time | None = Field(None, description="As of this time (ISO 8601).")
    context: Pairs = Field(
        [],
        description="NAME=VALUE, as device=tablet. May be repeated. A value of a column of which "
        "the model never learned changes nothing, and stands in the report.",
    )
    within: Name | None = Field(
        None, description="Only of this interest: id, name or path.", examples=["Books"]
    )
    where: Pairs = Field([], description="NAME=VALUE of an attribute. May be repeated.")
    allow: Ids | None = Field(None, description="Only these items. May be repeated.")
    deny: Ids = Field([], description="Never these items. May be repeated.")
    seen: bool | None = Field(None, description="Whether what the person had may come again.")
    like: Pairs = Field([], description="INTEREST=WEIGHT given by hand. May be repeated.")
    explain: bool = Field(False, description="With the reasons.", examples=[True])
    diversify: int | None = Field(
        None,
        ge=1,
        le=20,
        description="Spread over the interests of this level as the profile does.",
        examples=[2],
    )


class AlikeQuery(Asked):
    """How many."""

    n: int = Field(10, ge=1, le=1_000, examples=[3])


class PeopleQuery(Asked):
    """How many, by which level of the tree."""

    n: int = Field(10, ge=1, le=1_000, examples=[3])
    level: int | None = Field(None, ge=1, le=20, description="Else the second.", examples=[1])


class PageQuery(Asked):
    """Which page."""

    limit: int = Field(100, ge=1, le=1_000, examples=[2])
    cursor: Annotated[str, StringConstraints(max_length=4_000)] | None = Field(
        None, description="`next` of the page before."
    )


class AuditQuery(PageQuery):
    """Which acts, and which page of them."""

    since: Time | None = Field(None, description="From here on (ISO 8601).", examples=[AT])
    action: Action | None = Field(
        None, description=f"Only of this kind: {', '.join(ACTIONS)}.", examples=["forget"]
    )
    of: Id | None = Field(None, description="Only on this person: a user_id.", examples=["ann"])


class SegmentsQuery(Asked):
    """How many groups, by which level."""

    k: int | None = Field(
        None, ge=1, le=200, description="Else as many as stand apart best.", examples=[3]
    )
    level: int | None = Field(None, ge=1, le=20, description="Else the second.", examples=[1])


_PAIR: Final = {"context": "weekday=sat", "where": "brand=Ada", "like": "Books=1.5"}


def pairs(said: list[str], name: str) -> dict[str, list[str]]:
    """Words of the form NAME=VALUE as values by name.

    Raises:
        Problem: a word is none (422).
    """
    found: dict[str, list[str]] = {}
    for word in said:
        key, there, value = word.partition("=")
        if not there or not key.strip() or not value.strip():
            detail = f"{name}: {word!r} came; expected NAME=VALUE, as {name}={_PAIR[name]}"
            raise Problem(422, detail)
        found.setdefault(key.strip(), []).append(value.strip())
    return found


def context_of(said: list[str]) -> dict[str, str] | None:
    """A context; None where nothing was said of it. Of one name said twice, the last counts."""
    return {name: values[-1] for name, values in pairs(said, "context").items()} or None


def weights_of(said: list[str]) -> dict[str, float] | None:
    """Interests given by hand; None where there are none.

    Raises:
        Problem: a weight is no number (422).
    """
    found = {}
    for name, values in pairs(said, "like").items():
        try:
            weight = float(values[-1])
        except ValueError:
            raise Problem(422, f"like: {name}={values[-1]} came; expected a number") from None
        if not abs(weight) <= 1e6:
            raise Problem(422, f"like: {name}={values[-1]} came; expected a number up to a million")
        found[name] = weight
    return found or None
