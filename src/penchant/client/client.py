"""The client: every route of the service as a method with a typed answer."""

import time
from collections.abc import Iterable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self, Unpack

from penchant.client import answers as a
from penchant.client import calls
from penchant.client.calls import Call, Row, T
from penchant.client.failures import UnreachableError
from penchant.client.sending import Way, answer, request, transport
from penchant.data.ids import Id


class Client:
    """Speaks to a service at an address, with a key where it needs one.

    An answer may take `timeout` seconds; a call that fails on the way or is told to come back is
    sent `tries` times at most. `http` is the transport of httpx, for tests. Safe for threads.

    Raises:
        MissingExtraError: the extra `client` is not installed.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        timeout: float = 30.0,
        tries: int = 4,
        http: Any = None,
    ) -> None:
        self._way = Way(url.rstrip("/"), key, timeout, tries)
        self._httpx = transport()
        self._http = self._httpx.Client(**self._way.settings(), transport=http)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()

    def send(self, call: Call[T]) -> T:
        """Make a call, again where that counts once.

        Raises:
            RefusedError: the service said no.
            UnreachableError: it did not answer.
        """
        for attempt in range(self._way.tries):
            last = attempt == self._way.tries - 1
            try:
                response = self._http.request(**request(call))
            except self._httpx.TransportError as error:
                if last or not (call.again or isinstance(error, self._httpx.ConnectError)):
                    raise UnreachableError(f"{self._way.url}: no answer ({error!r})") from error
                time.sleep(self._way.pause(attempt))
                continue
            pause = self._way.after(call, attempt, response)
            if pause is None:
                break
            time.sleep(pause)
        return answer(call, response)

    def _rows(self, kind: str, rows: Iterable[Row]) -> a.Taken:
        return calls.joined((first, self.send(call)) for first, call in calls.rows(kind, rows))

    def add_events(self, events: Iterable[Row]) -> a.Taken:
        """Put events in, any number. Those with neither an `event_id` nor a `timestamp` get an
        id, so that they count once however often this call has to send them; the others also when
        you call again. Rows that cannot be used stand in `rejected`."""
        return self._rows("events", events)

    def add_items(self, items: Iterable[Row]) -> a.Taken:
        """Put items in; one that is there already is replaced."""
        return self._rows("items", items)

    def add_users(self, users: Iterable[Row]) -> a.Taken:
        """Put people's attributes in; those that are there already are replaced."""
        return self._rows("users", users)

    def add_relations(self, relations: Iterable[Row]) -> a.Taken:
        """Put edges between people in."""
        return self._rows("relations", relations)

    def item(self, item_id: Id) -> a.Item:
        """What is stored of one item."""
        return self.send(calls.item(item_id))

    def items(self, limit: int = 1_000) -> Iterator[a.Item]:
        """All items, in the order of their ids, so many a call."""
        cursor: str | None = None
        while True:
            page = self.send(calls.items(cursor, limit))
            yield from page.items
            cursor = page.next
            if cursor is None:
                return

    def similar_items(self, item_id: Id, n: int = 10) -> a.SimilarItems:
        """Items like one, the likest first."""
        return self.send(calls.similar_items(item_id, n))

    def recommend(self, user_id: Id, **asked: Unpack[calls.List]) -> a.Recommendations:
        """What to show one person; see `calls.List` for what may be asked."""
        return self.send(calls.recommend(user_id, **asked))

    def interests(self, user_id: Id, **asked: Unpack[calls.Profile]) -> a.Profile:
        """Who is this; see `calls.Profile` for what may be asked."""
        return self.send(calls.interests(user_id, **asked))

    def interests_from_text(self, text: str, *, at: str | None = None) -> a.ProfileOfWords:
        """Who says this."""
        return self.send(calls.interests_from_text(text, at))

    def evolution(self, user_id: Id, **asked: Unpack[calls.Course]) -> a.Evolution:
        """How somebody's interests moved, step by step."""
        return self.send(calls.evolution(user_id, **asked))

    def diff(self, user_id: Id, t1: str, t2: str | None = None, *, level: int = 1) -> a.Diff:
        """What changed between two times (ISO 8601; None: the present)."""
        return self.send(calls.diff(user_id, t1, t2, level))

    def forecast(
        self, user_id: Id, *, step: calls.Step = "month", at: str | None = None
    ) -> a.Forecast:
        """What somebody will turn to in the next step."""
        return self.send(calls.forecast(user_id, step, at))

    def explain(
        self,
        user_id: Id,
        item_id: Id,
        *,
        at: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> a.Reason:
        """Why an item has its score for somebody."""
        return self.send(calls.explain(user_id, item_id, at, context))

    def similar_users(
        self, user_id: Id, n: int = 10, *, level: int | None = None
    ) -> a.SimilarUsers:
        """People with a profile like somebody's, the nearest first."""
        return self.send(calls.similar_users(user_id, n, level))

    def feedback(
        self,
        user_id: Id,
        direction: calls.Direction | None = None,
        **said: Unpack[calls.Said],
    ) -> a.Feedback:
        """Keep that somebody wants more, less or none of something (`interest=` or `item=`), if a
        direction is given; and what stands then."""
        return self.send(calls.feedback(user_id, direction, said))

    def user(self, user_id: Id) -> a.Person:
        """A person's attributes, and how many rows there are on them."""
        return self.send(calls.user(user_id))

    def export(self, user_id: Id) -> a.Held:
        """Everything that is held on a person."""
        return self.send(calls.export(user_id))

    def forget(self, user_id: Id) -> a.Forgotten:
        """Erase a person."""
        return self.send(calls.forget(user_id))

    def audit(self, limit: int = 1_000, **asked: Unpack[calls.Acts]) -> Iterator[a.Act]:
        """Who did what that only an admin may, newest first, so many a call; see `calls.Acts` for
        what may be asked."""
        cursor: str | None = None
        while True:
            page = self.send(calls.audit(cursor, limit, asked))
            yield from page.acts
            cursor = page.next
            if cursor is None:
                return

    def tree(self) -> a.Tree:
        """The interest tree."""
        return self.send(calls.tree())

    def node(self, id_or_name: str) -> a.Node:
        """One interest by id, name or path `A > B`, with those below it."""
        return self.send(calls.node(id_or_name))

    def fit(self) -> a.Fit:
        """Learn anew, in the background of the service; `fit_status` says how it stands."""
        return self.send(calls.fit())

    def fit_status(self) -> a.Fit:
        """How the fit that was asked for last stands."""
        return self.send(calls.fit_status())

    def status(self) -> a.Status:
        """What is held, and which model serves."""
        return self.send(calls.status())

    def report(self) -> a.Report:
        """The last evaluation."""
        return self.send(calls.report())

    def segments(self, k: int | None = None, *, level: int | None = None) -> a.Segments:
        """Everybody grouped by what they are interested in."""
        return self.send(calls.segments(k, level))

    def ready(self) -> a.Health:
        """Whether there is a model that can be asked; a `RefusedError` until then."""
        return self.send(calls.ready())
