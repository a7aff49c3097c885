"""How a reason looks in a terminal: the sentence, the sum, and what carried it."""

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from penchant.cli.text import total
from penchant.interests.show import cut
from penchant.recommend.result import Reason


def block(reason: Reason, rank: int | None = None) -> Group:
    """One recommendation with everything behind it."""
    head = Text(f"{rank}. " if rank is not None else "")
    head.append(reason.title, style="bold")
    head.append(f"  {reason.item_id}" if reason.item_id != reason.title else "", style="dim")
    below: list[RenderableType] = [Text(reason.sentence), Text(total(reason.parts, reason.score))]
    if reason.wishes:
        below.append(_wishes(reason))
    if reason.events:
        below.append(_events(reason))
    if reason.interests:
        below.append(_interests(reason))
    return Group(head, Padding(Group(*below), (0, 0, 1, 3), expand=False))


def _wishes(reason: Reason) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, style="dim")
    table.add_column(justify="right", no_wrap=True)
    table.add_column()  # gives way where there is no room
    table.add_column(no_wrap=True)
    for w in reason.wishes:
        part = f"{w.part:+.2f}".replace("-", "−")
        about = cut(f"asked for {w.direction}: {w.of}")
        table.add_row(part, about, f"{w.time:%Y-%m-%d}, feedback")
    return table


def _events(reason: Reason) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False, style="dim")
    table.add_column(justify="right", no_wrap=True)
    table.add_column()  # gives way where there is no room
    table.add_column(no_wrap=True)
    for e in reason.events:
        about = "" if e.layer in reason.exact else "about "
        table.add_row(
            f"{about}{e.share:.0%}", cut(f"{e.event} {e.title}"), f"{e.time:%Y-%m-%d}, {e.layer}"
        )
    return table


def _interests(reason: Reason) -> Text:
    path, weight = reason.interests[-1]
    return Text(f"interest: {path} ({weight:.1%} of the profile)", style="dim")
