"""The compiled market, kept in memory and kept right as capacity changes."""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.clocks import Clock
from api.storage import supply as stored
from api.storage.owners import At
from api.storage.providers import terms_of_all
from api.storage.record import Writing, not_loaded
from api.tables import RecordRow
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.model import CareRequest
from matcher.objectives import read_policy_text
from matcher.policy import Policy, default_policy
from matcher.roads import RoadTimes, gather


@dataclass(frozen=True)
class _Compiled:
    """A market, which versions it is of, and until when it is right by itself."""

    market: Market
    versions: stored.Versions
    day: date
    at: datetime
    right_until: datetime | None


class Supply:
    """Gives the market of the record as it is now.

    Of a change of somebody's capacity that provider's alone is read, and the tables of capacity are
    compiled anew; of new lines of the fairness ledger, that ledger. A change of terms, of the
    policy or of the day reads and compiles everything.

    Parameters
    ----------
    clock
        What day and moment it is.
    gazetteer
        Where postcodes are.
    roads
        Who says how long drives take, where a routing server is named.
    """

    def __init__(
        self, clock: Clock, gazetteer: Gazetteer | None = None, roads: RoadTimes | None = None
    ) -> None:
        self.gazetteer = gazetteer or Gazetteer()
        self.roads = roads
        self._clock = clock
        self._lock = threading.Lock()
        self._compiled: _Compiled | None = None

    def market(self, at: At) -> Market:
        """Return the market as committed by now.

        Parameters
        ----------
        at
            Where to read; a bare connection is quicker where the market in memory is right.

        Raises
        ------
        NotReadyError
            If no book has been loaded.
        """
        versions = stored.versions(at)
        if versions is None:
            raise not_loaded()
        now, today = self._clock.now(), self._clock.today()
        compiled = self._compiled
        if compiled is None or not _is_right(compiled, versions, now, today):
            with self._lock:
                compiled = self._compiled
                if compiled is None or not _is_right(compiled, versions, now, today):
                    session = at if isinstance(at, Session) else Session(at)
                    compiled = self._brought_up(compiled, session, versions, now, today)
                    self._compiled = compiled
        return compiled.market

    def market_within(
        self, writing: Writing, besides: str | None = None, held_at: Collection[str] = ()
    ) -> Market:
        """Return the market as a change under way sees it; nothing of that is kept in memory.

        Parameters
        ----------
        writing
            The change.
        besides, held_at
            A request whose own promises at some providers take nothing.
        """
        session, now = writing.session, writing.now
        versions = stored.versions(session)
        if versions is None:
            raise not_loaded()
        seen = self._brought_up(self._compiled, session, versions, now, writing.today).market
        return _restocked(seen, set(held_at), session, now, besides)

    def terms(self, session: Session) -> Market:
        """Return a market of policy, zones and providers' terms: by these a request is judged.

        Quick to make, so that how a request stands can be said without a look at anybody's rates,
        capacity or promises.

        Raises
        ------
        NotReadyError
            If no book has been loaded.
        """
        head = stored.head_of_book(session, self._clock.today())
        book = head.model_copy(update={"providers": terms_of_all(session)})
        return Market(book, policy_in(session), self.gazetteer)

    def by_road(self, market: Market, request: CareRequest) -> Market:
        """Return a market with the drives to one person, as the night's run has them.

        The same market where no routing server is named or no drive counts. A server is asked for
        what nobody has asked for in a month: keep this out of the event loop.
        """
        if self.roads is None or not request.is_homecare:
            return market
        alone = market.book.model_copy(update={"requests": (request,)})
        return market.by_road(gather(self.roads, alone, market.policy, self.gazetteer))

    def _brought_up(
        self,
        compiled: _Compiled | None,
        session: Session,
        versions: stored.Versions,
        now: datetime,
        today: date,
    ) -> _Compiled:
        if compiled is None or compiled.versions.terms != versions.terms or compiled.day != today:
            policy = policy_in(session)
            book = stored.supply_book(session, now, today, _counts_since(policy, today))
            market = Market(book, policy, self.gazetteer)
        else:
            changed = stored.changed_since(session, compiled.versions)
            # Where a clock was put back, holds that had expired hold again.
            changed |= stored.expired_between(session, *sorted((compiled.at, now)))
            market = _restocked(compiled.market, changed, session, now)
            if compiled.versions.ledger != versions.ledger:
                since = _counts_since(market.policy, today)
                market = market.with_history(stored.history(session, since))
        return _Compiled(market, versions, today, now, stored.next_expiry(session, now))


def _counts_since(policy: Policy, today: date) -> date:
    """Return from which day on every line of the fairness ledger counts."""
    return today - timedelta(days=policy.allocation.fairness_days.value)


def _restocked(
    market: Market,
    changed: set[str],
    session: Session,
    now: datetime,
    besides: str | None = None,
) -> Market:
    if not changed:
        return market
    rows = stored.provider_rows(session, changed)
    promised = stored.promises(session, now, changed, besides=besides)
    return market.restocked(changed, *stored.left_of(rows, promised))


def _is_right(compiled: _Compiled, versions: stored.Versions, now: datetime, today: date) -> bool:
    if compiled.versions != versions or compiled.day != today or now < compiled.at:
        return False
    return compiled.right_until is None or now < compiled.right_until


def policy_in(session: Session) -> Policy:
    """Return the policy that the record follows.

    Raises
    ------
    NotReadyError
        If no book has been loaded.
    """
    row = session.execute(select(RecordRow.policy_text)).first()
    if row is None:
        raise not_loaded()
    return _policy_of(row[0])


@lru_cache(maxsize=4)  # every change needs it, and reading it takes longer than many a change
def _policy_of(text: str | None) -> Policy:
    return default_policy() if text is None else read_policy_text(text)
