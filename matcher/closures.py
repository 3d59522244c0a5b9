"""Running care whose provider has closed: people for whom another place has to be found."""

from __future__ import annotations

from matcher.model import Book, Frozen, Provider
from matcher.vocabulary import ProviderStatus


class Displaced(Frozen):
    """A person whose running care is with a provider that is closed.

    Software never moves running care (H18), so nobody is proposed for them: they are listed.
    """

    request_id: str
    provider_id: str
    sentence: str


def displaced_from(request_id: str, provider: Provider, *, homecare: bool) -> Displaced:
    """Return somebody whose running care is with a closed provider.

    Parameters
    ----------
    request_id
        The request whose care runs.
    provider
        The closed provider.
    homecare
        Whether the care is visits at home rather than a bed.
    """
    lives = "has care from" if homecare else "lives at"
    sentence = f"{request_id} {lives} {provider.name}, which is closed"
    return Displaced(request_id=request_id, provider_id=provider.provider_id, sentence=sentence)


def displaced(book: Book) -> tuple[Displaced, ...]:
    """Return everybody whose running care is with a closed provider, in the order of their ids."""
    closed = {
        provider.provider_id: provider
        for provider in book.providers
        if provider.status is ProviderStatus.CLOSED
    }
    homecare = {request.request_id for request in book.requests if request.is_homecare}
    return tuple(
        displaced_from(
            line.request_id, closed[line.provider_id], homecare=line.request_id in homecare
        )
        for line in sorted(book.running, key=lambda line: line.request_id)
        if line.provider_id in closed
    )


def running_text(book: Book, request_id: str) -> str | None:
    """Return with whom care runs and what has to happen, in a sentence; ``None`` where none runs.

    Parameters
    ----------
    book
        The book.
    request_id
        A request.
    """
    provider_id = book.running_provider.get(request_id)
    if provider_id is None:
        return None
    for each in displaced(book):
        if each.request_id == request_id:
            return (
                f"{each.sentence}, and has to be placed anew: take its line out of running.csv "
                "to search for another place."
            )
    names = {provider.provider_id: provider.name for provider in book.providers}
    return (
        f"Care for {request_id} already runs with {names.get(provider_id, provider_id)}; a change "
        "of provider is challenged first, with written reasons."
    )
