"""The tables of the record: documents that the models validate, beside what is asked for by."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Document = dict[str, Any]
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """A moment in UTC, which SQLite keeps without saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return a moment as the database keeps it."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return a moment of the database with its time zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Packed(TypeDecorator[list[Document]]):
    """Long and repetitive lists of documents in little space, given back as they were."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: list[Document] | None, dialect: Dialect) -> bytes | None:
        """Return documents as the database keeps them."""
        return None if value is None else zlib.compress(json.dumps(value).encode())

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> list[Document] | None:
        """Return documents of the database."""
        return None if value is None else list(json.loads(zlib.decompress(value)))


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  # read by the mapper, never changed
        datetime: Moment,
        Document: JSON,
        list[Document]: JSON,
        list[str]: JSON,
        str: String(200),
    }


class RecordRow(Base):
    """The one row that every change locks: versions, the end of the audit chain, and the terms."""

    __tablename__ = "record"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    council: Mapped[str]
    as_of: Mapped[date]
    zones: Mapped[list[Document]]
    framework_rates: Mapped[list[Document]]
    policy_text: Mapped[str | None] = mapped_column(Text)
    terms_version: Mapped[int]
    supply_version: Mapped[int]
    audit_count: Mapped[int]
    audit_hash: Mapped[str]
    audit_key: Mapped[str | None]
    audit_head: Mapped[str | None]
    order_count: Mapped[int]


class ProviderRow(Base):
    """A provider with its rates and the capacity that it last stated."""

    __tablename__ = "providers"
    provider_id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    document: Mapped[Document]
    rates: Mapped[list[Document]]
    homecare_capacity: Mapped[list[Document]]
    bed_capacity: Mapped[list[Document]]
    version: Mapped[int]
    supply_version: Mapped[int] = mapped_column(index=True)
    status_reason: Mapped[str | None] = mapped_column(Text)
    changed_at: Mapped[datetime]


class RequestRow(Base):
    """A person's ask for one service, with what has become of it."""

    __tablename__ = "requests"
    request_id: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int]
    document: Mapped[Document]
    state: Mapped[str]
    risk_order: Mapped[int]
    waiting_since: Mapped[date | None]
    service_type: Mapped[str]
    zone: Mapped[str | None]
    version: Mapped[int]
    key_worker: Mapped[str | None] = mapped_column(index=True)
    received_at: Mapped[datetime]
    urgent_by: Mapped[str | None]
    urgent_at: Mapped[datetime | None]
    suspended_from: Mapped[date | None]
    suspended_until: Mapped[date | None]
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("requests.request_id"), index=True)
    kind: Mapped[str]
    reasons: Mapped[Document | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    money_asked_by: Mapped[str | None]
    money_agreed_by: Mapped[str | None]
    money_agreed_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_requests_list", "state", "risk_order", "waiting_since", "request_id"),
    )


class CommitmentRow(Base):
    """Capacity of a provider that a person is promised: held for a time, or booked."""

    __tablename__ = "commitments"
    commitment_id: Mapped[str] = mapped_column(primary_key=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.provider_id"), index=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.request_id"), index=True)
    kind: Mapped[str]
    purpose: Mapped[str | None]
    document: Mapped[Document]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]
    counted_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_commitments_open", "released_at", "counted_at", "expires_at"),)


class ShortlistRow(Base):
    """A shortlist as a decision record, with the evidence of everyone considered."""

    __tablename__ = "shortlists"
    shortlist_id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.request_id"), index=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    inputs_sha256: Mapped[str]
    request: Mapped[Document]
    document: Mapped[Document]
    evidence: Mapped[list[Document]] = mapped_column("considered", Packed)
    hold_ids: Mapped[list[str]]


class EnquiryRow(Base):
    """A request advertised to some providers until a moment."""

    __tablename__ = "enquiries"
    enquiry_id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.request_id"), index=True)
    shortlist_id: Mapped[str | None] = mapped_column(ForeignKey("shortlists.shortlist_id"))
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    closes_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    first_refusal: Mapped[bool]
    advert: Mapped[Document]


class InvitationRow(Base):
    """One provider asked by an enquiry, and whether it declined."""

    __tablename__ = "invitations"
    enquiry_id: Mapped[str] = mapped_column(ForeignKey("enquiries.enquiry_id"), primary_key=True)
    provider_id: Mapped[str] = mapped_column(
        ForeignKey("providers.provider_id"), primary_key=True, index=True
    )
    declined_at: Mapped[datetime | None]
    decline_reason: Mapped[str | None] = mapped_column(Text)


