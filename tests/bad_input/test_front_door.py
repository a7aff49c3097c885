"""Whatever comes to the front door: a clear error, or a counted set-aside, and the rest goes on.

Each case is given as a person would give it: files and tables to `add`, then `fit`, `interests`
and `recommend` on what was left.
"""

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from penchant import Engine, EngineConfig, PenchantError, SplitConfig
from penchant.errors import (
    ConfigError,
    CorruptModelError,
    DataError,
    NotFittedError,
    ReadError,
    SchemaError,
    StoreError,
    UnknownIdError,
)
from penchant.store.tables import Kind

QUICK = EngineConfig().but(
    **{
        "encode.kind": "hashed",
        "encode.hashed_dim": 64,
        "interests.dynamic.epochs": 1,
        "interests.dynamic.dims": 16,
    }
)
DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)
TITLES = ("green tea", "black tea", "teapot", "coffee beans", "coffee mill", "mug", "kettle", "jam")


def engine(workspace: Path | None = None) -> Engine:
    return Engine(workspace, QUICK, clock=lambda: DAY + timedelta(days=60))


def events(users: int = 12, items: int = 8, each: int = 5) -> pl.DataFrame:
    """A small log: everyone looks at a few neighbouring things, an hour apart."""
    rows = [
        (f"u{u}", f"i{(u + k) % items}", DAY + timedelta(days=u, hours=k), "view")
        for u in range(users)
        for k in range(each)
    ]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp", "event"], orient="row")


def items(n: int = 8) -> pl.DataFrame:
    titles = [TITLES[i % len(TITLES)] for i in range(n)]
    return pl.DataFrame({"item_id": [f"i{i}" for i in range(n)], "title": titles})


def stored(made: Engine, kind: Kind) -> pl.DataFrame:
    return made.tables.read(kind).collect()


def goes_on(made: Engine, user: str = "u1") -> None:
    """Fit, then ask: the profile sums to 1 and the list's parts add up."""
    made.fit()
    for level in range(1, made.tree.levels + 1):
        assert made.interests(user).weights(level).sum() == pytest.approx(1.0, abs=1e-5)
    for rec in made.recommend(user):
        assert sum(rec.parts.values()) == pytest.approx(rec.score, abs=1e-5)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def lines(n: int = 60) -> list[str]:
    told = events().head(n).iter_rows()
    return [f"{u},{i},{t.isoformat()},{e}" for u, i, t, e in told]


HEAD = "user_id,item_id,timestamp,event"


# Files


def test_a_csv_that_breaks_off(tmp_path: Path) -> None:
    """The last line lacks its end: it is set aside and counted, the others come in."""
    told = "\n".join([HEAD, *lines()])
    path = write(tmp_path / "events.csv", told[:-20])
    made = engine()
    added = made.add(events=path, items=items())
    assert added.receipts[-1].new == 59
    assert any(f.count == 1 for f in added.report.findings), str(added.report)
    goes_on(made)


def test_a_gzip_that_breaks_off(tmp_path: Path) -> None:
    whole = gzip.compress("\n".join([HEAD, *lines()]).encode())
    path = tmp_path / "events.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ReadError, match=r"events\.csv\.gz"):
        engine().add(events=path)


def test_a_parquet_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "events.parquet"
    events().write_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ReadError, match=r"events\.parquet"):
        engine().add(events=path)


@pytest.mark.parametrize("name", ["events.csv", "events.jsonl", "events.parquet", "events.csv.gz"])
def test_an_empty_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(ReadError, match=f"{name}.*empty"):
        engine().add(events=tmp_path / name)


def test_a_file_with_a_header_and_nothing_else(tmp_path: Path) -> None:
    made = engine()
    made.add(events=write(tmp_path / "events.csv", HEAD + "\n"))
    with pytest.raises(DataError, match="no events yet"):
        made.fit()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "events.csv", HEAD)
    with pytest.raises(ReadError, match=r"Did you mean .*events\.csv"):
        engine().add(events=tmp_path / "event.csv")


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    """Latin letters come in as they are meant, or marked and counted; nothing falls over."""
    path = tmp_path / "items.csv"
    told = ["item_id,title", *(f"i{n},{title} à la crème" for n, title in enumerate(TITLES))]
    path.write_bytes("\n".join(told).encode("latin-1"))
    made = engine()
    added = made.add(events=events(), items=path)
    assert added.report.findings, "what was not UTF-8 is told of"
    titles = stored(made, "items")["title"].to_list()
    assert len(titles) == len(TITLES)
    assert all(title and title.startswith(TITLES[n]) for n, title in enumerate(titles))
    goes_on(made)


def test_bytes_that_are_no_text_at_all(tmp_path: Path) -> None:
    path = tmp_path / "events.csv"
    path.write_bytes(bytes(range(256)) * 40)
    with pytest.raises(PenchantError):
        engine().add(events=path)


# Columns


