"""test_sfn_machines.py - state machines, versions, aliases, tags and activities over the wire of Step Functions: what
is made, what changes, what is refused and in which words, what another tenant sees."""
import json
import os
import random
import unittest

import harness
import sigv4

ROLE = "arn:aws:iam::123456789012:role/r"
UUID = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
NO_RESOURCE = "Request references a resource that does not exist."


def passing(result, **more):
    return json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": result, "End": True, **more}}})


def waiting():
    return json.dumps({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}})


class SfnCase(harness.Case):
    maxDiff = None

    def setUp(self):
        super().setUp()
        self.sfn = sigv4.Client(self.server)

    def call(self, action, **params):
        return self.sfn.call(action, params)

    def refused(self, kind, message, action, **params):
        """A refusal in these words; None takes any."""
        with self.assertRaises(sigv4.Refused) as caught:
            self.sfn.call(action, params)
        self.assertEqual(caught.exception.type, kind, caught.exception.message)
        if message is not None:
            self.assertEqual(caught.exception.message, message)
        return caught.exception

    def name(self):
        return "m-" + random.randbytes(6).hex()

    def machine(self, definition=None, **more):
        return self.call("CreateStateMachine", **{"name": self.name(), "definition": definition or passing(1),
                                                  "roleArn": ROLE, **more})["stateMachineArn"]

    def versions(self, count=2):
        """A machine with so many versions, and their ARNs."""
        arn = self.machine(publish=True)
        for i in range(1, count):
            self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(i + 1), publish=True)
        return arn, ["%s:%d" % (arn, i + 1) for i in range(count)]

    def pages(self, action, member, size, **params):
        """All items, each page of the size but the last."""
        items, token = [], {}
        while True:
            page = self.call(action, maxResults=size, **token, **params)
            items += page[member]
            if "nextToken" not in page:
                return items
            self.assertEqual(len(page[member]), size)
            token = {"nextToken": page["nextToken"]}


def routes(*pairs):
    return [{"stateMachineVersionArn": arn, "weight": weight} for arn, weight in pairs]


