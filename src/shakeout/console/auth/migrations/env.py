"""Run by alembic: migrates on the connection that it is handed, inside that connection's transaction."""

from __future__ import annotations

from alembic import context

from shakeout.console.auth.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
