"""What is summed up, said and written of a diagnosis."""

import json
from datetime import UTC, datetime
from io import StringIO

import numpy as np
import polars as pl
import pytest
from rich.console import Console

from penchant.errors import DataError
from penchant.evaluate.diagnosis import Diagnosis, diagnosis
from penchant.evaluate.fingerprint import fingerprint
from penchant.evaluate.scored import FEWEST, INFLUENCE, Scored
from penchant.types import Report

USERS = 300
ORIGIN = fingerprint(
    pl.DataFrame({"user_id": ["a"]}), config={"k": [5, 10]}, seed=3, seconds={"fit": 1.5},
    clock=lambda: datetime(2024, 5, 1, tzinfo=UTC),
)  # fmt: skip


def figures(mean, seed=0, influence=None):
    draw = np.random.default_rng(seed)
    found = {m: np.clip(mean + draw.normal(0, 0.05, USERS), 0, 1) for m in ("ndcg@10", "recall@10")}
    if influence is not None:
        found[INFLUENCE] = np.full(USERS, influence)
    return found


def measured(whole=0.30, base=0.25, without_base=0.1, dynamic=0.1, without_dynamic=0.28, **more):
    return {
        Scored.whole("penchant"): figures(whole),
        Scored.alone("base"): figures(base, 1, 0.8),
        Scored.without("base"): figures(without_base, 2),
        Scored.alone("dynamic"): figures(dynamic, 3, more.pop("influence", 0.2)),
        Scored.without("dynamic"): figures(without_dynamic, 4),
        **more.pop("others", {}),
    }


FIRST = np.arange(USERS) < 200
FEW = np.arange(USERS) < FEWEST - 1
GROUPS = {
    "history": {"history 0": FIRST, "history 1–2": ~FIRST, "history 51+": np.zeros(USERS, bool)},
    "users": {"cold users": FEW, "known users": ~FEW},
}


def made(values=None, groups=GROUPS, **more):
    report = Report()
    report.add("split", "later events", 4, total=9, examples=["x"])
    chosen = {"EASE": {"penalty": 50.0}}
    return diagnosis(
        values or measured(), groups, ORIGIN, k=10, report=report, chosen=chosen, **more
    )


def test_figures_are_means_over_the_group():
    values = measured()
    found = made(values)
    ours, theirs = values[Scored.whole("penchant")], values[Scored.without("base")]
    got = found.figure("without base", "recall@10", "history 1–2")
    assert got.value == pytest.approx(theirs["recall@10"][200:].mean(), abs=1e-12)
    lead = (ours["recall@10"] - theirs["recall@10"])[200:].mean()
    assert got.lead == pytest.approx(lead, abs=1e-12)
    assert got.lead_low < lead < got.lead_high
    assert got.low < got.value < got.high
    assert got.users == 100
    assert found.figure().lead is None
    assert found.figure("base alone", INFLUENCE).value == pytest.approx(0.8)
    assert found.layers == ("base", "dynamic")


def test_where_all_is_well_it_says_so():
    found = made()
    assert not found.worse
    (said,) = found.findings()
    assert said.startswith("nowhere is the whole worse")
    assert found.verdict("base") == found.verdict("dynamic") == "helps"


def test_a_layer_that_hurts_is_named_with_its_figures():
    found = made(measured(whole=0.20, base=0.25, without_dynamic=0.25))
    assert found.verdict("dynamic") == "hurts"
    assert {f.scorer for f in found.worse} == {"base alone", "without dynamic"}
    said = found.findings()
    assert said[0].startswith("for all (300 users) the whole is worse than")
    assert any("than itself without dynamic: ndcg@10 0." in line for line in said)
    assert "by chance" in said[-1]
    assert "hurts" in str(found)
    assert "worse than base alone" in found.to_markdown()


