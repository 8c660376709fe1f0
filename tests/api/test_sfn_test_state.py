"""test_sfn_test_state.py - TestState and ValidateStateMachineDefinition over the wire: what a client of AWS sends and gets.
Values travel as texts of JSON."""
import json
import unittest

import harness
import sigv4

TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}, "End": True}


def alone(state):
    return {"StartAt": "A", "States": {"A": state}}


class SfnCase(harness.Case):
    def setUp(self):
        super().setUp()
        self.sfn = sigv4.Client(self.server)

    def ask(self, **members):
        """A TestState; what is no text yet becomes one where the API wants one."""
        for name in ("definition", "input", "variables", "context"):
            if name in members and not isinstance(members[name], str):
                members[name] = json.dumps(members[name])
        return self.sfn.call("TestState", members)

    def refused(self, kind, message, **members):
        with self.assertRaises(sigv4.Refused) as caught:
            self.ask(**members)
        self.assertEqual((caught.exception.type, caught.exception.message), (kind, message))


class TestState(SfnCase):
    def test_a_state_runs_alone(self):
        answer = self.ask(definition={"Type": "Pass", "Parameters": {"x.$": "$.a"}, "Next": "B"}, input={"a": [1]},
                          inspectionLevel="DEBUG")
        self.assertEqual(answer["status"], "SUCCEEDED")
        self.assertEqual(answer["nextState"], "B")
        self.assertEqual(json.loads(answer["output"]), {"x": [1]})
        shown = {name: json.loads(text) for name, text in answer["inspectionData"].items()}
        self.assertEqual(shown, {"input": {"a": [1]}, "afterInputPath": {"a": [1]}, "afterParameters": {"x": [1]},
                                 "afterResultSelector": {"x": [1]}, "afterResultPath": {"x": [1]}})

    def test_a_mock_stands_for_the_call(self):
        answer = self.ask(definition=TASK, mock={"result": '{"StatusCode": 200, "Payload": 7}'})
        self.assertEqual(answer, {"output": '{"StatusCode":200,"Payload":7}', "status": "SUCCEEDED"})
        self.refused("ValidationException", "Mock result schema validation error: Field 'StatusCode' must be a number",
                     definition=TASK, mock={"result": '{"StatusCode": "200"}'})
        answer = self.ask(definition=TASK, mock={"result": '{"StatusCode": "200"}', "fieldValidationMode": "NONE"})
        self.assertEqual(answer["status"], "SUCCEEDED")

    def test_retry_and_catch_take_a_mocked_error(self):
        state = dict(TASK, Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 5, "MaxAttempts": 1}],
                     Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$.why", "Next": "Rescue"}])
        mock = {"errorOutput": {"error": "E", "cause": "c"}}
        answer = self.ask(definition=state, mock=mock, inspectionLevel="DEBUG")
        self.assertEqual(answer["status"], "RETRIABLE")
        self.assertEqual(answer["inspectionData"]["errorDetails"], {"retryIndex": 0, "retryBackoffIntervalSeconds": 5})
        answer = self.ask(definition=state, mock=mock, stateConfiguration={"retrierRetryCount": 1})
        self.assertEqual((answer["status"], answer["nextState"]), ("CAUGHT_ERROR", "Rescue"))
        self.assertEqual(json.loads(answer["output"]), {"why": {"Error": "E", "Cause": "c"}})

    def test_a_machine_and_the_name_of_a_state(self):
        machine = alone({"Type": "Fail", "Error": "E", "Cause": "c"})
        self.assertEqual(self.ask(definition=machine, stateName="A"), {"error": "E", "cause": "c", "status": "FAILED"})
        self.refused("ValidationException", "State not found in definition", definition=machine, stateName="B")

    def test_what_cannot_be_tested(self):
        self.refused("ValidationException", "State type 'Pass' is not supported when a mock is specified",
                     definition={"Type": "Pass", "End": True}, mock={"result": "{}"})
        self.refused("InvalidDefinition", "TestState API does not support Map or Parallel states. Supported state types "
                     "include: [Task, Wait, Pass, Succeed, Fail, Choice]",
                     definition={"Type": "Parallel", "End": True, "Branches": [alone({"Type": "Succeed"})]})
        for bad in ("", "no", "[]", "{}", '{"Type": 1}', '{"Type": "Pass", "Type": "Pass", "End": true}'):
            with self.assertRaises(sigv4.Refused):
                self.ask(definition=bad)

    def test_what_is_wide_or_deep_is_answered(self):
        deep = "[" * 60 + "]" * 60
        self.assertEqual(self.ask(definition={"Type": "Succeed"}, input=deep)["output"], deep)
        with self.assertRaises(sigv4.Refused):
            self.ask(definition={"Type": "Succeed"}, input="[" * 5000 + "]" * 5000)
        state = {"Type": "Map", "ItemProcessor": alone({"Type": "Pass", "End": True}), "End": True,
                 "ItemSelector": {"all.$": "$"}}
        answer = self.ask(definition=state, input=[0] * 2000, mock={"result": "[]"})
        self.assertEqual((answer["status"], answer["error"]), ("FAILED", "States.DataLimitExceeded"))


class Validate(SfnCase):
    def validate(self, definition, **members):
        text = definition if isinstance(definition, str) else json.dumps(definition)
        return self.sfn.call("ValidateStateMachineDefinition", dict(members, definition=text))

    def test_what_is_fine(self):
        self.assertEqual(self.validate(alone({"Type": "Pass", "End": True})),
                         {"result": "OK", "diagnostics": [], "truncated": False})

    def test_what_is_no_json(self):
        answer = self.validate("not a definition")
        self.assertEqual((answer["result"], answer["diagnostics"][0]["code"]), ("FAIL", "INVALID_JSON_DESCRIPTION"))

    def test_each_problem_has_its_place(self):
        answer = self.validate(alone({"Type": "Nothing", "End": True}))
        self.assertEqual(answer, {"result": "FAIL", "truncated": False, "diagnostics": [{
            "severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "location": "/States/A/Type",
            "message": "The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, Choice, "
                       "Parallel, Map]"}]})
        answer = self.validate(alone({"Type": "Pass", "Next": "B"}))
        self.assertEqual(answer["diagnostics"][0]["code"], "MISSING_TRANSITION_TARGET")

    def test_no_more_than_asked_for(self):
        states = {"S%d" % i: {"Type": "Nothing"} for i in range(5)}
        answer = self.validate({"StartAt": "S0", "States": states}, maxResults=2)
        self.assertEqual((len(answer["diagnostics"]), answer["truncated"]), (2, True))

    def test_express_machines_wait_for_nobody(self):
        state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True,
                 "Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}}
        self.assertEqual(self.validate(alone(state))["result"], "OK")
        answer = self.validate(alone(state), type="EXPRESS")
        self.assertEqual(answer["diagnostics"], [{
            "severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "location": "/States/A/Resource",
            "message": "Express state machine does not support '.waitForTaskToken' service integration "}])


if __name__ == "__main__":
    unittest.main()
