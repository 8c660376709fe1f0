"""test_sfn_executions.py - executions, their histories, task tokens and Map Runs over the Step Functions API: every
action, what it answers, and how it refuses."""
import json
import os
import random
import re
import threading
import time
import unittest

import harness
import sigv4

ROLE = "arn:aws:iam::123456789012:role/tests"
UUID = re.compile("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
NOT_THERE = "01234567-89ab-4cde-8f01-23456789abcd"


def machine(**states):
    """The first state begins; a state without Next ends."""
    for state in states.values():
        if state["Type"] not in ("Fail", "Succeed", "Choice") and "Next" not in state:
            state["End"] = True
    return {"StartAt": next(iter(states)), "States": states}


PASS = machine(P={"Type": "Pass", "Result": {"x": 1}})
FAIL = machine(F={"Type": "Fail", "Error": "Broken", "Cause": "it broke"})
WAIT = machine(W={"Type": "Wait", "Seconds": 3600})
CALLBACK = machine(C={"Type": "Task", "Resource": "fermata:callback", "Parameters": {"token.$": "$$.Task.Token"}})


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.sfn = sigv4.Client(self.server)

    def call(self, action, **members):
        return self.sfn.call(action, members)

    def refused(self, kind, message, action, **members):
        """`message` is a text, or a pattern."""
        with self.assertRaises(sigv4.Refused) as caught:
            self.call(action, **members)
        self.assertEqual(caught.exception.type, kind, caught.exception.message)
        if message is not None and hasattr(message, "search"):
            self.assertRegex(caught.exception.message, message)
        elif message is not None:
            self.assertEqual(caught.exception.message, message)

    def create(self, definition, name=None, kind="STANDARD"):
        name = name or "machine-" + random.randbytes(6).hex()
        return self.call("CreateStateMachine", name=name, definition=json.dumps(definition), roleArn=ROLE,
                         type=kind)["stateMachineArn"]

    def start(self, arn, input=None, **members):
        if input is not None:
            members["input"] = json.dumps(input)
        return self.call("StartExecution", stateMachineArn=arn, **members)["executionArn"]

    def run_machine(self, definition, input=None, **members):
        return self.start(self.create(definition), input, **members)

    def describe(self, arn):
        return self.call("DescribeExecution", executionArn=arn)

    def wait(self, arn, status):
        def look():
            shown = self.describe(arn)
            if shown["status"] == status:
                return shown
            self.assertEqual(shown["status"], "RUNNING", shown)
            return None

        return self.server.until(look, "%s of %s" % (status, arn))

    def history(self, arn, **members):
        return self.call("GetExecutionHistory", executionArn=arn, **members)["events"]

    def token(self, arn):
        """The token that the execution's callback waits for."""
        def look():
            for event in self.history(arn):
                if event["type"] == "TaskScheduled":
                    return json.loads(event["taskScheduledEventDetails"]["parameters"]).get("token")
            return None

        return self.server.until(look, "a token")

    def own_id(self, arn):
        """How our own API names it."""
        return ":".join(arn.split(":")[6:])


class Start(Case):
    def test_an_execution_runs(self):
        arn = self.create(PASS)
        answer = self.call("StartExecution", stateMachineArn=arn, input='{"a": 1}', traceHeader="Root=1-2-3")
        self.assertEqual(sorted(answer), ["executionArn", "startDate"])
        name = answer["executionArn"].rpartition(":")[2]
        self.assertRegex(name, UUID)
        shown = self.wait(answer["executionArn"], "SUCCEEDED")
        self.assertEqual(json.loads(shown.pop("input")), {"a": 1})
        self.assertEqual(json.loads(shown.pop("output")), {"x": 1})
        self.assertAlmostEqual(shown["startDate"], time.time(), delta=60)
        self.assertEqual(shown["startDate"], answer["startDate"])
        self.assertGreaterEqual(shown.pop("stopDate"), shown.pop("startDate"))
        self.assertEqual(shown, {
            "executionArn": answer["executionArn"], "stateMachineArn": arn, "name": name, "status": "SUCCEEDED",
            "inputDetails": {"included": True}, "outputDetails": {"included": True}, "traceHeader": "Root=1-2-3",
            "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE",
            "redriveStatusReason": "Execution is SUCCEEDED and cannot be redriven"})

    def test_metadata_only(self):
        arn = self.run_machine(PASS)
        self.wait(arn, "SUCCEEDED")
        shown = self.call("DescribeExecution", executionArn=arn, includedData="METADATA_ONLY")
        self.assertNotIn("input", shown)
        self.assertNotIn("output", shown)
        self.assertEqual((shown["inputDetails"], shown["outputDetails"]), ({"included": False},) * 2)
        self.refused("ValidationException", re.compile(r"at 'includedData'.*\[ALL_DATA, METADATA_ONLY\]"),
                     "DescribeExecution", executionArn=arn, includedData="SOME")

    def test_any_json_is_an_input(self):
        arn = self.create(machine(P={"Type": "Pass"}))
        for text in ("2", '"some text"', "null", "[1.5,true]", "{}"):
            answer = self.call("StartExecution", stateMachineArn=arn, input=text)
            self.assertEqual(json.loads(self.wait(answer["executionArn"], "SUCCEEDED")["output"]), json.loads(text))
        self.assertEqual(self.wait(self.start(arn), "SUCCEEDED")["input"], "{}")

    def test_what_is_no_json_is_refused(self):
        arn = self.create(PASS)
        for text, words in (
                ("not some json", "Unrecognized token 'not': was expecting (JSON String, Number, Array, Object or "
                                  "token 'null', 'true' or 'false')"),
                ("{'not': 'json'", "Unexpected character (''' (code 39)): was expecting double-quote to start field "
                                   "name"),
                ("", "Invalid execution input.")):
            self.refused("InvalidExecutionInput", "Invalid State Machine Execution Input: '%s'" % words,
                         "StartExecution", stateMachineArn=arn, input=text)
        self.refused("InvalidExecutionInput", None, "StartExecution", stateMachineArn=arn,
                     input=json.dumps("é" * 140000, ensure_ascii=False))
        self.refused("ValidationException", re.compile("at 'input' failed"), "StartExecution", stateMachineArn=arn,
                     input='"%s"' % ("a" * 262143))

    def test_a_name_is_used_once(self):
        arn = self.create(WAIT)
        first = self.call("StartExecution", stateMachineArn=arn, name="one", input='{"a": 1}')
        self.assertTrue(first["executionArn"].endswith(":one"))
        self.assertEqual(self.call("StartExecution", stateMachineArn=arn, name="one", input='{"a":1}'), first)
        exists = "Execution Already Exists: '%s'" % first["executionArn"]
        self.refused("ExecutionAlreadyExists", exists, "StartExecution", stateMachineArn=arn, name="one", input="{}")
        self.refused("ExecutionAlreadyExists", exists, "StartExecution", stateMachineArn=arn, name="one")
        # Of another machine it is another one.
        self.assertNotEqual(self.start(self.create(WAIT), name="one"), first["executionArn"])
        self.call("StopExecution", executionArn=first["executionArn"])
        self.refused("ExecutionAlreadyExists", exists, "StartExecution", stateMachineArn=arn, name="one",
                     input='{"a": 1}')

    def test_what_cannot_start(self):
        arn = self.create(PASS)
        self.refused("InvalidArn", None, "StartExecution", stateMachineArn="nothing")
        self.refused("StateMachineDoesNotExist", "State Machine Does Not Exist: '%sx'" % arn, "StartExecution",
                     stateMachineArn=arn + "x")
        self.refused("StateMachineDoesNotExist", None, "StartExecution", stateMachineArn=arn + ":7")
        self.refused("StateMachineDoesNotExist", None, "StartExecution", stateMachineArn=arn + ":PROD")
        self.refused("ValidationException", re.compile("labeled"), "StartExecution", stateMachineArn=arn + "/Label")
        for name in ("a b", "a:b", "a/b", "a*"):
            self.refused("InvalidName", "Invalid Name: '%s'" % name, "StartExecution", stateMachineArn=arn, name=name)
        self.refused("ValidationException", None, "StartExecution", stateMachineArn=arn, name="a" * 81)
        self.refused("ValidationException", None, "StartExecution")

    def test_versions_and_aliases(self):
        arn = self.create(PASS)
        one = self.call("PublishStateMachineVersion", stateMachineArn=arn)["stateMachineVersionArn"]
        second = machine(P={"Type": "Pass", "Result": 2})
        self.call("UpdateStateMachine", stateMachineArn=arn, definition=json.dumps(second))
        two = self.call("PublishStateMachineVersion", stateMachineArn=arn)["stateMachineVersionArn"]
        alias = self.call("CreateStateMachineAlias", name="PROD", routingConfiguration=[
            {"stateMachineVersionArn": one, "weight": 50}, {"stateMachineVersionArn": two, "weight": 50}]
        )["stateMachineAliasArn"]
        shown = self.wait(self.start(one), "SUCCEEDED")
        self.assertEqual((shown["stateMachineArn"], shown["stateMachineVersionArn"]), (arn, one))
        self.assertNotIn("stateMachineAliasArn", shown)
        self.assertEqual(json.loads(shown["output"]), {"x": 1})
        seen = set()
        for _ in range(40):
            shown = self.wait(self.start(alias), "SUCCEEDED")
            self.assertEqual(shown["stateMachineAliasArn"], alias)
            seen.add((shown["stateMachineVersionArn"], shown["output"]))
        self.assertEqual({version for version, _ in seen}, {one, two})
        self.assertEqual(len(seen), 2)
        listed = self.call("ListExecutions", stateMachineArn=alias)["executions"]
        self.assertEqual(len(listed), 40)
        self.assertEqual({item["stateMachineAliasArn"] for item in listed}, {alias})
        ones = self.call("ListExecutions", stateMachineArn=one)["executions"]
        self.assertEqual({item["stateMachineVersionArn"] for item in ones}, {one})
        started = self.history(ones[0]["executionArn"])[0]["executionStartedEventDetails"]
        self.assertEqual(started["stateMachineVersionArn"], one)
        self.refused("ResourceNotFound", None, "ListExecutions", stateMachineArn=arn + ":9")


class Lists(Case):
    def test_pages_newest_first(self):
        arn = self.create(PASS)
        names = ["e%02d" % i for i in range(13)]
        for name in names:
            self.wait(self.start(arn, name=name), "SUCCEEDED")
        first = self.call("ListExecutions", stateMachineArn=arn, maxResults=10)
        self.assertEqual([item["name"] for item in first["executions"]], names[:2:-1])
        item = first["executions"][0]
        self.assertEqual(sorted(item), ["executionArn", "name", "redriveCount", "startDate", "stateMachineArn",
                                        "status", "stopDate"])
        self.assertEqual((item["status"], item["redriveCount"], item["stateMachineArn"]), ("SUCCEEDED", 0, arn))
        second = self.call("ListExecutions", stateMachineArn=arn, maxResults=10, nextToken=first["nextToken"])
        self.assertEqual([item["name"] for item in second["executions"]], names[2::-1])
        self.assertNotIn("nextToken", second)
        self.refused("InvalidToken", "Invalid Token: 'Invalid token'", "ListExecutions", stateMachineArn=arn,
                     nextToken="nonsense")
        self.refused("InvalidToken", None, "ListExecutions", stateMachineArn=arn, statusFilter="FAILED",
                     nextToken=first["nextToken"])
        self.refused("ValidationException", "1 validation error detected: Value '1001' at 'maxResults' failed to "
                     "satisfy constraint: Member must have value less than or equal to 1000", "ListExecutions",
                     stateMachineArn=arn, maxResults=1001)
        self.refused("ValidationException", "1 validation error detected: Value '%s' at 'nextToken' failed to satisfy "
                     "constraint: Member must have length less than or equal to 3096" % ("x" * 3097),
                     "ListExecutions", stateMachineArn=arn, nextToken="x" * 3097)

    def test_statuses(self):
        arn = self.create(machine(
            C={"Type": "Choice", "Choices": [{"Variable": "$.do", "StringEquals": "fail", "Next": "F"},
                                             {"Variable": "$.do", "StringEquals": "wait", "Next": "W"}],
               "Default": "S"},
            F={"Type": "Fail"}, S={"Type": "Succeed"}, W={"Type": "Wait", "Seconds": 3600}))
        self.assertEqual(self.call("ListExecutions", stateMachineArn=arn), {"executions": []})
        for name, end in (("fail", "FAILED"), ("wait", "RUNNING"), ("pass", "SUCCEEDED"), ("stop", "SUCCEEDED")):
            self.wait(self.start(arn, {"do": name}, name=name), end)
        halted = self.start(arn, {"do": "wait"}, name="halted")
        self.call("StopExecution", executionArn=halted)
        for status, names in (("FAILED", ["fail"]), ("RUNNING", ["wait"]), ("SUCCEEDED", ["stop", "pass"]),
                              ("ABORTED", ["halted"]), ("TIMED_OUT", []), ("PENDING_REDRIVE", [])):
            listed = self.call("ListExecutions", stateMachineArn=arn, statusFilter=status)["executions"]
            self.assertEqual([item["name"] for item in listed], names)
            self.assertTrue(all(item["status"] == status for item in listed))
        self.refused("ValidationException", "1 validation error detected: Value 'succeeded' at 'statusFilter' failed "
                     "to satisfy constraint: Member must satisfy enum value set: [SUCCEEDED, TIMED_OUT, "
                     "PENDING_REDRIVE, ABORTED, FAILED, RUNNING]", "ListExecutions", stateMachineArn=arn,
                     statusFilter="succeeded")

    def test_what_has_no_list(self):
        arn = self.create(PASS)
        self.refused("ValidationException", None, "ListExecutions")
        self.refused("ValidationException", None, "ListExecutions", stateMachineArn=arn, redriveFilter="REDRIVEN")
        self.refused("ValidationException", None, "ListExecutions", stateMachineArn=arn,
                     mapRunArn=arn.replace("stateMachine", "mapRun") + "/M:" + NOT_THERE)
        self.refused("StateMachineDoesNotExist", None, "ListExecutions", stateMachineArn=arn + "x")
        self.refused("ResourceNotFound", None, "ListExecutions",
                     mapRunArn=arn.replace("stateMachine", "mapRun") + "/M:" + NOT_THERE)
        self.refused("InvalidArn", None, "ListExecutions", stateMachineArn="nothing")


class Describe(Case):
    def test_one_that_failed(self):
        shown = self.wait(self.run_machine(FAIL), "FAILED")
        self.assertEqual((shown["error"], shown["cause"]), ("Broken", "it broke"))
        self.assertEqual(shown["redriveStatus"], "REDRIVABLE")
        for absent in ("output", "outputDetails", "redriveStatusReason", "redriveDate", "traceHeader"):
            self.assertNotIn(absent, shown)

    def test_one_that_took_too_long(self):
        arn = self.run_machine(dict(WAIT, TimeoutSeconds=1))
        shown = self.wait(arn, "TIMED_OUT")
        self.assertNotIn("output", shown)
        last = self.history(arn)[-1]
        self.assertEqual((last["type"], last["executionTimedOutEventDetails"]),
                         ("ExecutionTimedOut", {"error": "States.Timeout"}))

    def test_one_that_runs(self):
        arn = self.run_machine(WAIT)
        shown = self.describe(arn)
        self.assertEqual((shown["status"], shown["redriveStatus"], shown["redriveStatusReason"]),
                         ("RUNNING", "NOT_REDRIVABLE", "Execution is RUNNING and cannot be redriven"))
        self.assertNotIn("stopDate", shown)

    def test_one_that_is_paused_still_runs(self):
        arn = self.run_machine(WAIT)
        self.server.ok("pause_execution", {"plan_execution_id": self.own_id(arn)})
        self.assertEqual(self.describe(arn)["status"], "RUNNING")

    def test_one_that_is_held_can_be_redriven(self):
        self.server.put("held", FAIL)
        self.server.run("held", plan_execution_id="held:one", hold_on_failure=True)
        arn = next(item["executionArn"] for item in self.call(
            "ListExecutions", stateMachineArn=self.arn_of("held"))["executions"])
        shown = self.server.until(lambda: self.describe(arn)["status"] != "RUNNING" and self.describe(arn), "a hold")
        self.assertEqual((shown["status"], shown["redriveStatus"]), ("PENDING_REDRIVE", "REDRIVABLE"))
        self.assertNotIn("stopDate", shown)
        self.assertGreater(self.call("RedriveExecution", executionArn=arn)["redriveDate"], shown["startDate"])

    def arn_of(self, plan_id):
        return self.create(PASS).rpartition(":")[0] + ":" + plan_id

    def test_what_there_is_not(self):
        arn = self.run_machine(PASS)
        for action in ("DescribeExecution", "GetExecutionHistory", "StopExecution", "RedriveExecution",
                       "ListMapRuns"):
            self.refused("ExecutionDoesNotExist", "Execution Does Not Exist: '%sx'" % arn, action,
                         executionArn=arn + "x")
            self.refused("InvalidArn", None, action, executionArn="nothing")
            self.refused("InvalidArn", None, action, executionArn=arn.replace(":execution:", ":express:") + ":1")
            self.refused("ValidationException", None, action)


class History(Case):
    def test_a_pass(self):
        arn = self.run_machine(machine(P={"Type": "Pass", "Assign": {"v": [1]}}), {"a": 1})
        self.wait(arn, "SUCCEEDED")
        events = self.history(arn)
        stamps = [event.pop("timestamp") for event in events]
        self.assertEqual(stamps, sorted(stamps))
        text, whole = '{"a":1}', {"truncated": False}
        self.assertEqual(events, [
            {"id": 1, "previousEventId": 0, "type": "ExecutionStarted",
             "executionStartedEventDetails": {"input": text, "inputDetails": whole, "roleArn": ROLE}},
            {"id": 2, "previousEventId": 0, "type": "PassStateEntered",
             "stateEnteredEventDetails": {"name": "P", "input": text, "inputDetails": whole}},
            {"id": 3, "previousEventId": 2, "type": "PassStateExited",
             "stateExitedEventDetails": {"name": "P", "output": text, "outputDetails": whole,
                                         "assignedVariables": {"v": "[1]"}, "assignedVariablesDetails": whole}},
            {"id": 4, "previousEventId": 3, "type": "ExecutionSucceeded",
             "executionSucceededEventDetails": {"output": text, "outputDetails": whole}}])

    def test_pages_both_ways(self):
        arn = self.run_machine(machine(A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "C"},
                                       C={"Type": "Pass"}))
        self.wait(arn, "SUCCEEDED")
        for reverse in (False, True):
            ids, token = [], None
            while True:
                more = {"nextToken": token} if token else {}
                page = self.call("GetExecutionHistory", executionArn=arn, maxResults=3, reverseOrder=reverse, **more)
                self.assertLessEqual(len(page["events"]), 3)
                ids += [event["id"] for event in page["events"]]
                token = page.get("nextToken")
                if not token:
                    break
            self.assertEqual(ids, sorted(range(1, 9), reverse=reverse))
        self.refused("InvalidToken", None, "GetExecutionHistory", executionArn=arn, nextToken="nonsense")

    def test_without_data(self):
        arn = self.run_machine(PASS, {"secret": 1})
        self.wait(arn, "SUCCEEDED")
        events = self.history(arn, includeExecutionData=False)
        self.assertNotIn("secret", json.dumps(events))
        self.assertEqual(events[1]["stateEnteredEventDetails"], {"name": "P"})
        self.assertIn("secret", json.dumps(self.history(arn, includeExecutionData=True)))

    def test_what_only_we_know_is_not_shown(self):
        arn = self.run_machine(machine(L={"Type": "Task", "Resource": "fermata:lock:acquire",
                                          "Parameters": {"name": "l"}}))
        self.wait(arn, "SUCCEEDED")
        types = {event["type"] for event in self.history(arn)}
        self.assertFalse({type for type in types if "." in type}, types)