class TestCreate(SfnCase):
    def test_a_machine_is_described_as_it_was_made(self):
        name, definition = self.name(), json.dumps(json.loads(passing(1)), indent=3)
        made = self.call("CreateStateMachine", name=name, definition=definition, roleArn=ROLE)
        self.assertEqual(set(made), {"stateMachineArn", "creationDate"})
        shown = self.call("DescribeStateMachine", stateMachineArn=made["stateMachineArn"])
        self.assertEqual(shown, {
            "stateMachineArn": made["stateMachineArn"], "name": name, "status": "ACTIVE", "definition": definition,
            "roleArn": ROLE, "type": "STANDARD", "creationDate": made["creationDate"],
            "loggingConfiguration": {"level": "OFF", "includeExecutionData": False},
            "tracingConfiguration": {"enabled": False}, "encryptionConfiguration": {"type": "AWS_OWNED_KEY"}})

    def test_the_same_again_is_the_same_machine(self):
        params = {"name": self.name(), "definition": passing(1), "roleArn": ROLE}
        first = self.call("CreateStateMachine", **params)
        self.assertEqual(self.call("CreateStateMachine", **params), first)
        # Role and tags do not count.
        again = self.call("CreateStateMachine", **{**params, "roleArn": ROLE + "2"}, tags=[{"key": "a", "value": "b"}])
        self.assertEqual(again, first)
        self.assertEqual(self.call("ListTagsForResource", resourceArn=first["stateMachineArn"]), {"tags": []})
        message = "State Machine Already Exists: '%s'" % first["stateMachineArn"]
        for other in ({"definition": passing(2)}, {"type": "EXPRESS"}, {"tracingConfiguration": {"enabled": True}},
                      {"publish": True}):
            self.refused("StateMachineAlreadyExists", message, "CreateStateMachine", **{**params, **other})

    def test_a_machine_may_be_made_with_its_first_version(self):
        params = {"name": self.name(), "definition": passing(1), "roleArn": ROLE, "publish": True,
                  "versionDescription": "v", "type": "EXPRESS"}
        made = self.call("CreateStateMachine", **params)
        self.assertEqual(made["stateMachineVersionArn"], made["stateMachineArn"] + ":1")
        self.assertEqual(self.call("CreateStateMachine", **params), made)
        shown = self.call("DescribeStateMachine", stateMachineArn=made["stateMachineVersionArn"])
        self.assertEqual((shown["description"], shown["type"]), ("v", "EXPRESS"))

    def test_what_is_not_valid_is_refused(self):
        good = {"name": self.name(), "definition": passing(1), "roleArn": ROLE}
        for name in ("with space", "a/b", "a:b", "a*", "a{b", "a\"b", "a#b", "a\\b", "a\u0007b", "a\u0085b"):
            self.refused("InvalidName", "Invalid Name: '%s'" % name, "CreateStateMachine", **{**good, "name": name})
        self.refused("InvalidArn", "Invalid Role Arn: 'somebody'", "CreateStateMachine",
                     **{**good, "roleArn": "somebody"})
        self.refused("ValidationException", "Version description can only be set when publish is true",
                     "CreateStateMachine", **good, versionDescription="v")
        for definition in ("{", "[]", "{}", '{"StartAt":"A","States":{"A":{"Type":"Pass"}}}'):
            self.refused("InvalidDefinition", None, "CreateStateMachine", **{**good, "definition": definition})
        self.refused("InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields "
                     "are required: [States] at /'", "CreateStateMachine", **{**good, "definition": '{"StartAt":"A"}'})
        for more in ({"name": "n" * 81}, {"name": ""}, {"type": "QUICK"}, {"versionDescription": "v" * 257}):
            self.refused("ValidationException", None, "CreateStateMachine", **{**good, **more})
        self.assertEqual([m for m in self.pages("ListStateMachines", "stateMachines", 1000)
                          if m["name"] == good["name"]], [])

    def test_an_express_machine_may_not_wait_for_others(self):
        task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                "Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}}, "End": True}
        definition = json.dumps({"StartAt": "A", "States": {"A": task}})
        self.refused("InvalidDefinition", "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Express state "
                     "machine does not support '.waitForTaskToken' service integration  at /States/A/Resource'",
                     "CreateStateMachine", name=self.name(), definition=definition, roleArn=ROLE, type="EXPRESS")
        arn = self.machine(type="EXPRESS")
        self.refused("InvalidDefinition", None, "UpdateStateMachine", stateMachineArn=arn, definition=definition)

    def test_configurations_are_checked_kept_and_shown(self):
        group = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*"}}
        logging = {"level": "ALL", "includeExecutionData": True, "destinations": [group]}
        arn = self.machine(loggingConfiguration=logging, tracingConfiguration={"enabled": True})
        shown = self.call("DescribeStateMachine", stateMachineArn=arn)
        self.assertEqual((shown["loggingConfiguration"], shown["tracingConfiguration"]), (logging, {"enabled": True}))
        self.call("UpdateStateMachine", stateMachineArn=arn, loggingConfiguration={})
        shown = self.call("DescribeStateMachine", stateMachineArn=arn)
        self.assertEqual((shown["loggingConfiguration"], shown["tracingConfiguration"]),
                         ({"level": "OFF", "includeExecutionData": False}, {"enabled": True}))
        one = "Invalid Logging Configuration: Must specify exactly one Log Destination."
        for bad in ({"level": "ALL"}, {"level": "OFF", "destinations": [group, group]}):
            self.refused("InvalidLoggingConfiguration", one, "CreateStateMachine", name=self.name(),
                         definition=passing(1), roleArn=ROLE, loggingConfiguration=bad)
        self.refused("InvalidLoggingConfiguration", None, "UpdateStateMachine", stateMachineArn=arn,
                     loggingConfiguration={"level": "ALL", "destinations": [{}]})
        self.refused("ValidationException", None, "UpdateStateMachine", stateMachineArn=arn,
                     loggingConfiguration={"level": "LOUD"})
        for bad in ({"type": "CUSTOMER_MANAGED_KMS_KEY"}, {"type": "AWS_OWNED_KEY", "kmsKeyId": "k"},
                    {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k", "kmsDataKeyReusePeriodSeconds": 59}):
            self.refused("InvalidEncryptionConfiguration", None, "UpdateStateMachine", stateMachineArn=arn,
                         encryptionConfiguration=bad)
        for bad in ({}, {"type": "NONE"}):
            self.refused("ValidationException", None, "UpdateStateMachine", stateMachineArn=arn,
                         encryptionConfiguration=bad)
        key = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k", "kmsDataKeyReusePeriodSeconds": 300}
        self.call("UpdateStateMachine", stateMachineArn=arn, encryptionConfiguration=key)
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=arn)["encryptionConfiguration"], key)


