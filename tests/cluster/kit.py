"""kit.py - what the tests of several nodes share: servers of their own, nodes over one store, a load, a verdict."""
import collections
import http.client
import importlib.machinery
import importlib.util
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tests", "api")]
import checker  # noqa: E402
import harness  # noqa: E402
import stores  # noqa: E402


def load(name):
    path = os.path.join(ROOT, "tools", name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


servers = load("servers")
until = servers.until


def postgres_is_there():
    return bool(servers.BIN)


class Bench:
    """A folder with a PostgreSQL, a Redis if wanted, and any number of nodes; everything ends with it."""

    def __init__(self, redis=False, durable=False):
        self.folder = tempfile.mkdtemp(prefix="fermata-cluster-")
        os.chmod(self.folder, 0o755)
        self.nodes, self.others = [], []
        self.postgres = servers.Postgres(os.path.join(self.folder, "pg"), durable=durable).make().start()
        self.redis = servers.Redis(os.path.join(self.folder, "redis")).start() if redis else None
        self.url = self.postgres.url()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for node in self.nodes:
            node.close()
        for server in [self.redis, self.postgres] + self.others:
            if server:
                server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def node(self, *args, url=None):
        """One more node; all know the keys of the first."""
        more = ["--schedule", self.redis.url] if self.redis else []
        if self.nodes:
            more += ["--keys", os.path.join(self.nodes[0].dir, "keys")]
        node = harness.Server("--store", url or self.url, *more, *args, check=False)
        if self.nodes:
            shutil.copy(os.path.join(self.nodes[0].dir, "token"), node.dir)
        self.nodes.append(node)
        return node.start()

    def violations(self):
        """What the laws of a store say."""
        with checker.Snapshot(self.url) as snapshot:
            return checker.violations(snapshot)

    def rows(self, query):
        with checker.Snapshot(self.url) as snapshot:
            return snapshot.rows(query)


def metric(node, name):
    for line in node.get("/metrics").raw.decode().splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


class Load:
    """Threads that start executions and halt them, each over whichever node answers; everything said is written down."""

    def __init__(self, nodes, threads=3, plan="pair"):
        self.nodes, self.plan = nodes, plan
        self.halted, self.started, self.answers = {}, set(), collections.Counter()
        self.odd, self.longest_s, self.last_halt = [], 0, 0
        self.lock, self.over = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(threads)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(60)

    def ask(self, node, verb, body):
        """The answer, or None when there was none; only 200, and 503 with Retry-After, are expected."""
        begun = time.monotonic()
        try:
            answer = node.post(verb, body, headers={"Idempotency-Key": "%s-%s" % (verb, body["plan_execution_id"])})
        except (OSError, http.client.HTTPException):
            return None
        with self.lock:
            self.longest_s = max(self.longest_s, time.monotonic() - begun)
            self.answers[answer.status] += 1
            if answer.status != 200 and not (answer.status == 503 and "retry-after" in answer.headers):
                self.odd.append((verb, answer.status, answer.raw[:300]))
        return answer

    def insist(self, verb, body):
        """Repeats with the same key until somebody says 200."""
        while not self.over.is_set():
            answer = self.ask(random.choice(self.nodes), verb, body)
            if answer is not None and answer.status == 200:
                return answer.json
            time.sleep(0.05)
        return None

    def work(self, number):
        count = 0
        while not self.over.is_set():
            name = "l%d-%d" % (number, count)
            count += 1
            if not self.insist("run_plan", {"plan_id": self.plan, "plan_execution_id": name}):
                return
            self.started.add(name)
            if count % 2:
                continue
            answer = self.insist("halt_execution", {"plan_execution_id": name, "halt_all_child_executions": True,
                                                    "reason": "load"})
            if answer:
                with self.lock:
                    self.halted[name] = answer["halt_id"]
                    self.last_halt = time.monotonic()


def put_pair(node):
    """A parent that awaits a child that waits for an hour; and plans of one state."""
    node.put("kid", harness.wait_plan())
    node.put("pair", harness.parent_plan("kid"))
    node.put("second", harness.wait_plan(1))


def check_load(test, bench, load):
    """No acknowledged halt or start is lost, and nothing of what was halted goes on."""
    rows = {row[0]: row[1:] for row in bench.rows(
        "SELECT plan_execution_id, status, root_id, halt_id FROM executions WHERE parent_id IS NULL")}
    lost = [name for name in load.started if name not in rows]
    test.assertEqual(lost, [])
    for name, halt_id in load.halted.items():
        status, root_id, halt = rows[name]
        test.assertEqual((status, root_id, halt),
                         ("STOPPED", checker.id_number(halt_id[:13]), checker.id_number(halt_id[13:])), name)
    alive = bench.rows("SELECT c.plan_execution_id FROM executions c JOIN executions r ON r.root_id = c.root_id"
                       " AND r.parent_id IS NULL WHERE r.status = 'STOPPED' AND c.ended_at IS NULL")
    test.assertEqual(alive, [])
    test.assertEqual(bench.violations(), [])
    test.assertEqual(load.odd, [])


def told(bench):
    """How often each parent was told of its child's halt."""
    return [json.loads(row[0]) for row in bench.rows("SELECT detail FROM history WHERE type = 'CHILD.HALTED'")]
