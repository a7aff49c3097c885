"""What is drawn is what was found; how it looks is looked at by people."""

import builtins
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from penchant import Engine, EngineConfig, WorldConfig, make_world, plots
from penchant.errors import DataError, MissingExtraError
from penchant.evaluate.interests import reliability

QUICK = EngineConfig().but(
    **{"encode.kind": "hashed", "interests.dynamic.epochs": 1, "interests.dynamic.dims": 16}
)


@pytest.fixture(scope="module")
def engine():
    world = make_world(WorldConfig.small(users=60, events=2_500))
    made = Engine(config=QUICK)
    made.add(events=world.events, items=world.items)
    made.fit()
    return made


@pytest.fixture(scope="module")
def user(engine):
    counts = engine.data.events["user_id"].value_counts().sort("count", descending=True)
    return counts["user_id"][0]


@pytest.fixture(scope="module")
def drawn(engine, user):
    profile, reason = engine.interests(user), engine.recommend(user, n=1).explain()[0]
    table = reliability(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([[0.0, 1.0], [1.0, 0.0]]))
    return {
        "profile": (plots.profile, profile),
        "layers": (plots.layers, profile),
        "context": (plots.context, engine.lifts()),
        "course": (plots.course, engine.evolution(user, step="month")),
        "parts": (plots.parts, reason),
        "catalogue": (plots.catalogue, engine.tree),
        "reliability": (plots.reliability, table),
    }


NAMES = ("profile", "layers", "context", "course", "parts", "catalogue", "reliability")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dark", [False, True])
def test_each_has_a_title_and_a_look_and_can_be_written(drawn, name, dark, tmp_path):
    make, of = drawn[name]
    figure = make(of, dark=dark)
    assert isinstance(figure, go.Figure)
    assert figure.layout.title.text
    assert (figure.layout.paper_bgcolor == "#FFFFFF") != dark
    figure.write_html(tmp_path / "it.html", include_plotlyjs=False)
    assert (tmp_path / "it.html").stat().st_size > 1000


def test_every_picture_is_listed():
    assert set(plots.__all__) == set(NAMES)


def test_axes_say_what_they_are_and_in_which_unit(drawn):
    for name in ("layers", "context", "course", "parts", "reliability"):
        make, of = drawn[name]
        figure = make(of)
        titles = (figure.layout.xaxis.title.text, figure.layout.yaxis.title.text)
        assert any(titles), name


def test_the_rings_are_the_profile(drawn):
    _, profile = drawn["profile"]
    (ring,) = plots.profile(profile).data
    weights = {x.node.id: x.weight for level in profile.levels for x in level}
    assert dict(zip(ring.ids, ring.values, strict=True)) == {id_: weights[id_] for id_ in ring.ids}
    assert set(ring.parents) - {""} <= set(ring.ids)
    broad = [v for v, parent in zip(ring.values, ring.parents, strict=True) if not parent]
    assert 0.9 < sum(broad) <= 1 + 1e-5


def test_the_river_is_full(drawn):
    figure = plots.course(drawn["course"][1], n=2)
    total = np.sum([np.asarray(trace.y) for trace in figure.data], axis=0)
    np.testing.assert_allclose(total, 1.0, atol=1e-5)


def test_the_heatmap_is_the_lifts_on_a_scale_of_doublings(drawn):
    found = drawn["context"][1]
    figure = plots.context(found, "device", n=3)
    muted, sure = figure.data
    cells = {(x.path[-1], x.value): x for x in found.lifts if x.context == "device"}
    names, seen = figure.layout.yaxis.ticktext, 0
    assert len(names) == 3
    assert list(sure.x) == ["desktop", "mobile", "tablet"]
    for row, name in enumerate(names):
        for column, value in enumerate(sure.x):
            x = cells[name, value]
            pale = x.low <= 1.0 <= x.high
            drawn_in, other = (muted, sure) if pale else (sure, muted)
            assert drawn_in.z[row][column] == pytest.approx(np.log2(x.lift))
            assert other.z[row][column] is None
            assert f"×{x.lift:.2f}" in drawn_in.customdata[row][column][1]
            seen += 1
    assert seen == 9
    assert muted.opacity < 0.3
    assert "times as likely" in figure.layout.title.text


def test_a_heatmap_of_what_is_no_context_says_what_there_is(drawn):
    with pytest.raises(DataError, match="device"):
        plots.context(drawn["context"][1], "weather")


def test_parts_end_at_the_score(drawn):
    reason = drawn["parts"][1]
    bars = plots.parts(reason).data
    assert bars[-1].y[0] == pytest.approx(reason.score)
    last = bars[-2]
    assert last.base + last.y[0] == pytest.approx(reason.score, abs=1e-4)


def test_what_was_asked_for_is_a_bar_of_its_own(drawn):
    reason = drawn["parts"][1]
    asked = replace(reason, parts={**reason.parts, "feedback": 1.1}, score=reason.score + 1.1)
    names = [bar.x[0] for bar in plots.parts(asked).data]
    assert names == [*reason.parts, "feedback", "score"]
    colours = [bar.marker.color for bar in plots.parts(asked).data]
    assert len(set(colours)) == len(colours)


def test_without_plotly_it_says_what_to_install(drawn, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name.startswith("plotly"):
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    make, of = drawn["catalogue"]
    with pytest.raises(MissingExtraError, match=r"penchant\[plots\]"):
        make(of)
