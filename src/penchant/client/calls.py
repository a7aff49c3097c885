"""Every route as a call that has yet to be made: what both clients send, and what they get back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import dumps
from typing import Any, Final, Generic, Literal, TypeAlias, TypedDict, TypeVar, Unpack
from urllib.parse import quote
from uuid import uuid4

from penchant.client import answers as a
from penchant.data.ids import Id, id_of
from penchant.errors import DataError
from penchant.store.audit import Action

T = TypeVar("T", bound=a.Answer)
Row: TypeAlias = Mapping[str, Any]
Step: TypeAlias = Literal["day", "week", "month", "quarter", "year"]
Direction: TypeAlias = Literal["more", "less", "never", "clear"]
AT_ONCE: Final = 5_000
"""Rows of one call; more are sent in several."""
BYTES: Final = 4_000_000
"""Bytes of them, unless a single row has more; by default a service takes four times as many."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One call: `again` says whether it may be sent twice without counting twice."""

    answer: type[T]
    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    again: bool = True

    def content(self) -> bytes | None:
        """The body as it is sent; bytes are one already."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        return dumps(self.body, allow_nan=False).encode()


class Profile(TypedDict, total=False):
    """Of which time (ISO 8601), in which context, and how much of it."""

    at: str
    context: Mapping[str, str]
    level: int
    top: int


class List(TypedDict, total=False):
    """What a list may hold, and how it is made."""

    n: int
    at: str
    context: Mapping[str, str]
    within: str
    where: Mapping[str, str | Sequence[str]]
    allow: Sequence[Id]
    deny: Sequence[Id]
    seen: bool
    like: Mapping[str, float]
    explain: bool
    diversify: int


class Course(TypedDict, total=False):
    """Which steps."""

    step: Step
    since: str
    until: str


class Said(TypedDict, total=False):
    """Of what somebody wants more, less or none: an interest or an item; and when it was said."""

    interest: str
    item: Id
    at: str
    event_id: str


class Acts(TypedDict, total=False):
    """Since when (ISO 8601), of which kind, on whom."""

    since: str
    action: Action
    of: Id


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    """A query: mappings as NAME=VALUE, nothing for what was not given."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            found[name] = [f"{k}={v}" for k, v in value.items() for v in _several(v)]
        elif isinstance(value, bool):
            found[name] = str(value).lower()
        elif value is not None:
            found[name] = list(value) if isinstance(value, tuple | list | set) else value
    return found


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, tuple | list) else [value]


def _get(answer: type[T], *path: Id, **given: Any) -> Call[T]:
    return Call(answer, "GET", _path(*path), _query(given))


def _path(*parts: Id) -> str:
    """A path; what is a name of ours may hold anything."""
    texts = (id_of(part, "id") for part in parts)
    return "/v1/" + "/".join(quote(text, safe="").replace(".", "%2E") for text in texts)


# Rows in


def rows(kind: str, given: Iterable[Row]) -> Iterator[tuple[int, Call[a.Taken]]]:
    """Rows in as many calls as they need, each with the number of its first row; events that say
    neither their id nor their time get an id, so that a call that is sent again counts once.

    Raises:
        DataError: one row came alone, or text.
    """
    if isinstance(given, Mapping | str | bytes):
        raise DataError(f"{kind}: {type(given).__name__} came; expected a list of rows: [{{…}}]")
    first, some, size = 0, list[str](), 0
    for row in map(_marked, given) if kind == "events" else given:
        text = dumps(row, allow_nan=False)
        if some and (len(some) == AT_ONCE or size + len(text) > BYTES):
            yield first, _several_rows(kind, some)
            first, some, size = first + len(some), [], 0
        some.append(text)
        size += len(text)
    if some:
        yield first, _several_rows(kind, some)


def _several_rows(kind: str, texts: Sequence[str]) -> Call[a.Taken]:
    body = f'{{"{kind}": [{", ".join(texts)}]}}'
    return Call(a.Taken, "POST", _path(kind), body=body.encode())


def _marked(row: Row) -> Row:
    """One of which the service would say when it came has no other way to be known again."""
    if not isinstance(row, Mapping):  # the service says what is wrong with it
        return row
    told = row.get("event_id") is not None or row.get("timestamp") is not None
    return row if told else {**row, "event_id": uuid4().hex}


def joined(parts: Iterable[tuple[int, a.Taken]]) -> a.Taken:
    """What became of rows that were sent in several calls, each with the number of its first row;
    numbers are those of all rows."""
    total = a.Taken(accepted=0, known=0, replaced=0, rejected=(), rejected_total=0)
    for first, part in parts:
        moved = [r.model_copy(update={"index": r.index + first}) for r in part.rejected]
        total = a.Taken(
            accepted=total.accepted + part.accepted,
            known=total.known + part.known,
            replaced=total.replaced + part.replaced,
            differing=total.differing + part.differing,
            rejected=(*total.rejected, *moved),
            rejected_total=total.rejected_total + part.rejected_total,
        )
    return total


