"""Questions: each answer is the engine's own."""

from urllib.parse import quote

import pytest

from penchant.testing.served import NOW

ANN = "u0002"


def of(ask, path, **query):
    told = ask.get(path, params=query)
    assert told.status_code == 200, told.text
    return told.json()


def test_interests_are_the_engines(ask, fitted):
    assert of(ask, f"/users/{ANN}/interests") == fitted.interests(ANN).to_json()
    at = "2024-02-01"
    assert of(ask, f"/users/{ANN}/interests", at=at) == fitted.interests(ANN, at=at).to_json()


def test_interests_of_one_level_and_the_weightiest(ask, fitted):
    told = of(ask, f"/users/{ANN}/interests", level=2, top=3)
    assert told["levels"] == [fitted.interests(ANN).to_json()["levels"][1][:3]]


def test_interests_in_a_context(ask, fitted):
    name, value = next((v.name, v.values[0]) for v in fitted.model.layers["context"].variables_)
    told = of(ask, f"/users/{ANN}/interests", context=f"{name}={value}")
    assert told["context"] == {name: value}
    for unknown in ("nosuch=x", "weekday=blah", "hour=99"):
        refused = ask.get(f"/users/{ANN}/interests", params={"context": unknown})
        assert refused.status_code == 422, refused.text
    assert "expected one of night, morning" in refused.json()["detail"]


def test_a_list_is_the_engines_with_reasons_where_asked(ask, fitted):
    told = of(ask, f"/users/{ANN}/recommendations", n=5, explain=True)
    assert told.pop("list_id") is None
    assert told == fitted.recommend(ANN, 5).to_json(explain=True)
    for item in told["items"]:
        assert sum(item["parts"].values()) == pytest.approx(item["score"], abs=1e-5)


def test_a_list_is_narrowed(ask, fitted, world):
    node = fitted.tree.nodes[0][0]
    told = of(ask, f"/users/{ANN}/recommendations", within=node.name, n=3)
    inside = set(fitted.data.vocabulary.ids.gather(fitted.tree.items_of(node.id)))
    assert {r["item_id"] for r in told["items"]} <= inside
    brand = world.items["brand"].drop_nulls()[0]
    told = of(ask, f"/users/{ANN}/recommendations", where=f"brand={brand}", n=3)
    for r in told["items"]:
        assert of(ask, f"/items/{r['item_id']}")["brand"] == brand
    allow = world.items["item_id"].head(2).to_list()
    told = of(ask, f"/users/{ANN}/recommendations", allow=allow, seen=True)
    assert {r["item_id"] for r in told["items"]} == set(allow)


def test_interests_given_by_hand_count(ask, fitted):
    node = fitted.tree.nodes[0][0]
    told = of(ask, "/users/nobody/recommendations", like=f"{node.name}=1")
    assert "given" in told["items"][0]["parts"]


def test_how_interests_moved_and_will(ask, fitted):
    assert of(ask, f"/users/{ANN}/evolution") == fitted.evolution(ANN).to_json()
    told = of(ask, f"/users/{ANN}/diff", t1="2024-02-01", t2="2024-03-01", level=2)
    assert told["times"] == ["2024-02-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00"]
    for shift in told["shifts"]:
        assert shift["change"] == pytest.approx(shift["after"] - shift["before"])
    forecast = of(ask, f"/users/{ANN}/forecast", step="week")
    assert forecast == fitted.forecast(ANN, step="week").to_json()


def test_a_reason_is_the_engines(ask, fitted):
    item = fitted.recommend(ANN, 1)[0].item_id
    assert of(ask, f"/users/{ANN}/reasons", item=item) == fitted.explain(ANN, item).to_json()
    assert ask.get(f"/users/{ANN}/reasons", params={"item": "nosuch"}).status_code == 422
    assert ask.get(f"/users/{ANN}/reasons").status_code == 422


def test_words_have_a_profile(ask, fitted):
    told = ask.post("/interests/from-text", json={"text": "kitchen knives"}).json()
    said = fitted.interests_from_text("kitchen knives")
    assert told["given"] == said.as_given()
    assert told["words"] == "kitchen knives"


