"""Cutting a log in two: what may be learned from, and what is asked afterwards.

Four ways, one shape. Every `Fold` checks itself and raises `LeakError` rather than let an answer
be seen before its question.

    last      each user's last positive event is the question; the user's later events are set aside
    time      everything from one time on is the test; nothing at or after the cut is learned from
    rolling   the same over consecutive windows, each learned from all that lies before it
    user      the test users are wholly unseen in training; their past is given when they are asked
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

import polars as pl
from pydantic import Field, model_validator

from penchant import random
from penchant.clock import micros, when
from penchant.config import Config
from penchant.data import columns as c
from penchant.data.histories import tie
from penchant.errors import DataError, LeakError, SchemaError
from penchant.types import Bools, Floats, Report

Kind: TypeAlias = Literal["last", "time", "rolling", "user"]

AT = "at"
UNREACHABLE = "unreachable: positive events on items not new to their user"
_POSITIVE, _ROW, _EARLIER, _ASKED = "\0positive", "\0row", "\0earlier", "\0asked"
_NOT_CONTEXT = {c.USER, c.ITEM, c.TIME, c.EVENT, c.VALUE, c.POSITION, c.EVENT_ID, AT}


class SplitConfig(Config):
    """How a log is cut into what is learned from and what is asked."""

    kind: Kind = "last"
    """`last`: leave the last out; `time`: one cut; `rolling`: windows; `user`: unseen users."""
    cut: datetime | None = None
    """`time`: the first moment of the test, in UTC unless it says otherwise; None: by share."""
    test_fraction: float = Field(default=0.1, gt=0.0, lt=1.0)
    """Share of events in the test (`time`) or in each window (`rolling`)."""
    windows: int = Field(default=3, ge=1)
    """`rolling`: number of windows, laid over the end of the log."""
    test_users: float = Field(default=0.1, gt=0.0, lt=1.0)
    """`user`: share of users that training never sees."""
    holdout: float = Field(default=0.2, gt=0.0, lt=1.0)
    """`user`: last share of a test user's events that is asked about; the rest is given."""
    min_history: int = Field(default=1, ge=0)
    """`last`, `user`: users with fewer events before the question are only learned from."""

    @model_validator(mode="after")
    def _room_to_learn(self) -> "SplitConfig":
        if self.kind == "rolling" and self.windows * self.test_fraction >= 1.0:
            raise ValueError(
                f"windows × test_fraction is {self.windows * self.test_fraction:g}; expected less "
                "than 1, so that something is left to learn from"
            )
        return self


@dataclass(frozen=True)
class Fold:
    """One train-and-ask: tables with the columns of the log that was split.

    `train` may be learned from; `history` is what is known of the asked users when they are asked
    (the same as `train` except for kind `user`). `asks` has one row a user: user_id, at, and the
    context columns as they stood at the first target event. `targets` are the answers: user_id,
    item_id, timestamp, positive events only. `cut` is the first moment of the test, where there
    is one cut for all. `report` counts what was set aside.

    Raises:
        LeakError: an answer, or what came after the question, could be seen when it is asked.
    """

    name: str
    kind: Kind
    train: pl.DataFrame
    history: pl.DataFrame
    asks: pl.DataFrame
    targets: pl.DataFrame
    cut: datetime | None = None
    report: Report = field(default_factory=Report)

    def __post_init__(self) -> None:
        self._questions_match_answers()
        seen = [("train", self.train)]
        if self.history is not self.train:
            seen.append(("history", self.history))
        for name, table in seen:
            self._nothing_from_the_future(name, table)
        if self.kind == "user":
            met = self.train.join(self.asks, on=c.USER, how="semi")[c.USER].n_unique()
            self._refuse(met, "test users also occur in train")
        if self.cut is not None:
            self._strictly_apart(self.cut)

    def _questions_match_answers(self) -> None:
        self._refuse(int(self.asks[c.USER].is_duplicated().sum()), "users are asked twice")
        unasked = self.targets.join(self.asks, on=c.USER, how="anti").height
        self._refuse(unasked, "targets belong to nobody who is asked")
        early = self.targets.join(self.asks, on=c.USER).filter(pl.col(c.TIME) < pl.col(AT))
        self._refuse(early.height, "targets lie before the time of asking")

    def _nothing_from_the_future(self, name: str, table: pl.DataFrame) -> None:
        keys = [c.USER, c.ITEM, c.TIME]
        answers = table.join(self.targets, on=keys, how="semi").height
        self._refuse(answers, f"targets can be seen in {name}")
        asked = table.join(self.asks.select(c.USER, AT), on=c.USER)
        later = asked.filter(pl.col(c.TIME) > pl.col(AT)).height
        self._refuse(later, f"events of {name} lie after their user's time of asking")

    def _strictly_apart(self, cut: datetime) -> None:
        late = int((self.train[c.TIME].dt.epoch("us") >= micros(cut)).sum())
        self._refuse(late, f"events of train lie at or after the cut {cut.isoformat()}")
        early = int((self.targets[c.TIME].dt.epoch("us") < micros(cut)).sum())
        self._refuse(early, f"targets lie before the cut {cut.isoformat()}")

    def _refuse(self, count: int, what: str) -> None:
        if count:
            raise LeakError(
                f"fold {self.name!r}: {count:,} {what}; expected none. Make folds with "
                "penchant.data.split.split, and do not add events to them"
            )


