"""sigv4.py - requests of the Step Functions API, signed by hand: AWS Signature Version 4 with the standard library."""
import datetime
import hashlib
import hmac
import http.client
import json
import os

SERVICE = "states"
CONTENT_TYPE = "application/x-amz-json-1.0"


class Key:
    """An access key, and the account whose ARNs it sees."""

    def __init__(self, access_key_id, secret, account="000000000000", region="us-east-1"):
        self.id, self.secret, self.account, self.region = access_key_id, secret, account, region

    @classmethod
    def of_folder(cls, path):
        """The first key of a folder's keys/aws.json."""
        with open(path) as file:
            row = json.load(file)[0]
        return cls(row["access_key_id"], row["secret_access_key"], row["account_id"])

    def arn(self, rest):
        return "arn:aws:states:%s:%s:%s" % (self.region, self.account, rest)


def amz_date(moment=None):
    return (moment or datetime.datetime.now(datetime.timezone.utc)).strftime("%Y%m%dT%H%M%SZ")


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature(key, date, scope, canonical):
    text = "\n".join(("AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    secret = ("AWS4" + key.secret).encode()
    for part in scope.split("/"):
        secret = _hmac(secret, part)
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def sign(key, body, headers, date=None, query="", service=SERVICE):
    """The headers of a POST / with x-amz-date and Authorization; `headers` must hold host."""
    headers = {name.lower(): value for name, value in headers.items()}
    headers["x-amz-date"] = date or amz_date()
    names = sorted(headers)
    scope = "/".join((headers["x-amz-date"][:8], key.region, service, "aws4_request"))
    canonical = "\n".join(("POST", "/", query, *("%s:%s" % (name, headers[name].strip()) for name in names),
                           "", ";".join(names), hashlib.sha256(body).hexdigest()))
    headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
        key.id, scope, ";".join(names), signature(key, headers["x-amz-date"], scope, canonical))
    return headers


def request(key, host, action, body, date=None, **more):
    """Body and headers of one call; `body` is JSON, or bytes that are sent as they are."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"host": host, "content-type": CONTENT_TYPE, "x-amz-target": "AWSStepFunctions." + action}
    headers.update({name.replace("_", "-"): value for name, value in more.items()})
    return text, sign(key, text, {name: value for name, value in headers.items() if value is not None}, date)


class Refused(Exception):
    """An answer that is no 200: AWS's type and message."""

    def __init__(self, status, body):
        self.status, self.body = status, body
        self.type, self.message = body.get("__type", "").rpartition("#")[2], body.get("message")
        super().__init__("%d %s: %s" % (status, self.type, self.message))


class Client:
    """Calls of one key, by default the server's own; each on a connection of its own."""

    def __init__(self, server, key=None):
        self.server = server
        self.key = key or Key.of_folder(os.path.join(server.dir, "keys", "aws.json"))

    def call(self, action, members, timeout=90):
        body, headers = request(self.key, "127.0.0.1:%d" % self.server.port, action, members)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=timeout)
        try:
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        document = json.loads(text) if text else {}
        if answer.status != 200:
            raise Refused(answer.status, document)
        return document
