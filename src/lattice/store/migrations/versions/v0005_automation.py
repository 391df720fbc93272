"""What starts by itself: schedules, a queue, baselines, orders, alerts and their notifications.

Revision ID: 0005
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def claim_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("claim_token", sa.String(32)),
        sa.Column("claim_host", sa.Text()),
        sa.Column("claim_boot", sa.Text()),
        sa.Column("claim_pid", sa.Integer()),
        sa.Column("claim_started", sa.Text()),
        sa.Column("heartbeat", sa.Double()),
    )


def of_evaluation(**options: Any) -> sa.Column[int]:
    return sa.Column("evaluation_key", KEY, sa.ForeignKey("evaluations.key"), **options)


def upgrade() -> None:
    make_scheduling()
    make_ordering()
    make_alerting()
    make_retiring()


def make_scheduling() -> None:
    op.create_table(
        "schedules",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        of_evaluation(nullable=False, unique=True),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("catch_up", sa.Text(), nullable=False),
        sa.Column("overlap", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text()),
        sa.Column("paused", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("next_at", sa.Double()),
    )
    op.create_table(
        "firings",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("schedule_key", KEY, sa.ForeignKey("schedules.key"), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("asked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("run_id", sa.String(32)),
        sa.Column("ended_at", sa.Double()),
        *claim_columns(),
        sa.UniqueConstraint("schedule_key", "due_at"),
    )
    op.create_table(
        "queue",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("run_id", sa.String(32), nullable=False, unique=True),
        sa.Column("queued_at", sa.Double(), nullable=False),
        sa.Column("settings", sa.Text()),
        sa.Column("begun_at", sa.Double()),
        sa.Column("resumes", sa.Integer(), nullable=False, server_default=sa.text("0")),
        *claim_columns(),
    )


def make_ordering() -> None:
    op.create_table(
        "baselines",
        of_evaluation(primary_key=True, autoincrement=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("set_at", sa.Double(), nullable=False),
    )
    op.create_table(
        "orders",
        of_evaluation(nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("run_id", sa.String(32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("evaluation_key", "name"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("at", sa.Double(), nullable=False, index=True),
    )


def make_alerting() -> None:
    op.create_table(
        "alert_states",
        of_evaluation(nullable=False),
        sa.Column("alert", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("run_id", sa.String(32)),
        sa.Column("streak", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("evaluation_key", "alert"),
    )
    op.create_table(
        "assessments",
        of_evaluation(nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("run_id", sa.String(32)),
        sa.Column("number", sa.Integer()),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("evaluation_key", "subject"),
    )
    op.create_table(
        "notifications",
        sa.Column("key", KEY, primary_key=True),
        sa.Column("id", sa.String(32), nullable=False, unique=True),
        of_evaluation(nullable=False),
        sa.Column("run_id", sa.String(32)),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("next_at", sa.Double(), index=True),
        sa.Column("sent_at", sa.Double()),
        sa.Column("error", sa.Text()),
        *claim_columns(),
    )


def make_retiring() -> None:
    op.create_table(
        "retired",
        of_evaluation(primary_key=True, autoincrement=False),
        sa.Column("figures", sa.Text(), nullable=False),
    )
