"""The SQL store: the contract on SQLite and PostgreSQL, crashes, writers, forgetting."""

import pytest

from penchant.store.sql.database import Database
from penchant.store.sql.tables import SqlTables
from penchant.testing.stores import TablesContract


class TestSqlite(TablesContract):
    def open(self, folder):
        return SqlTables(Database(f"sqlite:///{folder / 'shop.db'}"))


class TestPostgres(TablesContract):
    @pytest.fixture(autouse=True)
    def server(self, postgres_url):
        self.url = postgres_url

    def open(self, folder):
        return SqlTables(Database(self.url))
