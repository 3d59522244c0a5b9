"""What is said of holds that a change gave back."""

from __future__ import annotations

from pydantic import BaseModel


class GivenBack(BaseModel):
    """Capacity that was held for a request and is anybody's again.

    ``purpose`` is what it was held for: ``shortlist``, ``choice`` or ``proposal``.
    """

    provider_id: str
    purpose: str | None
    promised: str
