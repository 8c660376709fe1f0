"""kit.py - what the crash tests share: a server that is started and killed cheaply, and the situation that is halted.

The situation: boss awaits order; order awaits ship, started mail and slow, has a task in a worker's hands, waits for a
callback and holds the lock door, for which guest waits outside; ship has a timer, mail holds till, slow is paused. Order
is halted with all its children: boss catches that and goes on, guest gets the door.
"""
import contextlib
import http.client
import itertools
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
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import checker  # noqa: E402

BIN = os.environ.get("FERMATA_BIN", "fermata")
PREFIX = "/api/v3/orchestration/"
SECONDS = 30  # how long anything may take on a busy machine


def task(resource, parameters=None, **more):
    return {"Type": "Task", "Resource": resource, **({"Parameters": parameters} if parameters else {}), **more}


def wait(**more):
    return {"Type": "Wait", "Seconds": 864000, **(more or {"End": True})}


def run(plan_id, await_=True, **more):
    return task("fermata:plan:run", {"plan_id": plan_id, "plan_execution_id": plan_id, "await": await_},
                **(more or {"End": True}))


def one(name, state, **others):
    return {"StartAt": name, "States": {name: state, **others}}


def lock(name, **more):
    return task("fermata:lock:acquire", {"name": name}, ResultPath=None, **more)


PLANS = {
    "boss": one("B", run("order", Catch=[{"ErrorEquals": ["Execution.Halted"], "Next": "Z"}], Next="Y"),
                Y=wait(), Z=wait()),
    "order": one("P", {"Type": "Parallel", "End": True, "Branches": [
        one("A", run("ship")),
        one("M", run("mail", False, Next="L"), L=run("slow", False, Next="T"),
            T=task("fermata:task:pack", End=True)),
        one("K", task("fermata:callback", End=True)),
        one("D", lock("door", Next="W"), W=wait()),
    ]}),
    "ship": one("S", wait()),
    "mail": one("L", lock("till", Next="H"), H=task("fermata:human", End=True)),
    "slow": one("Q", wait()),
    "guest": one("G", lock("door", Next="W"), W=wait()),
}
AFTER = {"boss": "WAITING_FOR_TIMER", "guest": "WAITING_FOR_TIMER", "order": "STOPPED", "ship": "STOPPED",
         "mail": "STOPPED", "slow": "STOPPED"}
HALT = {"plan_execution_id": "order", "halt_all_child_executions": True, "reason": "a crash test"}


PORTS = itertools.count(random.randint(0, 12000))


def free_port():
    """Each next one is another, so that two servers of this process never ask for the same."""
    while True:
        port = 20000 + next(PORTS) % 12000
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class Died(Exception):
    """The server ended before it answered."""


class Server:
    """`fermata serve` on a folder, perhaps under another program (strace)."""

    def __init__(self, folder, env=None, under=()):
        self.folder, self.env, self.under = folder, {**os.environ, **(env or {})}, list(under)
        self.log = open(os.path.join(folder, "log"), "ab")
        self.start()

    def start(self):
        self.port = free_port()
        arguments = [BIN, "serve", "--dir", self.folder, "--listen", "127.0.0.1:%d" % self.port, "--threads", "1",
                     "--lease-ms", "86400000", "--log-level", "warn"]
        self.process = subprocess.Popen(self.under + arguments, stdout=self.log, stderr=self.log, env=self.env)

    def ready(self):
        """Waits until it listens; Died when it ended first."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            if self.process.poll() == 1 and "Address already in use" in self.logged():
                self.log.truncate(0)
                self.start()  # another test was quicker
            if self.process.poll() is not None:
                raise Died()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    break
            time.sleep(0.002)
        else:
            raise AssertionError("the server does not listen")
        with open(os.path.join(self.folder, "token")) as file:
            self.token = file.read().strip()
        return self

    def send(self, method, path, body=None, key=None):
        """(status, bytes); Died when there is no answer."""
        headers = {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            client.request(method, PREFIX + path, json.dumps(body) if body is not None else None, headers)
            answer = client.getresponse()
            return answer.status, answer.read()
        except (ConnectionError, http.client.HTTPException):
            raise Died() from None
        finally:
            client.close()

    def post(self, verb, **body):
        status, raw = self.send("POST", verb, body)
        assert status == 200, (verb, body, status, raw)
        return json.loads(raw)

    def get(self, path):
        status, raw = self.send("GET", path)
        assert status == 200, (path, status, raw)
        return json.loads(raw)

    def status(self, execution):
        """None when it could not be read just now."""
        status, raw = self.send("GET", "executions/" + execution)
        return json.loads(raw)["status"] if status == 200 else None

    def until(self, look):
        end = time.monotonic() + SECONDS
        while not look():
            assert time.monotonic() < end, "it did not happen"
            time.sleep(0.003)

    def until_status(self, **wanted):
        for execution, status in wanted.items():
            self.until(lambda: self.status(execution) == status)

    def thread(self, name):
        """The id of its thread of this name."""
        folder = "/proc/%d/task" % self.process.pid
        for number in os.listdir(folder):
            with open(os.path.join(folder, number, "comm")) as file:
                if file.read().strip() == name:
                    return int(number)
        raise AssertionError("there is no thread " + name)

    def ended(self, seconds=SECONDS):
        """Its exit status; None when it goes on."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(SECONDS) == 0
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.kill()

    def logged(self):
        with open(os.path.join(self.folder, "log")) as file:
            return file.read()


