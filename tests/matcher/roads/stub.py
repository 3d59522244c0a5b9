"""A routing server on the loopback that answers as it is told, for tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any]
"""A status, and what to send as JSON, or bytes as they are."""


class Stub:
    """What the server was asked, and how it answers: by a function of path, query and body."""

    def __init__(self, answer: Callable[[str, dict[str, str], Any], Answer]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.url = ""


@contextmanager
def serving(answer: Callable[[str, dict[str, str], Any], Answer]) -> Iterator[Stub]:
    """Serve a stub on a free port for as long as the block lasts."""
    stub = Stub(answer)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(None)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._reply(json.loads(self.rfile.read(length)))

        def _reply(self, body: Any) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            stub.asked.append((parts.path, query, body))
            status, told = stub.answer(parts.path, query, body)
            sent = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *args: Any) -> None:
            """Keep the tests' output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def osrm(path: str, query: dict[str, str], body: Any) -> Answer:
    """Answer as OSRM does: 600 s and 8 km from the first place, 60 s and 1 km more from each."""
    count = len(query["sources"].split(";"))
    assert path.count(";") == count
    assert (query["destinations"], query["annotations"]) == ("0", "duration,distance")
    seconds = [[600.0 + 60 * number] for number in range(count)]
    metres = [[8000.0 + 1000 * number] for number in range(count)]
    return 200, {"code": "Ok", "durations": seconds, "distances": metres}


def valhalla(path: str, query: dict[str, str], body: Any) -> Answer:
    """Answer as Valhalla does, with the same figures as :func:`osrm`."""
    assert (path, body["costing"], len(body["targets"])) == ("/sources_to_targets", "auto", 1)
    cells = [
        [{"time": 600 + 60 * number, "distance": 8 + number, "from_index": number, "to_index": 0}]
        for number in range(len(body["sources"]))
    ]
    return 200, {"sources_to_targets": cells, "units": "kilometers"}
