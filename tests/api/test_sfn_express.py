"""test_sfn_express.py - executions of EXPRESS machines over the Step Functions API: they run in memory, answer with
their end, and leave nothing behind."""
import concurrent.futures
import glob
import http.client
import json
import os
import random
import re
import sqlite3
import time
import unittest

import harness
import sigv4
import stores

ROLE = "arn:aws:iam::123456789012:role/tests"
UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TYPE_WORDS = "This operation is not supported by this type of state machine"


def alone(**state):
    if state["Type"] not in ("Fail", "Succeed"):
        state["End"] = True
    return {"StartAt": "S", "States": {"S": state}}


PASS = alone(Type="Pass", Result={"x": 1})
ECHO = alone(Type="Pass")


def wait(seconds):
    return alone(Type="Wait", Seconds=seconds)


class Case(harness.Case):
    def setUp(self):
        super().setUp()
        self.sfn = sigv4.Client(self.server)

    def call(self, action, **members):
        return self.sfn.call(action, members)

    def refused(self, kind, message, action, **members):
        with self.assertRaises(sigv4.Refused) as caught:
            self.call(action, **members)
        self.assertEqual(caught.exception.type, kind, caught.exception.message)
        if message is not None:
            self.assertEqual(caught.exception.message, message)

    def create(self, definition, name=None, kind="EXPRESS", **members):
        name = name or "machine-" + random.randbytes(6).hex()
        return self.call("CreateStateMachine", name=name, definition=json.dumps(definition), roleArn=ROLE, type=kind,
                         **members)["stateMachineArn"]

    def sync(self, arn, input=None, **members):
        if input is not None:
            members["input"] = json.dumps(input)
        return self.call("StartSyncExecution", stateMachineArn=arn, **members)

    def output(self, arn, input=None, **members):
        answer = self.sync(arn, input, **members)
        self.assertEqual(answer["status"], "SUCCEEDED", answer)
        return json.loads(answer["output"])


