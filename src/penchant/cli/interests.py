"""`penchant interests`: who is this."""

from typing import Annotated

import typer

from penchant.cli.options import At, Context, context_of, one_user
from penchant.cli.people import note_on
from penchant.cli.session import Session
from penchant.errors import DataError


def interests(
    session: Session,
    user: Annotated[
        str | None,
        typer.Argument(metavar="USER", help="Whose: a user_id.", show_default=False),
    ] = None,
    tree: Annotated[
        bool, typer.Option("--tree", help="Show the interest tree itself, of everybody.")
    ] = False,
    at: At = None,
    context: Context = None,
) -> None:
    """Show what a user is interested in, per level and layer, and why; or the whole tree.

    A weight is the chance that the user's next positive event lands on an item of the interest.

    Examples:

        penchant interests ann
        penchant interests ann --at 2024-05-01 --context weekday=sat
        penchant interests --tree
    """
    if tree == (user is not None):
        raise DataError(
            "interests: name a user, as `penchant interests ann`, or ask for the tree alone, as "
            "`penchant interests --tree`"
        )
    if user is None:
        _tree(session)
        return
    said = context_of(context)
    engine = session.engine()
    profile = engine.interests(one_user(user), at=at, context=said)
    if note := note_on(engine, user, at):
        session.out.note(note)
    session.out.answer(profile.to_json, profile)


def _tree(session: Session) -> None:
    tree = session.engine().tree
    session.out.answer(tree.to_json, tree, markup=True)
