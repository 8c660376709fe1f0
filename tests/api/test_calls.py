"""test_calls.py - calls to the outside that plans make, through the real server: functions that are mapped to HTTP
endpoints, http:invoke, tokens, what a halt, a crash and a full disk do to a call."""
import contextlib
import http.client
import http.server
import json
import os
import random
import signal
import tempfile
import threading
import time
import unittest

import harness
import sigv4

INVOKE = "arn:aws:states:::lambda:invoke"
HTTP = "arn:aws:states:::http:invoke"
ROLE = "arn:aws:iam::123456789012:role/tests"
LOCAL = ("--allow-address", "127.0.0.0/8")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = {"method": self.command, "path": self.path, "headers": dict(self.headers), "body": body.decode()}
        with self.server.changed:
            self.server.seen.append(seen)
            self.server.changed.notify_all()
        getattr(self, "on_" + self.path.strip("/").partition("?")[0], self.on_echo)(seen)

    do_GET = do_PUT = do_POST

    def log_message(self, *_):
        pass

    def answer(self, status, document, **headers):
        text = json.dumps(document).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def on_echo(self, seen):
        self.answer(200, seen)

    def on_add(self, seen):
        self.answer(200, {"sum": sum(json.loads(seen["body"])["numbers"])})

    def on_broken(self, seen):
        self.answer(200, {"errorType": "Shop.Closed", "errorMessage": "it is night"}, X_Amz_Function_Error="Unhandled")

    def on_missing(self, seen):
        self.answer(404, {"why": "gone"})

    def on_gate(self, seen):
        """Answers when the test opens the gate; notes when the client has gone before that."""
        self.connection.settimeout(0.02)
        while not self.server.gate.is_set():
            with contextlib.suppress(TimeoutError):
                if not self.connection.recv(1):
                    with self.server.changed:
                        self.server.gone += 1
                        self.server.changed.notify_all()
                    self.close_connection = True
                    return
        self.answer(200, {"through": True})


class Endpoint(http.server.ThreadingHTTPServer):
    """What plans call: answers by path, remembers every request."""
    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", harness.free_port()), Handler)
        self.seen, self.gone, self.gate, self.changed = [], 0, threading.Event(), threading.Condition()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass  # the client was cut off

    def url(self, path):
        return "http://127.0.0.1:%d/%s" % (self.server_address[1], path)

    def until(self, look, timeout=20):
        with self.changed:
            assert self.changed.wait_for(look, timeout), "requests: %s, gone: %d" % (self.seen, self.gone)

    def close(self):
        self.gate.set()
        self.shutdown()
        self.server_close()


def task(resource, parameters, **more):
    return harness.machine("Call", Call={"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True,
                                         **more})


def invoke(function, payload=None, **more):
    return task(INVOKE, {"FunctionName": function, "Payload": payload or {}}, ResultSelector={"it.$": "$.Payload"},
                **more)


class Case(unittest.TestCase):
    """Each test has an endpoint and a server of its own."""
    options = LOCAL
    names = ("add", "broken", "echo", "gate", "missing")

    def setUp(self):
        self.endpoint = Endpoint()
        self.addCleanup(self.endpoint.close)
        self.folder = tempfile.TemporaryDirectory(prefix="fermata-calls-")
        self.addCleanup(self.folder.cleanup)
        self.functions = os.path.join(self.folder.name, "functions.json")
        self.map({name: self.endpoint.url(name) for name in self.names})
        self.server = harness.Server("--functions", self.functions, *self.options, env=self.env()).start()
        self.addCleanup(self.server.end)

    def env(self):
        return {}

    def map(self, functions):
        with open(self.functions + ".new", "w") as file:
            json.dump(functions, file)
        os.rename(self.functions + ".new", self.functions)

    def output(self, plan, **fields):
        execution = self.server.start_plan(plan, **fields)
        return self.server.wait_status(execution, "SUCCESS")["output"]

    def failure(self, plan, **fields):
        shown = self.server.wait_status(self.server.start_plan(plan, **fields), "FAILED")
        return shown["error"], shown["cause"]

    def metric(self, name):
        for line in self.server.get("/metrics").raw.decode().splitlines():
            if line.startswith(name + " "):
                return int(line.split()[1])
        raise AssertionError("no metric " + name)


