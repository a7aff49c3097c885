"""Words for people: numbers, lists of pairs, and help texts with their examples set apart."""

from collections.abc import Iterable, Mapping

from penchant.errors import DataError

_KEPT = "\b"  # before a paragraph whose lines stay as they are


def examples_apart(doc: str) -> str:
    """A docstring as help: prose flows, indented lines keep their line breaks.

    >>> examples_apart("Say\\nhello.\\n\\n    hello ann\\n    hello bob")
    'Say hello.\\n\\n\\x08  hello ann\\n  hello bob'
    """
    return "\n\n".join(_paragraph(part) for part in doc.strip().split("\n\n"))


def _paragraph(part: str) -> str:
    lines = part.splitlines()
    if not all(line.startswith("    ") for line in lines):
        return " ".join(lines)
    return _KEPT + "\n".join(line[2:] for line in lines)


def pairs(said: Iterable[str], option: str, example: str) -> dict[str, str]:
    """`name=value` words as a mapping; one word may hold several, with commas between.

    >>> pairs(["weekday=sat,device=tablet"], "--context", "weekday=sat")
    {'weekday': 'sat', 'device': 'tablet'}

    Raises:
        DataError: a word is no pair, or a name is said twice.
    """
    found: dict[str, str] = {}
    for word in (w for words in said for w in words.split(",")):
        name, value = pair(word, option, example)
        if name in found:
            raise DataError(f"{option}: {name} came twice ({found[name]!r} and {value!r})")
        found[name] = value
    return found


def pair(word: str, option: str, example: str) -> tuple[str, str]:
    """One `name=value` as its two halves; the last "=" parts them.

    Raises:
        DataError: there is no "=", or nothing on one side of it.
    """
    name, found, value = word.rpartition("=")
    if not found or not name.strip() or not value.strip():
        raise DataError(f"{option}: {word!r} came; expected name=value, as {option} {example}")
    return name.strip(), value.strip()


def many(count: int, word: str) -> str:
    """A count with its word.

    >>> many(1, "row"), many(2000, "row")
    ('1 row', '2,000 rows')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds for people.

    >>> duration(0.62), duration(75), duration(4000)
    ('0.6 s', '1:15', '1:06:40')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def total(parts: Mapping[str, float], score: float) -> str:
    """A score as the sum of its parts.

    >>> total({"base": 1.25, "context": -0.5}, 0.75)
    '0.75 = base 1.25 − context 0.50'
    """
    terms = [(v, f"{name} {abs(v):.2f}") for name, v in parts.items()]
    head = f"{'−' if terms and terms[0][0] < 0 else ''}{terms[0][1]}" if terms else ""
    tail = "".join(f" {'−' if v < 0 else '+'} {text}" for v, text in terms[1:])
    return f"{score:.2f} = {head}{tail}".replace("-", "−")