class TestUpdate(SfnCase):
    def test_a_change_makes_a_revision_and_no_change_none(self):
        arn = self.machine()
        update = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(1))
        self.assertEqual(set(update), {"updateDate"})
        update = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(2))
        self.assertRegex(update["revisionId"], UUID)
        shown = self.call("DescribeStateMachine", stateMachineArn=arn)
        self.assertEqual((shown["definition"], shown["revisionId"]), (passing(2), update["revisionId"]))
        again = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(2), roleArn=ROLE)
        self.assertEqual(again, update)
        role = self.call("UpdateStateMachine", stateMachineArn=arn, roleArn=ROLE + "2")
        self.assertNotEqual(role["revisionId"], update["revisionId"])
        shown = self.call("DescribeStateMachine", stateMachineArn=arn)
        self.assertEqual((shown["definition"], shown["roleArn"]), (passing(2), ROLE + "2"))

    def test_a_version_may_be_published_with_it(self):
        arn = self.machine()
        first = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(1), publish=True)
        self.assertEqual(set(first), {"updateDate", "stateMachineVersionArn"})
        self.assertEqual(first["stateMachineVersionArn"], arn + ":1")
        again = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(1), publish=True)
        self.assertEqual(again["stateMachineVersionArn"], arn + ":1")
        more = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(2), publish=True,
                         versionDescription="two")
        self.assertEqual(more["stateMachineVersionArn"], arn + ":2")
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=arn + ":2")["description"], "two")

    def test_what_is_not_valid_is_refused(self):
        arn = self.machine(publish=True)
        self.refused("MissingRequiredParameter", None, "UpdateStateMachine", stateMachineArn=arn)
        self.refused("MissingRequiredParameter", None, "UpdateStateMachine", stateMachineArn=arn, publish=True)
        none = arn + "-not"
        self.refused("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'" % none, "UpdateStateMachine",
                     stateMachineArn=none, definition=passing(1))
        self.refused("InvalidArn", None, "UpdateStateMachine", stateMachineArn="no arn", definition=passing(1))
        for qualified in (arn + ":1", arn + ":PROD", arn + "/label"):
            self.refused("ValidationException", None, "UpdateStateMachine", stateMachineArn=qualified, roleArn=ROLE)
        self.refused("InvalidDefinition", None, "UpdateStateMachine", stateMachineArn=arn, definition="{}")
        self.refused("ValidationException", "Version description can only be set when publish is true",
                     "UpdateStateMachine", stateMachineArn=arn, roleArn=ROLE, versionDescription="v")
        self.assertNotIn("revisionId", self.call("DescribeStateMachine", stateMachineArn=arn))

    def test_an_execution_stays_on_its_revision(self):
        arn = self.machine(waiting())
        execution = self.call("StartExecution", stateMachineArn=arn)["executionArn"]
        self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(2))
        shown = self.call("DescribeStateMachineForExecution", executionArn=execution)
        self.assertEqual((shown["stateMachineArn"], shown["definition"]), (arn, waiting()))
        self.assertEqual(set(shown), {"stateMachineArn", "name", "definition", "roleArn", "updateDate",
                                      "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration"})
        shown = self.call("DescribeStateMachineForExecution", executionArn=execution, includedData="METADATA_ONLY")
        self.assertEqual(shown["definition"], "{}")
        self.refused("ExecutionDoesNotExist", None, "DescribeStateMachineForExecution", executionArn=execution + "-not")
        self.call("StopExecution", executionArn=execution)


class TestDescribe(SfnCase):
    def test_variables_are_named_by_the_states_that_read_them(self):
        definition = json.dumps({"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "B"},
            "B": {"Type": "Pass", "Parameters": {"y.$": "$x"}, "End": True}}})
        arn = self.machine(definition)
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=arn)["variableReferences"], {"B": ["x"]})
        shown = self.call("DescribeStateMachine", stateMachineArn=arn, includedData="METADATA_ONLY")
        self.assertEqual(shown["definition"], "{}")
        self.assertNotIn("variableReferences", shown)

    def test_a_map_is_named_by_its_label(self):
        inner = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "I",
                 "States": {"I": {"Type": "Pass", "End": True}}}
        definition = json.dumps({"StartAt": "M", "States": {
            "M": {"Type": "Map", "Label": "items", "ItemProcessor": inner, "End": True}}})
        arn = self.machine(definition)
        shown = self.call("DescribeStateMachine", stateMachineArn=arn + "/items")
        self.assertEqual((shown["stateMachineArn"], shown["label"]), (arn + "/items", "items"))
        self.refused("StateMachineDoesNotExist", None, "DescribeStateMachine", stateMachineArn=arn + "/others")

    def test_what_is_not_there_is_said_to_be_so(self):
        arn = self.machine()
        for none in (arn + "-not", arn + ":1", arn + ":PROD"):
            self.refused("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'" % none,
                         "DescribeStateMachine", stateMachineArn=none)
        self.refused("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: nothing'", "DescribeStateMachine",
                     stateMachineArn="nothing")
        self.refused("ValidationException", None, "DescribeStateMachine", stateMachineArn=arn, includedData="SOME")

    def test_machines_are_listed_by_name_in_pages(self):
        made = sorted(self.machine() for _ in range(5))
        listed = self.pages("ListStateMachines", "stateMachines", 2)
        self.assertEqual([m["name"] for m in listed], sorted(m["name"] for m in listed))
        self.assertLessEqual(set(made), {m["stateMachineArn"] for m in listed})
        self.assertEqual(set(listed[0]), {"stateMachineArn", "name", "type", "creationDate"})
        self.refused("InvalidToken", "Invalid Token: 'Invalid token'", "ListStateMachines", nextToken="never given")
        self.refused("ValidationException", "1 validation error detected: Value '1001' at 'maxResults' failed to "
                     "satisfy constraint: Member must have value less than or equal to 1000", "ListStateMachines",
                     maxResults=1001)

    def test_a_plan_of_our_own_api_is_a_machine_too(self):
        name = self.name()
        self.server.put(name, json.loads(passing(1)))
        arn = self.machine().rpartition(":")[0] + ":" + name
        shown = self.call("DescribeStateMachine", stateMachineArn=arn)
        self.assertEqual(json.loads(shown["definition"]), json.loads(passing(1)))
        self.assertRegex(shown["roleArn"], r"^arn:aws:iam::\d{12}:role/")
        self.assertEqual(self.server.put(name, json.loads(passing(2))), 2)
        self.assertRegex(self.call("DescribeStateMachine", stateMachineArn=arn)["revisionId"], UUID)
        self.call("DeleteStateMachine", stateMachineArn=arn)
        self.assertEqual(self.server.get("plans/" + name).status, 404)
        self.assertNotIn(name, [plan["plan_id"] for plan in self.server.pages("plans", "plans", 1000)])
        self.assertEqual(self.server.put(name, json.loads(passing(2))), 3)
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=arn)["status"], "ACTIVE")


