"""contract.py - what the contract tests share: a server, an operator's client, plans, the store."""
import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import jwt

BIN = os.environ.get("FERMATA_BIN", "fermata")
PREFIX = "/api/v3/orchestration/"
SCOPES = "read run work answer halt"
SECONDS = 15  # how long anything may take on a busy machine


def until(look, what="it", seconds=SECONDS):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("%s did not happen within %d s" % (what, seconds))
        time.sleep(0.01)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "%d %s" % (self.status, self.body[:2000].decode("utf-8", "replace"))


class Server:
    """`fermata serve` on a folder of its own; it survives kill -9 by being started again."""

    def __init__(self, *args, env=None):
        self.args, self.env = args, env
        self.root = tempfile.mkdtemp(prefix="fermata-contract-")
        self.dir = os.path.join(self.root, "d")
        self.log_path = os.path.join(self.root, "log")
        self.port = free_port()
        self.connections = threading.local()
        self.life = 0
        self.process = None
        self.start()

    def start(self):
        self.life += 1
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [BIN, "serve", "--dir", self.dir, "--listen", "127.0.0.1:%d" % self.port,
                 *self.args], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=dict(os.environ, **self.env) if self.env else None)
        until(self.is_up, "the start of the server")

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError("the server ended: " + self.log())
        try:
            return self.call("GET", "/livez").status == 200
        except OSError:
            return False

    def kill(self):
        self.process.kill()
        self.process.wait()

    def kill_and_start(self):
        self.kill()
        self.start()

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def close(self):
        try:
            if self.process.poll() is None:
                self.process.terminate()
                self.process.wait(SECONDS)
        finally:
            if self.process.poll() is None:
                self.kill()
            shutil.rmtree(self.root, ignore_errors=True)

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def rss_kib(self):
        with open("/proc/%d/status" % self.process.pid) as status:
            return int([line for line in status if line.startswith("VmRSS")][0].split()[1])

    def key(self):
        with open(os.path.join(self.dir, "keys", "local.jwk")) as file:
            return base64.urlsafe_b64decode(json.load(file)["k"] + "==")

    def token(self, operator, portal="shop", sub="ada", scope=SCOPES, **claims):
        """A token with the folder's own key; a claim of None is left out."""
        now = int(time.time())
        all_claims = {"iss": "fermata", "aud": "fermata", "sub": sub, "operator_name": operator,
                      "portal_id": portal, "scope": scope, "iat": now, "exp": now + 3600}
        all_claims.update(claims)
        all_claims = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode(all_claims, self.key(), algorithm="HS256",
                          headers={"kid": "local", "typ": "JWT"})

    def connection(self):
        mine = self.connections
        if getattr(mine, "life", None) != self.life:
            mine.life = self.life
            mine.http = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        return mine.http

    def call(self, method, path, body=None, headers=None):
        """`body` is bytes as they are, or a value sent as JSON."""
        fields = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if method == "POST":
            fields.setdefault("Content-Type", "application/json")
        http_connection = self.connection()
        try:
            http_connection.request(method, path, body, fields)
            answer = http_connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        except (OSError, http.client.HTTPException):
            http_connection.close()
            raise

    def raw(self, data, seconds=SECONDS, end=True):
        """Bytes as they are on a connection of their own; all that comes back until it is closed,
        or, with end=False, until an answer's head has come."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as sock:
            got = b""
            try:
                sock.sendall(data)
                while end or b"\r\n\r\n" not in got:
                    some = sock.recv(65536)
                    if not some:
                        break
                    got += some
            except (ConnectionResetError, BrokenPipeError):
                pass
            return got

    def sql(self, query, *args):
        """Rows of the store, read beside the server."""
        store = sqlite3.connect("file:%s/fermata.db?mode=ro" % self.dir, uri=True, timeout=30)
        try:
            return store.execute(query, args).fetchall()
        finally:
            store.close()

    def one(self, query, *args):
        return self.sql(query, *args)[0][0]

    def plant(self, *statements):
        """Changes the store behind the server's back."""
        store = sqlite3.connect("%s/fermata.db" % self.dir, timeout=30)
        try:
            for statement in statements:
                store.execute(statement)
            store.commit()
        finally:
            store.close()

    def dump(self, *without):
        """A hash over all rows, to see whether anything has changed."""
        store = sqlite3.connect("file:%s/fermata.db?mode=ro" % self.dir, uri=True, timeout=30)
        digest = hashlib.sha256()
        try:
            store.execute("BEGIN")
            names = [row[0] for row in store.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            for name in names:
                if name in without:
                    continue
                for row in store.execute("SELECT * FROM %s" % name):
                    digest.update(repr((name, row)).encode())
        finally:
            store.close()
        return digest.hexdigest()


def free_port():
    """A port below the range that outgoing connections take theirs from."""
    first = 20000 + os.getpid() % 9000
    for port in list(range(first, 30000)) + list(range(20000, first)):
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


class Api:
    """One person's or program's view: a server and a token."""

    def __init__(self, server, operator, **claims):
        self.server, self.operator = server, operator
        self.token = server.token(operator, **claims)

    def as_(self, **claims):
        """Somebody else of the same operator."""
        return Api(self.server, self.operator, **claims)

    def call(self, method, path, body=None, headers=None):
        fields = {"Authorization": "Bearer " + self.token} if self.token else {}
        fields.update(headers or {})
        path = path if path.startswith("/") else PREFIX + path
        return self.server.call(method, path, body, fields)

    def post(self, verb, body, key=None):
        return self.call("POST", verb, body, {"Idempotency-Key": key} if key else None)

    def ok(self, verb, **body):
        answer = self.post(verb, body)
        if answer.status != 200:
            raise AssertionError("%s %s -> %r" % (verb, body, answer))
        return answer.json

    def get(self, path):
        answer = self.call("GET", path)
        if answer.status != 200:
            raise AssertionError("GET %s -> %r" % (path, answer))
        return answer.json

    def all(self, path, member):
        """All pages of a list."""
        items, cursor = [], None
        while True:
            page = self.get(path + "?limit=1000" + ("&cursor=" + cursor if cursor else ""))
            items += page[member]
            cursor = page["next_cursor"]
            if not cursor:
                return items

    def plan(self, plan_id, definition):
        return self.ok("create_plan", plan_id=plan_id, definition=definition)["plan_version"]

    def run(self, plan_id, execution_id, **more):
        return self.ok("run_plan", plan_id=plan_id, plan_execution_id=execution_id,
                       **more)["status"]

    def start(self, execution_id, definition, **more):
        """A plan and one execution of it, both of this name."""
        self.plan(execution_id, definition)
        return self.run(execution_id, execution_id, **more)

    def halt(self, execution_id, **more):
        return self.ok("halt_execution", plan_execution_id=execution_id, **more)

    def show(self, execution_id):
        return self.get("executions/" + execution_id)

    def status(self, execution_id):
        answer = self.call("GET", "executions/" + execution_id)
        return answer.json["status"] if answer.status == 200 else None

    def wait(self, execution_id, *statuses):
        until(lambda: self.status(execution_id) in statuses,
              "%s in %s" % (execution_id, " or ".join(statuses)))
        return self.show(execution_id)

    def events(self, execution_id, kind=None):
        return [event for event in self.all("executions/%s/history" % execution_id, "events")
                if kind in (None, event["type"])]

    def evidence(self, execution_id):
        return self.all("executions/%s/evidence" % execution_id, "evidence")

    def fresh(self, execution_id):
        return [r["type"] for r in
                self.all("executions/%s/reservations" % execution_id, "reservations")
                if r["status"] == "FRESH"]

    def poll(self, task, wait_ms=10000):
        found = self.ok("poll_task", task=task, worker="w1", wait_ms=wait_ms)["task"]
        if wait_ms and not found:
            raise AssertionError("no task in the queue %s" % task)
        return found

    def verify(self, halt_id):
        return self.ok("verify_halt", halt_id=halt_id)


class Case(unittest.TestCase):
    """One server for a class, one operator for a test: names never meet."""
    args = ()
    number = 0

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.args)
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        Case.number += 1
        self.operator = "operator%d" % Case.number
        self.api = Api(self.server, self.operator)

    def refused(self, answer, status, code, pointer=None):
        """An RFC 9457 document of this status and code; returns it."""
        self.assertEqual(answer.status, status, answer)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json
        self.assertEqual((problem["status"], problem["code"], problem["module"]),
                         (status, code, "ORCHESTRATION"), answer)
        if pointer is not None:
            self.assertEqual(problem.get("pointer"), pointer, answer)
        return problem

    def assert_clean(self, halt_id):
        proof = self.api.verify(halt_id)
        self.assertEqual((proof["clean"], proof["residue"]), (True, []), proof)


