"""What is said of API keys: asked for, made once, listed without their secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from fastapi.openapi.models import Example
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from api.security import Role
from matcher.model import Frozen, Id, Name, Pence


def _a_post(holder: str) -> str:
    if "@" in holder:
        raise ValueError("a post or an organisation, not a person's address")
    return holder


Holder = Annotated[Name, AfterValidator(_a_post)]
"""The post or organisation that holds a key: never a person."""


EXAMPLES: dict[str, Example] = {
    "team": {
        "summary": "For the brokerage team",
        "value": {"role": "broker", "holder": "Access to Resource Team"},
    },
    "provider": {
        "summary": "For a provider, of its own record only",
        "value": {"role": "provider", "holder": "Weymouth Bay", "provider_id": "bay"},
    },
    "budget_holder": {
        "summary": "For whoever may approve up to 1,500 pounds a week",
        "value": {
            "role": "budget_holder",
            "holder": "Head of Adult Services",
            "limit_pence_per_week": 150_000,
        },
    },
}


class NewKey(Frozen):
    """An API key that is asked for: who is to hold it, in which role."""

    role: Role
    holder: Holder
    provider_id: Annotated[
        Id | None, Field(description="For the role provider: whose record it reaches.")
    ] = None
    limit_pence_per_week: Annotated[
        Pence | None, Field(description="For a budget holder: up to which cost to approve.")
    ] = None
    expires_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _goes_with_its_role(self) -> Self:
        if (self.role is Role.PROVIDER) != (self.provider_id is not None):
            raise ValueError("a provider_id for the role provider, and for no other")
        if self.limit_pence_per_week is not None and self.role is not Role.BUDGET_HOLDER:
            raise ValueError("a limit_pence_per_week for the role budget_holder only")
        return self


class KeyLine(BaseModel):
    """A key on the list: its public part, and never its secret or the hash of that."""

    prefix: str
    role: Role
    holder: str
    provider_id: str | None
    limit_pence_per_week: int | None
    made_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    is_valid: bool


class MadeKey(KeyLine):
    """A key that was just made, with the key itself: it is kept nowhere and never told again."""

    key: str


class KeyList(BaseModel):
    """One page of the keys, by role and holder."""

    items: list[KeyLine]
    next: str | None