def canonical_order(events: pl.DataFrame, context: Sequence[str] = ()) -> pl.Series:
    """Row numbers that put a log in (user, time) order, whatever the order of its rows [E].

    Inside a tie of time: `position` where there is one, else a fixed, meaningless order made from
    user and item; rows that agree in all of that go by event type, value, session and context.

    >>> log = pl.DataFrame({"user_id": ["b", "a"], "item_id": ["x", "y"],
    ...                     "timestamp": [datetime(2024, 1, 2), datetime(2024, 1, 1)]})
    >>> canonical_order(log).to_list()
    [1, 0]
    """
    named = dict.fromkeys((c.EVENT, c.VALUE, c.SESSION, c.EVENT_ID, *context))
    taken = (c.USER, c.TIME, c.POSITION, c.ITEM)
    rest = [n for n in named if n in events.columns and n not in taken]
    position = [c.POSITION] if c.POSITION in events.columns else []
    keys = events.select(c.USER, c.TIME, *position, tie(events).alias("\0tie"), c.ITEM, *rest)
    return keys.select(pl.arg_sort_by(keys.columns, maintain_order=True)).to_series()


def split(
    events: pl.DataFrame,
    config: SplitConfig,
    *,
    repeats: bool,
    positive: Bools | Floats | str,
    seed: int = 0,
    context: Sequence[str] = (),
) -> list[Fold]:
    """Cut a log into folds; the order of its rows changes nothing.

    `positive` says which events speak for their item: a mask [E], signed weights [E], or the name
    of a weight column. With `repeats` false, only items that are new to their user at the time of
    asking are targets; other positive events of the test are counted as unreachable. `context`
    names the columns that are known when asking.

    Users who come first after the cut are asked too (kinds `time`, `rolling`), with an empty
    history. Kinds `last` and `user` learn from other users' later events, as is usual; only `time`
    and `rolling` keep the whole future out.

    Raises:
        SchemaError: a column is missing, or the mask has another length than the log.
        DataError: the log is empty, the cut leaves nothing on one side, or nobody can be asked.
    """
    table = _prepared(events, positive, context)
    known = [n for n in context if n not in _NOT_CONTEXT]
    if config.kind == "last":
        folds = [_last(table, config, repeats, known)]
    elif config.kind == "user":
        folds = [_users(table, config, repeats, seed, known)]
    else:
        folds = _windows(table, config, repeats, known)
    for fold in folds:
        if not fold.targets.height:
            raise DataError(
                f"split {fold.name!r}: nobody can be asked, as no positive event is left to ask "
                f"for ({fold.report!s}); expected at least one. Give more events, or another kind "
                "of split"
            )
    return folds