class TestDelete(SfnCase):
    def test_a_machine_without_executions_is_gone_at_once(self):
        arn, versions = self.versions()
        self.call("CreateStateMachineAlias", name="PROD", routingConfiguration=routes((versions[0], 100)))
        self.call("TagResource", resourceArn=arn, tags=[{"key": "a", "value": "b"}])
        self.assertEqual(self.call("DeleteStateMachine", stateMachineArn=arn), {})
        self.assertEqual(self.call("DeleteStateMachine", stateMachineArn=arn), {})
        for none in (arn, versions[0]):
            self.refused("StateMachineDoesNotExist", None, "DescribeStateMachine", stateMachineArn=none)
        self.refused("ResourceNotFound", None, "DescribeStateMachineAlias", stateMachineAliasArn=arn + ":PROD")
        # The name is free again, and nothing of the old machine comes back with it.
        again = self.call("CreateStateMachine", name=arn.rpartition(":")[2], definition=passing(9), roleArn=ROLE,
                          type="EXPRESS", publish=True)
        self.assertEqual(again["stateMachineVersionArn"], arn + ":1")
        self.assertEqual(self.call("ListTagsForResource", resourceArn=arn), {"tags": []})
        self.assertEqual(self.call("ListStateMachineAliases", stateMachineArn=arn)["stateMachineAliases"], [])

    def test_a_machine_is_deleting_while_an_execution_runs(self):
        arn = self.machine(waiting())
        execution = self.call("StartExecution", stateMachineArn=arn)["executionArn"]
        self.call("DeleteStateMachine", stateMachineArn=arn)
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=arn)["status"], "DELETING")
        message = "State Machine Is Being Deleted: '%s'" % arn
        for action, params in (("UpdateStateMachine", {"stateMachineArn": arn, "roleArn": ROLE}),
                               ("PublishStateMachineVersion", {"stateMachineArn": arn}),
                               ("ListStateMachineAliases", {"stateMachineArn": arn}),
                               ("StartExecution", {"stateMachineArn": arn}),
                               ("CreateStateMachine", {"name": arn.rpartition(":")[2], "definition": waiting(),
                                                       "roleArn": ROLE})):
            self.refused("StateMachineDeleting", message, action, **params)
        self.assertEqual(self.call("DescribeExecution", executionArn=execution)["status"], "RUNNING")
        self.call("StopExecution", executionArn=execution)
        self.refused("StateMachineDoesNotExist", None, "DescribeStateMachine", stateMachineArn=arn)
        shown = self.call("DescribeStateMachineForExecution", executionArn=execution)
        self.assertEqual(shown["definition"], waiting())

    def test_a_qualified_arn_is_refused(self):
        arn = self.machine(publish=True)
        for qualified in (arn + ":1", arn + ":PROD", arn + "/label"):
            self.refused("ValidationException", None, "DeleteStateMachine", stateMachineArn=qualified)
        self.refused("InvalidArn", None, "DeleteStateMachine", stateMachineArn="nothing")


