"""The typed client against a real service, and against one that fails."""

import asyncio
import inspect
import json
import subprocess
import sys

import httpx
import pytest

from penchant import WorldConfig, make_world
from penchant.client import AsyncClient, Client, RefusedError, UnreachableError, calls
from penchant.client.sending import Way
from penchant.engine.serving import ServeConfig
from penchant.errors import DataError
from penchant.serve.app import create_app
from penchant.serve.keys import MemoryKeys, fresh, hashed
from penchant.store.sql.keys import Key
from penchant.testing.served import NOW, running, stocked

ANN = "u0002"


@pytest.fixture(scope="module")
def engine():
    made = stocked(make_world(WorldConfig.small(users=60, events=2000)))
    made.fit()
    return made


@pytest.fixture(scope="module")
def served(engine):
    """The address of a service, and a key that opens all of it."""
    keys, token = MemoryKeys(), fresh()
    keys.add(Key("", "all", hashed(token), ("admin",), NOW))
    with running(create_app(engine, ServeConfig(present="log"), keys=keys)) as url:
        yield url, token


@pytest.fixture
def shop(served):
    with Client(*served) as client:
        yield client


def test_every_question_has_a_typed_answer(shop, engine):
    assert shop.ready().status == "ready"
    assert shop.status().fitted
    profile = shop.interests(ANN, level=1, top=2)
    mine = engine.interests(ANN)
    assert [i.name for i in profile.levels[0]] == [i.path[-1] for i in mine.top(1, 2)]
    told = shop.recommend(ANN, n=3, explain=True, seen=False, like={mine.top()[0].node.name: 0.5})
    assert told.items[0].reason is not None
    assert told.items[0].reason.item_id == told.items[0].item_id
    item = told.items[0].item_id
    assert shop.explain(ANN, item).sentence
    assert shop.item(item).item_id == item
    assert len(shop.similar_items(item, 3).items) == 3
    assert len(shop.similar_users(ANN, 3, level=1).users) == 3
    assert shop.interests_from_text("kitchen knives").given
    assert shop.evolution(ANN, step="month").levels
    assert shop.diff(ANN, "2024-02-01", "2024-03-01").shifts
    assert shop.forecast(ANN, step="week").way
    assert shop.segments(3).people > 50
    node = shop.tree().nodes[0]
    assert shop.node(node.id).name == node.name
    assert shop.feedback(ANN).statements == ()
    assert shop.fit_status().state == "idle"
    assert shop.user(ANN).rows["events"] > 0
    assert shop.export(ANN).tables["events"]


def test_all_items_come_over_several_pages(shop, engine):
    ids = [item.item_id for item in shop.items(limit=70)]
    assert ids == sorted(engine.data.vocabulary.ids)


def test_rows_go_in_and_a_person_out(shop):
    told = shop.add_events({"user_id": "carl", "item_id": f"i{k:05}"} for k in range(3))
    assert (told.accepted, told.rejected) == (3, ())
    assert shop.add_items([{"item_id": "new", "title": "New"}]).accepted == 1
    assert shop.add_users([{"user_id": "carl", "age": 30}]).accepted == 1
    assert shop.add_relations([{"source": "carl", "target": ANN}]).accepted == 1
    assert shop.user("carl").attributes == {"age": 30}
    said = shop.feedback("carl", "more", item="new")
    assert said.statements[0].item == "new"
    assert shop.forget("carl").rows == 6
    assert shop.forget("carl").rows == 0
    found = list(shop.audit(limit=1, action="forget", of="carl", since="2024-01-01"))
    assert [act.detail["rows"] for act in found] == [0, 6]
    assert {act.actor for act in found} == {"1"}


def test_many_rows_go_in_several_calls_and_keep_their_numbers(shop, monkeypatch):
    monkeypatch.setattr(calls, "AT_ONCE", 2)
    rows = [{"user_id": "dora", "item_id": str(k)} for k in range(3)]
    told = shop.add_events([rows[0], {}, {}, {"user_id": "x"}, *rows])
    assert told.accepted + told.known == 4
    assert [r.index for r in told.rejected] == [1, 2, 3]


def test_one_row_alone_is_told_and_a_row_that_is_none_sinks_no_other(shop):
    for alone in ({"user_id": "eve", "item_id": "a"}, "eve"):
        with pytest.raises(DataError, match=r"events: (dict|str) came; expected a list of rows"):
            shop.add_events(alone)
    told = shop.add_events(["eve", {"user_id": "eve", "item_id": "a"}])
    assert (told.accepted, [r.index for r in told.rejected]) == (1, [0])
    assert shop.add_events([]).accepted == 0


