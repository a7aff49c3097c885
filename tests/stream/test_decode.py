"""Avro and Protobuf: by a schema at hand, and by a registry over HTTP."""

import base64
import io
import json
import struct
import sys
import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import fastavro
import pytest
from google.protobuf import (
    descriptor_pb2,
    descriptor_pool,
    message_factory,
    timestamp_pb2,
    wrappers_pb2,
)

from penchant.errors import ConfigError, MissingExtraError, ReadError, StreamError
from penchant.stream.config import StreamConfig
from penchant.stream.consume import Consumer
from penchant.stream.decode import decoder
from penchant.stream.kafka import Address, KafkaSource

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
AVRO = {
    "type": "record", "name": "Event", "namespace": "shop",
    "fields": [
        {"name": "user_id", "type": "string"},
        {"name": "item_id", "type": "long"},
        {"name": "timestamp", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "value", "type": ["null", "double"], "default": None},
        {"name": "event", "type": {"type": "enum", "name": "Kind", "symbols": ["view", "like"]}},
    ],
}  # fmt: skip


def avro(row, schema=AVRO, named=()):
    known = {}
    for other in named:
        fastavro.parse_schema(other, named_schemas=known)
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(schema, named_schemas=known), row)
    return out.getvalue()


ROW = {"user_id": "ann", "item_id": 7, "timestamp": NOON, "value": 4.5, "event": "like"}


def file_set():
    """A shop's messages, as `protoc --include_imports --descriptor_set_out` writes them."""
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop", syntax="proto3")
    file.dependency.append("google/protobuf/timestamp.proto")
    file.dependency.append("google/protobuf/wrappers.proto")
    kind = file.enum_type.add(name="Kind")
    kind.value.add(name="view", number=0)
    kind.value.add(name="like", number=1)
    file.message_type.add(name="Other")
    event = file.message_type.add(name="Event")
    F = descriptor_pb2.FieldDescriptorProto
    event.oneof_decl.add(name="_value")
    for number, (name, type_, label, named) in enumerate(
        [
            ("user_id", F.TYPE_STRING, F.LABEL_OPTIONAL, ""),
            ("item_id", F.TYPE_INT64, F.LABEL_OPTIONAL, ""),
            ("timestamp", F.TYPE_MESSAGE, F.LABEL_OPTIONAL, ".google.protobuf.Timestamp"),
            ("value", F.TYPE_DOUBLE, F.LABEL_OPTIONAL, ""),
            ("event", F.TYPE_ENUM, F.LABEL_OPTIONAL, ".shop.Kind"),
            ("shelves", F.TYPE_STRING, F.LABEL_REPEATED, ""),
            ("stars", F.TYPE_MESSAGE, F.LABEL_OPTIONAL, ".google.protobuf.Int64Value"),
            ("other", F.TYPE_MESSAGE, F.LABEL_OPTIONAL, ".shop.Other"),
        ],
        1,
    ):
        field = event.field.add(name=name, number=number, type=type_, label=label)
        if named:
            field.type_name = named
        if name == "value":
            field.oneof_index, field.proto3_optional = 0, True
    inner = event.nested_type.add(name="Inner")
    inner.field.add(name="user_id", number=1, type=F.TYPE_STRING, label=F.LABEL_OPTIONAL)
    return file


def message(**values):
    pool = descriptor_pool.DescriptorPool()
    for module in (timestamp_pb2, wrappers_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file_set().SerializeToString())
    made = message_factory.GetMessageClass(pool.FindMessageTypeByName("shop.Event"))(**values)
    made.timestamp.FromDatetime(NOON)
    return made


@pytest.fixture
def avro_config(tmp_path):
    (tmp_path / "event.avsc").write_text(json.dumps(AVRO))
    return StreamConfig(format="avro", schema_file=str(tmp_path / "event.avsc"))


@pytest.fixture
def proto_config(tmp_path):
    files = descriptor_pb2.FileDescriptorSet(file=[file_set()])
    (tmp_path / "shop.pb").write_bytes(files.SerializeToString())
    return StreamConfig(
        format="protobuf", schema_file=str(tmp_path / "shop.pb"), message="shop.Event"
    )


def test_avro_by_a_schema_at_hand(avro_config):
    decode = decoder(avro_config)
    assert decode(avro(ROW)) == ROW
    for bad in (b"", avro(ROW)[:-3], avro(ROW) + b"x", b'{"user_id": 1}'):
        with pytest.raises(ReadError, match="no Avro of this schema"):
            decode(bad)


