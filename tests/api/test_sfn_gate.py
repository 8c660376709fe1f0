#!/usr/bin/python3
"""test_sfn_gate.py - what every request of the Step Functions API passes: form, target, signature, scope, body, shape;
access keys and their file; tenants; ARNs, names, definitions and page tokens that are none.

Requests are signed by sigv4.py. FERMATA_BIN names the binary.
"""
import concurrent.futures
import contextlib
import datetime
import json
import os
import re
import stat
import subprocess
import tempfile
import time
import unittest

import sigv4
from harness import BIN, Server

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
WAIT = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 600, "End": True}}})
ROLE = "arn:aws:iam::000000000000:role/r"
SECRET = "0123456789abcdefghijABCDEFGHIJ0123456789"
FORBIDDEN = "AccessDeniedException"

# What each action needs; a request's body goes with it where an empty one would not pass the shape.
SCOPES = {
    "read": """DescribeStateMachine DescribeStateMachineForExecution ListStateMachines ListStateMachineVersions
        DescribeStateMachineAlias ListStateMachineAliases ListTagsForResource DescribeActivity ListActivities
        DescribeExecution ListExecutions GetExecutionHistory DescribeMapRun ListMapRuns TestState
        ValidateStateMachineDefinition""".split(),
    "run": """CreateStateMachine UpdateStateMachine DeleteStateMachine PublishStateMachineVersion
        DeleteStateMachineVersion CreateStateMachineAlias UpdateStateMachineAlias DeleteStateMachineAlias TagResource
        UntagResource CreateActivity DeleteActivity StartExecution StartSyncExecution RedriveExecution
        UpdateMapRun""".split(),
    "work": "GetActivityTask SendTaskSuccess SendTaskFailure SendTaskHeartbeat".split(),
    "halt": ["StopExecution"],
    "answer": [],
    "admin": [],
}


def row(number, operator="default", account="000000000000", **more):
    return {"access_key_id": "AKIATESTTESTTEST%04d" % number, "secret_access_key": SECRET,
            "operator_name": operator, "account_id": account, **more}


def key_of(entry):
    return sigv4.Key(entry["access_key_id"], entry["secret_access_key"], entry["account_id"])


ROWS = [row(0), *(row(10 + i, scope=scope) for i, scope in enumerate(SCOPES)),
        row(1, "other"), row(2, "third", "333333333333")]
KEY, OTHER, THIRD = key_of(ROWS[0]), key_of(ROWS[-2]), key_of(ROWS[-1])
ONE_SCOPE = {scope: key_of(ROWS[1 + i]) for i, scope in enumerate(SCOPES)}


def write_keys(folder, rows):
    os.makedirs(os.path.join(folder, "keys"), mode=0o700, exist_ok=True)
    path = os.path.join(folder, "keys", "aws.json")
    with open(path + ".tmp", "w") as file:
        file.write(rows if isinstance(rows, str) else json.dumps(rows))
    os.rename(path + ".tmp", path)


