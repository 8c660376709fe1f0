"""test_tenants.py - the wall between operators, on every route there is; scopes; tokens."""
import base64
import json
import subprocess
import time
import unittest

import jwt

import harness
from contract import (PREFIX, SCOPES, WAIT, Api, Case, callback, callback_token, child, lock, plan,
                      task, wait)

MISSING = "0" * 26


def routes():
    """(method, path, scope) of each route, as the server itself lists them."""
    done = subprocess.run([harness.BIN, "serve", "--routes"], capture_output=True, text=True,
                          check=True)
    return [line.split(" ", 2) for line in done.stdout.splitlines()]


class TheWall(Case):
    def setUp(self):
        super().setUp()
        self.stranger = Api(self.server, self.operator + "-not")
        self.api.plan("leaf", WAIT)
        self.api.start("plan-a", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [
                plan(L=lock("door", Next="T"), T=task("task:t")), plan(K=callback()),
                plan(H=task("human")), plan(C=child("leaf", "leaf"))]}}}, locks=["start"])
        self.api.wait("leaf", "WAITING_FOR_TIMER")
        self.api.start("halted", WAIT)
        self.ids = {
            "execution": "plan-a",
            "halt": self.api.halt("halted")["halt_id"],
            "human": self.api.get("human_tasks")["human_tasks"][0]["human_task_id"],
            "task": self.api.poll("t")["task_token"],
            "callback": callback_token(self.api, "plan-a"),
        }
        self.before = self.server.dump("requests")

    def bodies(self, ids, plan_id):
        """A body for each verb that names something by an id."""
        return {
            "run_plan": {"plan_id": plan_id},
            "halt_execution": {"plan_execution_id": ids["execution"]},
            "halt_child_executions": {"plan_execution_id": ids["execution"]},
            "verify_halt": {"halt_id": ids["halt"]},
            "pause_execution": {"plan_execution_id": ids["execution"]},
            "restart_execution": {"plan_execution_id": ids["execution"]},
            "execution_callback": {"callback_token": ids["callback"], "output": 1},
            "complete_task": {"task_token": ids["task"], "output": 1},
            "fail_task": {"task_token": ids["task"], "error": "E"},
            "heartbeat_task": {"task_token": ids["task"]},
            "complete_human_task": {"human_task_id": ids["human"], "output": 1},
        }

    def test_each_route_with_a_foreign_id_answers_as_with_a_missing_one(self):
        missing = {"execution": "missing", "halt": MISSING, "human": "0" * 39,
                   "task": "A" * len(self.ids["task"]), "callback": "A" * len(self.ids["callback"])}
        foreign, absent = self.bodies(self.ids, "plan-a"), self.bodies(missing, "missing")
        seen = 0
        for method, path, _ in routes():
            if not path.startswith(PREFIX):
                continue
            name = path[len(PREFIX):]
            if method == "POST":
                if name in ("create_plan", "poll_task"):
                    continue
                theirs = self.stranger.post(name, foreign.pop(name))
                nobodys = self.stranger.post(name, absent[name])
            elif "{id}" in name:
                kind = "halt" if name.startswith("halts") else "execution"
                theirs = self.stranger.call("GET", name.replace("{id}", self.ids[kind]))
                nobodys = self.stranger.call("GET", name.replace("{id}", missing[kind]))
            else:
                continue
            seen += 1
            self.assertEqual(theirs.status, 404, (name, theirs))
            self.assertEqual(theirs.raw, nobodys.raw, name)
        self.assertEqual(foreign, {})
        self.assertGreaterEqual(seen, 19)
        self.assertEqual(self.server.dump("requests"), self.before)

    def test_a_callback_by_place_and_a_foreign_callback_token(self):
        for body in ({"plan_execution_id": "plan-a", "output": 1},
                     {"plan_execution_id": "plan-a", "state": "K", "output": 1}):
            theirs = self.stranger.post("execution_callback", body)
            nobodys = self.stranger.post("execution_callback", dict(body, plan_execution_id="no"))
            self.assertEqual((theirs.status, theirs.raw), (404, nobodys.raw))
        self.assertEqual(self.server.dump("requests"), self.before)

    def test_lists_show_nothing_of_others(self):
        for path, member in (("executions", "executions"), ("plans", "plans"), ("locks", "locks"),
                             ("human_tasks", "human_tasks"),
                             ("executions?plan_id=plan-a", "executions")):
            self.assertEqual(self.stranger.get(path)[member], [], path)
            self.assertNotEqual(self.api.get(path)[member], [], path)
        self.assertNotEqual(self.stranger.call("GET", "executions?parent=plan-a").json,
                            self.api.call("GET", "executions?parent=plan-a").json)

    def test_cursors_of_others_open_nothing(self):
        cursor = self.api.get("executions?limit=1")["next_cursor"]
        self.assertEqual(self.stranger.get("executions?cursor=" + cursor)["executions"], [])

    def test_polls_get_nothing_of_others(self):
        self.api.start("y", plan(T=task("task:t2")))
        self.assertIsNone(self.stranger.poll("t2", 0))
        self.assertIsNotNone(self.api.poll("t2", 0))

    def test_names_plans_locks_and_keys_are_per_operator(self):
        other = self.stranger
        self.assertEqual(other.plan("plan-a", WAIT), 1)
        self.assertEqual(other.run("plan-a", "plan-a", locks=["start", "door"]),
                         "WAITING_FOR_TIMER")
        other.start("halted", WAIT)
        mine = self.api.post("halt_execution", {"plan_execution_id": "halted"}, "k")
        theirs = other.post("halt_execution", {"plan_execution_id": "halted"}, "k")
        self.assertEqual((mine.json["outcome"], theirs.json["outcome"]),
                         ("already_halted", "halted"))
        holders = {one["name"]: one["holder"] for one in self.api.get("locks")["locks"]}
        self.assertEqual(holders, {"start": "plan-a", "door": "plan-a"})
        self.assertEqual(self.api.show("plan-a")["plan_version"], 1)
        other.halt("plan-a", halt_all_child_executions=True)
        self.assertEqual(self.api.status("leaf"), "WAITING_FOR_TIMER")

    def test_a_child_is_in_its_parents_tenant_and_foreign_plans_cannot_be_started(self):
        self.stranger.start("x", plan(C=child("leaf")))
        self.assertEqual(self.stranger.wait("x", "FAILED")["error"], "Plan.NotFound")