class Stop(Case):
    def test_error_and_cause_are_kept(self):
        arn = self.run_machine(WAIT)
        before = self.describe(arn)["startDate"]
        answer = self.call("StopExecution", executionArn=arn, error="Why", cause="because")
        self.assertGreaterEqual(answer["stopDate"], before)
        shown = self.describe(arn)
        self.assertEqual((shown["status"], shown["error"], shown["cause"], shown["stopDate"]),
                         ("ABORTED", "Why", "because", answer["stopDate"]))
        last = self.history(arn)[-1]
        self.assertEqual((last["type"], last["executionAbortedEventDetails"]),
                         ("ExecutionAborted", {"error": "Why", "cause": "because"}))
        self.assertEqual(self.call("StopExecution", executionArn=arn), answer)
        self.assertEqual(self.describe(arn)["error"], "Why")

    def test_without_a_reason(self):
        arn = self.run_machine(WAIT)
        self.call("StopExecution", executionArn=arn)
        shown = self.describe(arn)
        self.assertNotIn("error", shown)
        self.assertNotIn("cause", shown)
        self.assertEqual(self.history(arn)[-1]["executionAbortedEventDetails"], {})

    def test_one_that_has_ended_stays_as_it_is(self):
        arn = self.run_machine(PASS)
        shown = self.wait(arn, "SUCCEEDED")
        self.assertEqual(self.call("StopExecution", executionArn=arn)["stopDate"], shown["stopDate"])
        self.assertEqual(self.describe(arn), shown)

    def test_awaited_children_stop_with_it(self):
        child = self.create(WAIT)
        parent = self.run_machine(machine(C={
            "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2",
            "Parameters": {"StateMachineArn": child, "Name": "kid"}}))
        kid = child.replace(":stateMachine:", ":execution:") + ":kid"
        self.server.until(lambda: self.call("ListExecutions", stateMachineArn=child)["executions"], "a child")
        self.assertEqual(self.describe(kid)["status"], "RUNNING")
        self.call("StopExecution", executionArn=parent)
        self.assertEqual(self.describe(kid)["status"], "ABORTED")


