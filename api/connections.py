"""Connections kept within limits: how many there are, and how long each may take for its part."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from functools import partial
from math import ceil
from types import MappingProxyType
from typing import Any

import h11
import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from api.edge import HEADERS, ID_BYTES, Figures
from api.errors import FULL, NO_HTTP, Answer
from api.logs import Seldom
from api.problems import MEDIA_TYPE, document_of
from api.rates import neighbourhood_of
from api.settings import Settings, is_among

try:
    import resource
except ImportError:  # no Unix, and no such limit
    resource = None  # type: ignore[assignment]

CLOSING_SECONDS = 5.0
"""Seconds for the rest of a call that is answered already, and of an answer at the very end."""
RETRY_SECONDS = 5
AT_ONCE = struct.pack("ii", 1, 0)
"""How a socket is told to forget what it still holds once it is closed."""
log = structlog.get_logger("carematch.connections")

MOST_HEAD_BYTES = 16_384
"""Bytes of a call's line and headers together."""
TAKEN_AT_ONCE = 128
"""Connections that the system keeps waiting for the service, which takes all of them at one go."""


class Stage(StrEnum):
    """What of a connection's other end the service waits for."""

    IDLE = "idle"
    """The next call to begin."""
    HEAD = "head"
    """The rest of its line and headers."""
    REST = "rest"
    """The rest of a call that is answered already."""
    ANSWER = "answer"
    """That the answer is taken in."""
    CLOSING = "closing"
    """That the end of the last answer is taken in."""


class Door:
    """Lets connections in while there is room, and ends those whose other end takes too long.

    Parameters
    ----------
    settings
        How many there may be of one address, and how long each may take.
    most
        How many there may be in all.
    figures
        Where what was refused or ended is counted.
    """

    def __init__(self, settings: Settings, most: int, figures: Figures) -> None:
        self._most, self._most_of_one = most, settings.address_connections
        self._proxies, self._figures = settings.proxies, figures
        self._seconds: Mapping[Stage, float] = MappingProxyType(
            {
                Stage.IDLE: settings.idle_seconds,
                Stage.HEAD: settings.caller_seconds,
                Stage.REST: min(CLOSING_SECONDS, settings.caller_seconds),
                Stage.ANSWER: settings.caller_seconds,
                Stage.CLOSING: min(CLOSING_SECONDS, settings.caller_seconds),
            }
        )
        self._inside: dict[Connection, str] = {}
        self._of_one: Counter[str] = Counter()
        self._seldom = Seldom(most=1)

    def lets_in(self, connection: Connection, address: str) -> bool:
        """Say whether there is room for a connection, which then is inside until it has left.

        Parameters
        ----------
        connection
            Which one.
        address
            Where it comes from; a proxy that is trusted brings those of many.
        """
        whose = neighbourhood_of(address)
        if len(self._inside) >= self._most:
            self._tell("refused", "full")
        elif self._of_one[whose] >= self._most_of_one and not is_among(address, self._proxies):
            self._tell("refused", "address")
        else:
            self._inside[connection] = whose
            self._of_one[whose] += 1
            return True
        return False

    def leave(self, connection: Connection) -> None:
        """Note that a connection is gone."""
        whose = self._inside.pop(connection, None)
        if whose is not None:
            self._of_one[whose] -= 1
            if not self._of_one[whose]:
                del self._of_one[whose]  # whoever calls once is not remembered for ever

    def look(self, now: float) -> None:
        """End all connections whose other end has taken too long by now.

        Parameters
        ----------
        now
            What the event loop's clock shows.
        """
        for connection in list(self._inside):
            stage = connection.stage
            if stage is not None and now - connection.since > self._seconds[stage]:
                if stage is not Stage.IDLE:
                    self._tell("ended", stage)
                connection.end(stage)

    def _tell(self, became: str, why: str) -> None:
        self._figures.connections.labels(became, why).inc()
        left_out = self._seldom.turn((became, why))
        if left_out is not None:
            log.warning("connection", became=became, why=why, more_before=left_out)


