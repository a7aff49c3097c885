"""What a fit did."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from penchant.engine.prepared import Prepared
from penchant.engine.refit import Comparison
from penchant.interests.heldout import HeldOut
from penchant.taxonomy.tree import Tree
from penchant.types import Report


@dataclass(frozen=True)
class Fitted:
    """What a fit did: the model's version (None in memory), wall seconds by step, what was set
    aside, the size of things, and how good it was found to be (see `quality`)."""

    version: str | None
    seconds: Mapping[str, float]
    report: Report
    summary: Mapping[str, Any]
    metrics: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "version": self.version,
            "seconds": dict(self.seconds),
            "summary": dict(self.summary),
            "metrics": dict(self.metrics),
            "report": self.report.to_json(),
        }

    def __str__(self) -> str:
        """A few lines for people."""
        sizes = ", ".join(f"{k} {v:,}" for k, v in self.summary.items() if type(v) is int)
        steps = ", ".join(f"{name} {s:.1f} s" for name, s in self.seconds.items())
        name = f"version {self.version}" if self.version else "a model in memory"
        lines = [f"learned {name} from {sizes}", f"time: {steps}"]
        return "\n".join([*lines, *(str(f) for f in self.report.findings)])


def sizes(data: Prepared, tree: Tree) -> dict[str, Any]:
    """The size of what was learned from and of the tree, and whether people repeat."""
    return {
        "events": len(data.log),
        "users": len(data.log.users),
        "items": len(data.vocabulary),
        "interests": len(tree),
        "repeats": data.repeats,
    }


def quality(held: HeldOut | None, comparison: Comparison | None) -> dict[str, Any]:
    """What is known of how good a version is when it is made: `held_out`, what the fit measured
    (see `HeldOut`); `comparison`, how it stood beside the one that served before, where it was
    compared (see `Comparison`)."""
    known = {"held_out": held, "comparison": comparison}
    return {name: found.to_json() for name, found in known.items() if found is not None}
