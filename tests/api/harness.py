"""harness.py - a real server in a folder of its own, a client that holds every answer against docs/openapi.yaml, and
builders of small plans."""
import contextlib
import functools
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import jsonschema
import yaml

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import stores  # noqa: E402

BIN = os.environ.get("FERMATA_BIN", "fermata")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PREFIX = "/api/v3/orchestration"
FINAL = ("SUCCESS", "FAILED", "STOPPED")
SCOPES = ("read", "run", "work", "answer", "halt", "admin")
OWN = object()  # the token of the server's folder


class Spec:
    """docs/openapi.yaml: what every request and answer must look like."""

    def __init__(self):
        with open(os.path.join(ROOT, "docs", "openapi.yaml")) as file:
            self.root = yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.resolver = jsonschema.RefResolver("", self.root)
        self.patterns = [(re.compile("^" + re.sub(r"\{\w+\}", "[^/]+", path) + "$"), path)
                         for path in self.root["paths"]]

    def follow(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operation(self, method, path):
        for pattern, name in self.patterns:
            item = self.root["paths"][name]
            if pattern.match(path) and method.lower() in item:
                return item[method.lower()]
        return None

    @functools.lru_cache(None)
    def validator(self, text):
        return jsonschema.Draft202012Validator(json.loads(text), resolver=self.resolver)

    def errors(self, schema, value):
        errors = self.validator(json.dumps(schema, sort_keys=True)).iter_errors(value)
        return ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message[:500]) for e in errors]

    def response(self, method, path, status):
        """The description of a status: of the operation, of its hundred, or of what any server may refuse."""
        operation = self.operation(method, path)
        responses = operation["responses"] if operation else {}
        for key in (str(status), "%dXX" % (status // 100)):
            if key in responses:
                return self.follow(responses[key])
        return None if operation and status < 400 else self.root["components"]["responses"]["Refused"]

    def check(self, method, path, status, headers, body, request=None):
        """Raises AssertionError when an answer is not as described; `request` is a body that was accepted."""
        place = "%s %s -> %d" % (method, path, status)
        path = path.partition("?")[0]
        response = self.response(method, path, status)
        assert response is not None, place + " is not described"
        kind = headers.get("content-type", "")
        kinds = response["content"]
        assert kind in kinds, "%s: Content-Type %r, described are %r" % (place, kind, list(kinds))
        for name, header in response.get("headers", {}).items():
            if self.follow(header).get("required"):
                assert name.lower() in headers, "%s: no header %s" % (place, name)
        if body is not None:
            errors = self.errors(kinds[kind]["schema"], body)
            assert not errors, "%s: %s\n%s" % (place, errors, json.dumps(body)[:2000])
        if request is not None and status == 200:
            schema = self.follow(self.operation(method, path)["requestBody"])["content"]["application/json"]
            errors = self.errors(schema["schema"], request)
            assert not errors, "%s was accepted, but its body is not described: %s" % (place, errors)


@functools.lru_cache(None)
def spec():
    return Spec()


class Answer(tuple):
    """(status, headers, json): headers by their name in lower case; `raw` is the body as it came."""

    def __new__(cls, status, headers, raw):
        body = None
        if "json" in headers.get("content-type", "") and raw:
            body = json.loads(raw)
        self = super().__new__(cls, (status, headers, body))
        self.status, self.headers, self.json, self.raw = status, headers, body, raw
        return self


class Client:
    """One keep-alive connection."""

    def __init__(self, port, timeout=120):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def send(self, method, path, body, headers):
        if self.http.sock is None:
            self.http.connect()
            self.http.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.http.request(method, path, body=body, headers=headers)
            answer = self.http.getresponse()
            raw = answer.read()
        except Exception:
            self.http.close()
            raise
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, raw)

    def close(self):
        self.http.close()


def free_port():
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port


class Server:
    """`fermata serve` on a throw-away folder. Use as a context, or call start and close."""

    def __init__(self, *args, dir=None, env=None, check=True, store=None):
        """`store` is the URL of one that others use, too; without it each server has its own."""
        self.dir = dir or tempfile.mkdtemp(prefix="fermata-api-")
        self.owns_dir = dir is None
        self.owns_store = stores.is_shared() and not store
        self.store_url = stores.new_store() if self.owns_store else store
        args = (stores.flags(self.store_url) if self.store_url else []) + list(args)
        self.args, self.env, self.check = list(args), dict(env or {}), check
        self.process = self.port = self.own_token = None
        self.mine = threading.local()
        self.tokens, self.clients, self.generation = {}, [], 0

    def __enter__(self):
        return self if self.process else self.start()

    def __exit__(self, *_):
        self.close()

    # ---- its life ----

    def start(self, timeout=30, env=None):
        """Returns when it answers /readyz. A port that somebody else has taken meanwhile is tried no more."""
        end = time.monotonic() + timeout
        for _ in range(5):
            self.port = free_port()
            self.log = open(os.path.join(self.dir, "serve.log"), "ab")
            self.process = subprocess.Popen(
                [BIN, "serve", "--dir", self.dir, "--listen", "127.0.0.1:%d" % self.port, *self.args],
                stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
                env={**os.environ, **self.env, **(env or {})})
            self.log.close()
            self.generation += 1
            if self.is_ready(end):
                with open(os.path.join(self.dir, "token")) as file:
                    self.own_token = file.read().strip()
                return self
            if self.process.poll() is None:
                break
        text = self.log_text()
        self.kill()
        raise AssertionError("the server did not start:\n" + text[-4000:])

    def is_ready(self, end):
        """Its folder names this port (another server may answer there), and it says that it is ready."""
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                with open(os.path.join(self.dir, "url")) as file:
                    if not file.read().strip().endswith(":%d" % self.port):
                        raise OSError("not yet")
                client = Client(self.port, timeout=5)
                status = client.send("GET", "/readyz", None, {}).status
                client.close()
                if status == 200:
                    return True
            time.sleep(0.01)
        return False

    def log_text(self):
        with open(os.path.join(self.dir, "serve.log"), errors="replace") as file:
            return file.read()

    def last_words(self):
        """Of a server that has ended by itself: what its log says."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return "the server ended with %s:\n%s" % (self.process.wait(1), self.log_text()[-6000:])
        return "the server is still there"

    def kill(self):
        """kill -9: the machine's power is gone, as far as the process can tell."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        return self.wait_exit()

    def stop(self, timeout=30):
        """SIGTERM: it drains; returns its exit status."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.wait_exit(timeout)

    def wait_exit(self, timeout=30):
        status = self.process.wait(timeout) if self.process else None
        while self.clients:
            self.clients.pop().close()
        return status

    def restart(self, kill=True, env=None):
        self.kill() if kill else self.stop()
        return self.start(env=env)

    def end(self):
        """SIGTERM, and close; whatever a sanitizer has found by then is an error."""
        try:
            status = self.stop()
            assert status == 0, "the server ended with %s:\n%s" % (status, self.log_text()[-6000:])
        finally:
            self.close()

    def close(self):
        self.kill()
        if self.owns_dir:
            shutil.rmtree(self.dir, ignore_errors=True)
        if self.owns_store:
            stores.drop_store(self.store_url)
            self.owns_store = False

    # ---- tokens ----

    def token(self, operator="default", portal="shop", sub="tester", scope=None, ttl="1h"):
        """Another token of the folder's own key; made once."""
        key = (operator, portal, sub, scope, ttl)
        if key not in self.tokens:
            args = [BIN, "token", "--dir", self.dir, "--operator", operator, "--portal", portal,
                    "--sub", sub, "--ttl", ttl]
            if scope:
                args += ["--scope", scope]
            done = subprocess.run(args, capture_output=True, text=True, timeout=30, check=True)
            self.tokens[key] = done.stdout.strip()
        return self.tokens[key]

    # ---- requests ----

    def client(self):
        """Of this thread and this life of the server."""
        if getattr(self.mine, "generation", None) != self.generation:
            self.mine.client, self.mine.generation = Client(self.port), self.generation
            self.clients.append(self.mine.client)
        return self.mine.client

    def send(self, method, path, body=None, headers=None, token=OWN, request=None):
        """A request as it is; `token` None sends none. The answer is held against the description."""
        all_headers = dict(headers or {})
        if token is OWN:
            token = self.own_token
        if token is not None:
            all_headers["Authorization"] = "Bearer " + token
        try:
            answer = self.client().send(method, path, body, all_headers)
        except (OSError, http.client.HTTPException) as error:
            error.add_note(self.last_words())
            raise
        if self.check and method != "HEAD":
            spec().check(method, path, answer.status, answer.headers, answer.json, request)
        return answer

    def post(self, verb, body, token=OWN, headers=None):
        """POST /api/v3/orchestration/<verb>; `body` is JSON, or bytes that are sent as they are."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = None if isinstance(body, bytes) else body
        return self.send("POST", "%s/%s" % (PREFIX, verb), text,
                         {"Content-Type": "application/json", **(headers or {})}, token, request)

    def get(self, path, token=OWN, headers=None):
        """GET: a path from the root, or after /api/v3/orchestration/."""
        return self.send("GET", path if path.startswith("/") else "%s/%s" % (PREFIX, path), None,
                         headers, token)

    # ---- what must succeed ----

    def ok(self, verb, body, token=OWN, headers=None):
        answer = self.post(verb, body, token, headers)
        assert answer.status == 200, "%s %s -> %d %s" % (verb, json.dumps(body)[:500], answer.status,
                                                        answer.raw[:2000])
        return answer.json

    def read(self, path, token=OWN):
        answer = self.get(path, token)
        assert answer.status == 200, "%s -> %d %s" % (path, answer.status, answer.raw[:2000])
        return answer.json

    def pages(self, path, member, limit=None, token=OWN):
        """All items of a list, page by page."""
        items, cursor = [], None
        while True:
            query = ["limit=%d" % limit] if limit else []
            query += ["cursor=" + cursor] if cursor else []
            mark = "&" if "?" in path else "?"
            page = self.read(path + (mark + "&".join(query) if query else ""), token)
            assert not limit or len(page[member]) <= limit, "a page of %d" % len(page[member])
            items += page[member]
            cursor = page["next_cursor"]
            if cursor is None:
                return items

    def put(self, plan_id, definition, token=OWN):
        return self.ok("create_plan", {"plan_id": plan_id, "definition": definition},
                       token)["plan_version"]

    def run(self, plan_id, token=OWN, **fields):
        """Starts an execution; returns its id."""
        return self.ok("run_plan", {"plan_id": plan_id, **fields}, token)["plan_execution_id"]

    def start_plan(self, definition, token=OWN, plan_id=None, **fields):
        """Stores a plan under a name of its own and starts it."""
        plan_id = plan_id or "plan-" + random.randbytes(6).hex()
        self.put(plan_id, definition, token)
        return self.run(plan_id, token, **fields)

    def halt(self, execution, token=OWN, **fields):
        return self.ok("halt_execution", {"plan_execution_id": execution, **fields}, token)

    def halt_tree(self, execution, token=OWN, **fields):
        return self.halt(execution, token, halt_all_child_executions=True, **fields)

    def verify(self, halt_id, token=OWN):
        return self.ok("verify_halt", {"halt_id": halt_id}, token)

    def poll(self, task, worker="worker-1", wait_ms=5000, token=OWN):
        """A task of the queue, or None."""
        return self.ok("poll_task", {"task": task, "worker": worker, "wait_ms": wait_ms},
                       token)["task"]

    def show(self, execution, token=OWN):
        return self.read("executions/" + execution, token)

    def status(self, execution, token=OWN):
        return self.show(execution, token)["status"]

    def tree(self, execution, token=OWN, limit=1000):
        return self.pages("executions/%s/tree" % execution, "nodes", limit, token)

    def history(self, execution, token=OWN, limit=1000):
        return self.pages("executions/%s/history" % execution, "events", limit, token)

    def events(self, execution, type, token=OWN):
        return [event for event in self.history(execution, token) if event["type"] == type]

    def reservations(self, execution, token=OWN, limit=1000):
        return self.pages("executions/%s/reservations" % execution, "reservations", limit, token)

    def fresh(self, execution, token=OWN):
        """Types of what it waits for, sorted."""
        return sorted(r["type"] for r in self.reservations(execution, token)
                      if r["status"] == "FRESH")

    def evidence(self, execution, token=OWN):
        return self.pages("executions/%s/evidence" % execution, "evidence", 1000, token)

    def human_task(self, execution, token=OWN):
        """The id of the human task that an execution waits for."""
        tasks = [task for task in self.pages("human_tasks", "human_tasks", 1000, token)
                 if task["plan_execution_id"] == execution]
        assert len(tasks) == 1, "%d human tasks of %s" % (len(tasks), execution)
        return tasks[0]["human_task_id"]

    def lock(self, name, token=OWN):
        """The row of a lock, or None."""
        return next((lock for lock in self.pages("locks", "locks", 1000, token)
                     if lock["name"] == name), None)

    def callback_token(self, execution, token=OWN):
        """Of a plan made by callback_plan: its token goes out through the Parameters of its Task."""
        for event in reversed(self.history(execution, token)):
            if event["type"] == "TaskScheduled":
                return event["detail"]["parameters"]["token"]
        raise AssertionError("%s has scheduled no Task" % execution)

    # ---- waiting ----

    def until(self, look, what="it", timeout=20):
        """Calls look until it gives something true, and returns that."""
        end = time.monotonic() + timeout
        pause = 0.002
        while True:
            found = look()
            if found:
                return found
            if time.monotonic() > end:
                raise AssertionError("%s did not happen in %s s" % (what, timeout))
            time.sleep(pause)
            pause = min(pause * 1.5, 0.1)

    def wait_status(self, execution, status, timeout=20, token=OWN):
        """Waits for a status (or one of several); a final one that was not asked for ends the waiting."""
        wanted = (status,) if isinstance(status, str) else tuple(status)

        def look():
            shown = self.show(execution, token)
            if shown["status"] in wanted:
                return shown
            assert shown["status"] not in FINAL, "%s, not %s: %s" % (shown["status"], status, shown)
            return None

        return self.until(look, "%s of %s" % (status, execution), timeout)

    def wait_tree(self, execution, count, statuses, timeout=60, token=OWN):
        """Waits until a tree has `count` nodes, each with one of the statuses."""
        def look():
            nodes = self.tree(execution, token)
            return nodes if len(nodes) == count and all(n["status"] in statuses
                                                        for n in nodes) else None

        return self.until(look, "a tree of %d" % count, timeout)


# ---- plans ----

def machine(first, **states):
    return {"StartAt": first, "States": states}


def wait_plan(seconds=3600):
    return machine("Wait", Wait={"Type": "Wait", "Seconds": seconds, "End": True})


def pass_plan(result=None):
    state = {"Type": "Pass", "End": True}
    return machine("Pass", Pass=state if result is None else {**state, "Result": result})


def fail_plan(error="Shop.Closed", cause="it is night"):
    return machine("Fail", Fail={"Type": "Fail", "Error": error, "Cause": cause})


def loop_plan():
    return machine("Here", Here={"Type": "Pass", "Next": "There"},
                   There={"Type": "Pass", "Next": "Here"})


def task_state(name="charge", **more):
    return {"Type": "Task", "Resource": "fermata:task:" + name, "End": True, **more}


def task_plan(name="charge", **more):
    return machine("Charge", Charge=task_state(name, **more))


def callback_plan(**more):
    """The token is seen in the history of the execution: in TaskScheduled's parameters."""
    return machine("Call", Call={"Type": "Task", "Resource": "fermata:callback", "End": True,
                                 "Parameters": {"token.$": "$$.Task.Token"}, **more})


def human_plan(**more):
    return machine("Ask", Ask={"Type": "Task", "Resource": "fermata:human", "End": True, **more})


def parallel_plan(*branches):
    return machine("Split", Split={"Type": "Parallel", "Branches": list(branches), "End": True})


def child_state(plan_id, input=None, await_=True, **more):
    parameters = {"plan_id": plan_id, "await": await_}
    if input is not None:
        parameters["input"] = input
    return {"Type": "Task", "Resource": "fermata:plan:run", "Parameters": parameters, "End": True,
            **more}


def parent_plan(child_plan_id, input=None, await_=True, **more):
    """One child, awaited or not; a parent that does not wait for it waits for an hour instead."""
    if await_:
        return machine("Child", Child=child_state(child_plan_id, input, **more))
    child = {**child_state(child_plan_id, input, False), "Next": "Wait"}
    del child["End"]
    return machine("Child", Child=child, Wait={"Type": "Wait", "Seconds": 3600, "End": True})


def fan_plan(child_plan_id, count, await_=True):
    """`count` children at once, each started by a branch of its own."""
    return parallel_plan(*[machine("Child%d" % i, **{"Child%d" % i: child_state(child_plan_id,
                                                                              await_=await_)})
                           for i in range(count)])


def lock_plan(name, hold=None):
    """Takes a lock, holds it while `hold` (a plan, by default an hour of waiting) goes on, lets it go."""
    inner = (hold or wait_plan())["States"]
    first = (hold or wait_plan())["StartAt"]
    held = {key: {k: v for k, v in state.items() if k != "End"} | ({"Next": "Release"}
                                                                if state.get("End") else {})
            for key, state in inner.items()}
    return machine("Acquire",
                   Acquire={"Type": "Task", "Resource": "fermata:lock:acquire",
                            "Parameters": {"name": name}, "ResultPath": None, "Next": first},
                   Release={"Type": "Task", "Resource": "fermata:lock:release",
                            "Parameters": {"name": name}, "End": True}, **held)


class Case(unittest.TestCase):
    """Tests of one class share a server; each makes executions of its own."""
    server_args = ()

    @classmethod
    def setUpClass(cls):
        cls.server = Server(*cls.server_args).start()
        cls.addClassCleanup(cls.server.end)

    def problem(self, answer, status, code, pointer=None):
        self.assertEqual((answer.status, answer.json.get("code")), (status, code), answer.raw[:2000])
        if pointer is not None:
            self.assertEqual(answer.json.get("pointer"), pointer, answer.raw[:2000])
        return answer.json
