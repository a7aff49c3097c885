"""The door: any table becomes events, items, users, relations, exposures or feedback, or says why
not.

Columns are renamed by a mapping {our name: their name}, types are made ours, and rows that lack
what they must have are set aside and counted. Columns that Penchant does not know stay as they
are: they may serve as context, or be shown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from penchant.data import columns as c
from penchant.data.coerce import COERCE, Kind
from penchant.data.statements import CLEAR, DIRECTIONS
from penchant.data.times import as_time, without_zone
from penchant.errors import SchemaError, did_you_mean
from penchant.types import Report

Mapped = Mapping[str, str] | None


@dataclass(frozen=True)
class Shape:
    """What a table must have, what it may have besides, and what each column is."""

    name: str
    required: dict[str, Kind]
    optional: dict[str, Kind]

    @property
    def kinds(self) -> dict[str, Kind]:
        """All columns that Penchant knows here, in order."""
        return {**self.required, **self.optional}


EVENTS = Shape(
    "events",
    {c.USER: "id", c.ITEM: "id", c.TIME: "time"},
    {
        c.EVENT: "text",
        c.VALUE: "number",
        c.SESSION: "id",
        c.TEXT: "text",
        c.POSITION: "whole",
        c.EVENT_ID: "id",
    },
)
EXPOSURES = Shape(
    "exposures",
    {c.USER: "id", c.ITEM: "id", c.TIME: "time"},
    {c.POSITION: "whole", c.SESSION: "id", c.EVENT_ID: "id"},
)
ITEMS = Shape(
    "items",
    {c.ITEM: "id"},
    {
        c.TITLE: "text",
        c.DESCRIPTION: "text",
        c.CATEGORY: "path",
        c.TAGS: "labels",
        c.GENRES: "labels",
        c.BRAND: "text",
        c.PRICE: "number",
        c.AVAILABLE: "flag",
    },
)
USERS = Shape("users", {c.USER: "id"}, {})
RELATIONS = Shape(
    "relations", {c.SOURCE: "id", c.TARGET: "id"}, {c.RELATION: "text", c.TIME: "time"}
)
FEEDBACK = Shape(
    "feedback",
    {c.USER: "id", c.TIME: "time", c.EVENT: "text"},
    {c.INTEREST: "id", c.ITEM: "id", c.TEXT: "text", c.EVENT_ID: "id"},
)

OTHER_NAMES: dict[str, str] = {
    c.USER: "user userid uid customer customerid client clientid visitor visitorid member memberid "
    "household householdid householdkey reviewerid account accountid person",
    c.ITEM: "item itemid product productid sku stockcode asin parentasin movieid article articleid "
    "wineid artistid trackid newsid content contentid videoid isbn iid",
    c.TIME: "time date datetime ts unixreviewtime createdat invoicedate eventtime ratedat when",
    c.SOURCE: "from follower userid user1 userid1 src",
    c.TARGET: "to followee friend friendid user2 userid2 dst",
}
"""What others call our columns (letters and digits only): suggested in errors, never assumed."""


def as_events(
    table: pl.DataFrame,
    *,
    report: Report,
    mapping: Mapped = None,
    default_event: str = "view",
    time_format: str | None = None,
) -> pl.DataFrame:
    """A table of events: user_id, item_id, timestamp (UTC), event, and all else that came.

    Raises:
        SchemaError: a column is missing, or not one time can be read.

    >>> table = pl.DataFrame({"who": [7.0], "item_id": ["tea"], "timestamp": ["2024-05-01"]})
    >>> as_events(table, mapping={"user_id": "who"}, report=Report())["user_id"].to_list()
    ['7']
    """
    table = _shaped(table, EVENTS, mapping, report, time_format)
    return ordered(with_types(table, report, default_event), EVENTS)


def as_exposures(
    table: pl.DataFrame, *, report: Report, mapping: Mapped = None, time_format: str | None = None
) -> pl.DataFrame:
    """A table of what was shown: user_id, item_id, timestamp (UTC), and the place in the list.

    Raises:
        SchemaError: a column is missing, or not one time can be read.
    """
    return ordered(_shaped(table, EXPOSURES, mapping, report, time_format), EXPOSURES)


def as_items(table: pl.DataFrame, *, report: Report, mapping: Mapped = None) -> pl.DataFrame:
    """A table of items: item_id, and title, description, category, … as they came.

    Of several rows with one id, the first of the most complete is kept.

    Raises:
        SchemaError: there is no item_id.
    """
    table = _shaped(table, ITEMS, mapping, report)
    return ordered(_one_each(table, c.ITEM, ITEMS, report), ITEMS)


def as_users(table: pl.DataFrame, *, report: Report, mapping: Mapped = None) -> pl.DataFrame:
    """A table of users: user_id, and any attributes.

    Raises:
        SchemaError: there is no user_id.
    """
    table = _shaped(table, USERS, mapping, report)
    return ordered(_one_each(table, c.USER, USERS, report), USERS)


def as_relations(
    table: pl.DataFrame,
    *,
    report: Report,
    mapping: Mapped = None,
    default_relation: str = "friend",
    time_format: str | None = None,
) -> pl.DataFrame:
    """A table of edges between users: source, target, relation.

    Raises:
        SchemaError: source or target is missing.
    """
    table = _shaped(table, RELATIONS, mapping, report, time_format)
    return ordered(with_relations(table, report, default_relation), RELATIONS)


def as_feedback(
    table: pl.DataFrame, *, report: Report, mapping: Mapped = None, time_format: str | None = None
) -> pl.DataFrame:
    """A table of what users asked for by hand: user_id, timestamp (UTC), event (more, less, never,
    clear), and an interest (id, name or path) or an item_id; with neither, `clear` takes all back.

    Raises:
        SchemaError: a column is missing, or not one time can be read.
    """
    table = with_targets(_shaped(table, FEEDBACK, mapping, report, time_format))
    of_one = pl.col(c.INTEREST).is_null() != pl.col(c.ITEM).is_null()
    of_all = (pl.col(c.EVENT) == CLEAR) & pl.col(c.INTEREST).is_null() & pl.col(c.ITEM).is_null()
    for what, wanted in (
        (
            f"rows whose event is not one of {', '.join(DIRECTIONS)} set aside",
            pl.col(c.EVENT).is_in(DIRECTIONS),
        ),
        ("rows that name no interest or item, or both, set aside", of_one | of_all),
    ):
        kept = table.filter(wanted)
        report.add(FEEDBACK.name, what, table.height - kept.height, total=table.height)
        table = kept
    return ordered(table, FEEDBACK)


def _shaped(
    table: pl.DataFrame,
    shape: Shape,
    mapping: Mapped,
    report: Report,
    time_format: str | None = None,
) -> pl.DataFrame:
    """Renamed, complete, typed; without the rows that lack what they must have."""
    table = _renamed(table, shape, mapping or {}, report)
    _need(table, shape)
    for name, kind in shape.kinds.items():
        if name in table.columns:
            table = table.with_columns(_coerced(table[name], kind, shape, report, time_format))
    return _complete(table, shape, report)


def _renamed(
    table: pl.DataFrame, shape: Shape, mapping: Mapping[str, str], report: Report
) -> pl.DataFrame:
    for ours, theirs in mapping.items():
        if theirs not in table.columns:
            hint = did_you_mean(theirs, table.columns)
            raise SchemaError(
                f"{shape.name}: {ours} is mapped to '{theirs}', but no such column came. "
                f"Came: {_listing(table.columns)}.{hint}"
            )
    moved = {ours: theirs for ours, theirs in mapping.items() if ours != theirs}
    hidden = [ours for ours in moved if ours in table.columns and ours not in moved.values()]
    report.add(shape.name, "columns replaced by a mapped one", len(hidden), examples=hidden)
    rest = table.drop(set(moved.values()) | set(hidden))
    return rest.with_columns(table[theirs].alias(ours) for ours, theirs in moved.items())


def _need(table: pl.DataFrame, shape: Shape) -> None:
    """Raise for required columns that did not come, with the way to map others to them."""
    missing = [name for name in shape.required if name not in table.columns]
    if not missing:
        return
    found = {name: _suggest(name, table.columns) for name in missing}
    flags = " ".join(f"--map {name}={found[name] or '<your column>'}" for name in missing)
    in_python = ", ".join(f'"{name}": "{found[name] or "<your column>"}"' for name in missing)
    raise SchemaError(
        f"{shape.name}: no column {', '.join(missing)}. Came: {_listing(table.columns)}. "
        f"Expected: {', '.join(shape.required)}"
        f"{' (and, if you have them, ' + ', '.join(shape.optional) + ')' * bool(shape.optional)}. "
        f"Name yours: {flags} (in Python: mapping={{{in_python}}})"
    )


def _suggest(name: str, came: Iterable[str]) -> str | None:
    """The column that most likely is the one asked for."""
    plain = {"".join(filter(str.isalnum, column.lower())): column for column in came}
    for other in ["".join(filter(str.isalnum, name)), *OTHER_NAMES.get(name, "").split()]:
        if other in plain:
            return plain[other]
    hint = did_you_mean(name, plain.values())
    return hint.split("'")[1] if hint else None


def _listing(names: list[str]) -> str:
    return ", ".join(names[:40]) + (" …" if len(names) > 40 else "") or "no columns at all"


def _coerced(
    column: pl.Series, kind: Kind, shape: Shape, report: Report, time_format: str | None
) -> pl.Series:
    """The column in its type; values lost on the way are counted."""
    if kind == "time":
        report.add(
            shape.name, f"{column.name} without a time zone, taken as UTC", without_zone(column)
        )
        new = as_time(column, time_format)
    else:
        new = COERCE[kind](column)
    if kind not in ("id", "text"):
        lost = new.is_null() & ~nothing(column)
        _must_read_some(column, new, lost, kind, shape)
        some = column.filter(lost).head(3).to_list()
        what = f"unreadable {column.name}"
        report.add(shape.name, what, int(lost.sum()), total=len(column), examples=some)
    return new


def nothing(column: pl.Series) -> pl.Series:
    """Where there was no value to begin with: null, or only spaces, or an empty list."""
    empty = column.is_null()
    if column.dtype == pl.String:
        return empty | (column.str.strip_chars() == "").fill_null(False)
    if column.dtype.is_float():
        return empty | column.is_nan().fill_null(False)
    if isinstance(column.dtype, pl.List):
        return empty | (column.list.drop_nulls().list.len() == 0).fill_null(False)
    return empty


def _must_read_some(
    column: pl.Series, new: pl.Series, lost: pl.Series, kind: Kind, shape: Shape
) -> None:
    """Raise where a required column came to nothing at all: it is the wrong one, or a new form."""
    if column.name not in shape.required or not lost.any() or new.null_count() < len(new):
        return
    some = ", ".join(repr(value) for value in column.filter(lost).head(3).to_list())
    raise SchemaError(
        f"{shape.name}.{column.name}: not one of {int(lost.sum()):,} values is a {kind}; "
        f"came e.g. {some} ({column.dtype}). Expected ISO 8601 (2024-05-01T10:00:00+02:00) or "
        "seconds since 1970; for another form give time_format (--time-format), as "
        "'%d/%m/%Y %H:%M'"
    )


def _complete(table: pl.DataFrame, shape: Shape, report: Report) -> pl.DataFrame:
    """Without rows that lack a required value; a row counts once, under the first that it lacks."""
    for name in shape.required:
        lacking = table[name].null_count()
        what = f"rows without {name} set aside"
        report.add(shape.name, what, lacking, total=table.height)
        if lacking:
            table = table.filter(pl.col(name).is_not_null())
    return table


def with_types(table: pl.DataFrame, report: Report, default_event: str = "view") -> pl.DataFrame:
    """Events with their types in small letters, none missing."""
    what = f"events without a type, taken as '{default_event}'"
    if c.EVENT not in table.columns:
        report.add(EVENTS.name, what, table.height)
        return table.with_columns(pl.lit(default_event).alias(c.EVENT))
    kind = table[c.EVENT]
    small = kind.str.to_lowercase()
    report.add(EVENTS.name, "event types put in small letters", int((kind != small).sum() or 0))
    report.add(EVENTS.name, what, kind.null_count(), total=len(kind))
    return table.with_columns(small.fill_null(default_event).alias(c.EVENT))


def with_relations(
    table: pl.DataFrame, report: Report, default_relation: str = "friend"
) -> pl.DataFrame:
    """Edges with what they are, none missing."""
    what = f"relations without a kind, taken as '{default_relation}'"
    if c.RELATION not in table.columns:
        report.add(RELATIONS.name, what, table.height)
        return table.with_columns(pl.lit(default_relation).alias(c.RELATION))
    report.add(RELATIONS.name, what, table[c.RELATION].null_count(), total=table.height)
    return table.with_columns(pl.col(c.RELATION).fill_null(default_relation))


def with_targets(table: pl.DataFrame) -> pl.DataFrame:
    """Feedback with its directions in small letters, and with both columns of what is meant."""
    missing = [name for name in (c.INTEREST, c.ITEM) if name not in table.columns]
    return table.with_columns(
        pl.col(c.EVENT).str.to_lowercase(),
        *(pl.lit(None, dtype=pl.String).alias(name) for name in missing),
    )


def _one_each(table: pl.DataFrame, id_: str, shape: Shape, report: Report) -> pl.DataFrame:
    """One row an id: the first of those with the fewest nulls."""
    twice = table[id_].is_duplicated()
    if not twice.any():
        return table
    ours = [name for name in shape.optional if name in table.columns] or table.columns
    gaps = pl.sum_horizontal(pl.col(name).is_null() for name in ours)
    best = (
        table.select(id_, gaps.alias("gaps"))
        .with_row_index("row")
        .sort("gaps", "row")
        .unique(id_, keep="first", maintain_order=True)["row"]
        .sort()
    )
    ids = table[id_].filter(twice).unique(maintain_order=True).head(3).to_list()
    count = table.height - len(best)
    what = f"rows with the {id_} of another set aside"
    report.add(shape.name, what, count, total=table.height, examples=ids)
    return table[best]


def ordered(table: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Known columns first, in our order; then the others in theirs."""
    known = [name for name in shape.kinds if name in table.columns]
    return table.select(*known, *[name for name in table.columns if name not in known])