class Scopes(Case):
    def test_each_route_refuses_a_token_without_its_scope_before_any_look_up(self):
        self.api.start("x", WAIT)
        body = TheWall.bodies(self, {"execution": "x", "halt": MISSING, "human": "h", "task": "t",
                                     "callback": "c"}, "x")
        body.update(create_plan={"plan_id": "q", "definition": WAIT},
                    poll_task={"task": "t", "worker": "w"})
        before = self.server.dump()
        for method, path, scope in routes():
            if scope == "-":
                continue
            rest = " ".join(word for word in (SCOPES + " admin").split() if word != scope)
            name = path[len(PREFIX):]
            for has, statuses in ((rest, (403,)), ("", (403,)), (None, (403,)),
                                  ("nothing known " + rest, (403,))):
                api = Api(self.server, self.operator, scope=has)
                target = path.replace("{id}", "x")
                answer = api.call(method, target, body.get(name))
                self.assertIn(answer.status, statuses, (method, path, has, answer))
                self.refused(answer, 403, "FORBIDDEN")
        self.assertEqual(self.server.dump(), before)
        for method, path, scope in routes():
            if scope == "-" or path.endswith("halt_execution") or path.endswith("create_plan"):
                continue
            api = Api(self.server, self.operator, scope=scope)
            answer = api.call(method, path.replace("{id}", "x"), body.get(path[len(PREFIX):]))
            self.assertNotIn(answer.status, (401, 403), (method, path, answer))

    def test_403_and_401_tell_no_cause(self):
        reader = Api(self.server, self.operator, scope="read")
        bodies = {reader.post("halt_execution", {"plan_execution_id": name}).raw
                  for name in ("x", "y")}
        self.assertEqual(len(bodies), 1)


