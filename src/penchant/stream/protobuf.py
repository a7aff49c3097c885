"""Protobuf → rows.

A field that has no presence (proto3 without `optional`) and its default is as if it was not there:
nobody can tell whether it was said.
"""

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from penchant.errors import ConfigError, MissingExtraError, ReadError
from penchant.stream.decode import Decode

_SCALARS = {
    f"google.protobuf.{kind}Value"
    for kind in ("Double", "Float", "Int64", "UInt64", "Int32", "UInt32", "Bool", "String")
}


def protobuf(descriptors: bytes, name: str) -> Decode:
    """How messages are decoded that a descriptor set has under a name.

    Raises:
        ConfigError: it is no descriptor set, or has no such message.
        MissingExtraError: protobuf is not installed.
    """
    descriptor_pb2, _, _ = packages()
    files = descriptor_pb2.FileDescriptorSet()
    try:
        files.ParseFromString(descriptors)
        kind = pool(files.file).FindMessageTypeByName(name)
    except KeyError:
        known = ", ".join(f"{f.package}.{m.name}".strip(".") for f in files.file
                          for m in f.message_type)  # fmt: skip
        raise ConfigError(
            f"stream.message: {name!r} is not in the descriptor set; it has {known or 'nothing'}"
        ) from None
    except ConfigError:
        raise
    except Exception as error:  # noqa: BLE001  what protobuf raises depends on how it was built
        raise ConfigError(
            f"stream.schema_file: no whole descriptor set ({error}); make it with `protoc "
            "--include_imports --descriptor_set_out`"
        ) from None
    return reader(kind)


def packages() -> tuple[Any, Any, Any]:
    """descriptor_pb2, descriptor_pool, message_factory.

    Raises:
        MissingExtraError: protobuf is not installed.
    """
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise MissingExtraError(
            "protobuf: it is not installed. Run: pip install 'penchant[kafka]'"
        ) from None
    return descriptor_pb2, descriptor_pool, message_factory


def pool(files: Sequence[Any]) -> Any:
    """A pool of its own with files, each after those that it imports."""
    descriptor_pb2, descriptor_pool, _ = packages()
    made = descriptor_pool.DescriptorPool()
    known: set[str] = set()
    waiting = [*_well_known(descriptor_pb2), *files]
    while waiting:
        file = next((f for f in waiting if known >= set(f.dependency)), None)
        if file is None:
            lacking = {name for f in waiting for name in f.dependency} - known
            raise ConfigError(f"no whole descriptor set: {', '.join(sorted(lacking))} is missing")
        waiting.remove(file)
        if file.name not in known:
            made.AddSerializedFile(file.SerializeToString())
            known.add(file.name)
    return made


def _well_known(descriptor_pb2: Any) -> list[Any]:
    """Protobuf's own files, which many descriptor sets leave out."""
    from google.protobuf import timestamp_pb2, wrappers_pb2

    found = []
    for module in (timestamp_pb2, wrappers_pb2):
        file = descriptor_pb2.FileDescriptorProto()
        file.ParseFromString(module.DESCRIPTOR.serialized_pb)
        found.append(file)
    return found


def reader(kind: Any) -> Decode:
    """How messages of a descriptor are decoded."""
    _, _, message_factory = packages()
    made = message_factory.GetMessageClass(kind)

    def decode(value: bytes) -> dict[str, Any]:
        message = made()
        try:
            message.ParseFromString(value)
            return _row(message)
        except Exception as error:  # noqa: BLE001  what protobuf raises depends on how it was built
            raise ReadError(f"no {kind.full_name} ({error})") from None

    return decode


def _row(message: Any) -> dict[str, Any]:
    return {field.name: _value(field, value) for field, value in message.ListFields()}


def _value(field: Any, value: Any) -> Any:
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return dict(value)
    if field.is_repeated:
        return [_single(field, one) for one in value]
    return _single(field, value)


def _single(field: Any, value: Any) -> Any:
    """A time as a time, an enum by its name, a wrapped value as itself."""
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return value if named is None else named.name
    if field.message_type is None:
        return value
    if field.message_type.full_name == "google.protobuf.Timestamp":
        return value.ToDatetime(tzinfo=UTC)
    if field.message_type.full_name in _SCALARS:
        return value.value
    return _row(value)