class TestVersions(SfnCase):
    def test_a_revision_is_published_once(self):
        arn = self.machine()
        first = self.call("PublishStateMachineVersion", stateMachineArn=arn, description="one")
        self.assertEqual(first["stateMachineVersionArn"], arn + ":1")
        self.assertEqual(self.call("PublishStateMachineVersion", stateMachineArn=arn), first)
        self.assertEqual(self.call("PublishStateMachineVersion", stateMachineArn=arn, revisionId="INITIAL"), first)
        update = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(2))
        second = self.call("PublishStateMachineVersion", stateMachineArn=arn, revisionId=update["revisionId"])
        self.assertEqual(second["stateMachineVersionArn"], arn + ":2")
        shown = self.call("DescribeStateMachine", stateMachineArn=arn + ":1")
        self.assertEqual((shown["stateMachineArn"], shown["definition"], shown["description"], shown["creationDate"]),
                         (arn + ":1", passing(1), "one", first["creationDate"]))
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=arn + ":2")["revisionId"],
                         update["revisionId"])

    def test_another_revision_is_a_conflict(self):
        arn = self.machine()
        old = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(2))["revisionId"]
        self.refused("ConflictException", "Failed to publish the State Machine version for revision INITIAL. The "
                     "current State Machine revision is %s." % old, "PublishStateMachineVersion", stateMachineArn=arn,
                     revisionId="INITIAL")
        new = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(3))["revisionId"]
        self.refused("ConflictException", "Failed to publish the State Machine version for revision %s. The current "
                     "State Machine revision is %s." % (old, new), "PublishStateMachineVersion", stateMachineArn=arn,
                     revisionId=old)
        self.refused("StateMachineDoesNotExist", None, "PublishStateMachineVersion", stateMachineArn=arn + "-not")
        self.refused("ValidationException", None, "PublishStateMachineVersion", stateMachineArn=arn + ":1")
        self.refused("ValidationException", None, "PublishStateMachineVersion", stateMachineArn=arn,
                     description="d" * 257)

    def test_versions_are_listed_newest_first_and_numbered_once(self):
        arn, versions = self.versions(5)
        listed = self.pages("ListStateMachineVersions", "stateMachineVersions", 2, stateMachineArn=arn)
        self.assertEqual([v["stateMachineVersionArn"] for v in listed], versions[::-1])
        self.assertEqual(set(listed[0]), {"stateMachineVersionArn", "creationDate"})
        self.assertEqual(self.call("DeleteStateMachineVersion", stateMachineVersionArn=versions[4]), {})
        self.assertEqual(self.call("DeleteStateMachineVersion", stateMachineVersionArn=versions[4]), {})
        again = self.call("PublishStateMachineVersion", stateMachineArn=arn)
        self.assertEqual(again["stateMachineVersionArn"], arn + ":6")
        none = self.call("ListStateMachineVersions", stateMachineArn=arn + "-not")
        self.assertEqual(none, {"stateMachineVersions": []})
        page = self.call("ListStateMachineVersions", stateMachineArn=arn, maxResults=1)
        self.refused("InvalidToken", None, "ListStateMachineVersions", stateMachineArn=arn + "-not",
                     nextToken=page["nextToken"])
        self.refused("ValidationException", None, "ListStateMachineVersions", stateMachineArn=arn, maxResults=1001)
        self.refused("ValidationException", None, "ListStateMachineVersions", stateMachineArn=versions[0])
        self.refused("ValidationException", None, "DeleteStateMachineVersion", stateMachineVersionArn=arn)

    def test_there_are_at_most_1000(self):
        arn = self.machine(publish=True)
        for i in range(1, 1000):
            self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing(i), roleArn=ROLE + str(i),
                      publish=True)
        self.refused("ServiceQuotaExceededException", None, "UpdateStateMachine", stateMachineArn=arn,
                     definition=passing("more"), publish=True)
        # Nothing of the refused change stays.
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=arn)["definition"], passing(999))
        self.call("DeleteStateMachineVersion", stateMachineVersionArn=arn + ":1")
        made = self.call("UpdateStateMachine", stateMachineArn=arn, definition=passing("more"), publish=True)
        self.assertEqual(made["stateMachineVersionArn"], arn + ":1001")

    def test_a_version_that_an_alias_leads_to_is_kept(self):
        _, versions = self.versions()
        for name in ("B", "A"):
            self.call("CreateStateMachineAlias", name=name,
                      routingConfiguration=routes((versions[0], 50), (versions[1], 50)))
        self.refused("ConflictException", "Version to be deleted must not be referenced by an alias. Current list of "
                     "aliases referencing this version: [A, B]", "DeleteStateMachineVersion",
                     stateMachineVersionArn=versions[0])


