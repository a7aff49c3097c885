"""What items speak of: words and short phrases of their texts, as a sparse table.

No list of stop words beyond English is needed: what every node speaks of names none. Left out are
numbers, sizes and units, ids, markup, and words of one or two letters unless inside a phrase.
"""

import html
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from scipy import sparse

from penchant.data.columns import BRAND, CATEGORY, DESCRIPTION, GENRES, TAGS, TITLE
from penchant.types import Floats, Ints

UNITS: Final = """
    oz ounce ounces ml lb lbs pound pounds ct count pk pack packs pkg set sets pcs piece pieces dz
    dozen gram grams kg mg cm mm inch inches ft fl fluid liter litre liters litres qty asst
    assorted size sizes small medium large xl xxl mini jumbo value bonus ea each box tube bottle
    units ii iii iv vi vii viii quot amp nbsp http https www com new"""
PLAIN: Final = """
    just like way want need know think question answer example different kind kinds quite really
    understand possible best good great thing things make does did using use used don't it's i'm
    can't i've that's what's"""
LINKS: Final = "de du di da do del des la le of and & en y e et und van von 'n"
WORD: Final = r"[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}'’]*(?:-[\p{L}\p{M}\p{N}]+)*|[^\s\p{L}\p{N}]"
NO_SPACES: Final = r"^[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]+$"
TITLE_WEIGHT, TAG_WEIGHT, TEXT_WEIGHT = 1.0, 1.5, 0.4


@dataclass(frozen=True)
class Terms:
    """Which items [R] use which terms [V], with weights; `rows` says which items were read.

    `worth` [V] is below 1 for terms that seem to be a brand or lead every title. `terse`: titles
    of a word or two are all there is, so that words are parts of names and say little.
    """

    table: sparse.csr_array
    words: list[str]
    rows: Ints
    worth: Floats
    terse: bool


def read_terms(
    items: pl.DataFrame, sample: int, words: int, rng: np.random.Generator, without: str = ""
) -> Terms:
    """Terms of the items' titles, tags and descriptions; of a draw of items where there are many.

    `without` is a column that has made nodes of its own and so says nothing new below them.
    """
    rows = np.arange(len(items), dtype=np.int32)
    if len(rows) > sample:
        rows = np.sort(rng.choice(rows, size=sample, replace=False)).astype(np.int32)
    some = items[rows]
    stop = _stop_words()
    parts = [_of_text(some, TITLE, 200, stop).with_columns(weight=pl.lit(TITLE_WEIGHT))]
    if DESCRIPTION in some.columns:
        text = _of_text(some, DESCRIPTION, words, stop)
        parts.append(text.with_columns(weight=pl.lit(TEXT_WEIGHT), at=pl.lit(1)))
    for column in (CATEGORY, GENRES, TAGS):
        told = column in some.columns and column != without
        if told and isinstance(some[column].dtype, pl.List):
            parts.append(_of_tags(some, column))
    found = pl.concat(
        [p.select("row", "term", "weight", pl.col("at").cast(pl.Int64)) for p in parts]
    )
    terse = len(parts) == 1 and _median_words(some) <= 3
    return _counted(found, some, rows, terse)


def _median_words(items: pl.DataFrame) -> float:
    if TITLE not in items.columns:
        return 0.0
    words = items[TITLE].cast(pl.String).fill_null("").str.count_matches(r"\S+")
    return float(np.median(words.to_numpy()))


def _of_text(items: pl.DataFrame, column: str, most: int, stop: pl.Series) -> pl.DataFrame:
    """Words and phrases of two (three around a link such as "of"): row, term, at."""
    words = _words(items, column, most, stop)
    word, ok = pl.col("word"), pl.col("ok")
    good = ok | pl.col("inner")
    near = [pl.col("row") == pl.col("row").shift(-n) for n in (1, 2)]
    two = near[0] & good & good.shift(-1) & (ok | ok.shift(-1)) & (word != word.shift(-1))
    three = near[1] & ok & pl.col("link").shift(-1) & ok.shift(-2)
    pair = word + " " + word.shift(-1)
    kinds = [(ok, word), (two, pair), (three, pair + " " + word.shift(-2))]
    return pl.concat(
        words.select("row", "at", term=term, yes=yes).filter("yes").drop("yes")
        for yes, term in kinds
    )


def _words(items: pl.DataFrame, column: str, most: int, stop: pl.Series) -> pl.DataFrame:
    """One row a word: row, word, at (place in the text), ok, inner (only inside a phrase), link."""
    if column not in items.columns:
        column_text = pl.Series([""] * len(items), dtype=pl.String)
    else:
        column_text = items[column].cast(pl.String).fill_null("")
    plain = pl.Series([html.unescape(t[:4000]) for t in column_text], dtype=pl.String)
    text = plain.str.replace_all(r"<[^>]{1,200}>", " . ").str.to_lowercase()
    table = (
        pl.DataFrame({"row": np.arange(len(items), dtype=np.int32), "word": text})
        .with_columns(pl.col("word").str.extract_all(WORD).list.head(most))
        .explode("word", empty_as_null=False)
    )
    table = table.with_columns(at=pl.int_range(pl.len()).over("row"))
    return _judged(_cut_unspaced(table), stop)


