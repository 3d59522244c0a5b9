"""``carematch key``: an API key for somebody's post, printed once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.text import Text

from api.acts.keys import make_key
from api.cli.opening import COMMAND_LINE, open_record
from api.errors import MalformedError, stands
from api.schemas.keys import NewKey
from api.security import Role
from matcher.cli.options import AsJson
from matcher.cli.screen import show, show_document

PENCE = 100
OPTIONS = {
    "holder": "--holder",
    "provider_id": "--provider",
    "limit_pence_per_week": "--limit",
    "expires_at": "--days",
}
"""The option by which each field of a key is given."""


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
        asked = key_asked(
            role=role,
            holder=holder,
            provider_id=provider,
            limit_pence_per_week=None if limit is None else limit * PENCE,
            expires_at=expires_at,
        )
        with record.writing(COMMAND_LINE) as writing:
            made = make_key(writing, record.settings, asked)
    if as_json:
        show_document(made.model_dump(mode="json"))
    else:
        show(Text(made.key))


def key_asked(**document: Any) -> NewKey:
    """Return the key that is asked for, or refuse it by the names of the options.

    Raises
    ------
    MalformedError
        If there can be no such key.
    """
    try:
        return stands(NewKey, document, "The key")
    except MalformedError as error:
        faults = [(_as_typed(where), _as_typed(expected)) for where, expected in error.faults]
        raise MalformedError("There can be no such key; expected", faults) from error


def _as_typed(text: str) -> str:
    for field, option in OPTIONS.items():
        text = re.sub(rf"\b{field}\b", option, text)
    return text
