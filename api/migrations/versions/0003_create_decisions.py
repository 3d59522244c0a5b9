"""Create shortlists, enquiries, offers and bookings."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Take the step."""
    _create_shortlists()
    _create_enquiries()
    _create_invitations()
    _create_offers()
    _create_bookings()


def _create_shortlists() -> None:
    op.create_table(
        "shortlists",
        sa.Column("shortlist_id", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("inputs_sha256", sa.String(length=200), nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("hold_ids", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name=op.f("fk_shortlists_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("shortlist_id", name=op.f("pk_shortlists")),
    )
    op.create_index(op.f("ix_shortlists_request_id"), "shortlists", ["request_id"], unique=False)


def _create_enquiries() -> None:
    op.create_table(
        "enquiries",
        sa.Column("enquiry_id", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("shortlist_id", sa.String(length=200), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.String(length=200), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_refusal", sa.Boolean(), nullable=False),
        sa.Column("advert", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name=op.f("fk_enquiries_request_id_requests")
        ),
        sa.ForeignKeyConstraint(
            ["shortlist_id"],
            ["shortlists.shortlist_id"],
            name=op.f("fk_enquiries_shortlist_id_shortlists"),
        ),
        sa.PrimaryKeyConstraint("enquiry_id", name=op.f("pk_enquiries")),
    )
    op.create_index(op.f("ix_enquiries_request_id"), "enquiries", ["request_id"], unique=False)


def _create_invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("enquiry_id", sa.String(length=200), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decline_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enquiry_id"],
            ["enquiries.enquiry_id"],
            name=op.f("fk_invitations_enquiry_id_enquiries"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.provider_id"],
            name=op.f("fk_invitations_provider_id_providers"),
        ),
        sa.PrimaryKeyConstraint("enquiry_id", "provider_id", name=op.f("pk_invitations")),
    )
    op.create_index(
        op.f("ix_invitations_provider_id"), "invitations", ["provider_id"], unique=False
    )


def _create_offers() -> None:
    op.create_table(
        "offers",
        sa.Column("offer_id", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("enquiry_id", sa.String(length=200), nullable=True),
        sa.Column("proposal_id", sa.String(length=200), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("weekly_cost_pence", sa.Integer(), nullable=False),
        sa.Column("needs_approval", sa.Boolean(), nullable=False),
        sa.Column("approval_reasons", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=200), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=True),
        sa.Column("approved_by", sa.String(length=200), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approval_note", sa.Text(), nullable=True),
        sa.Column("chosen_by", sa.String(length=200), nullable=True),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("choice_note", sa.Text(), nullable=True),
        sa.Column("recorded_by", sa.String(length=200), nullable=True),
        sa.Column("unsuitable_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["enquiry_id"], ["enquiries.enquiry_id"], name=op.f("fk_offers_enquiry_id_enquiries")
        ),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.proposal_id"], name=op.f("fk_offers_proposal_id_proposals")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"], ["providers.provider_id"], name=op.f("fk_offers_provider_id_providers")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name=op.f("fk_offers_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("offer_id", name=op.f("pk_offers")),
        sa.UniqueConstraint("enquiry_id", "provider_id", name="uq_offers_reply"),
    )
    op.create_index(op.f("ix_offers_provider_id"), "offers", ["provider_id"], unique=False)
    op.create_index(op.f("ix_offers_request_id"), "offers", ["request_id"], unique=False)


def _create_bookings() -> None:
    op.create_table(
        "bookings",
        sa.Column("order_ref", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("offer_id", sa.String(length=200), nullable=True),
        sa.Column("commitment_id", sa.String(length=200), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("weekly_cost_pence", sa.Integer(), nullable=True),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_by", sa.String(length=200), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["commitment_id"],
            ["commitments.commitment_id"],
            name=op.f("fk_bookings_commitment_id_commitments"),
        ),
        sa.ForeignKeyConstraint(
            ["offer_id"], ["offers.offer_id"], name=op.f("fk_bookings_offer_id_offers")
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.provider_id"],
            name=op.f("fk_bookings_provider_id_providers"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name=op.f("fk_bookings_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("order_ref", name=op.f("pk_bookings")),
    )
    op.create_index(op.f("ix_bookings_provider_id"), "bookings", ["provider_id"], unique=False)
    op.create_index(op.f("ix_bookings_request_id"), "bookings", ["request_id"], unique=False)


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("bookings")
    op.drop_table("offers")
    op.drop_table("invitations")
    op.drop_table("enquiries")
    op.drop_table("shortlists")
