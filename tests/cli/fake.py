"""fake.py - a server that the tests play themselves, and the real binary beside it."""
import http.server
import json
import os
import pty
import random
import select
import socket
import subprocess
import tempfile
import threading
import time
import unittest

BIN = os.environ.get("FERMATA_BIN", "fermata")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PREFIX = "/api/v3/orchestration/"


class Drop(Exception):
    """Raised by a route: the connection ends without an answer."""


def problem(status, code, title="refused", **members):
    body = {"type": "about:blank", "title": title, "status": status, "code": code,
            "module": "ORCHESTRATION", "request_id": "req-1"}
    body.update(members)
    return status, body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self):
        server = self.server.fake
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        body = json.loads(raw) if raw else None
        path, _, query = self.path.partition("?")
        assert path.startswith(PREFIX), path
        call = {"method": self.command, "path": path[len(PREFIX):], "query": query, "body": body,
                "headers": dict(self.headers), "time": time.monotonic()}
        with server.lock:
            server.calls.append(call)
        route = server.routes.get(self.command + " " + call["path"])
        if route is None:
            route = problem(404, "NOT_FOUND", "there is no such thing")
        if isinstance(route, list):
            with server.lock:
                route = route.pop(0) if len(route) > 1 else route[0]
        try:
            result = route(call) if callable(route) else route
        except Drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        status, value = result[0], result[1]
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        kind = "application/json" if status < 400 else "application/problem+json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        for name, header in (result[2] if len(result) > 2 else {}).items():
            self.send_header(name, header)
        self.end_headers()
        try:
            self.wfile.write(text)
        except OSError:
            pass

    do_GET = do_POST = answer


class Fake:
    def __init__(self):
        self.routes, self.calls, self.lock = {}, [], threading.Lock()
        for _ in range(200):
            self.port = random.randint(20000, 32000)
            try:
                self.http = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
                break
            except OSError:
                continue
        self.http.daemon_threads = True
        self.http.fake = self
        self.url = "http://127.0.0.1:%d" % self.port
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    def made(self, path):
        with self.lock:
            return [call for call in self.calls if call["path"] == path]

    def wait(self, path, count=1, seconds=15):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            calls = self.made(path)
            if len(calls) >= count:
                return calls
            time.sleep(0.02)
        raise AssertionError("no %d calls of %s, but %r" % (count, path, self.calls))


class Case(unittest.TestCase):
    def setUp(self):
        self.fake = Fake()
        self.addCleanup(self.fake.close)
        self.routes = self.fake.routes
        folder = tempfile.TemporaryDirectory(prefix="fermata-cli-")
        self.addCleanup(folder.cleanup)
        self.dir = folder.name
        self.write("url", self.fake.url + "\n")
        self.write("token", "secret-token\n")
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "FERMATA_DIR": self.dir}
        for name in ("ASAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def run_cli(self, *args, code=0, stdin="", env=None):
        done = subprocess.run([BIN, *args], input=stdin, capture_output=True, text=True, timeout=60,
                              errors="replace", env={**self.env, **(env or {})})
        self.assertEqual(done.returncode, code, "%r\n%s%s" % (args, done.stdout, done.stderr))
        return done

    def last(self):
        return self.fake.calls[-1]


class Terminal:
    """The command on a terminal of its own."""

    def __init__(self, case, args, env=None):
        self.case, self.out = case, ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(BIN, [BIN, *args], {**case.env, "TERM": "xterm", **(env or {})})

    def until(self, text, seconds=15):
        end = time.monotonic() + seconds
        while text not in self.out and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.out += os.read(self.fd, 65536).decode()
                except OSError:
                    break
        self.case.assertIn(text, self.out)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        while True:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                data = b""
            if not data:
                break
            self.out += data.decode()
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), self.out