class Answers(Case):
    def test_a_function_gives_its_result(self):
        self.assertEqual(self.output(invoke("add", {"numbers.$": "$.n"}), input={"n": [1, 2, 3]}), {"it": {"sum": 6}})
        self.assertEqual(self.endpoint.seen[0]["headers"]["X-Amz-Function-Name"], "add")

    def test_a_function_named_by_its_arn_in_the_resource(self):
        plan = task("arn:aws:lambda:eu-west-1:123456789012:function:add", {"numbers": [4, 5]})
        self.assertEqual(self.output(plan), {"sum": 9})

    def test_the_whole_answer_of_an_invocation(self):
        result = self.output(task(INVOKE, {"FunctionName": "add", "Payload": {"numbers": [1]}}))
        self.assertEqual((result["StatusCode"], result["ExecutedVersion"], result["Payload"]), (200, "$LATEST", {"sum": 1}))

    def test_an_error_of_the_function_is_caught_by_its_type(self):
        plan = invoke("broken", Catch=[{"ErrorEquals": ["Shop.Closed"], "Next": "Night"}])
        plan["States"]["Night"] = {"Type": "Pass", "End": True}
        result = self.output(plan)
        self.assertEqual(result["Error"], "Shop.Closed")
        self.assertEqual(json.loads(result["Cause"])["errorMessage"], "it is night")

    def test_an_endpoint_is_called_as_the_plan_says(self):
        result = self.output(task(HTTP, {
            "ApiEndpoint": self.endpoint.url("x"), "Method": "PUT", "Headers": {"X-One": "1"},
            "QueryParameters": {"q": "a b"}, "RequestBody": {"n.$": "$.n"}}), input={"n": 1})
        self.assertEqual((result["StatusCode"], result["StatusText"]), (200, "OK"))
        seen = result["ResponseBody"]
        self.assertEqual((seen["method"], seen["path"], seen["headers"]["X-One"], seen["body"]),
                         ("PUT", "/x?q=a%20b", "1", '{"n":1}'))

    def test_a_status_is_the_name_of_an_error(self):
        plan = task(HTTP, {"ApiEndpoint": self.endpoint.url("missing"), "Method": "GET"})
        self.assertEqual(self.failure(plan), ("States.Http.StatusCode.404", '{"why": "gone"}'))

    def test_a_function_that_is_nowhere(self):
        error, cause = self.failure(invoke("nobody"))
        self.assertEqual(error, "Lambda.ResourceNotFoundException")
        self.assertIn("function:nobody", cause)

    def test_a_function_answers_later_by_a_callback(self):
        plan = task(INVOKE + ".waitForTaskToken",
                    {"FunctionName": "echo", "Payload": {"token.$": "$$.Task.Token"}})
        execution = self.server.start_plan(plan)
        self.server.wait_status(execution, "WAITING_FOR_CALLBACK")
        self.endpoint.until(lambda: self.endpoint.seen)
        token = json.loads(self.endpoint.seen[0]["body"])["token"]
        self.server.until(lambda: self.server.events(execution, "TaskSubmitted"), "the answer to the call")
        self.server.ok("execution_callback", {"callback_token": token, "output": {"later": 1}}, token=None)
        self.assertEqual(self.server.wait_status(execution, "SUCCESS")["output"], {"later": 1})
        self.assertEqual(len(self.endpoint.seen), 1)

    def test_a_callback_may_come_before_the_answer_to_the_call(self):
        plan = task(INVOKE + ".waitForTaskToken",
                    {"FunctionName": "gate", "Payload": {"token.$": "$$.Task.Token"}})
        execution = self.server.start_plan(plan)
        self.endpoint.until(lambda: self.endpoint.seen)
        token = json.loads(self.endpoint.seen[0]["body"])["token"]
        self.server.ok("execution_callback", {"callback_token": token, "output": {"early": 1}}, token=None)
        self.assertEqual(self.server.wait_status(execution, "SUCCESS")["output"], {"early": 1})

    def test_many_at_once(self):
        plan = harness.machine("Map", Map={
            "Type": "Map", "ItemsPath": "$.items", "End": True,
            "ItemSelector": {"numbers.$": "States.Array($$.Map.Item.Value, 1)"},
            "ItemProcessor": {"StartAt": "Add", "States": {"Add": {
                "Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:add",
                "OutputPath": "$.sum", "End": True}}}})
        self.assertEqual(self.output(plan, input={"items": list(range(60))}), list(range(1, 61)))

    def test_an_express_execution_calls_too(self):
        client = sigv4.Client(self.server)
        arn = client.call("CreateStateMachine", {
            "name": "m" + random.randbytes(4).hex(), "definition": json.dumps(invoke("add", {"numbers": [1, 1]})),
            "roleArn": ROLE, "type": "EXPRESS"})["stateMachineArn"]
        answer = client.call("StartSyncExecution", {"stateMachineArn": arn})
        self.assertEqual((answer["status"], json.loads(answer["output"])), ("SUCCEEDED", {"it": {"sum": 2}}))

    def test_nothing_of_a_call_is_in_the_log(self):
        self.output(task(HTTP, {"ApiEndpoint": self.endpoint.url("x?key=hushquery"), "Method": "POST",
                                "Headers": {"Authorization": "Bearer hushheader"}, "RequestBody": {"a": "hushbody"}}))
        self.failure(invoke("broken", {"a": "hushpayload"}))
        self.assertNotIn("hush", self.server.log_text())

    def test_calls_are_counted(self):
        self.output(invoke("add", {"numbers": []}))
        self.failure(invoke("broken"))
        self.assertEqual([self.metric("fermata_calls" + rest) for rest in
                          ("_total", "_failed_total", "_cut_off_total", "_running")], [2, 1, 0, 0])


