"""Every verb on a small world, as a person and as a script would call it."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from penchant import Engine, WorldConfig, make_world
from penchant.cli.main import app

SETTINGS = """
[encode]
kind = "hashed"

[interests]
layers = ["base", "context", "popularity"]

[interests.context]
kind = "naive-bayes"

[interests.fusion]
kind = "fixed"
"""


def run(*words: object, code: int = 0, **more) -> Result:
    result = CliRunner().invoke(app, [str(word) for word in words], **more)
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    return result


def told(*words: object, **more):
    """The JSON answer of a verb; nothing else may stand on standard output."""
    return json.loads(run(*words, "--json", **more).stdout)


@pytest.fixture(scope="module")
def world():
    return make_world(WorldConfig.small())


@pytest.fixture(scope="module")
def files(world, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    world.events.write_parquet(folder / "events.parquet")
    world.items.write_parquet(folder / "items.parquet")
    return folder


@pytest.fixture(scope="module")
def fitted(files, tmp_path_factory) -> Path:
    shop = tmp_path_factory.mktemp("fitted") / "shop"
    run("add", files, "-w", shop, "--quiet")
    (shop / "config.toml").write_text(SETTINGS)
    run("fit", "-w", shop, "--quiet")
    return shop


@pytest.fixture
def shop(fitted, tmp_path) -> Path:
    """A copy of the fitted workspace that a test may change."""
    return Path(shutil.copytree(fitted, tmp_path / "shop"))


@pytest.fixture(scope="module")
def busy(world) -> str:
    """Someone with much history."""
    return str(world.events["user_id"].mode().sort()[0])


# add


def test_add_takes_a_folder_and_counts_what_is_there_already(files, world, tmp_path):
    first = told("add", files, "-w", tmp_path / "shop")
    again = told("add", files / "events.parquet", "-w", tmp_path / "shop")

    events = world.events.height
    assert {t["kind"]: t["new"] for t in first["tables"]} == {
        "events": events,
        "items": world.items.height,
    }
    assert again["tables"] == [{"kind": "events", "new": 0, "known": events, "replaced": 0}]
    assert again["report"][0]["count"] == events


def test_add_maps_columns_and_names_the_type_of_events(tmp_path):
    pl.DataFrame(
        {"customer": ["ann", "bob"], "sku": ["tea", "cup"], "date": ["2024-05-01", "2024-05-02"]}
    ).write_csv(tmp_path / "orders.csv")
    said = ["--map", "user_id=customer,item_id=sku", "--map", "timestamp=date"]

    run("add", tmp_path / "orders.csv", *said, "--event", "purchase", "-w", tmp_path / "shop")

    kept = Engine(tmp_path / "shop").tables.read("events").collect()
    assert kept["user_id"].to_list() == ["ann", "bob"]
    assert kept["event"].unique().to_list() == ["purchase"]


def test_add_takes_tables_by_name_and_several_at_once(files, tmp_path):
    answer = told(
        "add", "--events", files / "events.parquet", "--items", files / "items.parquet",
        "-w", tmp_path / "one",
    )  # fmt: skip
    other = told("add", files / "items.parquet", files / "events.parquet", "-w", tmp_path / "two")

    assert [t["kind"] for t in answer["tables"]] == ["items", "events"]
    assert answer["tables"] == other["tables"]


def test_add_says_what_it_did_and_what_comes_next(files, tmp_path):
    result = run("add", files, "-w", tmp_path / "shop")

    assert "already there" in result.stdout
    assert "penchant fit" in result.stderr
    assert "penchant fit" not in run("add", files, "-w", tmp_path / "b", "--quiet").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "nothing came"),
        (["nowhere.parquet"], "nowhere.parquet: no such file"),
        (["*.nothing"], "no file matches"),
        (["--events", "nowhere.csv"], "nowhere.csv: no such file"),
    ],
)
def test_a_mistyped_path_makes_no_workspace(words, said, tmp_path):
    result = run("add", *words, "-w", tmp_path / "shop", code=2)

    assert said in result.stderr
    assert not (tmp_path / "shop").exists()


def test_add_says_how_to_name_columns_that_it_cannot_tell(tmp_path):
    (tmp_path / "table.csv").write_text("who,what\nann,tea\n")

    result = run("add", tmp_path / "table.csv", "-w", tmp_path / "shop", code=2)

    assert "--map user_id=customer" in result.stderr
    assert "Traceback" not in result.output


def test_a_column_may_be_in_one_of_several_tables_but_must_be_in_one(tmp_path):
    orders = tmp_path / "orders.csv"
    orders.write_text("customer,sku,timestamp\nann,tea,2024-05-01\n")
    goods = tmp_path / "goods.csv"
    goods.write_text("sku,title\ntea,Tea\n")
    said = ["--map", "user_id=customer,item_id=sku", "-w", tmp_path / "shop"]
    wrong = ["--map", "user_id=nosuch,item_id=sku", "-w", tmp_path / "other"]

    assert {t["kind"] for t in told("add", goods, orders, *said)["tables"]} == {"items", "events"}
    for verb in ("add", "check"):
        result = run(verb, orders, *wrong, code=2)
        assert "--map) user_id=nosuch: there is no column 'nosuch'; there are" in result.stderr
    assert not (tmp_path / "other").exists()


def test_a_table_that_cannot_be_used_makes_no_workspace(files, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "head.csv").write_text("user_id,item_id,timestamp\n")
    shop = tmp_path / "shop"

    assert "empty" in run("add", files, tmp_path / "empty.csv", "-w", shop, code=2).stderr
    assert not shop.exists()
    assert "no row came" in run("add", tmp_path / "head.csv", "-w", shop).stderr


# check


def test_check_passes_on_the_world_from_files_and_from_the_workspace(files, fitted):
    of_files = told("check", files)
    of_shop = told("check", "-w", fitted)

    assert of_files["ok"] and of_shop["ok"]
    assert {r["name"] for r in of_files["results"]} == {r["name"] for r in of_shop["results"]}
    assert not Path("penchant-workspace").exists()


def test_check_shows_a_table_and_ends_with_one_where_something_fails(tmp_path):
    (tmp_path / "one.csv").write_text("user_id,item_id,timestamp\nann,tea,2024-05-01\n")

    result = run("check", tmp_path / "one.csv", code=1)

    assert "FAIL" in result.stdout and "PASS" in result.stdout
    assert told("check", tmp_path / "one.csv", code=1)["counts"]["FAIL"] >= 1


def test_check_tells_a_table_of_items_and_one_of_mapped_events(files, tmp_path):
    pl.DataFrame({"who": ["ann"], "sku": ["tea"], "timestamp": ["2024"]}).write_csv(
        tmp_path / "log.csv"
    )

    mapped = told("check", tmp_path / "log.csv", "--map", "user_id=who,item_id=sku", code=1)
    bare = told("check", tmp_path / "log.csv", code=1)

    assert mapped["results"][0]["status"] == "PASS"
    assert bare["results"][0] == {**bare["results"][0], "name": "columns", "status": "FAIL"}


# fit, models, promote, rollback, status


def test_versions_are_listed_promoted_and_rolled_back(shop):
    second = told("fit", "-w", shop, "--set", "interests.fusion.kind=gate")

    assert second["version"] == "0002"
    assert [v["current"] for v in told("models", "-w", shop)] == [False, True]
    assert told("rollback", "-w", shop) == {"model": "0001"}
    assert told("status", "-w", shop)["model"] == "0001"
    assert told("promote", "0002", "-w", shop) == {"model": "0002"}
    assert "→  0002" in run("models", "-w", shop).stdout
    assert "there is no '0009'" in run("promote", "0009", "-w", shop, code=2).stderr


def test_versions_are_listed_with_how_good_they_were_found_to_be(shop):
    fitted = told("fit", "-w", shop, "--set", "interests.fusion.kind=gate")
    first, second = told("models", "-w", shop)

    assert set(first["metrics"]["held_out"]) == {"moments", "interests_log_loss"}  # not mixed
    assert second["metrics"] == fitted["metrics"]
    shown = run("models", "-w", shop).stdout
    assert f"{fitted['metrics']['held_out']['ndcg@10']:.4f}" in shown
    assert "held out" in shown and "change" not in shown, "none was compared"


def test_fit_says_what_it_learned_from_and_shows_every_step(shop, world):
    result = run("fit", "-w", shop)

    assert f"{world.events.height:,} events" in result.stdout
    assert "base" in result.stderr and "\r" not in result.stderr
    assert run("fit", "-w", shop, "--quiet").stderr == ""


def test_status_says_what_there_is(fitted, world):
    found = told("status", "-w", fitted)

    assert found["rows"]["events"] == world.events.height
    assert found["model"] == "0001"
    assert "150 kept" not in run("status", "-w", fitted).stdout


# interests


def test_interests_show_a_profile_that_sums_to_one(fitted, busy):
    found = told("interests", busy, "-w", fitted)

    assert found["user_id"] == busy and found["events"] > 0
    for level in found["levels"]:
        assert sum(x["weight"] for x in level) == pytest.approx(1.0, abs=1e-5)
    assert "level 1" in run("interests", busy, "-w", fitted).stdout


def test_interests_can_be_read_at_80_columns(fitted, busy):
    levels = told("interests", busy, "-w", fitted)["levels"]
    narrow = run("interests", busy, "-w", fitted, env={"COLUMNS": "80"}).stdout
    wide = run("interests", busy, "-w", fitted, env={"COLUMNS": "140"}).stdout

    names = [x["name"] for level in levels for x in level[:8]]
    assert [name for name in names if len(name) <= 20 and name not in narrow] == []
    assert "context" in wide and "█" in wide
    assert max(len(line) for line in narrow.splitlines()) <= 80


def test_interests_over_time_can_be_read_at_80_columns(fitted, busy):
    words = ["interests", busy, "--over", "day", "-w", fitted]
    names = [x["name"] for x in told(*words)["levels"][0]]
    narrow = run(*words, env={"COLUMNS": "80"}).stdout

    assert all(name in narrow for name in names) and "because" not in narrow
    assert max(len(line) for line in narrow.splitlines()) <= 80
    assert "because" in run(*words, env={"COLUMNS": "120"}).stdout


def test_interests_at_a_time_and_in_a_context(fitted, busy):
    now = told("interests", busy, "-w", fitted)
    early = told("interests", busy, "--at", "2024-01-20", "-w", fitted)
    there = told("interests", busy, "--context", "weekday=sat,device=mobile", "-w", fitted)

    assert early["events"] < now["events"]
    assert there["context"] == {"weekday": "sat", "device": "mobile"}
    assert there["levels"] != now["levels"]


def test_the_tree_is_drawn_and_told(fitted):
    tree = told("interests", "--tree", "-w", fitted)
    drawn = run("interests", "--tree", "-w", fitted).stdout

    assert all(node["name"] in drawn for node in tree)
    assert "[bold]" not in drawn


def test_interests_over_time(fitted, busy):
    found = told("interests", busy, "--over", "week", "-w", fitted)
    assert found["user_id"] == busy
    steps = len(found["times"])
    assert steps > 3
    levels = found["levels"]
    assert all(len(x["weights"]) == steps for level in levels for x in level)
    for step in range(steps):
        assert sum(x["weights"][step] for x in levels[0]) == pytest.approx(1.0, abs=1e-4)
    shown = run("interests", busy, "--over", "week", "-w", fitted).stdout
    assert "phase" in shown
    assert "day, week" in run("interests", busy, "--over", "hour", "-w", fitted, code=2).stderr


def test_interests_to_come(fitted, busy):
    found = told("interests", busy, "--ahead", "week", "-w", fitted)
    assert (found["user_id"], found["step"]) == (busy, "week")
    for level in found["levels"]:
        assert sum(x["ahead"] for x in level) == pytest.approx(1.0, abs=1e-4)
    assert found["way"] in {trial["way"] for trial in found["trials"]}
    assert "to come" in run("interests", busy, "--ahead", "week", "-w", fitted).stdout
    assert "day, week" in run("interests", busy, "--ahead", "hour", "-w", fitted, code=2).stderr


def test_interests_of_everybody_and_of_one_by_context(fitted, busy):
    everybody = told("interests", "--when", "-w", fitted)
    assert everybody["user_id"] is None
    assert {"device", "weekday", "hour"} <= {x["context"] for x in everybody["lifts"]}
    assert all(x["low"] <= x["lift"] <= x["high"] for x in everybody["lifts"])
    assert {g["context"] for g in everybody["gains"]} == {x["context"] for x in everybody["lifts"]}
    narrow = told("interests", busy, "--when", "--level", 2, "-w", fitted)
    assert (narrow["user_id"], narrow["level"]) == (busy, 2)
    assert len(narrow["lifts"]) > len(everybody["lifts"])
    assert 0 < narrow["events"] < everybody["events"]
    shown = run("interests", busy, "--when", "-w", fitted).stdout
    assert busy in shown
    assert "month: fewer than 3 years" in shown


def test_interests_by_context_of_somebody_new_and_of_a_time_long_ago(fitted, busy):
    new = run("interests", "nobody", "--when", "-w", fitted)
    assert "what holds for everybody" in new.stdout
    assert "not known" in new.stderr
    early = told("interests", "--when", "--at", "2024-01-03", "-w", fitted)
    assert 0 < early["events"] < 500
    assert early["matters"] == []
    before = run("interests", "--when", "--at", "2020-01-01", "-w", fitted).stdout
    assert "no context" in before
    assert "levels 1 to" in run("interests", "--when", "--level", 9, "-w", fitted, code=2).stderr


def test_interests_of_somebody_who_says_something(fitted):
    tree = told("interests", "--tree", "-w", fitted)
    found = told("interests", "--text", tree[0]["name"], "-w", fitted)
    assert found["words"] == tree[0]["name"]
    assert found["user_id"] is None
    assert sum(x["weight"] for x in found["levels"][0]) == pytest.approx(1.0, abs=1e-4)
    assert tree[0]["name"] in run("interests", "--text", tree[0]["name"], "-w", fitted).stdout


@pytest.mark.parametrize(
    "words",
    [
        ["--text", "tea", "--over", "week"],
        ["--tree", "--context", "device=mobile"],
        ["somebody", "--over", "week", "--context", "device=mobile"],
        ["somebody", "--over", "week", "--when"],
        ["somebody", "--ahead", "week", "--over", "week"],
        ["--when", "--context", "device=mobile"],
    ],
)
def test_interests_says_what_does_not_go_together(words, fitted):
    assert "--over, --ahead, --context" in run("interests", *words, "-w", fitted, code=2).stderr


@pytest.mark.parametrize("words", [[], ["ann", "--tree"], ["--text", "tea", "--when"]])
def test_interests_wants_a_user_or_the_tree(words, fitted):
    assert "name a user" in run("interests", *words, "-w", fitted, code=2).stderr


# recommend, explain


def test_recommendations_are_ranked_and_their_parts_add_up(fitted, busy):
    found = told("recommend", busy, "-n", 5, "-w", fitted)

    assert [r["rank"] for r in found["items"]] == [1, 2, 3, 4, 5]
    scores = [r["score"] for r in found["items"]]
    assert scores == sorted(scores, reverse=True)
    for r in found["items"]:
        assert sum(r["parts"].values()) == pytest.approx(r["score"], abs=1e-5)


def test_explained_recommendations_agree_with_explain(fitted, busy):
    first = told("recommend", busy, "--explain", "-n", 2, "-w", fitted)["items"][0]
    reason = told("explain", busy, first["item_id"], "-w", fitted)
    shown = run("recommend", busy, "--explain", "-n", 2, "-w", fitted).stdout

    assert reason["score"] == pytest.approx(first["score"], abs=1e-5)
    assert first["reason"]["sentence"] == reason["sentence"]
    assert first["title"] in shown and "base" in shown and "% of the profile" in shown
    assert (
        reason["sentence"].split()[0] in run("explain", busy, first["item_id"], "-w", fitted).stdout
    )


def test_filters_narrow_the_list(fitted, world, busy, tmp_path):
    def items(*words):
        return [r["item_id"] for r in told("recommend", busy, *words, "-w", fitted)["items"]]

    top = items("-n", 5)
    brand = world.items["brand"].drop_nulls().mode().sort()[0]
    of_brand = set(world.items.filter(pl.col("brand") == brand)["item_id"])
    had = set(world.events.filter(pl.col("user_id") == busy)["item_id"])
    (tmp_path / "ids.txt").write_text("\n".join(top[:3]) + "\n\n")

    assert top[0] not in items("-n", 5, "--deny", top[0])
    assert set(items("--allow", f"@{tmp_path / 'ids.txt'}")) == set(top[:3])
    assert set(items("--where", f"brand={brand}")) <= of_brand
    assert not set(items("--no-seen")) & had
    assert set(items("--seen")) & had


def test_within_an_interest(fitted, busy):
    node = told("interests", "--tree", "-w", fitted)[0]

    found = told("recommend", busy, "--within", node["name"], "-n", 1, "-w", fitted)["items"][0]

    paths = told("explain", busy, found["item_id"], "-w", fitted)["interests"]
    assert paths[0]["path"] == node["name"]


def test_someone_new_gets_what_was_given_by_hand(fitted):
    node = told("interests", "--tree", "-w", fitted)[0]

    found = told("recommend", "--like", f"{node['name']}=2", "-n", 3, "-w", fitted)

    assert found["user_id"] == "someone new"
    assert all(r["parts"]["given"] > 0 for r in found["items"])


def test_an_unknown_user_is_served_as_new_with_a_note(fitted):
    for words in (["recommend", "nobody"], ["interests", "nobody"]):
        result = run(*words, "-w", fitted)
        assert result.stdout
        assert "nobody is not known" in result.stderr
    assert "nobody is not known" not in run("recommend", "nobody", "-q", "-w", fitted).stderr
    assert told("recommend", "nobody", "-n", 1, "-w", fitted)["items"]


def test_before_the_first_event_a_user_is_new(fitted, busy):
    result = run("recommend", busy, "--at", "2020-01-01", "-w", fitted)

    assert f"{busy} has no events before 2020-01-01" in result.stderr


def test_an_empty_list_says_what_the_filters_took(fitted, busy):
    result = run("recommend", busy, "--where", "brand=Nobody", "-w", fitted)

    assert result.stdout == ""
    assert "nothing is left to recommend" in result.stderr and "brand is another" in result.stderr
    assert told("recommend", busy, "--where", "brand=Nobody", "-w", fitted)["items"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["recommend"], "nobody was named"),
        (["recommend", "ann", "--like", "Kitchen=much"], "expected a number"),
        (["recommend", "ann", "--where", "brand"], "expected name=value"),
        (["recommend", "ann", "--where", "colr=red"], "items have no column 'colr'"),
        (["recommend", "ann", "--within", "Kitchn"], "Did you mean 'kitchen'?"),
        (["recommend", "ann", "--allow", "@nowhere.txt"], "nowhere.txt: cannot be read"),
        (["recommend", "ann", "--at", "soon"], "not a time"),
        (["recommend", "ann", "--context", "weekday"], "expected name=value"),
        (["recommend", "ann", "--context", "weekday=sat,weekday=sun"], "came twice"),
        (["recommend", "ann", "--context", "moon=full"], "context 'moon'"),
        (["recommend", " "], "expected a user_id"),
        (["explain", "ann", "nothing"], "item 'nothing'"),
        (["evaluate", "--split", "tme"], "Did you mean 'time'?"),
        (["evaluate", "--cut", "soon"], "--cut: 'soon' is not a time"),
        (["evaluate", "--test-fraction", "1.5"], "test_fraction"),
        (["fit", "--set", "interests.base.kin=svd"], "Did you mean 'kind'?"),
        (["fit", "--set", "seed"], "expected key=value"),
        (["fit", "--config", "nowhere.toml"], "nowhere.toml: no such file"),
    ],
)
def test_a_mistake_is_told_in_one_message(words, said, fitted):
    plain = run(*words, "-w", fitted, code=2)
    error = json.loads(run(*words, "-w", fitted, "--json", code=2).stderr.splitlines()[-1])

    assert plain.stdout == ""
    assert plain.stderr.splitlines()[-1].startswith("Error: ") and said in plain.stderr
    assert "Traceback" not in plain.output
    assert said in error["error"]["message"] and error["error"]["type"].endswith("Error")


# evaluate


def test_evaluate_shows_the_figures_and_writes_them(fitted, tmp_path):
    words = ["evaluate", "--split", "time", "--test-fraction", "0.2", "-w", fitted]
    result = run(*words, "--out", tmp_path / "report", env={"COLUMNS": "80"})
    written = json.loads((tmp_path / "report" / "evaluation.json").read_text())

    assert "ndcg@10" in result.stdout and "popularity" in result.stdout
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert (fitted / "reports" / "evaluation.md").exists()
    assert {"penchant", "EASE"} <= {row["scorer"] for row in written["rows"]}


def test_evaluate_alone_as_json(fitted):
    found = told("evaluate", "--no-baselines", "--cut", "2024-03-15", "-w", fitted)

    assert {row["scorer"] for row in found["rows"]} == {found["model"]}
    assert found["fingerprint"]


# diagnose


def test_diagnose_shows_who_is_helped_and_writes_it(fitted, tmp_path):
    words = ["diagnose", "--split", "time", "--test-fraction", "0.2", "-w", fitted]
    result = run(*words, "--out", tmp_path / "report", env={"COLUMNS": "80"})
    written = json.loads((tmp_path / "report" / "diagnosis.json").read_text())

    assert "base alone" in result.stdout and "history 21–50" in result.stdout
    assert "\n- " in result.stdout and "the whole" in result.stdout.split("\n- ")[1]
    assert max(len(line) for line in result.stdout.splitlines()) <= 80
    assert (fitted / "reports" / "diagnosis.md").exists()
    assert written["layers"] == ["base", "context", "popularity"]
    assert not [f for f in written["figures"] if f["role"] == "baseline"]


def test_diagnose_beside_the_baselines_as_json(fitted):
    words = ["--baselines", "--cut", "2024-03-15", "--set", "evaluate.tuning.budget=1"]
    found = told("diagnose", *words, "-w", fitted)

    assert {"EASE", "popularity"} <= {f["scorer"] for f in found["figures"]}
    assert set(found["verdicts"]) == {"base", "context", "popularity"}


# forget


def test_feedback_counts_at_once_and_is_taken_back(shop, busy):
    before = told("interests", busy, "-w", shop)["levels"][1][1]
    said = told("feedback", busy, "--more", before["id"], "-w", shop)
    assert [(s["direction"], s["interest"]) for s in said["statements"]] == [("more", before["id"])]
    level = told("interests", busy, "-w", shop)["levels"][1]
    after = next(x for x in level if x["id"] == before["id"])
    assert after["weight"] > before["weight"]
    assert after["asked"] == "more"
    assert f"{busy} asked for" in run("feedback", busy, "-w", shop).stdout
    cleared = run("feedback", busy, "--clear", before["name"], "-w", shop).stdout
    assert "asked for nothing by hand" in cleared


def test_feedback_on_items_stands_in_reasons(shop, busy):
    first, other = (r["item_id"] for r in told("recommend", busy, "-n", 2, "-w", shop)["items"])
    run("feedback", busy, "--never", first, "--item", "-w", shop)
    run("feedback", busy, "--less", other, "--item", "--at", "2024-03-01", "-w", shop)
    assert first not in {r["item_id"] for r in told("recommend", busy, "-w", shop)["items"]}
    shown = run("explain", busy, first, "-w", shop).stdout
    assert "You asked never to see this again." in shown
    assert "asked for never" in shown
    assert "feedback" in told("explain", busy, other, "-w", shop)["parts"]
    early = told("feedback", busy, "--at", "2024-02-01", "-w", shop)
    assert early["statements"] == []
    assert told("feedback", busy, "--clear-all", "-w", shop)["statements"] == []


def test_feedback_of_somebody_new_is_noted(shop):
    name = told("interests", "--tree", "-w", shop)[0]["name"]
    plain = run("recommend", "somebody new", "-w", shop).stderr
    said = run("feedback", "somebody new", "--more", name, "-w", shop)
    asked = run("recommend", "somebody new", "-w", shop).stderr
    assert "who gets what is popular" in plain and "by what they asked for" in asked
    assert "has no events yet" in said.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--more", "no such thing"], "no such thing"),
        (["--never", "no such thing", "--item"], "item 'no such thing'"),
        (["--item"], "--item"),
        (["--clear-all", "--more", "x"], "--clear-all"),
        (["--at", "soon"], "ISO 8601"),
    ],
)
def test_feedback_says_what_is_wrong_and_keeps_nothing(shop, busy, words, said):
    name = told("interests", "--tree", "-w", shop)[0]["name"]
    more = ["--less", name] if "no such thing" in words and "--item" not in words else []
    assert said in run("feedback", busy, *words, *more, "-w", shop, code=2).stderr
    assert told("feedback", busy, "-w", shop)["statements"] == []


def test_feedback_comes_in_as_a_table(shop, busy, tmp_path):
    name = told("interests", "--tree", "-w", shop)[0]["name"]
    rows = {"user_id": [busy], "timestamp": ["2024-03-01"], "event": ["less"], "interest": [name]}
    pl.DataFrame(rows).write_csv(tmp_path / "words.csv")
    added = run("add", tmp_path / "words.csv", "-w", shop)
    assert "It counts at once" in added.stderr
    assert told("feedback", busy, "-w", shop)["statements"][0]["direction"] == "less"
    assert told("add", "--feedback", tmp_path / "words.csv", "-w", shop)["tables"][0]["known"] == 1


def test_forget_asks_first(shop, busy):
    assert "nothing was removed" in run("forget", busy, "-w", shop, input="n\n", code=1).stderr
    assert "nobody answered" in run("forget", busy, "-w", shop, code=2).stderr
    assert "nobody answered" in run("forget", busy, "-w", shop, "--json", code=2).stderr
    assert told("interests", busy, "-w", shop)["events"] > 0


def test_forget_removes_a_person(shop, busy, world):
    rows = world.events.filter(pl.col("user_id") == busy).height

    result = run("forget", busy, "-w", shop, input="y\n")

    assert f"forgot {busy}: {rows:,} rows removed" in result.stdout
    assert told("interests", busy, "-w", shop)["events"] == 0
    assert told("forget", busy, "--yes", "-w", shop) == {"user_id": busy, "rows": 0}


# empty states


@pytest.mark.parametrize(
    "words",
    [
        ["status"], ["models"], ["fit"], ["check"], ["rollback"], ["evaluate"],
        ["diagnose"],
        ["interests", "ann"], ["interests", "--tree"], ["recommend", "ann"],
        ["explain", "ann", "x"], ["forget", "ann", "--yes"], ["promote", "0001"],
    ],
)  # fmt: skip
def test_without_a_workspace_each_verb_says_how_to_begin(words, tmp_path):
    result = run(*words, "-w", tmp_path / "shop", code=2)

    assert "penchant add FILE" in result.stderr
    assert not (tmp_path / "shop").exists()


def test_before_the_first_fit_each_verb_says_what_to_do(files, tmp_path):
    shop = tmp_path / "shop"
    run("add", files, "-w", shop)

    for words in (["interests", "ann"], ["recommend", "ann"], ["explain", "ann", "x"]):
        assert "penchant fit" in run(*words, "-w", shop, code=2).stderr
    assert "penchant fit" in run("status", "-w", shop).stderr
    assert "penchant fit" in run("models", "-w", shop).stderr
    assert told("models", "-w", shop) == []


def test_in_an_empty_workspace_each_verb_says_how_to_add(tmp_path):
    shop = tmp_path / "shop"
    run("config", "seed=1", "-w", shop)

    assert "penchant add" in run("status", "-w", shop).stderr
    for words in (["fit"], ["evaluate"], ["diagnose"], ["check"]):
        assert "penchant add" in run(*words, "-w", shop, code=2).stderr
