"""``carematch key``: an API key for somebody's post, printed once."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.text import Text

from api.acts.keys import make_key
from api.cli.opening import open_record
from api.errors import stands
from api.schemas.keys import NewKey
from api.security import Role
from api.storage.record import Actor
from matcher.cli.options import AsJson
from matcher.cli.screen import show, show_document

COMMAND_LINE = Actor("command line", "administrator")
PENCE = 100


def key(
    *,
    role: Annotated[Role, typer.Argument(metavar="ROLE", help=f"One of {', '.join(Role)}.")],
    holder: Annotated[
        str, typer.Option(help="The post or organisation that holds it; never a person's name.")
    ],
    provider: Annotated[
        str | None, typer.Option(help="For the role provider: whose record it reaches.")
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=0, help="For a budget holder: pounds a week up to which to approve."),
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Days after which it expires.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key and print it: it is kept nowhere, so it is not printed again."""
    with open_record() as record:
        expires_at = None if days is None else record.clock.now() + timedelta(days=days)
        asked = stands(
            NewKey,
            {
                "role": role,
                "holder": holder,
                "provider_id": provider,
                "limit_pence_per_week": None if limit is None else limit * PENCE,
                "expires_at": expires_at,
            },
            "The key",
        )
        with record.writing(COMMAND_LINE) as writing:
            made = make_key(writing, record.settings, asked)
    if as_json:
        show_document(made.model_dump(mode="json"))
    else:
        show(Text(made.key))