class CutOff(Case):
    def begin(self):
        execution = self.server.start_plan(invoke("gate"))
        self.endpoint.until(lambda: self.endpoint.seen)
        return execution

    def test_a_halt_cuts_a_call_off(self):
        execution = self.begin()
        answer = self.server.halt(execution)
        self.endpoint.until(lambda: self.endpoint.gone == 1)
        self.assertTrue(self.server.verify(answer["halt_id"])["clean"])
        self.endpoint.gate.set()
        self.server.until(lambda: self.metric("fermata_calls_running") == 0, "the end of the call")
        self.assertEqual(self.server.status(execution), "STOPPED")
        self.assertEqual(self.server.evidence(execution), [])
        self.assertEqual(self.metric("fermata_calls_cut_off_total"), 1)

    def test_a_halt_of_the_parent_cuts_the_call_of_its_child_off(self):
        self.server.put("callee", invoke("gate"))
        execution = self.server.start_plan(harness.parent_plan("callee"))
        self.endpoint.until(lambda: self.endpoint.seen)
        self.server.halt_tree(execution)
        self.endpoint.until(lambda: self.endpoint.gone == 1)

    def test_a_time_out_cuts_a_call_off(self):
        self.assertEqual(self.failure(invoke("gate", TimeoutSeconds=1))[0], "States.Timeout")
        self.endpoint.until(lambda: self.endpoint.gone == 1)

    def test_the_end_of_an_express_execution_cuts_its_call_off(self):
        client = sigv4.Client(self.server)
        arn = client.call("CreateStateMachine", {
            "name": "m" + random.randbytes(4).hex(), "definition": json.dumps(dict(invoke("gate"), TimeoutSeconds=1)),
            "roleArn": ROLE, "type": "EXPRESS"})["stateMachineArn"]
        self.assertEqual(client.call("StartSyncExecution", {"stateMachineArn": arn})["status"], "TIMED_OUT")
        self.endpoint.until(lambda: self.endpoint.gone == 1)

    def test_a_pause_lets_the_call_go_on_and_keeps_its_answer(self):
        execution = self.begin()
        self.server.ok("pause_execution", {"plan_execution_id": execution})
        self.endpoint.gate.set()
        self.server.until(lambda: self.metric("fermata_calls_running") == 0, "the end of the call")
        self.assertEqual(self.server.status(execution), "WAITING_FOR_RESTART")
        self.server.ok("restart_execution", {"plan_execution_id": execution})
        self.assertEqual(self.server.wait_status(execution, "SUCCESS")["output"], {"it": {"through": True}})
        self.assertEqual(len(self.endpoint.seen), 1)

    def test_sigterm_cuts_calls_off_and_the_next_start_makes_them_again(self):
        execution = self.begin()
        begun = time.monotonic()
        self.assertEqual(self.server.stop(), 0)
        self.assertLess(time.monotonic() - begun, 8)
        self.endpoint.until(lambda: self.endpoint.gone == 1)
        self.endpoint.gate.set()
        self.server.start()
        self.assertEqual(self.server.wait_status(execution, "SUCCESS")["output"], {"it": {"through": True}})
        self.assertEqual(len(self.endpoint.seen), 2)

    def test_kill_9_and_the_next_start_makes_the_call_again(self):
        execution = self.begin()
        self.server.kill()
        self.endpoint.gate.set()
        self.server.start()
        self.assertEqual(self.server.wait_status(execution, "SUCCESS")["output"], {"it": {"through": True}})
        self.assertEqual(len(self.endpoint.seen), 2)


