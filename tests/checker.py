#!/usr/bin/python3
"""checker.py - decides from a store alone whether every promise was kept; shares no code with the engine.

    checker.py FOLDER|FILE|URL [EARLIER]    one line a violation, with the name of the predicate; exit status 1 if any

It reads a copy (the file with its write-ahead log, or all tables of a PostgreSQL at one commit), so a running or killed server is not disturbed. What one commit
must satisfy stands in invariants.sql; what needs two snapshots, or more than SQL, stands here.
"""
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import json

import stores

HERE = os.path.dirname(os.path.abspath(__file__))
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
FINAL = ("SUCCESS", "FAILED", "STOPPED")


def laws():
    """[(name, sentence, statement)] of invariants.sql."""
    with open(os.path.join(HERE, "invariants.sql")) as file:
        parts = file.read().split("\n\n")
    found = []
    for part in parts:
        head = re.match(r"-- ([A-Z]+[0-9]+): (.*)\n", part)
        if head:
            found.append((head.group(1), head.group(2), part[head.end():]))
    return found


class Snapshot:
    """A store as it is now, opened from a copy."""

    def __init__(self, path):
        self.folder = tempfile.mkdtemp(prefix="fermata-checker-")
        if stores.is_url(path):
            self.db = stores.mirror(path)
            return
        if os.path.isdir(path):
            path = os.path.join(path, "fermata.db")
        for end in ("", "-wal"):
            if os.path.exists(path + end):
                shutil.copy(path + end, os.path.join(self.folder, "copy.db" + end))
        self.db = sqlite3.connect(os.path.join(self.folder, "copy.db"))

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.db.close()
        shutil.rmtree(self.folder)

    def rows(self, query, *args):
        return self.db.execute(query, args).fetchall()

    def dicts(self, query, *args):
        cursor = self.db.execute(query, args)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row)) for row in cursor]

    def dump(self):
        """{table: sorted rows}: two snapshots are the same state when their dumps are equal."""
        names = [row[0] for row in self.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {name: sorted(self.rows("SELECT * FROM %s" % name), key=repr) for name in names}


def id_number(text):
    number = 0
    for digit in text:
        number = number * 32 + DIGITS.index(digit)
    return number


def check_store(snapshot):
    """S1: the file itself is whole."""
    try:
        for (text,) in snapshot.rows("PRAGMA integrity_check"):
            if text != "ok":
                yield "S1", text
    except sqlite3.DatabaseError as error:
        yield "S1", str(error)


def check_laws(snapshot):
    for name, _, statement in laws():
        for row in snapshot.rows(statement):
            yield name, str(row[0])


def check_answers(snapshot):
    """I1, I2: an answer kept under a key names a halt that is there, as it is there."""
    for row in snapshot.dicts("SELECT * FROM requests"):
        place = "%s %s" % (row["route"], row["key"])
        body = json.loads(row["body"])
        if row["status"] not in (200, 404, 409, 412):
            yield "I1", "%s keeps a %d" % (place, row["status"])
        if row["status"] != 200 or not body.get("halt_id"):
            continue
        halts = snapshot.dicts("SELECT * FROM halts WHERE root_id = ? AND halt_id = ?",
                               id_number(body["halt_id"][:13]), id_number(body["halt_id"][13:]))
        if not halts:
            yield "I1", "%s names a halt that is not there" % place
        elif body["outcome"] in ("halted", "children_halted") and halts[0]["outcome"] != body["outcome"]:
            yield "I2", "%s says %s, the halt %s" % (place, body["outcome"], halts[0]["outcome"])
    for halt_id, count in snapshot.rows(
            "SELECT halt_id, count(*) FROM requests WHERE status = 200 AND json_extract(body, '$.outcome') IN"
            " ('halted', 'children_halted') GROUP BY json_extract(body, '$.halt_id') HAVING count(*) > 1"):
        yield "I2", "%d answers say that they did halt %s" % (count, halt_id)


def check_halts(snapshot):
    """H4: a halt bears who, why, and how much; its items lie where they say."""
    for halt in snapshot.dicts("SELECT * FROM halts"):
        if not halt["subject"] or not halt["portal_id"] or not halt["operator_name"]:
            yield "H4", "halt %d has no actor" % halt["halt_id"]
        depths = snapshot.rows(
            "SELECT i.execution_id, i.depth, e.depth - t.depth FROM halt_items i JOIN executions e"
            " USING (root_id, execution_id) JOIN executions t ON t.root_id = i.root_id AND"
            " t.execution_id = ? WHERE i.root_id = ? AND i.halt_id = ?",
            halt["execution_id"], halt["root_id"], halt["halt_id"])
        for execution_id, said, true in depths:
            if said != true:
                yield "H4", "halt %d: item %d at depth %d, not %d" % (
                    halt["halt_id"], execution_id, said, true)


def violations(snapshot):
    """[(predicate, what)] of one snapshot."""
    found = list(check_store(snapshot))
    if found:
        return found
    for check in (check_laws, check_answers, check_halts):
        found += check(snapshot)
    return found


def keyed(snapshot, table, key, columns):
    return {row[:len(key)]: row[len(key):] for row in
            snapshot.rows("SELECT %s FROM %s" % (", ".join(key + columns), table))}


# table, key, columns: rows that never change nor go once they are there.
KEPT = [
    ("H3", "history", ["root_id", "execution_id", "seq"],
     ["tree_seq", "time_at", "type", "event_id", "previous_event_id", "halt_id", "detail"]),
    ("R3", "halts", ["root_id", "halt_id"],
     ["subject", "portal_id", "kind", "children", "outcome", "reason", "tree_seq", "created_at", "executions",
      "reservations", "scheduled", "locks", "granted", "in_flight", "callback", "unused", "anomalies"]),
    ("R3", "halt_items", ["root_id", "halt_id", "execution_id"], ["depth", "previous_status", "last_state", "epoch"]),
    ("R3", "halt_locks", ["root_id", "halt_id", "name"], ["execution_id", "fence", "granted_id", "granted_epoch"]),
    ("B7", "evidence", ["root_id", "execution_id", "reservation_id", "kind"], ["halt_id", "received_at", "body"]),
    ("I1", "requests", ["operator_name", "subject", "route", "key"], ["body_hash", "status", "body"]),
]
# table, key, column: numbers that never fall.
RISING = [
    ("A12", "executions", ["root_id", "execution_id"], "epoch"),
    ("H1", "executions", ["root_id", "execution_id"], "history_seq"),
    ("A6", "locks", ["operator_name", "name"], "fence"),
    ("H5", "trees", ["root_id"], "seq"),
]


def compare(earlier, later):
    """[(predicate, what)] over two snapshots of one store."""
    found = []
    for name, table, key, columns in KEPT:
        after = keyed(later, table, key, columns)
        for place, row in keyed(earlier, table, key, columns).items():
            if after.get(place) != row:
                found.append((name, "%s %s was %s, is %s" % (table, place, row, after.get(place))))
    for name, table, key, column in RISING:
        after = keyed(later, table, key, [column])
        for place, row in keyed(earlier, table, key, [column]).items():
            if place not in after or after[place] < row:
                found.append((name, "%s %s fell: %s was %s, is %s" % (
                    table, place, column, row, after.get(place))))
    found += compare_settled(earlier, later)
    found += compare_halted(earlier, later)
    return found


def compare_settled(earlier, later):
    """A4: what is settled stays settled, and by the same."""
    key, columns = ["root_id", "execution_id", "reservation_id"], ["status", "settled_at", "halt_id"]
    after = keyed(later, "reservations", key, columns)
    for place, row in keyed(earlier, "reservations", key, columns).items():
        if place not in after or (row[0] != "FRESH" and after[place] != row):
            yield "A4", "reservation %s was %s, is %s" % (place, row, after.get(place))


def compare_halted(earlier, later):
    """B6: state and output of what stays halted, in the same epoch, are the same bytes."""
    query = ("SELECT e.root_id, e.execution_id, e.epoch, e.last_state, e.output, e.error, e.plan_version, e.history_seq,"
             " f.frame_id, f.state, f.phase, f.data, f.result FROM executions e LEFT JOIN frames f"
             " USING (root_id, execution_id) WHERE e.status = 'STOPPED' ORDER BY 1, 2, 9")
    after = {}
    for row in later.rows(query):
        after.setdefault(row[:3], []).append(row[3:])
    epochs = dict((row[:2], row[2]) for row in later.rows("SELECT root_id, execution_id, epoch FROM executions"))
    before = {}
    for row in earlier.rows(query):
        before.setdefault(row[:3], []).append(row[3:])
    for place, rows in before.items():
        if epochs.get(place[:2]) == place[2] and after.get(place) != rows:
            yield "B6", "halted execution %s was %s, is %s" % (place, rows, after.get(place))


def main(arguments):
    if len(arguments) not in (1, 2):
        sys.exit(__doc__)
    with Snapshot(arguments[0]) as later:
        found = violations(later)
        if len(arguments) == 2:
            with Snapshot(arguments[1]) as earlier:
                found += compare(earlier, later)
    for name, what in found:
        print("%s: %s" % (name, what))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
