"""The client for asynchronous programs: the same methods, awaited."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from types import TracebackType
from typing import Any, Self, Unpack

from penchant.client import answers as a
from penchant.client import calls
from penchant.client.calls import Call, Row, T
from penchant.client.failures import UnreachableError
from penchant.client.sending import Way, answer, request, transport
from penchant.data.ids import Id


class AsyncClient:
    """Speaks to a service as `Client` does, without blocking.

    An answer may take `timeout` seconds; a call that fails on the way or is told to come back is
    sent `tries` times at most. `http` is the transport of httpx, for tests.

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
        self._http = self._httpx.AsyncClient(**self._way.settings(), transport=http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()

    async def send(self, call: Call[T]) -> T:
        """Make a call, again where that counts once.

        Raises:
            RefusedError: the service said no.
            UnreachableError: it did not answer.
        """
        for attempt in range(self._way.tries):
            last = attempt == self._way.tries - 1
            try:
                response = await self._http.request(**request(call))
            except self._httpx.TransportError as error:
                if last or not (call.again or isinstance(error, self._httpx.ConnectError)):
                    raise UnreachableError(f"{self._way.url}: no answer ({error!r})") from error
                await asyncio.sleep(self._way.pause(attempt))
                continue
            pause = self._way.after(call, attempt, response)
            if pause is None:
                break
            await asyncio.sleep(pause)
        return answer(call, response)

    async def _rows(self, kind: str, rows: Iterable[Row]) -> a.Taken:
        parts = [(first, await self.send(call)) for first, call in calls.rows(kind, rows)]
        return calls.joined(parts)

    async def add_events(self, events: Iterable[Row]) -> a.Taken:
        """Put events in, any number. Those with neither an `event_id` nor a `timestamp` get an
        id, so that they count once however often this call has to send them; the others also when
        you call again. Rows that cannot be used stand in `rejected`."""
        return await self._rows("events", events)

    async def add_items(self, items: Iterable[Row]) -> a.Taken:
        """Put items in; one that is there already is replaced."""
        return await self._rows("items", items)

    async def add_users(self, users: Iterable[Row]) -> a.Taken:
        """Put people's attributes in; those that are there already are replaced."""
        return await self._rows("users", users)

    async def add_relations(self, relations: Iterable[Row]) -> a.Taken:
        """Put edges between people in."""
        return await self._rows("relations", relations)

    async def item(self, item_id: Id) -> a.Item:
        """What is stored of one item."""
        return await self.send(calls.item(item_id))

    async def items(self, limit: int = 1_000) -> AsyncIterator[a.Item]:
        """All items, in the order of their ids, so many a call."""
        cursor: str | None = None
        while True:
            page = await self.send(calls.items(cursor, limit))
            for item in page.items:
                yield item
            cursor = page.next
            if cursor is None:
                return

    async def similar_items(self, item_id: Id, n: int = 10) -> a.SimilarItems:
        """Items like one, the likest first."""
        return await self.send(calls.similar_items(item_id, n))

    async def recommend(self, user_id: Id, **asked: Unpack[calls.List]) -> a.Recommendations:
        """What to show one person; see `calls.List` for what may be asked."""
        return await self.send(calls.recommend(user_id, **asked))

    async def interests(self, user_id: Id, **asked: Unpack[calls.Profile]) -> a.Profile:
        """Who is this; see `calls.Profile` for what may be asked."""
        return await self.send(calls.interests(user_id, **asked))

    async def interests_from_text(self, text: str, *, at: str | None = None) -> a.ProfileOfWords:
        """Who says this."""
        return await self.send(calls.interests_from_text(text, at))

    async def evolution(self, user_id: Id, **asked: Unpack[calls.Course]) -> a.Evolution:
        """How somebody's interests moved, step by step."""
        return await self.send(calls.evolution(user_id, **asked))

    async def diff(self, user_id: Id, t1: str, t2: str | None = None, *, level: int = 1) -> a.Diff:
        """What changed between two times (ISO 8601; None: the present)."""
        return await self.send(calls.diff(user_id, t1, t2, level))

    async def forecast(
        self, user_id: Id, *, step: calls.Step = "month", at: str | None = None
    ) -> a.Forecast:
        """What somebody will turn to in the next step."""
        return await self.send(calls.forecast(user_id, step, at))

    async def explain(
        self,
        user_id: Id,
        item_id: Id,
        *,
        at: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> a.Reason:
        """Why an item has its score for somebody."""
        return await self.send(calls.explain(user_id, item_id, at, context))

    async def similar_users(
        self, user_id: Id, n: int = 10, *, level: int | None = None
    ) -> a.SimilarUsers:
        """People with a profile like somebody's, the nearest first."""
        return await self.send(calls.similar_users(user_id, n, level))

    async def feedback(
        self,
        user_id: Id,
        direction: calls.Direction | None = None,
        **said: Unpack[calls.Said],
    ) -> a.Feedback:
        """Keep that somebody wants more, less or none of something (`interest=` or `item=`), if a
        direction is given; and what stands then."""
        return await self.send(calls.feedback(user_id, direction, said))

    async def user(self, user_id: Id) -> a.Person:
        """A person's attributes, and how many rows there are on them."""
        return await self.send(calls.user(user_id))

    async def export(self, user_id: Id) -> a.Held:
        """Everything that is held on a person."""
        return await self.send(calls.export(user_id))

    async def forget(self, user_id: Id) -> a.Forgotten:
        """Erase a person."""
        return await self.send(calls.forget(user_id))

    async def audit(self, limit: int = 1_000, **asked: Unpack[calls.Acts]) -> AsyncIterator[a.Act]:
        """Who did what that only an admin may, newest first, so many a call; see `calls.Acts` for
        what may be asked."""
        cursor: str | None = None
        while True:
            page = await self.send(calls.audit(cursor, limit, asked))
            for act in page.acts:
                yield act
            cursor = page.next
            if cursor is None:
                return

    async def tree(self) -> a.Tree:
        """The interest tree."""
        return await self.send(calls.tree())

    async def node(self, id_or_name: str) -> a.Node:
        """One interest by id, name or path `A > B`, with those below it."""
        return await self.send(calls.node(id_or_name))

    async def fit(self) -> a.Fit:
        """Learn anew, in the background of the service; `fit_status` says how it stands."""
        return await self.send(calls.fit())

    async def fit_status(self) -> a.Fit:
        """How the fit that was asked for last stands."""
        return await self.send(calls.fit_status())

    async def status(self) -> a.Status:
        """What is held, and which model serves."""
        return await self.send(calls.status())

    async def report(self) -> a.Report:
        """The last evaluation."""
        return await self.send(calls.report())

    async def segments(self, k: int | None = None, *, level: int | None = None) -> a.Segments:
        """Everybody grouped by what they are interested in."""
        return await self.send(calls.segments(k, level))

    async def ready(self) -> a.Health:
        """Whether there is a model that can be asked; a `RefusedError` until then."""
        return await self.send(calls.ready())
