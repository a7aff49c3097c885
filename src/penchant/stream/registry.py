"""Messages that name their schema: Confluent's wire format, and the registry that knows schemas.

Only two questions are asked, over plain HTTP:

    GET /schemas/ids/{id}?format=serialized         what a schema is, and what it refers to
    GET /subjects/{subject}/versions/{version}      a schema that it refers to
"""

import base64
import json
from collections.abc import Sequence
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from penchant.errors import ConfigError, ReadError, StreamError
from penchant.stream.decode import Decode, Row, from_json

_HEAD: Final = 5  # a zero byte, and four for the id
_SECONDS: Final = 10.0
_SERIALIZED: Final = "?format=serialized"  # Protobuf as a descriptor; Avro knows no other form


class Registry:
    """Decodes messages by schemas that a registry knows; `user:password@` may stand in the URL.

    Raises:
        ConfigError: the URL is none.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ConfigError(
                "stream.schemas: what came is none; expected a URL, as http://localhost:8081"
            )
        place = parts.hostname + (f":{parts.port}" if parts.port else "")
        self.url = urlunsplit((parts.scheme, place, parts.path.rstrip("/"), "", ""))
        self._headers = {"Accept": "application/vnd.schemaregistry.v1+json"}
        if parts.username:
            said = f"{parts.username}:{parts.password or ''}".encode()
            self._headers["Authorization"] = f"Basic {base64.b64encode(said).decode()}"
        self._known: dict[int, Decode] = {}

    def decode(self, value: bytes) -> Row:
        """The row of a message.

        Raises:
            ReadError: it names no schema that there is, or is no message of it.
            StreamError: the registry cannot be asked now.
        """
        if len(value) < _HEAD or value[0] != 0:
            raise ReadError("it names no schema; expected a zero byte and the schema's id first")
        number = int.from_bytes(value[1:_HEAD], "big")
        if number not in self._known:
            self._known[number] = self._decoder(number)
        return self._known[number](value[_HEAD:])

    def _decoder(self, number: int) -> Decode:
        found = self._ask(f"/schemas/ids/{number}{_SERIALIZED}")
        kind, schema = found.get("schemaType", "AVRO"), found["schema"]
        if kind == "JSON":
            return from_json
        others = self._others(found.get("references", ()), {})
        try:
            if kind == "AVRO":
                from penchant.stream.avro import avro

                return avro(json.loads(schema), [json.loads(other) for other in others.values()])
            if kind == "PROTOBUF":
                return indexed(schema, others)
        except (ConfigError, ValueError) as error:
            raise ReadError(f"schema {number} cannot be used ({error})") from None
        raise ReadError(f"schema {number} is of type {kind}; expected AVRO, PROTOBUF or JSON")

    def _others(self, references: Sequence[Any], found: dict[str, str]) -> dict[str, str]:
        """What a schema refers to, by name, each after what itself refers to."""
        for one in references:
            if one["name"] not in found:
                subject = quote(one["subject"], safe="")
                there = self._ask(f"/subjects/{subject}/versions/{one['version']}{_SERIALIZED}")
                self._others(there.get("references", ()), found)
                found[one["name"]] = there["schema"]
        return found

    def _ask(self, path: str) -> dict[str, Any]:
        try:
            asked = Request(self.url + path, headers=self._headers)
            with urlopen(asked, timeout=_SECONDS) as reply:
                answer: dict[str, Any] = json.load(reply)
        except HTTPError as error:
            error.close()
            if error.code == 404:
                raise ReadError(f"{self.url}{path}: there is no such schema") from None
            raise StreamError(f"{self.url}{path}: answered {error.code} {error.reason}") from None
        except (URLError, OSError, ValueError) as error:
            raise StreamError(f"{self.url}{path}: cannot be asked ({error})") from None
        return answer


def indexed(schema: str, others: dict[str, str]) -> Decode:
    """How Protobuf is decoded that says first which message of its file it is."""
    from penchant.stream.protobuf import packages, pool, reader

    descriptor_pb2, _, _ = packages()
    files = [
        _file(descriptor_pb2, text, name) for name, text in [*others.items(), ("itself", schema)]
    ]
    made = pool(files).FindFileByName(files[-1].name)
    messages = list(made.message_types_by_name.values())
    known: dict[tuple[int, ...], Decode] = {}

    def decode(value: bytes) -> Row:
        path, start = _path(value)
        if path not in known:
            known[path] = reader(_inside(messages, path))
        return known[path](value[start:])

    return decode


def _file(descriptor_pb2: Any, text: str, name: str) -> Any:
    file = descriptor_pb2.FileDescriptorProto()
    file.ParseFromString(base64.b64decode(text))
    file.name = name if name != "itself" else file.name or name
    return file


def _inside(messages: Sequence[Any], path: Sequence[int]) -> Any:
    """The message at a path of places: in the file, then in the message before."""
    kind = None
    for place in path:
        kinds = messages if kind is None else kind.nested_types
        if place >= len(kinds):
            raise ReadError(f"it is message {list(path)} of its schema, which has no such one")
        kind = kinds[place]
    return kind


def _path(value: bytes) -> tuple[tuple[int, ...], int]:
    """Which message it is, and where it begins; a single zero stands for the first one."""
    count, start = _zigzag(value, 0)
    if count == 0:
        return (0,), start
    if not 0 < count <= 16:
        raise ReadError("it says no message of its schema; expected a short list of places")
    path = []
    for _ in range(count):
        place, start = _zigzag(value, start)
        path.append(place)
    if min(path) < 0:
        raise ReadError("it says no message of its schema; expected places from 0 on")
    return tuple(path), start


def _zigzag(value: bytes, start: int) -> tuple[int, int]:
    """A whole number in Avro's and Protobuf's short form, and where it ends."""
    number = shift = 0
    for place in range(start, min(len(value), start + 10)):
        number |= (value[place] & 0x7F) << shift
        shift += 7
        if value[place] < 0x80:
            return (number >> 1) ^ -(number & 1), place + 1
    raise ReadError("it ends before it says which message of its schema it is")
