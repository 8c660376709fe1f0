#!/usr/bin/python3
"""test_nodes.py - two nodes over one store: wake-ups, halts, one answer to one key; a node that is cut off, or sleeps."""
import http.client
import http.server
import json
import os
import select
import signal
import socket
import threading
import time
import unittest

import kit
import sigv4

PATIENCE_MS = 20000


class Proxy:
    """Forwards bytes to a server until it is told to swallow them."""

    def __init__(self, port):
        self.target, self.is_cut, self.is_over = port, False, False
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while not self.is_over:
            try:
                client = self.door.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.forward, args=(client,), daemon=True).start()

    def forward(self, client):
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            while not self.is_over:
                for ready in select.select([client, server], [], [], 0.1)[0]:
                    data = ready.recv(65536)
                    if not data:
                        return
                    while self.is_cut and not self.is_over:
                        time.sleep(0.05)
                    (server if ready is client else client).sendall(data)

    def close(self):
        self.is_over = True
        self.door.close()


@unittest.skipUnless(kit.postgres_is_there(), "no PostgreSQL")
class TwoNodes(unittest.TestCase):
    redis = False

    @classmethod
    def setUpClass(cls):
        cls.bench = kit.Bench(redis=cls.redis)
        cls.addClassCleanup(cls.bench.__exit__)
        cls.a, cls.b = cls.bench.node(), cls.bench.node()
        cls.a.put("task", kit.harness.task_plan("charge"))
        cls.a.put("hour", kit.harness.wait_plan(3600))

    def tearDown(self):
        self.assertEqual(self.bench.violations(), [])

    def in_time(self, seconds, call):
        begun = time.monotonic()
        result = call()
        self.assertLess(time.monotonic() - begun, seconds)
        return result

    def test_a_worker_parked_on_one_gets_the_task_made_on_the_other(self):
        for _ in range(20):
            got = []
            worker = threading.Thread(target=lambda: got.append(self.a.poll("charge", wait_ms=PATIENCE_MS)))
            worker.start()
            name = self.b.run("task")
            self.in_time(5, lambda: worker.join(PATIENCE_MS / 1000))
            self.assertEqual(got[0]["plan_execution_id"], name)
            self.b.ok("complete_task", {"task_token": got[0]["task_token"], "output": {}})
            self.assertEqual(self.a.status(name), "SUCCESS")

    def test_many_workers_on_both_get_each_task_once(self):
        names = {(self.a if i % 2 else self.b).run("task") for i in range(60)}
        got, lock = [], threading.Lock()

        def work(node):
            while True:
                task = node.poll("charge", wait_ms=300)
                if not task:
                    return
                with lock:
                    got.append(task["plan_execution_id"])
                node.ok("complete_task", {"task_token": task["task_token"], "output": {}})
        workers = [threading.Thread(target=work, args=(node,)) for node in (self.a, self.b) * 3]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.assertEqual(sorted(got), sorted(names))

    def test_a_halt_on_one_ends_the_lease_of_a_worker_on_the_other(self):
        name = self.b.run("task")
        task = self.a.poll("charge")
        self.assertEqual(self.a.post("heartbeat_task", {"task_token": task["task_token"]}).status, 200)
        halt = self.b.halt(name)
        answer = self.a.post("heartbeat_task", {"task_token": task["task_token"]})
        self.assertEqual((answer.status, answer.json["code"]), (409, "EXECUTION_HALTED"))
        self.assertEqual(answer.json["halt_id"], halt["halt_id"])

    def test_a_wait_for_quiet_on_one_is_woken_by_a_worker_on_the_other(self):
        name = self.b.run("task")
        task = self.a.poll("charge")
        answer = []
        waiting = threading.Thread(target=lambda: answer.append(self.b.ok("halt_execution", {
            "plan_execution_id": name, "wait": "quiescent", "wait_ms": PATIENCE_MS})))
        waiting.start()
        kit.until(lambda: self.a.status(name) == "STOPPED", "the halt")
        self.a.post("fail_task", {"task_token": task["task_token"], "error": "Stopped"})
        self.in_time(5, lambda: waiting.join(PATIENCE_MS / 1000))
        self.assertTrue(answer[0]["quiescent"])

    def test_a_reader_on_any_node_sees_the_halt_at_once(self):
        for _ in range(20):
            name = self.a.run("hour")
            self.a.halt(name)
            self.assertEqual(self.b.status(name), "STOPPED")

    def at_once(self, *calls):
        """The answers of calls made at the same time."""
        answers = [None] * len(calls)
        gate = threading.Barrier(len(calls))

        def call(i):
            gate.wait()
            answers[i] = calls[i]()
        threads = [threading.Thread(target=call, args=(i,)) for i in range(len(calls))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers

    def test_one_key_on_two_nodes_gets_the_same_bytes(self):
        for i in range(30):
            name = self.a.run("hour")
            body, headers = {"plan_execution_id": name}, {"Idempotency-Key": "key-%d" % i}
            one, two = self.at_once(*(lambda n=n: n.post("halt_execution", body, headers=headers)
                                      for n in (self.a, self.b)))
            self.assertEqual((one.status, two.status), (200, 200))
            self.assertEqual(one.raw, two.raw)

    def test_two_stops_of_one_execution_answer_when_it_stopped(self):
        stops = [sigv4.Client(self.a), sigv4.Client(self.b, sigv4.Client(self.a).key)]
        for i in range(30):
            arn = stops[0].call("StartExecution", {"name": "stop-%d" % i, "stateMachineArn":
                                                   stops[0].key.arn("stateMachine:hour")})["executionArn"]
            one, two = self.at_once(*(lambda s=s: s.call("StopExecution", {"executionArn": arn}) for s in stops))
            self.assertGreater(one["stopDate"], 0)
            self.assertEqual(one, two)

    def test_one_plan_stored_on_two_nodes_has_two_versions(self):
        for i in range(15):
            plan = "twice-%d" % i
            versions = self.at_once(*(lambda n=n, s=s: n.put(plan, kit.harness.wait_plan(s))
                                      for n, s in ((self.a, 1), (self.b, 2))))
            self.assertEqual(sorted(versions), [1, 2])

    def test_a_call_made_by_one_is_cut_off_by_a_halt_on_the_other(self):
        cut, came = threading.Event(), threading.Event()

        class Slow(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                came.set()
                self.connection.settimeout(0.1)
                end = time.monotonic() + 20
                while time.monotonic() < end:
                    try:
                        if not self.connection.recv(1, socket.MSG_PEEK):
                            break
                    except TimeoutError:
                        continue
                    except OSError:
                        break
                    time.sleep(0.01)
                else:
                    return
                cut.set()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        caller = self.bench.node("--allow-address", "127.0.0.0/8")
        try:
            caller.put("call", kit.harness.machine("C", C={
                "Type": "Task", "Resource": "arn:aws:states:::http:invoke", "End": True,
                "Parameters": {"ApiEndpoint": "http://127.0.0.1:%d/" % server.server_port, "Method": "POST"}}))
            while not came.is_set():  # whichever node takes it: only one may call this address
                name = caller.run("call")
                came.wait(2)
            self.b.halt(name)
            self.assertTrue(cut.wait(10))
        finally:
            self.bench.nodes.remove(caller)
            caller.close()
            server.shutdown()
            server.server_close()


class TwoNodesWithRedis(TwoNodes):
    redis = True


@unittest.skipUnless(kit.postgres_is_there(), "no PostgreSQL")
class Alone(unittest.TestCase):
    def test_a_node_that_is_cut_off_refuses_and_comes_back(self):
        with kit.Bench() as bench:
            near = bench.node()
            proxy = Proxy(bench.postgres.port)
            far = bench.node(url="postgres://fermata@127.0.0.1:%d/postgres?tcp_user_timeout=1000" % proxy.port)
            near.put("hour", kit.harness.wait_plan(3600))
            name, other = near.run("hour"), near.run("hour")
            self.assertEqual(far.get("/readyz").status, 200)
            bench.postgres.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
                               " application_name = 'fermata' AND client_port IS NOT NULL")
            proxy.close()
            kit.until(lambda: far.get("/readyz").status == 503, "not ready")
            answer = far.post("halt_execution", {"plan_execution_id": name})
            self.assertEqual((answer.status, answer.headers["retry-after"]), (503, "1"))
            with self.assertRaises(sigv4.Refused) as refused:
                sigv4.Client(far, sigv4.Client(near).key).call("StartExecution", {
                    "stateMachineArn": sigv4.Client(near).key.arn("stateMachine:hour")})
            self.assertEqual((refused.exception.status, refused.exception.type), (503, "ServiceUnavailable"))
            kit.until(lambda: near.get("/readyz").status == 200, "the other node")
            self.assertEqual(near.status(name), "WAITING_FOR_TIMER")
            near.halt(other)
            again = Proxy.__new__(Proxy)
            again.target, again.is_cut, again.is_over, again.port = bench.postgres.port, False, False, proxy.port
            again.door = socket.create_server(("127.0.0.1", proxy.port))
            threading.Thread(target=again.listen, daemon=True).start()
            kit.until(lambda: far.get("/readyz").status == 200, "ready again")
            kit.until(lambda: far.post("halt_execution", {"plan_execution_id": name}).status == 200, "a halt again")
            self.assertEqual(far.status(other), "STOPPED")
            again.close()
            self.assertEqual(bench.violations(), [])

    def test_a_node_whose_store_sleeps_ends_in_time(self):
        with kit.Bench() as bench:
            near = bench.node()
            near.put("hour", kit.harness.wait_plan(3600))
            name = near.run("hour")
            proxy = Proxy(bench.postgres.port)
            far = bench.node("--drain-ms", "1000", url="postgres://fermata@127.0.0.1:%d/postgres" % proxy.port)
            proxy.is_cut = True
            halt = threading.Thread(target=lambda: self.assertRaises(
                (OSError, http.client.HTTPException), far.post, "halt_execution", {"plan_execution_id": name}))
            halt.start()
            time.sleep(0.3)  # it is on its way, or will not even begin: both must end
            begun = time.monotonic()
            far.process.send_signal(signal.SIGTERM)
            self.assertEqual(far.wait_exit(40), 0)
            self.assertLess(time.monotonic() - begun, 20)
            halt.join(10)
            proxy.close()
            kit.until(lambda: near.halt(name), "a halt by the other node")
            self.assertEqual(bench.violations(), [])

    def test_a_node_that_lost_its_number_commits_nothing_and_ends(self):
        with kit.Bench() as bench:
            node, other = bench.node(), bench.node()
            node.put("hour", kit.harness.wait_plan(3600))
            name = node.run("hour")
            node.process.send_signal(signal.SIGSTOP)
            bench.postgres.sql("UPDATE nodes SET holder = 'somebody else' WHERE url LIKE '%%:%d'" % node.port)
            node.process.send_signal(signal.SIGCONT)
            try:
                self.assertNotEqual(node.post("halt_execution", {"plan_execution_id": name}).status, 200)
            except OSError:
                pass  # it has ended already
            self.assertEqual(node.wait_exit(40), 0)
            self.assertIn("cluster.lost", node.log_text())
            self.assertEqual(other.status(name), "WAITING_FOR_TIMER")
            other.halt(name)
            self.assertEqual(bench.violations(), [])

    def test_a_node_started_again_has_its_number_at_once(self):
        with kit.Bench() as bench:
            node = bench.node()
            bench.node()
            node.kill()
            node.start()
            self.assertEqual(node.log_text().count("this is node 0 of its store"), 2)

    def test_two_nodes_that_start_at_once_make_the_tables_once(self):
        with kit.Bench() as bench:
            nodes = [kit.harness.Server("--store", bench.url, check=False) for _ in range(3)]
            bench.nodes += nodes
            threads = [threading.Thread(target=node.start) for node in nodes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            numbers = {line["message"] for node in nodes for line in map(json.loads, node.log_text().splitlines())
                       if line["event"] == "member.open"}
            self.assertEqual(len(numbers), 3)


if __name__ == "__main__":
    unittest.main()
