"""An outcome can be recorded in place of an earlier one, which stays."""

import sqlalchemy as sa
from alembic import op

from allocator.errors import AllocatorError, problem

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add a column; SQLite copies the table, whose triggers are then made anew."""
    with op.batch_alter_table("outcome") as outcome:
        outcome.add_column(
            sa.Column("corrects", sa.BigInteger().with_variant(sa.Integer(), "sqlite"))
        )
        outcome.create_foreign_key(
            "fk_outcome_corrects",
            "outcome",
            ["corrects"],
            ["id"],
            deferrable=True,
            initially="IMMEDIATE",
        )


def downgrade() -> None:
    """Refuse: what happened since would be lost."""
    raise AllocatorError(problem("store-no-way-back"))
