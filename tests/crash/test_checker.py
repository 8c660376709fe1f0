#!/usr/bin/python3
"""test_checker.py - does the checker see? Each predicate is broken on purpose, and must be named; every statement of
invariants.sql must find something at least once, and nothing at all in a store that is sound.
"""
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

import kit
from kit import checker

PLANS = {
    "work": kit.one("T", kit.task("fermata:task:dig", End=True)),
    "person": kit.one("H", kit.task("fermata:human", End=True)),
    "call": kit.one("K", kit.task("fermata:callback", End=True)),
    "father": kit.one("C", kit.task("fermata:plan:run", {"plan_id": "work", "plan_execution_id": "son"}, End=True)),
    "fork": kit.one("P", {"Type": "Parallel", "End": True, "Branches": [kit.one("V", kit.wait()),
                                                                      kit.one("N", {"Type": "Pass", "End": True})]}),
    "done": kit.one("E", {"Type": "Succeed"}),
    "sad": kit.one("F", {"Type": "Fail", "Error": "Sad"}),
    "crowd": kit.one("M", {"Type": "Map", "ItemsPath": "States.Array(1, 2)", "ToleratedFailureCount": 1, "End": True,
                           "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                                             **kit.one("K", kit.task("fermata:callback", End=True))}}),
}


def build(folder):
    """The halted situation of the kit, and beside it something in every status."""
    kit.prepare(folder)
    with kit.Server(folder) as server:
        server.ready()
        for plan_id, definition in PLANS.items():
            server.post("create_plan", plan_id=plan_id, definition=definition)
        server.send("POST", "halt_execution", kit.HALT, "the-key")
        server.until_status(**kit.AFTER)
        for plan_id, execution, more in (
                ("work", "held", {}), ("person", "person", {}), ("call", "call", {}), ("father", "father", {}),
                ("guest", "queue", {}), ("done", "done", {}), ("sad", "sad", {}), ("fork", "fork", {}),
                ("call", "again", {}), ("call", "paused", {}), ("sad", "broken", {"hold_on_failure": True}),
                ("done", "later", {"start_at": int(time.time() * 1000) + 10**9}), ("call", "locked", {"locks": ["door"]}),
                ("guest", "lazy", {}), ("crowd", "crowd", {})):
            server.post("run_plan", plan_id=plan_id, plan_execution_id=execution, **more)
        server.until(lambda: server.send("GET", "executions/son")[0] == 200)
        server.until_status(son="EXECUTING")
        server.post("poll_task", task="dig", worker="w", wait_ms=0)
        server.until(lambda: len(crowd(server)) == 2)
        server.post("halt_execution", plan_execution_id=crowd(server)[0], reason="one of many")
        for verb, execution in (("halt", "again"), ("restart", "again"), ("pause", "paused"), ("pause", "lazy")):
            server.post(verb + "_execution", plan_execution_id=execution, reason="for the checker")
        late = server.send("POST", "execution_callback", {"plan_execution_id": "order", "output": 1})
        assert late[0] == 409, late
        server.stop()


def crowd(server):
    """The executions of the Map Run that wait."""
    return [e["plan_execution_id"] for e in server.get("executions?parent=crowd")["executions"]
            if e["status"] == "WAITING_FOR_CALLBACK"]


# The execution of a name, as parts of a statement.
def of(name):
    return "(SELECT execution_id FROM execution_ids WHERE plan_execution_id = '%s')" % name


def where(name):
    return "execution_id = " + of(name)


HISTORY = ("INSERT INTO history SELECT root_id, execution_id, history_seq + 1, operator_name, 999, updated_at, '%s', NULL,"
           " NULL, NULL, '%s' FROM executions WHERE ")
COUNT = "; UPDATE executions SET history_seq = history_seq + 1 WHERE "


def happened(name, kind, detail="{}"):
    """One more row in a history, well numbered."""
    return (HISTORY % (kind, detail)) + where(name) + COUNT + where(name) + "; UPDATE trees SET seq = 1000"


LEASE = "UPDATE reservations SET worker = 'v', lease_until = 4000000000000 WHERE type = 'CALLBACK' AND halt_id IS NOT NULL"
RESERVE = ("INSERT INTO reservations (root_id, execution_id, reservation_id, operator_name, frame_id, type, status, epoch,"
           " ready, attempt, created_at) SELECT root_id, execution_id, 1, operator_name, 0, '%s', '%s', %s, 0, 0, 1"
           " FROM executions WHERE ")

# (predicate, what breaks it)
PLANTS = [
    ("K1", "UPDATE executions SET status = 'SLEEPING' WHERE " + where("call")),
    ("K1", "UPDATE executions SET ended_at = 1 WHERE " + where("call")),
    ("K2", "UPDATE trees SET executions = executions + 1"),
    ("K2", "UPDATE executions SET depth = 5 WHERE " + where("son")),
    ("K2", "DELETE FROM execution_ids WHERE plan_execution_id = 'call'"),
    ("K2", "UPDATE execution_ids SET plan_execution_id = 'nobody' WHERE plan_execution_id = 'call'"),
    ("A1", "UPDATE executions SET status = 'EXECUTING', ended_at = NULL, halt_id = NULL WHERE " + where("ship")),
    ("A2", "UPDATE halts SET executions = executions + 1"),
    ("A2", "DELETE FROM history WHERE type = 'EXECUTION.HALTED' AND " + where("ship")),
    ("A2", "UPDATE executions SET halt_id = NULL WHERE " + where("ship")),
    ("A2", "UPDATE executions SET halt_id = 7 WHERE " + where("call")),
    ("A2", "DELETE FROM halt_items WHERE " + where("ship")),
    ("A2", "DELETE FROM halts"),
    ("A2", "UPDATE halt_items SET previous_status = 'EXECUTING' WHERE " + where("ship")),
    ("A3", "UPDATE reservations SET status = 'FRESH', settled_at = NULL WHERE type = 'TIMER' AND " + where("ship")),
    ("A3", RESERVE % ("TURN", "FRESH", "1") + where("done")),
    ("A4", "UPDATE reservations SET status = 'GONE' WHERE " + where("call")),
    ("A4", "UPDATE reservations SET settled_at = 1 WHERE status = 'FRESH'"),
    ("A4", "UPDATE reservations SET halt_id = 7 WHERE " + where("call")),
    ("A4", "UPDATE reservations SET type = 'DREAM' WHERE " + where("call")),
    ("A4", RESERVE % ("TURN", "FRESH", "1") + where("again")),
    ("A5", "UPDATE locks SET holder_id = %s, holder_root_id = %s WHERE name = 'door'" % (of("done"), of("done"))),
    ("A5", "UPDATE lock_waiters SET execution_id = %s, root_id = %s" % (of("done"), of("done"))),
    ("A6", "UPDATE history SET detail = '{\"name\":\"door\",\"fence\":1}' WHERE type = 'LOCK.ACQUIRED'"),
    ("A6", "UPDATE locks SET fence = 1 WHERE name = 'door'"),
    ("A6", "UPDATE history SET detail = '{\"name\":\"door\",\"fence\":99}' WHERE type = 'LOCK.ACQUIRED'"),
    ("A6", "UPDATE halt_locks SET fence = 99"),
    ("A6", "UPDATE locks SET holder_epoch = NULL WHERE name = 'door'"),
    ("A7", "UPDATE locks SET holder_root_id = NULL, holder_id = NULL, holder_epoch = NULL, acquired_at = NULL"),
    ("A8", "UPDATE reservations SET ready = 1 WHERE type = 'CALLBACK'"),
    ("A8", "UPDATE reservations SET ready = 1 WHERE type = 'TASK' AND halt_id IS NOT NULL"),
    ("A9", "DELETE FROM halt_in_flight"),
    ("A9", LEASE),
    ("A9", "UPDATE halt_in_flight SET quiet_at = 1"),
    ("A11", happened("done", "ExecutionFailed")),
    ("A12", "UPDATE reservations SET epoch = 9 WHERE " + where("call")),
    ("A12", "UPDATE executions SET epoch = epoch + 1 WHERE " + where("call")),
    ("A12", "UPDATE locks SET holder_epoch = 0 WHERE holder_id IS NOT NULL"),
    ("A12", "UPDATE lock_waiters SET epoch = 0"),
    ("A12", "UPDATE executions SET epoch = 0 WHERE " + where("done")),
    ("A13", "UPDATE executions SET parent_reservation_id = NULL WHERE " + where("son")),
    ("A13", "UPDATE executions SET status = 'FAILED', ended_at = 1 WHERE " + where("son")),
    ("A14", "UPDATE reservations SET status = 'USED', settled_at = 1 WHERE " + where("call")),
    ("A14", "UPDATE executions SET status = 'WAITING_FOR_TIMER' WHERE " + where("call")),
    ("A14", "UPDATE reservations SET status = 'USED', settled_at = 1 WHERE frame_id > 1 AND " + where("fork")),
    ("A14", "UPDATE frames SET phase = 'ENTER' WHERE " + where("call")),
    ("A14", "UPDATE reservations SET arrived_at = 1 WHERE status = 'FRESH' AND " + where("call")),
    ("A14", "UPDATE reservations SET ready = 0 WHERE ready = 1"),
    ("A14", "UPDATE reservations SET status = 'USED', settled_at = 1 WHERE type = 'HEARTBEAT' AND status = 'FRESH'"),
    ("A14", "DELETE FROM lock_waiters"),
    ("A14", "DELETE FROM lock_waiters WHERE %s; UPDATE locks SET holder_frame_id = 1, holder_epoch = 1, holder_id = %s,"
            " holder_root_id = %s WHERE name = 'door'" % (where("queue"), of("queue"), of("queue"))),
    ("A14", "UPDATE lock_waiters SET reservation_id = 1 WHERE " + where("queue")),
    ("A15", "UPDATE executions SET portal_id = 'other' WHERE " + where("son")),
    ("A15", "UPDATE executions SET operator_name = 'other' WHERE " + where("son")),
    ("A15", "UPDATE history SET operator_name = 'other' WHERE seq = 2 AND " + where("call")),
    ("A15", "UPDATE frames SET operator_name = 'other' WHERE " + where("call")),
    ("A15", "UPDATE reservations SET operator_name = 'other' WHERE " + where("call")),
    ("A15", "UPDATE halt_items SET operator_name = 'other'"),
    ("B1", happened("ship", "WaitStateExited")),
    ("B5", "UPDATE history SET tree_seq = 900 WHERE seq = 1 AND " + where("mail")),
    ("B7", "UPDATE evidence SET halt_id = 7"),
    ("P2", "INSERT INTO reservations SELECT root_id, execution_id, 1, operator_name, frame_id, type, status, epoch, state,"
           " due_at, queue, ready, attempt, worker, lease_until, lease_ms, token_hash, child_id, created_at, arrived_at,"
           " settled_at, halt_id, failed, answer_hash, data, result FROM reservations WHERE type = 'CHILD' AND"
           " arrived_at IS NOT NULL"),
    ("P4", "DELETE FROM history WHERE type = 'CHILD.HALTED'"),
    ("P4", "UPDATE halts SET callback = NULL"),
    ("P4", "UPDATE halts SET callback = '{\"result\":\"parent_final\"}' WHERE callback IS NOT NULL"),
    ("P5", "UPDATE reservations SET arrived_at = NULL WHERE type = 'CHILD' AND " + where("boss")),
    ("P5", "DELETE FROM map_items"),
    ("M1", "UPDATE map_runs SET begun = begun - 1"),
    ("M1", "UPDATE map_runs SET status = 'ABORTED'"),
    ("P6", "UPDATE history SET execution_id = %s, root_id = root_id, seq = 900 WHERE type = 'CHILD.HALTED'" % of("order")),
    ("P6", "UPDATE halt_locks SET granted_id = %s, granted_root_id = root_id WHERE name = 'till'" % of("ship")),
    ("R1", "UPDATE halts SET reservations = reservations + 1"),
    ("R1", "UPDATE halts SET scheduled = reservations"),
    ("R1", "UPDATE halts SET locks = locks + 1"),
    ("R1", "UPDATE halts SET granted = granted + 1"),
    ("R1", "UPDATE halts SET in_flight = 9"),
    ("R1", "DELETE FROM history WHERE type = 'RESERVATION.CLEANED' AND " + where("ship")),
    ("R1", "DELETE FROM history WHERE type = 'LOCK.RELEASED' AND " + where("mail")),
    ("R2", "UPDATE halts SET outcome = 'children_halted'"),
    ("H1", "DELETE FROM history WHERE seq = 2 AND " + where("call")),
    ("H1", "UPDATE executions SET history_seq = 99 WHERE " + where("call")),
    ("H1", "UPDATE executions SET event_id = 99 WHERE " + where("call")),
    ("H1", "UPDATE history SET previous_event_id = event_id WHERE " + where("call")),
    ("H1", "INSERT INTO history SELECT root_id, 7, seq, operator_name, tree_seq, time_at, type, event_id,"
           " previous_event_id, halt_id, detail FROM history WHERE " + where("call")),
    ("H2", "UPDATE executions SET status = 'FAILED' WHERE " + where("done")),
    ("H2", happened("done", "TaskScheduled")),
    ("H4", "UPDATE halts SET subject = ''"),
    ("H4", "UPDATE halt_items SET depth = 7 WHERE " + where("ship")),
    ("H5", "UPDATE history SET time_at = 1 WHERE seq = 2 AND " + where("call")),
    ("H5", "UPDATE history SET tree_seq = 500 WHERE seq = 1 AND " + where("call")),
    ("H5", "UPDATE trees SET seq = 0"),
    ("I1", "UPDATE requests SET body = replace(body, '\"halt_id\":\"0', '\"halt_id\":\"1')"),
    ("I1", "UPDATE requests SET status = 503"),
    ("I2", "UPDATE requests SET body = replace(body, '\"halted\"', '\"children_halted\"')"),
    ("I2", "INSERT INTO requests SELECT operator_name, subject, route, 'other', body_hash, status, created_at, halt_id,"
           " body FROM requests"),
    ("Z1", "DELETE FROM paused_executions WHERE " + where("paused")),
    ("Z1", "UPDATE paused_executions SET kind = 'TIRED'"),
    ("Z1", "INSERT INTO paused_executions SELECT root_id, 7, operator_name, kind, subject, reason, created_at"
           " FROM paused_executions LIMIT 1"),
    ("Z2", "DELETE FROM frames WHERE " + where("call")),
    ("Z2", "UPDATE executions SET frame_seq = 0 WHERE " + where("call")),
    ("Z2", "UPDATE frames SET parent_frame_id = 7 WHERE parent_frame_id IS NOT NULL AND " + where("fork")),
    ("Z2", "UPDATE reservations SET frame_id = 7 WHERE status = 'FRESH' AND " + where("call")),
]

# (predicate, what breaks it between two snapshots)
CHANGES = [
    ("H3", "UPDATE history SET detail = '{\"x\":1}' WHERE seq = 2 AND " + where("call")),
    ("H3", "DELETE FROM history WHERE " + where("done")),
    ("R3", "UPDATE halts SET reason = 'another'"),
    ("R3", "DELETE FROM halt_items WHERE " + where("ship")),
    ("R3", "UPDATE halt_locks SET fence = fence + 1"),
    ("B7", "DELETE FROM evidence"),
    ("I1", "UPDATE requests SET body = '{}'"),
    ("A12", "UPDATE executions SET epoch = epoch - 1 WHERE " + where("again")),
    ("H1", "UPDATE executions SET history_seq = history_seq - 1"),
    ("A6", "UPDATE locks SET fence = fence - 1"),
    ("H5", "UPDATE trees SET seq = seq - 1"),
    ("A4", "UPDATE reservations SET status = 'USED' WHERE status = 'STALE'"),
    ("A4", "DELETE FROM reservations WHERE " + where("call")),
    ("B6", "UPDATE frames SET data = '{\"x\":1}' WHERE " + where("ship")),
    ("B6", "UPDATE executions SET output = '1' WHERE " + where("ship")),
]


class Checker(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="fermata-checker-test-")
        build(cls.folder)
        cls.store = os.path.join(cls.folder, "fermata.db")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def planted(self, statements):
        """A snapshot in which this was done behind the engine's back."""
        snapshot = checker.Snapshot(self.store)
        snapshot.db.executescript("BEGIN; %s; COMMIT" % statements)
        return snapshot

    def test_a_sound_store_is_found_sound(self):
        with checker.Snapshot(self.store) as snapshot:
            self.assertEqual(checker.violations(snapshot), [])
            with checker.Snapshot(self.store) as same:
                self.assertEqual(checker.compare(snapshot, same), [])
            statuses = {row[0] for row in snapshot.rows("SELECT DISTINCT status FROM executions")}
        self.assertGreaterEqual(len(statuses), 10, statuses)

    def test_each_planted_violation_is_named(self):
        for name, statements in PLANTS:
            with self.subTest(name=name, planted=statements), self.planted(statements) as snapshot:
                self.assertIn(name, {found[0] for found in checker.violations(snapshot)})

    def test_each_law_finds_something_that_was_planted(self):
        laws = checker.laws()
        silent = dict(enumerate(laws))
        for _, statements in PLANTS:
            with self.planted(statements) as snapshot:
                for number in list(silent):
                    if snapshot.rows(silent[number][2]):
                        del silent[number]
        self.assertEqual([law[2] for law in silent.values()], [])
        self.assertEqual({law[0] for law in laws} - {name for name, _ in PLANTS}, set())

    def test_each_change_of_what_must_stay_is_named(self):
        for name, statements in CHANGES:
            with self.subTest(name=name, planted=statements), checker.Snapshot(self.store) as earlier, \
                    self.planted(statements) as later:
                self.assertIn(name, {found[0] for found in checker.compare(earlier, later)})

    def test_a_damaged_file_is_named(self):
        damaged = os.path.join(self.folder, "damaged.db")
        shutil.copy(self.store, damaged)
        store = sqlite3.connect(damaged)
        store.execute("PRAGMA writable_schema = ON")
        store.execute("UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name ="
                      " 'reservations_due') WHERE name = 'reservations_ready'")
        store.commit()
        store.close()
        with checker.Snapshot(damaged) as snapshot:
            self.assertIn("S1", {found[0] for found in checker.violations(snapshot)})

    def test_it_is_a_program_too(self):
        program = [sys.executable, os.path.join(os.path.dirname(kit.HERE), "checker.py")]
        done = subprocess.run(program + [self.folder, self.store], stdout=subprocess.PIPE, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, b""))
        broken = os.path.join(self.folder, "broken.db")
        shutil.copy(self.store, broken)
        store = sqlite3.connect(broken)
        store.execute("UPDATE trees SET seq = 0")
        store.commit()
        store.close()
        done = subprocess.run(program + [broken, self.store], stdout=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.startswith(b"H5: tree "), done.stdout)


if __name__ == "__main__":
    unittest.main()