class Redrive(Case):
    def test_it_goes_on_where_it_failed(self):
        arn = self.run_machine(machine(A={"Type": "Pass", "Next": "C"}, C=dict(CALLBACK["States"]["C"])))
        self.call("SendTaskFailure", taskToken=self.token(arn), error="E", cause="c")
        before = self.wait(arn, "FAILED")
        answer = self.call("RedriveExecution", executionArn=arn, clientToken="t1")
        shown = self.describe(arn)
        self.assertEqual((shown["status"], shown["redriveCount"], shown["redriveDate"]),
                         ("RUNNING", 1, answer["redriveDate"]))
        self.assertEqual(self.call("RedriveExecution", executionArn=arn, clientToken="t1"), answer)
        self.refused("ExecutionNotRedrivable", None, "RedriveExecution", executionArn=arn, clientToken="t2")
        types = [event["type"] for event in self.history(arn)]
        self.assertEqual(types.count("PassStateEntered"), 1)
        redriven = next(event for event in self.history(arn) if event["type"] == "ExecutionRedriven")
        self.assertEqual(redriven["executionRedrivenEventDetails"], {"redriveCount": 1})
        token = [json.loads(event["taskScheduledEventDetails"]["parameters"])["token"]
                 for event in self.history(arn) if event["type"] == "TaskScheduled"][-1]
        self.call("SendTaskSuccess", taskToken=token, output='"done"')
        self.assertEqual(self.wait(arn, "SUCCEEDED")["output"], '"done"')
        self.assertEqual(self.describe(arn)["startDate"], before["startDate"])
        listed = self.call("ListExecutions", stateMachineArn=before["stateMachineArn"])["executions"]
        self.assertEqual((listed[0]["redriveCount"], listed[0]["redriveDate"]), (1, answer["redriveDate"]))

    def test_after_a_stop(self):
        arn = self.run_machine(CALLBACK)
        self.call("StopExecution", executionArn=arn)
        self.assertEqual(self.describe(arn)["redriveStatus"], "REDRIVABLE")
        self.call("RedriveExecution", executionArn=arn)
        self.assertEqual(self.describe(arn)["status"], "RUNNING")

    def test_what_is_not_redrivable(self):
        running = self.run_machine(WAIT)
        self.refused("ExecutionNotRedrivable", re.compile("RUNNING"), "RedriveExecution", executionArn=running)
        done = self.run_machine(PASS)
        self.wait(done, "SUCCEEDED")
        self.refused("ExecutionNotRedrivable", re.compile("SUCCEEDED"), "RedriveExecution", executionArn=done)