class Sync(Case):
    def test_a_start_answers_with_the_end(self):
        arn = self.create(PASS)
        before = time.time()
        answer = self.sync(arn, {"a": 1}, name="one", traceHeader="Root=1")
        self.assertRegex(answer.pop("executionArn"), "^%s:one:%s$" % (arn.replace(":stateMachine:", ":express:"), UUID))
        start, stop = answer.pop("startDate"), answer.pop("stopDate")
        self.assertTrue(before - 1 < start <= stop < time.time() + 1, (start, stop))
        self.assertEqual(json.loads(answer.pop("input")), {"a": 1})
        self.assertEqual(json.loads(answer.pop("output")), {"x": 1})
        self.assertEqual(answer, {
            "stateMachineArn": arn, "name": "one", "status": "SUCCEEDED", "traceHeader": "Root=1",
            "inputDetails": {"included": True}, "outputDetails": {"included": True},
            "billingDetails": {"billedDurationInMilliseconds": 100, "billedMemoryUsedInMB": 64}})

    def test_a_start_waits_for_the_end(self):
        begun = time.monotonic()
        answer = self.sync(self.create(wait(1)))
        self.assertGreater(time.monotonic() - begun, 0.95)
        self.assertEqual(answer["status"], "SUCCEEDED")
        billed = answer["billingDetails"]["billedDurationInMilliseconds"]
        self.assertEqual(billed % 100, 0)
        self.assertTrue(0 <= billed - round(1000 * (answer["stopDate"] - answer["startDate"])) < 100, answer)

    def test_many_wait_at_once_each_for_its_own(self):
        arn = self.create({"StartAt": "W", "States": {
            "W": {"Type": "Wait", "SecondsPath": "$.seconds", "Next": "P"}, "P": {"Type": "Pass", "End": True}}})
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            inputs = [{"seconds": n % 3, "n": n} for n in range(72)]
            self.assertEqual(list(pool.map(lambda given: self.output(arn, given), inputs)), inputs)

    def test_a_failure_is_an_answer_with_error_and_cause(self):
        answer = self.sync(self.create(alone(Type="Fail", Error="Broken", Cause="it broke")))
        self.assertEqual((answer["status"], answer["error"], answer["cause"]), ("FAILED", "Broken", "it broke"))
        self.assertNotIn("output", answer)

    def test_its_own_time_limit_ends_it(self):
        answer = self.sync(self.create(dict(wait(100), TimeoutSeconds=1)))
        self.assertEqual((answer["status"], answer["error"]), ("TIMED_OUT", "States.Timeout"))
        self.assertNotIn("output", answer)

    def test_metadata_only_leaves_out_what_it_worked_on(self):
        answer = self.sync(self.create(PASS), includedData="METADATA_ONLY")
        self.assertNotIn("input", answer)
        self.assertNotIn("output", answer)
        self.assertEqual((answer["inputDetails"], answer["outputDetails"]), ({"included": False},) * 2)

    def test_a_plan_that_loops_yields_and_ends(self):
        arn = self.create({"StartAt": "Add", "States": {
            "Add": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, 1)"}, "Next": "More"},
            "More": {"Type": "Choice", "Default": "End",
                     "Choices": [{"Variable": "$.n", "NumericLessThan": 2000, "Next": "Add"}]},
            "End": {"Type": "Succeed"}}})
        self.assertEqual(self.output(arn, {"n": 0}), {"n": 2000})

    def test_branches_iterations_and_retries_run_as_in_any_machine(self):
        arn = self.create({"StartAt": "P", "States": {
            "P": {"Type": "Parallel", "Next": "M", "Branches": [
                {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1, "Next": "A2"},
                                            "A2": {"Type": "Pass", "Result": 1, "End": True}}},
                {"StartAt": "B", "States": {"B": {"Type": "Fail", "Error": "E"}}}],
                "Catch": [{"ErrorEquals": ["E"], "ResultPath": "$.error", "Next": "M"}]},
            "M": {"Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2, "End": True, "ItemProcessor": {
                "StartAt": "I", "States": {"I": {"Type": "Wait", "Seconds": 0, "End": True}}}}}})
        self.assertEqual(self.output(arn, {"items": [1, 2, 3]}), [1, 2, 3])

    def test_the_context_object_has_its_names(self):
        arn = self.create(alone(Type="Pass", Parameters={"execution.$": "$$.Execution", "machine.$": "$$.StateMachine"}))
        answer = self.sync(arn, name="one")
        seen = json.loads(answer["output"])
        self.assertEqual(seen["execution"]["Id"], answer["executionArn"])
        self.assertEqual((seen["execution"]["Name"], seen["execution"]["RoleArn"]), ("one", ROLE))
        self.assertEqual((seen["machine"]["Id"], seen["machine"]["Name"]), (arn, arn.rpartition(":")[2]))

    def test_a_client_that_leaves_changes_nothing(self):
        arn = self.create(wait(1))
        body, headers = sigv4.request(self.sfn.key, "127.0.0.1:%d" % self.server.port, "StartSyncExecution",
                                      {"stateMachineArn": arn})
        for _ in range(20):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=10)
            connection.request("POST", "/", body, headers)
            time.sleep(0.01)
            connection.close()
        time.sleep(1.5)
        self.assertEqual(self.output(self.create(PASS)), {"x": 1})


