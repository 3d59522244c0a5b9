"""The sample book, every stage and every line of its two allocations worked out by hand."""

from __future__ import annotations

import pytest

from matcher.allocation import UnplacedReason
from matcher.files import read_book
from matcher.geography import Gazetteer
from matcher.market import Market
from matcher.policy import Policy
from matcher.referee import check
from matcher.result import Limits, Method, Result, Status
from matcher.solvers import solve
from tests.breaking import SAMPLE
