"""Where a version's evaluation file stands, so that it can be run from the Studio before it has run at all.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"


def upgrade() -> None:
    op.add_column("versions", sa.Column("folder", sa.Text(), nullable=True))