class Gate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(check=False)
        write_keys(cls.server.dir, ROWS)
        cls.server.start()
        cls.machine = cls.ok("CreateStateMachine", name="pass", definition=PASS, roleArn=ROLE)["stateMachineArn"]

    @classmethod
    def tearDownClass(cls):
        cls.server.end()

    # ---- asking ----

    @classmethod
    def host(cls):
        return "127.0.0.1:%d" % cls.server.port

    @classmethod
    def send(cls, text, headers, path="/"):
        return cls.server.client().send("POST", path, text, headers)

    @classmethod
    def call(cls, action, body, key=KEY, **more):
        return cls.send(*sigv4.request(key, cls.host(), action, body, **more))

    @classmethod
    def ok(cls, action, key=KEY, **body):
        answer = cls.call(action, body, key)
        assert answer.status == 200, "%s: %d %s" % (action, answer.status, answer.raw)
        return answer.json

    def refuses(self, answer, status, kind, message=None):
        self.assertEqual((answer.status, answer.json["__type"]), (status, kind), answer.raw)
        self.assertEqual(answer.headers["content-type"], "application/x-amz-json-1.0")
        self.assertRegex(answer.headers["x-amzn-requestid"], UUID)
        if message is not None:
            self.assertRegex(answer.json["message"], "^(?s:" + message + ")$")

    def refuses_call(self, action, body, kind, message=None, key=KEY):
        self.refuses(self.call(action, body, key), 400, kind, message)

    # ---- form and target ----

    def test_an_answer_is_json_1_0_with_a_request_id_of_its_own(self):
        ids = set()
        for _ in range(3):
            answer = self.call("ListStateMachines", {})
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["content-type"], "application/x-amz-json-1.0")
            self.assertRegex(answer.headers["x-amzn-requestid"], UUID)
            ids.add(answer.headers["x-amzn-requestid"])
        self.assertEqual(len(ids), 3)

    def test_the_content_type_is_that_of_the_protocol(self):
        for good in ("application/x-amz-json-1.0; charset=utf-8", "Application/X-Amz-Json-1.0",
                     'application/x-amz-json-1.0;charset="UTF-8"'):
            self.assertEqual(self.call("ListStateMachines", {}, content_type=good).status, 200, good)
        for bad in ("application/json", "application/x-amz-json-1.1", "application/x-amz-json-1.00", "text/plain",
                    "application/x-amz-json-1.0; charset=latin1", "application/x-amz-json-1.0, x"):
            self.refuses(self.call("ListStateMachines", {}, content_type=bad), 400, "UnknownOperationException")
        text, headers = sigv4.request(KEY, self.host(), "ListStateMachines", {}, content_type=None)
        self.refuses(self.send(text, headers), 400, "UnknownOperationException")

    def test_an_action_that_is_none_is_unknown_whoever_asks(self):
        for target in ("AWSStepFunctions.Nope", "AWSStepFunctions.", "AWSStepFunctions", "AWSStepFunctions.liststatemachines",
                       "AWSStepFunctions.ListStateMachines ", "awsstepfunctions.ListStateMachines",
                       "DynamoDB_20120810.ListTables", "AWSStepFunctions." + "A" * 5000):
            if target.endswith(" "):
                target = target.replace("ListStateMachines", "List StateMachines")
            answer = self.send(b"{}", {"content-type": sigv4.CONTENT_TYPE, "x-amz-target": target})
            self.refuses(answer, 400, "UnknownOperationException")
            self.assertEqual(answer.raw, b'{"__type":"UnknownOperationException"}')
        self.refuses(self.send(b"{}", {"content-type": sigv4.CONTENT_TYPE}), 400, "UnknownOperationException")

    def test_only_post_of_the_root_is_this_api(self):
        self.assertEqual(self.server.client().send("GET", "/", None, {}).headers["content-type"],
                         "application/problem+json")
        text, headers = sigv4.request(KEY, self.host(), "ListStateMachines", {})
        for path in ("//", "/x", "/livez"):
            self.assertEqual(self.send(text, headers, path).headers["content-type"], "application/problem+json")

    def test_the_host_prefix_of_synchronous_calls_is_taken(self):
        text, headers = sigv4.request(KEY, "sync-" + self.host(), "ListStateMachines", {})
        self.assertEqual(self.send(text, headers).status, 200)

    # ---- signature ----

    def test_without_a_signature_nothing_is_told(self):
        headers = {"content-type": sigv4.CONTENT_TYPE, "x-amz-target": "AWSStepFunctions.ListStateMachines"}
        for body in (b"{}", b"", b"no json", b"[" * 100000):
            self.refuses(self.send(body, headers), 403, "MissingAuthenticationTokenException")
        for value in ("Bearer " + self.server.own_token, "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=x",
                      "Basic eDp5", "x" * 4000):
            self.refuses(self.send(b"{}", {**headers, "authorization": value}), 400, "IncompleteSignatureException")

    def test_another_key_or_secret_is_refused(self):
        for key in (sigv4.Key("AKIATESTTESTTEST9999", SECRET), sigv4.Key("x", SECRET), sigv4.Key("%s%n", SECRET)):
            self.refuses(self.call("ListStateMachines", {}, key), 403, "UnrecognizedClientException",
                         r"The security token included in the request is invalid\.")
        wrong = sigv4.Key(KEY.id, SECRET[::-1])
        self.refuses(self.call("ListStateMachines", {}, wrong), 403, "InvalidSignatureException")
        self.refuses(self.call("ListStateMachines", {}, x_amz_security_token="t"), 403,
                     "UnrecognizedClientException")

    def test_what_was_signed_may_not_be_changed(self):
        text, headers = sigv4.request(KEY, self.host(), "ListStateMachines", {})
        self.assertEqual(self.send(text, headers).status, 200)
        self.refuses(self.send(b"{ }", headers), 403, "InvalidSignatureException")
        for name, value in (("x-amz-target", "AWSStepFunctions.ListActivities"), ("host", "elsewhere"),
                            ("x-amz-date", sigv4.amz_date(datetime.datetime(2020, 1, 1)))):
            self.refuses(self.send(text, {**headers, name: value}), 403, "InvalidSignatureException")
        self.refuses(self.send(text, headers, "/?a=b"), 403, "InvalidSignatureException")

    def test_a_signature_is_good_for_five_minutes(self):
        now = datetime.datetime.now(datetime.timezone.utc)
        for seconds, status in ((-240, 200), (240, 200), (-330, 403), (330, 403)):
            date = sigv4.amz_date(now + datetime.timedelta(seconds=seconds))
            self.assertEqual(self.call("ListStateMachines", {}, date=date).status, status, seconds)

    def test_a_signature_for_another_service_is_none(self):
        headers = {"host": self.host(), "content-type": sigv4.CONTENT_TYPE,
                   "x-amz-target": "AWSStepFunctions.ListStateMachines"}
        self.refuses(self.send(b"{}", sigv4.sign(KEY, b"{}", headers, service="sqs")), 403,
                     "InvalidSignatureException", ".*correct service: 'states'.*")

    # ---- scope ----

    def test_each_action_needs_its_scope_before_its_body_is_read(self):
        actions = [action for group in SCOPES.values() for action in group]
        self.assertEqual(len(set(actions)), 37)
        for scope, key in ONE_SCOPE.items():
            for action in actions:
                answer = self.call(action, b"no json", key)
                allowed = action in SCOPES[scope]
                self.refuses(answer, 400, "SerializationException" if allowed else FORBIDDEN)
        self.refuses_call("StartExecution", {}, FORBIDDEN,
                          r"User: arn:aws:iam::000000000000:user/AKIATESTTESTTEST0010 is not authorized to perform: "
                          "states:StartExecution", ONE_SCOPE["read"])

    # ---- body and shape ----

    def test_a_body_that_is_no_object_is_a_serialization_exception(self):
        deep = b'{"name":' + b"[" * 5000 + b"]" * 5000 + b"}"
        for body in (b"", b"{", b"x", b"null", b"1", b'"x"', b"[]", b'{"a":1,"a":2}', b'{"name":"\xff"}',
                     b'{"name":"\\u0000"}', b'{"name":"\\ud800"}', b"\xef\xbb\xbf{}", b"{}{}", b'{"a":1e999}', deep):
            self.refuses(self.call("ListStateMachines", body), 400, "SerializationException", ".+")

    def test_a_body_has_its_limit(self):
        big = {"definition": "x" * (1 << 20), "name": "n", "roleArn": ROLE}
        self.refuses(self.call("CreateStateMachine", big), 400, "InvalidDefinition")
        self.refuses(self.call("CreateStateMachine", {**big, "definition": "x" * ((1 << 20) + 1)}), 400,
                     "ValidationException", "1 validation error detected: Value at 'definition' failed.* 1048576")
        # A server that does not read on may close before the client has sent all.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.assertEqual(self.call("CreateStateMachine", {**big, "definition": "x" * (3 << 20)}).status, 413)
        self.ok("ListStateMachines")

    def test_shapes_are_refused_in_the_words_of_aws(self):
        bad = "1 validation error detected: Value %s failed to satisfy constraint: Member must %s"
        for action, body, message in (
                ("DescribeStateMachine", {}, bad % ("null at 'stateMachineArn'", "not be null")),
                ("DescribeStateMachine", {"stateMachineArn": None}, bad % ("null at 'stateMachineArn'", "not be null")),
                ("ListExecutions", {"stateMachineArn": self.machine, "maxResults": 1001},
                 bad % ("'1001' at 'maxResults'", "have value less than or equal to 1000")),
                ("ListExecutions", {"stateMachineArn": self.machine, "nextToken": ""},
                 bad % ("'' at 'nextToken'", "have length greater than or equal to 1")),
                ("ListExecutions", {"stateMachineArn": self.machine, "nextToken": "x" * 3097},
                 bad % ("'%s' at 'nextToken'" % ("x" * 3097), "have length less than or equal to 3096")),
                ("ListExecutions", {"stateMachineArn": self.machine, "statusFilter": "succeeded"},
                 bad % ("'succeeded' at 'statusFilter'", "satisfy enum value set: "
                        "[SUCCEEDED, TIMED_OUT, PENDING_REDRIVE, ABORTED, FAILED, RUNNING]"))):
            self.refuses_call(action, body, "ValidationException", re.escape(message))
        self.refuses_call("CreateActivity", {"name": 1}, "SerializationException",
                          "NUMBER_VALUE can not be converted to a String")
        self.assertEqual(self.call("ListStateMachines", {"unknown": {"x": []}, "nextToken": None}).status, 200)

    def test_every_action_stands_any_type_of_every_member(self):
        """Whatever a member is, the answer is a refusal of the client's, never a failure of ours."""
        names = ("stateMachineArn", "executionArn", "activityArn", "mapRunArn", "resourceArn", "stateMachineVersionArn",
                 "stateMachineAliasArn", "name", "definition", "roleArn", "taskToken", "output", "input",
                 "routingConfiguration", "tags", "tagKeys", "loggingConfiguration", "tracingConfiguration",
                 "encryptionConfiguration", "mock", "stateConfiguration", "context", "variables", "clientToken",
                 "maxResults", "nextToken", "statusFilter", "redriveFilter", "includedData", "publish", "error", "cause")
        values = (None, True, 0, -1, 1.5, 1e300, "", "x", "\U0001f600" * 100, "x" * 9000, [], [[]], [None], ["x"], [{}],
                  {}, {"": None}, {"key": 1}, "{}", "[]", "arn:aws:states:us-east-1:000000000000:stateMachine:x",
                  "arn:aws:states:us-east-1:000000000000:execution:x:y", "%s%n%p")
        for group in SCOPES.values():
            for action in group:
                for value in values:
                    answer = self.call(action, {name: value for name in names})
                    self.assertIn(answer.status, (200, 400), (action, value, answer.raw))

    def test_every_action_stands_any_value_of_one_member(self):
        """The other members are as they should be, so that the action itself sees the one that is not."""
        machine = self.ok("CreateStateMachine", name="stands", definition=PASS, roleArn=ROLE)["stateMachineArn"]
        version = self.ok("PublishStateMachineVersion", stateMachineArn=machine)["stateMachineVersionArn"]
        self.ok("StartExecution", stateMachineArn=machine, name="stands")
        good = {"stateMachineArn": machine, "executionArn": KEY.arn("execution:stands:stands"),
                "activityArn": KEY.arn("activity:ghost"), "mapRunArn": KEY.arn("mapRun:stands/A:ghost"),
                "resourceArn": machine, "stateMachineVersionArn": version, "stateMachineAliasArn": machine + ":PROD",
                "name": "stands", "definition": PASS, "roleArn": ROLE, "taskToken": "x", "output": "{}", "input": "{}",
                "routingConfiguration": [{"stateMachineVersionArn": version, "weight": 100}],
                "tags": [{"key": "k", "value": "v"}], "tagKeys": ["k"], "loggingConfiguration": {"level": "OFF"},
                "tracingConfiguration": {"enabled": False}, "encryptionConfiguration": {"type": "AWS_OWNED_KEY"}}
        extra = ("mock", "stateConfiguration", "context", "variables", "clientToken", "nextToken", "inspectionLevel",
                 "maxConcurrency", "toleratedFailurePercentage", "revisionId", "stateName")
        values = (-1, 1e300, "x" * 300, "\U0001f600", "[]", "{", [{}], [None], [["x"]], {"a": {"b": []}}, {"key": 1},
                  {"level": 5, "enabled": "x", "type": {}, "destinations": [7]},
                  [{"stateMachineVersionArn": None, "weight": "x"}], [{"key": None, "value": [1]}],
                  {"result": 1, "errorOutput": {"error": 7}, "fieldValidationMode": []}, KEY.arn("stateMachine:" + "%3A" * 60))
        for action in (action for group in SCOPES.values() for action in group):
            for member in (*good, *extra):
                for value in values:
                    answer = self.call(action, {**good, member: value})
                    self.assertIn(answer.status, (200, 400), (action, member, value, answer.raw))

    # ---- ARNs, names, definitions ----

    def test_an_arn_that_is_none_is_refused_in_the_words_of_aws(self):
        for action, member, other in (("DescribeStateMachine", "stateMachineArn", "execution:a:b"),
                                      ("StartExecution", "stateMachineArn", "activity:a"),
                                      ("DescribeExecution", "executionArn", "stateMachine:a"),
                                      ("StopExecution", "executionArn", "express:a:b:c"),
                                      ("GetExecutionHistory", "executionArn", "mapRun:a/b:c"),
                                      ("DescribeActivity", "activityArn", "stateMachine:a"),
                                      ("GetActivityTask", "activityArn", "execution:a:b"),
                                      ("DescribeMapRun", "mapRunArn", "execution:a:b")):
            self.refuses_call(action, {member: "no_arn"}, "InvalidArn", "Invalid Arn: 'Invalid ARN prefix: no_arn'")
            self.refuses_call(action, {member: KEY.arn(other)}, "InvalidArn",
                              "Invalid Arn: 'Resource type not valid in this context: %s'" % other.partition(":")[0])

    def test_a_name_that_is_none_is_refused(self):
        for name in ("a b", "a#b", "a$b", "a,b", "a/b", "a;b", "a\\b", "a^b", "a{b", "a}b", "a:b", "a\tb", "\u3000"):
            message = re.escape("Invalid Name: '%s'" % name)
            self.refuses_call("CreateActivity", {"name": name}, "InvalidName", message)
            self.refuses_call("CreateStateMachine", {"name": name, "definition": PASS, "roleArn": ROLE}, "InvalidName",
                              message)
            self.refuses_call("StartExecution", {"stateMachineArn": self.machine, "name": name}, "InvalidName", message)
        self.refuses_call("CreateActivity", {"name": "a" * 81}, "ValidationException",
                          ".*at 'name'.*length less than or equal to 80")

    def test_a_definition_that_is_none_is_refused(self):
        for text, message in (("", ".*at 'definition'.*"), ("no json", ".*INVALID_JSON_DESCRIPTION: .*"),
                              ('{"StartAt":"A","StartAt":"A"}', ".*INVALID_JSON_DESCRIPTION: .*"),
                              ("[" * 100000, ".*INVALID_JSON_DESCRIPTION: .*"), ("[]", ".+"),
                              (json.dumps({"StartAt": "A"}), "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED:"
                               r" These fields are required: \[States\] at /'")):
            self.refuses_call("CreateStateMachine", {"name": "n", "definition": text, "roleArn": ROLE},
                              "InvalidDefinition" if text else "ValidationException", message)

    # ---- tenants ----

    def same(self, action, member, unknown, *foreign, key=KEY):
        """A foreign thing is answered with the bytes of an unknown one, but for the name that was asked for."""
        expected = self.call(action, {member: unknown}, key)
        self.assertIn(expected.status, (200, 400))
        for arn in foreign:
            answer = self.call(action, {member: arn}, key)
            self.assertEqual(answer.status, expected.status)
            self.assertEqual(answer.raw.replace(arn.encode(), b"X"), expected.raw.replace(unknown.encode(), b"X"))

    def test_what_is_anothers_is_not_there(self):
        execution = self.ok("StartExecution", stateMachineArn=self.machine, name="mine")["executionArn"]
        activity = self.ok("CreateActivity", name="mine")["activityArn"]
        for key in (OTHER, THIRD):
            for action, member, arn in (("DescribeStateMachine", "stateMachineArn", self.machine),
                                        ("StartExecution", "stateMachineArn", self.machine),
                                        ("ListExecutions", "stateMachineArn", self.machine),
                                        ("DeleteStateMachine", "stateMachineArn", self.machine),
                                        ("ListStateMachineVersions", "stateMachineArn", self.machine),
                                        ("ListStateMachineAliases", "stateMachineArn", self.machine),
                                        ("PublishStateMachineVersion", "stateMachineArn", self.machine),
                                        ("DescribeExecution", "executionArn", execution),
                                        ("DescribeStateMachineForExecution", "executionArn", execution),
                                        ("GetExecutionHistory", "executionArn", execution),
                                        ("StopExecution", "executionArn", execution),
                                        ("RedriveExecution", "executionArn", execution),
                                        ("ListMapRuns", "executionArn", execution),
                                        ("DescribeActivity", "activityArn", activity),
                                        ("GetActivityTask", "activityArn", activity),
                                        ("DeleteActivity", "activityArn", activity),
                                        ("ListTagsForResource", "resourceArn", activity)):
                unknown = arn.replace("pass", "ghost").replace("mine", "ghost")
                self.same(action, member, unknown.replace(KEY.account, key.account), arn,
                          arn.replace(KEY.account, key.account), arn.replace("us-east-1", "eu-west-1"), key=key)
            self.assertEqual(self.ok("ListStateMachines", key)["stateMachines"], [])
            self.assertEqual(self.ok("ListActivities", key)["activities"], [])
        self.same("DescribeStateMachine", "stateMachineArn", KEY.arn("stateMachine:ghost"),
                  self.machine.replace(KEY.account, "999999999999"), self.machine.replace("us-east-1", "eu-west-1"))
        self.ok("DescribeStateMachine", stateMachineArn=self.machine)
        self.ok("DescribeActivity", activityArn=activity)

    def test_an_account_sees_its_own_number(self):
        made = self.ok("CreateStateMachine", THIRD, name="theirs", definition=PASS, roleArn=ROLE)["stateMachineArn"]
        self.assertEqual(made, "arn:aws:states:us-east-1:333333333333:stateMachine:theirs")
        self.ok("DescribeStateMachine", THIRD, stateMachineArn=made)
        self.ok("DeleteStateMachine", THIRD, stateMachineArn=made)

    def test_executions_of_both_apis_are_the_same(self):
        """Ids of our own API that hold ':' come back from their ARN, and mean one execution."""
        definition = json.loads(WAIT)
        for plan, execution in (("plain", "order-1"), ("a:b", "c:d"), ("a", "a:b:c"), ("plain", "plain:x")):
            self.server.put(plan, definition)
            self.server.run(plan, plan_execution_id=execution)
            machine = KEY.arn("stateMachine:" + plan.replace(":", "%3A"))
            self.assertEqual(self.ok("DescribeStateMachine", stateMachineArn=machine)["name"], plan)
            arns = [item["executionArn"] for item in self.ok("ListExecutions", stateMachineArn=machine)["executions"]]
            arn = arns[0]
            self.assertEqual(self.ok("DescribeExecution", executionArn=arn)["stateMachineArn"], machine)
            self.ok("StopExecution", executionArn=arn)
            self.assertEqual(self.server.read("executions/" + execution)["status"], "STOPPED")

    # ---- pages ----

    def test_a_page_token_belongs_to_its_list(self):
        for number in range(3):
            self.ok("CreateActivity", name="page-%d" % number)
            self.ok("StartExecution", stateMachineArn=self.machine, name="page-%d" % number)
        token = self.ok("ListActivities", maxResults=1)["nextToken"]
        self.assertRegex(token, "^[A-Za-z0-9_-]{1,1024}$")
        self.assertEqual(len(self.ok("ListActivities", maxResults=1, nextToken=token)["activities"]), 1)
        self.refuses_call("ListStateMachines", {"nextToken": token}, "InvalidToken", "Invalid Token: 'Invalid token'")
        self.refuses_call("ListActivities", {"nextToken": token}, "InvalidToken", key=OTHER)
        for bad in ("x-nextToken", token[:-1], token + "A", token[:-1] + ("A" if token[-1] != "A" else "E"), "*", "é"):
            self.refuses_call("ListActivities", {"nextToken": bad}, "InvalidToken")
        token = self.ok("ListExecutions", stateMachineArn=self.machine, maxResults=1)["nextToken"]
        self.refuses_call("ListExecutions", {"stateMachineArn": self.machine, "statusFilter": "RUNNING",
                                             "nextToken": token}, "InvalidToken")

    def test_pages_hold_every_item_once(self):
        made = {"walk-%02d" % number for number in range(7)}
        for name in made:
            self.ok("CreateActivity", name=name)
        for size in (1, 2, 3, 7):
            names, token = [], None
            while True:
                page = self.ok("ListActivities", maxResults=size, **({"nextToken": token} if token else {}))
                names += [item["name"] for item in page["activities"]]
                token = page.get("nextToken")
                if not token:
                    break
            self.assertEqual(len(names), len(set(names)))
            self.assertLessEqual(made, set(names))

    # ---- many at once ----

    def test_many_callers_at_once(self):
        def start(number):
            return self.call("StartExecution", {"stateMachineArn": self.machine, "name": "many-%d" % (number % 50)})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(start, range(200)))
        for answer in answers:
            self.assertIn((answer.status, answer.json.get("__type")), ((200, None), (400, "ExecutionAlreadyExists")))


