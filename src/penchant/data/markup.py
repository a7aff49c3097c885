"""Text without its markup: HTML, entities, Markdown, LaTeX delimiters; what is said stays.

A `<` opens a tag only where a known tag of HTML stands there in full, so "a < b", "x<y and y>z"
and "<3" stay. It is done with expressions that never look at a character twice, not with a parser:
text comes from strangers, and parsers of HTML can be made to run for hours.
"""

import re
from html import unescape

import polars as pl

from penchant.types import Report

PASSES = 8
"""Escaped twice and more (&amp;lt;) is common; eight layers are not text any more."""
BLOCK = """
    address article aside blockquote body br caption dd details div dl dt figcaption
    figure footer form h1 h2 h3 h4 h5 h6 head header hr html iframe img li link main meta
    nav ol option p pre section select source summary table tbody td tfoot th thead title
    tr ul video
"""
INLINE = """
    a abbr acronym audio b bdi bdo big button center cite code data del dfn em embed font
    i input ins kbd label map mark math object param picture q s samp script small span
    strike strong style sub sup svg textarea time tt u var wbr
"""
BLOCK_TAGS, INLINE_TAGS = frozenset(BLOCK.split()), frozenset(INLINE.split())
TAG = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})(?=[\s/>])((?:[^<>\"']|\"[^\"<>]*\"|'[^'<>]*')*+)>"
)
HIDDEN = tuple(
    (re.compile(rf"<{name}\b[^<>]{{0,500}}>", re.I), re.compile(rf"</{name}\s?>", re.I))
    for name in ("script", "style")
)
COMMENT = re.compile(r"<!--"), re.compile(r"-->")
DECLARATION = re.compile(r"<!doctype[^<>]{0,500}>|<\?xml[^<>]{0,500}>", re.I)
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
LINK = re.compile(r"!?\[([^\[\]\n]{0,500})\]\((?:https?://|/|\#|mailto:|www\.)[^()\s]{0,2000}\)")
STRONG = re.compile(r"\*\*(?=\S)([^*\n]{1,500})(?<=\S)\*\*")
CODE = re.compile(r"```[A-Za-z0-9+-]{0,20}|`([^`\n]{1,500})`")
DISPLAY = re.compile(r"\$\$(?=[^$]{0,2000}[\\^_{=])([^$]{1,2000})\$\$")
BRACKETS = re.compile(r"\\[\[\]()]")
MATH = re.compile(r"(?<![\\$\w])\$(?=[^$\n]{0,1000}[\\^_{])([^$\n]{1,1000})\$(?![\d$])")
SUSPECT = r"[<&`$]|\]\(|\*\*|\\[\[\]()]|\s\s"
"""Text without any of these has nothing to strip: most of it is never looked at."""


def plain(text: str) -> str:
    r"""The text without markup, spaces put in order; applying it again changes nothing.

    >>> plain("<p>Fish &amp; chips</p><script>x()</script>, if a < b: see [here](https://x.org)")
    'Fish & chips , if a < b: see here'
    >>> plain(r"the sum $\sum_i x_i$ costs $5 or $10")
    'the sum \\sum_i x_i costs $5 or $10'
    """
    for _ in range(PASSES):
        before, text = text, _spaced(_once(text))
        if text == before:
            break
    return text


def _once(text: str) -> str:
    if "<" in text:
        for opening, closing in (*HIDDEN, COMMENT):
            text = _without(text, opening, closing)
        text = DECLARATION.sub(" ", text)
        text = TAG.sub(_tag, text)
    text = ENTITY.sub(lambda found: unescape(found.group()), text)
    text = LINK.sub(r"\1", text)
    text = CODE.sub(lambda found: found.group(1) or " ", text)
    text = STRONG.sub(r"\1", text)
    return MATH.sub(r"\1", DISPLAY.sub(r" \1 ", BRACKETS.sub(" ", text)))


def _without(text: str, opening: re.Pattern[str], closing: re.Pattern[str]) -> str:
    """The text without what stands between two marks; a mark that never closes hides nothing."""
    parts, at = [], 0
    while (start := opening.search(text, at)) and (end := closing.search(text, start.end())):
        parts += [text[at : start.start()], " "]
        at = end.end()
    return "".join([*parts, text[at:]])


def _tag(found: re.Match[str]) -> str:
    """What stands for a tag: a space for a block, nothing inside a line, itself if it is none."""
    name, attributes = found.group(2).lower(), found.group(3)
    if name not in BLOCK_TAGS | INLINE_TAGS:
        return found.group()
    if attributes.strip(" \t\n/") and "=" not in attributes:  # "if a <b and c> d" is no tag
        return found.group()
    return " " if name in BLOCK_TAGS else ""


def _spaced(text: str) -> str:
    """Runs of spaces made one; paragraphs kept as one line end."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def strip_markup(column: pl.Series, report: Report, step: str) -> pl.Series:
    """A column of text without markup; how many texts changed is counted."""
    suspect = column.str.contains(SUSPECT).fill_null(False)
    if not suspect.any():
        return column
    texts = column.filter(suspect).unique()
    cleaned = pl.Series("plain", [plain(text) or None for text in texts], dtype=pl.String)
    changed = (texts != cleaned.fill_null("")).arg_true()
    old, new = texts.gather(changed), cleaned.gather(changed)
    count = column.is_in(old.implode()).sum() if len(old) else 0
    report.add(
        step,
        f"{column.name} with markup or stray spaces, made plain",
        int(count),
        total=len(column),
    )
    return column.replace_strict(old, new, default=column) if len(old) else column