class Versions(Case):
    def test_an_update_counts_from_the_next_start(self):
        arn = self.create(PASS)
        self.assertEqual(self.output(arn), {"x": 1})
        self.call("UpdateStateMachine", stateMachineArn=arn, definition=json.dumps(alone(Type="Pass", Result=2)))
        self.assertEqual(self.output(arn), 2)

    def test_a_version_and_an_alias_can_be_started(self):
        arn = self.create(PASS, publish=True)
        self.call("UpdateStateMachine", stateMachineArn=arn, definition=json.dumps(alone(Type="Pass", Result=2)))
        alias = self.call("CreateStateMachineAlias", name="PROD", routingConfiguration=[
            {"stateMachineVersionArn": arn + ":1", "weight": 100}])["stateMachineAliasArn"]
        self.assertEqual([self.output(which) for which in (arn, arn + ":1", alias)], [2, {"x": 1}, {"x": 1}])
        self.refused("StateMachineDoesNotExist", None, "StartSyncExecution", stateMachineArn=arn + ":2")

    def test_weights_of_an_alias_count(self):
        arn = self.create(alone(Type="Pass", Result=1), publish=True)
        second = self.call("UpdateStateMachine", stateMachineArn=arn, publish=True,
                           definition=json.dumps(alone(Type="Pass", Result=2)))["stateMachineVersionArn"]
        alias = self.call("CreateStateMachineAlias", name="BOTH", routingConfiguration=[
            {"stateMachineVersionArn": arn + ":1", "weight": 50},
            {"stateMachineVersionArn": second, "weight": 50}])["stateMachineAliasArn"]
        self.assertEqual({self.output(alias) for _ in range(60)}, {1, 2})

    def test_a_machine_made_anew_runs_its_new_definition(self):
        name = "anew-" + random.randbytes(4).hex()
        arn = self.create(PASS, name)
        self.assertEqual(self.output(arn), {"x": 1})
        self.call("DeleteStateMachine", stateMachineArn=arn)
        self.refused("StateMachineDoesNotExist", None, "StartSyncExecution", stateMachineArn=arn)
        self.refused("StateMachineDoesNotExist", None, "StartExecution", stateMachineArn=arn)
        self.create(alone(Type="Pass", Result="new"), name)
        self.assertEqual(self.output(arn), "new")
        self.call("DeleteStateMachine", stateMachineArn=arn)
        self.create(PASS, name, kind="STANDARD")
        self.refused("StateMachineTypeNotSupported", TYPE_WORDS, "StartSyncExecution", stateMachineArn=arn)
        self.assertIn(":execution:", self.call("StartExecution", stateMachineArn=arn)["executionArn"])

    def test_more_versions_than_are_kept(self):
        arn = self.create(alone(Type="Pass", Result=-1))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            long = pool.submit(self.sync, self.create(wait(4)))
            for n in range(520):
                self.call("UpdateStateMachine", stateMachineArn=arn, definition=json.dumps(alone(Type="Pass", Result=n)))
                self.assertEqual(self.output(arn), n)
            self.assertEqual(long.result()["status"], "SUCCEEDED")


class Asynchronous(Case):
    def test_a_start_answers_at_once_and_names_may_repeat(self):
        arn = self.create(wait(2))
        begun = time.monotonic()
        answers = [self.call("StartExecution", stateMachineArn=arn, name="one", input='{"a": %d}' % (n % 2),
                             traceHeader="t") for n in range(6)]
        self.assertLess(time.monotonic() - begun, 2)
        for answer in answers:
            self.assertEqual(sorted(answer), ["executionArn", "startDate"])
            self.assertRegex(answer["executionArn"],
                             "^%s:one:%s$" % (arn.replace(":stateMachine:", ":express:"), UUID))
            self.assertAlmostEqual(answer["startDate"], time.time(), delta=10)
        self.assertEqual(len({answer["executionArn"] for answer in answers}), 6)

    def test_without_a_name_it_has_a_new_one(self):
        arn = self.create(PASS)
        execution = self.call("StartExecution", stateMachineArn=arn)["executionArn"]
        self.assertRegex(execution, ":express:%s:%s:%s$" % (arn.rpartition(":")[2], UUID, UUID))

    def test_no_action_finds_it(self):
        arn = self.create(wait(2))
        execution = self.call("StartExecution", stateMachineArn=arn)["executionArn"]
        for action in ("DescribeExecution", "StopExecution", "GetExecutionHistory", "RedriveExecution",
                       "DescribeStateMachineForExecution", "ListMapRuns"):
            self.refused("InvalidArn", "Invalid Arn: 'Resource type not valid in this context: express'", action,
                         executionArn=execution)
        self.refused("StateMachineTypeNotSupported", TYPE_WORDS, "ListExecutions", stateMachineArn=arn)

    def test_starts_are_refused_as_those_of_any_machine(self):
        arn = self.create(PASS)
        for action in ("StartExecution", "StartSyncExecution"):
            self.refused("InvalidExecutionInput", None, action, stateMachineArn=arn, input="{")
            self.refused("InvalidName", None, action, stateMachineArn=arn, name="a b")
            self.refused("StateMachineDoesNotExist", None, action, stateMachineArn=arn + "x")
            self.refused("InvalidArn", None, action, stateMachineArn="arn")
            self.refused("InvalidArn", None, action, stateMachineArn=arn.replace("stateMachine", "activity"))
        self.refused("StateMachineTypeNotSupported", TYPE_WORDS, "StartSyncExecution",
                     stateMachineArn=self.create(PASS, kind="STANDARD"))


