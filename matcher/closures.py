"""Running care whose provider has closed: people for whom another place has to be found."""

from __future__ import annotations

from matcher.model import Book, Frozen
from matcher.vocabulary import ProviderStatus


class Displaced(Frozen):
    """A person whose running care is with a provider that is closed.

    Software never moves running care (H18), so nobody is proposed for them: they are listed.
    """

    request_id: str
    provider_id: str
    sentence: str


def displaced(book: Book) -> tuple[Displaced, ...]:
    """Return everybody whose running care is with a closed provider, in the order of their ids."""
    closed = {
        provider.provider_id: provider.name
        for provider in book.providers
        if provider.status is ProviderStatus.CLOSED
    }
    homecare = {request.request_id for request in book.requests if request.is_homecare}
    found = []
    for line in sorted(book.running, key=lambda line: line.request_id):
        name = closed.get(line.provider_id)
        if name is not None:
            lives = "has care from" if line.request_id in homecare else "lives at"
            sentence = f"{line.request_id} {lives} {name}, which is closed"
            found.append(
                Displaced(
                    request_id=line.request_id, provider_id=line.provider_id, sentence=sentence
                )
            )
    return tuple(found)
