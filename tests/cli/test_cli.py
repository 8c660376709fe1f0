#!/usr/bin/python3
"""test_cli.py - every command of the real binary against a server that is played by this file.

Proves what the command line sends, what it prints, its exit codes and its retries. FERMATA_BIN names the binary.
"""
import json
import os
import re
import subprocess
import time
import unittest

from fake import Case, Drop, ROOT, Terminal, problem

EXECUTION = {"plan_execution_id": "order-1", "plan_id": "order", "plan_version": 2,
             "status": "WAITING_FOR_TIMER", "last_state": "Cool", "epoch": 3,
             "input": {"a": 1}, "output": None, "error": None, "cause": None,
             "context": {"related_executions": {"master_plan_execution_id": "unset"}},
             "batch_operations": [], "halt_id": None, "created_at": 1763860000000,
             "updated_at": 1763860001000, "ended_at": None}


class Connection(Case):
    def test_the_folder_names_the_server_and_the_token(self):
        self.routes["GET executions"] = 200, {"executions": [], "next_cursor": None}
        self.run_cli("ps")
        self.assertEqual(self.last()["headers"]["Authorization"], "Bearer secret-token")
        self.run_cli("--dir", self.dir, "ps", env={"FERMATA_DIR": "/nowhere"})
        self.run_cli("ps", "--dir=" + self.dir, env={"FERMATA_DIR": "/nowhere"})

    def test_the_environment_names_them(self):
        self.routes["GET executions"] = 200, {"executions": [], "next_cursor": None}
        env = {"FERMATA_URL": self.fake.url + "/", "FERMATA_TOKEN": "other", "FERMATA_DIR": "/nowhere"}
        self.run_cli("ps", env=env)
        self.assertEqual(self.last()["headers"]["Authorization"], "Bearer other")
        self.run_cli("--dir", self.dir, "ps", env=env)
        self.assertEqual(self.last()["headers"]["Authorization"], "Bearer secret-token")
        self.run_cli("--url", self.fake.url, "ps", env={"FERMATA_TOKEN": "mine"})
        self.assertEqual(self.last()["headers"]["Authorization"], "Bearer mine")

    def test_a_proxy_never_sees_the_token_of_a_local_server(self):
        self.routes["GET executions"] = 200, {"executions": [], "next_cursor": None}
        self.run_cli("ps", env={"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"})

    def test_a_server_that_is_not_there_is_said_with_what_to_do(self):
        self.write("url", "http://127.0.0.1:9\n")
        done = self.run_cli("ps", code=3)
        self.assertIn("start it with: fermata serve --dir " + self.dir, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_an_address_that_is_none_is_wrong_usage(self):
        self.assertIn("http://", self.run_cli("--url", "ftp://x", "ps", code=2).stderr)

    def test_something_else_that_answers_is_not_taken_for_a_server(self):
        self.routes["GET executions"] = 200, b"<html>hello</html>"
        self.assertIn("is it a Fermata server", self.run_cli("ps", code=3).stderr)
        self.routes["GET executions"] = 502, b"<html>bad gateway</html>"
        self.assertIn("502", self.run_cli("ps", code=3).stderr)

    def test_a_busy_server_is_asked_again(self):
        busy = problem(503, "UNAVAILABLE")
        self.routes["GET executions"] = [busy, busy, (200, {"executions": [], "next_cursor": None})]
        self.run_cli("ps")
        self.assertEqual(len(self.fake.calls), 3)
        self.routes["GET executions"] = busy
        done = self.run_cli("ps", "--retry", "300ms", code=3)
        self.assertIn("try again", done.stderr)

    def test_what_is_not_safe_to_repeat_is_sent_once(self):
        def drop(call):
            raise Drop()
        self.routes["POST pause_execution"] = drop
        done = self.run_cli("pause", "x", code=3)
        self.assertIn("may have arrived", done.stderr)
        self.assertEqual(len(self.fake.calls), 1)


class Errors(Case):
    def test_exit_codes_follow_the_status(self):
        for status, code in ((400, 2), (401, 5), (403, 5), (404, 4), (408, 3), (409, 1), (412, 1),
                             (413, 2), (422, 1), (500, 3), (501, 3)):
            self.routes["GET executions/x"] = problem(status, "SOME_CODE", "words", detail="more words")
            done = self.run_cli("show", "x", code=code)
            self.assertIn("words (SOME_CODE)", done.stderr)
            self.assertIn("more words", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_errors_say_what_to_do_next(self):
        for status, code, words in (
                (401, "UNAUTHENTICATED", "fermata token --dir " + self.dir),
                (403, "FORBIDDEN", "--scope"),
                (404, "EXECUTION_NOT_FOUND", "fermata ps"),
                (409, "INVALID_STATE_TRANSITION", "fermata halt x --children-only"),
                (409, "TOO_MANY_AFFECTED", "--dry-run"),
                (412, "PRECONDITION_FAILED", "fermata show x"),
                (422, "IDEMPOTENCY_KEY_REUSED", "--idempotency-key")):
            self.routes["POST halt_execution"] = problem(status, code)
            done = self.run_cli("halt", "x", "--yes", code={401: 5, 403: 5, 404: 4}.get(status, 1))
            self.assertIn(words, done.stderr)

    def test_more_members_and_the_pointer_are_shown(self):
        self.routes["GET executions/x"] = problem(
            400, "INVALID_REQUEST", pointer="/input", active_descendants=7, plan={"big": 1})
        done = self.run_cli("show", "x", code=2)
        self.assertIn("at: /input", done.stderr)
        self.assertIn("active_descendants: 7", done.stderr)
        self.assertNotIn("big", done.stderr)

    def test_with_json_the_problem_itself_is_printed(self):
        self.routes["GET executions/x"] = problem(409, "SOME_CODE")
        done = self.run_cli("-o", "json", "show", "x", code=1)
        self.assertEqual(json.loads(done.stderr)["code"], "SOME_CODE")
        self.assertEqual(done.stdout, "")

    def test_a_missing_token_is_said(self):
        os.unlink(os.path.join(self.dir, "token"))
        self.routes["GET executions/x"] = problem(401, "UNAUTHENTICATED")
        self.assertIn("no token was sent", self.run_cli("show", "x", code=5).stderr)
        self.assertNotIn("Authorization", self.last()["headers"])

    def test_wrong_usage_ends_with_2(self):
        for args in ([], ["bogus"], ["plan"], ["plan", "bogus"], ["show"], ["show", "a", "b"],
                     ["ps", "--limit", "x"], ["ps", "--limit", "0"], ["ps", "--bogus"], ["-o", "xml", "ps"],
                     ["halt", "x", "--wait", "some"], ["halt", "x", "--wait-ms", "5", "--yes"],
                     ["halt", "x", "--children", "--children-only"], ["callback"], ["worker", "--", "true"],
                     ["callback", "x", "--token", "t"], ["callback", "x", "--output", "{"],
                     ["callback", "x", "--cause", "c"], ["run", "p", "--input", "@/nowhere"],
                     ["run", "p", "--start-at", "soon"], ["completion", "fish"], ["help", "bogus"],
                     ["token", "--ttl", "1"], ["token", "--scope", "bogus"]):
            self.assertTrue(self.run_cli(*args, code=2).stderr, args)
        self.assertEqual(self.fake.calls, [])


class Help(Case):
    def test_the_overview_and_the_topics(self):
        self.assertIn("halt", self.run_cli("--help").stdout)
        self.assertRegex(self.run_cli("--version").stdout, r"^fermata \d+\.\d+\.\d+\n$")
        self.assertIn("   6  verify", self.run_cli("help", "exit-codes").stdout)
        self.assertIn("FERMATA_URL", self.run_cli("help", "environment").stdout)
        self.assertIn("human complete [OPTION...] HUMAN_TASK_ID",
                      self.run_cli("help", "human", "complete").stdout)
        self.assertIn("--children-only", self.run_cli("halt", "--help").stdout)
        self.assertIn("JSON_DEPTH", self.run_cli("limits").stdout)
        self.assertTrue(json.loads(self.run_cli("limits", "-o", "json").stdout))

    def test_the_reference_page_is_the_help(self):
        with open(os.path.join(ROOT, "docs", "cli.md")) as file:
            self.assertEqual(file.read(), self.run_cli("help", "--markdown").stdout)

    def test_bash_completes(self):
        script = self.run_cli("completion", "bash").stdout
        path = self.write("completion.bash", script)
        for words, expected in ((["pla"], "plan"), (["plan", ""], "validate"), (["human", "co"], "complete"),
                                (["halt", "--children-o"], "--children-only"),
                                (["--dir", "x", "rece"], "receipt")):
            line = "source %s; COMP_WORDS=(fermata %s); COMP_CWORD=%d; _fermata; echo ${COMPREPLY[*]}" % (
                path, " ".join("'%s'" % word for word in words), len(words))
            done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20)
            self.assertIn(expected, done.stdout.split(), line)


class Plans(Case):
    GOOD = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}

    def test_put_takes_a_file_or_standard_input(self):
        self.routes["POST create_plan"] = 200, {"plan_id": "p", "plan_version": 4, "created": True}
        path = self.write("plan.json", json.dumps(self.GOOD))
        self.assertEqual(self.run_cli("plan", "put", "p", path).stdout, "p version 4\n")
        self.assertEqual(self.last()["body"], {"plan_id": "p", "definition": self.GOOD})
        self.routes["POST create_plan"] = 200, {"plan_id": "p", "plan_version": 4, "created": False}
        done = self.run_cli("plan", "put", "p", "-", stdin=json.dumps(self.GOOD))
        self.assertIn("unchanged", done.stdout)
        self.assertEqual(json.loads(self.run_cli("plan", "put", "p", path, "-o", "json").stdout)["plan_version"], 4)

    def test_put_says_what_is_wrong(self):
        self.run_cli("plan", "put", "p", "/nowhere", code=2)
        self.assertIn("not JSON", self.run_cli("plan", "put", "p", "-", stdin="{", code=2).stderr)
        self.routes["POST create_plan"] = problem(400, "INVALID_REQUEST", problems=[
            {"pointer": "/StartAt", "rule": "START_UNKNOWN", "message": "no such state"}])
        done = self.run_cli("plan", "put", "p", "-", stdin="{}", code=2)
        self.assertIn("/StartAt: START_UNKNOWN: no such state", done.stderr)

    def test_get_prints_the_definition(self):
        self.routes["GET plans/a:b"] = problem(404, "PLAN_NOT_FOUND")
        self.routes["GET plans/a%3Ab"] = 200, {"plan_id": "a:b", "plan_version": 1, "definition": self.GOOD}
        self.assertEqual(json.loads(self.run_cli("plan", "get", "a:b").stdout), self.GOOD)
        self.run_cli("plan", "get", "a:b", "--version", "7")
        self.assertEqual(self.last()["query"], "plan_version=7")
        self.assertEqual(json.loads(self.run_cli("plan", "get", "a:b", "-o", "json").stdout)["plan_version"], 1)

    def test_list_follows_the_cursor(self):
        def plans(call):
            if "cursor=c%2F1" in call["query"]:
                return 200, {"plans": [{"plan_id": "b", "plan_version": 12, "created_at": 0}], "next_cursor": None}
            return 200, {"plans": [{"plan_id": "a", "plan_version": 1, "created_at": 0}], "next_cursor": "c/1"}
        self.routes["GET plans"] = plans
        done = self.run_cli("plan", "list")
        self.assertEqual([line.split()[:2] for line in done.stdout.splitlines()],
                         [["PLAN", "VERSION"], ["a", "1"], ["b", "12"]])
        self.assertEqual(len(json.loads(self.run_cli("plan", "list", "-o", "json").stdout)["plans"]), 2)

    def test_validate_needs_no_server_and_stops_a_build(self):
        env = {"FERMATA_DIR": "/nowhere"}
        good = self.write("good.json", json.dumps(self.GOOD))
        bad = self.write("bad.json", json.dumps({"StartAt": "B", "States": {
            "A": {"Type": "Pass", "Next": "C"}, "D": {"Type": "Bogus"}}}))
        self.assertIn("valid", self.run_cli("plan", "validate", good, env=env).stdout)
        done = self.run_cli("plan", "validate", good, bad, env=env, code=1)
        self.assertIn("bad.json: /StartAt: ", done.stdout)
        self.assertGreaterEqual(len(done.stdout.splitlines()), 4)
        answer = json.loads(self.run_cli("plan", "validate", bad, "-o", "json", env=env, code=1).stdout)
        self.assertFalse(answer["valid"])
        problems = answer["files"][0]["problems"]
        self.assertEqual(set().union(*problems), {"pointer", "rule", "message", "hint", "severity"})
        self.assertIn("    name a state of the States object", done.stdout)
        odd = self.write("odd.json", json.dumps({"StartAt": "A", "States": {
            "A": {"Type": "Pass", "Parameters": {"x": "$.y"}, "End": True}}}))
        told = self.run_cli("plan", "validate", odd, env=env).stdout
        self.assertIn("odd.json: valid", told)
        self.assertIn("/States/A/Parameters/x: warning LOOKS_LIKE_PATH", told)
        self.assertIn("JSON", self.run_cli("plan", "validate", "-", stdin="{]", env=env, code=1).stdout)
        self.run_cli("plan", "validate", "/nowhere", env=env, code=2)
        self.assertEqual(self.fake.calls, [])


