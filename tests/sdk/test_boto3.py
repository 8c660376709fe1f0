"""test_boto3.py - Debian's boto3, whose model of the API is from 2023, drives a real server."""
import json
import sys
import time
import unittest

try:
    import boto3
    import botocore.config
    import botocore.exceptions
except ImportError:
    print("skipped: python3-boto3 is not installed")
    sys.exit(77)

import serving

ROLE = "arn:aws:iam::123456789012:role/worker"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"},
                                   "B": {"Type": "Pass", "Result": {"b": 1}, "End": True}}}
WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}


def make_client(server, **more):
    config = botocore.config.Config(retries={"max_attempts": 0}, read_timeout=90, inject_host_prefix=False)
    keys = {"aws_access_key_id": server.key, "aws_secret_access_key": server.secret, **more}
    return boto3.client("stepfunctions", endpoint_url=server.endpoint, region_name=serving.REGION,
                        config=config, **keys)


class Boto3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = serving.Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)
        cls.client = make_client(cls.server)
        cls.addClassCleanup(cls.client.close)
        cls.names = 0

    def machine(self, definition, **more):
        type(self).names += 1
        return self.client.create_state_machine(name="machine-%d" % self.names, roleArn=ROLE,
                                                definition=json.dumps(definition), **more)["stateMachineArn"]

    def start(self, arn, **more):
        return self.client.start_execution(stateMachineArn=arn, **more)["executionArn"]

    def ended(self, arn):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            shown = self.client.describe_execution(executionArn=arn)
            if shown["status"] != "RUNNING":
                return shown
            time.sleep(0.02)
        self.fail("%s did not end" % arn)

    def refused(self, code, function, **params):
        """Raised as the client's own exception class."""
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            function(**params)
        error = raised.exception.response
        self.assertEqual(error["Error"]["Code"], code, error)
        self.assertEqual(error["ResponseMetadata"]["HTTPStatusCode"], 400)
        self.assertIsInstance(raised.exception, getattr(self.client.exceptions, code))
        return error["Error"]["Message"]

    def test_execution(self):
        arn = self.machine(PASS)
        execution = self.start(arn, name="first", input='{"a": 1}')
        shown = self.ended(execution)
        self.assertEqual((shown["status"], shown["name"], json.loads(shown["output"])), ("SUCCEEDED", "first", {"b": 1}))
        self.assertEqual(shown["stateMachineArn"], arn)
        self.assertGreaterEqual(shown["stopDate"], shown["startDate"])
        machine = self.client.describe_state_machine(stateMachineArn=arn)
        self.assertEqual((json.loads(machine["definition"]), machine["status"]), (PASS, "ACTIVE"))

    def test_history_pages(self):
        execution = self.start(self.machine(PASS))
        self.ended(execution)
        pages = list(self.client.get_paginator("get_execution_history").paginate(
            executionArn=execution, PaginationConfig={"PageSize": 2}))
        self.assertTrue(all(len(page["events"]) <= 2 for page in pages))
        events = [event for page in pages for event in page["events"]]
        self.assertEqual([event["id"] for event in events], [1, 2, 3, 4, 5, 6])
        self.assertEqual([event["type"] for event in events],
                         ["ExecutionStarted", "PassStateEntered", "PassStateExited", "PassStateEntered",
                          "PassStateExited", "ExecutionSucceeded"])
        self.assertEqual([event["previousEventId"] for event in events], [0, 0, 2, 3, 4, 5])

    def test_lists(self):
        arn = self.machine(PASS)
        runs = [self.start(arn, name="run-%d" % i) for i in range(5)]
        for run in runs:
            self.ended(run)
        pages = self.client.get_paginator("list_executions").paginate(
            stateMachineArn=arn, statusFilter="SUCCEEDED", PaginationConfig={"PageSize": 2})
        listed = [run["executionArn"] for page in pages for run in page["executions"]]
        self.assertEqual(sorted(listed), sorted(runs))
        pages = self.client.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2})
        machines = [one["stateMachineArn"] for page in pages for one in page["stateMachines"]]
        self.assertEqual(machines.count(arn), 1)

    def test_stop(self):
        execution = self.start(self.machine(WAIT))
        self.client.stop_execution(executionArn=execution, error="Enough", cause="by hand")
        shown = self.ended(execution)
        self.assertEqual(shown["status"], "ABORTED")
        last = self.client.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=1)["events"][0]
        self.assertEqual(last["type"], "ExecutionAborted")
        self.assertEqual(last["executionAbortedEventDetails"], {"error": "Enough", "cause": "by hand"})

    def test_activity(self):
        activity = self.client.create_activity(name="activity-1")["activityArn"]
        self.assertEqual(self.client.describe_activity(activityArn=activity)["name"], "activity-1")
        task = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": activity, "End": True}}}
        execution = self.start(self.machine(task), input='{"n": 1}')
        got = self.client.get_activity_task(activityArn=activity, workerName="worker-1")
        self.assertEqual(json.loads(got["input"]), {"n": 1})
        self.client.send_task_heartbeat(taskToken=got["taskToken"])
        self.client.send_task_success(taskToken=got["taskToken"], output='{"done": true}')
        self.assertEqual(json.loads(self.ended(execution)["output"]), {"done": True})
        self.refused("TaskTimedOut", self.client.send_task_success, taskToken=got["taskToken"], output="{}")
        stopped = self.start(self.machine(task))
        got = self.client.get_activity_task(activityArn=activity)
        self.client.stop_execution(executionArn=stopped)
        self.refused("TaskTimedOut", self.client.send_task_failure, taskToken=got["taskToken"], error="Late")
        pages = self.client.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 1})
        self.assertIn(activity, [one["activityArn"] for page in pages for one in page["activities"]])
        self.client.delete_activity(activityArn=activity)
        self.refused("ActivityDoesNotExist", self.client.describe_activity, activityArn=activity)

    def test_express(self):
        arn = self.machine(PASS, type="EXPRESS")
        answer = self.client.start_sync_execution(stateMachineArn=arn, input="{}")
        self.assertEqual((answer["status"], json.loads(answer["output"])), ("SUCCEEDED", {"b": 1}))

    def test_refusals(self):
        client, arn = self.client, self.machine(PASS)
        none = arn + "-not"
        message = self.refused("StateMachineDoesNotExist", client.describe_state_machine, stateMachineArn=none)
        self.assertEqual(message, "State Machine Does Not Exist: '%s'" % none)
        self.refused("InvalidArn", client.describe_state_machine, stateMachineArn="no arn")
        self.refused("InvalidExecutionInput", client.start_execution, stateMachineArn=arn, input="{")
        self.refused("InvalidName", client.create_activity, name="a b")
        self.refused("InvalidDefinition", client.create_state_machine, name="bad", definition="{}", roleArn=ROLE)
        self.refused("InvalidToken", client.list_activities, nextToken="never given")

    def test_wrong_secret(self):
        client = make_client(self.server, aws_secret_access_key="x" * 40)
        with self.assertRaises(botocore.exceptions.ClientError) as raised:
            client.list_activities()
        self.assertEqual(raised.exception.response["Error"]["Code"], "InvalidSignatureException")


if __name__ == "__main__":
    unittest.main()
