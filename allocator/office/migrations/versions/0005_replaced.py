"""Which bytes were replaced by others is found without reading through bytes."""

from alembic import op

from allocator.errors import AllocatorError, problem

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add an index."""
    op.create_index("ix_blob_replaced_by", "blob", ["replaced_by"])


def downgrade() -> None:
    """Refuse: what happened since would be lost."""
    raise AllocatorError(problem("store-no-way-back"))
