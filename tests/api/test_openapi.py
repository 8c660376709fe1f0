"""test_openapi.py - docs/openapi.yaml and the server describe the same API."""
import json
import subprocess
import unittest

import jsonschema

import harness

CODES = {400: "INVALID_REQUEST", 401: "UNAUTHENTICATED", 403: "FORBIDDEN", 422: "IDEMPOTENCY_KEY_REUSED"}


def routes():
    """(method, path, scope) of every route the server knows; scope '-' for those open to all."""
    done = subprocess.run([harness.BIN, "serve", "--routes"], capture_output=True, text=True,
                          timeout=30, check=True)
    return [tuple(line.split()) for line in done.stdout.splitlines()]


def operations():
    for path, item in harness.spec().root["paths"].items():
        for method in ("get", "put", "post", "delete", "patch"):
            if method in item:
                yield method.upper(), path, item[method]


class Description(unittest.TestCase):
    def test_every_route_is_described_and_every_description_is_a_route(self):
        self.assertEqual(sorted((method, path) for method, path, _ in routes()),
                         sorted((method, path) for method, path, _ in operations()))

    def test_scopes_are_those_of_the_routes(self):
        described = {(method, path): operation["security"] for method, path, operation in operations()}
        for method, path, scope in routes():
            with self.subTest(path):
                security = described[method, path]
                if scope == "-":
                    self.assertEqual(security, [])
                else:
                    self.assertIn({"bearer": [scope]}, security)
                    self.assertIn(scope, harness.SCOPES)

    def test_names_of_operations_are_unique_and_those_of_the_verbs(self):
        names = [operation["operationId"] for _, _, operation in operations()]
        self.assertEqual(len(names), len(set(names)))
        for method, path, operation in operations():
            if method == "POST":
                self.assertEqual(operation["operationId"], path.rpartition("/")[2])

    def test_every_reference_leads_somewhere_and_every_component_is_used(self):
        spec, used = harness.spec(), set()

        def walk(node):
            if isinstance(node, dict):
                if isinstance(node.get("$ref"), str):
                    used.add(node["$ref"])
                    spec.resolver.resolve(node["$ref"])
                for value in node.values():
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)

        walk(spec.root)
        components = spec.root["components"]
        defined = {"#/components/%s/%s" % (kind, name) for kind in components
                   for name in components[kind] if kind != "securitySchemes"}
        self.assertEqual(defined, used)

    def test_schemas_are_schemas(self):
        spec = harness.spec()
        for name, schema in spec.root["components"]["schemas"].items():
            with self.subTest(name):
                jsonschema.Draft202012Validator.check_schema(schema)
        for method, path, operation in operations():
            with self.subTest(path):
                for response in operation["responses"].values():
                    for content in spec.follow(response)["content"].values():
                        jsonschema.Draft202012Validator.check_schema(content["schema"])

    def test_bodies_allow_no_field_beyond_those_described(self):
        for method, path, operation in operations():
            if method == "POST":
                body = harness.spec().follow(operation["requestBody"])
                schema = body["content"]["application/json"]["schema"]
                self.assertIs(schema["additionalProperties"], False, path)