class Run(Case):
    def test_run_sends_what_it_is_told(self):
        self.routes["POST run_plan"] = lambda call: (
            200, {"plan_execution_id": call["body"]["plan_execution_id"], "status": "PENDING"})
        done = self.run_cli("run", "order", "--id", "o-1", "--input", '{"a":1}', "--version", "3", "--lock", "x",
                            "--lock", "y", "--start-at", "2030-01-31T08:00:00Z", "--hold-on-failure")
        self.assertEqual(done.stdout, "o-1\n")
        self.assertEqual(self.last()["body"], {
            "plan_id": "order", "plan_execution_id": "o-1", "input": {"a": 1}, "plan_version": 3,
            "start_at": 1896076800000, "locks": ["x", "y"], "hold_on_failure": True})

    def test_a_start_is_safe_to_repeat_because_the_id_is_made_here(self):
        def lost(call):
            raise Drop()
        self.routes["POST run_plan"] = [lost, problem(503, "UNAVAILABLE"), (
            200, {"plan_execution_id": "made", "status": "PENDING"})]
        self.run_cli("run", "order")
        ids = [call["body"]["plan_execution_id"] for call in self.fake.calls]
        self.assertEqual(len(ids), 3)
        self.assertEqual(len(set(ids)), 1)
        self.assertRegex(ids[0], r"^[0-9a-z._:-]{1,128}$")

    def test_input_from_a_file_from_standard_input_and_start_times(self):
        self.routes["POST run_plan"] = 200, {"plan_execution_id": "x", "status": "PENDING"}
        path = self.write("input.json", '{"from": "file"}')
        self.run_cli("run", "order", "--input", "@" + path, "--start-at", "1896076800000")
        self.assertEqual(self.last()["body"]["input"], {"from": "file"})
        self.assertEqual(self.last()["body"]["start_at"], 1896076800000)
        self.run_cli("run", "order", "--input", "-", "--start-at", "+10m", stdin="[1]")
        self.assertEqual(self.last()["body"]["input"], [1])
        self.assertAlmostEqual(self.last()["body"]["start_at"], time.time() * 1000 + 600000, delta=20000)

    def test_wait_prints_the_output(self):
        self.routes["POST run_plan"] = 200, {"plan_execution_id": "x", "status": "EXECUTING"}
        going = 200, {**EXECUTION, "status": "EXECUTING"}
        self.routes["GET executions/x"] = [going, going, (200, {**EXECUTION, "status": "SUCCESS", "output": {"b": 2}})]
        done = self.run_cli("run", "order", "--id", "x", "--wait")
        self.assertEqual(json.loads(done.stdout), {"b": 2})
        self.assertEqual(done.stderr, "x\n")
        self.routes["GET executions/x"] = 200, {**EXECUTION, "status": "FAILED", "error": "No.Good", "cause": "it is so"}
        done = self.run_cli("run", "order", "--id", "x", "--wait", code=8)
        self.assertIn("No.Good: it is so", done.stderr)
        self.routes["GET executions/x"] = 200, {**EXECUTION, "status": "WAITING_FOR_RESTART", "error": "No.Good"}
        self.run_cli("run", "order", "--id", "x", "--wait", "--hold-on-failure", code=8)

    def test_pause_and_restart(self):
        for verb in ("pause", "restart"):
            self.routes["POST %s_execution" % verb] = 200, {
                "plan_execution_id": "x", "status": "WAITING_FOR_RESTART", "epoch": 2}
            done = self.run_cli(verb, "x", "--reason", "lunch")
            self.assertEqual(done.stdout, "x: WAITING_FOR_RESTART, epoch 2\n")
            self.assertEqual(self.last()["body"], {"plan_execution_id": "x", "reason": "lunch"})


