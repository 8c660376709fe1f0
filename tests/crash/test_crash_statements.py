#!/usr/bin/python3
"""test_crash_statements.py - kill -9 before and after every SQL statement of a tree's halt, of what follows it, and of the
start after such a crash: only the whole old or the whole new state, and the same key gets the same final answer. An
error at every statement: nothing changed, or later done by itself.

FERMATA_POINTS bounds how many points are tried (0: all).
"""
import concurrent.futures
import json
import os
import shutil
import tempfile
import time
import unittest

import kit

KEY = "crash-1"
MOST = int(os.environ.get("FERMATA_POINTS", "0")) or 100000


class Point:
    """What one crash showed."""

    def __init__(self, died, state, answered):
        self.died, self.state, self.answered = died, state, answered


def armed(folder, order):
    """Starts with a fault that is counted from now on; the first look at what is due is over."""
    arm = os.path.join(folder, "arm")
    server = kit.Server(folder, {"FERMATA_FAULT": order, "FERMATA_FAULT_ARM": arm}).ready()
    server.post("poll_task", task="none", worker="w", wait_ms=0)
    with open(arm, "w"):
        pass
    return server


def settled(server):
    return all(server.status(execution) == status for execution, status in kit.AFTER.items())


def crash(prepared, before, order):
    """One crash of a halt, looked at, and brought to its end."""
    with kit.folder_of(prepared) as folder:
        answered = None
        with armed(folder, order) as server:
            try:
                status, answered = server.send("POST", "halt_execution", kit.HALT, KEY)
                assert status == 200, (status, answered)
                server.until(lambda: settled(server))
                died = server.ended(0.02) is not None
            except kit.Died:
                died = True
            if died:
                assert server.ended() == -9, server.logged()
        state = kit.look(folder, before)
        assert not answered or state == "new", "an answer was given, but the halt is not there"
        kit.finish(folder, KEY, answered)
        return Point(died, state, bool(answered))


def crash_start(crashed, before, state, order, answered):
    """One crash of the start after a crash, looked at, and brought to its end: whether it died."""
    with kit.folder_of(crashed) as folder:
        with kit.Server(folder, {"FERMATA_FAULT": order}) as server:
            try:
                server.ready()
                if state == "new":
                    server.until(lambda: settled(server))
                died = server.ended(0.02) is not None
            except kit.Died:
                died = True
            if died:
                assert server.ended() == -9, server.logged()
        assert kit.look(folder, before) == state
        kit.finish(folder, KEY, answered)
        return died


def fail(prepared, before, order):
    """One statement fails: a 500 with the old state, or the halt stands; the same server then goes on."""
    with kit.folder_of(prepared) as folder:
        with armed(folder, order) as server:
            try:
                status, answered = server.send("POST", "halt_execution", kit.HALT, KEY)
            except kit.Died:
                status = answered = None
            if status == 500:
                assert json.loads(answered)["code"].endswith("_FAILED"), answered
                assert kit.look(folder, before) == "old"
                answered = None
                assert server.send("POST", "halt_execution", kit.HALT, KEY)[0] == 200
            died = status is None
            if not died:
                try:
                    server.until(lambda: settled(server))
                except kit.Died:
                    died = True
            if died:  # only a commit whose outcome is unknown may end it
                assert server.ended() == 70, server.logged()
                assert '"event":"lane.commit_unknown"' in server.logged()
            hit = '"event":"sql.fault"' in server.logged()
        state = kit.look(folder, before)
        assert status != 200 or state == "new"
        kit.finish(folder, KEY, answered)
        return Point(hit, "ended" if died else "refused" if status == 500 else "later", bool(answered))


def each(points, most=MOST):
    """Runs points(1), points(2), ... two at a time until one says that nothing died; gives the results before it."""
    results, number = [], 1
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        while number <= most:
            pair = list(pool.map(points, (number, number + 1)))
            for result in pair:
                if not (result.died if isinstance(result, Point) else result):
                    return results
                results.append(result)
            number += 2
    return results


class CrashStatements(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prepared = tempfile.mkdtemp(prefix="fermata-crash-")
        cls.before = kit.prepare(cls.prepared)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.prepared)

    def check(self, what):
        started = time.monotonic()
        points = each(lambda number: crash(self.prepared, self.before, "any:%d:%s" % (number, what)))
        states = [point.state for point in points]
        old, new = states.count("old"), states.count("new")
        answered = sum(point.answered for point in points)
        print("%s: %d statements, old state %d, new state %d (of these %d after the answer), mixed 0; %.0f s" % (
            what, len(points), old, new, answered, time.monotonic() - started))
        self.assertEqual(states, ["old"] * old + ["new"] * new)  # it turns once, at the commit
        if MOST == 100000:
            self.assertGreater(old, 15)
            self.assertGreater(new, 10)

    def test_kill_before_every_statement(self):
        self.check("kill")

    def test_kill_after_every_statement(self):
        self.check("kill_after")

    def test_an_error_at_every_statement(self):
        started = time.monotonic()
        states = [point.state for point in each(
            lambda number: fail(self.prepared, self.before, "any:%d:STATEMENT_FAILED" % number))]
        counts = {state: states.count(state) for state in ("refused", "ended", "later")}
        print("error: %d statements, %s; %.0f s" % (len(states), counts, time.monotonic() - started))
        if MOST == 100000:
            self.assertGreater(counts["refused"], 15)
            self.assertGreater(counts["later"], 10)

    def test_kill_at_every_statement_of_the_start_after_a_crash(self):
        for order, state in (("commit:1:kill", "old"), ("commit:1:kill_after", "new"), ("commit:2:kill", "new")):
            with kit.folder_of(self.prepared) as crashed:
                with armed(crashed, order) as server:
                    try:
                        answered = server.send("POST", "halt_execution", kit.HALT, KEY)[1]
                    except kit.Died:
                        answered = None
                    self.assertEqual(server.ended(), -9)
                self.assertEqual(kit.look(crashed, self.before), state)
                for what in ("kill", "kill_after"):
                    died = each(lambda number: crash_start(
                        crashed, self.before, state, "any:%d:%s" % (number, what), answered))
                    print("start after %s, %s: %d statements" % (order, what, len(died)))
                    self.assertGreater(len(died), 0 if state == "old" else 10)


if __name__ == "__main__":
    unittest.main()