def prepare(folder):
    """The situation, on disk, at rest; nothing of it falls due for days."""
    with Server(folder) as server:
        server.ready()
        for plan_id, definition in PLANS.items():
            server.post("create_plan", plan_id=plan_id, definition=definition)
        server.post("run_plan", plan_id="boss", plan_execution_id="boss")
        server.until(lambda: server.send("GET", "executions/slow")[0] == 200)
        server.until_status(order="EXECUTING", ship="WAITING_FOR_TIMER", mail="WAITING_FOR_HUMAN_TASK",
                            slow="WAITING_FOR_TIMER")
        server.post("run_plan", plan_id="guest", plan_execution_id="guest")
        assert server.status("guest") == "WAITING_FOR_LOCK"
        assert server.post("poll_task", task="pack", worker="w", wait_ms=0)["task"]
        server.post("pause_execution", plan_execution_id="slow", reason="for later")
        server.stop()
    with checker.Snapshot(folder) as snapshot:
        found = checker.violations(snapshot)
        assert not found, found
        return snapshot.dump()


@contextlib.contextmanager
def folder_of(prepared=None):
    """A throw-away folder, perhaps a copy."""
    folder = tempfile.mkdtemp(prefix="fermata-crash-", dir=os.environ.get("FERMATA_CRASH_DIR"))
    try:
        if prepared:
            copy(prepared, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def copy(source, folder):
    for name in os.listdir(source):
        path = os.path.join(source, name)
        if name in ("log", "arm", "url") or name.endswith("-shm"):
            continue
        if os.path.isdir(path):
            shutil.copytree(path, os.path.join(folder, name))
        else:
            shutil.copy2(path, folder)


def look(folder, before):
    """"old" or "new": the store after a crash is the one or the other, whole, and breaks no invariant."""
    with checker.Snapshot(folder) as snapshot:
        found = checker.violations(snapshot)
        assert not found, found
        if snapshot.dump() == before:
            return "old"
        halts = snapshot.dicts("SELECT * FROM halts")
        assert [halt["executions"] for halt in halts] == [4], halts
        statuses = dict(snapshot.rows("SELECT plan_execution_id, status FROM executions"))
        for execution, status in AFTER.items():
            if status == "STOPPED":
                assert statuses[execution] == status, statuses
        assert snapshot.rows("SELECT count(*) FROM requests WHERE status = 200") == [(1,)]
        holder = snapshot.rows("SELECT e.plan_execution_id FROM locks JOIN executions e ON execution_id = holder_id")
        assert holder == [("guest",)], holder
        assert snapshot.rows("SELECT count(*) FROM history WHERE type = 'CHILD.HALTED'") == [(1,)]
        return "new"


def finish(folder, key, answered=None):
    """After a crash: started again, the same request gets its answer, the same bytes each time, and the halt is whole."""
    with Server(folder) as server:
        server.ready()
        status, first = server.send("POST", "halt_execution", HALT, key)
        assert status == 200, (status, first)
        assert answered in (None, first), (answered, first)
        assert server.send("POST", "halt_execution", HALT, key) == (200, first)
        answer = json.loads(first)
        assert answer["outcome"] == "halted", answer
        assert answer["callback_for_halt"]["result"] == "delivered", answer
        assert sorted(answer["halt_execution_resp"]) == ["mail", "ship", "slow"], answer
        server.until_status(**AFTER)
        proof = server.post("verify_halt", halt_id=answer["halt_id"])
        assert proof["clean"], proof
        with checker.Snapshot(folder) as snapshot:
            found = checker.violations(snapshot)
            assert not found, found
            told = snapshot.rows("SELECT count(*) FROM history h JOIN executions e USING (root_id, execution_id)"
                                 " WHERE e.plan_execution_id = 'boss' AND h.type IN ('TaskFailed', 'TaskSucceeded')")
            assert told == [(1,)], told
    return first


def strace_missing():
    """Why strace cannot be used here; "" when it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        try:
            with Injected(sleeper.pid, "fsync", "error=EIO", 1, os.devnull):
                pass
        except AssertionError as error:
            return "strace does not work here: " + re.sub(r"\s+", " ", str(error))[:200]
        finally:
            sleeper.kill()
    return ""


def injection(call, what, when):
    """strace's words for: at the `when`th of these calls (of a thread), this happens."""
    return ["-e", "trace=" + call, "-e", "inject=%s:%s:when=%s" % (call, what, when)]


class Injected:
    """strace on one thread of a running process: its calls are counted from here on."""

    def __init__(self, thread, call, what, when, output):
        self.strace = subprocess.Popen(["strace", "-p", str(thread), "-o", output] + injection(call, what, when),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        line = self.strace.stderr.readline()
        if b"attached" not in line:
            self.close()
            raise AssertionError(line.decode())

    def close(self):
        self.strace.send_signal(signal.SIGINT)  # it lets go
        self.strace.stderr.close()
        self.strace.wait()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()