class Look(Case):
    def test_ps_filters_and_pages(self):
        def executions(call):
            rows = [{**EXECUTION, "plan_execution_id": "e-%d" % i} for i in range(3)]
            more = "cursor" not in call["query"]
            return 200, {"executions": rows, "next_cursor": "next" if more else None}
        self.routes["GET executions"] = executions
        done = self.run_cli("ps", "--status", "STOPPED", "--plan", "a b", "--parent", "p", "--limit", "3")
        self.assertEqual(self.last()["query"], "status=STOPPED&plan_id=a%20b&parent=p&limit=3")
        self.assertIn("there are more", done.stderr)
        self.assertEqual(len(done.stdout.splitlines()), 4)
        done = self.run_cli("ps", "--all")
        self.assertEqual(len(done.stdout.splitlines()), 7)
        self.assertIn("order:2", done.stdout)
        self.assertEqual(done.stderr, "")
        answer = json.loads(self.run_cli("ps", "--all", "-o", "json").stdout)
        self.assertEqual(len(answer["executions"]), 6)

    def test_columns_line_up_in_any_script(self):
        self.routes["GET executions"] = 200, {"executions": [
            {**EXECUTION, "last_state": "料理", "created_at": 0},
            {**EXECUTION, "last_state": "plain", "created_at": 0}], "next_cursor": None}
        lines = self.run_cli("ps").stdout.splitlines()
        wide, plain = lines[1].index("料理"), lines[2].index("plain")
        self.assertEqual(wide, plain)
        self.assertEqual(lines[1][wide + 2:].index(re.search(r"\d", lines[1][wide:]).group()) + 4,
                         lines[2][plain:].index(re.search(r"\d", lines[2][plain:]).group()))

    def test_nobodys_data_steers_the_terminal(self):
        self.routes["GET executions/x"] = 200, {**EXECUTION, "cause": "a\x1b[2Jb\u009bc\u202ed\ne", "error": "E"}
        done = self.run_cli("show", "x")
        self.assertIn(r"a\x1b[2Jb\xc2\x9bc\xe2\x80\xaed\ne", done.stdout)

    def test_colour_only_on_a_terminal(self):
        self.routes["GET executions/x"] = 200, EXECUTION
        self.assertNotIn("\x1b", self.run_cli("show", "x").stdout)
        self.assertIn("\x1b[33mWAITING_FOR_TIMER", Terminal(self, ["show", "x"]).end()[1])
        self.assertNotIn("\x1b", Terminal(self, ["show", "x"], {"NO_COLOR": "1"}).end()[1])

    def test_show(self):
        self.routes["GET executions/x"] = 200, {**EXECUTION, "halt_id": "h-1", "context": {
            "related_executions": {"master_plan_execution_id": "boss"}}}
        done = self.run_cli("show", "x")
        for words in ("WAITING_FOR_TIMER", "order version 2", "boss", "h-1", '{"a":1}', "2025-11-2"):
            self.assertIn(words, done.stdout)
        self.assertEqual(json.loads(self.run_cli("show", "x", "-o", "json").stdout)["epoch"], 3)

    def test_tree_is_drawn(self):
        def node(name, parent, depth, status="EXECUTING"):
            return {"plan_execution_id": name, "parent": parent, "depth": depth, "status": status, "last_state": "S"}
        nodes = [node("r", None, 0), node("a", "r", 1), node("b", "r", 1, "STOPPED"), node("a1", "a", 2),
                 node("a2", "a", 2), node("b1", "b", 2)]
        self.routes["GET executions/r/tree"] = 200, {"nodes": nodes, "next_cursor": None}
        drawn = self.run_cli("tree", "r").stdout
        self.assertEqual([line.split("  ")[0] if line[0] == "r" else re.sub(r"  [A-Z].*", "", line)
                          for line in drawn.splitlines()],
                         ["r", "├─ a", "│  ├─ a1", "│  └─ a2", "└─ b", "   └─ b1"])
        plain = self.run_cli("tree", "r", env={"LC_ALL": "C"}).stdout
        self.assertIn("|  `- a2", plain)
        self.assertTrue(plain.isascii())

    def test_a_tree_that_is_a_chain_of_ten_thousand_is_drawn(self):
        nodes = [{"plan_execution_id": "n%d" % i, "parent": "n%d" % (i - 1) if i else "unset", "depth": i,
                  "status": "EXECUTING", "last_state": "S"} for i in range(10000)]
        pages = lambda call: (200, {"nodes": nodes[:5000], "next_cursor": "x"} if "cursor" not in call["query"]
                              else {"nodes": nodes[5000:], "next_cursor": None})
        self.routes["GET executions/n0/tree"] = pages
        done = self.run_cli("tree", "n0", "--all")
        self.assertEqual(len(done.stdout.splitlines()), 10000)
        self.assertIn("(depth 9999) n9999", done.stdout)

    def test_history_and_reservations_and_locks(self):
        self.routes["GET executions/x/history"] = 200, {"events": [
            {"seq": 1, "time_at": 0, "type": "EXECUTION.HALTED", "detail": {"previous_status": "EXECUTING"}}],
            "next_cursor": None}
        done = self.run_cli("history", "x")
        self.assertIn("1970-01-01T00:00:00.000Z  EXECUTION.HALTED", done.stdout)
        self.assertIn("previous_status=EXECUTING", done.stdout)
        self.routes["GET executions/x/reservations"] = 200, {"reservations": [
            {"reservation_id": "r1", "type": "TIMER", "status": "FRESH", "scheduled": True, "due_at": 0, "epoch": 1},
            {"reservation_id": "r0", "type": "TURN", "status": "USED", "scheduled": True, "due_at": 0, "epoch": 1}],
            "next_cursor": None}
        self.assertNotIn("r0", self.run_cli("reservations", "x").stdout)
        self.assertIn("r0", self.run_cli("reservations", "x", "--all").stdout)
        self.routes["GET locks"] = 200, {"locks": [
            {"name": "stock", "holder": "x", "fence": 4, "waiters": ["y", "z"]},
            {"name": "free", "holder": None, "fence": 1, "waiters": 0}]}
        done = self.run_cli("locks")
        self.assertRegex(done.stdout, r"stock +x +4 +y z")
        self.assertRegex(done.stdout, r"free +- +1 +0")

    def test_watch_prints_each_event_once_until_the_end(self):
        events = [{"seq": i, "time_at": 0, "type": "E%d" % i, "detail": {}} for i in range(1, 6)]
        seen = {"looks": 0}

        def status(call):
            seen["looks"] += 1
            return 200, {**EXECUTION, "status": "SUCCESS" if seen["looks"] > 3 else "EXECUTING"}

        def history(call):
            known = events[:seen["looks"] + 1]
            if "cursor=two" in call["query"]:
                return 200, {"events": known[2:], "next_cursor": None}
            return 200, {"events": known[:2], "next_cursor": "two" if len(known) > 2 else None}
        self.routes["GET executions/x"], self.routes["GET executions/x/history"] = status, history
        done = self.run_cli("watch", "x", "--every", "20ms")
        self.assertEqual(re.findall(r"E\d", done.stdout), ["E1", "E2", "E3", "E4", "E5"])
        self.assertTrue(done.stdout.endswith("x: SUCCESS\n"))
        seen["looks"] = 0
        lines = self.run_cli("watch", "x", "--every", "20ms", "-o", "json").stdout.splitlines()
        self.assertEqual([json.loads(line)["seq"] for line in lines], [1, 2, 3, 4, 5])


