"""What people did, one by one: read from a store when somebody is asked about, kept up to date as
events come, and put together to a log of just these people.

A person's past is a log of one (`Histories`), in the very order in which the whole log has it, so
whatever is computed from it is what would be computed from the whole. It is a cache: it may be let
go of at any time, and is read again.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from threading import Lock, RLock

import numpy as np
import polars as pl

from penchant.data.histories import Histories
from penchant.data.moments import Moments
from penchant.data.vocabulary import Vocabulary
from penchant.types import Ints

Read = Callable[[Sequence[str]], pl.DataFrame]
"""All events of some people, clean."""
Shape = Callable[[pl.DataFrame, Vocabulary], Histories]
"""Events of some people as a log of them; a kind has the same number in all."""
Aside = Callable[[Histories], bool]
"""Whether all that somebody did is set aside."""


class Pasts:
    """The pasts of the people who were asked about last, at most about so many events in all."""

    def __init__(self, read: Read, shape: Shape, aside: Aside, most: int) -> None:
        self._read, self._shape, self._aside, self.most = read, shape, aside, most
        self._known: OrderedDict[str, Histories] = OrderedDict()
        self._events, self._lock = 0, RLock()

    def __len__(self) -> int:
        return len(self._known)

    def known(self, ids: Iterable[str]) -> list[str]:
        """Those of some people whose pasts are known."""
        with self._lock:
            return [id_ for id_ in ids if id_ in self._known]

    def of(self, ids: Sequence[str], items: Vocabulary) -> Histories:
        """A log of some people, whose items are rows of a catalogue; who did nothing has a row
        without events."""
        with self._lock:
            asked = list(dict.fromkeys(ids))
            missing = [id_ for id_ in asked if id_ not in self._known]
            fresh = self._load(missing) if missing else {}
            found = [fresh[id_] if id_ in fresh else self._touched(id_) for id_ in asked]
        return joined(found, Vocabulary(asked), items)

    def take_in(self, came: Histories) -> None:
        """Add events that came, clean and shaped, to the pasts that are known.

        A past that they do not simply go on is let go of: it is read again when it is asked for.
        """
        with self._lock:
            for row, id_ in enumerate(came.users.ids):
                before = self._known.get(id_)
                if before is None:
                    continue
                more = one(came, row)
                whole = joined([before, more], before.users, same=True)
                if len(before) and more.time[0] > before.time[-1] and not self._aside(whole):
                    self._keep(id_, whole)
                else:
                    self.drop([id_])

    def drop(self, ids: Iterable[str] | None = None) -> None:
        """Let go of some people's pasts, or of all."""
        with self._lock:
            for id_ in list(self._known) if ids is None else ids:
                gone = self._known.pop(id_, None)
                self._events -= 0 if gone is None else len(gone) + 1

    def _load(self, ids: list[str]) -> dict[str, Histories]:
        users = Vocabulary(ids)
        log = self._shape(self._read(ids), users)
        found = {id_: one(log, row) for row, id_ in enumerate(ids)}
        for id_, past in found.items():
            if len(past) and self._aside(past):  # looked at again each time: it may yet be one
                found[id_] = _nothing_of(past)
            else:
                self._keep(id_, past)
        return found

    def _touched(self, id_: str) -> Histories:
        self._known.move_to_end(id_)
        return self._known[id_]

    def _keep(self, id_: str, past: Histories) -> None:
        before = self._known.pop(id_, None)
        self._events += len(past) + 1 - (0 if before is None else len(before) + 1)
        self._known[id_] = past
        while self._events > self.most and len(self._known) > 1:
            _, gone = self._known.popitem(last=False)
            self._events -= len(gone) + 1


_NO_ITEMS = Vocabulary([])  # a past that is kept holds on to no catalogue
_NOTHING = Moments.of_strangers(np.zeros(0, np.int64))


def one(log: Histories, row: int) -> Histories:
    """One person of a log, as a log."""
    events = slice(int(log.offsets[row]), int(log.offsets[row + 1]))
    size = events.stop - events.start
    return Histories(
        users=Vocabulary([log.users[row]]),
        items=_NO_ITEMS,
        offsets=np.array([0, size], np.int64),
        item=log.item[events].copy(),
        time=log.time[events].copy(),
        weight=log.weight[events].copy(),
        source=np.arange(size),
        kind=log.kind[events].copy(),
        past={name: column[events].cast(pl.String) for name, column in log.past.items()},
    )


def _nothing_of(past: Histories) -> Histories:
    """A past without its events."""
    return past.keep(np.zeros(len(past), bool))


def joined(
    parts: Sequence[Histories],
    users: Vocabulary,
    items: Vocabulary = _NO_ITEMS,
    *,
    same: bool = False,
) -> Histories:
    """Logs of one person each as one log, one after the other; with `same` all are of one person,
    and each goes on from the one before. `source` counts the events of what is made."""
    size = [len(p) for p in parts]
    total = sum(size)
    names = dict.fromkeys(name for p in parts for name in p.past)
    return Histories(
        users=users,
        items=items,
        offsets=np.array([0, total] if same else [0, *np.cumsum(size)], np.int64),
        item=np.concatenate([_NOTHING.item, *(p.item for p in parts)]),
        time=np.concatenate([_NOTHING.time, *(p.time for p in parts)]),
        weight=np.concatenate([_NOTHING.weight, *(p.weight for p in parts)]),
        source=np.arange(total),
        kind=np.concatenate([_NOTHING.item, *(p.kind for p in parts)]),
        past={name: _column(name, parts) for name in names},
    )


def _column(name: str, parts: Sequence[Histories]) -> pl.Series:
    """A context column of several logs; null where one does not have it."""
    empty = pl.Series(name, [], dtype=pl.String)
    each = [p.past[name] if name in p.past else empty.extend_constant(None, len(p)) for p in parts]
    return pl.concat([column.alias(name) for column in each])


class Names:
    """Names and their numbers, in the order they were met. Safe for threads."""

    def __init__(self) -> None:
        self._row: dict[str, int] = {}
        self.names: list[str] = []
        self._lock = Lock()

    def rows(self, names: Iterable[str]) -> Ints:
        """Numbers of some names; new ones get the next."""
        each = list(names)
        with self._lock:
            for name in dict.fromkeys(each):
                if self._row.setdefault(name, len(self.names)) == len(self.names):
                    self.names.append(name)
        return np.fromiter(map(self._row.__getitem__, each), np.int32, len(each))
