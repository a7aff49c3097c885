"""How lifts look in a terminal: which contexts matter, and what is likelier when."""

from typing import TYPE_CHECKING

from rich.console import Group
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from penchant.interests.context.gain import Gain
    from penchant.interests.context.when import ContextLifts

_ROWS = 12
_WORTH = 0.001  # of the log loss: what a context has to save to be called more than hardly so


def lifts(x: "ContextLifts") -> Group:
    """A header, which contexts matter, and the clearest lifts."""
    who = "everybody" if x.user_id is None else x.user_id
    of = f" of {x.people:,} people" if x.user_id is None else ""
    head = Text.assemble(
        (who, "bold"), f"  ·  {x.events:,} acts{of}  ·  {x.at:%Y-%m-%d}  ·  level {x.level}"
    )
    if not x.events and x.user_id is not None:
        head.append("\nnothing is known of this person yet: this is what holds for everybody")
    left = [Text(f"{name}: {why}", style="dim") for name, why in x.left_out.items()]
    return Group(head, _matters(x), _clear(x), *left)


def _matters(x: "ContextLifts") -> Table | Text:
    if not x.lifts:
        return Text("no context: times do not vary, and the events have no column that is one")
    if not x.gains:
        return Text("which contexts matter cannot be said: too few acts to foretell")
    if not x.matters:
        best = x.gains[0]
        return Text(
            "no context matters: none foretells the next interest better (the best, "
            f"{best.context}, by {best.gain:+.4f} nats, {best.low:+.4f} to {best.high:+.4f})"
        )
    table = _titled("which contexts matter, to everybody")
    table.add_column("context", no_wrap=True)
    table.add_column("gain (nats)", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("of the loss", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for gain in x.gains:
        table.add_row(*_gain(gain), style="" if gain.matters else "dim")
    return table


def _gain(gain: "Gain") -> tuple[str, ...]:
    share = gain.gain / max(gain.without, 1e-12)
    return (
        gain.context,
        f"{gain.gain:+.4f}",
        f"{gain.low:+.4f} to {gain.high:+.4f}",
        f"{share:+.1%}",
        _word(gain.matters, share),
    )


def _word(matters: bool, share: float) -> str:
    """What a gain comes to: what is surely there may still be too small to act on.

    >>> _word(True, 0.02), _word(True, 0.0001), _word(False, 0.02)
    ('matters', 'hardly matters', 'no')
    """
    return ("matters" if share >= _WORTH else "hardly matters") if matters else "no"


def _clear(x: "ContextLifts") -> Table | Text:
    if not x.lifts:
        return Text("")
    shown = x.clear[:_ROWS]
    if not shown:
        return Text("no lift is clear: what differs between contexts may as well be chance")
    more = f", {_ROWS} of {len(x.clear):,}" if len(x.clear) > _ROWS else ""
    table = _titled(f"what is likelier, or less likely, when{more}")
    table.add_column("interest", max_width=38)
    table.add_column("when", no_wrap=True)
    table.add_column("lift", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("acts", justify="right", no_wrap=True)
    table.add_column("without", justify="right", no_wrap=True)
    for lift in shown:
        table.add_row(
            Text(lift.path[-1], no_wrap=True, overflow="ellipsis"),
            when(lift.context, lift.value),
            f"×{lift.lift:.2f}",
            f"{lift.low:.2f}–{lift.high:.2f}",
            f"{lift.events:,.0f}",
            f"{lift.expected:,.0f}",
        )
    return table


def when(context: str, value: str) -> str:
    """A context in words, with its name where the value does not tell.

    >>> when("weekday", "sat"), when("device", "tablet"), when("time of week", "weekend late")
    ('sat', 'device tablet', 'weekend late')
    """
    return (
        value if context in ("weekday", "month", "hour", "time of week") else f"{context} {value}"
    )


def _titled(title: str) -> Table:
    return Table(title=Text(title), title_justify="left", box=None, pad_edge=False)
