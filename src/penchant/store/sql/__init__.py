"""The SQL store: tables that survive, in SQLite by default and in PostgreSQL by URL."""