# ---- plans ----

def plan(**states):
    """The first state is the start; a state without Next, of a type that may have one, ends."""
    for state in states.values():
        if state["Type"] not in ("Succeed", "Fail", "Choice") and "Next" not in state:
            state["End"] = True
    return {"StartAt": next(iter(states)), "States": states}


def wait(seconds=3600, **more):
    return dict({"Type": "Wait", "Seconds": seconds}, **more)


def task(resource, **more):
    return dict({"Type": "Task", "Resource": "fermata:" + resource}, **more)


def callback(**more):
    return task("callback", Parameters={"token.$": "$$.Task.Token"}, **more)


def child(plan_id, execution_id=None, awaited=True, **more):
    parameters = {"plan_id": plan_id}
    if execution_id:
        parameters["plan_execution_id"] = execution_id
    if not awaited:
        parameters["await"] = False
    return task("plan:run", Parameters=parameters, **more)


def lock(name, **more):
    return task("lock:acquire", Parameters={"name": name}, ResultPath=None, **more)


def unlock(name, **more):
    return task("lock:release", Parameters={"name": name}, ResultPath=None, **more)


def catch(next_state, *errors, **more):
    return dict({"ErrorEquals": list(errors), "Next": next_state}, **more)


WAIT = plan(W=wait())
DONE = plan(S={"Type": "Succeed"})


def callback_token(api, execution_id):
    """The token as the plan has it: $$.Task.Token in the Task's parameters."""
    return api.events(execution_id, "TaskScheduled")[-1]["detail"]["parameters"]["token"]
