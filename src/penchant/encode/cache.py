"""Vectors kept on disk under a digest of encoder and text, so that nothing is encoded twice.

A folder an encoder, files (shards) in it, each written once and never changed; where many small
ones have come together, one takes their place:

    vectors/3f…/about.json              the encoder's name, for people
    vectors/3f…/<digest>.safetensors    keys [n × 2], vectors [n × D], truncated [n]

A shard's name is the digest of its contents, so a damaged one gives itself away, and two processes
that write at once cannot disturb each other. The index is the keys of all shards, read at opening.
"""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from penchant.encode.encoder import Encoded
from penchant.errors import StoreError
from penchant.types import Arrays, Longs

Keys = npt.NDArray[np.uint64]
"""Digests of 128 bits as two numbers each [n × 2]."""

PARTS = ("keys", "vectors", "truncated")
SMALL = 2_048
"""A shard with fewer texts than this is put together with others like it."""
MANY = 32
"""So many small shards become one: all are opened before a text is looked up."""


def keys_of(encoder: str, texts: Sequence[str]) -> Keys:
    """Digests of texts as one encoder reads them [n × 2]."""
    root = hashlib.blake2b(encoder.encode() + b"\x00", digest_size=16)
    return np.frombuffer(b"".join(_digest(root, t) for t in texts), "<u8").reshape(-1, 2)


def _digest(root: "hashlib.blake2b", text: str) -> bytes:
    one = root.copy()
    one.update(text.encode("utf-8", "surrogatepass"))
    return one.digest()


class VectorCache:
    """What one encoder has encoded before.

    >>> import tempfile
    >>> cache = VectorCache(Path(tempfile.mkdtemp()), "hashed:1:16")
    >>> len(list(cache.find(keys_of(cache.encoder, ["red wine"]))))
    0
    """

    def __init__(self, root: Path, encoder: str) -> None:
        self.encoder = encoder
        self.folder = (
            root / "vectors" / hashlib.blake2b(encoder.encode(), digest_size=8).hexdigest()
        )
        self.set_aside: list[str] = []
        """Damaged shards that were met and renamed."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(self.folder / "about.json", json.dumps({"encoder": encoder}).encode())
        except OSError as error:
            raise StoreError(f"{self.folder}: cannot keep vectors here ({error})") from None
        self._index = self._read_index()

    def find(self, keys: Keys) -> Iterator[tuple[Longs, Encoded]]:
        """What is known of some keys, shard by shard: their rows, and the vectors of those rows."""
        asked = pl.DataFrame({"row": np.arange(len(keys)), "a": keys[:, 0], "b": keys[:, 1]})
        hits = asked.join(self._index.unique(["a", "b"]), on=["a", "b"]).sort("shard", "at")
        for (shard,), part in hits.group_by("shard", maintain_order=True):
            held = _load(self.folder / f"{shard}.safetensors", self.set_aside)
            if held is not None:
                at = part["at"].to_numpy()
                encoded = Encoded(held["vectors"][at], held["truncated"][at])
                yield part["row"].to_numpy().astype(np.int64), encoded

    def put(self, keys: Keys, encoded: Encoded) -> None:
        """Keep vectors; a crash leaves either the whole shard or none of it.

        Raises:
            StoreError: it cannot be written, as when the disk is full.
        """
        shard = self._write_shard(
            {
                "keys": np.ascontiguousarray(keys),
                "vectors": np.ascontiguousarray(encoded.vectors),
                "truncated": np.ascontiguousarray(encoded.truncated),
            }
        )
        self._index = pl.concat([self._index, _entries(shard, keys)])
        sizes = self._index.group_by("shard").len()
        small = sizes.filter(pl.col("len") < SMALL)["shard"].sort().to_list()
        if len(small) >= MANY:
            self._merge(small)

    def _merge(self, shards: list[str]) -> None:
        """One shard in the place of several; who was about to read one of these encodes again."""
        paths = [self.folder / f"{shard}.safetensors" for shard in shards]
        held = [parts for path in paths if (parts := _load(path, self.set_aside)) is not None]
        if not held:
            return
        merged = {part: np.concatenate([parts[part] for parts in held]) for part in PARTS}
        made = self._write_shard(merged)
        kept = self._index.filter(~pl.col("shard").is_in(shards))
        self._index = pl.concat([kept, _entries(made, merged["keys"])])
        for path in paths:
            if path.stem != made:
                path.unlink(missing_ok=True)

    def _write_shard(self, parts: Arrays) -> str:
        from safetensors.numpy import save

        path = self.folder / f"{_contents(parts)}.safetensors"
        try:
            _write(path, save(parts))
        except OSError as error:
            raise StoreError(f"{path}: vectors cannot be kept ({error})") from None
        return path.stem

    def _read_index(self) -> pl.DataFrame:
        """Where each key is kept: a, b (the key), shard, at (row in it)."""
        tables = [_entries("", np.empty((0, 2), np.uint64))]
        for path in sorted(self.folder.glob("*.safetensors")):
            keys = _open(path, ["keys"], self.set_aside)
            if keys is not None:
                tables.append(_entries(path.stem, keys["keys"]))
        return pl.concat(tables)


def damaged(root: Path) -> list[str]:
    """Look at every byte that is kept; what is not as it was written is set aside, and named."""
    aside: list[str] = []
    for path in sorted(root.glob("vectors/*/*.safetensors")):
        _load(path, aside)
    return aside


def _load(path: Path, aside: list[str]) -> Arrays | None:
    """A shard's arrays, or None where it is gone or damaged."""
    held = _open(path, PARTS, aside)
    if held is not None and _contents(held) != path.stem:
        _put_aside(path, aside)
        return None
    return held


def _open(path: Path, parts: Sequence[str], aside: list[str]) -> Arrays | None:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return {part: file.get_tensor(part) for part in parts}
    except FileNotFoundError:  # another process met the damage first
        return None
    except (SafetensorError, OSError, ValueError):
        _put_aside(path, aside)
        return None


def _put_aside(path: Path, aside: list[str]) -> None:
    aside.append(path.name)
    with contextlib.suppress(FileNotFoundError):  # another process was faster
        path.replace(path.with_suffix(".damaged"))


def _entries(shard: str, keys: npt.NDArray[Any]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "a": pl.Series(keys[:, 0], dtype=pl.UInt64),
            "b": pl.Series(keys[:, 1], dtype=pl.UInt64),
            "shard": pl.repeat(shard, len(keys), dtype=pl.String, eager=True),
            "at": pl.int_range(len(keys), dtype=pl.Int64, eager=True),
        }
    )


def _contents(parts: Arrays) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in PARTS:
        digest.update(f"{part}{parts[part].shape}{parts[part].dtype.str}".encode())
        digest.update(np.ascontiguousarray(parts[part]).view(np.uint8).data)
    return digest.hexdigest()


def _write(path: Path, data: bytes) -> None:
    """Write whole or not at all; files that are there already have these very contents."""
    if path.exists():
        return
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    made.write_bytes(data)
    os.replace(made, path)
