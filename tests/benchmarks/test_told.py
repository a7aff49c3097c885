"""Who is told both tastes: what it counts, by hand."""

import numpy as np
import pytest
from benchmarks.interests.told import Watch, told

from penchant import WorldConfig, make_world


def test_alarms_before_the_change_are_false_and_those_after_it_find_it():
    after = np.arange(8) >= 5
    gain = np.array([2.0, 1.5, -9.0, 1.0, 2.5, -1.0, 2.0, 2.0])
    watch = Watch(gain, after, 1.0, ("ann", 5))
    assert watch.alarms(3.0) == (2, 3)  # 3.5 and 3.5 before; then 0, 2 and 4 after
    assert watch.alarms(3.6) == (0, 2)  # 3.5 is kept: then 2.5 and 4.5
    assert watch.alarms(99.0) == (0, None)


def test_who_is_told_finds_most_changes_and_keeps_to_the_rate():
    world = make_world(WorldConfig.small(change_rate=3.0, events=9_000))
    best, loose = told(world, 0.5), told(world, 5.0)
    assert best.false <= 0.5 < loose.false <= 5.0
    people = world.law.people
    assert len(best.acts) == (people.epochs.taken >= 0).sum() > 30
    row = int(np.flatnonzero(people.epochs.taken >= 0)[0])
    begin = int(people.epochs.begin[row]) * 1000 + world.law.config.start_us
    assert (people.ids()[int(people.epochs.user[row])], begin) in best.acts
    assert np.mean([acts is not None for acts in best.acts.values()]) > 0.4
    with pytest.raises(ValueError, match="allowed"):
        told(world, -1.0)
