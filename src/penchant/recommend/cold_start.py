"""New users: interests given by hand become a part of the score like any other.

Someone of whom nothing is known is shown what is popular now: all other layers are silent. New
items need nothing here: they have a text and a place in the tree, and so a vector and weights.
"""

from collections.abc import Mapping

import numpy as np

from penchant.errors import DataError
from penchant.taxonomy.tree import Tree
from penchant.types import Floats

STRENGTH = 4.0
"""What an interest of weight 1 adds to the scores of its items."""


def given(tree: Tree, interests: Mapping[str, float]) -> Floats:
    """Scores from interests named by hand, by id, name or path [I]; negative weights are against.

    Weights are scaled so that the largest is 1.

    Raises:
        UnknownIdError: there is no such interest.
        DataError: a weight is no finite number.
    """
    largest = max((abs(w) for w in interests.values()), default=0.0)
    if not np.isfinite(largest):
        raise DataError(f"interests: {dict(interests)} came; expected finite weights")
    total = np.zeros(tree.membership(1).shape[0], np.float32)
    for name, weight in interests.items():
        if not weight:
            continue
        level, row = tree.row(tree.find(name).id)
        column = np.asarray(tree.membership(level)[:, [row]].toarray()).ravel()
        total += np.float32(STRENGTH * weight / largest) * column
    return total
