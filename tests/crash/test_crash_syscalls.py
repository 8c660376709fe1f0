#!/usr/bin/python3
"""test_crash_syscalls.py - a tree's halt, what follows it, the start after a crash and the stop of the server, each broken
at every single write and sync of the store: killed, with an I/O error, with a full disk.

Killed: only the whole old or the whole new state. An I/O error: the server ends itself and says why; the key finds out
what became of the halt. A full disk: 507 and the old state, and it goes on by itself once there is room. Needs strace.
FERMATA_POINTS bounds how many points of a kind are tried (0: all).
"""
import json
import os
import shutil
import signal
import tempfile
import time
import unittest

import kit
from test_crash_statements import KEY, each, settled

MISSING = kit.strace_missing()
CALLS = ("pwrite64", "fdatasync", "ftruncate", "unlink")
KILL = "signal=KILL"


def halt(server):
    """(status, bytes) of the halt; (None, None) when the server ended first."""
    try:
        return server.send("POST", "halt_execution", kit.HALT, KEY)
    except kit.Died:
        return None, None


def lived(server):
    """Waits until all that follows the halt has happened; False when the server ended first."""
    try:
        server.until(lambda: settled(server))
        return server.ended(0.02) is None
    except kit.Died:
        return False


def injected(server, call, what, when):
    server.post("poll_task", task="none", worker="w", wait_ms=0)  # the first look at what is due is over
    return kit.Injected(server.thread("lane"), call, what, when, os.devnull)


def under(folder, call, what, when):
    """Starts a server whose every thread is watched from its first instruction."""
    strace = ["strace", "-D", "-f", "-o", os.devnull] + kit.injection(call, what, when)
    return kit.Server(folder, under=strace)


