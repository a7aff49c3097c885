"""Draws the picture of the README: one person's interests, and why something is recommended.

python docs/picture.py
"""

from io import StringIO
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI

from penchant import Engine, EngineConfig, WorldConfig, make_world
from penchant.cli.reasons import block

PLAIN: Final = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, monospace; \
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
<defs>{lines}</defs>
<rect fill="#272822" width="{width}" height="{height}" rx="8"/>
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""As Rich draws it, without the frame of a window and without fonts from elsewhere."""


def draw() -> str:
    """The picture as SVG: someone who did much, in a shop of middling size."""
    world = make_world(WorldConfig(users=500, items=1_200, departments=8, events=40_000))
    engine = Engine(config=EngineConfig().but(**{"encode.kind": "hashed"}))
    engine.add(events=world.events, items=world.items)
    engine.fit()
    busy = world.events["user_id"].value_counts().sort("count", "user_id")["user_id"]
    user, end = str(busy[int(0.9 * len(busy))]), world.events["timestamp"].max()
    console = Console(record=True, width=118, file=StringIO(), force_terminal=True)
    console.print(engine.interests(user, at=end))  # type: ignore[arg-type]
    console.print()
    reasons = engine.recommend(user, n=2, at=end).explain()  # type: ignore[arg-type]
    for rank, reason in enumerate(reasons, start=1):
        console.print(block(reason, rank))
    return console.export_svg(theme=MONOKAI, code_format=PLAIN, unique_id="penchant")


if __name__ == "__main__":
    (Path(__file__).parent / "profile.svg").write_text(draw(), encoding="utf-8")
