"""`penchant forget`: remove a person."""

from contextlib import suppress
from typing import Annotated

import typer

from penchant.cli.audit import BY
from penchant.cli.failures import NO
from penchant.cli.options import User, one_user
from penchant.cli.session import Session
from penchant.cli.text import many
from penchant.errors import DataError


def forget(
    session: Session,
    user: User,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Remove a user: events, exposures, attributes, relations, feedback. This cannot be undone.

    No parameter of the model belongs to a user, so the profile is gone at once. That it was done
    stands in the audit log: `penchant audit --of USER`.

    Examples:

        penchant forget ann
        penchant forget ann --yes --json
    """
    one_user(user)
    session.opened()
    if not yes and not _agreed(session, user):
        session.out.note("nothing was removed")
        raise typer.Exit(NO)
    rows = session.engine().forget(user, by=BY)
    said = f"forgot {user}: {many(rows, 'row')} removed"
    session.out.answer(
        lambda: {"user_id": user, "rows": rows},
        said if rows else f"nothing is known of {user}: nothing was there to remove",
    )
    if rows:
        session.out.note(
            "What was learned from many people's events together stays in the model until the "
            "next `penchant fit`."
        )


def _agreed(session: Session, user: str) -> bool:
    """Ask; in a script, where nobody answers, say what to do."""
    if not session.json:
        with suppress(typer.Abort):
            return typer.confirm(
                f"Remove everything about {user}? This cannot be undone.", err=True
            )
    raise DataError(f"forget: nobody answered; `penchant forget {user} --yes` does not ask")
