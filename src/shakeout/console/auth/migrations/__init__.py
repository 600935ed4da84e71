"""The account database's migrations; alembic runs them when the service starts."""