class Tokens(Case):
    def setUp(self):
        super().setUp()
        self.api.start("x", WAIT)
        self.seen = set()

    def refuse(self, token):
        self.api.token = token
        answer = self.api.post("halt_execution", {"plan_execution_id": "x"})
        self.refused(answer, 401, "UNAUTHENTICATED")
        self.assertEqual(answer.headers["www-authenticate"], "Bearer")
        self.seen.add(answer.raw)
        self.assertEqual(len(self.seen), 1)

    def accept(self, token):
        self.api.token = token
        self.assertEqual(self.api.call("GET", "executions").status, 200)

    def claims(self, **claims):
        return self.server.mint(self.operator, **claims)

    def sign(self, header, claims=None, key=None, algorithm="HS256"):
        now = int(time.time())
        claims = claims or {"iss": "fermata", "aud": "fermata", "sub": "a", "scope": SCOPES,
                            "operator_name": self.operator, "exp": now + 60}
        return jwt.encode(claims, self.server.key() if key is None else key, algorithm=algorithm,
                          headers=header)

    def test_none_and_damaged(self):
        good = self.claims()
        head, body, signature = good.split(".")
        self.accept(good)
        flipped = base64.urlsafe_b64encode(bytes(
            [base64.urlsafe_b64decode(signature + "=")[0] ^ 1]) +
            base64.urlsafe_b64decode(signature + "=")[1:]).rstrip(b"=").decode()
        for bad in (None, "x", "a.b.c", head + "." + body, head + "." + body + ".", good + ".x",
                    head + "." + body + "." + flipped, good + "=", body + "." + head, good[:-2],
                    head + "." + self.claims(sub="eve").split(".")[1] + "." + signature):
            self.refuse(bad)

    def test_u1_alg_none_in_any_case(self):
        body = self.claims().split(".")[1]
        for alg in ("none", "None", "NONE", "nOnE", ""):
            head = base64.urlsafe_b64encode(json.dumps(
                {"alg": alg, "kid": "local", "typ": "JWT"}).encode()).rstrip(b"=").decode()
            self.refuse(head + "." + body + ".")
            self.refuse(head + "." + body + "." + self.claims().split(".")[2])

    def test_u3_u4_other_algorithms_and_key_ids(self):
        self.refuse(self.sign({"kid": "local"}, algorithm="HS384"))
        self.refuse(self.sign({"kid": "local"}, algorithm="HS512"))
        for kid in ("other", "", "../keys/local", "../../dev/null", "local' OR 1=1", "k" * 5000):
            self.refuse(self.sign({"kid": kid}))
        self.refuse(self.sign({"kid": "local"}, key=b"0" * 32))
        self.refuse(self.sign({"kid": "local"}, key=b""))

    def test_u5_u6_u7_headers_that_point_elsewhere(self):
        for header in ({"jku": "http://127.0.0.1/k"}, {"x5u": "http://127.0.0.1/k"},
                       {"jwk": {"kty": "oct", "k": "AAAA"}}, {"x5c": ["AAAA"]}, {"crit": ["exp"]},
                       {"b64": False, "crit": ["b64"]}):
            self.refuse(self.sign(dict(header, kid="local")))

    def test_u10_u11_times(self):
        now = int(time.time())
        for exp in (None, now - 1, now, str(now + 60), now + 60.5, 2 ** 63, -1, True):
            self.refuse(self.claims(exp=exp))
        for name in ("nbf", "iat"):
            self.refuse(self.claims(**{name: now + 120}))
            self.refuse(self.claims(**{name: str(now)}))
            self.accept(self.claims(**{name: now + 30}))
            self.accept(self.claims(**{name: None}))

    def test_u21_a_cached_token_dies_with_its_exp(self):
        token = self.claims(exp=int(time.time()) + 2)
        self.accept(token)
        time.sleep(2.1)
        self.refuse(token)

    def test_u12_issuer_and_audience(self):
        for claims in ({"iss": None}, {"iss": "other"}, {"iss": "Fermata"}, {"iss": "fermata/"},
                       {"aud": None}, {"aud": "other"}, {"aud": "Fermata"}, {"aud": []},
                       {"aud": ["other"]}, {"aud": 1}):
            self.refuse(self.sign({"kid": "local"}, dict(
                {k: v for k, v in {"iss": "fermata", "aud": "fermata", "sub": "a", "scope": SCOPES,
                                   "operator_name": self.operator,
                                   "exp": int(time.time()) + 60, **claims}.items()
                 if v is not None})))
        self.accept(self.claims(aud=["other", "fermata"]))

    def test_u13_the_kind_of_token(self):
        for typ in ("ID", "Refresh", 1):
            self.refuse(self.claims(typ=typ))
        self.accept(self.claims(typ="Bearer"))

    def test_u15_operator_portal_and_subject(self):
        for name in ("", 1, [], {}, True, "a" * 256, "a\0b", "a b", "a\u200bb", "\u0430", "Acme",
                     "a%62", "a/b", "a\n"):
            self.api.operator = name
            self.refuse(self.claims(operator_name=name))
            self.refuse(self.claims(portal_id=name))
        self.refuse(self.claims(operator_name=None))
        self.refuse(self.claims(sub=None))
        self.refuse(self.claims(sub=""))
        self.refuse(self.claims(sub="a\nb"))
        self.accept(self.claims(portal_id=None))
        self.accept(self.claims(operator_name="a" * 255, portal_id="a.b_c-9"))

    def test_u22_a_right_that_is_missing_is_403(self):
        self.api.token = self.claims(scope="read run work answer")
        self.refused(self.api.post("halt_execution", {"plan_execution_id": "x"}), 403, "FORBIDDEN")

    def test_the_command_line_makes_tokens_of_an_operator_a_portal_and_a_time(self):
        token = self.server.token(self.operator, portal="kiosk", sub="bob")
        claims = jwt.decode(token, self.server.key(), algorithms=["HS256"], audience="fermata")
        self.assertEqual((claims["operator_name"], claims["portal_id"], claims["sub"]),
                         (self.operator, "kiosk", "bob"))
        self.assertEqual(claims["scope"].split(), SCOPES.split())
        self.assertEqual(claims["exp"] - claims["iat"], 3600)
        self.accept(token)
        self.accept(self.server.token(self.operator, scope="read", ttl="1m"))

    def test_the_folders_own_token_is_of_the_operator_default(self):
        claims = jwt.decode(self.server.own_token, self.server.key(), algorithms=["HS256"],
                            audience="fermata")
        self.assertEqual(claims["operator_name"], "default")
        self.assertNotIn("admin", claims["scope"])


if __name__ == "__main__":
    unittest.main()