def test_events_under_the_id_of_another_are_counted_over_all_calls(shop, monkeypatch):
    monkeypatch.setattr(calls, "AT_ONCE", 2)
    rows = [{"user_id": f"fay{k}", "item_id": "a", "event_id": "fay"} for k in range(4)]
    told = shop.add_events(rows)
    assert (told.accepted, told.known, told.differing) == (1, 3, 3)


def test_a_name_may_hold_anything(shop):
    for name in ("a/b", "..", "é?#&=", "a%2Fb"):
        assert shop.interests(name, top=1).user_id == name


def test_a_name_may_be_a_number_and_nothing_but_an_id(shop):
    assert shop.interests(14388, top=1).user_id == "14388"
    with pytest.raises(DataError, match="id: None came; expected an id"):
        shop.interests(None)


def test_what_is_refused_says_why(shop, served):
    with pytest.raises(RefusedError, match="is not among") as refused:
        shop.node("nosuch")
    assert (refused.value.status, refused.value.type) == (404, "not-found")
    assert refused.value.request
    with pytest.raises(RefusedError) as refused:
        shop.recommend(ANN, n=0)
    assert refused.value.problem["errors"][0]["field"] == "n"
    with Client(served[0], "pck_nosuch") as stranger, pytest.raises(RefusedError) as refused:
        stranger.status()
    assert refused.value.type == "no-key"


def test_the_asynchronous_client_says_the_same(served, shop):
    async def all_at_once():
        async with AsyncClient(*served) as client:
            profile, told = await asyncio.gather(client.interests(ANN), client.recommend(ANN, n=2))
            ids = [item.item_id async for item in client.items(limit=100)]
            taken = await client.add_events([{"user_id": "eve", "item_id": "i00001"}, {}])
            await client.export(14388)
            assert [act.action async for act in client.audit(of=14388)] == ["export"]
            with pytest.raises(RefusedError):
                await client.node("nosuch")
            return profile, told, ids, taken

    mine = shop.interests(ANN)
    profile, told, ids, taken = asyncio.run(all_at_once())
    assert profile == mine
    assert [i.item_id for i in told.items] == [i.item_id for i in shop.recommend(ANN, n=2).items]
    assert len(ids) >= 300
    assert (taken.accepted, taken.rejected_total) == (1, 1)


def test_both_clients_have_the_same_methods():
    def methods(kind):
        found = inspect.getmembers(kind, inspect.isfunction)
        return {n: inspect.signature(f).parameters for n, f in found if not n.startswith("_")}

    assert methods(Client) == methods(AsyncClient)


def test_every_route_has_a_method(engine):
    described = create_app(engine).openapi()
    without = {"/v1/health", "/v1/metrics"}
    wanted = {
        (method.upper(), path)
        for path, operations in described["paths"].items()
        for method in operations
        if path not in without
    }
    seen = set()

    def note(request):
        seen.add((request.method, request.url.path))
        return httpx.Response(404, json={})

    with Client("http://shop", http=httpx.MockTransport(note)) as shop:
        for name, method in inspect.getmembers(shop, inspect.ismethod):
            if name in ("close", "send") or name.startswith("_"):
                continue
            needs = [
                p.name
                for p in inspect.signature(method).parameters.values()
                if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD
            ]
            values = {"user_id": "{user_id}", "item_id": "{item_id}", "id_or_name": "{node}"}
            rows = {n: [{}] for n in ("events", "items", "users", "relations")}
            given = [(values | rows).get(n, "x") for n in needs]
            with pytest.raises(RefusedError):
                found = method(*given)
                next(found)
            if name == "feedback":
                with pytest.raises(RefusedError):
                    method(*given, "more")
    assert seen == wanted


# When it fails


class Failing(httpx.BaseTransport):
    """Answers as told, one answer a call, and remembers what was sent."""

    def __init__(self, *answers):
        self.answers, self.sent = list(answers), []

    def handle_request(self, request):
        self.sent.append(json.loads(request.read() or b"null"))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


TAKEN = {"accepted": 1, "known": 0, "replaced": 0, "rejected": [], "rejected_total": 0}


def good():
    return httpx.Response(200, json=TAKEN)


@pytest.fixture
def pauses(monkeypatch):
    found = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