def halt_answer(outcome="halted", digest="d1", **members):
    return {"halt_execution_resp": {}, "outcome": outcome, "halt_id": "h-1", "callback_for_halt": {
        "plan_execution_id": "boss", "plan_version": 1, "result": "delivered"}, "receipt": {
            "halt_id": "h-1", "root": "x", "digest": digest, "truncated": True, "executions": [
                {"plan_execution_id": "x", "depth": 0, "previous_status": "WAITING_FOR_TIMER", "last_state": "Cool",
                 "epoch": 2, "reservations": [{"reservation_id": "r", "type": "TIMER", "scheduled": True}],
                 "locks": [{"name": "stock", "granted_to": "y", "fence": 3},
                           {"name": "till", "granted_to": None, "fence": 9}]}],
            "counts": {"executions": 1111, "reservations": 1300, "scheduled": 1200, "locks": 2, "granted": 1},
            "in_flight": [{"plan_execution_id": "x", "task": "charge", "worker": "w:1", "lease_until": 0,
                           "kind": "TASK"}], "anomalies": []}, **members}


class Halt(Case):
    def test_a_halt_asks_and_cannot_without_a_terminal(self):
        done = self.run_cli("halt", "x", code=2)
        self.assertIn("--yes", done.stderr)
        self.assertEqual(self.fake.calls, [])

    def test_the_question_is_about_a_dry_run_and_the_halt_carries_its_digest(self):
        self.routes["POST halt_execution"] = lambda call: (
            200, halt_answer("would_halt" if call["body"].get("dry_run") else "halted"))
        terminal = Terminal(self, ["halt", "x", "--children", "--reason", "fire"])
        terminal.until("Halt 1,111 executions? [y/N] ")
        terminal.type("y\n")
        code, out = terminal.end()
        self.assertEqual(code, 0, out)
        dry, real = self.fake.calls
        self.assertEqual(dry["body"], {"plan_execution_id": "x", "halt_all_child_executions": True, "reason": "fire",
                                       "dry_run": True})
        self.assertEqual(real["body"], {"plan_execution_id": "x", "halt_all_child_executions": True, "reason": "fire",
                                        "if_digest": "d1"})
        self.assertNotIn("Idempotency-Key", dry["headers"])
        self.assertRegex(real["headers"]["Idempotency-Key"], r"^[A-Za-z0-9_-]{32}$")
        for words in ("halted x (halt h-1)", "stock -> y", "till -> free", "1,200 of them in the schedule",
                      "charge of x, by w:1", "boss: delivered", "fermata verify h-1"):
            self.assertIn(words, out)

    def test_no_is_no(self):
        self.routes["POST halt_execution"] = 200, halt_answer("would_halt")
        for answer in ("n\n", "\n", "\x04"):
            self.fake.calls.clear()
            terminal = Terminal(self, ["halt", "x"])
            terminal.until("[y/N] ")
            terminal.type(answer)
            self.assertEqual(terminal.end()[0], 7)
            self.assertEqual(len(self.fake.calls), 1)

    def test_a_tree_that_changed_while_the_question_stood_is_shown_again(self):
        self.routes["POST halt_execution"] = [
            (200, halt_answer("would_halt", "d1")), problem(412, "PRECONDITION_FAILED"),
            (200, halt_answer("would_halt", "d2")), (200, halt_answer())]
        terminal = Terminal(self, ["halt", "x"])
        terminal.until("[y/N] ")
        terminal.type("y\n")
        terminal.until("it has changed")
        terminal.out = ""
        terminal.until("[y/N] ")
        terminal.type("yes\n")
        self.assertEqual(terminal.end()[0], 0)
        calls = self.fake.calls
        self.assertEqual([call["body"].get("if_digest") for call in calls], [None, "d1", None, "d2"])
        self.assertNotEqual(calls[1]["headers"]["Idempotency-Key"], calls[3]["headers"]["Idempotency-Key"])

    def test_what_was_halted_before_is_not_asked_about(self):
        self.routes["POST halt_execution"] = 200, halt_answer("already_halted", actor={"sub": "ann"})
        code, out = Terminal(self, ["halt", "x"]).end()
        self.assertEqual(code, 0)
        self.assertIn("was halted before", out)
        self.assertNotIn("[y/N]", out)

    def test_every_flag_reaches_the_wire(self):
        self.routes["POST halt_execution"] = 200, halt_answer(quiescent=True)
        self.run_cli("halt", "x", "--yes", "--children", "--input", "null", "--plan-version", "4", "--max-affected",
                     "9", "--if-status", "EXECUTING", "--if-epoch", "0", "--if-digest", "d", "--wait", "quiescent",
                     "--wait-ms", "50", "--idempotency-key", "my key", "--reason", "r")
        self.assertEqual(self.last()["body"], {
            "plan_execution_id": "x", "halt_all_child_executions": True, "input": None, "plan_version": 4,
            "max_affected": 9, "if_status": "EXECUTING", "if_epoch": 0, "if_digest": "d", "wait": "quiescent",
            "wait_ms": 50, "reason": "r"})
        self.assertEqual(self.last()["headers"]["Idempotency-Key"], "my key")

    def test_children_only_is_the_other_verb(self):
        self.routes["POST halt_child_executions"] = 200, halt_answer("children_halted")
        self.assertIn("halted what was active below x",
                      self.run_cli("halt", "x", "--yes", "--children-only").stdout)
        self.assertEqual(self.last()["body"], {"plan_execution_id": "x"})

    def test_a_dry_run_shows_the_digest_and_changes_nothing(self):
        self.routes["POST halt_execution"] = 200, halt_answer("would_halt")
        done = self.run_cli("halt", "x", "--dry-run")
        self.assertIn("digest        d1", done.stdout)
        self.assertTrue(self.last()["body"]["dry_run"])
        self.assertEqual(json.loads(self.run_cli("halt", "x", "--dry-run", "-o", "json").stdout)["outcome"],
                         "would_halt")

    def test_a_lost_answer_and_a_busy_server_are_repeated_under_one_key(self):
        def lost(call):
            raise Drop()
        self.routes["POST halt_execution"] = [lost, (*problem(503, "UNAVAILABLE"), {"Retry-After": "1"}), lost,
                                              (200, halt_answer())]
        start = time.monotonic()
        self.run_cli("halt", "x", "--yes")
        self.assertGreater(time.monotonic() - start, 0.5)
        self.assertEqual(len(self.fake.calls), 4)
        self.assertEqual(len({call["headers"]["Idempotency-Key"] for call in self.fake.calls}), 1)
        self.assertEqual(len({json.dumps(call["body"]) for call in self.fake.calls}), 1)

    def test_when_the_answer_stays_lost_the_key_is_told(self):
        def lost(call):
            raise Drop()
        self.routes["POST halt_execution"] = lost
        done = self.run_cli("halt", "x", "--yes", "--retry", "200ms", code=3)
        key = self.fake.calls[0]["headers"]["Idempotency-Key"]
        self.assertIn("--idempotency-key " + key, done.stderr)

    def test_a_server_that_fails_is_not_asked_again(self):
        self.routes["POST halt_execution"] = problem(500, "PAUSED_EXECUTION_REMOVE_FAILED")
        self.run_cli("halt", "x", "--yes", code=3)
        self.assertEqual(len(self.fake.calls), 1)

    def test_not_quiet_in_time_has_its_own_exit_code(self):
        self.routes["POST halt_execution"] = 200, halt_answer(quiescent=False)
        self.run_cli("halt", "x", "--yes", "--wait", "quiescent", "--wait-ms", "1", code=9)

    def test_receipt_and_items(self):
        self.routes["GET halts/h-1"] = 200, {**halt_answer()["receipt"], "reason": "fire", "halted_at": 0,
                                               "actor": {"operator_name": "acme", "subject": "ann"}, "unused": ["input"],
                                               "callback": {"plan_execution_id": "boss", "result": "kept"}}
        done = self.run_cli("receipt", "h-1")
        for words in ("halt h-1", "fire", "ann of operator acme", "1970-01-01T00:00:00.000Z", "1,111", "stock -> y",
                      "boss: kept", 'unused        ["input"]'):
            self.assertIn(words, done.stdout)
        self.routes["GET halts/h-1/items"] = 200, {"items": halt_answer()["receipt"]["executions"], "next_cursor": None}
        self.assertRegex(self.run_cli("receipt", "h-1", "--items").stdout, r"x +0 +WAITING_FOR_TIMER +Cool +2")
        self.run_cli("receipt", "nope", code=4)

    def test_verify(self):
        self.routes["POST verify_halt"] = 200, {"clean": True, "looked_at": {"reservations": 12}, "residue": []}
        self.assertIn("clean: nothing outlived", self.run_cli("verify", "h-1").stdout)
        self.assertEqual(self.last()["body"], {"halt_id": "h-1"})
        self.routes["POST verify_halt"] = 200, {"clean": False, "looked_at": {}, "residue": [{"kind": "lock"}]}
        done = self.run_cli("verify", "h-1", code=6)
        self.assertIn('residue    {"kind":"lock"}', done.stdout)
        self.run_cli("verify", "h-1", "-o", "json", code=6)