class Connection(H11Protocol):
    """One connection of the server, which knows since when it waits for its other end.

    The server itself ends only connections on which nothing at all has come since an answer.

    Parameters
    ----------
    door
        Lets it in, and ends it.
    config, server_state, app_state, _loop
        As of any connection of the server.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        door: Door,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._door = door
        self.stage: Stage | None = None
        self.since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or refuse to."""
        super().connection_made(transport)
        if not self._door.lets_in(self, self.client[0] if self.client else ""):
            self._refuse(FULL, "There are too many connections: try again soon.")
        self._note()

    def connection_lost(self, exc: Exception | None) -> None:
        """Leave."""
        self._door.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what has come."""
        super().data_received(data)
        self._note()

    def on_response_complete(self) -> None:
        """Go on to the next call."""
        super().on_response_complete()
        self._note()

    def pause_writing(self) -> None:
        """Wait until what was written is taken in."""
        super().pause_writing()
        self._note()

    def resume_writing(self) -> None:
        """Write on."""
        super().resume_writing()
        self._note()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no call at all, in the shape of all other refusals."""
        self._refuse(NO_HTTP, "What was sent is no HTTP/1.1 call.")

    def end(self, stage: Stage) -> None:
        """End the connection: what was written is still sent, unless nobody takes it in."""
        if stage in {Stage.ANSWER, Stage.CLOSING}:
            # Else the system would go on offering what nobody takes in.
            taken = self.transport.get_extra_info("socket")
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            self.transport.abort()
        else:
            self.transport.close()
            self._note()

    def _note(self) -> None:
        stage = self._standing()
        if stage is not self.stage:
            self.stage, self.since = stage, self.loop.time()

    def _standing(self) -> Stage | None:
        """Return what the other end is waited for; ``None`` while the app is at work."""
        if self.transport.is_closing():
            return Stage.CLOSING
        if self.flow.write_paused:
            return Stage.ANSWER
        if self.cycle is not None and not self.cycle.response_complete:
            return None
        if self.conn.their_state is not h11.IDLE:
            return Stage.REST
        begun, _ = self.conn.trailing_data
        return Stage.HEAD if begun else Stage.IDLE

    def _refuse(self, answer: Answer, detail: str) -> None:
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            request_id = secrets.token_hex(ID_BYTES)
            body = document_of(answer, detail, request_id).model_dump_json(exclude_none=True)
            headers = {
                **HEADERS,
                "X-Request-Id": request_id,
                "Content-Type": MEDIA_TYPE,
                "Content-Length": str(len(body)),
                "Connection": "close",
                "Retry-After": str(RETRY_SECONDS),
            }
            head = h11.Response(
                status_code=answer.status,
                headers=list(headers.items()),
                reason=answer.title.encode(),
            )
            for event in (head, h11.Data(data=body.encode()), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


# -- the server --------------------------------------------------------------------------------


def room_for(wanted: int) -> int:
    """Return how many connections there may be, with as many handles as the system allows.

    Half of all handles stay for files, the database and connections that are being refused.

    Parameters
    ----------
    wanted
        How many there should be.
    """
    if resource is None:
        return wanted
    handles, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = max(2 * (wanted + TAKEN_AT_ONCE), handles)
    raised = needed if most == resource.RLIM_INFINITY else min(needed, most)
    if raised > handles:
        resource.setrlimit(resource.RLIMIT_NOFILE, (raised, most))
        handles = raised
    return min(wanted, handles // 2)


def server_of(app: ASGIApp, settings: Settings, door: Door, host: str, port: int) -> uvicorn.Config:
    """Return how a server serves an app with its connections kept within limits.

    Parameters
    ----------
    app, settings
        What is served.
    door
        Lets connections in.
    host, port
        Where.
    """
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http=partial(Connection, door=door),  # type: ignore[arg-type]
        ws="none",
        backlog=TAKEN_AT_ONCE,
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        # What the door ends earlier by itself.
        timeout_keep_alive=ceil(settings.idle_seconds) + 1,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        log_config=None,
        access_log=False,
        server_header=False,
    )
