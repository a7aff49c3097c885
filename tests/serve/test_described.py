"""The interface is as it says: every example is answered as documented, and nothing that is made up
from the description, good or bad, is answered with an error of the service's own."""

from contextlib import suppress
from typing import Any
from unittest import SkipTest

import httpx
import hypothesis
import jsonschema_rs
import pytest
import schemathesis
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from penchant.engine.serving import ServeConfig
from penchant.serve.app import create_app
from penchant.testing.served import running

METHODS = ("get", "post", "delete")


@pytest.fixture(scope="module")
def app(own):
    return create_app(own, ServeConfig(auth="off", present="log"))


@pytest.fixture(scope="module")
def described(app) -> dict[str, Any]:
    return app.openapi()


@pytest.fixture(scope="module")
def url(app):
    with running(app) as url:
        yield url


@pytest.fixture
def http(url):
    with httpx.Client(base_url=f"{url}/v1", timeout=60) as http:
        yield http


def operations(described):
    """Every operation: those that change most come last."""
    found = [
        (method, path, operation)
        for path, operations in described["paths"].items()
        for method, operation in operations.items()
    ]
    return sorted(found, key=lambda op: ("get", "post", "delete").index(op[0]))


def example(parameter):
    """The example of a parameter; None where it has none."""
    if "examples" in parameter:
        return next(iter(parameter["examples"].values()))["value"]
    return next(iter(parameter["schema"].get("examples", [])), None)


def of_schema(described, schema):
    """A body made of the examples of its fields."""
    shape = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    fields = shape["properties"]
    return {name: f["examples"][0] for name, f in fields.items() if "examples" in f}


def bodies(described, operation):
    """Content type and body of every example."""
    content = operation.get("requestBody", {"content": {}})["content"]
    for media, told in content.items():
        if "examples" in told:
            for one in told["examples"].values():
                yield media, one["value"]
        else:
            yield media, of_schema(described, told["schema"])


def valid(described, schema, value):
    whole = {**schema, "components": described["components"]}
    jsonschema_rs.validator_for(whole).validate(value)


def sent(http, method, path, operation, media=None, body=None):
    """The answer to a call that is made of examples alone."""
    query = {}
    for parameter in operation.get("parameters", []):
        value = example(parameter)
        if parameter["in"] == "path":
            assert value is not None, (path, parameter["name"])
            path = path.replace(f"{{{parameter['name']}}}", value)
        elif value is not None:
            query[parameter["name"]] = str(value).lower() if value is True else value
    more = {}
    if media is not None:
        more = {"content": body} if isinstance(body, str) else {"json": body}
        more["headers"] = {"Content-Type": media}
    return http.request(method, path.removeprefix("/v1"), params=query, **more)


def test_every_example_is_valid_and_answered_as_documented(http, described):
    for method, path, operation in operations(described):
        given = list(bodies(described, operation)) or [(None, None)]
        assert bool(operation.get("requestBody")) == (given != [(None, None)])
        for media, body in given:
            if media == "application/json":
                schema = operation["requestBody"]["content"][media]["schema"]
                valid(described, schema, body)
            told = sent(http, method, path, operation, media, body)
            where = (method, path, told.text)
            if path == "/v1/report":  # there is no evaluation in memory
                assert told.status_code == 404
                continue
            assert told.status_code == int(next(iter(operation["responses"]))), where
            content = operation["responses"][str(told.status_code)]["content"]
            media = told.headers["content-type"].partition(";")[0]
            assert media in content, where
            if media == "application/json":
                valid(described, content[media]["schema"], told.json())


def test_every_operation_says_what_it_is(described):
    for method, path, operation in operations(described):
        assert operation["description"], (method, path)
        assert operation["summary"], (method, path)
        assert operation["tags"], (method, path)
        assert "default" in operation["responses"], (method, path)
        assert "422" not in operation["responses"], (method, path)
        for parameter in operation.get("parameters", []):
            assert parameter["name"], (method, path)


def test_every_problem_has_its_shape(http, described):
    shape = {"$ref": "#/components/schemas/ProblemDocument"}
    for method, path in (("GET", "/nosuch"), ("PUT", "/events"), ("GET", "/items?limit=x"),
                         ("GET", "/tree/nosuch"), ("POST", "/events")):  # fmt: skip
        told = http.request(method, path)
        assert told.headers["content-type"] == "application/problem+json"
        valid(described, shape, told.json())
        assert told.json()["status"] == told.status_code


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_what_is_made_up_is_no_error_of_the_service(url, described, mode):
    """`benchmarks/serve/fuzz.py` does the same at length."""
    schema = schemathesis.openapi.from_dict(described)
    quick = hypothesis.settings(
        max_examples=3, deadline=None, database=None, derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )  # fmt: skip
    statuses = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if (operation.method, operation.path) == ("post", "/v1/fit"):
            continue

        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @quick
        def ask(case):
            told = case.call(base_url=url)
            statuses.add(told.status_code)
            assert told.status_code < 500, (case.as_curl_command(), told.text)
            if told.status_code >= 400:
                assert told.headers["content-type"] == ["application/problem+json"]

        with suppress(Unsatisfiable, SkipTest):  # there is nothing to make up
            ask()
    assert {200, 422} <= statuses
