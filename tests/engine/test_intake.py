"""What comes in at the front door."""

import json
from datetime import datetime

import polars as pl
import pytest
from typer.testing import CliRunner

from penchant import Engine, EngineConfig
from penchant.cli.main import app
from penchant.errors import ReadError, SchemaError

EVENTS = pl.DataFrame(
    {
        "user_id": ["a", "a", "b"],
        "item_id": ["x", "y", "x"],
        "timestamp": [datetime(2024, 1, d) for d in (1, 2, 3)],
        "event": ["view", "view", "like"],
    }
)
ITEMS = pl.DataFrame({"item_id": ["x", "y"], "title": ["Tea", "Cup"]})


@pytest.fixture
def engine():
    return Engine(config=EngineConfig())


def stored(engine, kind="events"):
    return engine.tables.read(kind).collect()


def counts(added):
    return {r.kind: r.new for r in added.receipts}


def test_tables(engine):
    assert counts(engine.add(events=EVENTS, items=ITEMS)) == {"items": 2, "events": 3}
    assert stored(engine)["event"].to_list() == ["view", "view", "like"]


@pytest.mark.parametrize("mapping", [None, {"user_id": "customer"}])
def test_a_batch_may_be_empty(engine, mapping):
    assert counts(engine.add(events=[], items=[], mapping=mapping)) == {"items": 0, "events": 0}
    assert counts(engine.add(events=EVENTS)) == {"events": 3}
    assert counts(engine.add(events=[], feedback=[])) == {"events": 0, "feedback": 0}


def test_rows_without_columns_are_not_taken_for_none(engine):
    with pytest.raises(ReadError, match="rows without any column came"):
        engine.add(events=[{}, {}])


