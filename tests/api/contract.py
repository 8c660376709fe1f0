"""contract.py - what the contract tests share: a server, an operator's client, plans, the store."""
import base64
import contextlib
import hashlib
import json
import os
import socket
import sqlite3
import time
import unittest

import jwt

import harness
import stores

PREFIX = harness.PREFIX + "/"
SCOPES = "read run work answer halt"
SECONDS = 20  # how long anything may take on a busy machine


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


class Server(harness.Server):
    """harness.Server (each answer is held against docs/openapi.yaml), started; with tokens of any
    claims, bytes as they are, and looks into the store beside it."""

    def __init__(self, *args, env=None):
        super().__init__(*args, env=env)
        self.start()

    def kill_and_start(self):
        self.restart()

    def close(self):
        if getattr(self.mine, "client", None):
            self.mine.client.close()
        super().close()

    def rss_kib(self):
        with open("/proc/%d/status" % self.process.pid) as status:
            return int([line for line in status if line.startswith("VmRSS")][0].split()[1])

    def key(self):
        with open(os.path.join(self.dir, "keys", "local.jwk")) as file:
            return base64.urlsafe_b64decode(json.load(file)["k"] + "==")

    def mint(self, operator, portal="shop", sub="ada", scope=SCOPES, **claims):
        """A token with the folder's own key; a claim of None is left out."""
        now = int(time.time())
        all_claims = {"iss": "fermata", "aud": "fermata", "sub": sub, "operator_name": operator,
                      "portal_id": portal, "scope": scope, "iat": now, "exp": now + 3600}
        all_claims.update(claims)
        all_claims = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode(all_claims, self.key(), algorithm="HS256",
                          headers={"kid": "local", "typ": "JWT"})

    def raw(self, data, seconds=SECONDS):
        """Bytes as they are on a connection of their own; all that comes back until it is closed."""
        got = b""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as sock:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError):
                sock.sendall(data)
            with contextlib.suppress(ConnectionResetError):
                while True:
                    some = sock.recv(65536)
                    if not some:
                        break
                    got += some
        return got

    @contextlib.contextmanager
    def store(self, mode="ro"):
        if self.store_url:
            store = stores.mirror(self.store_url) if mode == "ro" else stores.Writer(self.store_url)
        else:
            store = sqlite3.connect("file:%s/fermata.db?mode=%s" % (self.dir, mode), uri=True,
                                    timeout=30)
        try:
            yield store
            store.commit()
        finally:
            store.close()

    def sql(self, query, *args):
        """Rows of the store, read beside the server."""
        with self.store() as store:
            return store.execute(query, args).fetchall()

    def one(self, query, *args):
        return self.sql(query, *args)[0][0]

    def plant(self, *statements):
        """Changes the store behind the server's back."""
        with self.store("rw") as store:
            for statement in statements:
                store.execute(statement)

    def dump(self, *without):
        """A hash over all rows, to see whether anything has changed."""
        digest = hashlib.sha256()
        with self.store() as store:
            store.execute("BEGIN")
            names = [row[0] for row in store.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            for name in names:
                if name in without + ("commits", "nodes"):  # every transaction leaves a row there
                    continue
                for row in store.execute("SELECT * FROM %s" % name):
                    digest.update(repr((name, row)).encode())
        return digest.hexdigest()


class Api:
    """One person's or program's view: a server and a token."""

    def __init__(self, server, operator, **claims):
        self.server, self.operator = server, operator
        self.token = server.mint(operator, **claims)

    def as_(self, **claims):
        """Somebody else of the same operator."""
        return Api(self.server, self.operator, **claims)

    def call(self, method, path, body=None, headers=None):
        path = path if path.startswith("/") else PREFIX + path
        if method == "POST":
            headers = {"Content-Type": "application/json", **(headers or {})}
        text = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        described = body if isinstance(body, dict) else None
        return self.server.send(method, path, text, headers, self.token, described)

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
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
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
    """The last token as the plan has it: $$.Task.Token in the Task's parameters."""
    return [event["detail"]["parameters"]["token"]
            for event in api.events(execution_id, "TaskScheduled")
            if "token" in (event["detail"]["parameters"] or {})][-1]