class Tokens(Case):
    def test_a_success(self):
        arn = self.run_machine(CALLBACK)
        token = self.token(arn)
        self.assertEqual(self.call("SendTaskHeartbeat", taskToken=token), {})
        self.assertEqual(self.call("SendTaskSuccess", taskToken=token, output='{"ok": [1]}'), {})
        self.assertEqual(json.loads(self.wait(arn, "SUCCEEDED")["output"]), {"ok": [1]})
        types = [event["type"] for event in self.history(arn)]
        self.assertNotIn("heartbeat", json.dumps(types).lower())
        self.refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'", "SendTaskHeartbeat",
                     taskToken=token)
        self.refused("TaskTimedOut", None, "SendTaskFailure", taskToken=token)

    def test_a_failure(self):
        arn = self.run_machine(CALLBACK)
        self.assertEqual(self.call("SendTaskFailure", taskToken=self.token(arn), error="E", cause="c"), {})
        shown = self.wait(arn, "FAILED")
        self.assertEqual((shown["error"], shown["cause"]), ("E", "c"))

    def test_a_failure_without_a_word(self):
        arn = self.run_machine(CALLBACK)
        self.call("SendTaskFailure", taskToken=self.token(arn))
        shown = self.wait(arn, "FAILED")
        self.assertNotIn("cause", shown)

    def test_what_is_no_output(self):
        arn = self.run_machine(CALLBACK)
        token = self.token(arn)
        self.refused("InvalidOutput", re.compile("^Invalid Output: 'Unrecognized token 'no'"), "SendTaskSuccess",
                     taskToken=token, output="no")
        self.refused("InvalidOutput", None, "SendTaskSuccess", taskToken=token, output="")
        self.assertEqual(self.describe(arn)["status"], "RUNNING")

    def test_what_is_no_token(self):
        token = self.token(self.run_machine(CALLBACK))
        other = "A" * len(token)
        for action, members in (("SendTaskSuccess", {"output": "1"}), ("SendTaskFailure", {}),
                                ("SendTaskHeartbeat", {})):
            self.refused("InvalidToken", "Invalid Token: 'Invalid token'", action, taskToken="nonsense", **members)
            self.refused("TaskDoesNotExist", None, action, taskToken=other, **members)
            self.refused("ValidationException", None, action, taskToken="", **members)

    def test_after_a_stop_nothing_revives(self):
        arn = self.run_machine(CALLBACK)
        token = self.token(arn)
        self.call("StopExecution", executionArn=arn)
        for action, members in (("SendTaskSuccess", {"output": '"late"'}), ("SendTaskFailure", {}),
                                ("SendTaskHeartbeat", {})):
            self.refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'", action,
                         taskToken=token, **members)
        self.assertEqual(self.describe(arn)["status"], "ABORTED")
        self.assertIn("late", json.dumps(self.server.evidence(self.own_id(arn))))


