"""A fitted model as parts that a store can keep, and back."""

import warnings
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Self

from penchant.engine.config import EngineConfig
from penchant.engine.facts import Facts
from penchant.errors import ConfigError, StoreError
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel
from penchant.store.models import Fallback, Saved
from penchant.store.workspace import Workspace
from penchant.taxonomy.tree import Tree
from penchant.types import State


@dataclass(frozen=True)
class Standing:
    """What is known of the model that serves: its version (None in memory), and how good it was
    found to be when it was made (see `quality`; empty where that was not noted). `fallback`: which
    version was meant to serve, and why it does not; None where this one was."""

    version: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    fallback: Fallback | None = None

    @classmethod
    def of(cls, saved: Saved) -> Self:
        """Of a version that was read back."""
        return cls(saved.version, saved.manifest.get("metrics", {}), saved.fallback)


def manifest(
    config: EngineConfig, facts: Facts, summary: Mapping[str, Any], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """What is noted about a version beside its files."""
    return {
        "config": config.model_dump(mode="json"),
        "summary": dict(summary),
        "facts": facts.to_json(),
        "metrics": dict(metrics),
    }


def pack(model: InterestModel) -> dict[str, State]:
    """Every part's state: the catalogue's texts, the tree (with the items' ids), the layers."""
    catalogue = model.catalogue
    return {
        "catalogue": ({"text": catalogue.text}, {}),
        "tree": catalogue.tree.state(),
        **model.state(),
    }


def kept(
    workspace: Workspace, model: InterestModel, about: Mapping[str, Any], by: str | None = None
) -> str:
    """The name of a new version, which serves from now on; the oldest of too many go. `by`: who had
    it learned, for the audit log."""
    version = workspace.models.save(pack(model), about)
    workspace.models.promote(version, why="fit", by=by)
    workspace.models.prune(keep=about["config"]["keep"])
    workspace.clear_scratch()
    return version


def warned(fallback: Fallback) -> None:
    """Tell by a warning that another version serves than the one that was meant to."""
    warnings.warn(str(fallback), stacklevel=3)


def tree_of(saved: Saved) -> Tree:
    """The interest tree alone, copied: nothing else of the saved model is kept for it.

    Raises:
        StoreError: see `unpack`.
    """
    return deepcopy(unpack(saved)[0].catalogue.tree)


def unpack(saved: Saved) -> tuple[InterestModel, Facts, EngineConfig]:
    """The model that `pack` took apart, and the facts and settings that it was learned with.

    Raises:
        StoreError: it was written by another version, in parts that this one does not know.
    """
    states = saved.state
    try:
        config = EngineConfig(**saved.manifest["config"])
        tree = Tree.from_state(states["tree"])
        catalogue = Catalogue(tree.items, states["catalogue"][0]["text"], tree)
        facts = Facts(**saved.manifest["facts"])
        model = InterestModel(config.interests).restore(dict(states), catalogue)
        return model, facts, config
    except (KeyError, TypeError, ConfigError) as error:
        raise StoreError(
            f"model {saved.version}: it was written by another version of penchant and cannot be "
            f"read by this one ({error}). Learn it again: `penchant fit`"
        ) from None