class Faults(Case):
    """What the store refuses once is done again; the call itself is made once."""

    def env(self):
        self.arm = os.path.join(self.folder.name, "arm")
        return {"FERMATA_FAULT_ARM": self.arm, "FERMATA_FAULT": self.fault}

    def armed(self):
        with open(self.arm, "w"):
            pass

    def bring(self):
        """The fault hits while the answer is brought back."""
        execution = self.server.start_plan(invoke("gate"))
        self.endpoint.until(lambda: self.endpoint.seen)
        self.armed()
        self.endpoint.gate.set()
        self.assertEqual(self.server.wait_status(execution, "SUCCESS")["output"], {"it": {"through": True}})
        self.assertEqual(len(self.endpoint.seen), 1)


class TakeFails(Faults):
    fault = "reservations_leased:1:ERR_STATEMENT_FAILED"

    def test_a_call_that_could_not_be_taken_is_taken_again(self):
        self.armed()
        self.assertEqual(self.output(invoke("add", {"numbers": [1]})), {"it": {"sum": 1}})
        self.assertEqual(len(self.endpoint.seen), 1)


class BringFails(Faults):
    fault = "reservations_used:1:ERR_STATEMENT_FAILED"

    def test_an_answer_that_could_not_be_brought_back_is_brought_again(self):
        self.bring()


class DiskFull(Faults):
    fault = "commit:1:ERR_STORAGE_FULL"

    def test_an_answer_whose_commit_found_the_disk_full_is_brought_again(self):
        self.bring()


class LookFails(Faults):
    fault = "call_still_awaited:1:ERR_STATEMENT_FAILED"

    def test_whether_a_call_matters_is_asked_again(self):
        execution = self.server.start_plan(invoke("gate"))
        self.endpoint.until(lambda: self.endpoint.seen)
        self.armed()
        self.server.halt(execution)
        self.endpoint.until(lambda: self.endpoint.gone == 1)


class Crashes(Case):
    def test_a_crash_at_any_statement_loses_no_call(self):
        self.server.put("p", invoke("add", {"numbers": [20, 3]}))
        arm = os.path.join(self.folder.name, "arm")
        died = 0
        for hit in range(1, 62, 4):
            for where in ("kill", "kill_after"):
                execution = "e-%d-%s" % (hit, where.replace("_", "-"))
                with contextlib.suppress(OSError):
                    os.unlink(arm)
                self.server.restart(kill=False, env={"FERMATA_FAULT": "any:%d:%s" % (hit, where),
                                                     "FERMATA_FAULT_ARM": arm})
                with open(arm, "w"):
                    pass
                try:
                    self.server.run("p", plan_execution_id=execution)
                    self.server.wait_status(execution, "SUCCESS")
                except (OSError, http.client.HTTPException):
                    died += 1
                self.server.restart(env={"FERMATA_FAULT": "", "FERMATA_FAULT_ARM": ""})
                self.server.run("p", plan_execution_id=execution)
                self.assertEqual(self.server.wait_status(execution, "SUCCESS")["output"], {"it": {"sum": 23}})
        self.assertGreater(died, 10)


