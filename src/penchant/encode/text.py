"""Text read by a language model: sentence-transformers, by name or folder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from penchant.encode.config import EncodeConfig
from penchant.encode.encoder import Encoded, cut, unit, written
from penchant.encode.weights import find_model, fingerprint, stated_width
from penchant.errors import ConfigError
from penchant.types import QUIET, Bools, Floats, Progress

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

CHARACTERS_PER_TOKEN = 32  # far above any language's mean: what is cut here would be cut anyway
UNLIMITED = 100_000  # characters read by a model that names no limit of its own


class TextEncoder:
    """Vectors of a language model; the model is loaded when the first text comes.

    Long texts are cut at the model's own limit and marked. In bfloat16 a vector depends a little
    on the texts beside it (cosine above 0.999); in float32 it does not (1e-5).
    """

    def __init__(self, config: EncodeConfig) -> None:
        self.config = config

    @cached_property
    def folder(self) -> Path:
        """Where the model's files are."""
        return find_model(self.config.model)

    @cached_property
    def device(self) -> str:
        """Where the model runs."""
        return choose_device(self.config.device)

    @cached_property
    def dtype(self) -> str:
        """The numbers that the model computes in."""
        return choose_dtype(self.config.dtype, self.device)

    @cached_property
    def name(self) -> str:
        """Model, digest of its files, numbers computed in."""
        return f"text:{Path(self.config.model).name}@{fingerprint(self.folder)}:{self.dtype}"

    @cached_property
    def model(self) -> "SentenceTransformer":
        """The language model, loaded."""
        return load(self.folder, self.device, self.dtype)

    @cached_property
    def dim(self) -> int:
        """Width of the vectors: by the model's files where they tell, else by trying."""
        return stated_width(self.folder) or int(self.encode(["width"]).vectors.shape[1])

    def encode(self, texts: Sequence[str], *, progress: Progress = QUIET) -> Encoded:
        """Vectors of some texts; empty ones get zeros."""
        rows = written(texts)
        limit = self.model.max_seq_length
        room = limit * CHARACTERS_PER_TOKEN if limit else UNLIMITED
        short, truncated = cut([texts[row] for row in rows], room)
        truncated |= self._beyond(short, limit)
        if len(rows) == len(texts) and rows:
            return Encoded(self._forward(short, progress), truncated)
        vectors, marked = np.zeros((len(texts), self.dim), np.float32), np.zeros(len(texts), bool)
        if rows:
            vectors[rows], marked[rows] = self._forward(short, progress), truncated
        return Encoded(vectors, marked)

    def _beyond(self, texts: list[str], limit: int | None) -> Bools:
        """Which texts have more tokens than the model reads [n]."""
        beyond = np.zeros(len(texts), np.bool_)
        if limit is None:
            return beyond
        # A token takes a byte or more, so most short texts need not be looked at.
        doubtful = [row for row, text in enumerate(texts) if 4 * len(text) > limit - 2]
        doubtful = [row for row in doubtful if len(texts[row].encode()) > limit - 2]
        if doubtful:
            asked = [texts[row] for row in doubtful]
            tokens = self.model.tokenizer(asked, truncation=False, verbose=False)["input_ids"]
            beyond[doubtful] = [len(ids) > limit for ids in tokens]
        return beyond

    def _forward(self, texts: list[str], progress: Progress) -> Floats:
        """Vectors of one or more texts, none empty; longest first, so that padding is little."""
        order = np.argsort([-len(text) for text in texts], kind="stable")
        size = self.config.batch_size
        made: list[Floats] = []
        with progress.step("encode", len(texts)) as bar:
            for start in range(0, len(texts), size):
                batch = [texts[row] for row in order[start : start + size]]
                made.append(self._batch(batch))
                bar.advance(len(batch))
        vectors = np.empty((len(texts), made[0].shape[1]), np.float32)
        vectors[order] = np.concatenate(made)
        return vectors

    def _batch(self, texts: list[str]) -> Floats:
        tensor = self.model.encode(
            texts, batch_size=len(texts), show_progress_bar=False, convert_to_tensor=True
        )
        return unit(tensor.float().cpu().numpy())


def load(folder: Path, device: str, dtype: str) -> "SentenceTransformer":
    """Load a model from its folder, without network.

    Raises:
        ConfigError: the folder holds no model that sentence-transformers can read.
    """
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer

    try:
        with quietly():
            model = SentenceTransformer(str(folder), device=device, local_files_only=True)
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise ConfigError(
            f"encode.model: {folder} cannot be read as a sentence-transformers model ({error})"
        ) from error
    return model.to(getattr(torch, dtype)).eval()


def choose_device(asked: str) -> str:
    """The device to run on; `auto` prefers a GPU.

    Raises:
        ConfigError: torch knows no such device, or this machine has none.
    """
    import torch

    if asked == "auto":
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        torch.zeros(1, device=asked)
    except (RuntimeError, AssertionError) as error:
        raise ConfigError(
            f"encode.device: {asked!r} cannot be used here ({error});"
            ' expected "auto", "cpu", "cuda", "cuda:0" or "mps"'
        ) from None
    return asked


def choose_dtype(asked: str, device: str) -> str:
    """The numbers to compute in; `auto` takes bfloat16 where there are instructions for it."""
    import torch

    if asked != "auto":
        return asked
    if device.startswith("cuda"):
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = torch.cpu.get_capabilities() if device == "cpu" else {}
        fast = bool(able.get("amx_bf16") or able.get("avx512_bf16"))
    return "bfloat16" if fast else "float32"


@contextmanager
def quietly() -> Iterator[None]:
    """Keep the model library from bars and load reports of its own; its settings are put back."""
    from transformers.utils import logging as library

    logging: Any = library
    shown, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if shown:
            logging.enable_progress_bar()
