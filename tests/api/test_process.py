"""test_process.py - the server as a process: its end, its folder, its files, its log."""
import json
import os
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import unittest

import harness
from contract import (WAIT, Api, Case, Server, callback, callback_token, plan, task, until, wait)


class ProcessCase(Case):
    """A server for each test: each of them ends it."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.server = Server(*self.args)
        self.addCleanup(self.server.close)
        super().setUp()

    def in_thread(self, run):
        found = []
        thread = threading.Thread(target=lambda: (found.append(run()),
                                                  self.server.client().close()))
        thread.start()
        self.addCleanup(thread.join)
        return thread, found


class SigTerm(ProcessCase):
    def test_parked_polls_are_answered_with_null_and_it_ends_with_0(self):
        parked = [self.in_thread(lambda i=i: self.api.post("poll_task", {
            "task": "t%d" % i, "worker": "w", "wait_ms": 60000})) for i in range(20)]
        until(lambda: b"\nfermata_http_parked 20\n" in self.api.call("GET", "/metrics").raw,
              "twenty parked polls")
        begin = time.monotonic()
        self.assertEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - begin, 8)
        for thread, found in parked:
            thread.join(5)
            self.assertEqual([(answer.status, answer.json) for answer in found],
                             [(200, {"task": None})])

    def test_what_runs_is_finished_and_goes_on_after_the_next_start(self):
        self.api.start("timer", plan(W=wait(1)))
        self.api.start("task", plan(T=task("task:t")))
        self.api.start("callback", plan(K=callback()))
        token, call = self.api.poll("t")["task_token"], callback_token(self.api, "callback")
        self.assertEqual(self.server.stop(), 0)
        time.sleep(1)
        self.server.start()
        self.api.wait("timer", "SUCCESS")
        self.api.ok("complete_task", task_token=token, output=1)
        self.api.ok("execution_callback", callback_token=call, output=2)
        self.assertEqual((self.api.show("task")["output"], self.api.show("callback")["output"]),
                         (1, 2))

    def test_after_it_nobody_is_served(self):
        self.assertEqual(self.server.stop(), 0)
        with self.assertRaises(OSError):
            socket.create_connection(("127.0.0.1", self.server.port), timeout=2)

    def test_while_it_drains_new_requests_are_503_with_retry_after(self):
        keep = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        self.addCleanup(keep.close)
        request = ("GET %s/executions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n" %
                   (harness.PREFIX, self.api.token)).encode()
        keep.sendall(request)
        self.assertTrue(keep.recv(65536).startswith(b"HTTP/1.1 200"))
        # Half a request when the signal comes: it may be finished, and is refused kindly.
        keep.sendall(request[:40])
        time.sleep(0.1)
        self.server.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        got = b""
        try:
            keep.sendall(request[40:])
            got = keep.recv(65536)
        except OSError:
            pass
        if got:
            self.assertTrue(got.startswith(b"HTTP/1.1 503"), got[:500])
            self.assertIn(b"retry-after: 1", got.lower())
        self.assertEqual(self.server.wait_exit(), 0)

    def test_sigint_too_and_sighup_does_nothing(self):
        self.server.process.send_signal(signal.SIGHUP)
        time.sleep(0.1)
        self.assertEqual(self.api.call("GET", "executions").status, 200)
        self.server.process.send_signal(signal.SIGINT)
        self.assertEqual(self.server.wait_exit(), 0)

    def test_under_load_no_answered_halt_is_lost(self):
        self.api.plan("p", WAIT)
        for i in range(60):
            self.api.run("p", "x%d" % i)
        halted = []

        def one():
            for i in range(60):
                try:
                    answer = self.api.post("halt_execution", {"plan_execution_id": "x%d" % i})
                except Exception:  # the server is gone, or went while it answered
                    return
                if answer.status == 200:
                    halted.append("x%d" % i)

        thread, _ = self.in_thread(one)
        until(lambda: len(halted) > 5, "a few halts")
        self.assertEqual(self.server.stop(), 0)
        thread.join(20)
        self.server.start()
        for name in halted:
            self.assertEqual(self.api.status(name), "STOPPED")


class KillMinus9(ProcessCase):
    args = ("--lease-ms", "1500")

    def test_waiting_timers_fire_after_the_next_start(self):
        self.api.plan("p", plan(W=wait(1)))
        for i in range(50):
            self.api.run("p", "x%d" % i)
        self.api.start("later", plan(W=wait(2)))
        self.server.kill()
        time.sleep(1.1)
        self.server.start()
        for i in range(50):
            self.api.wait("x%d" % i, "SUCCESS")
        later = self.api.wait("later", "SUCCESS")
        self.assertGreaterEqual(later["ended_at"] - later["created_at"], 2000)

    def test_leases_run_on_and_tasks_are_handed_out_again(self):
        self.api.start("x", plan(T=task("task:t")))
        self.api.poll("t")
        self.server.kill_and_start()
        found = self.api.poll("t")
        self.assertEqual((found["plan_execution_id"], found["attempt"]), ("x", 2))

    def test_what_was_answered_is_there_and_each_history_is_whole(self):
        self.api.plan("p", WAIT)
        answered = []

        def one():
            for i in range(10000):
                try:
                    if self.api.post("run_plan", {"plan_id": "p", "plan_execution_id": "x%d" % i,
                                                  }).status == 200:
                        answered.append("x%d" % i)
                    if i % 2 and self.api.post("halt_execution", {
                            "plan_execution_id": "x%d" % i}).status == 200:
                        answered.append("halted x%d" % i)
                except Exception:  # the server is gone
                    return

        for _ in range(3):
            thread, _ = self.in_thread(one)
            count = len(answered)
            until(lambda: len(answered) > count + 30, "thirty answers")
            self.server.kill()
            thread.join(20)
            self.server.start()
        for name in answered:
            status = self.api.status(name.split()[-1])
            self.assertIn(status, ("STOPPED",) if name.startswith("halted") else
                          ("STOPPED", "WAITING_FOR_TIMER"))
        self.assertEqual(self.server.sql(
            "SELECT execution_id FROM history GROUP BY root_id, execution_id"
            " HAVING count(*) <> max(seq)"), [])
        self.assertEqual(self.server.one("PRAGMA integrity_check"), "ok")


class TheFolder(ProcessCase):
    def test_a_second_server_on_the_same_folder_refuses(self):
        second = subprocess.run(
            [harness.BIN, "serve", "--dir", self.server.dir, "--listen", "127.0.0.1:0"],
            capture_output=True, text=True, timeout=20)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another fermata serves", second.stderr)
        self.assertEqual(self.api.call("GET", "executions").status, 200)
        with open(os.path.join(self.server.dir, "url")) as file:
            self.assertEqual(file.read().strip(), "http://127.0.0.1:%d" % self.server.port)

    def test_files_are_for_their_owner_only(self):
        self.api.start("x", WAIT)
        for root, dirs, files in os.walk(self.server.dir):
            self.assertEqual(stat.S_IMODE(os.stat(root).st_mode), 0o700, root)
            for name in files:
                if name != "serve.log":  # of the test
                    mode = stat.S_IMODE(os.stat(os.path.join(root, name)).st_mode)
                    self.assertEqual(mode, 0o600, name)

    def test_also_in_a_folder_and_under_a_mask_that_would_allow_more(self):
        with tempfile.TemporaryDirectory() as root:
            old = os.umask(0)
            try:
                server = harness.Server(dir=os.path.join(root, "d"), check=False)
                os.mkdir(os.path.join(root, "d"), 0o755)
                server.start()
            finally:
                os.umask(old)
            self.addCleanup(server.close)
            until(lambda: os.path.exists(server.dir + "/url"), "the file url")
            for name in ("fermata.db", "fermata.db-wal", "token", "url", "fermata.lock",
                         "keys/local.jwk"):
                mode = stat.S_IMODE(os.stat(os.path.join(server.dir, name)).st_mode)
                self.assertEqual(mode, 0o600, name)
            self.assertEqual(stat.S_IMODE(os.stat(server.dir + "/keys").st_mode), 0o700)
            server.close()

    def test_its_key_and_token_stay_over_a_restart(self):
        key, token = self.server.key(), self.server.own_token
        self.server.kill_and_start()
        self.assertEqual((self.server.key(), self.server.own_token), (key, token))


class Listening(unittest.TestCase):
    def serve(self, *args):
        with tempfile.TemporaryDirectory() as root:
            process = subprocess.Popen([harness.BIN, "serve", "--dir", root + "/d", *args],
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                line = process.stdout.readline()
                ready = "serve.ready" in line
                if ready:
                    process.terminate()
                rest = process.communicate(timeout=20)[0]
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            return ready, process.returncode, line + rest

    def test_beyond_loopback_only_when_told_so(self):
        for host in ("0.0.0.0", "[::]"):
            ready, code, text = self.serve("--listen", host + ":0")
            self.assertFalse(ready)
            self.assertNotEqual(code, 0)
            self.assertIn("--allow-plain-http", text)
        ready, code, text = self.serve("--listen", "0.0.0.0:0", "--allow-plain-http")
        self.assertEqual((ready, code), (True, 0), text)

    def test_loopback_needs_no_word(self):
        for host in ("127.0.0.1", "127.1.2.3"):
            ready, code, text = self.serve("--listen", host + ":0")
            self.assertEqual((ready, code), (True, 0), text)

    def test_what_is_no_address_and_a_port_that_is_taken(self):
        for listen in ("nonsense", "127.0.0.1:99999", "127.0.0.1:-1", "localhost:1:2", "127.0.0.1:x",
                       "no.such.host.invalid:0", "127.1.evil.com:0"):
            ready, code, text = self.serve("--listen", listen)
            self.assertFalse(ready, text)
            self.assertNotEqual(code, 0)
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", harness.free_port()))
            taken.listen(1)
            ready, code, _ = self.serve("--listen", "127.0.0.1:%d" % taken.getsockname()[1])
            self.assertEqual((ready, code), (False, 1))


class TheLog(ProcessCase):
    args = ("--log-level", "debug")

    def test_no_secret_is_in_it_at_any_level(self):
        canary = "canary-4711"
        self.api.start("x", plan(K=callback(Next="T"), T=task("task:t")), input={"a": canary})
        call = callback_token(self.api, "x")
        bare = Api(self.server, self.operator)
        bare.token = None
        bare.post("execution_callback", {"callback_token": call + "A", "output": canary})
        bare.ok("execution_callback", callback_token=call, output=canary)
        token = self.api.poll("t")["task_token"]
        self.api.post("complete_task", {"task_token": token[:-1], "output": canary})
        self.api.halt("x", reason=canary)
        self.api.post("complete_task", {"task_token": token, "output": canary})
        wrong = Api(self.server, self.operator)
        wrong.token = wrong.token[:-3] + "AAA"
        self.assertEqual(wrong.call("GET", "executions").status, 401)
        self.server.raw(b"GET /livez?access_token=%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" %
                        self.api.token.encode())
        self.server.raw(b"GET / HTTP/1.1\r\nAuthorization: Bearer %s\r\nX\r\n\r\n" %
                        self.api.token.encode())
        log = self.server.log_text()
        with open(os.path.join(self.server.dir, "keys", "local.jwk")) as file:
            key = json.load(file)["k"]
        for name, secret in (("key", key), ("own token", self.server.own_token),
                             ("token", self.api.token), ("wrong token", wrong.token),
                             ("signature", self.api.token.split(".")[2]), ("task token", token),
                             ("task secret", token[-30:]), ("callback token", call),
                             ("callback secret", call[-30:]), ("payload", canary)):
            self.assertNotIn(secret, log, name)

    def test_each_line_is_one_json_object_whatever_comes_in(self):
        for text in (b"GET /\x1b[31m\r\nX: \r\n\r\n", b"\xff\xfe\x00\r\n\r\n", b"G" * 5000 + b"\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", self.server.port)) as sock:
                sock.sendall(text)
                sock.shutdown(socket.SHUT_WR)
                sock.settimeout(5)
                try:
                    while sock.recv(65536):
                        pass
                except OSError:
                    pass
        self.server.stop()
        lines = self.server.log_text().splitlines()
        self.assertGreater(len(lines), 0)
        for line in lines:
            self.assertEqual(sorted(set(json.loads(line)) & {"time", "level", "event"}),
                             ["event", "level", "time"], line)


if __name__ == "__main__":
    unittest.main()
