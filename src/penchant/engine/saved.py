"""A fitted model as parts that a store can keep, and back."""

import warnings
from copy import deepcopy

from penchant.engine.config import EngineConfig
from penchant.engine.facts import Facts
from penchant.errors import ConfigError, StoreError
from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel
from penchant.store.models import Models, Saved
from penchant.taxonomy.tree import Tree
from penchant.types import State


def pack(model: InterestModel) -> dict[str, State]:
    """Every part's state: the catalogue's texts, the tree (with the items' ids), the layers."""
    catalogue = model.catalogue
    return {
        "catalogue": ({"text": catalogue.text}, {}),
        "tree": catalogue.tree.state(),
        **model.state(),
    }


def last_good(models: Models) -> Saved:
    """The model that was promoted last; where its files are broken, with a warning, the newest
    whole one before.

    Raises:
        NotFittedError, CorruptModelError: see `Models.last_good`.
    """
    saved = models.last_good()
    if saved.report.findings:
        warnings.warn(f"version {saved.version} serves: {saved.report}", stacklevel=3)
    return saved


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