class Definitions(Case):
    def test_a_machine_that_waits_for_others_is_refused(self):
        for resource, words in (
                ("fermata:task:charge", "the resource 'fermata:task:charge'"),
                ("fermata:human", "the resource 'fermata:human'"),
                ("arn:aws:states:us-east-1:123456789012:activity:a",
                 "Activity ARN 'arn:aws:states:us-east-1:123456789012:activity:a'"),
                ("arn:aws:states:::states:startExecution.sync", "'.sync' service integration ")):
            state = alone(Type="Task", Resource=resource, Parameters={"StateMachineArn": "m"})
            self.refused("InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express "
                         "state machine does not support %s at /States/S/Resource'" % words,
                         "CreateStateMachine", name="refused", definition=json.dumps(state), roleArn=ROLE,
                         type="EXPRESS")
        far = alone(Type="Map", ItemProcessor={"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                                               "StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}})
        self.refused("InvalidDefinition", None, "CreateStateMachine", name="refused", definition=json.dumps(far),
                     roleArn=ROLE, type="EXPRESS")

    def test_what_our_own_api_puts_under_its_name_fails_when_it_runs(self):
        arn = self.create(PASS)
        self.server.ok("create_plan", {"plan_id": arn.rpartition(":")[2],
                                       "definition": alone(Type="Task", Resource="fermata:task:charge")})
        answer = self.sync(arn)
        self.assertEqual((answer["status"], answer["error"]), ("FAILED", "States.Runtime"))


class Memory(Case):
    def rows(self, server):
        """Executions in the store on disk."""
        if server.store_url:
            return stores.mirror(server.store_url).execute("SELECT count(*) FROM executions").fetchone()[0]
        path, = glob.glob(os.path.join(server.dir, "*.db"))
        with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as store:
            return store.execute("SELECT count(*) FROM executions").fetchone()[0]

    def test_nothing_of_it_is_on_the_disk(self):
        self.output(self.create(PASS))
        self.call("StartExecution", stateMachineArn=self.create(wait(1)))
        self.assertEqual(self.rows(self.server), 0)

    def test_a_restart_forgets_what_ran_and_machines_stay(self):
        with harness.Server() as server:
            client = sigv4.Client(server)
            arn = client.call("CreateStateMachine", {"name": "m", "definition": json.dumps(wait(30)), "roleArn": ROLE,
                                                     "type": "EXPRESS"})["stateMachineArn"]
            client.call("StartExecution", {"stateMachineArn": arn})
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(client.call, "StartSyncExecution", {"stateMachineArn": arn})
                time.sleep(0.3)
                server.restart(kill=False)
                with self.assertRaises(sigv4.Refused) as caught:
                    waiting.result(20)
                self.assertEqual((caught.exception.status, caught.exception.type), (503, "ServiceUnavailable"))
            client.call("UpdateStateMachine", {"stateMachineArn": arn, "definition": json.dumps(PASS)})
            answer = client.call("StartSyncExecution", {"stateMachineArn": arn})
            self.assertEqual(json.loads(answer["output"]), {"x": 1})

    def resident(self):
        with open("/proc/%d/status" % self.server.process.pid) as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1))

    def test_memory_does_not_grow_with_what_has_ended(self):
        arn, text = self.create(ECHO), "x" * 100000
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for action in ("StartSyncExecution", "StartExecution"):
                def start(_, action=action):
                    self.call(action, stateMachineArn=arn, input=json.dumps(text))
                list(pool.map(start, range(200)))
                before = self.resident()
                list(pool.map(start, range(800)))
                self.assertLess(self.resident() - before, 40000, action)


if __name__ == "__main__":
    unittest.main()