class TestAliases(SfnCase):
    def test_an_alias_is_made_changed_described_and_deleted(self):
        arn, versions = self.versions()
        made = self.call("CreateStateMachineAlias", name="PROD", description="d",
                         routingConfiguration=routes((versions[0], 100)))
        alias = made["stateMachineAliasArn"]
        self.assertEqual(alias, arn + ":PROD")
        shown = self.call("DescribeStateMachineAlias", stateMachineAliasArn=alias)
        self.assertEqual(shown, {
            "stateMachineAliasArn": alias, "name": "PROD", "description": "d", "creationDate": made["creationDate"],
            "updateDate": made["creationDate"], "routingConfiguration": routes((versions[0], 100))})
        changed = self.call("UpdateStateMachineAlias", stateMachineAliasArn=alias,
                            routingConfiguration=routes((versions[0], 30), (versions[1], 70)))
        shown = self.call("DescribeStateMachineAlias", stateMachineAliasArn=alias)
        self.assertEqual((shown["description"], shown["routingConfiguration"], shown["updateDate"]),
                         ("d", routes((versions[0], 30), (versions[1], 70)), changed["updateDate"]))
        self.call("UpdateStateMachineAlias", stateMachineAliasArn=alias, description="e")
        self.assertEqual(self.call("DescribeStateMachineAlias", stateMachineAliasArn=alias)["description"], "e")
        self.assertEqual(self.call("DeleteStateMachineAlias", stateMachineAliasArn=alias), {})
        self.assertEqual(self.call("DeleteStateMachineAlias", stateMachineAliasArn=alias), {})
        self.refused("ResourceNotFound", NO_RESOURCE, "DescribeStateMachineAlias", stateMachineAliasArn=alias)
        self.refused("ResourceNotFound", NO_RESOURCE, "UpdateStateMachineAlias", stateMachineAliasArn=alias,
                     description="f")

    def test_the_same_again_is_the_same_alias(self):
        _, versions = self.versions()
        params = {"name": "A", "description": "d", "routingConfiguration": routes((versions[0], 100))}
        first = self.call("CreateStateMachineAlias", **params)
        self.assertEqual(self.call("CreateStateMachineAlias", **params), first)
        for other in ({"description": "e"}, {"routingConfiguration": routes((versions[1], 100))}):
            self.refused("ConflictException", "Failed to create alias because an alias with the same name and a "
                         "different routing configuration already exists.", "CreateStateMachineAlias",
                         **{**params, **other})

    def test_routes_are_checked(self):
        arn, versions = self.versions()
        other, _ = self.versions(1)
        for bad, message in (
                (routes((arn, 100)),
                 "Routing configuration must contain state machine version ARNs. Received: [%s]" % arn),
                (routes((versions[0], 50), (versions[1], 49)),
                 "Sum of routing configuration weights must equal 100. Received: [50,49]"),
                (routes((versions[0], 50), (versions[0], 50)),
                 "Routing configuration must contain distinct state machine version ARNs. Received: [%s, %s]"
                 % (versions[0], versions[0])),
                (routes((versions[0], 50), (other + ":1", 50)), None),
                (routes((versions[0], 101)), None), (routes((versions[0], -1)), None), ([], None), ([{}], None),
                (routes((versions[0], 50), (versions[1], 25), (arn + ":3", 25)), None)):
            self.refused("ValidationException", message, "CreateStateMachineAlias", name="A", routingConfiguration=bad)
        self.refused("ResourceNotFound", NO_RESOURCE, "CreateStateMachineAlias", name="A",
                     routingConfiguration=routes((arn + ":3", 100)))
        self.refused("ResourceNotFound", NO_RESOURCE, "CreateStateMachineAlias", name="A",
                     routingConfiguration=routes((arn + "-not:1", 100)))
        alias = self.call("CreateStateMachineAlias", name="A", routingConfiguration=routes((versions[0], 100)))
        alias = alias["stateMachineAliasArn"]
        self.refused("ValidationException", None, "UpdateStateMachineAlias", stateMachineAliasArn=alias,
                     routingConfiguration=routes((other + ":1", 100)))
        self.refused("ValidationException", "Either the description or the RoutingConfiguration must be specified",
                     "UpdateStateMachineAlias", stateMachineAliasArn=alias)

    def test_names_are_checked(self):
        _, versions = self.versions(1)
        good = routes((versions[0], 100))
        for name in ("1", "a b", "ü", "a:b"):
            self.refused("ValidationException", "1 validation error detected: Value '%s' at 'name' failed to satisfy "
                         "constraint: Member must satisfy regular expression pattern: "
                         "^(?=.*[a-zA-Z_\\-\\.])[a-zA-Z0-9_\\-\\.]+$" % name, "CreateStateMachineAlias", name=name,
                         routingConfiguration=good)
        for more in ({"name": "n" * 81}, {"name": ""}, {"name": "n", "description": "d" * 257}):
            self.refused("ValidationException", None, "CreateStateMachineAlias", routingConfiguration=good, **more)
        for name in ("DescribeStateMachineAlias", "DeleteStateMachineAlias"):
            self.refused("ValidationException", None, name, stateMachineAliasArn=versions[0])
            self.refused("InvalidArn", None, name, stateMachineAliasArn="nothing")

    def test_aliases_are_listed_in_pages_also_of_one_version(self):
        arn, versions = self.versions()
        for i in range(5):
            self.call("CreateStateMachineAlias", name="a%d" % i, routingConfiguration=routes((versions[i % 2], 100)))
        listed = self.pages("ListStateMachineAliases", "stateMachineAliases", 2, stateMachineArn=arn)
        self.assertEqual([a["stateMachineAliasArn"] for a in listed], ["%s:a%d" % (arn, i) for i in range(5)])
        self.assertEqual(set(listed[0]), {"stateMachineAliasArn", "creationDate"})
        listed = self.pages("ListStateMachineAliases", "stateMachineAliases", 2, stateMachineArn=versions[0])
        self.assertEqual([a["stateMachineAliasArn"][-2:] for a in listed], ["a0", "a2", "a4"])
        self.refused("InvalidToken", "Invalid Token: 'Invalid token'", "ListStateMachineAliases", stateMachineArn=arn,
                     nextToken="x")
        self.refused("StateMachineDoesNotExist", None, "ListStateMachineAliases", stateMachineArn=arn + "-not")
        self.refused("ResourceNotFound", None, "ListStateMachineAliases", stateMachineArn=arn + ":9")

    def test_there_are_at_most_100(self):
        arn, versions = self.versions(1)
        for i in range(100):
            self.call("CreateStateMachineAlias", name="a%d" % i, routingConfiguration=routes((versions[0], 100)))
        self.refused("ServiceQuotaExceededException", None, "CreateStateMachineAlias", name="more",
                     routingConfiguration=routes((versions[0], 100)))
        listed = self.pages("ListStateMachineAliases", "stateMachineAliases", 100, stateMachineArn=arn)
        self.assertEqual(len(listed), 100)