def _prepared(
    events: pl.DataFrame, positive: Bools | Floats | str, context: Sequence[str]
) -> pl.DataFrame:
    """The log in canonical order, with what speaks for its item marked."""
    weight = [positive] if isinstance(positive, str) else []
    missing = [n for n in (c.USER, c.ITEM, c.TIME, *weight, *context) if n not in events.columns]
    if missing:
        raise SchemaError(f"split: no column {missing[0]!r}; there are {events.columns}")
    if not events.height:
        raise DataError("split: the log came empty; expected at least one event")
    if not isinstance(positive, str) and len(positive) != events.height:
        raise SchemaError(
            f"split: positive has {len(positive):,} entries for {events.height:,} events; "
            "expected one each"
        )
    mark = events[positive] if isinstance(positive, str) else pl.Series(positive)
    mark = mark if mark.dtype == pl.Boolean else mark > 0
    marked = events.with_columns(mark.fill_null(False).alias(_POSITIVE))
    return marked[canonical_order(events, context)].with_row_index(_ROW)


def _last(table: pl.DataFrame, config: SplitConfig, repeats: bool, context: list[str]) -> Fold:
    report, total = Report(), table.height
    asked = table.filter(_reachable(repeats), _earlier() >= config.min_history)
    asked = asked.unique(c.USER, keep="last", maintain_order=True)
    place = asked.select(c.USER, pl.col(_ROW).alias(_ASKED), _item_asked(), _time_asked())
    table = table.join(place, on=c.USER, how="left", maintain_order="left")
    later = table.filter(pl.col(_ROW) > pl.col(_ASKED))
    unreachable = later.filter(_POSITIVE).height
    report.add("split", UNREACHABLE, unreachable, total=total)
    report.add("split", "events after their user's target", later.height, total=total)
    before = table.filter(pl.col(_ASKED).is_null() | (pl.col(_ROW) < pl.col(_ASKED)))
    train = before.filter(~_same_act())
    what = "same user, item and time as the target"
    report.add("split", what, before.height - train.height, total=total)
    users = table[c.USER].n_unique()
    report.add("split", "users that are only learned from", users - asked.height, total=users)
    train = _plain(train)
    return Fold("last", "last", train, train, _asks(asked, context), _answers(asked), report=report)


def _windows(
    table: pl.DataFrame, config: SplitConfig, repeats: bool, context: list[str]
) -> list[Fold]:
    """One fold for each window; `time` is a single window up to the end of the log."""
    times = table[c.TIME].dt.epoch("us").sort()
    if config.kind == "time" and config.cut is not None:
        cuts = [micros(config.cut)]
    else:
        n = 1 if config.kind == "time" else config.windows
        shares = [1.0 - config.test_fraction * (n - k) for k in range(n)]
        cuts = [int(times[min(int(s * len(times) + 1e-9), len(times) - 1)]) for s in shares]
    ends = [*cuts[1:], int(times[-1]) + 1]
    names = ["time"] if config.kind == "time" else [f"window {k + 1}" for k in range(len(cuts))]
    return [
        _window(table, (name, config.kind), (cut, end), repeats, context)
        for name, cut, end in zip(names, cuts, ends, strict=True)
    ]


def _window(
    table: pl.DataFrame,
    label: tuple[str, Kind],
    span: tuple[int, int],
    repeats: bool,
    context: list[str],
) -> Fold:
    """Learn from what lies before the span; ask for what is liked inside it."""
    (name, kind), (cut, end) = label, span
    time = pl.col(c.TIME).dt.epoch("us")
    before, test = table.filter(time < cut), table.filter(time >= cut, time < end)
    if not before.height or not test.height:
        side = "before" if not before.height else "from"
        raise DataError(
            f"split {name!r}: no event lies {side} the cut {when(cut).isoformat()}; the log spans "
            f"{table[c.TIME].min()!s} to {table[c.TIME].max()!s}. Give another cut or test_fraction"
        )
    report = Report()
    liked = test.filter(_POSITIVE)
    new = liked if repeats else liked.join(before, on=[c.USER, c.ITEM], how="anti")
    new = new.sort(_ROW).unique([c.USER, c.ITEM], keep="first", maintain_order=True)
    _count_test(report, test, liked, new)
    first = new.unique(c.USER, keep="first", maintain_order=True)
    train = _plain(before)
    asks, targets = _asks(first, context), _answers(new)
    return Fold(name, kind, train, train, asks, targets, cut=when(cut), report=report)