def test_too_few_users_are_never_called_clear():
    values = measured()
    for metric in ("ndcg@10", "recall@10"):
        values[Scored.alone("base")][metric][FEW] = 0.9
    found = made(values)
    few = found.figure("base alone", within="cold users")
    assert few.lead_high < 0
    assert not few.worse
    assert found.verdict("base", "cold users") == "no clear difference"


def test_a_layer_without_weight_is_not_used():
    found = made(measured(influence=0.0, without_dynamic=0.30))
    assert found.verdict("dynamic") == "not used"


def test_a_baseline_that_is_better_is_named():
    others = {Scored.baseline("EASE"): figures(0.4, 5), Scored.baseline("popularity"): figures(0.1)}
    found = made(measured(others=others))
    assert found.baselines == ["EASE", "popularity"]
    assert {f.scorer for f in found.worse} == {"EASE"}
    assert "EASE" in str(found)


def test_a_group_without_anybody_is_left_out():
    found = made()
    assert list(found.groups) == ["all", "history 0", "history 1–2", "cold users", "known users"]
    with pytest.raises(DataError, match=r"no 'ndcg@10' .* in group 'history 51\+'"):
        found.figure(within="history 51+")


def test_what_was_measured_of_some_users_only():
    values = measured(others={Scored.baseline("own history"): figures(0.2)})
    for column in values[Scored.baseline("own history")].values():
        column[FIRST] = np.nan
    found = made(values)
    assert found.figure("own history").users == 100
    nobody = found.figure("own history", within="history 0")
    assert nobody.value is None
    assert nobody.lead is None
    assert "nan" not in str(found) + json.dumps(found.to_json())


def test_json_is_whole_and_comes_back():
    found = made(measured(whole=0.2))
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert Diagnosis.from_json(told) == found
    assert told["verdicts"] == {"base": "helps", "dynamic": "hurts"}
    assert told["findings"] == found.findings()


def test_the_table_has_every_figure():
    found = made()
    table = found.to_frame()
    assert table.height == len(found.figures)
    one = table.filter(scorer="without base", metric="ndcg@10", group="all")
    assert one["lead"].item() == pytest.approx(found.figure("without base").lead)
    assert table["lead"].null_count() == table.filter(
        (pl.col("role") == "whole") | (pl.col("metric") == INFLUENCE)
    ).height  # fmt: skip


def test_the_same_users_are_said_once():
    again = {**GROUPS, "targets": {"targets: head": FIRST}, "items": {"known items": FIRST | True}}
    found = made(measured(whole=0.20), again)
    assert "targets: head" in found.groups
    assert "known items" in found.groups
    said = str(found)
    assert "history 0" in said
    assert "targets: head" not in said
    assert "known items" not in said


def test_one_layer_has_nothing_to_be_taken_from():
    values = {Scored.whole("penchant"): figures(0.3), Scored.alone("base"): figures(0.3, 0, 1.0)}
    found = made(values)
    assert found.verdict("base") == "helps"
    assert "brings" not in str(found)
    assert Diagnosis.from_json(found.to_json()) == found


def test_it_fits_a_narrow_terminal():
    others = {Scored.baseline("recent popularity"): figures(0.1)}
    text = StringIO()
    Console(width=80, file=text, color_system=None).print(made(measured(others=others)))
    lines = text.getvalue().splitlines()
    assert max(len(line.rstrip()) for line in lines) <= 80
    assert not any("…" in line for line in lines)


def test_files_are_written_whole(tmp_path):
    paths = made().write(tmp_path / "reports")
    assert [p.name for p in paths] == ["diagnosis.json", "diagnosis.md"]
    assert Diagnosis.from_json(json.loads(paths[0].read_text())) == made()
    assert paths[1].read_text() == made().to_markdown()


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match="0 wholes were measured"):
        made({Scored.alone("base"): figures(0.3)})
    with pytest.raises(DataError, match=r"\[3, 300\] users came"):
        made(groups={"history": {"x": np.ones(3, bool)}})
    with pytest.raises(DataError, match="no 'ndcg@10' of 'nobody'"):
        made().figure("nobody")
