"""Where a run's evaluation file stands, so that it can be resumed from anywhere.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"


def upgrade() -> None:
    op.add_column("runs", sa.Column("folder", sa.Text(), nullable=True))
