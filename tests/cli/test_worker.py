#!/usr/bin/python3
"""test_worker.py - `fermata worker` against a server that is played by this file.

Proves how a program is run and how its end is told, that a lease is kept, and that the program of a halted execution
is dead, with all its children, before the server is told so. FERMATA_BIN names the binary.
"""
import os
import signal
import subprocess
import time
import unittest

from fake import BIN, Case, Drop, problem


class Worker(Case):
    def setUp(self):
        super().setUp()
        self.tasks = []
        self.routes["POST poll_task"] = self.poll
        self.routes["POST complete_task"] = 200, {"accepted": True}
        self.routes["POST fail_task"] = 200, {"accepted": True}
        self.routes["POST heartbeat_task"] = 200, {"lease_ms": 600}

    def poll(self, call):
        with self.fake.lock:
            if self.tasks:
                return 200, {"task": self.tasks.pop(0)}
        time.sleep(0.1)
        return 200, {"task": None}

    def task(self, value=None, token="tt", lease_ms=600):
        self.tasks.append({"task_token": token, "task": "charge", "plan_execution_id": "x", "state": "Pay",
                           "input": value, "attempt": 2, "lease_ms": lease_ms})

    def once(self, *program, value=None, flags=(), env=None):
        self.task(value)
        return self.run_cli("worker", "--task", "charge", "--once", *flags, "--", *program, env=env)

    def start(self, *args):
        process = subprocess.Popen([BIN, "worker", "--task", "charge", *args], env=self.env, text=True,
                                   stderr=subprocess.PIPE, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)

        def clean():
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.addCleanup(clean)
        return process

    def pid(self, name="pid"):
        path = os.path.join(self.dir, name)
        end = time.monotonic() + 15
        while time.monotonic() < end:
            try:
                with open(path) as file:
                    return int(file.read())
            except (OSError, ValueError):
                time.sleep(0.02)
        raise AssertionError("no program was started")

    def assert_gone(self, pid, seconds=0.0):
        end = time.monotonic() + seconds
        while True:
            try:
                with open("/proc/%d/stat" % pid) as file:
                    gone = file.read().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                gone = True
            if gone or time.monotonic() > end:
                self.assertTrue(gone, "process %d is still there" % pid)
                return
            time.sleep(0.02)

    def test_input_goes_in_and_output_comes_out(self):
        self.once("jq", "-c", "{sum: (.a + 1)}", value={"a": 41})
        self.assertEqual(self.last()["path"], "complete_task")
        self.assertEqual(self.last()["body"], {"task_token": "tt", "output": {"sum": 42}})
        poll = self.fake.made("poll_task")[0]["body"]
        self.assertEqual(poll["task"], "charge")
        self.assertRegex(poll["worker"], r"^[A-Za-z0-9._:-]+:\d+$")
        self.assertLessEqual(poll["wait_ms"], 60000)

    def test_large_data_flows_both_ways(self):
        self.once("cat", value={"big": "x" * 200000})
        self.assertEqual(len(self.last()["body"]["output"]["big"]), 200000)

    def test_a_program_that_reads_nothing_and_says_nothing_is_done(self):
        self.once("true", value={"big": "x" * 200000})
        self.assertEqual(self.last()["body"], {"task_token": "tt", "output": None})

    def test_the_environment_names_the_task_and_holds_no_token(self):
        names = "FERMATA_TASK FERMATA_PLAN_EXECUTION_ID FERMATA_STATE FERMATA_ATTEMPT FERMATA_TASK_TOKEN FERMATA_TOKEN"
        script = 'import os,json; print(json.dumps([os.environ.get(n) for n in "%s".split()]))' % names
        secret = {"FERMATA_URL": self.fake.url, "FERMATA_TOKEN": "api-secret"}
        self.once("/usr/bin/python3", "-c", script, env=secret)
        self.assertEqual(self.last()["body"]["output"], ["charge", "x", "Pay", "2", None, None])
        self.once("/usr/bin/python3", "-c", script, flags=["--expose-token"], env=secret)
        self.assertEqual(self.last()["body"]["output"], ["charge", "x", "Pay", "2", "tt", "api-secret"])

    def failed(self):
        self.assertEqual(self.last()["path"], "fail_task")
        return self.last()["body"]["error"], self.last()["body"]["cause"]

    def test_how_a_program_fails(self):
        done = self.once("sh", "-c", "echo bad luck >&2; printf '\\377' >&2; exit 3")
        self.assertEqual(self.failed(), ("Worker.ExitStatus", "exit status 3\nbad luck\n?"))
        self.assertIn("bad luck", done.stderr)
        self.once("sh", "-c", "kill -9 $$")
        self.assertEqual(self.failed(), ("Worker.Signal", "signal 9 (KILL)"))
        self.once("sh", "-c", "echo '{'")
        self.assertEqual(self.failed()[0], "Worker.InvalidOutput")
        self.once("head", "-c", "300000", "/dev/zero")
        self.assertEqual(self.failed()[0], "Worker.OutputTooLarge")
        self.once("/no/such/program")
        self.assertEqual(self.failed()[0], "Worker.NotStarted")
        self.once("sh", "-c", "seq 100000 >&2; exit 1")
        cause = self.failed()[1]
        self.assertTrue(cause.endswith("\n99999\n100000"))
        self.assertLess(len(cause), 10000)

    def test_the_lease_is_renewed_at_a_third(self):
        self.once("sleep", "1")
        beats = self.fake.made("heartbeat_task")
        self.assertGreaterEqual(len(beats), 3)
        self.assertLessEqual(len(beats), 6)
        self.assertEqual(beats[0]["body"], {"task_token": "tt"})
        self.assertEqual(self.last()["path"], "complete_task")

    def halted(self, call):
        return problem(409, "EXECUTION_HALTED", halt_id="h-1")

    def test_a_halted_execution_ends_the_program_and_the_server_is_told_after(self):
        self.routes["POST heartbeat_task"] = self.halted
        gone = {}

        def fail(call):
            self.assert_gone(pid)
            gone["yes"] = True
            return self.halted(call)
        self.routes["POST fail_task"] = fail
        self.task()
        process = self.start("--once", "--", "sh", "-c", "echo $$ > %s/pid; sleep 60 & wait" % self.dir)
        pid = self.pid()
        start = time.monotonic()
        _, stderr = process.communicate(timeout=20)
        self.assertLess(time.monotonic() - start, 4)
        self.assertTrue(gone)
        self.assertEqual(process.returncode, 0)
        self.assertEqual(self.last()["body"]["error"], "Worker.Halted")
        self.assertIn("halted", stderr)
        self.assertEqual(self.fake.made("complete_task"), [])

    def test_a_program_that_ignores_term_gets_kill_with_its_whole_group(self):
        self.routes["POST heartbeat_task"] = self.halted
        self.task()
        script = "trap '' TERM; (trap '' TERM; echo $BASHPID > %s/child; sleep 60) & echo $$ > %s/pid; sleep 60"
        process = self.start("--once", "--grace", "700ms", "--", "bash", "-c", script % (self.dir, self.dir))
        pid, child = self.pid(), self.pid("child")
        beat = self.fake.wait("heartbeat_task")[0]["time"]
        told = self.fake.wait("fail_task")[0]["time"]
        self.assert_gone(pid)
        self.assert_gone(child, 1)
        self.assertGreater(told - beat, 0.6)
        process.communicate(timeout=10)

    def test_a_lease_that_cannot_be_renewed_ends_the_program_in_time(self):
        for answer in (problem(503, "UNAVAILABLE"), problem(409, "LEASE_LOST")):
            self.fake.calls.clear()
            self.routes["POST heartbeat_task"] = answer
            start = time.monotonic()
            self.once("sleep", "60", flags=["--grace", "100ms"])
            self.assertLess(time.monotonic() - start, 3)
            self.assertEqual(self.failed()[0], "Worker.LeaseLost")
            self.assertLess(self.last()["time"] - self.fake.made("poll_task")[-1]["time"], 1.2)

    def test_a_result_is_told_again_when_the_answer_is_lost(self):
        def lost(call):
            raise Drop()
        self.routes["POST complete_task"] = [lost, problem(503, "UNAVAILABLE"), problem(409, "ALREADY_SETTLED")]
        done = self.once("true")
        self.assertEqual(len(self.fake.made("complete_task")), 3)
        self.assertIn("done", done.stderr)

    def test_what_the_server_refuses_as_output_fails_the_task(self):
        self.routes["POST complete_task"] = problem(413, "TOO_LARGE", detail="the output is too large")
        self.once("true")
        self.assertEqual(self.failed(), ("Worker.InvalidOutput", "the output is too large"))

    def test_background_children_do_not_outlive_the_task(self):
        self.once("bash", "-c", "sleep 60 >/dev/null 2>&1 & echo $! > %s/pid; echo 1" % self.dir)
        self.assertEqual(self.last()["body"]["output"], 1)
        self.assert_gone(self.pid(), 1)

    def test_term_lets_programs_finish_and_takes_no_more(self):
        self.task()
        process = self.start("--", "sh", "-c", "echo $$ > %s/pid; sleep 1; echo 5" % self.dir)
        self.pid()
        process.send_signal(signal.SIGTERM)
        self.task(token="second")
        process.communicate(timeout=15)
        self.assertEqual(process.returncode, 0)
        self.assertEqual([call["body"]["output"] for call in self.fake.made("complete_task")], [5])
        self.assertEqual(len(self.tasks), 1)

    def test_term_ends_an_idle_worker_at_once(self):
        self.routes["POST poll_task"] = lambda call: (time.sleep(5), (200, {"task": None}))[1]
        process = self.start("--concurrency", "3", "--", "true")
        self.fake.wait("poll_task", 3)
        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
        self.assertLess(time.monotonic() - start, 3)

    def test_a_second_term_stops_the_programs(self):
        self.task()
        process = self.start("--", "sh", "-c", "echo $$ > %s/pid; sleep 60" % self.dir)
        pid = self.pid()
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)
        self.assert_gone(pid)
        self.assertEqual(self.failed()[0], "Worker.Stopped")

    def test_a_program_dies_with_its_worker(self):
        self.task()
        process = self.start("--", "sh", "-c", "echo $$ > %s/pid; exec sleep 60" % self.dir)
        pid = self.pid()
        process.kill()
        process.communicate()
        self.assert_gone(pid, 2)

    def test_slots_work_side_by_side(self):
        for i in range(4):
            self.task(token="t%d" % i)
        start = time.monotonic()
        process = self.start("--concurrency", "4", "--", "sleep", "1")
        self.fake.wait("complete_task", 4)
        self.assertLess(time.monotonic() - start, 3)
        self.assertEqual({call["body"]["task_token"] for call in self.fake.made("complete_task")},
                         {"t0", "t1", "t2", "t3"})
        self.assertEqual(len({call["body"]["worker"] for call in self.fake.made("poll_task")}), 4)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=15)

    def test_a_worker_without_rights_ends_and_says_why(self):
        self.routes["POST poll_task"] = problem(403, "FORBIDDEN")
        done = self.run_cli("worker", "--task", "charge", "--", "true", code=5)
        self.assertIn("--scope work", done.stderr)

    def test_a_worker_outlives_a_server_that_is_away(self):
        self.task()
        self.routes["POST poll_task"] = [problem(503, "UNAVAILABLE"), self.poll]
        self.run_cli("worker", "--task", "charge", "--once", "--", "true")
        self.assertEqual(self.last()["path"], "complete_task")


if __name__ == "__main__":
    unittest.main(verbosity=1)
