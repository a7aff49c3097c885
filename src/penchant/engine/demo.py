"""The main job on the built-in world: generate, learn, evaluate, and show three people beside the
truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
import polars as pl

from penchant.clock import when
from penchant.data import columns as c
from penchant.data.sources.world import World, WorldConfig, make_world
from penchant.data.split import SplitConfig
from penchant.engine.config import EngineConfig
from penchant.engine.engine import Engine
from penchant.evaluate.report import Evaluation
from penchant.interests.profile import Profile
from penchant.recommend.result import Recommendations
from penchant.types import QUIET, Progress


@dataclass(frozen=True)
class Shown:
    """One person of the demo: what Penchant says, and what is true.

    `truth`: level, name, truth (the person's real chance to turn to it now), penchant (what the
    profile says), for the broadest interests.
    """

    user_id: str
    profile: Profile
    truth: pl.DataFrame
    recommendations: Recommendations


@dataclass(frozen=True)
class DemoResult:
    """Everything that the demo made; `seconds` by step."""

    world: World
    engine: Engine
    evaluation: Evaluation
    users: tuple[Shown, ...]
    seconds: dict[str, float]


def run_demo(
    config: WorldConfig | None = None,
    workspace: str | Path | None = None,
    engine: EngineConfig | None = None,
    progress: Progress = QUIET,
) -> DemoResult:
    """Make a world, learn it, evaluate beside the baselines, and look at three people."""
    seconds: dict[str, float] = {}
    began = perf_counter()
    world = make_world(config, progress=progress)
    seconds["world"], began = perf_counter() - began, perf_counter()
    made = Engine(workspace, engine, progress=progress)
    made.add(events=world.events, items=world.items, users=world.users, relations=world.relations)
    made.fit()
    seconds["fit"], began = perf_counter() - began, perf_counter()
    evaluation = made.evaluate(split=SplitConfig(kind="time"))
    seconds["evaluate"], began = perf_counter() - began, perf_counter()
    people = tuple(_shown(made, world, user) for user in _three(world))
    seconds["people"] = perf_counter() - began
    return DemoResult(world, made, evaluation, people, seconds)


def _three(world: World) -> Sequence[str]:
    """Someone with little history, someone with a middling one, someone with much."""
    counts = world.events[c.USER].value_counts().sort("count", c.USER)
    places = [0.1, 0.5, 0.95]
    return [str(counts[c.USER][int(p * (counts.height - 1))]) for p in places]


def _shown(engine: Engine, world: World, user: str) -> Shown:
    end = when(int(world.events[c.TIME].dt.epoch("us").max()))  # type: ignore[arg-type]
    found = engine.interests(user, at=end)
    level = world.truth([user], end).level(1)
    names = [category[-1] for category in level.categories]
    said = _by_name(found, names)
    truth = pl.DataFrame(
        {
            "interest": names,
            "truth": np.asarray(level.whole)[0].astype(np.float64),
            "penchant": said,
        }
    ).sort("truth", descending=True)
    return Shown(user, found, truth, engine.recommend(user, at=end))


def _by_name(found: Profile, names: Sequence[str]) -> list[float]:
    """The profile's weight of each of the world's own broadest categories."""
    said: dict[str, float] = {}
    for interest in found.levels[0]:
        name = interest.node.name.casefold()
        said[name] = said.get(name, 0.0) + interest.weight
    return [said.get(name.casefold(), 0.0) for name in names]
