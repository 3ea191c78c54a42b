"""Runs migrations inside the transaction that ``store_migrate`` has begun."""

from alembic import context

from allocator.office.store_schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
)
context.run_migrations()