def test_logical_types_of_avro_are_values_that_rows_may_have(tmp_path):
    kinds = {
        "day": {"type": "int", "logicalType": "date"},
        "price": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2},
        "session_id": {"type": "string", "logicalType": "uuid"},
        "tags": {"type": "array", "items": "string"},
        "raw": "bytes",
    }
    fields = [{"name": name, "type": kind} for name, kind in kinds.items()]
    schema = {"type": "record", "name": "R", "fields": fields}
    (tmp_path / "r.avsc").write_text(json.dumps(schema))
    number = UUID(int=7)
    row = {"day": date(2024, 5, 1), "price": Decimal("2.50"), "session_id": number,
           "tags": ["a"], "raw": b"x"}  # fmt: skip
    decode = decoder(StreamConfig(format="avro", schema_file=str(tmp_path / "r.avsc")))
    assert decode(avro(row, schema)) == {**row, "price": 2.5, "session_id": str(number)}


def test_protobuf_by_a_descriptor_set(proto_config):
    decode = decoder(proto_config)
    sent = message(user_id="ann", item_id=2**60, value=0.0, event=1, shelves=["a", "b"])
    sent.stars.value = 3
    assert decode(sent.SerializeToString()) == {
        "user_id": "ann", "item_id": 2**60, "timestamp": NOON, "value": 0.0, "event": "like",
        "shelves": ["a", "b"], "stars": 3,
    }  # fmt: skip
    assert "value" not in decode(message(user_id="ann").SerializeToString())
    nested = message(user_id="ann")
    nested.other.SetInParent()
    assert decode(nested.SerializeToString())["other"] == {}
    with pytest.raises(ReadError, match=r"no shop\.Event"):
        decode(b"\xff\xff")


def test_schemas_that_cannot_be_used_say_why(tmp_path, avro_config, proto_config):
    nothing = tmp_path / "nothing"
    for config, error in (
        (StreamConfig(format="avro"), "schema_file: nothing came; avro needs a schema"),
        (avro_config.but(schema_file=str(nothing)), "nothing cannot be read"),
        (avro_config.but(schema_file=proto_config.schema_file), "is no Avro schema in JSON"),
        (proto_config.but(message=None), "stream.message: nothing came"),
        (proto_config.but(message="shop.Evnt"), r"'shop.Evnt' is not in .* it has shop.Other, sh"),
        (proto_config.but(schema_file=avro_config.schema_file), "no whole descriptor set"),
        (StreamConfig(schemas="localhost"), "expected a URL"),
    ):
        with pytest.raises(ConfigError, match=error):
            decoder(config)
    (tmp_path / "odd.avsc").write_text('{"type": "nosuch"}')
    with pytest.raises(ConfigError, match="no Avro schema"):
        decoder(avro_config.but(schema_file=str(tmp_path / "odd.avsc")))


def test_a_descriptor_set_without_its_imports_says_which(tmp_path):
    file = descriptor_pb2.FileDescriptorProto(name="a.proto", dependency=["b.proto"])
    path = tmp_path / "a.pb"
    path.write_bytes(descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString())
    with pytest.raises(ConfigError, match=r"b.proto is missing"):
        decoder(StreamConfig(format="protobuf", schema_file=str(path), message="a.B"))


