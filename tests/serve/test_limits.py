"""Too large, too slow, too many, gone: each is told, and nothing is left behind."""

import asyncio
import json
import socket
import threading
import time
from contextlib import closing
from urllib.parse import urlsplit

import httpx
import pytest

from penchant import Engine
from penchant.engine.serving import ServeConfig
from penchant.errors import DataError
from penchant.serve.app import create_app
from penchant.serve.problem import Problem
from penchant.serve.work import Work
from penchant.testing.served import client, running

SMALL = ServeConfig(
    auth="off", max_bytes=1_000, stream_bytes=20_000, body_seconds=0.3, body_rate=200,
    seconds=0.5, at_once=1, waiting=1,
)  # fmt: skip
JSON = {"content-type": "application/json"}


class Slow(Engine):
    """An engine whose answers wait until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go, self.begun = threading.Event(), threading.Semaphore(0)
        self.asked: list[str] = []

    def interests(self, user_id, **named):
        self.asked.append(user_id)
        self.begun.release()
        assert self.go.wait(20)
        raise RuntimeError(f"{user_id} is a secret")


@pytest.fixture
def slow():
    engine = Slow()
    yield engine
    engine.go.set()


@pytest.fixture
def http(slow):
    with client(create_app(slow, SMALL)) as http:
        yield http
        slow.go.set()


def test_a_body_that_says_it_is_too_large_is_not_read(http):
    told = http.post("/events", content=b"x" * 1_001, headers=JSON)
    assert (told.status_code, told.json()["type"]) == (413, "urn:penchant:problem:too-large")
    assert "1,000 bytes" in told.json()["detail"]
    assert told.headers["connection"] == "close"


def test_a_body_that_does_not_say_so_is_cut_off(http):
    def endless():
        while True:
            yield b"x" * 100

    with pytest.raises(httpx.HTTPError):  # the service hangs up, or answers and hangs up
        told = http.post("/events", content=endless(), headers=JSON)
        assert told.status_code == 413
        raise httpx.ReadError("answered")


@pytest.mark.parametrize("media", ["application/x-ndjson", "Application/X-NDJSON; charset=utf-8"])
def test_lines_have_a_limit_of_their_own(http, media):
    headers = {"content-type": media}
    line = json.dumps({"user_id": "u", "item_id": "i"}) + "\n"
    assert http.post("/events", content=line * 100, headers=headers).status_code == 200
    assert http.post("/events", content=line * 1_000, headers=headers).status_code == 413


def raw(url: str, *pieces: bytes, pause: float = 0.0) -> bytes:
    """What the service says to bytes that are sent one after the other."""
    where = urlsplit(url)
    with closing(socket.create_connection((where.hostname, where.port), timeout=20)) as talk:
        for piece in pieces:
            try:
                talk.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        said = b""
        while more := talk.recv(65_536):
            said += more
        return said


HEAD = (
    b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Content-Length: 500\r\n\r\n"
)


@pytest.mark.parametrize("pieces", [[HEAD], [HEAD, *([b" "] * 12)]])
def test_a_slow_body_is_not_waited_for(slow, pieces):
    with running(create_app(slow, SMALL)) as url:
        said = raw(url, *pieces, pause=0.05)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"urn:penchant:problem:too-slow" in said


def test_what_is_no_http_is_refused(slow):
    with running(create_app(slow, SMALL)) as url:
        assert b"400" in raw(url, b"\x16\x03\x01 hello\r\n\r\n").splitlines()[0]
        split = b"GET /v1/health HTTP/1.1\r\nHost: a\r\nX: a\r\n evil\r\nContent-Length: x\r\n\r\n"
        assert b" 400 " in raw(url, split).splitlines()[0]


def test_an_answer_that_takes_too_long_is_given_up(http, slow):
    told = http.get("/users/ann/interests")
    assert (told.status_code, told.json()["type"]) == (503, "urn:penchant:problem:too-long")
    assert told.headers["retry-after"]


def test_more_than_may_wait_are_told_to_come_back(slow):
    config = SMALL.but(seconds=20.0)

    async def ask(http, user):
        return await http.get(f"/v1/users/{user}/interests")

    async def crowd(url):
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            first = [asyncio.create_task(ask(http, f"u{k}")) for k in range(2)]
            await asyncio.to_thread(slow.begun.acquire)
            while len([t for t in first if not t.done()]) < 2:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.2)
            third = await ask(http, "u2")
            health = await http.get("/v1/health")
            slow.go.set()
            return third, health, [t.status_code for t in await asyncio.gather(*first)]

    with running(create_app(slow, config)) as url:
        third, health, first = asyncio.run(crowd(url))
    assert (third.status_code, third.json()["type"]) == (503, "urn:penchant:problem:busy")
    assert third.headers["retry-after"] == "1"
    assert health.status_code == 200
    assert first == [500, 500]


def test_no_more_calls_are_under_way_than_may_be(slow):
    """One whose body still comes counts."""
    with running(create_app(slow, SMALL.but(open=1, body_seconds=20.0))) as url:
        where = urlsplit(url)
        with closing(socket.create_connection((where.hostname, where.port), timeout=20)) as talk:
            talk.sendall(HEAD)
            time.sleep(0.2)
            told = httpx.get(f"{url}/v1/status")
            assert (told.status_code, told.json()["type"]) == (503, "urn:penchant:problem:busy")
            assert httpx.get(f"{url}/v1/health").status_code == 200


def test_whoever_leaves_while_waiting_is_not_worked_for(slow):
    config = SMALL.but(seconds=20.0)
    with running(create_app(slow, config)) as url:
        with httpx.Client(base_url=url, timeout=0.3) as http:
            for user in ("stays", "leaves"):
                with pytest.raises(httpx.TimeoutException):
                    http.get(f"/v1/users/{user}/interests")
        time.sleep(0.2)
        slow.go.set()
        time.sleep(0.2)
    assert slow.asked == ["stays"]


def test_an_error_that_nobody_foresaw_tells_nothing_of_the_inside(http, slow):
    slow.go.set()
    told = http.get("/users/ann/interests")
    assert (told.status_code, told.json()["type"]) == (500, "urn:penchant:problem:unforeseen")
    assert "secret" not in told.text
    assert "RuntimeError" not in told.text
    assert told.headers["x-request-id"]


def test_work_refuses_what_would_wait_too_long():
    async def all_at_once():
        work = Work(ServeConfig(at_once=1, waiting=1))
        hold = threading.Event()
        try:
            first = [asyncio.create_task(work.read(hold.wait, 10)) for _ in range(2)]
            await asyncio.sleep(0.05)
            with pytest.raises(Problem) as refused:
                await work.read(int)
            assert refused.value.status_code == 503
            first[1].cancel()
            await asyncio.sleep(0.05)
            again = asyncio.create_task(work.read(int))
            hold.set()
            assert await again == 0
            assert await first[0]
        finally:
            hold.set()
            work.close()

    asyncio.run(all_at_once())


def test_those_that_wait_for_the_same_are_worked_on_together():
    begun, go, asked = threading.Event(), threading.Event(), []

    def answer(whom):
        asked.append(list(whom))
        if whom == ["first"]:
            begun.set()
            go.wait(10)
        if "odd" in whom:
            raise DataError("odd came")
        return [f"for {one}" for one in whom]

    async def crowd():
        work = Work(ServeConfig(at_once=1, waiting=64))
        try:
            first = asyncio.create_task(work.read_each(answer, "first", "a list"))
            await asyncio.to_thread(begun.wait, 10)
            like = [work.read_each(answer, f"u{k}", "a list") for k in range(20)]
            like = [asyncio.create_task(one) for one in like]
            other = asyncio.create_task(work.read_each(answer, "v", "another list"))
            odd = [work.read_each(answer, who, "an odd list") for who in ("odd", "even")]
            odd = [asyncio.create_task(one) for one in odd]
            await asyncio.sleep(0.05)
            like[7].cancel()
            await asyncio.sleep(0.05)
            go.set()
            assert await first == "for first"
            assert await other == "for v"
            told = await asyncio.gather(*odd, return_exceptions=True)
            assert isinstance(told[0], DataError)
            assert told[1] == "for even"
            told = await asyncio.gather(*like, return_exceptions=True)
            assert isinstance(told.pop(7), asyncio.CancelledError)
            assert told == [f"for u{k}" for k in range(20) if k != 7]
            await asyncio.sleep(0)
            assert await work.read(int) == 0
            assert work._reads.pool._work_queue.empty(), "no thread is called for nobody"
            assert not work._reads._alike
        finally:
            go.set()
            work.close()

    asyncio.run(crowd())
    whom = [f"u{k}" for k in range(20) if k != 7]
    assert asked == [
        ["first"], whom[:16], whom[16:], ["v"], ["odd", "even"], ["odd"], ["even"],
    ]  # fmt: skip


def test_lists_under_steady_load_call_no_more_threads_than_they_need():
    most = []

    async def crowd():
        work = Work(ServeConfig(at_once=1, waiting=200))

        def answer(whom):
            most.append(work._reads.pool._work_queue.qsize())
            time.sleep(0.001)
            return whom

        async def ask(k):
            for turn in range(30):
                assert await work.read_each(answer, f"{k}-{turn}", "a list") == f"{k}-{turn}"

        try:
            await asyncio.gather(*(ask(k) for k in range(40)))
        finally:
            work.close()

    asyncio.run(crowd())
    assert max(most) <= 40 / 16 + 1


def test_lists_that_wait_when_the_service_ends_are_given_up():
    go, begun = threading.Event(), threading.Event()

    def answer(whom):
        begun.set()
        go.wait(10)
        return whom

    async def crowd():
        work = Work(ServeConfig(at_once=1, waiting=200))
        first = asyncio.create_task(work.read_each(answer, "first", "a list"))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(work.read_each(answer, f"u{k}", "a list")) for k in range(40)]
        await asyncio.sleep(0.05)
        closing = asyncio.create_task(asyncio.to_thread(work.close))
        await asyncio.sleep(0.05)
        go.set()
        await closing
        assert await first == "first"
        told = await asyncio.gather(*others, return_exceptions=True)
        assert {type(one) for one in told} == {asyncio.CancelledError}

    asyncio.run(crowd())