def test_an_event_that_is_sent_again_has_the_same_id(pauses):
    service = Failing(httpx.ReadError("cut"), httpx.Response(503), good())
    with Client("http://shop", http=service) as shop:
        assert shop.add_events([{"user_id": "u", "item_id": "i"}]).accepted == 1
    ids = {sent["events"][0]["event_id"] for sent in service.sent}
    assert len(ids) == 1
    assert len(service.sent) == 3
    assert len(pauses) == 2


def test_it_comes_back_no_sooner_than_it_was_told(pauses):
    late = httpx.Response(429, headers={"Retry-After": "7"}, json={"type": "x:too-often"})
    with Client("http://shop", http=Failing(late, good())) as shop:
        shop.add_events([{"user_id": "u", "item_id": "i"}])
    assert 7.0 < pauses[0] < 11.0


def test_those_who_were_told_the_same_come_back_apart():
    way = Way("http://shop", None, 30.0, 4)
    assert len({round(way.pause(0, 5.0), 1) for _ in range(30)}) > 5


@pytest.mark.parametrize(("name", "asked"), [("not-fitted", 3), ("too-long", 5), ("busy", 120)])
def test_what_a_pause_does_not_help_is_not_sent_again(pauses, name, asked):
    told = {"type": f"urn:penchant:problem:{name}", "detail": "no"}
    service = Failing(httpx.Response(503, headers={"Retry-After": str(asked)}, json=told))
    with Client("http://shop", http=service) as shop, pytest.raises(RefusedError) as refused:
        shop.ready()
    assert (refused.value.type, pauses) == (name, [])


def test_events_that_can_be_known_again_get_no_id_of_the_clients():
    service, row = Failing(good()), {"user_id": "u", "item_id": "i"}
    told = [{**row, "event_id": "e"}, {**row, "timestamp": "2024-05-01"}]
    with Client("http://shop", http=service) as shop:
        shop.add_events([*told, row])
    sent = service.sent[0]["events"]
    assert sent[:2] == told
    assert sent[2].keys() == {"user_id", "item_id", "event_id"}


def test_long_rows_go_in_more_calls(monkeypatch):
    monkeypatch.setattr(calls, "BYTES", 100)
    bad = {"index": 0, "field": "", "reason": "no"}
    answers = [httpx.Response(200, json=TAKEN | {"rejected": [bad], "rejected_total": 1})] * 3
    rows = [{"item_id": "a" * 30}, {"item_id": "é" * 30}, {"item_id": "b" * 500}]
    service = Failing(*answers)
    with Client("http://shop", http=service) as shop:
        told = shop.add_items([rows[0], *rows])
    assert [sent["items"] for sent in service.sent] == [[rows[0], rows[0]], [rows[1]], [rows[2]]]
    assert [r.index for r in told.rejected] == [0, 2, 3]


def test_an_answer_of_something_else_is_an_error_of_the_client():
    page = httpx.Response(200, html="<html>please log in</html>")
    odd = httpx.Response(422, json={"rejected_total": 1})
    with Client("http://shop", http=Failing(page, odd)) as shop:
        with pytest.raises(UnreachableError, match=r"http://shop/v1/status.*not the service.*html"):
            shop.status()
        with pytest.raises(UnreachableError, match="not the service"):
            shop.add_items([{"item_id": "a"}])


def test_it_gives_up_in_the_end(pauses):
    with (
        Client("http://shop", http=Failing(*[httpx.ConnectError("no")] * 4)) as shop,
        pytest.raises(UnreachableError, match="http://shop"),
    ):
        shop.status()
    answers = [httpx.Response(503, json={"type": "urn:x:busy", "detail": "later"})] * 4
    with (
        Client("http://shop", http=Failing(*answers)) as shop,
        pytest.raises(RefusedError) as refused,
    ):
        shop.status()
    assert refused.value.type == "busy"
    assert len(pauses) == 6


def test_what_might_count_twice_is_not_sent_again(pauses):
    with (
        Client("http://shop", http=Failing(httpx.ReadError("cut"))) as shop,
        pytest.raises(UnreachableError),
    ):
        shop.fit()
    with (
        Client("http://shop", http=Failing(httpx.Response(503, text="<html>"))) as shop,
        pytest.raises(RefusedError) as refused,
    ):
        shop.fit()
    assert refused.value.type == "unknown"


def test_the_client_loads_nothing_heavy():
    code = (
        "import sys, penchant.client\n"
        "print(*[m for m in ('torch', 'polars', 'numpy', 'fastapi') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
