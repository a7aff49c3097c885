"""The search itself, on an objective that costs nothing: order, budget, pruning, going on."""

import json
import sys
import warnings
from dataclasses import dataclass, field

import numpy as np
import pytest

from penchant.config import Config
from penchant.errors import ConfigError, CorruptModelError, DataError, MissingExtraError
from penchant.train.knobs import text
from penchant.train.space import Space
from penchant.train.study import JOURNAL, Study
from penchant.train.tune import Search, TuneConfig, behind


class Two(Config):
    """Two numbers and a word."""

    x: float = 0.9
    y: int = 9
    word: str = "plain"


SPACE = Space.of({"x": {"low": 0.0, "high": 1.0}, "y": [1, 2, 3]}, Two())
FEW = Space.of({"y": [1, 2, 9]}, Two())


class Clock:
    """Seconds that pass only when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Hill:
    """Highest at x = 0.3, y = 2; every fold takes so many seconds of the clock."""

    clock: Clock = field(default_factory=Clock)
    folds: int = 3
    name: str = "height"
    cost: float = 10.0
    stop: int | None = None
    measured: list[tuple[str, int]] = field(default_factory=list)

    def key(self, settings):
        made = Two().but(**settings)
        if made.word == "never":
            raise ConfigError("word: never and the rest do not go together")
        return made.model_dump_json()

    def default(self, name):
        return Two().model_dump()[name]

    def measure(self, settings, fold):
        if self.stop is not None and len(self.measured) == self.stop:
            self.stop = None
            raise KeyboardInterrupt
        made = Two().but(**settings)
        if made.word == "broken":
            raise DataError("it fell to pieces")
        self.clock.now += self.cost
        self.measured.append((text(settings), fold))
        height = 1.0 - abs(made.x - 0.3) - 0.1 * abs(made.y - 2)
        return np.array([height, height + 0.01 * fold, height - 0.01 * fold])


def search(hill=None, space=SPACE, folder=None, seed=0, **settings):
    hill = hill or Hill()
    config = TuneConfig(**settings)
    return Search(space, hill, Study(space, folder), config, hill.clock, seed).run()


def lines(found):
    return [(t.number, t.settings, t.state, t.means) for t in found.study.tried]


@pytest.mark.parametrize("method", ["bayes", "random", "grid"])
def test_the_default_is_trial_0_and_the_best_is_never_below_it(method):
    found = search(method=method, trials=8)
    first, *others = found.study.tried
    assert first.settings == {}
    assert first.value == pytest.approx(1.0 - 0.6 - 0.7)
    assert all(SPACE.holds(t.settings) for t in others)
    assert max(t.value for t in found.study.tried if t.value is not None) >= first.value
    assert found.stopped == "8 trials were made"


def test_a_default_worth_more_than_the_space_stays_the_best():
    class Flat(Hill):
        def measure(self, settings, fold):
            return super().measure(settings, fold) * 0 + (0.0 if settings else 1.0)

    found = search(Flat(), trials=6)
    assert max(found.study.tried, key=lambda t: t.means[-1]).number == 0


@pytest.mark.parametrize("method", ["bayes", "random", "grid"])
def test_the_same_seed_gives_the_same_trials_and_another_seed_others(method):
    once, again = (lines(search(method=method, trials=9, seed=4)) for _ in range(2))
    assert once == again
    assert lines(search(method=method, trials=9, seed=5)) != once


@pytest.mark.parametrize("method", ["bayes", "random", "grid"])
def test_a_search_that_was_stopped_goes_on_as_if_it_had_not_been(method, tmp_path):
    whole = search(method=method, trials=10)
    hill = Hill(stop=10)
    (tmp_path / "study").mkdir()
    first = search(hill, folder=tmp_path / "study", method=method, trials=10)
    assert first.stopped == "interrupted"
    assert 0 < len(first.study.tried) < 10
    kept = [tuple(m) for m in hill.measured]
    second = search(hill, folder=tmp_path / "study", method=method, trials=10)
    assert lines(second) == lines(whole)
    done = {t.number for t in first.study.tried}
    again = [text(t.settings) for t in first.study.tried if t.number in done]
    assert not [m for m in hill.measured[len(kept) :] if m[0] in again]


def test_nothing_is_learned_when_all_trials_are_there(tmp_path):
    search(folder=tmp_path, trials=5)
    hill = Hill()
    found = search(hill, folder=tmp_path, trials=5)
    assert not hill.measured
    assert len(found.study.tried) == 5
    assert found.study.values(0).shape == (9,)


def test_ctrl_c_before_anything_is_known_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        search(Hill(stop=1), trials=5)


def test_bayes_draws_near_what_was_good():
    found = search(trials=40, startup=8, prune=False)
    xs = [t.settings["x"] for t in found.study.tried[1:]]
    near = [abs(x - 0.3) < 0.15 for x in xs]
    assert np.mean(near[20:]) > np.mean(near[:8])
    assert max(t.means[-1] for t in found.study.tried) > 0.9


def test_what_is_clearly_behind_is_stopped_early():
    hill = Hill()
    found = search(hill, method="random", trials=30, startup=4)
    pruned = [t for t in found.study.tried if t.state == "pruned"]
    assert pruned
    assert all(len(t.means) < 3 and t.value is None for t in pruned)
    assert all(t.state == "done" for t in found.study.tried[:4])
    best = max(found.study.tried, key=lambda t: t.means[-1])
    assert best.state == "done"
    assert len(hill.measured) == sum(len(t.means) for t in found.study.tried) < 90


def test_what_is_behind_the_best_beyond_chance_is_stopped_from_the_first_trial_on():
    class Crowd(Hill):
        def measure(self, settings, fold):
            noise = np.random.default_rng(fold).normal(size=400)
            return super().measure(settings, fold).mean() + noise

    worse = Space.of({"x": [0.95, 1.0]}, Two())  # a little below the default, for everybody
    found = search(Crowd(), worse, method="grid", minutes=1e6)
    assert [t.state for t in found.study.tried] == ["done", "pruned", "pruned"]
    assert [len(t.means) for t in found.study.tried] == [3, 1, 1]


def test_what_may_be_chance_is_seen_through():
    rng = np.random.default_rng(0)
    best, other = rng.normal(size=400), rng.normal(size=400)
    assert not behind(other, best)
    assert not behind(best - 0.01 + 0.2 * rng.normal(size=400), best)
    assert behind(best - 0.1 + 0.2 * rng.normal(size=400), best)
    assert not behind(best, best)
    assert not behind(best[:20] - 1.0, best[:20])


def test_nothing_is_stopped_early_where_it_was_not_wanted():
    found = search(method="random", trials=20, prune=False)
    assert {t.state for t in found.study.tried} == {"done"}


def test_a_space_that_is_used_up_ends_the_search():
    for method in ("grid", "random", "bayes"):
        found = search(space=FEW, method=method, minutes=1e6)
        assert found.stopped == "everything in the space was tried"
        # 9 is the default and not learned again
        assert [t.settings for t in found.study.tried[1:]] in (
            [{"y": 1}, {"y": 2}],
            [{"y": 2}, {"y": 1}],
        )


def test_a_grid_that_is_too_large_says_so():
    huge = Space.of({"y": {"low": 1, "high": 3_000_000, "step": 1}}, Two())
    with pytest.raises(ConfigError, match="grid, with 3,000,000 combinations"):
        search(space=huge, method="grid", trials=3)


# Budget, by a clock that only the objective moves: a trial takes 30 s


def test_the_minutes_are_kept():
    hill = Hill()
    found = search(hill, method="random", minutes=3.0, prune=False)
    assert len(found.study.tried) == 6  # the sixth ends at 180 s
    assert hill.clock.now - Clock.now <= 180.0
    assert found.stopped == "3:00 are over"


def test_no_trial_is_begun_that_would_not_be_over():
    found = search(method="random", minutes=2.3, prune=False)
    assert len(found.study.tried) == 4
    assert "the time left (0:18) is less than a trial takes (0:30)" in found.stopped


def test_the_default_is_seen_through_whatever_the_budget():
    found = search(minutes=0.1)
    assert found.stopped == "0:06 are over; a trial takes about 0:30"
    assert [t.state for t in found.study.tried] == ["done"]


def test_a_trial_that_is_slower_than_thought_is_let_go():
    class Slower(Hill):
        def measure(self, settings, fold):
            self.cost = 100.0 if settings else 10.0
            return super().measure(settings, fold)

    hill = Slower()
    found = search(hill, minutes=2.0)
    assert [t.number for t in found.study.tried] == [0]
    assert found.stopped == "2:00 are over"
    assert len(hill.measured) == 3 + 1  # the second ended by the clock after its first fold


def test_minutes_are_of_one_call_and_trials_of_all(tmp_path):
    for count in (3, 6):
        found = search(folder=tmp_path, minutes=1.5, prune=False, method="random")
        assert len(found.study.tried) == count
    assert len(search(folder=tmp_path, trials=7).study.tried) == 7


def test_budgets_that_mean_nothing_are_refused():
    assert TuneConfig().seconds == 1800.0
    assert TuneConfig(trials=3).seconds is None
    for bad in ({"minutes": 0}, {"trials": 0}, {"method": "luck"}, {"folds": 0}, {"window": 1.0}):
        with pytest.raises(ConfigError, match=f"TuneConfig.{next(iter(bad))}"):
            TuneConfig(**bad)


# What goes wrong


def test_a_trial_that_fails_is_noted_and_not_made_again(tmp_path):
    space = Space.of({"word": ["broken", "good"], "y": [1, 2]}, Two())
    found = search(space=space, folder=tmp_path, method="grid", minutes=1e6)
    failed = [t for t in found.study.tried if t.state == "failed"]
    assert len(failed) == 2
    assert failed[0].error == "DataError: it fell to pieces"
    hill = Hill()
    search(hill, space=space, folder=tmp_path, method="grid", minutes=1e6)
    assert not hill.measured


def test_a_default_that_fails_is_an_error():
    class Broken(Hill):
        def measure(self, settings, fold):
            raise DataError("nothing to ask")

    with pytest.raises(DataError, match="nothing to ask"):
        search(Broken(), trials=3)


def test_combinations_that_cannot_be_are_passed_over_and_counted():
    space = Space.of({"word": ["never", "good"], "y": [1, 2]}, Two())
    found = search(space=space, method="grid", minutes=1e6)
    assert {t.settings.get("word") for t in found.study.tried[1:]} == {"good"}
    assert len(found.impossible) == 2
    with pytest.raises(ConfigError, match="no combination of its values is possible"):
        search(space=Space.of({"word": ["never"]}, Two()), trials=4)


def test_half_a_line_in_the_journal_is_taken_away(tmp_path):
    search(folder=tmp_path, trials=4)
    journal = tmp_path / JOURNAL
    journal.write_bytes(journal.read_bytes() + b'{"op_code": 4, "wor')
    (tmp_path / f"{JOURNAL}.lock").symlink_to(journal)
    assert [t.number for t in search(folder=tmp_path, trials=6).study.tried] == list(range(6))
    assert len(Study(SPACE, tmp_path).tried) == 6


def test_a_journal_that_cannot_be_read_says_what_to_do(tmp_path):
    search(folder=tmp_path, trials=3)
    (tmp_path / "trial-00000.npy").write_bytes(b"no array")
    with pytest.raises(CorruptModelError, match="to tune anew"):
        Study(SPACE, tmp_path).values(0)
    (tmp_path / JOURNAL).write_bytes(b"what is this\nnothing\n")
    with pytest.raises(CorruptModelError, match="Remove the folder to tune anew"):
        Study(SPACE, tmp_path)


def test_optuna_reads_the_study_too(tmp_path):
    import optuna

    search(folder=tmp_path, trials=6)
    backend = optuna.storages.journal.JournalFileBackend(str(tmp_path / JOURNAL))
    kept = optuna.load_study(study_name=None, storage=optuna.storages.JournalStorage(backend))
    assert len(kept.trials) == 6
    assert set(kept.trials[1].params) == {"x", "y"}
    assert json.loads(kept.trials[1].params["y"]) in (1, 2, 3)


def test_optuna_is_quiet_and_stays_as_loud_as_it_was(capfd):
    import optuna

    before = optuna.logging.get_verbosity()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        search(trials=9)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == before


def test_without_optuna_the_error_has_the_install_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'penchant\[tune\]'"):
        Study(SPACE)
