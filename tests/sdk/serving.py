"""serving.py - a real server in a folder of its own, for the clients that are not JavaScript.

As a program, `serving.py COMMAND ...` runs the command while a server is up, with its address in ENDPOINT and its
key in the variables that AWS clients read."""
import configparser
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("FERMATA_BIN") or os.path.join(ROOT, "build", "dev", "fermata")
REGION = "us-east-1"


def free_port():
    while True:
        port = random.randint(20000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Server:
    """A context; `endpoint`, `key` and `secret` are known inside."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="fermata-sdk-")
        try:
            for _ in range(5):
                if self.launch(free_port()):
                    break
                if self.process.poll() is None:
                    raise AssertionError("the server is not ready:\n" + self.log())
            else:
                raise AssertionError("the server did not start:\n" + self.log())
            credentials = configparser.ConfigParser()
            credentials.read(os.path.join(self.dir, "aws-credentials"))
            self.key = credentials["default"]["aws_access_key_id"]
            self.secret = credentials["default"]["aws_secret_access_key"]
        except BaseException:
            self.__exit__()
            raise
        return self

    def launch(self, port):
        self.endpoint = "http://127.0.0.1:%d" % port
        with open(os.path.join(self.dir, "serve.log"), "ab") as log:
            self.process = subprocess.Popen(
                [BIN, "serve", "--dir", self.dir, "--listen", "127.0.0.1:%d" % port],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + 30
        while time.monotonic() < end and self.process.poll() is None:
            if self.is_ready(port):
                return True
            time.sleep(0.02)
        return False

    def is_ready(self, port):
        """Its folder names this port (another server may answer there), and it says that it is ready."""
        try:
            with open(os.path.join(self.dir, "url")) as file:
                if not file.read().strip().endswith(":%d" % port):
                    return False
            with urllib.request.urlopen(self.endpoint + "/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def log(self):
        with open(os.path.join(self.dir, "serve.log"), errors="replace") as file:
            return file.read()[-4000:]

    def __exit__(self, *_):
        if getattr(self, "process", None) is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        nothing = os.path.join(self.dir, "nothing")
        return {**kept, "ENDPOINT": self.endpoint, "AWS_ACCESS_KEY_ID": self.key,
                "AWS_SECRET_ACCESS_KEY": self.secret, "AWS_DEFAULT_REGION": REGION,
                "AWS_CONFIG_FILE": nothing, "AWS_SHARED_CREDENTIALS_FILE": nothing,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}


if __name__ == "__main__":
    with Server() as running:
        sys.exit(subprocess.call(sys.argv[1:], env=running.environment()))