class OfferRow(Base):
    """What a provider offers for one request as it was advertised then, and how far it has come."""

    __tablename__ = "offers"
    offer_id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.request_id"), index=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.provider_id"), index=True)
    enquiry_id: Mapped[str | None] = mapped_column(ForeignKey("enquiries.enquiry_id"))
    proposal_id: Mapped[str | None] = mapped_column(ForeignKey("proposals.proposal_id"))
    source: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    document: Mapped[Document]
    advert: Mapped[Document | None]
    weekly_cost_pence: Mapped[int]
    needs_approval: Mapped[bool]
    approval_reasons: Mapped[list[str]]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    approved: Mapped[bool | None]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]
    approved_family_pence: Mapped[int | None]
    approval_note: Mapped[str | None] = mapped_column(Text)
    chosen_by: Mapped[str | None]
    chosen_at: Mapped[datetime | None]
    choice_note: Mapped[str | None] = mapped_column(Text)
    recorded_by: Mapped[str | None]
    unsuitable_reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (UniqueConstraint("enquiry_id", "provider_id", name="uq_offers_reply"),)


class BookingRow(Base):
    """Care arranged: who gives it to whom from when, at what price."""

    __tablename__ = "bookings"
    order_ref: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.request_id"), index=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.provider_id"), index=True)
    offer_id: Mapped[str | None] = mapped_column(ForeignKey("offers.offer_id"))
    commitment_id: Mapped[str | None] = mapped_column(ForeignKey("commitments.commitment_id"))
    place: Mapped[int]
    version: Mapped[int]
    starts_on: Mapped[date]
    weekly_cost_pence: Mapped[int | None]
    booked_at: Mapped[datetime]
    booked_by: Mapped[str]
    ends_on: Mapped[date | None]
    was_to_end_on: Mapped[date | None]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]


class HistoryRow(Base):
    """One line of the fairness ledger: work offered to a provider and what became of it."""

    __tablename__ = "history"
    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.provider_id"), index=True)
    offered_on: Mapped[date]
    request_id: Mapped[str | None]
    outcome: Mapped[str]
    reason: Mapped[str | None] = mapped_column(Text)


class RunRow(Base):
    """One night's allocation as a job: the queue, the lease, the progress and the result."""

    __tablename__ = "runs"
    run_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(index=True)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    asked_key: Mapped[str | None]
    limits: Mapped[Document]
    seed: Mapped[int]
    attempts: Mapped[int]
    claim: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_asked: Mapped[bool]
    progress: Mapped[Document | None]
    summary: Mapped[Document | None]
    files: Mapped[Document | None]
    failure: Mapped[str | None] = mapped_column(Text)


class ProposalRow(Base):
    """One placement that a run proposes, to be accepted or not; never a booking (H14)."""

    __tablename__ = "proposals"
    proposal_id: Mapped[str] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.run_id"), index=True)
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.request_id"), index=True)
    provider_id: Mapped[str] = mapped_column(ForeignKey("providers.provider_id"))
    state: Mapped[str]
    document: Mapped[Document]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    reason: Mapped[str | None] = mapped_column(Text)


class UnplacedRow(Base):
    """Why the latest run that looked at a request found nothing for it (H29)."""

    __tablename__ = "unplaced"
    request_id: Mapped[str] = mapped_column(ForeignKey("requests.request_id"), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.run_id"), index=True)
    reason: Mapped[str]
    detail: Mapped[str] = mapped_column(Text)
    nearest_miss: Mapped[str] = mapped_column(Text)


class ApiKeyRow(Base):
    """Who may call, in which role; only a keyed hash of the secret is kept."""

    __tablename__ = "api_keys"
    prefix: Mapped[str] = mapped_column(primary_key=True)
    secret_hash: Mapped[str]
    role: Mapped[str]
    holder: Mapped[str]
    provider_id: Mapped[str | None] = mapped_column(ForeignKey("providers.provider_id"))
    limit_pence_per_week: Mapped[int | None]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class AuditRow(Base):
    """One change, chained to the one before by a hash, with the digests of the rows it changed.

    Never changed or deleted.
    """

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str] = mapped_column(index=True)
    detail: Mapped[Document]
    previous_hash: Mapped[str]
    hash: Mapped[str]
    rows: Mapped[Document | None] = mapped_column(JSON(none_as_null=True), deferred=True)
    key_name: Mapped[str | None]


class ReplayRow(Base):
    """The answer that a POST with an idempotency key once got, to be given again."""

    __tablename__ = "replays"
    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    asked_sha256: Mapped[str]
    made_at: Mapped[datetime]
    body: Mapped[str] = mapped_column(Text)
