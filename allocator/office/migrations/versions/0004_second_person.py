"""Whoever ran a run or overrode a decision in it cannot approve it: a guard, made anew with all."""

from allocator.errors import AllocatorError, problem

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Change no table: every guard is made anew after a migration."""


def downgrade() -> None:
    """Refuse: what happened since would be lost."""
    raise AllocatorError(problem("store-no-way-back"))