class Keys(unittest.TestCase):
    def lists(self, server, key, date=None):
        text, headers = sigv4.request(key, "127.0.0.1:%d" % server.port, "ListStateMachines", {}, date)
        return server.client().send("POST", "/", text, headers).status

    def mode(self, server, *path):
        return stat.S_IMODE(os.stat(os.path.join(server.dir, *path)).st_mode)

    def command(self, *args):
        return subprocess.run([BIN, *args], capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL)

    def test_the_first_start_makes_a_key_that_stays(self):
        with Server(check=False) as server:
            key = sigv4.Key.of_folder(os.path.join(server.dir, "keys", "aws.json"))
            self.assertEqual(self.lists(server, key), 200)
            self.assertEqual(self.mode(server, "keys", "aws.json"), 0o600)
            self.assertEqual(self.mode(server, "aws-credentials"), 0o600)
            with open(os.path.join(server.dir, "aws-credentials")) as file:
                self.assertEqual(file.read(), "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
                                 "region = us-east-1\n" % (key.id, key.secret))
            lines = ("export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n"
                     "export AWS_DEFAULT_REGION=us-east-1\nexport AWS_ENDPOINT_URL_SFN=http://127.0.0.1:%d\n"
                     "export AWS_DISABLE_HOST_PREFIX_INJECTION=true\n")
            for _ in range(2):
                self.assertEqual(self.lists(server, key), 200)
                shown = self.command("aws", "--dir", server.dir)
                self.assertEqual(shown.stdout, lines % (key.id, key.secret, server.port))
                self.assertEqual(server.stop(), 0)
                server.start()
            self.assertEqual(server.log_text().count("fermata aws --dir " + server.dir), 1)
            self.assertNotIn(key.secret, server.log_text())
            answer = json.loads(self.command("aws", "--dir", server.dir, "-o", "json").stdout)
            self.assertEqual(answer["AWS_SECRET_ACCESS_KEY"], key.secret)
            self.assertEqual(len(answer), 5)

    def test_a_person_is_shown_the_key_at_the_first_start(self):
        with tempfile.TemporaryDirectory() as folder:
            for is_first in (True, False):
                mine, its = os.openpty()
                process = subprocess.Popen([BIN, "serve", "--dir", folder, "--listen", "127.0.0.1:0"], stdout=its,
                                           stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
                os.close(its)
                for line in process.stderr:
                    if "serve.ready" in line:
                        break
                process.terminate()  # it finishes its greeting before it looks
                process.communicate(timeout=30)
                text = b""
                with contextlib.suppress(OSError):
                    while chunk := os.read(mine, 65536):
                        text += chunk
                os.close(mine)
                self.assertEqual(text.count(b"export AWS_"), 5 if is_first else 0, text)

    def test_a_folder_without_a_key_is_said(self):
        done = self.command("aws", "--dir", "/nowhere")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("fermata serve --dir /nowhere", done.stderr)

    def test_the_region_stands_in_the_arns(self):
        with Server("--region", "eu-central-1", check=False) as server:
            key = sigv4.Key.of_folder(os.path.join(server.dir, "keys", "aws.json"))
            text, headers = sigv4.request(key, "127.0.0.1:%d" % server.port, "CreateActivity", {"name": "a"})
            made = server.client().send("POST", "/", text, headers).json
            self.assertEqual(made["activityArn"], "arn:aws:states:eu-central-1:000000000000:activity:a")
            self.assertIn("AWS_DEFAULT_REGION=eu-central-1\n", self.command("aws", "--dir", server.dir).stdout)
        for bad in ("", "EU", "a b", "x" * 33):
            self.assertEqual(self.command("serve", "--dir", "/nowhere", "--region", bad).returncode, 2)

    def test_a_bad_file_refuses_the_start(self):
        for text in ("", "{}", "[{}]", json.dumps([row(1), row(1)]), json.dumps([row(1, scope="all")]),
                     json.dumps([{**row(1), "secret_access_key": "short"}])):
            server = Server(check=False)
            try:
                write_keys(server.dir, text)
                done = self.command("serve", "--dir", server.dir, "--listen", "127.0.0.1:0")
                self.assertEqual(done.returncode, 1, text)
                self.assertIn("keys/aws.json cannot be used", done.stderr)
                self.assertNotIn(SECRET, done.stderr + done.stdout)
            finally:
                server.close()

    def test_the_file_is_read_again_when_it_changes(self):
        with Server(check=False) as server:
            old = sigv4.Key.of_folder(os.path.join(server.dir, "keys", "aws.json"))
            self.assertEqual(self.lists(server, old), 200)
            write_keys(server.dir, [row(5)])
            end = time.monotonic() + 30
            while self.lists(server, key_of(row(5))) != 200:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.2)
            self.assertEqual(self.lists(server, old), 403)

    def test_a_folder_of_keys_that_is_not_ours_gets_none(self):
        with Server(check=False) as owner:
            keys = os.path.join(owner.dir, "keys")
            os.unlink(os.path.join(keys, "aws.json"))
            second = os.path.join(owner.dir, "second")
            os.mkdir(second)
            with open(os.path.join(second, "token"), "w") as file:
                file.write(owner.own_token)
            with Server("--keys", keys, check=False, dir=second) as server:
                self.assertEqual(self.lists(server, key_of(row(1))), 403)
                self.assertFalse(os.path.exists(os.path.join(keys, "aws.json")))
                self.assertFalse(os.path.exists(os.path.join(server.dir, "aws-credentials")))


if __name__ == "__main__":
    unittest.main(verbosity=2)
