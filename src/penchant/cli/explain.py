"""`penchant explain`: why."""

from typing import Annotated

import typer

from penchant.cli.options import At, Context, User, context_of, one_user
from penchant.cli.people import note_on
from penchant.cli.session import Session


def explain(
    session: Session,
    user: User,
    item: Annotated[str, typer.Argument(metavar="ITEM", help="What: an item_id.")],
    at: At = None,
    context: Context = None,
) -> None:
    """Say why an item would, or would not, be recommended to a user.

    The parts of the score add up; so do the shares of the events that carried it.

    Examples:

        penchant explain ann 10042
        penchant explain ann 10042 --at 2024-05-01 --json
    """
    from penchant.cli.reasons import block

    said = context_of(context)
    engine = session.engine()
    reason = engine.explain(one_user(user), item, at=at, context=said)
    if note := note_on(engine, user, at):
        session.out.note(note)
    session.out.answer(lambda: {"user_id": user, **reason.to_json()}, block(reason))
