"""Schema: the database has no such table or column."""