class Activities(Case):
    def setUp(self):
        super().setUp()
        self.arn = self.call("CreateActivity", name="activity-" + random.randbytes(6).hex())["activityArn"]

    def work(self, **fields):
        return machine(T={"Type": "Task", "Resource": self.arn, **fields})

    def poll(self, **members):
        return self.call("GetActivityTask", activityArn=self.arn, **members)

    def test_a_worker_takes_and_answers(self):
        execution = self.run_machine(self.work(), {"a": 1})
        task = self.poll(workerName="w1")
        self.assertEqual(json.loads(task["input"]), {"a": 1})
        self.assertEqual(self.call("SendTaskHeartbeat", taskToken=task["taskToken"]), {})
        self.call("SendTaskSuccess", taskToken=task["taskToken"], output="2")
        self.assertEqual(self.wait(execution, "SUCCEEDED")["output"], "2")
        events = self.history(execution)
        self.assertEqual([event["type"] for event in events],
                         ["ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted",
                          "ActivitySucceeded", "TaskStateExited", "ExecutionSucceeded"])
        self.assertEqual(events[2]["activityScheduledEventDetails"],
                         {"resource": self.arn, "input": '{"a":1}', "inputDetails": {"truncated": False}})
        self.assertEqual(events[3]["activityStartedEventDetails"], {"workerName": "w1"})

    def test_a_worker_without_a_name_fails(self):
        execution = self.run_machine(self.work())
        self.call("SendTaskFailure", taskToken=self.poll()["taskToken"], error="E", cause="c")
        self.wait(execution, "FAILED")
        events = self.history(execution)
        self.assertEqual(events[3]["activityStartedEventDetails"], {})
        self.assertEqual(events[4]["activityFailedEventDetails"], {"error": "E", "cause": "c"})

    def test_a_waiting_worker_is_woken(self):
        found = []
        waiting = threading.Thread(target=lambda: found.append(
            sigv4.Client(self.server).call("GetActivityTask", {"activityArn": self.arn})))
        waiting.start()
        time.sleep(0.3)
        self.run_machine(self.work(), "hello")
        waiting.join(20)
        self.assertEqual(found[0]["input"], '"hello"')

    def test_a_task_goes_to_one_worker(self):
        self.run_machine(self.work())
        self.run_machine(self.work())
        self.assertNotEqual(self.poll()["taskToken"], self.poll()["taskToken"])

    def test_a_task_has_its_time(self):
        execution = self.run_machine(self.work(TimeoutSeconds=1))
        task = self.poll()
        self.wait(execution, "FAILED")
        self.refused("TaskTimedOut", None, "SendTaskSuccess", taskToken=task["taskToken"], output="1")
        events = self.history(execution)
        self.assertEqual(events[2]["activityScheduledEventDetails"]["timeoutInSeconds"], 1)
        self.assertEqual(events[4]["activityTimedOutEventDetails"], {"error": "States.Timeout"})

    def test_what_is_no_activity(self):
        self.refused("ActivityDoesNotExist", "Activity Does Not Exist: '%sx'" % self.arn, "GetActivityTask",
                     activityArn=self.arn + "x")
        self.refused("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: nothing'", "GetActivityTask",
                     activityArn="nothing")


