"""Tests of the description of the service: complete, pasteable, and true whatever is sent."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import CHECKS, load_all_checks

from api.app import create_app, rules_of
from api.security import Role, Rule
from matcher.geography import Gazetteer
from tests.api.conftest import settings_at
from tests.api.desk import Desk

load_all_checks()
HELD = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
    ]
)
FOLDER = TemporaryDirectory()
FUZZED = Path(FOLDER.name) / "book.db"
"""Where the app below finds its record once a test has put it there."""
described = schemathesis.openapi.from_asgi(
    "/v1/openapi.json", create_app(settings_at(f"sqlite:///{FUZZED}"))
)


@pytest.fixture(scope="module")
def fuzzed(loaded_file: Path, gazetteer: Gazetteer) -> Iterator[Desk]:
    """Give a desk on the record that the described app uses."""
    shutil.copy(loaded_file, FUZZED)
    found = Desk(settings_at(f"sqlite:///{FUZZED}"), gazetteer)
    yield found
    found.close()


def caller_for(desk: Desk, method: str, path: str) -> dict[str, str]:
    """Return the headers of a caller whom a route lets pass: with the longest reach first."""
    for route, rule in rules_of(desk.app):
        if route.path == path and method in route.methods and isinstance(rule, Rule):
            role = sorted(rule.reach, key=lambda each: (rule.reach[each], each))[0]
            provider_id = "maiden" if role is Role.PROVIDER else None
            return {"Authorization": f"Bearer {desk.key(role, provider_id=provider_id)}"}
    return {}


@described.parametrize()
@settings(
    max_examples=30,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_is_sent_is_answered_as_described(case: Any, fuzzed: Desk) -> None:
    """No call of any shape gives a server error or an answer that is not described."""
    headers = caller_for(fuzzed, case.method, case.path)
    case.call_and_validate(headers=headers, checks=HELD)


def operations(desk: Desk) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation that is described, with its name."""
    for path, methods in desk.client.get("/v1/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_every_operation_says_what_it_is_for(sqlite_desk: Desk) -> None:
    """Each route has a sentence that a person can read, and a tag to find it by."""
    found = dict(operations(sqlite_desk))
    assert len(found) > 10
    silent = [name for name, each in found.items() if len(each.get("description", "")) < 20]
    assert silent == []
    assert [name for name, each in found.items() if not each.get("tags")] == []


def test_every_body_has_an_example_to_paste(sqlite_desk: Desk) -> None:
    """Each body that may be sent is shown by an example."""
    lacking = [
        name
        for name, each in operations(sqlite_desk)
        if "requestBody" in each
        and not {"example", "examples"} & each["requestBody"]["content"]["application/json"].keys()
    ]
    assert lacking == []