class Answers(Case):
    def test_callback_by_token_or_by_execution(self):
        self.routes["POST execution_callback"] = 200, {"plan_execution_id": "x", "accepted": True}
        self.run_cli("callback", "--token", "t", "--output", '{"ok":true}')
        self.assertEqual(self.last()["body"], {"callback_token": "t", "output": {"ok": True}})
        self.run_cli("callback", "x", "--state", "Wait", "--error", "E", "--cause", "c")
        self.assertEqual(self.last()["body"], {"plan_execution_id": "x", "state": "Wait", "error": "E", "cause": "c"})
        self.routes["POST execution_callback"] = problem(409, "EXECUTION_HALTED", halt_id="h-1")
        self.assertIn("halt_id: h-1", self.run_cli("callback", "x", code=1).stderr)

    def test_human(self):
        self.routes["GET human_tasks"] = 200, {"human_tasks": [
            {"human_task_id": "t-1", "plan_execution_id": "x", "state": "Ask", "input": {"q": 1}, "created_at": 0}],
            "next_cursor": None}
        self.assertRegex(self.run_cli("human").stdout, r't-1 +x +Ask +1970\S+ +\{"q":1\}')
        self.routes["POST complete_human_task"] = 200, {"accepted": True}
        self.run_cli("human", "complete", "t-1", "--output", '"yes"')
        self.assertEqual(self.last()["body"], {"human_task_id": "t-1", "output": "yes"})

    def test_token_needs_the_folder_only(self):
        self.fake.close()
        text = self.run_cli("token", "--operator", "acme", "--portal", "shop", "--sub", "ann", "--ttl", "2h",
                            "--scope", "read,run", "--scope", "halt").stdout
        self.assertEqual(len(text.split()), 1)
        self.run_cli("token", "--dir", "/nowhere", code=2)
        answer = json.loads(self.run_cli("token", "-o", "json").stdout)
        self.assertAlmostEqual(answer["expires_at"], (time.time() + 3600) * 1000, delta=20000)


if __name__ == "__main__":
    unittest.main(verbosity=1)
