"""Checks on items, and on how they fit the events."""

import polars as pl

from penchant.data import columns as c
from penchant.data.check.result import CheckResult, Tables, passed, warned

WORDS = (c.TITLE, c.DESCRIPTION, c.CATEGORY, c.TAGS, c.GENRES, c.BRAND)
MOJIBAKE = r"\x{FFFD}|Ã[\x{80}-\x{BF}¡-¿]|â€[™œ\x{9D}“”¦˜]|Â[ °£©®«»]"
"""UTF-8 that was read as Windows-1252 looks like this; the first is a character given up on."""


def described(t: Tables) -> CheckResult:
    """Items that the events name but the catalogue does not."""
    if not t.described:
        advice = "Add items with titles: without words only behaviour speaks"
        return CheckResult("catalogue", "WARN", 0, t.events.height, "no table of items", advice)
    unknown = t.events.join(t.items, on=c.ITEM, how="anti")
    ids = unknown[c.ITEM].n_unique()
    what = "added bare" if t.config.clean.unknown_items == "keep" else "set aside"
    message = f"{unknown.height:,} events name {ids:,} items that no table describes: {what}"
    advice = "Do the ids of both tables look alike?"
    return t.noted("catalogue", unknown.height, t.events.height, message, advice)


def untold(t: Tables) -> CheckResult:
    """Items without a word about them."""
    names = [name for name in WORDS if name in t.items.columns]
    silent = pl.all_horizontal(pl.col(name).is_null() for name in names) if names else pl.lit(True)
    count = t.items.filter(silent).height
    message = f"{count:,} of {t.items.height:,} items have no text"
    advice = "Such items are known from behaviour alone; map title, description or category"
    return t.noted("item text", count, t.items.height, message, advice)


def duplicate_ids(t: Tables) -> CheckResult:
    """Items that were described more than once."""
    count = t.report.count(f"rows with the {c.ITEM} of another set aside")
    message = f"{count:,} rows describe an item a second time; the most complete is kept"
    advice = "Send one row an item"
    return warned("item ids", count, t.items.height + count, message, advice)


def duplicate_titles(t: Tables) -> CheckResult:
    """Different ids with the same title may be one item."""
    titles = t.items[c.TITLE].drop_nulls() if c.TITLE in t.items.columns else pl.Series([""])
    count = len(titles) - titles.n_unique()
    message = f"{count:,} items bear the title of another"
    advice = "If these are one item, give them one id: their events then add up"
    return t.noted("item titles", count, t.items.height, message, advice)


def category_depth(t: Tables) -> CheckResult:
    """How deep the category paths go: it decides what the tree of interests can rest on."""
    if c.CATEGORY not in t.items.columns or t.items[c.CATEGORY].null_count() == t.items.height:
        return passed("category", t.items.height, "no categories: the tree is learned")
    depth = t.items[c.CATEGORY].list.len().drop_nulls()
    some = len(depth)
    message = f"{some:,} items have one, {depth.min()!s}–{depth.max()!s} levels deep"
    return passed("category", t.items.height, message, some)


def long_texts(t: Tables) -> CheckResult:
    """Texts that no encoder reads to the end."""
    limit = t.config.long_text
    names = [n for n in (c.TITLE, c.DESCRIPTION) if t.items.schema.get(n) == pl.String]
    count = sum(int((t.items[n].str.len_chars() > limit).sum() or 0) for n in names)
    message = f"{count:,} texts are longer than {limit:,} characters"
    advice = "Only their beginning is read; put first what matters"
    return warned("long texts", count, t.items.height, message, advice)


def broken_letters(t: Tables) -> CheckResult:
    """Text that went through the wrong encoding: cafÃ© for café."""
    names = [n for n in (c.TITLE, c.DESCRIPTION, c.BRAND) if t.items.schema.get(n) == pl.String]
    broken = [pl.col(n).str.contains(MOJIBAKE).fill_null(False) for n in names]
    found = t.items.filter(pl.any_horizontal(broken)) if broken else t.items.head(0)
    some = f", e.g. {found[c.ITEM][0]}" if found.height else ""
    message = f"{found.height:,} items have letters that went through a wrong encoding{some}"
    advice = "Write the file as UTF-8 from where it came"
    return warned("encoding", found.height, t.items.height, message, advice)