class TestTags(SfnCase):
    def test_tags_are_put_replaced_listed_and_taken_away(self):
        arn = self.machine(tags=[{"key": "b", "value": "1"}])
        self.assertEqual(self.call("TagResource", resourceArn=arn, tags=[
            {"key": "a", "value": ""}, {"key": "b", "value": "2"}, {"key": "b", "value": "3"}]), {})
        self.assertEqual(self.call("ListTagsForResource", resourceArn=arn),
                         {"tags": [{"key": "a", "value": ""}, {"key": "b", "value": "3"}]})
        self.assertEqual(self.call("UntagResource", resourceArn=arn, tagKeys=[]), {})
        self.call("UntagResource", resourceArn=arn, tagKeys=["a", "none"])
        self.assertEqual(self.call("ListTagsForResource", resourceArn=arn), {"tags": [{"key": "b", "value": "3"}]})

    def test_there_are_at_most_50(self):
        arn = self.machine()
        tags = [{"key": "k%d" % i, "value": "v"} for i in range(51)]
        self.refused("TooManyTags", None, "TagResource", resourceArn=arn, tags=tags)
        self.assertEqual(self.call("ListTagsForResource", resourceArn=arn), {"tags": []})
        self.call("TagResource", resourceArn=arn, tags=tags[:50])
        self.call("TagResource", resourceArn=arn, tags=tags[:50])
        self.refused("TooManyTags", None, "TagResource", resourceArn=arn, tags=tags[50:])
        self.refused("TooManyTags", None, "CreateStateMachine", name=self.name(), definition=passing(1), roleArn=ROLE,
                     tags=tags)
        self.refused("TooManyTags", None, "CreateActivity", name=self.name(), tags=tags)

    def test_keys_and_values_are_checked(self):
        arn = self.machine()
        self.call("TagResource", resourceArn=arn, tags=[{"key": "ü" * 128, "value": "ü" * 256}])
        for tag in ({"key": "", "value": "v"}, {"key": "k" * 129, "value": "v"}, {"key": "k", "value": "v" * 257},
                    {"value": "v"}, {"key": "aws:k", "value": "v"}, {"key": "k", "value": None}, "k"):
            self.refused("ValidationException", None, "TagResource", resourceArn=arn, tags=[tag])
        self.refused("ValidationException", None, "TagResource", resourceArn=arn)
        self.refused("ValidationException", None, "UntagResource", resourceArn=arn, tagKeys=[""])

    def test_only_machines_and_activities_bear_tags(self):
        arn = self.machine(publish=True)
        execution = self.call("StartExecution", stateMachineArn=arn)["executionArn"]
        for none in (arn + ":1", arn + ":PROD", arn + "-not"):
            for action, params in (("TagResource", {"tags": []}), ("UntagResource", {"tagKeys": []}),
                                   ("ListTagsForResource", {})):
                self.refused("ResourceNotFound", "Resource not found: '%s'" % none, action, resourceArn=none, **params)
        for bad in (execution, "nothing"):
            self.refused("InvalidArn", None, "ListTagsForResource", resourceArn=bad)