def test_a_missing_column_is_named_with_what_came() -> None:
    with pytest.raises(SchemaError, match="timestamp") as caught:
        engine().add(events=events().rename({"timestamp": "bought_on"}))
    assert "bought_on" in str(caught.value)


def test_a_column_of_another_name_is_suggested() -> None:
    with pytest.raises(SchemaError, match="customer_id"):
        engine().add(events=events().rename({"user_id": "customer_id"}))


def test_a_mapping_to_a_column_that_is_not_there() -> None:
    with pytest.raises(SchemaError, match="klient"):
        engine().add(events=events(), mapping={"user_id": "klient"})


def test_a_mapping_brings_it_in() -> None:
    made = engine()
    theirs = events().rename({"user_id": "customer_id"})
    made.add(events=theirs, items=items(), mapping={"user_id": "customer_id"})
    goes_on(made)


def test_times_that_are_no_times() -> None:
    with pytest.raises(SchemaError, match="timestamp"):
        engine().add(events=events().with_columns(timestamp=pl.lit("soon")))


def test_mixed_time_zones_are_one_time() -> None:
    """The same moment, told in three zones and in none (taken as UTC), is one moment."""
    told = ["2024-05-01T12:00:00+02:00", "2024-05-01T10:00:00Z", "2024-05-01T05:30:00-04:30"]
    told += ["2024-05-01 10:00:00"]
    table = pl.DataFrame(
        {"user_id": list("abcd"), "item_id": ["i1"] * 4, "timestamp": told, "event": "view"}
    )
    made = engine()
    added = made.add(events=table)
    kept = stored(made, "events")["timestamp"]
    assert kept.n_unique() == 1
    assert kept[0] == datetime(2024, 5, 1, 10, tzinfo=UTC)
    assert added.report.findings, "times without a zone are told of"


def test_rows_without_user_item_or_time_are_counted() -> None:
    table = events().with_columns(
        user_id=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("user_id"),
        timestamp=pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise("timestamp"),
    )
    made = engine()
    added = made.add(events=table, items=items())
    assert stored(made, "events").height == table.height - 4
    assert sum(f.count for f in added.report.findings) >= 4
    goes_on(made)


def test_duplicate_item_ids_are_counted_and_the_fullest_is_kept() -> None:
    twice = pl.concat([items(), pl.DataFrame({"item_id": ["i3"], "title": [None]})], how="diagonal")
    made = engine()
    added = made.add(events=events(), items=twice)
    assert stored(made, "items").height == 8
    assert any(f.count == 1 and "items" in f.step for f in added.report.findings), added.report
    assert dict(stored(made, "items").iter_rows())["i3"] == TITLES[3]
    goes_on(made)


# Sizes


def test_a_description_of_ten_megabytes() -> None:
    long = items().with_columns(
        description=pl.when(pl.col("item_id") == "i2").then(pl.lit("tea and more tea " * 620_000))
    )
    made = engine()
    made.add(events=events(), items=long)
    goes_on(made)
    worst = {r.name: r for r in made.check()}["long texts"]
    assert worst.count == 1


def test_nothing_at_all() -> None:
    made = engine()
    with pytest.raises(DataError, match="nothing came"):
        made.add()
    with pytest.raises(DataError, match="no events yet"):
        made.fit()
    with pytest.raises(NotFittedError, match="fit"):
        made.interests("ann")
    with pytest.raises(NotFittedError, match="fit"):
        made.recommend("ann")


def test_one_event() -> None:
    made = engine()
    made.add(events=events(users=1, each=1), items=items(1))
    goes_on(made, "u0")


def test_one_user() -> None:
    made = engine()
    made.add(events=events(users=1), items=items())
    goes_on(made, "u0")
    assert made.interests("u0").events == 5


def test_one_item() -> None:
    made = engine()
    made.add(events=events(items=1, each=1), items=items(1))
    goes_on(made)
    assert made.interests("u1").weights(1).tolist() == pytest.approx([1.0])


def test_events_without_a_table_of_items() -> None:
    made = engine()
    made.add(events=events())
    goes_on(made)


def test_items_without_any_event() -> None:
    made = engine()
    made.add(items=items())
    goes_on(made, "stranger")
    assert len(made.recommend("stranger")) == 8


def test_all_at_one_time() -> None:
    """All ties: nothing tells before from after, and every order of rows gives the same."""
    table = events().with_columns(timestamp=pl.lit(DAY))
    lists = []
    for some in (table, table.reverse()):
        made = engine()
        made.add(events=some, items=items())
        goes_on(made)
        lists.append([(r.item_id, r.score) for r in made.recommend("u1")])
    assert [i for i, _ in lists[0]] == [i for i, _ in lists[1]]
    assert [s for _, s in lists[0]] == pytest.approx([s for _, s in lists[1]], abs=1e-5)
    with pytest.raises(DataError, match="split"):
        made.evaluate(split=SplitConfig(kind="time"), baselines=False)


