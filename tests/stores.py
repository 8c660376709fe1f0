"""stores.py - where the tests' servers keep their truth: a file, or a schema of a private PostgreSQL.

FERMATA_TEST_STORE=postgres with FERMATA_TEST_POSTGRES chooses the latter, FERMATA_TEST_SCHEDULE=redis with
FERMATA_TEST_REDIS puts Redis beside it (tools/servers sets both addresses). To be looked at, a store on PostgreSQL is
copied into a SQLite database in memory, as it is at one commit: what looks is then written once.
"""
import glob
import itertools
import os
import re
import sqlite3

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NUMBERS = itertools.count(1)


def is_shared():
    return os.environ.get("FERMATA_TEST_STORE") == "postgres"


def has_schedule():
    return os.environ.get("FERMATA_TEST_SCHEDULE") == "redis"


def pg(url):
    import psycopg2  # only where there is a PostgreSQL
    return psycopg2.connect(url)


def new_store(server=None):
    """The URL of a schema of its own."""
    server = server or os.environ["FERMATA_TEST_POSTGRES"]
    name = "t_%d_%d" % (os.getpid(), next(NUMBERS))
    execute(server, "CREATE SCHEMA " + name)
    return "%s?options=-csearch_path%%3D%s" % (server, name)


def drop_store(url):
    execute(url, "DROP SCHEMA %s CASCADE" % url.rpartition("%3D")[2])


def execute(url, text):
    connection = pg(url)
    with connection, connection.cursor() as cursor:
        cursor.execute(text)
    connection.close()


def flags(url):
    """Arguments of `fermata serve`."""
    return ["--store", url] + (["--schedule", os.environ["FERMATA_TEST_REDIS"]] if has_schedule() else [])


class Writer:
    """Changes a store on PostgreSQL behind its servers' backs, spoken to as sqlite3 is."""

    def __init__(self, url):
        self.connection = pg(url)
        self.cursor = self.connection.cursor()

    def execute(self, query, arguments=()):
        self.cursor.execute(query.replace("%", "%%").replace("?", "%s") if arguments else query, arguments or None)
        return self.cursor

    def commit(self):
        self.connection.commit()

    def close(self):
        self.connection.close()


def mirror(url):
    """A copy in memory."""
    copy = sqlite3.connect(":memory:")
    for path in sorted(glob.glob(os.path.join(ROOT, "src/store/schema/sqlite/0*.sql"))):
        with open(path) as file:
            copy.executescript(file.read())
    connection = pg(url)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1")
        for (table,) in cursor.fetchall():
            cursor.execute("SELECT * FROM " + table)
            marks = ", ".join("?" * len(cursor.description))
            copy.executemany("INSERT INTO %s VALUES (%s)" % (table, marks),
                             ([bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor))
    copy.commit()
    connection.close()
    return copy


def is_url(name):
    return re.match("postgres(ql)?://", name) is not None