@unittest.skipIf(MISSING, MISSING)
class CrashSyscalls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prepared = tempfile.mkdtemp(prefix="fermata-crash-")
        cls.before = kit.prepare(cls.prepared)
        cls.started = time.monotonic()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.prepared)

    def setUp(self):
        self.started = time.monotonic()

    def say(self, what, seen):
        counts = ", ".join("%s %d" % (name, seen.count(name)) for name in sorted(set(seen)))
        print("%s: %d points: %s; %.0f s" % (what, len(seen), counts or "none", time.monotonic() - self.started))

    # ---- the halt and what follows it ----

    def kill_one(self, call, when, seen):
        with kit.folder_of(self.prepared) as folder:
            with kit.Server(folder) as server:
                with injected(server.ready(), call, KILL, when):
                    status, answer = halt(server)
                    self.assertIn(status, (None, 200), answer)
                    died = not (status and lived(server))
                    if died:
                        self.assertEqual(server.ended(), -9)
            state = kit.look(folder, self.before)
            self.assertTrue(state == "new" or not answer)
            kit.finish(folder, KEY, answer)
            if died:
                seen.append(state)
            return died

    def test_kill_at_every_call_of_a_halt(self):
        for call in CALLS:
            seen = []
            each(lambda when: self.kill_one(call, when, seen))
            self.say("kill at %s" % call, seen)
            self.assertTrue(call != "pwrite64" or {"old", "new"} == set(seen), seen)

    def fail_one(self, call, when, seen):
        with kit.folder_of(self.prepared) as folder:
            with kit.Server(folder) as server:
                with injected(server.ready(), call, "error=EIO", when):
                    status, answer = halt(server)
                    self.assertIn(status, (None, 200, 500), answer)
                    died = not (status and lived(server))
                    if died:
                        self.assertEqual(server.ended(), 70)
                        self.assertIn('"event":"lane.commit_unknown"', server.logged())
            state = kit.look(folder, self.before)
            self.assertTrue(status != 200 or state == "new")
            kit.finish(folder, KEY, answer if status == 200 else None)
            if died:
                seen.append(state)
            return died

    def test_an_io_error_at_every_sync_and_write_of_a_halt(self):
        for call in ("fdatasync", "pwrite64"):
            seen = []
            each(lambda when: self.fail_one(call, when, seen))
            self.say("EIO at %s" % call, seen)
            self.assertTrue(seen)

    def fill_one(self, when, for_ever, seen):
        """A write finds no room: 507 with the old state, or the halt stands; the same server then goes on."""
        with kit.folder_of(self.prepared) as folder:
            with kit.Server(folder) as server:
                with injected(server.ready(), "pwrite64", "error=ENOSPC", "%d%s" % (when, "+" if for_ever else "")):
                    status, answer = halt(server)
                    self.assertIn(status, (200, 507), answer)
                    hit = status == 507
                    if hit:
                        self.assertEqual(json.loads(answer)["code"], "STORAGE_FULL")
                        self.assertEqual(kit.look(folder, self.before), "old")
                    elif not for_ever:
                        self.assertTrue(lived(server), server.logged())
                again = halt(server)
                self.assertEqual(again[0], 200, again)
                self.assertTrue(hit or again[1] == answer)
                self.assertTrue(lived(server), server.logged())
                full = server.logged().count("STORAGE_FULL")
            kit.finish(folder, KEY, again[1])
            if hit or full:
                seen.append("refused" if hit else "later")
            return bool(hit or full)

    def test_a_full_disk_at_every_write_of_a_halt(self):
        for for_ever in (False, True):
            seen = []
            each(lambda when: self.fill_one(when, for_ever, seen))
            self.say("ENOSPC %s" % ("from each write on" if for_ever else "at each write"), seen)
            self.assertIn("refused", seen)

    # ---- the start after a crash, and the stop ----

    def crashed(self, folder, point):
        """The folder after a crash before or after the halt's commit."""
        environment = {"FERMATA_FAULT": point, "FERMATA_FAULT_ARM": os.path.join(folder, "arm")}
        with kit.Server(folder, environment) as server:
            server.ready().post("poll_task", task="none", worker="w", wait_ms=0)
            with open(os.path.join(folder, "arm"), "w"):
                pass
            halt(server)
            self.assertEqual(server.ended(), -9)
        return kit.look(folder, self.before)

    def start_one(self, crashed, state, call, when, seen):
        with kit.folder_of(crashed) as folder:
            with under(folder, call, KILL, when) as server:
                try:
                    server.ready()
                    died = state == "new" and not lived(server)
                    died = died or server.ended(0.05) is not None
                except kit.Died:
                    died = True
                if died:
                    self.assertEqual(server.ended(), -9)
            self.assertEqual(kit.look(folder, self.before), state)
            kit.finish(folder, KEY)
            if died:
                seen.append(state)
            return died

    def test_kill_at_every_call_of_the_start_after_a_crash(self):
        for point, state in (("commit:1:kill", "old"), ("commit:1:kill_after", "new")):
            with kit.folder_of(self.prepared) as folder:
                self.assertEqual(self.crashed(folder, point), state)
                for call in CALLS + ("fsync",):
                    seen = []
                    each(lambda when: self.start_one(folder, state, call, when, seen))
                    self.say("start after %s, kill at %s" % (point, call), seen)

    def stop_one(self, crashed, call, when, seen):
        with kit.folder_of(crashed) as folder:
            with under(folder, call, KILL, when) as server:
                try:
                    server.ready()
                    lived(server)
                    server.process.send_signal(signal.SIGTERM)
                except kit.Died:
                    pass
                died = server.ended() == -9
            self.assertEqual(kit.look(folder, self.before), "new")
            kit.finish(folder, KEY)
            if died:
                seen.append("new")
            return died

    def test_kill_at_every_call_of_the_stop(self):
        with kit.folder_of(self.prepared) as folder:
            self.assertEqual(self.crashed(folder, "commit:1:kill_after"), "new")
            for call in CALLS:
                seen = []
                each(lambda when: self.stop_one(folder, call, when, seen))
                self.say("stop, kill at %s" % call, seen)


if __name__ == "__main__":
    unittest.main()