class Drain(unittest.TestCase):
    def test_a_server_that_ends_sends_waiting_workers_home(self):
        with harness.Server(check=False) as server:
            client, found = sigv4.Client(server), []
            arn = client.call("CreateActivity", {"name": "idle"})["activityArn"]
            waiting = threading.Thread(target=lambda: found.append(
                sigv4.Client(server).call("GetActivityTask", {"activityArn": arn})))
            waiting.start()
            time.sleep(0.3)
            self.assertEqual(server.stop(), 0)
            waiting.join(20)
            self.assertIsNone(found[0].get("taskToken"))


class Express(Case):
    def sync(self, arn, **members):
        return self.call("StartSyncExecution", stateMachineArn=arn, **members)

    def test_it_answers_with_the_end(self):
        arn = self.create(PASS, kind="EXPRESS")
        answer = self.sync(arn, input='{"a": 1}', name="one", traceHeader="t")
        self.assertRegex(answer.pop("executionArn"), "^%s:one:[0-9a-f-]{36}$" % arn.replace("stateMachine", "express"))
        self.assertGreaterEqual(answer.pop("stopDate"), answer.pop("startDate"))
        self.assertEqual(json.loads(answer.pop("input")), {"a": 1})
        self.assertEqual(json.loads(answer.pop("output")), {"x": 1})
        self.assertEqual(answer, {
            "stateMachineArn": arn, "name": "one", "status": "SUCCEEDED", "traceHeader": "t",
            "inputDetails": {"included": True}, "outputDetails": {"included": True},
            "billingDetails": {"billedDurationInMilliseconds": 100, "billedMemoryUsedInMB": 64}})
        # A name may repeat.
        self.assertEqual(self.sync(arn, name="one")["status"], "SUCCEEDED")

    def test_it_waits_for_the_end(self):
        arn = self.create(machine(W={"Type": "Wait", "Seconds": 1}), kind="EXPRESS")
        begun = time.monotonic()
        answer = self.sync(arn)
        self.assertGreater(time.monotonic() - begun, 0.9)
        self.assertEqual(answer["status"], "SUCCEEDED")
        self.assertRegex(answer["name"], UUID)
        self.assertGreaterEqual(answer["billingDetails"]["billedDurationInMilliseconds"], 1000)

    def test_a_failure(self):
        answer = self.sync(self.create(FAIL, kind="EXPRESS"))
        self.assertEqual((answer["status"], answer["error"], answer["cause"]), ("FAILED", "Broken", "it broke"))
        self.assertEqual(answer["outputDetails"], {"included": True})
        self.assertNotIn("output", answer)

    def test_its_own_time_limit(self):
        answer = self.sync(self.create(dict(WAIT, TimeoutSeconds=1), kind="EXPRESS"))
        self.assertEqual((answer["status"], answer["error"]), ("TIMED_OUT", "States.Timeout"))

    def test_metadata_only(self):
        answer = self.sync(self.create(PASS, kind="EXPRESS"), includedData="METADATA_ONLY")
        self.assertNotIn("input", answer)
        self.assertNotIn("output", answer)
        self.assertEqual(answer["outputDetails"], {"included": False})

    def test_what_each_type_cannot(self):
        words = "This operation is not supported by this type of state machine"
        standard, express = self.create(PASS), self.create(PASS, kind="EXPRESS")
        self.refused("StateMachineTypeNotSupported", words, "StartSyncExecution", stateMachineArn=standard)
        self.refused("StateMachineTypeNotSupported", words, "ListExecutions", stateMachineArn=express)
        execution = self.start(express)
        self.assertIn(":express:", execution)
        for action in ("DescribeExecution", "StopExecution", "GetExecutionHistory", "RedriveExecution"):
            self.refused("InvalidArn", None, action, executionArn=execution)
        self.refused("InvalidExecutionInput", None, "StartSyncExecution", stateMachineArn=express, input="no")
        self.refused("StateMachineDoesNotExist", None, "StartSyncExecution", stateMachineArn=express + "x")


