"""A fitted model as parts that a store can keep, and back."""

from collections.abc import Mapping

from penchant.interests.layer import Catalogue
from penchant.interests.model import InterestModel, InterestsConfig
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


def unpack(states: Mapping[str, State], config: InterestsConfig) -> InterestModel:
    """The model that `pack` took apart."""
    tree = Tree.from_state(states["tree"])
    catalogue = Catalogue(tree.items, states["catalogue"][0]["text"], tree)
    return InterestModel(config).restore(dict(states), catalogue)
