"""A static encoder: one vector a word piece, distilled from a language model, then averaged."""

import contextlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from penchant.encode.config import EncodeConfig
from penchant.encode.encoder import Encoded, cut, unit, written
from penchant.encode.text import choose_device, quietly
from penchant.encode.weights import find_model, fingerprint
from penchant.errors import ConfigError, MissingExtraError
from penchant.types import QUIET, Floats, Progress

CHARACTERS = 20_000  # read of a text; more is cut and marked
CHUNK = 2_048


class StaticEncoder:
    """Word vectors of a static model: `encode.model` itself if it is one, else distilled from it.

    Distilling takes a minute; with a folder to keep it in, it happens once. Function words weigh
    little by the model's own weighting. Texts have no token limit here, only one of characters.
    """

    def __init__(self, config: EncodeConfig, cache: Path | None = None) -> None:
        self.config = config
        self.cache = cache

    @cached_property
    def folder(self) -> Path:
        """Where the files of the model, or of its teacher, are."""
        return find_model(self.config.model)

    @cached_property
    def given(self) -> bool:
        """Whether `encode.model` is a static model already."""
        return _is_static(self.folder)

    @cached_property
    def name(self) -> str:
        """Model, digest of its files, width if it is distilled here."""
        made = "" if self.given else f":{self.config.static_dim}"
        return f"static:{Path(self.config.model).name}@{fingerprint(self.folder)}{made}"

    @cached_property
    def model(self) -> Any:
        """The static model, loaded or distilled."""
        if self.given:
            return _load(self.folder)
        kept = self.cache / "static" / self.name.replace(":", "-") if self.cache else None
        if kept is not None and kept.is_dir():
            return _load(kept)
        device = choose_device(self.config.device)
        model = distil(self.folder, self.config.static_dim, device)
        if kept is not None:
            _keep(model, kept)
        return model

    @cached_property
    def dim(self) -> int:
        """Width of the vectors."""
        return int(self.model.dim)

    def encode(self, texts: Sequence[str], *, progress: Progress = QUIET) -> Encoded:
        """Vectors of some texts; empty ones get zeros."""
        short, truncated = cut(texts, CHARACTERS)
        vectors = np.zeros((len(texts), self.dim), np.float32)
        with progress.step("encode", len(texts)) as bar:
            for start in range(0, len(texts), CHUNK):
                part = short[start : start + CHUNK]
                rows = written(part)
                if rows:
                    vectors[start + np.array(rows)] = self._chunk([part[row] for row in rows])
                bar.advance(len(part))
        return Encoded(vectors, truncated)

    def _chunk(self, texts: list[str]) -> Floats:
        return unit(self.model.encode(texts, max_length=None, use_multiprocessing=False))


def distil(folder: Path, dim: int, device: str) -> Any:
    """A static model from a language model's folder (Model2Vec: PCA, then frequency weights).

    Raises:
        MissingExtraError: the extra `static` is not installed.
        ConfigError: the folder holds no model that can be distilled.
    """
    try:
        from model2vec.distill import distill
    except ImportError as error:
        raise _missing(error) from error
    try:
        # The library draws a bar on stderr that it cannot be told to leave away.
        with quietly(), contextlib.redirect_stderr(io.StringIO()):
            return distill(str(folder), device=device, pca_dims=dim, quantize_to="float32")
    except (OSError, ValueError) as error:
        raise ConfigError(f"encode.model: {folder} cannot be distilled ({error})") from error


def _load(folder: Path) -> Any:
    try:
        from model2vec import StaticModel
    except ImportError as error:
        raise _missing(error) from error
    try:
        return StaticModel.from_pretrained(folder, force_download=False)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"encode.model: {folder} is no readable static model ({error})"
        ) from error


def _keep(model: Any, folder: Path) -> None:
    """Save whole or not at all; when another process was first, its copy stays."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
    model.save_pretrained(made)
    try:
        os.rename(made, folder)
    except OSError:
        shutil.rmtree(made)


def _is_static(folder: Path) -> bool:
    config = folder / "config.json"
    if not config.is_file():
        return False
    try:
        return bool(json.loads(config.read_text(encoding="utf-8")).get("model_type") == "model2vec")
    except (ValueError, AttributeError):
        return False


def _missing(error: ImportError) -> MissingExtraError:
    return MissingExtraError(
        f"encode.kind = \"static\" needs model2vec ({error}): pip install 'penchant[static]'"
    )