class Functions(Case):
    def test_a_change_counts_after_sighup(self):
        self.map({"arn:aws:lambda:us-east-1:123456789012:function:plus": self.endpoint.url("add")})
        self.server.process.send_signal(signal.SIGHUP)
        self.server.until(lambda: "was read again: 1 functions" in self.server.log_text(), "reading")
        self.assertEqual(self.output(invoke("plus", {"numbers": [7]})), {"it": {"sum": 7}})
        self.assertEqual(self.failure(invoke("add"))[0], "Lambda.ResourceNotFoundException")

    def test_a_file_that_is_wrong_changes_nothing(self):
        self.map({"add": "ftp://127.0.0.1/"})
        self.server.process.send_signal(signal.SIGHUP)
        self.server.until(lambda: "the functions stay as they were" in self.server.log_text(), "reading")
        self.assertEqual(self.output(invoke("add", {"numbers": [7]})), {"it": {"sum": 7}})

    def test_the_folders_own_file_is_the_default(self):
        with harness.Server(*LOCAL) as server:
            with open(os.path.join(server.dir, "functions.json"), "w") as file:
                json.dump({"add": self.endpoint.url("add")}, file)
            server.restart(kill=False)
            execution = server.start_plan(invoke("add", {"numbers": [2]}))
            self.assertEqual(server.wait_status(execution, "SUCCESS")["output"], {"it": {"sum": 2}})
            self.assertEqual(server.stop(), 0)


class Refusals(unittest.TestCase):
    def refused(self, words, *args):
        with tempfile.TemporaryDirectory(prefix="fermata-calls-") as folder:
            server = harness.Server(*args, dir=folder)
            with self.assertRaises(AssertionError) as caught:
                server.start(timeout=10)
            self.assertIn(words, str(caught.exception))

    def test_a_file_that_is_not_there(self):
        self.refused("cannot be used: No such file", "--functions", "/nonexistent/functions.json")

    def test_a_file_that_is_not_valid(self):
        for document, words in (([], "expected an object"), ({"a b": "http://x"}, "neither a function's name"),
                                ({"a": 1}, "expected an http or https URL"),
                                ({"arn:aws:lambda:r:1:function:a:3": "http://x"}, "without a version"),
                                ({"a": "http://x", "arn:aws:lambda:r:1:function:a": "http://y"}, "stands twice")):
            with self.subTest(words), tempfile.NamedTemporaryFile("w", suffix=".json") as file:
                json.dump(document, file)
                file.flush()
                self.refused(words, "--functions", file.name)

    def test_a_range_that_is_none(self):
        for wrong in ("127.0.0.1/33", "somewhere", "127.0.0.0/8,", ""):
            with self.subTest(wrong):
                self.refused("expected ranges such as", "--allow-address", wrong)


class Addresses(Case):
    options = ()

    def test_this_machine_is_not_called_unless_it_is_allowed(self):
        error, cause = self.failure(task(HTTP, {"ApiEndpoint": self.endpoint.url("x"), "Method": "GET"}))
        self.assertEqual(error, "States.Runtime")
        self.assertIn("The request was not sent", cause)
        self.assertEqual(self.endpoint.seen, [])

    def test_ranges_may_be_many(self):
        with harness.Server("--allow-address", "10.0.0.0/8,::1/128", *LOCAL) as server:
            execution = server.start_plan(task(HTTP, {"ApiEndpoint": self.endpoint.url("add"), "Method": "POST",
                                                      "RequestBody": {"numbers": [1]}}))
            self.assertEqual(server.wait_status(execution, "SUCCESS")["output"]["ResponseBody"], {"sum": 1})


if __name__ == "__main__":
    unittest.main()