class Server(harness.Case):
    """The description against a running server: fields, parameters, methods, tokens."""

    def paths(self, methods=("GET", "POST")):
        for method, path, operation in operations():
            if method in methods:
                yield method, path.replace("{id}", "x" * 26), operation

    def test_described_fields_are_known_and_others_are_not(self):
        for _, path, operation in self.paths(["POST"]):
            body = harness.spec().follow(operation["requestBody"])
            schema = body["content"]["application/json"]["schema"]
            verb = path.rpartition("/")[2]
            for name in schema["properties"]:
                with self.subTest(path, field=name):
                    # No field is of a type that takes all of these; the refusal names the field, so it is known.
                    pointers = set()
                    for value in ({}, [], "", 1.5, True):
                        answer = self.server.post(verb, {name: value})
                        if answer.status == 400:
                            pointers.add((answer.json.get("pointer"), answer.json["detail"]))
                    self.assertNotIn(("/" + name, "there is no such field"), pointers)
            with self.subTest(path, field="unknown"):
                answer = self.server.post(verb, {"no_such_field": 1})
                self.problem(answer, 400, "INVALID_REQUEST", "/no_such_field")

    def test_required_fields_are_required(self):
        for _, path, operation in self.paths(["POST"]):
            body = harness.spec().follow(operation["requestBody"])
            schema = body["content"]["application/json"]["schema"]
            verb = path.rpartition("/")[2]
            with self.subTest(path):
                answer = self.server.post(verb, {})
                self.problem(answer, 400, "INVALID_REQUEST")
                if schema.get("required"):
                    self.assertIn(answer.json["pointer"][1:], schema["required"])

    def test_described_parameters_are_known_and_others_are_not(self):
        values = {"status": "PENDING", "plan_version": "1", "limit": "1", "cursor": "0" * 26,
                  "plan_id": "x", "parent": "x"}
        for _, path, operation in self.paths(["GET"]):
            spec = harness.spec()
            parameters = [spec.follow(p) for p in operation.get("parameters", [])]
            names = {p["name"] for p in parameters if p["in"] == "query"}
            for name, value in values.items():
                with self.subTest(path, parameter=name):
                    answer = self.server.get("%s?%s=%s" % (path, name, value))
                    refused = (answer.json or {}).get("detail") == "there is no such parameter"
                    self.assertEqual(refused, name not in names, answer.raw[:500])
                    if refused:
                        self.problem(answer, 400, "INVALID_REQUEST", "/query/" + name)

    def test_without_a_token_all_is_refused_alike(self):
        for method, path, operation in self.paths():
            if operation["security"] == [] or {} in operation["security"]:
                continue
            with self.subTest(path):
                body = self.valid(path)
                answers = [self.server.send(method, path, body, self.json(method), token=token)
                           for token in (None, "x", "a.b.c", self.server.own_token + "x")]
                for answer in answers:
                    self.problem(answer, 401, "UNAUTHENTICATED")
                    self.assertEqual(answer.raw, answers[0].raw)

    def test_a_token_without_the_scope_is_refused(self):
        for method, path, operation in self.paths():
            scopes = [entry["bearer"][0] for entry in operation["security"] if entry]
            if not scopes:
                continue
            others = " ".join(scope for scope in harness.SCOPES if scope not in scopes)
            token = self.server.token(scope=others)
            with self.subTest(path):
                answer = self.server.send(method, path, self.valid(path), self.json(method), token)
                self.problem(answer, 403, "FORBIDDEN")

    def test_other_methods_are_refused_with_allow(self):
        for method, path, _ in self.paths():
            allowed = {"POST"} if method == "POST" else {"GET", "HEAD"}
            for other in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - allowed:
                with self.subTest(path, method=other):
                    answer = self.server.send(other, path, b"{}" if other == "POST" else None,
                                              self.json(other))
                    self.problem(answer, 405, "METHOD_NOT_ALLOWED")
                    self.assertEqual(set(answer.headers["allow"].split(", ")), allowed)

    def test_head_is_get_without_a_body(self):
        answer = self.server.send("HEAD", harness.PREFIX + "/executions")
        self.assertEqual((answer.status, answer.raw), (200, b""))

    def test_unknown_routes(self):
        for path in ("/", "/api", "/api/v3/orchestration", "/api/v3/orchestration/executionss",
                     "/api/v3/orchestration/executions/", "/api/v3/orchestration/executions/x/y",
                     "/api/v3/orchestration/executions/x/tree/", "/api/v3/orchestration/livez",
                     "/executions", "/LIVEZ", "/livez/"):
            with self.subTest(path):
                self.problem(self.server.get(path), 404, "NOT_FOUND")

    def json(self, method):
        return {"Content-Type": "application/json"} if method == "POST" else {}

    def valid(self, path):
        """A body whose form is right: form is looked at before the token."""
        name = path.rpartition("/")[2]
        fields = {"create_plan": {"plan_id": "p", "definition": {}}, "run_plan": {"plan_id": "p"},
                  "verify_halt": {"halt_id": "x"}, "poll_task": {"task": "t", "worker": "w"},
                  "complete_task": {"task_token": "t", "output": 1},
                  "fail_task": {"task_token": "t", "error": "E"},
                  "heartbeat_task": {"task_token": "t"},
                  "execution_callback": {"plan_execution_id": "x", "output": 1},
                  "complete_human_task": {"human_task_id": "x", "output": 1}}
        if "_" not in name or name == "human_tasks":
            return None
        return json.dumps(fields.get(name, {"plan_execution_id": "x"})).encode()


if __name__ == "__main__":
    unittest.main()
