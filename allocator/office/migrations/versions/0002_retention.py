"""Exact bytes get a retention date, and can be replaced when they are erased."""

import sqlalchemy as sa
from alembic import op

from allocator.errors import AllocatorError, problem

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two columns; SQLite copies the table, whose triggers are then made anew."""
    with op.batch_alter_table("blob", table_kwargs={"sqlite_with_rowid": False}) as blob:
        blob.add_column(sa.Column("retention_until", sa.Text))
        blob.add_column(sa.Column("replaced_by", sa.Text))
        blob.create_foreign_key(
            "fk_blob_replaced_by",
            "blob",
            ["replaced_by"],
            ["sha256"],
            deferrable=True,
            initially="IMMEDIATE",
        )


def downgrade() -> None:
    """Refuse: what happened since would be lost."""
    raise AllocatorError(problem("store-no-way-back"))