def test_only_events_that_speak_against() -> None:
    made = engine()
    made.add(events=events().with_columns(event=pl.lit("dislike")), items=items())
    goes_on(made)
    with pytest.raises(DataError):
        made.evaluate(baselines=False)


def test_events_from_the_future_and_from_1970_are_counted() -> None:
    odd = events(users=2, each=1).with_columns(
        timestamp=pl.Series([datetime(1970, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)])
    )
    made = engine()
    made.add(events=pl.concat([events(), odd.cast(events().schema)]), items=items())
    fitted = made.fit()
    assert fitted.report.count("events in the future set aside") == 1
    assert fitted.report.count("events before 1971-01-01 set aside") == 1
    assert fitted.summary["events"] == events().height


# Settings, names and files of the model


def test_an_unknown_setting_is_refused_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"kindd.*Did you mean 'kind'"):
        EngineConfig().but(**{"encode.kindd": "hashed"})
    workspace = tmp_path / "shop"
    workspace.mkdir()
    write(workspace / "config.toml", '[encode]\nmodle = "x"\n')
    with pytest.raises(ConfigError, match=r"encode.*modle: unknown setting.*'model'"):
        Engine(workspace)


def test_settings_that_are_no_toml(tmp_path: Path) -> None:
    workspace = tmp_path / "shop"
    workspace.mkdir()
    write(workspace / "config.toml", "encode = [")
    with pytest.raises(ConfigError, match=r"config\.toml: not valid TOML"):
        Engine(workspace)


def test_a_setting_out_of_range() -> None:
    with pytest.raises(ConfigError, match=r"dropout"):
        EngineConfig().but(**{"interests.dynamic.dropout": 1.5})


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = tmp_path_factory.mktemp("fitted") / "shop"
    made = engine(workspace)
    made.add(events=events(), items=items())
    made.fit()
    return workspace


def copied(fitted: Path, to: Path) -> Path:
    import shutil

    shutil.copytree(fitted, to / "shop")
    return to / "shop"


def test_every_file_of_a_model_is_missed_when_it_is_changed(fitted: Path, tmp_path: Path) -> None:
    folder = fitted / "models" / "0001"
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) > 5
    for n, name in enumerate(names):
        workspace = copied(fitted, tmp_path / str(n))
        path = workspace / "models" / "0001" / name
        told = bytearray(path.read_bytes())
        told[len(told) // 2] ^= 0xFF
        path.write_bytes(told)
        with pytest.raises(CorruptModelError):
            engine(workspace).interests("u1")


def test_a_model_file_that_is_gone(fitted: Path, tmp_path: Path) -> None:
    workspace = copied(fitted, tmp_path)
    next((workspace / "models" / "0001").glob("*.safetensors")).unlink()
    with pytest.raises(CorruptModelError, match=r"0001"):
        engine(workspace).recommend("u1")


def test_the_last_whole_model_serves_where_the_current_one_is_broken(
    fitted: Path, tmp_path: Path
) -> None:
    workspace = copied(fitted, tmp_path)
    engine(workspace).fit()
    next((workspace / "models" / "0002").glob("*.safetensors")).unlink()
    with pytest.warns(UserWarning, match=r"version 0001 serves, not 0002.*safetensors is missing"):
        assert engine(workspace).interests("u1").events == 5
    told, heard = engine(workspace), []
    told.noticed = heard.append
    assert told.version == "0001" and told.standing.fallback == heard[0]
    assert told.interests("u1").events == 5 and len(heard) == 1


def test_a_broken_model_does_not_stop_a_new_fit(fitted: Path, tmp_path: Path) -> None:
    workspace = copied(fitted, tmp_path)
    for path in (workspace / "models" / "0001").glob("*.safetensors"):
        path.write_bytes(b"no")
    goes_on(engine(workspace))
    assert engine(workspace).interests("u1").events == 5


def test_a_folder_that_is_no_workspace(tmp_path: Path) -> None:
    write(tmp_path / "letters.txt", "dear ann")
    with pytest.raises(StoreError, match=r"letters\.txt"):
        Engine(tmp_path)


def test_names_that_nobody_knows(fitted: Path) -> None:
    made = engine(fitted)
    with pytest.raises(UnknownIdError, match="i99"):
        made.explain("u1", "i99")
    with pytest.raises(UnknownIdError, match="wine"):
        made.recommend("u1", interests={"wine": 1.0})
    with pytest.raises(UnknownIdError, match="weather"):
        made.interests("u1", context={"weather": "rain"})
    with pytest.raises(DataError, match="yesterday"):
        made.interests("u1", at="yesterday")
    with pytest.raises(DataError, match="n: 0"):
        made.recommend("u1", n=0)
    with pytest.raises(UnknownIdError, match="level 9"):
        made.interests("u1").top(level=9)
    assert made.forget("nobody") == 0