# Questions


def item(item_id: Id) -> Call[a.Item]:
    """One item."""
    return _get(a.Item, "items", item_id)


def items(cursor: str | None, limit: int) -> Call[a.ItemPage]:
    """One page of items."""
    return _get(a.ItemPage, "items", cursor=cursor, limit=limit)


def similar_items(item_id: Id, n: int) -> Call[a.SimilarItems]:
    """Items like one."""
    return _get(a.SimilarItems, "items", item_id, "similar", n=n)


def recommend(user_id: Id, **asked: Unpack[List]) -> Call[a.Recommendations]:
    """What to show."""
    return _get(a.Recommendations, "users", user_id, "recommendations", **asked)


def interests(user_id: Id, **asked: Unpack[Profile]) -> Call[a.Profile]:
    """Who is this."""
    return _get(a.Profile, "users", user_id, "interests", **asked)


def interests_from_text(text: str, at: str | None) -> Call[a.ProfileOfWords]:
    """Who says this."""
    body = {"text": text} if at is None else {"text": text, "at": at}
    return Call(a.ProfileOfWords, "POST", _path("interests", "from-text"), body=body)


def evolution(user_id: Id, **asked: Unpack[Course]) -> Call[a.Evolution]:
    """How interests moved."""
    return _get(a.Evolution, "users", user_id, "evolution", **asked)


def diff(user_id: Id, t1: str, t2: str | None, level: int) -> Call[a.Diff]:
    """What changed between two times."""
    return _get(a.Diff, "users", user_id, "diff", t1=t1, t2=t2, level=level)


def forecast(user_id: Id, step: Step, at: str | None) -> Call[a.Forecast]:
    """What comes next."""
    return _get(a.Forecast, "users", user_id, "forecast", step=step, at=at)


def explain(
    user_id: Id, item: Id, at: str | None, context: Mapping[str, str] | None
) -> Call[a.Reason]:
    """Why an item has its score."""
    return _get(a.Reason, "users", user_id, "reasons", item=item, at=at, context=context)


def similar_users(user_id: Id, n: int, level: int | None) -> Call[a.SimilarUsers]:
    """People like one."""
    return _get(a.SimilarUsers, "users", user_id, "similar", n=n, level=level)


def feedback(user_id: Id, direction: Direction | None, said: Said) -> Call[a.Feedback]:
    """What somebody asks for by hand; with a direction it is said first."""
    path = _path("users", user_id, "feedback")
    if direction is None:
        return Call(a.Feedback, "GET", path)
    body = {"direction": direction, "event_id": uuid4().hex, **said}
    if said.get("item") is not None:
        body["item"] = id_of(said["item"], "item")
    return Call(a.Feedback, "POST", path, body=body)


# What is held on people


def user(user_id: Id) -> Call[a.Person]:
    """A person's attributes."""
    return _get(a.Person, "users", user_id)


def export(user_id: Id) -> Call[a.Held]:
    """Everything that is held on a person."""
    return _get(a.Held, "users", user_id, "export")


def forget(user_id: Id) -> Call[a.Forgotten]:
    """Erase a person."""
    return Call(a.Forgotten, "DELETE", _path("users", user_id))


def audit(cursor: str | None, limit: int, asked: Acts) -> Call[a.Acts]:
    """One page of the audit log."""
    return _get(a.Acts, "audit", cursor=cursor, limit=limit, **asked)


# The model


def tree() -> Call[a.Tree]:
    """The interest tree."""
    return _get(a.Tree, "tree")


def node(id_or_name: str) -> Call[a.Node]:
    """One interest."""
    return _get(a.Node, "tree", id_or_name)


def fit() -> Call[a.Fit]:
    """Learn anew."""
    return Call(a.Fit, "POST", _path("fit"), again=False)


def fit_status() -> Call[a.Fit]:
    """How a fit stands."""
    return _get(a.Fit, "fit")


def status() -> Call[a.Status]:
    """What is held and what serves."""
    return _get(a.Status, "status")


def report() -> Call[a.Report]:
    """The last evaluation."""
    return _get(a.Report, "report")


def segments(k: int | None, level: int | None) -> Call[a.Segments]:
    """Everybody in groups."""
    return _get(a.Segments, "segments", k=k, level=level)


def ready() -> Call[a.Health]:
    """Whether there is a model that can be asked."""
    return _get(a.Health, "ready")
