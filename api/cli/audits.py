"""``carematch audit``: whether the record is what its audit says, and what that proves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.text import Text

from api.cli.opening import COMMAND_LINE, open_record, require_migrated
from api.storage.anchoring import AuditFaultsError, anchor_checked
from api.storage.checking import ledger_faults
from api.storage.proving import Proof, prove
from api.storage.record import Record, not_loaded
from api.storage.seals import Seal, make_seal, read_seal, write_seal
from matcher.cli.options import AsJson
from matcher.cli.screen import show, show_document
from matcher.errors import MatcherError
from matcher.report.wording import count_text

What = Annotated[Literal["verify", "seal", "anchor"], typer.Argument(metavar="verify|seal|anchor")]
SealFile = Annotated[
    Path | None, typer.Argument(metavar="[FILE]", help="seal: the file to write it to.")
]
Seals = Annotated[
    list[Path] | None,
    typer.Option("--seal", help="verify: a seal kept elsewhere to hold the chain against."),
]
AsFound = Annotated[
    bool, typer.Option("--as-found", help="anchor: vouch even where there are faults.")
]


class AuditUseError(MatcherError):
    """An option of the command that does not go with what is asked for."""


def audit(
    what: What,
    file: SealFile = None,
    seal: Seals = None,
    as_found: AsFound = False,
    as_json: AsJson = False,
) -> None:
    """Check the audit and the ledger, seal where the audit ends, or change its secret."""
    _require_fitting(what, file, seal, as_found)
    seals = [read_seal(each) for each in seal or ()]
    with open_record() as record:
        require_migrated(record)
        if what == "anchor":
            _anchor(record, as_found, as_json)
        elif what == "seal":
            _seal(record, file, as_json)
        else:
            _tell(_checked(record, seals), as_json)


def _require_fitting(what: str, file: Path | None, seal: list[Path] | None, as_found: bool) -> None:
    fitting = {
        "FILE": (file, "seal"),
        "--seal": (seal, "verify"),
        "--as-found": (as_found, "anchor"),
    }
    for option, (given, belongs_to) in fitting.items():
        if given and what != belongs_to:
            raise AuditUseError(
                f"'carematch audit {what}' takes no {option}; 'carematch audit {belongs_to}' does.",
                thing=option,
                expected=f"carematch audit {belongs_to}",
            )


def _checked(record: Record, seals: list[Seal]) -> Proof:
    """Return what is found, or refuse it with every fault.

    Raises
    ------
    AuditFaultsError
        If anything is not as it must be.
    """
    with record.snapshot() as session:
        proof = prove(session, record.keys, seals)
        if not proof.lines and not proof.faults:
            # A book that is loaded leaves a line.
            raise not_loaded()
        faults = proof.faults + ledger_faults(session, record.clock.now())
    if faults:
        raise AuditFaultsError(
            f"{count_text(len(faults), 'fault')} in {proof.lines:,} audit lines, what they vouch "
            "for, and the ledger:\n" + "\n".join(faults),
            thing="audit",
            value=len(faults),
            expected="none",
        )
    return proof


def _tell(proof: Proof, as_json: bool) -> None:
    if as_json:
        told = {"lines": proof.lines, "rows": proof.rows, "keyed_from": proof.keyed_from}
        show_document({**told, "faults": [], "limits": proof.limits})
        return
    show(
        Text(
            f"{proof.lines:,} audit lines, each as it was written and following the one before; "
            f"{proof.rows:,} rows as the lines about them left them. Promises, bookings and "
            "requests agree."
        )
    )
    for limit in proof.limits:
        show(Text(f"Not proved: {limit}"))


def _seal(record: Record, file: Path | None, as_json: bool) -> None:
    # What is sealed is vouched for, so it is checked first.
    _checked(record, [])
    with record.snapshot() as session:
        seal = make_seal(session, record.keys, record.clock.now())
    if file is None:
        typer.echo(seal.text(), nl=False)
        return
    write_seal(seal, file)
    if as_json:
        show_document({"file": str(file), **seal.model_dump(mode="json")})
        return
    unsigned = "" if seal.signature else " It is not signed, for no CAREMATCH_AUDIT_SECRET is set."
    show(Text(f"The audit up to line {seal.number:,} is sealed in {file}.{unsigned}"))


def _anchor(record: Record, as_found: bool, as_json: bool) -> None:
    vouched = anchor_checked(record, COMMAND_LINE, as_found=as_found)
    if as_json:
        show_document({"vouched": vouched, "key_name": record.keys.name})
    elif vouched is None:
        show(Text("The audit is signed with the secret that is set, and vouches for every row."))
    else:
        how = f"with secret {record.keys.name}" if record.keys.name else "without a secret"
        show(
            Text(
                f"From a new line on the audit is signed {how}; it vouches for "
                f"{count_text(vouched, 'row')} more."
            )
        )
