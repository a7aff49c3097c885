"""The base layer as a Transformer that looks both ways, learned by filling in what was hidden.

Sun et al., BERT4Rec, CIKM 2019 (arXiv 1904.06690).
"""

from dataclasses import dataclass, field
from typing import ClassVar

from penchant.interests.dynamic.sequence import DynamicConfig, DynamicLayer


@dataclass
class BidirectionalBase(DynamicLayer):
    """The bidirectional base layer: the last place is open, and the network fills it."""

    kind: ClassVar[str] = "bidirectional"
    config: DynamicConfig = field(default_factory=DynamicConfig)
    both_ways: bool = True