def spread(item, **fields):
    """A distributed Map over the input, each item by the state given."""
    return machine(M={"Type": "Map", "Label": "Each", **fields, "ItemProcessor": {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **machine(I=item)}})


class MapRuns(Case):
    def runs(self, execution):
        return self.server.until(
            lambda: self.call("ListMapRuns", executionArn=execution)["mapRuns"], "a Map Run")

    def test_a_run_and_its_children(self):
        arn = self.create(spread({"Type": "Pass"}))
        execution = self.start(arn, [10, 20, 30])
        self.assertEqual(json.loads(self.wait(execution, "SUCCEEDED")["output"]), [10, 20, 30])
        run, = self.runs(execution)
        self.assertEqual((run["executionArn"], run["stateMachineArn"]), (execution, arn + "/Each"))
        self.assertRegex(run["mapRunArn"], "^%s/Each:[0-9a-f-]{36}$" % arn.replace("stateMachine", "mapRun"))
        started = next(event for event in self.history(execution) if event["type"] == "MapRunStarted")
        self.assertEqual(started["mapRunStartedEventDetails"], {"mapRunArn": run["mapRunArn"]})
        shown = self.call("DescribeMapRun", mapRunArn=run["mapRunArn"])
        counts = {"pending": 0, "running": 0, "succeeded": 3, "failed": 0, "timedOut": 0, "aborted": 0, "total": 3,
                  "resultsWritten": 0, "failuresNotRedrivable": 0, "pendingRedrive": 0}
        self.assertEqual((shown["status"], shown["itemCounts"], shown["executionCounts"]),
                         ("SUCCEEDED", counts, counts))
        self.assertEqual((shown["executionArn"], shown["redriveCount"], shown["toleratedFailureCount"],
                          shown["toleratedFailurePercentage"]), (execution, 0, 0, 0.0))
        self.assertGreaterEqual(shown["stopDate"], shown["startDate"])
        children = self.call("ListExecutions", mapRunArn=run["mapRunArn"])["executions"]
        self.assertEqual(len(children), 3)
        for child in children:
            self.assertEqual((child["itemCount"], child["mapRunArn"], child["status"], child["stateMachineArn"]),
                             (1, run["mapRunArn"], "SUCCEEDED", arn + "/Each"))
            one = self.describe(child["executionArn"])
            self.assertEqual((one["mapRunArn"], one["stateMachineArn"], one["name"]),
                             (run["mapRunArn"], arn + "/Each", child["name"]))
            self.assertEqual(self.history(child["executionArn"])[-1]["type"], "ExecutionSucceeded")
        self.assertEqual([item["executionArn"] for item in
                          self.call("ListExecutions", stateMachineArn=arn)["executions"]], [execution])
        self.assertEqual(self.call("ListExecutions", mapRunArn=run["mapRunArn"], statusFilter="FAILED"),
                         {"executions": []})
        self.refused("ValidationException", None, "UpdateMapRun", mapRunArn=run["mapRunArn"], maxConcurrency=1)

    def test_batches(self):
        execution = self.run_machine(spread({"Type": "Pass"}, ItemBatcher={"MaxItemsPerBatch": 2}), [1, 2, 3])
        self.wait(execution, "SUCCEEDED")
        run, = self.runs(execution)
        shown = self.call("DescribeMapRun", mapRunArn=run["mapRunArn"])
        self.assertEqual((shown["itemCounts"]["succeeded"], shown["itemCounts"]["total"]), (3, 3))
        self.assertEqual((shown["executionCounts"]["succeeded"], shown["executionCounts"]["total"]), (2, 2))
        children = self.call("ListExecutions", mapRunArn=run["mapRunArn"])["executions"]
        self.assertEqual(sorted(child["itemCount"] for child in children), [1, 2])

    def test_an_update_lets_more_run(self):
        execution = self.run_machine(spread({"Type": "Wait", "Seconds": 3600}, MaxConcurrency=1,
                                            ToleratedFailureCount=2), [1, 2, 3])
        run, = self.runs(execution)

        def running():
            return self.call("DescribeMapRun", mapRunArn=run["mapRunArn"])["executionCounts"]["running"]

        self.server.until(lambda: running() == 1, "one child")
        shown = self.call("DescribeMapRun", mapRunArn=run["mapRunArn"])
        self.assertEqual((shown["status"], shown["maxConcurrency"], shown["toleratedFailureCount"]), ("RUNNING", 1, 2))
        self.assertEqual((shown["itemCounts"]["pending"], shown["itemCounts"]["running"]), (2, 1))
        self.assertNotIn("stopDate", shown)
        self.assertEqual(self.call("UpdateMapRun", mapRunArn=run["mapRunArn"], maxConcurrency=2,
                                   toleratedFailurePercentage=12.5), {})
        self.server.until(lambda: running() == 2, "a second child")
        shown = self.call("DescribeMapRun", mapRunArn=run["mapRunArn"])
        self.assertEqual((shown["maxConcurrency"], shown["toleratedFailureCount"],
                          shown["toleratedFailurePercentage"]), (2, 2, 12.5))
        self.refused("ValidationException", None, "UpdateMapRun", mapRunArn=run["mapRunArn"])
        self.refused("ValidationException", None, "UpdateMapRun", mapRunArn=run["mapRunArn"],
                     toleratedFailurePercentage=101)
        self.call("StopExecution", executionArn=execution)
        self.assertEqual({child["status"] for child in
                          self.call("ListExecutions", mapRunArn=run["mapRunArn"])["executions"]}, {"ABORTED"})
        self.assertEqual(self.call("DescribeMapRun", mapRunArn=run["mapRunArn"])["status"], "ABORTED")

    def test_what_is_no_run(self):
        arn = self.create(PASS).replace("stateMachine", "mapRun") + "/Each:" + NOT_THERE
        self.refused("ResourceNotFound", None, "DescribeMapRun", mapRunArn=arn)
        self.refused("ResourceNotFound", None, "UpdateMapRun", mapRunArn=arn, maxConcurrency=1)
        self.refused("InvalidArn", None, "DescribeMapRun", mapRunArn="nothing")
        execution = self.run_machine(PASS)
        self.assertEqual(self.call("ListMapRuns", executionArn=execution), {"mapRuns": []})


