"""What the files of a book say together: every contradiction, each with the row that makes it."""

from __future__ import annotations

from datetime import date

from matcher.errors import Fault
from matcher.files.book_rows import BookRows
from matcher.files.periods import period_faults
from matcher.files.references import reference_faults
from matcher.files.snapshots import snapshot_faults
from matcher.files.visit_times import visit_faults
from matcher.policy import Policy


def crosscheck(rows: BookRows, as_of: date | None, policy: Policy | None) -> list[Fault]:
    """Return the faults between the rows of a book.

    Rows and files that cannot be read are left out, and nothing is blamed for naming them.

    Parameters
    ----------
    rows
        The rows as read.
    as_of
        The day the book describes; None where it cannot be read, which leaves out its checks.
    policy
        The policy to follow; None where it cannot be read, which leaves out its checks.
    """
    faults = [*reference_faults(rows), *period_faults(rows, as_of), *snapshot_faults(rows)]
    if policy is not None:
        faults += visit_faults(rows, policy)
    return faults