@pytest.mark.parametrize("package", ["fastavro", "google.protobuf", "confluent_kafka"])
def test_a_missing_package_has_its_install_line(package, avro_config, proto_config, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    use = {
        "fastavro": lambda: decoder(avro_config),
        "google.protobuf": lambda: decoder(proto_config),
        "confluent_kafka": lambda: KafkaSource(Address("h:9092", ("t",)), StreamConfig()),
    }[package]
    with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[kafka\]'"):
        use()


class Schemas(BaseHTTPRequestHandler):
    """A registry of schemas, as far as it is asked."""

    answers: dict = {}  # noqa: RUF012
    asked: list = []  # noqa: RUF012
    failing = False

    def do_GET(self):
        self.asked.append((self.path, self.headers.get("Authorization")))
        found = self.answers.get(self.path.partition("?")[0])
        code = 500 if self.failing else 404 if found is None else 200
        self.send_response(code)
        self.end_headers()
        self.wfile.write(json.dumps(found or {"error_code": 40403}).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def schemas():
    class Own(Schemas):
        pass

    Own.answers, Own.asked, Own.failing = {}, [], False
    server = ThreadingHTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    Own.url = f"http://127.0.0.1:{server.server_port}"
    yield Own
    server.shutdown()
    thread.join()
    server.server_close()


def wire(number, payload):
    return struct.pack(">bI", 0, number) + payload


def test_avro_that_names_its_schema(schemas):
    place = {"type": "record", "name": "shop.Place", "fields": [{"name": "city", "type": "string"}]}
    fields = [{"name": "user_id", "type": "string"}, {"name": "place", "type": "shop.Place"}]
    at = {"type": "record", "name": "At", "fields": fields}
    schemas.answers = {
        "/schemas/ids/1": {"schema": json.dumps(AVRO)},
        "/schemas/ids/2": {
            "schema": json.dumps(at), "schemaType": "AVRO",
            "references": [{"name": "shop.Place", "subject": "a/place", "version": 3}],
        },
        "/subjects/a%2Fplace/versions/3": {"schema": json.dumps(place)},
        "/schemas/ids/4": {"schema": "{}", "schemaType": "JSON"},
        "/schemas/ids/5": {"schema": "", "schemaType": "XML"},
        "/schemas/ids/6": {"schema": "{"},
    }  # fmt: skip
    decode = decoder(StreamConfig(schemas=schemas.url.replace("//", "//me:secret@")))
    assert decode(wire(1, avro(ROW))) == ROW
    assert decode(wire(1, avro(ROW))) == ROW
    row = {"user_id": "ann", "place": {"city": "Bonn"}}
    assert decode(wire(2, avro(row, at, [place]))) == row
    assert decode(wire(4, b'{"user_id": 1}')) == {"user_id": 1}
    assert len(schemas.asked) == 4  # once each
    assert schemas.asked[0][1] == "Basic " + base64.b64encode(b"me:secret").decode()
    for bad, why in (
        (wire(3, b""), "there is no such schema"),
        (wire(5, b""), "of type XML; expected AVRO"),
        (wire(6, b""), "schema 6 cannot be used"),
        (b"{}", "it names no schema"),
        (b"\1\0\0\0\1x", "it names no schema"),
    ):
        with pytest.raises(ReadError, match=why):
            decode(bad)
    schemas.failing = True
    with pytest.raises(StreamError, match="answered 500"):
        decode(wire(9, b""))


def test_a_registry_that_is_away_is_no_poison(sink, letters, tmp_path, schemas):
    path = tmp_path / "wire.ndjson"  # any source will do
    path.write_bytes(wire(1, b'{"user_id": 1, "item_id": 2, "timestamp": 1714564800}') + b"\n")
    from penchant.stream.lines import LineFile

    schemas.answers = {"/schemas/ids/1": {"schema": "{}", "schemaType": "JSON"}}
    schemas.failing = True
    config = StreamConfig(schemas=schemas.url, first_wait=0.02, longest_wait=0.02, seconds=0.02)

    def back(tally):
        if tally.failures > 1:
            schemas.failing = False

    source = LineFile(path)
    tally = Consumer(source, sink, letters, config, watch=back).run(once=True)
    source.close()
    assert (tally.new, tally.dead) == (1, 0)
    assert tally.failures > 1


def test_protobuf_that_names_its_schema(schemas):
    file = file_set()
    common = descriptor_pb2.FileDescriptorProto(name="common.proto")
    common.message_type.add(name="Common")
    file.dependency.append("common.proto")

    def text(f):
        return base64.b64encode(f.SerializeToString()).decode()

    schemas.answers = {
        "/schemas/ids/1": {
            "schema": text(file), "schemaType": "PROTOBUF",
            "references": [{"name": "common.proto", "subject": "common", "version": 1}],
        },
        "/subjects/common/versions/1": {"schema": text(common), "schemaType": "PROTOBUF"},
    }  # fmt: skip
    decode = decoder(StreamConfig(schemas=schemas.url))
    sent = message(user_id="ann", item_id=7).SerializeToString()
    expected = {"user_id": "ann", "item_id": 7, "timestamp": NOON}
    assert decode(wire(1, b"\x02\x02" + sent)) == expected  # one place: 1, in zigzag
    assert decode(wire(1, b"\x00")) == {}  # the first message, Other
    assert decode(wire(1, b"\x04\x02\x00\x0a\x03bob")) == {"user_id": "bob"}  # Event.Inner
    for bad in (b"", b"\x02", b"\x02\x10", b"\x80", b"\x01", b"\x02\x01", b"\x7f"):
        with pytest.raises(ReadError):
            decode(wire(1, bad))


def test_avro_and_protobuf_come_through_a_broker(
    broker, sink, letters, settings, avro_config, proto_config
):
    for config, value in (
        (avro_config, avro(ROW)),
        (proto_config, message(user_id="bob", item_id=8).SerializeToString()),
    ):
        topic = broker.topic()
        broker.send(topic, value, b"\xff\xff\xff")
        said = {name: getattr(config, name) for name in ("format", "schema_file", "message")}
        source = broker.source(topic, settings.but(**said))
        tally = Consumer(source, sink, letters, settings.but(**said)).run(once=True)
        source.close()
        assert (tally.new, tally.dead) == (1, 1)
    assert sink.rows() == [("ann", "7"), ("bob", "8")]
