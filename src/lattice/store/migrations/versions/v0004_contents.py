"""When the texts of a run, and of a set of inputs, were deleted.

Revision ID: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    op.add_column("runs", sa.Column("contents_deleted_at", sa.Double(), nullable=True))
    op.add_column("input_sets", sa.Column("contents_deleted_at", sa.Double(), nullable=True))