def _count_test(report: Report, test: pl.DataFrame, liked: pl.DataFrame, new: pl.DataFrame) -> None:
    """Say what became of the test events that are no targets."""
    against = test.height - liked.height
    report.add("split", "test events that speak for no item", against, total=test.height)
    again = liked.join(new, on=[c.USER, c.ITEM], how="semi").height - new.height
    what = "positive events on an item that is a target already: asked once"
    report.add("split", what, again, total=test.height)
    met = liked.join(new, on=[c.USER, c.ITEM], how="anti").height
    report.add("split", UNREACHABLE, met, total=test.height)


def _users(
    table: pl.DataFrame, config: SplitConfig, repeats: bool, seed: int, context: list[str]
) -> Fold:
    """Keep some users out of training; ask for the end of what they did."""
    place = pl.int_range(pl.len()).over(c.USER)
    held = (pl.len().over(c.USER) * config.holdout).ceil().cast(pl.Int64)
    table = table.with_columns((place >= pl.len().over(c.USER) - held).alias(_ASKED))
    chosen = _test_users(table, config, seed)
    train, test = table.join(chosen, on=c.USER, how="anti"), table.join(chosen, on=c.USER)
    given, asked = test.filter(~pl.col(_ASKED)), test.filter(_ASKED)
    report = Report()
    liked = asked.filter(_POSITIVE)
    met = [c.USER, c.ITEM] if not repeats else [c.USER, c.ITEM, c.TIME]
    new = liked.join(given, on=met, how="anti").sort(_ROW)
    new = new.unique([c.USER, c.ITEM], keep="first", maintain_order=True)
    _count_test(report, asked, liked, new)
    first = new.unique(c.USER, keep="first", maintain_order=True)
    silent = len(chosen) - first.height
    report.add("split", "test users with nothing to ask for", silent, total=len(chosen))
    asks, targets, known = _asks(first, context), _answers(new), _plain(given)
    known = known.join(first, on=c.USER, how="semi", maintain_order="left")
    return Fold("user", "user", _plain(train), known, asks, targets, report=report)


def _test_users(table: pl.DataFrame, config: SplitConfig, seed: int) -> pl.DataFrame:
    """Users drawn for the test among those with enough history to be asked."""
    given = table.group_by(c.USER).agg((~pl.col(_ASKED)).sum().alias("given"))
    able = given.filter(pl.col("given") >= config.min_history)[c.USER].sort()
    n = max(1, round(config.test_users * given.height))
    if len(able) <= n and given.height == len(able):
        raise DataError(
            f"split 'user': {given.height:,} users came; expected more than {n:,}, so that "
            "some are left to learn from"
        )
    order = random.rng(seed, "split", "users").permutation(len(able))[:n]
    return pl.DataFrame({c.USER: able.gather(order)})


def _reachable(repeats: bool) -> pl.Expr:
    """Positive, and new to its user unless repeats are allowed."""
    new = pl.lit(True) if repeats else pl.struct(c.USER, c.ITEM).is_first_distinct()
    return pl.col(_POSITIVE) & new


def _earlier() -> pl.Expr:
    """Number of a user's earlier events, not counting the very same act told twice."""
    same = pl.int_range(pl.len()).over(c.USER, c.ITEM, c.TIME)
    return pl.int_range(pl.len()).over(c.USER) - same


def _item_asked() -> pl.Expr:
    return pl.col(c.ITEM).alias("\0item_asked")


def _time_asked() -> pl.Expr:
    return pl.col(c.TIME).alias("\0time_asked")


def _same_act() -> pl.Expr:
    same = (pl.col(c.ITEM) == pl.col("\0item_asked")) & (pl.col(c.TIME) == pl.col("\0time_asked"))
    return same.fill_null(False)


def _asks(first: pl.DataFrame, context: list[str]) -> pl.DataFrame:
    return first.select(c.USER, pl.col(c.TIME).alias(AT), *context)


def _answers(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(c.USER, c.ITEM, c.TIME)


def _plain(rows: pl.DataFrame) -> pl.DataFrame:
    """Without the columns that were only needed for splitting."""
    return rows.drop([name for name in rows.columns if name.startswith("\0")])