def test_who_and_what_is_alike(ask, fitted):
    told = of(ask, f"/users/{ANN}/similar", n=5, level=1)
    distances = [u["distance"] for u in told["users"]]
    assert distances == sorted(distances)
    assert len(distances) == 5
    assert ANN not in {u["user_id"] for u in told["users"]}
    told = of(ask, "/items/i00000/similar", n=4)
    assert len(told["items"]) == 4
    assert "i00000" not in {x["item_id"] for x in told["items"]}
    for path in ("/users/nobody/similar", "/items/nosuch/similar", "/items/nosuch"):
        assert ask.get(path).status_code == 404


def test_the_tree_has_a_tag_and_is_small_on_the_wire(ask, fitted):
    told = ask.get("/tree")
    assert told.json()["nodes"] == fitted.tree.to_json()
    assert told.headers["content-encoding"] == "gzip"
    again = ask.get("/tree", headers={"if-none-match": told.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    node = fitted.tree.nodes[1][0]
    assert of(ask, f"/tree/{node.id}")["name"] == node.name
    path = " > ".join(fitted.tree.path(node))
    assert of(ask, f"/tree/{path}")["level"] == 2
    assert ask.get("/tree/nosuch").status_code == 404


def test_items_come_page_by_page(ask, world):
    found, query = [], {"limit": 70}
    while True:
        page = of(ask, "/items", **query)
        found += [item["item_id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == sorted(world.items["item_id"])
    assert ask.get("/items", params={"cursor": "é"}).status_code == 422


def test_groups_and_what_is_held(ask, fitted, world):
    told = of(ask, "/segments", k=3)
    assert sum(group["size"] for group in told["segments"]) == told["people"]
    status = of(ask, "/status")
    assert status["fitted"] is True
    assert status["rows"]["events"] == fitted.tables.read("events").collect().height
    assert status["metrics"] == fitted.standing.metrics
    assert status["metrics"]["held_out"]["moments"] > 0
    assert of(ask, "/ready")["status"] == "ready"
    assert ask.get("/report").status_code == 404


def test_everything_held_on_a_person_is_exported(ask, world):
    told = of(ask, f"/users/{ANN}/export")
    mine = world.events.filter(user_id=ANN)
    assert len(told["tables"]["events"]) == mine.unique().height
    assert {e["item_id"] for e in told["tables"]["events"]} == set(mine["item_id"])
    assert of(ask, f"/users/{ANN}")["rows"]["events"] == len(told["tables"]["events"])
    assert ask.get("/users/nobody").status_code == 404
    assert told["exported"].startswith(f"{NOW:%Y-%m-%d}")


def test_an_id_may_hold_anything_that_can_be_printed(ask):
    for name, sent in (("a/b", "a%2Fb"), ("..", "%2E%2E"), ("é ü", "%C3%A9%20%C3%BC"),
                       ("a%2Fb", "a%252Fb"), ("'; DROP TABLE event; --", None)):  # fmt: skip
        path = f"/users/{sent or name}/interests?top=1"
        assert of(ask, path)["user_id"] == name


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/users/%FF/interests", "user_id"),
        ("/users/a%00b/interests", "user_id"),
        ("/users/%20/interests", "user_id"),
        (f"/users/{'x' * 600}/interests", "user_id"),
        (f"/users/{ANN}/interests?at=yesterday", None),
        (f"/users/{ANN}/interests?level=9", None),
        (f"/users/{ANN}/interests?nosuch=1", "nosuch"),
        (f"/users/{ANN}/recommendations?n=0", "n"),
        (f"/users/{ANN}/recommendations?n=many", "n"),
        (f"/users/{ANN}/recommendations?like=x%3Dy", None),
        (f"/users/{ANN}/recommendations?like=nosuch%3D1", None),
        (f"/users/{ANN}/recommendations?within=nosuch", None),
        (f"/users/{ANN}/recommendations?where=nosuch%3D1", None),
        (f"/users/{ANN}/recommendations?where=nosuch", None),
        (f"/users/{ANN}/recommendations?diversify=7", None),
        (f"/users/{ANN}/evolution?step=minute", "step"),
        (f"/users/{ANN}/diff?t1=2024-03-01&t2=2024-02-01", None),
        (f"/users/{ANN}/forecast?step=year", None),
        ("/segments?k=150", None),
    ],
)
def test_a_question_that_is_none_is_told_what_is_wrong(ask, path, field):
    told = ask.get(path)
    assert told.status_code == 422, told.text
    problem = told.json()
    assert told.headers["content-type"] == "application/problem+json"
    if field is not None:
        assert problem["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("recommendations?n=0", "query n: '0' came; expected 1 or more"),
        ("recommendations?n=many", "query n: 'many' came; expected a whole number"),
        ("recommendations?seen=2&n=0", "query n: '0' came; expected 1 or more (and 1 more)"),
        ("evolution?step=minute", "query step: 'minute' came; expected 'day', 'week', 'month',"),
        ("diff", "query t1: missing"),
        (
            "similar?nn=3",
            "query nn: nothing is called that here; expected n, level. Did you mean 'n'?",
        ),
    ],
)
def test_a_question_says_what_came_and_what_is_allowed(ask, path, why):
    assert ask.get(f"/users/{ANN}/{path}").json()["detail"].startswith(why)


def test_a_body_says_what_came_and_what_is_allowed(ask):
    told = ask.post(f"/users/{ANN}/feedback", json={"direction": "mor", "intrest": "x"}).json()
    assert told["errors"] == [
        {"field": "direction", "in": "body",
         "reason": "'mor' came; expected 'more', 'less', 'never' or 'clear'"},
        {"field": "intrest", "in": "body",
         "reason": "nothing is called that here; expected direction, interest, item, at, "
         "event_id. Did you mean 'interest'?"},
    ]  # fmt: skip


def test_health_says_nothing_of_the_model_and_readiness_does(ask, fitted):
    assert of(ask, "/health") == {"status": "ok"}
    ready = {"status": "ready", "model": fitted.version, "fallback": None}
    assert of(ask, "/ready") == ready


def test_paths_and_methods_that_are_not_there(ask):
    told = ask.get("/nosuch")
    assert (told.status_code, told.json()["type"]) == (404, "urn:penchant:problem:not-found")
    told = ask.put("/events")
    assert (told.status_code, told.headers["allow"]) == (405, "POST")
    assert told.json()["type"] == "urn:penchant:problem:wrong-method"


EVIL = [
    "' OR 1=1; DROP TABLE event; --",
    "../../../etc/passwd",
    "{{7*7}}${7*7}$(id)`id`",
    "x\r\nSet-Cookie: stolen=1\r\n\r\n<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\u202eevil\ufeff",
    "9" * 400,
]


@pytest.mark.parametrize("evil", EVIL)
def test_what_is_sent_is_only_ever_a_value(ask, evil):
    """Not a command, not a path, not a header, not a page: in a path, a query, a header, a body."""
    sent = quote(evil, safe="")
    calls = [
        ask.get(f"/users/{sent}/interests?top=1"),
        ask.get(f"/items/{sent}"),
        ask.get(f"/tree/{sent}"),
        ask.post("/interests/from-text", json={"text": evil}),
        ask.post(f"/users/{sent}/feedback", json={"direction": "more", "interest": evil}),
        *(
            ask.get(f"/users/{ANN}/recommendations", params={name: value})
            for name in ("within", "where", "like", "context", "at", "allow", "n", evil[:40])
            for value in (evil, f"{evil}=1")
        ),
        ask.get("/items", params={"cursor": evil}),
        ask.get("/tree", headers={"If-None-Match": evil.split("\r")[0].encode("utf-8")}),
    ]
    for told in calls:
        assert told.status_code < 500, (str(told.request.url), told.text)
        assert "set-cookie" not in told.headers
        assert told.headers["x-content-type-options"] == "nosniff"
        assert told.headers["content-type"].partition(";")[0] in (
            "application/json", "application/problem+json"
        )  # fmt: skip
    assert ask.get("/status").json()["rows"]["events"] > 0