class Tenants(unittest.TestCase):
    def test_what_is_of_another_operator_is_not_there(self):
        with harness.Server(check=False) as server:
            path = os.path.join(server.dir, "keys", "aws.json")
            with open(path) as file:
                keys = json.load(file)
            other = dict(keys[0], access_key_id="AKIAOTHEROTHEROTHER", secret_access_key="s" * 40, operator_name="other")
            with open(path, "w") as file:
                json.dump([keys[0], other], file)
            server.restart(kill=False)
            mine = sigv4.Client(server)
            theirs = sigv4.Client(server, sigv4.Key(other["access_key_id"], other["secret_access_key"],
                                                    keys[0].get("account_id", "000000000000")))
            arn = mine.call("CreateStateMachine", {"name": "m", "definition": json.dumps(CALLBACK),
                                                   "roleArn": ROLE})["stateMachineArn"]
            activity = mine.call("CreateActivity", {"name": "a"})["activityArn"]
            execution = mine.call("StartExecution", {"stateMachineArn": arn})["executionArn"]
            token = json.loads(mine.call("GetExecutionHistory", {"executionArn": execution})["events"][2]
                               ["taskScheduledEventDetails"]["parameters"])["token"]
            for action in ("DescribeExecution", "StopExecution", "GetExecutionHistory", "RedriveExecution",
                           "ListMapRuns"):
                self.refused("ExecutionDoesNotExist", theirs, action, {"executionArn": execution})
            for action in ("StartExecution", "StartSyncExecution", "ListExecutions"):
                self.refused("StateMachineDoesNotExist", theirs, action, {"stateMachineArn": arn})
            self.refused("ActivityDoesNotExist", theirs, "GetActivityTask", {"activityArn": activity})
            for action in ("SendTaskFailure", "SendTaskHeartbeat"):
                self.refused("TaskDoesNotExist", theirs, action, {"taskToken": token})
            self.assertEqual(mine.call("DescribeExecution", {"executionArn": execution})["status"], "RUNNING")

    def refused(self, kind, client, action, members):
        with self.assertRaises(sigv4.Refused) as caught:
            client.call(action, members)
        self.assertEqual(caught.exception.type, kind)


if __name__ == "__main__":
    unittest.main()