def _judged(words: pl.DataFrame, stop: pl.Series) -> pl.DataFrame:
    word = pl.col("word").str.replace(r"['’]s$", "").str.strip_chars("'’-")
    words = words.with_columns(word=word)
    letters = pl.col("word").str.contains(r"^[\p{L}\p{M}][\p{L}\p{M}'’-]*$")
    allowed = letters & ~pl.col("word").is_in(stop.implode())
    long = pl.col("word").str.len_chars() >= 3
    unspaced = pl.col("word").str.contains(NO_SPACES)
    return words.with_columns(
        ok=allowed & (long | unspaced),
        inner=allowed & (pl.col("word").str.len_chars() == 2),
        link=pl.col("word").is_in(LINKS.split()),
    )


def _cut_unspaced(words: pl.DataFrame) -> pl.DataFrame:
    """Scripts written without spaces: runs are cut into overlapping pairs of characters."""
    run = pl.col("word").str.contains(NO_SPACES) & (pl.col("word").str.len_chars() > 2)
    if not words.select(run.any()).item():
        return words
    pairs = pl.col("word").map_elements(
        lambda w: [w[n : n + 2] for n in range(len(w) - 1)], return_dtype=pl.List(pl.String)
    )
    rest = pl.concat_list("word")
    return words.with_columns(pl.when(run).then(pairs).otherwise(rest).alias("word")).explode(
        "word"
    )


def _of_tags(items: pl.DataFrame, column: str) -> pl.DataFrame:
    """Tags and categories are phrases as they stand: "error-correction" → "error correction"."""
    lists = pl.col("term").cast(pl.List(pl.String))
    table = pl.DataFrame(
        {"row": np.arange(len(items), dtype=np.int32), "term": items[column]}
    ).with_columns(lists)
    term = pl.col("term").str.to_lowercase().str.replace_all(r"[-_]+", " ").str.strip_chars()
    return (
        table.explode("term")
        .drop_nulls("term")
        .with_columns(term=term, weight=pl.lit(TAG_WEIGHT), at=pl.lit(1).cast(pl.Int64))
        .filter(pl.col("term").str.contains(r"\p{L}") & (pl.col("term").str.len_chars() <= 40))
    )


def _counted(found: pl.DataFrame, items: pl.DataFrame, rows: Ints, terse: bool) -> Terms:
    found = found.join(_plurals(found), on="term", how="left").with_columns(
        term=pl.coalesce("form", "term")
    )
    least = 2 if len(items) <= 20_000 else 3
    each = found.group_by("row", "term").agg(pl.col("weight").max(), pl.col("at").min())
    use = each.group_by("term").agg(
        pl.len().alias("items"), (pl.col("at") == 0).mean().alias("leads")
    )
    most = max(10, 0.5 * len(items))  # what half of all items say tells none from another
    common = use.filter(pl.col("items") > most)["term"]
    use = use.filter(pl.col("items").is_between(least, most)).sort("term").with_row_index("number")
    each = each.join(use.select("term", "number"), on="term").sort("row", "number")
    place = (each["row"].to_numpy(), each["number"].to_numpy())
    table = sparse.csr_array(
        (each["weight"].to_numpy().astype(np.float32), place), shape=(len(items), len(use))
    )
    return Terms(table, use["term"].to_list(), rows, _worth(each, use, items, common), terse)


def _plurals(found: pl.DataFrame) -> pl.DataFrame:
    """Words that come with and without a last s, each to the more frequent form: term, form."""
    uses = found.group_by("term").len()
    ends = pl.col("term").str.ends_with("s") & ~pl.col("term").str.ends_with("ss")
    many = uses.filter(ends & (pl.col("term").str.len_chars() > 3)).rename({"term": "many"})
    many = many.with_columns(one=pl.col("many").str.strip_suffix("s"))
    both = many.join(uses.rename({"term": "one"}), on="one", suffix="_one")
    more = pl.col("len") >= pl.col("len_one")
    return pl.concat(
        [
            both.filter(~more).select(term="many", form="one"),
            both.filter(more).select(term="one", form="many"),
        ]
    ).unique("term", keep="first", maintain_order=True)


def _worth(each: pl.DataFrame, use: pl.DataFrame, items: pl.DataFrame, common: pl.Series) -> Floats:
    """Less for what seems to be a brand (it leads nearly every title that it is in, or is mostly
    met where the brand has that word), and for phrases with such words or with common ones."""
    leads = (use["leads"] > 0.75) & (use["items"] < 0.1 * len(items))
    worth = np.where(leads.to_numpy(), 0.5, 1.0)
    if BRAND in items.columns and items[BRAND].dtype == pl.String:
        brand = items[BRAND].fill_null("").str.to_lowercase()
        pairs = each.select("row", "term", "number").with_columns(brand=brand.gather(each["row"]))
        inside = pl.col("brand").str.contains(pl.col("term"), literal=True)
        share = pairs.group_by("number").agg(inside.mean().alias("share")).sort("number")["share"]
        worth = np.where(share.to_numpy() > 0.5, 0.2, worth)
    words = use.select("number", word=pl.col("term").str.split(" ")).explode("word")
    single = pl.concat(
        [
            pl.DataFrame({"word": use["term"], "worth": worth}),
            pl.DataFrame({"word": common, "worth": np.full(len(common), 0.3)}),
        ]
    )
    found = words.join(single, on="word", how="left").group_by("number").agg(pl.col("worth").min())
    parts = found.sort("number")["worth"].fill_null(1.0).to_numpy()
    least: Floats = np.minimum(worth, parts).astype(np.float32)
    return least


def _stop_words() -> pl.Series:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    english = ENGLISH_STOP_WORDS - {"fire", "system"}
    return pl.Series(sorted({*english, *f"{PLAIN} {UNITS} {LINKS}".split()}), dtype=pl.String)