class TestActivities(SfnCase):
    def test_an_activity_is_made_once_described_listed_and_deleted(self):
        name = "act.ivity-1_" + self.name()
        made = self.call("CreateActivity", name=name, tags=[{"key": "a", "value": "b"}])
        self.assertEqual(self.call("CreateActivity", name=name), made)
        arn = made["activityArn"]
        self.assertEqual(self.call("DescribeActivity", activityArn=arn), {
            **made, "name": name, "encryptionConfiguration": {"type": "AWS_OWNED_KEY"}})
        self.assertIn({**made, "name": name}, self.pages("ListActivities", "activities", 1000))
        self.assertEqual(self.call("ListTagsForResource", resourceArn=arn), {"tags": [{"key": "a", "value": "b"}]})
        self.refused("ActivityAlreadyExists", "Activity Already Exists: '%s'" % arn, "CreateActivity", name=name,
                     encryptionConfiguration={"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "k"})
        self.assertEqual(self.call("DeleteActivity", activityArn=arn), {})
        self.assertEqual(self.call("DeleteActivity", activityArn=arn), {})
        self.refused("ActivityDoesNotExist", "Activity Does Not Exist: '%s'" % arn, "DescribeActivity", activityArn=arn)
        self.refused("ResourceNotFound", None, "ListTagsForResource", resourceArn=arn)
        self.call("CreateActivity", name=name)
        self.assertEqual(self.call("ListTagsForResource", resourceArn=arn), {"tags": []})

    def test_names_and_arns_are_checked(self):
        for name in ["activity%sname" % c for c in " <>{}[]?*\"#%\\^|~`$&,;:/"] + ["a\u001fb", "a\u009fb"]:
            self.refused("InvalidName", "Invalid Name: '%s'" % name, "CreateActivity", name=name)
        self.refused("ValidationException", None, "CreateActivity", name="n" * 81)
        self.refused("ValidationException", None, "CreateActivity")
        for action in ("DescribeActivity", "DeleteActivity"):
            self.refused("InvalidArn", "Invalid Arn: 'Invalid ARN prefix: nothing'", action, activityArn="nothing")
        self.refused("InvalidArn", None, "DescribeActivity", activityArn=self.machine())

    def test_activities_are_listed_by_name_in_pages(self):
        for _ in range(5):
            self.call("CreateActivity", name=self.name())
        listed = self.pages("ListActivities", "activities", 2)
        self.assertEqual([a["name"] for a in listed], sorted(a["name"] for a in listed))
        self.assertGreaterEqual(len(listed), 5)
        self.refused("InvalidToken", None, "ListActivities", nextToken="x")


class TestTenants(SfnCase):
    def other(self):
        """A client of another operator, with a key that is new in the server's file."""
        path = os.path.join(self.server.dir, "keys", "aws.json")
        with open(path) as file:
            rows = json.load(file)
        row = {**rows[0], "access_key_id": "OTHER" + random.randbytes(8).hex().upper(),
               "operator_name": "other-" + random.randbytes(4).hex()}
        with open(path + ".new", "w") as file:
            json.dump(rows + [row], file)
        os.chmod(path + ".new", 0o600)
        os.replace(path + ".new", path)
        self.server.restart(kill=False)  # a running one looks at its file now and then, too
        return sigv4.Client(self.server, sigv4.Key(row["access_key_id"], row["secret_access_key"], row["account_id"]))

    def test_what_another_operator_has_is_not_there(self):
        arn, versions = self.versions()
        alias = self.call("CreateStateMachineAlias", name="PROD", routingConfiguration=routes((versions[0], 100)))
        activity = self.call("CreateActivity", name=self.name())["activityArn"]
        mine, self.sfn = self.sfn, self.other()
        for none in (arn, versions[0]):
            self.refused("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'" % none,
                         "DescribeStateMachine", stateMachineArn=none)
        for action in ("UpdateStateMachine", "PublishStateMachineVersion", "ListStateMachineAliases"):
            self.refused("StateMachineDoesNotExist", None, action, stateMachineArn=arn, definition=passing(7))
        self.refused("ResourceNotFound", None, "DescribeStateMachineAlias",
                     stateMachineAliasArn=alias["stateMachineAliasArn"])
        self.refused("ResourceNotFound", None, "CreateStateMachineAlias", name="A",
                     routingConfiguration=routes((versions[0], 100)))
        self.refused("ActivityDoesNotExist", None, "DescribeActivity", activityArn=activity)
        for resource in (arn, activity):
            self.refused("ResourceNotFound", None, "ListTagsForResource", resourceArn=resource)
        self.assertEqual(self.call("ListStateMachines"), {"stateMachines": []})
        self.assertEqual(self.call("ListActivities"), {"activities": []})
        self.assertEqual(self.call("ListStateMachineVersions", stateMachineArn=arn), {"stateMachineVersions": []})
        # Nothing of what it deletes, or makes under the same name, is the first one's.
        self.call("DeleteStateMachine", stateMachineArn=arn)
        self.call("DeleteStateMachineVersion", stateMachineVersionArn=versions[1])
        self.call("DeleteStateMachineAlias", stateMachineAliasArn=alias["stateMachineAliasArn"])
        self.call("DeleteActivity", activityArn=activity)
        self.call("CreateStateMachine", name=arn.rpartition(":")[2], definition=passing(7), roleArn=ROLE)
        self.sfn = mine
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=versions[1])["definition"], passing(2))
        self.call("DescribeStateMachineAlias", stateMachineAliasArn=alias["stateMachineAliasArn"])
        self.call("DescribeActivity", activityArn=activity)

    def test_an_arn_of_another_account_or_region_names_nothing(self):
        arn = self.machine()
        for other in (arn.replace("us-east-1", "eu-central-1"), arn.replace(self.sfn.key.account, "999999999999")):
            self.refused("StateMachineDoesNotExist", "State Machine Does Not Exist: '%s'" % other,
                         "DescribeStateMachine", stateMachineArn=other)
            self.refused("ResourceNotFound", None, "TagResource", resourceArn=other, tags=[])
            self.call("DeleteStateMachine", stateMachineArn=other)
        self.assertEqual(self.call("DescribeStateMachine", stateMachineArn=arn)["status"], "ACTIVE")


if __name__ == "__main__":
    unittest.main()