class Theirs:
    """A table of another library: nothing but the Arrow interface."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, schema=None):
        return self.table.__arrow_c_stream__(schema)


def test_other_libraries_tables(engine):
    assert counts(engine.add(events=Theirs(EVENTS), items=Theirs(ITEMS))) == {
        "items": 2,
        "events": 3,
    }


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_a_file_is_known_by_its_columns(engine, tmp_path, ending):
    write = {"csv": "write_csv", "parquet": "write_parquet", "jsonl": "write_ndjson"}[ending]
    getattr(EVENTS, write)(tmp_path / f"anything.{ending}")
    getattr(ITEMS, write)(tmp_path / f"other.{ending}")
    assert counts(engine.add(tmp_path / f"anything.{ending}")) == {"events": 3}
    assert counts(engine.add(tmp_path / f"other.{ending}")) == {"items": 2}


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (pl.DataFrame({"user_id": ["a"], "age": [3]}), "users"),
        (pl.DataFrame({"source": ["a"], "target": ["b"]}), "relations"),
        (
            pl.DataFrame(
                {"user_id": "a", "timestamp": "2024-05-01", "event": "more", "interest": "Tea"}
            ),
            "feedback",
        ),
        (
            EVENTS.drop("event").with_columns(clicked=pl.lit(True), position=pl.lit(1)),
            "exposures",
        ),
    ],
)
def test_other_kinds_by_their_columns(engine, tmp_path, table, kind):
    table.write_parquet(tmp_path / "t.parquet")
    assert list(counts(engine.add(tmp_path / "t.parquet"))) == [kind]
    assert stored(engine, kind).height == table.height


def test_a_folder_of_tables_by_name(engine, tmp_path):
    EVENTS.head(1).write_parquet(tmp_path / "events-2023.parquet")
    EVENTS.tail(2).write_parquet(tmp_path / "events-2024.parquet")
    ITEMS.write_csv(tmp_path / "items.csv")
    (tmp_path / "README.txt").write_text("not a table")
    assert counts(engine.add(tmp_path)) == {"items": 2, "events": 3}


def test_a_known_format_is_detected_or_named(engine, tmp_path):
    ratings = "userId,movieId,rating,timestamp\n1,2,4.0,964982703\n1,3,3.5,964981247\n"
    (tmp_path / "ratings.csv").write_text(ratings)
    movies = "movieId,title,genres\n2,Heat (1995),Action|Crime\n3,Jumanji (1995),Adventure\n"
    (tmp_path / "movies.csv").write_text(movies)
    assert counts(engine.add(tmp_path)) == {"items": 2, "events": 2}
    again = engine.add(tmp_path, format="movielens")
    assert counts(again) == {"items": 0, "events": 0}


def test_columns_of_other_names(engine):
    theirs = EVENTS.rename({"user_id": "customer", "item_id": "sku"}).drop("event")
    things = ITEMS.rename({"item_id": "sku"})
    mapping = {"user_id": "customer", "item_id": "sku"}
    added = engine.add(events=theirs, items=things, mapping=mapping, event="purchase")
    assert counts(added) == {"items": 2, "events": 3}
    assert set(stored(engine)["event"]) == {"purchase"}


def test_a_file_of_other_names(engine, tmp_path):
    EVENTS.rename({"user_id": "customer", "item_id": "sku"}).write_csv(tmp_path / "log.csv")
    with pytest.raises(SchemaError, match=r"cannot tell what this table is.*--map"):
        engine.add(tmp_path / "log.csv")
    mapping = {"user_id": "customer", "item_id": "sku"}
    assert counts(engine.add(tmp_path / "log.csv", mapping=mapping)) == {"events": 3}


def test_a_mapping_to_nowhere_is_told(engine):
    with pytest.raises(SchemaError, match="no column 'custmer'"):
        engine.add(events=EVENTS, mapping={"user_id": "custmer"})


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        ({"user_id": "nosuch"}, "user_id=nosuch: there is no column 'nosuch'; there are customer"),
        ({"user_id": "custmer"}, "Did you mean 'customer'"),
        ({"user": "customer"}, "user=customer: .* Did you mean 'user_id'"),
        ({"userid_": "customer"}, "Did you mean 'user_id'"),
    ],
)
def test_a_mapping_that_is_mistaken_makes_no_catalogue_of_a_log(engine, tmp_path, mapping, said):
    EVENTS.rename({"user_id": "customer", "item_id": "sku"}).write_csv(tmp_path / "log.csv")
    with pytest.raises(SchemaError, match=said):
        engine.add(tmp_path / "log.csv", mapping={**mapping, "item_id": "sku"})
    assert stored(engine, "items").height == 0


def test_an_empty_table_may_have_had_the_column_of_a_mapping(engine):
    mapping = {"user_id": "customer", "item_id": "sku"}
    things = ITEMS.rename({"item_id": "sku"})
    added = engine.add(events=pl.DataFrame(), items=things, mapping=mapping)
    assert counts(added) == {"items": 2, "events": 0}


def test_a_log_whose_users_were_not_mapped_is_no_catalogue(engine, tmp_path):
    theirs = {"user_id": "customer", "item_id": "sku", "timestamp": "bought"}
    EVENTS.rename(theirs).write_csv(tmp_path / "log.csv")
    with pytest.raises(SchemaError, match=r"events: no column user_id.*--map user_id=customer"):
        engine.add(tmp_path / "log.csv", mapping={"item_id": "sku", "timestamp": "bought"})


def test_a_mapping_may_name_a_column_of_ones_own(engine):
    theirs = EVENTS.with_columns(wd=pl.lit("sat"))
    engine.add(events=theirs, mapping={"date": "wd", "weekday": "event"}, event="view")
    assert stored(engine)["date"].to_list() == ["sat"] * 3


@pytest.mark.parametrize("kind", ["exposures", "feedback"])
def test_a_name_tells_what_the_columns_leave_open(engine, tmp_path, kind):
    table = {
        "exposures": EVENTS.drop("event"),
        "feedback": EVENTS.with_columns(event=pl.lit("more")),
    }
    table[kind].with_columns(position=pl.lit(1)).write_csv(tmp_path / f"{kind}-2024.csv")
    assert list(counts(engine.add(tmp_path / f"{kind}-2024.csv"))) == [kind]


def test_a_folders_tables_of_other_names_are_counted(engine, tmp_path):
    for name in ("events", "listens_undated", "more"):
        EVENTS.write_parquet(tmp_path / f"{name}.parquet")
    (tmp_path / "README.txt").write_text("not a table")
    added = engine.add(tmp_path)
    assert counts(added) == {"events": 3}
    finding = next(f for f in added.report.findings if "files not read" in f.what)
    assert (finding.count, finding.examples) == (2, ("listens_undated.parquet", "more.parquet"))


def test_nothing_there(engine, tmp_path):
    with pytest.raises(ReadError):
        engine.add(tmp_path / "missing.parquet")
    with pytest.raises(ReadError):
        engine.add(events=tmp_path / "missing-*.parquet")


def test_a_source_and_a_table_beside_it(engine, tmp_path):
    EVENTS.write_parquet(tmp_path / "events.parquet")
    assert counts(engine.add(tmp_path, items=ITEMS)) == {"items": 2, "events": 3}


def test_what_was_added_is_told(engine):
    added = engine.add(events=pl.concat([EVENTS, EVENTS.head(1)]), items=ITEMS)
    told = json.loads(json.dumps(added.to_json()))
    assert {t["kind"]: t["new"] for t in told["tables"]} == {"items": 2, "events": 3}
    assert "events" in str(added)
    assert added.report.count("rows already there set aside") == 1


def test_items_sent_again_replace_the_earlier(engine):
    engine.add(items=ITEMS)
    added = engine.add(items=ITEMS.with_columns(title=pl.lit("New")))
    assert [r.replaced for r in added.receipts] == [2]
    assert stored(engine, "items")["title"].to_list() == ["New", "New"]


def test_times_are_written_as_is_said(engine, tmp_path):
    rows = "user_id,item_id,timestamp\na,x,02/09/2018 17:30\nb,y,soon\n"
    (tmp_path / "visits.csv").write_text(rows)
    with pytest.raises(SchemaError, match=r"time_format \(--time-format\), as '%d/%m/%Y"):
        engine.add(tmp_path / "visits.csv")
    added = engine.add(tmp_path / "visits.csv", time_format="%d/%m/%Y %H:%M")
    assert stored(engine)["timestamp"].dt.to_string("%Y-%m-%d %H:%M").to_list() == [
        "2018-09-02 17:30"
    ]
    assert added.report.count("rows without timestamp set aside") == 1
    edges = [{"source": "a", "target": "b", "timestamp": "03/09/2018"}]
    engine.add(relations=edges, time_format="%d/%m/%Y")
    assert stored(engine, "relations")["timestamp"].dt.month().to_list() == [9]
    result = CliRunner().invoke(
        app, ["-w", str(tmp_path / "shop"), "add", str(tmp_path / "visits.csv"),
              "--time-format", "%d/%m/%Y %H:%M"],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
