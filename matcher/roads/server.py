"""Routing servers: the table call of OSRM and the matrix call of Valhalla, over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from matcher.errors import MatcherError
from matcher.geography import grid_to_lat_lon
from matcher.roads.table import Leg, Point, RoutingError

URL_VARIABLE, KIND_VARIABLE = "CAREMATCH_ROUTING_URL", "CAREMATCH_ROUTING_KIND"
PLACES_A_CALL = 50
"""Both servers, as they are set up by default, answer for so many places at once."""
ATTEMPTS, PAUSE_SECONDS, ANSWER_SECONDS = 2, 0.2, 10.0
MOST_BYTES = 4_000_000
DECIMALS = 5
"""Of degrees: about a metre."""


class ServerKind(StrEnum):
    """Whose interface a routing server speaks."""

    OSRM = "osrm"
    VALHALLA = "valhalla"


@dataclass(frozen=True)
class RoutingServer:
    """A routing server for cars.

    Parameters
    ----------
    kind
        Whose interface it speaks.
    url
        Where it is, without a slash at the end.
    answer_seconds
        How long one answer may take.
    """

    kind: ServerKind
    url: str
    answer_seconds: float = ANSWER_SECONDS

    @property
    def name(self) -> str:
        """What to call it before people: its kind, for its address is nobody's business."""
        return {"osrm": "an OSRM server", "valhalla": "a Valhalla server"}[self.kind]

    def legs(self, there: Sequence[Point], here: Point) -> list[Leg | None]:
        """Return the drives from many places to one, None where no road leads.

        Raises
        ------
        RoutingError
            If the server does not answer, or not in its own way.
        """
        ask = {ServerKind.OSRM: self._osrm, ServerKind.VALHALLA: self._valhalla}[self.kind]
        found: list[Leg | None] = []
        for first in range(0, len(there), PLACES_A_CALL):
            part = there[first : first + PLACES_A_CALL]
            answer = self._answer(ask(part, here))
            try:
                legs = _READERS[self.kind](answer)
            except (KeyError, IndexError, TypeError, ValueError) as error:
                raise self._fault("answered in a way that is not its own") from error
            if len(legs) != len(part):
                raise self._fault(f"answered for {len(legs)} places, asked for {len(part)}")
            found += legs
        return found

    def _osrm(self, there: Sequence[Point], here: Point) -> Request:
        places = ";".join(f"{lon},{lat}" for lat, lon in _degrees([here, *there]))
        sources = ";".join(str(number) for number in range(1, len(there) + 1))
        query = f"sources={sources}&destinations=0&annotations=duration,distance"
        return Request(f"{self.url}/table/v1/driving/{places}?{query}")

    def _valhalla(self, there: Sequence[Point], here: Point) -> Request:
        target, *sources = [{"lat": lat, "lon": lon} for lat, lon in _degrees([here, *there])]
        asked = {"sources": sources, "targets": [target], "costing": "auto", "units": "kilometers"}
        return Request(
            f"{self.url}/sources_to_targets",
            data=json.dumps(asked).encode(),
            headers={"Content-Type": "application/json"},
        )

    def _answer(self, request: Request) -> Any:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with urlopen(request, timeout=self.answer_seconds) as answer:
                    return json.loads(answer.read(MOST_BYTES))
            except HTTPError as error:
                error.close()
                reason, again = f"answered with status {error.code}", error.code >= 500
            except ValueError:
                reason, again = "answered with something other than JSON", False
            except OSError:
                reason, again = "did not answer", True
            if not again:
                break
            if attempt < ATTEMPTS:
                time.sleep(PAUSE_SECONDS)
        raise self._fault(reason)

    def _fault(self, reason: str) -> RoutingError:
        return RoutingError(
            f"The routing server ({self.kind}) {reason}.", thing=URL_VARIABLE, expected="an answer"
        )


def _degrees(points: Sequence[Point]) -> list[tuple[float, float]]:
    latitudes, longitudes = grid_to_lat_lon([e for e, _ in points], [n for _, n in points])
    pairs = zip(latitudes.tolist(), longitudes.tolist(), strict=True)
    return [
        (round(latitude, DECIMALS), round(longitude, DECIMALS)) for latitude, longitude in pairs
    ]


def _leg(seconds: float | None, metres: float | None) -> Leg | None:
    if seconds is None or metres is None:
        return None
    if not (0 <= seconds < 10**7 and 0 <= metres < 10**8):
        raise ValueError("a drive that cannot be")
    return Leg(round(seconds), round(metres))


def _of_osrm(answer: Any) -> list[Leg | None]:
    if answer["code"] != "Ok":
        raise ValueError("refused")
    pairs = zip(answer["durations"], answer["distances"], strict=True)
    return [_leg(durations[0], distances[0]) for durations, distances in pairs]


def _of_valhalla(answer: Any) -> list[Leg | None]:
    cells = [row[0] for row in answer["sources_to_targets"]]
    kilometres = [(cell["time"], cell["distance"]) for cell in cells]
    return [_leg(time, None if km is None else km * 1000) for time, km in kilometres]


_READERS: Mapping[ServerKind, Callable[[Any], list[Leg | None]]] = {
    ServerKind.OSRM: _of_osrm,
    ServerKind.VALHALLA: _of_valhalla,
}


def server_of(variables: Mapping[str, str]) -> RoutingServer | None:
    """Return the routing server that the environment names; None where it names none.

    Raises
    ------
    MatcherError
        If one of the two variables is missing or cannot be what it is set to. The address is not
        repeated, for it may hold a secret.
    """
    url, kind = variables.get(URL_VARIABLE, "").strip(), variables.get(KIND_VARIABLE, "").strip()
    if not url and not kind:
        return None
    if kind not in list(ServerKind):
        raise _bad_setting(KIND_VARIABLE, kind, f"one of {', '.join(ServerKind)}")
    if not _is_address(url):
        told = "http:// or https://, a host, and no query" if url else "the server's address"
        raise _bad_setting(URL_VARIABLE, "", told)
    return RoutingServer(ServerKind(kind), url.rstrip("/"))


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query
    except ValueError:
        return False


def _bad_setting(variable: str, value: str, expected: str) -> MatcherError:
    shown = f"{variable} is {value!r}" if value else f"{variable} cannot be used as it is"
    return MatcherError(f"{shown}; expected {expected}.", thing=variable, expected=expected)
