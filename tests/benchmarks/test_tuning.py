"""Every peer has the same budget, and what is left of it decides."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from benchmarks.quality.lists import K, Lists
from benchmarks.quality.peers import tuning
from benchmarks.quality.peers.grids import GRIDS, SEEDED, maker
from benchmarks.quality.peers.watch import Stopwatch
from scipy import sparse


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("benchmarks.quality.peers.tuning.process_time", made)
    return made


def answers(place: int) -> Lists:
    """One list whose target, item 0, stands at a place."""
    items = np.roll(np.arange(K, dtype=np.int32), place)[None]
    return Lists(items, -np.arange(K, dtype=np.float32)[None], np.zeros(1, bool))


class Learner:
    """Takes `seconds` an epoch; its target stands at `places`, epoch by epoch."""

    def __init__(self, settings, seed) -> None:
        self.told = settings

    def fit(self, part, watch):
        for epoch in range(len(self.told["places"])):
            self.at = epoch
            part.clock.now += self.told["seconds"]
            if self.told.get("epochs") and watch.enough(lambda: self.lists(part)):
                break
        return self

    def lists(self, part):
        return answers(self.told["places"][self.at])


@pytest.fixture
def tune(clock: Clock, monkeypatch: pytest.MonkeyPatch):
    def made(grid, **budget):
        part = SimpleNamespace(clock=clock, ask_user=np.zeros(1), n_items=K, repeats=True)
        monkeypatch.setitem(tuning.GRIDS, "toy", grid)
        monkeypatch.setattr(tuning, "maker", lambda name: Learner)
        monkeypatch.setattr(tuning.Part, "read", staticmethod(lambda folder: part))
        one = sparse.csr_matrix(([1.0], ([0], [0])), shape=(1, K))
        monkeypatch.setattr(tuning, "pairs", lambda path, shape: one)
        return tuning.tune("toy", Path("somewhere"), tuning.Budget(**budget))

    return made


def test_the_best_setting_is_taken(tune) -> None:
    found = tune([{"places": [p], "seconds": 1.0} for p in (3, 0, 5)])
    assert found["settings"]["places"] == [0]
    assert len(found["tried"]) == 3


def test_no_setting_is_begun_for_which_there_is_no_time(tune) -> None:
    found = tune([{"places": [p], "seconds": 25.0} for p in (3, 2, 0)], minutes=1.0)
    assert len(found["tried"]) == 2
    assert found["settings"]["places"] == [2]


def test_the_first_setting_is_always_tried(tune) -> None:
    assert len(tune([{"places": [3], "seconds": 500.0}] * 2, minutes=1.0)["tried"]) == 1


def test_no_more_settings_than_allowed(tune) -> None:
    grid = [{"places": [1], "seconds": 0.1}] * 9
    assert len(tune(grid, settings=4)["tried"]) == 4


def test_epochs_come_from_early_stopping(tune) -> None:
    places = [9, 4, 1, 2, 2, 2, 0]
    found = tune([{"places": places, "seconds": 1.0, "epochs": 200}], patience=3, rest=0.0)
    assert found["settings"]["epochs"] == 3
    told = found["validation"]
    assert (told["stopped"], told["seconds_to_best"]) == ("patience", 3.0)
    assert [s for s, _ in found["tried"][0]["curve"]] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_short_epochs_are_given_more_of_them(tune) -> None:
    places = [9, 4, 4, 4, 4, 4, 4, 1, *[2] * 20]
    found = tune(
        [{"places": places, "seconds": 1.0, "epochs": 200}], minutes=2.0, patience=3, rest=0.05
    )
    assert found["settings"]["epochs"] == 8
    assert found["validation"]["epochs"] == 14


def test_learning_ends_with_the_time(tune) -> None:
    grid = [{"places": [9, 8, 7, 6, 5, 4], "seconds": 25.0, "epochs": 200}] * 2
    found = tune(grid, minutes=1.0)
    assert found["validation"]["stopped"] == "time"
    assert found["settings"]["epochs"] == 3
    assert len(found["tried"]) == 1


def test_judging_is_not_counted_as_learning(clock: Clock) -> None:
    def judge(lists):
        clock.now += 100.0
        return 0.5

    watch = Stopwatch(judge, deadline=1e9, target=0.4, clock=clock)
    clock.now += 3.0
    assert watch.enough(lambda: answers(0))
    assert (watch.best_at, watch.stopped) == (3.0, "target")


def test_every_peer_has_a_grid_of_different_settings() -> None:
    assert set(SEEDED) <= set(GRIDS)
    for name, grid in GRIDS.items():
        told = [sorted(map(str, s.items())) for s in grid]
        assert all(told.count(one) == 1 for one in told), name


def test_a_peer_that_is_not_known_is_an_error() -> None:
    with pytest.raises((AttributeError, ImportError, KeyError)):
        maker("Nobody")
