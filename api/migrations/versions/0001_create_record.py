"""Create the record: providers, requests, keys, and an audit that only grows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
POSTGRESQL_GUARD = """
CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'the audit may only grow'; END $$
"""
POSTGRESQL_TRIGGER = """
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
"""
SQLITE_TRIGGER = """
CREATE TRIGGER audit_only_grows_{change} BEFORE {change} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit may only grow'); END
"""


def upgrade() -> None:
    """Take the step."""
    _create_audit()
    _create_providers()
    _create_record()
    _create_replays()
    _create_requests()
    _create_api_keys()
    _create_commitments()
    _create_history()
    _guard_audit()


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous_hash", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)


def _create_providers() -> None:
    op.create_table(
        "providers",
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("rates", sa.JSON(), nullable=False),
        sa.Column("homecare_capacity", sa.JSON(), nullable=False),
        sa.Column("bed_capacity", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("supply_version", sa.Integer(), nullable=False),
        sa.Column("status_reason", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider_id", name=op.f("pk_providers")),
    )
    op.create_index(
        op.f("ix_providers_supply_version"), "providers", ["supply_version"], unique=False
    )


def _create_record() -> None:
    op.create_table(
        "record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("council", sa.String(length=200), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("zones", sa.JSON(), nullable=False),
        sa.Column("framework_rates", sa.JSON(), nullable=False),
        sa.Column("policy_text", sa.Text(), nullable=True),
        sa.Column("terms_version", sa.Integer(), nullable=False),
        sa.Column("supply_version", sa.Integer(), nullable=False),
        sa.Column("audit_count", sa.Integer(), nullable=False),
        sa.Column("audit_hash", sa.String(length=200), nullable=False),
        sa.Column("order_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
    )


def _create_replays() -> None:
    op.create_table(
        "replays",
        sa.Column("caller", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("asked_sha256", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_replays")),
    )


def _create_requests() -> None:
    op.create_table(
        "requests",
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("risk_order", sa.Integer(), nullable=False),
        sa.Column("waiting_since", sa.Date(), nullable=True),
        sa.Column("service_type", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key_worker", sa.String(length=200), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("urgent_by", sa.String(length=200), nullable=True),
        sa.Column("urgent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_from", sa.Date(), nullable=True),
        sa.Column("suspended_until", sa.Date(), nullable=True),
        sa.Column("parent_id", sa.String(length=200), nullable=True),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["requests.request_id"], name=op.f("fk_requests_parent_id_requests")
        ),
        sa.PrimaryKeyConstraint("request_id", name=op.f("pk_requests")),
    )
    op.create_index(op.f("ix_requests_key_worker"), "requests", ["key_worker"], unique=False)
    op.create_index(
        "ix_requests_list",
        "requests",
        ["state", "risk_order", "waiting_since", "request_id"],
        unique=False,
    )
    op.create_index(op.f("ix_requests_parent_id"), "requests", ["parent_id"], unique=False)


def _create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("prefix", sa.String(length=200), nullable=False),
        sa.Column("secret_hash", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=200), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=True),
        sa.Column("limit_pence_per_week", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.provider_id"],
            name=op.f("fk_api_keys_provider_id_providers"),
        ),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_api_keys")),
    )


def _create_commitments() -> None:
    op.create_table(
        "commitments",
        sa.Column("commitment_id", sa.String(length=200), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("request_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.provider_id"],
            name=op.f("fk_commitments_provider_id_providers"),
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["requests.request_id"], name=op.f("fk_commitments_request_id_requests")
        ),
        sa.PrimaryKeyConstraint("commitment_id", name=op.f("pk_commitments")),
    )
    op.create_index(
        "ix_commitments_open",
        "commitments",
        ["released_at", "counted_at", "expires_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_commitments_provider_id"), "commitments", ["provider_id"], unique=False
    )
    op.create_index(op.f("ix_commitments_request_id"), "commitments", ["request_id"], unique=False)


def _create_history() -> None:
    op.create_table(
        "history",
        sa.Column("line_id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("offered_on", sa.Date(), nullable=False),
        sa.Column("request_id", sa.String(length=200), nullable=True),
        sa.Column("outcome", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.provider_id"],
            name=op.f("fk_history_provider_id_providers"),
        ),
        sa.PrimaryKeyConstraint("line_id", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_provider_id"), "history", ["provider_id"], unique=False)


def _guard_audit() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL_GUARD)
        op.execute(POSTGRESQL_TRIGGER)
    else:
        for change in ("UPDATE", "DELETE"):
            op.execute(SQLITE_TRIGGER.format(change=change))


def downgrade() -> None:
    """Take the step back."""
    op.drop_table("history")
    op.drop_table("commitments")
    op.drop_table("api_keys")
    op.drop_table("requests")
    op.drop_table("replays")
    op.drop_table("record")
    op.drop_table("providers")
    op.drop_table("audit")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_audit_change")
