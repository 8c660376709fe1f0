"""test_verbs.py - the other verbs: plans, starts, pauses, results, polls, children."""
import threading
import time
import unittest

from contract import (DONE, WAIT, Api, Case, callback, callback_token, catch, child, lock, plan,
                      task, unlock, wait)


class CreatePlan(Case):
    def put(self, definition, plan_id="p"):
        return self.api.ok("create_plan", plan_id=plan_id, definition=definition)

    def test_versions_are_numbered_from_one(self):
        self.assertEqual(self.put(WAIT), {"plan_id": "p", "plan_version": 1, "created": True})
        self.assertEqual(self.put(DONE), {"plan_id": "p", "plan_version": 2, "created": True})
        self.assertEqual(self.put(WAIT, "q")["plan_version"], 1)

    def test_the_same_definition_again_is_the_same_version(self):
        self.put(WAIT)
        self.assertEqual(self.put(dict(reversed(WAIT.items()))),
                         {"plan_id": "p", "plan_version": 1, "created": False})

    def test_an_earlier_definition_again(self):
        self.put(WAIT)
        self.put(DONE)
        again = self.put(WAIT)
        shown = self.api.get("plans/p?plan_version=%d" % again["plan_version"])
        self.assertEqual(shown["definition"], WAIT)
        self.assertEqual(self.api.get("plans/p")["definition"],
                         WAIT if again["created"] else DONE)

    def test_a_wrong_definition_names_each_place(self):
        answer = self.api.post("create_plan", {"plan_id": "p", "definition": {
            "StartAt": "Nowhere", "States": {"A": {"Type": "Pass"}, "B": {"Type": "Huh"}}}})
        problem = self.refused(answer, 400, "INVALID_REQUEST")
        self.assertTrue(problem["pointer"].startswith("/definition"))
        self.assertGreaterEqual(len(problem["problems"]), 2)
        self.assertTrue(all(one["pointer"].startswith("/definition") for one in problem["problems"]))
        self.assertEqual(self.api.get("plans")["plans"], [])

    def test_its_fields(self):
        good = {"plan_id": "p", "definition": WAIT}
        for bad, pointer in (({}, "/plan_id"), ({"plan_id": "p"}, "/definition"),
                             (dict(good, plan_id="a b"), "/plan_id"),
                             (dict(good, definition=[]), "/definition"),
                             (dict(good, definition="{}"), "/definition"),
                             (dict(good, extra=1), "/extra")):
            self.refused(self.api.post("create_plan", bad), 400, "INVALID_REQUEST", pointer)


class RunPlan(Case):
    def test_it_starts_the_latest_version_or_the_one_asked_for(self):
        self.api.plan("p", plan(P={"Type": "Pass", "Result": 1}))
        self.api.plan("p", plan(P={"Type": "Pass", "Result": 2}))
        self.api.run("p", "new")
        self.api.run("p", "old", plan_version=1)
        self.assertEqual((self.api.show("new")["output"], self.api.show("old")["output"]), (2, 1))
        self.assertEqual((self.api.show("new")["plan_version"],
                          self.api.show("old")["plan_version"]), (2, 1))

    def test_a_running_execution_keeps_its_version(self):
        self.api.start("p", plan(K=callback(Next="P"), P={"Type": "Pass", "Result": 1}))
        self.api.plan("p", plan(K=callback(Next="P"), P={"Type": "Pass", "Result": 2}))
        self.api.ok("execution_callback", plan_execution_id="p", output=0)
        self.assertEqual(self.api.show("p")["output"], 1)

    def test_an_id_of_ours_when_none_is_given(self):
        self.api.plan("p", DONE)
        ids = {self.api.ok("run_plan", plan_id="p")["plan_execution_id"] for _ in range(3)}
        self.assertEqual(len(ids), 3)

    def test_the_same_id_and_arguments_start_nothing_new(self):
        self.api.plan("p", WAIT)
        body = {"plan_id": "p", "plan_execution_id": "x", "input": {"a": 1}, "locks": ["b", "a"]}
        first = self.api.ok("run_plan", **body)
        self.assertEqual(first, {"plan_execution_id": "x", "status": "WAITING_FOR_TIMER",
                                 "created": True})
        again = self.api.ok("run_plan", **dict(body, locks=["a", "b"]))
        self.assertEqual((again["created"], again["status"]), (False, "WAITING_FOR_TIMER"))
        self.server.kill_and_start()
        self.assertFalse(self.api.ok("run_plan", **body)["created"])
        self.assertEqual(len(self.api.events("x", "ExecutionStarted")), 1)

    def test_the_same_id_with_other_arguments_is_409(self):
        self.api.plan("p", WAIT)
        self.api.plan("q", WAIT)
        body = {"plan_id": "p", "plan_execution_id": "x"}
        self.api.ok("run_plan", **body)
        for other in ({"plan_id": "q"}, {"input": 1}, {"plan_version": 1}, {"locks": ["a"]},
                      {"hold_on_failure": True}, {"start_at": 4000000000}):
            self.refused(self.api.post("run_plan", dict(body, **other)), 409,
                         "EXECUTION_ALREADY_EXISTS", "/plan_execution_id")

    def test_a_plan_or_version_that_is_not_there(self):
        self.api.plan("p", WAIT)
        for body in ({"plan_id": "q"}, {"plan_id": "p", "plan_version": 2}):
            self.refused(self.api.post("run_plan", body), 404, "PLAN_NOT_FOUND", "/plan_id")

    def test_locks_are_taken_before_it_begins(self):
        self.api.plan("p", WAIT)
        self.assertEqual(self.api.run("p", "x", locks=["b", "a"]), "WAITING_FOR_TIMER")
        self.assertEqual(self.api.run("p", "y", locks=["c", "b"]), "PENDING")
        self.assertEqual(self.api.events("y", "WaitStateEntered"), [])
        locks = {one["name"]: one for one in self.api.all("locks", "locks")}
        self.assertEqual((locks["a"]["holder"], locks["b"]["holder"], locks["b"]["waiters"]),
                         ("x", "x", ["y"]))
        done = self.api.halt("x")
        self.assertEqual([(one["name"], one["granted_to"])
                          for one in done["receipt"]["executions"][0]["locks"]],
                         [("a", None), ("b", "y")])
        self.api.wait("y", "WAITING_FOR_TIMER")
        locks = {one["name"]: one for one in self.api.all("locks", "locks")}
        self.assertEqual((locks["b"]["holder"], locks["c"]["holder"]), ("y", "y"))

    def test_locks_are_freed_at_the_end_and_crossed_starts_do_not_deadlock(self):
        self.api.plan("p", plan(W=wait(1)))
        self.api.run("p", "x", locks=["a", "b"])
        self.api.run("p", "y", locks=["b", "a"])
        self.api.wait("x", "SUCCESS")
        self.api.wait("y", "SUCCESS")
        self.assertEqual([one["holder"] for one in self.api.all("locks", "locks")
                          if one["holder"]], [])

    def test_start_at_begins_then_and_not_before(self):
        self.api.plan("p", DONE)
        start_at = int(time.time() * 1000) + 400
        self.assertEqual(self.api.run("p", "x", start_at=start_at), "PENDING")
        self.assertEqual(self.api.fresh("x"), ["START"])
        self.assertGreaterEqual(self.api.wait("x", "SUCCESS")["ended_at"], start_at)
        self.assertEqual(self.api.run("p", "y", start_at=1), "SUCCESS")

    def test_hold_on_failure_waits_for_a_restart_and_keeps_its_locks(self):
        self.api.plan("p", plan(T=task("task:t")))
        self.api.run("p", "x", hold_on_failure=True, locks=["a"])
        old = self.api.poll("t")
        self.api.ok("fail_task", task_token=old["task_token"], error="Broken", cause="why")
        now = self.api.show("x")
        self.assertEqual((now["status"], now["epoch"]), ("WAITING_FOR_RESTART", 1))
        self.assertEqual(self.api.all("locks", "locks")[0]["holder"], "x")
        again = self.api.ok("restart_execution", plan_execution_id="x")
        self.assertEqual((again["status"], again["epoch"]), ("EXECUTING", 2))
        self.api.ok("complete_task", task_token=self.api.poll("t")["task_token"], output=1)
        self.assertEqual(self.api.show("x")["status"], "SUCCESS")

    def test_a_held_failure_can_be_halted(self):
        self.api.plan("p", plan(F={"Type": "Fail", "Error": "E"}))
        self.assertEqual(self.api.run("p", "x", hold_on_failure=True), "WAITING_FOR_RESTART")
        done = self.api.halt("x")
        self.assertEqual((done["outcome"], done["receipt"]["anomalies"]), ("halted", []))

    def test_its_fields(self):
        self.api.plan("p", WAIT)
        for field, bad in {"plan_id": ("", 1), "plan_version": (0, "1"), "hold_on_failure": (1,),
                           "plan_execution_id": ("", "a/b", "a" * 129),
                           "locks": ("a", [1], ["a", "a"], ["a b"], ["n%d" % i for i in range(101)]),
                           "start_at": (-1, "1", 4 * 10 ** 14), "extra": (1,)}.items():
            for value in bad:
                answer = self.api.post("run_plan", {"plan_id": "p", field: value})
                self.refused(answer, 400, "INVALID_REQUEST", "/" + field)
        self.assertEqual(self.api.run("p", "a" * 128, locks=["n%d" % i for i in range(100)]),
                         "WAITING_FOR_TIMER")


class PauseAndRestart(Case):
    def test_pause_keeps_epoch_locks_tokens_and_reservations(self):
        self.api.start("x", plan(L=lock("a", Next="K"), K=callback()))
        token = callback_token(self.api, "x")
        paused = self.api.ok("pause_execution", plan_execution_id="x", reason="lunch")
        self.assertEqual(paused, {"plan_execution_id": "x", "status": "WAITING_FOR_RESTART",
                                  "epoch": 1})
        self.assertEqual(self.api.fresh("x"), ["CALLBACK"])
        self.assertEqual(self.api.all("locks", "locks")[0]["holder"], "x")
        event = self.api.events("x", "EXECUTION.PAUSED")[0]["detail"]
        self.assertEqual((event["reason"], event["subject"], event["previous_status"]),
                         ("lunch", "ada", "WAITING_FOR_CALLBACK"))
        # What arrives is kept, and applied first.
        self.api.ok("execution_callback", callback_token=token, output=7)
        self.assertEqual(self.api.status("x"), "WAITING_FOR_RESTART")
        again = self.api.ok("restart_execution", plan_execution_id="x")
        self.assertEqual(again, {"plan_execution_id": "x", "status": "SUCCESS", "epoch": 1})
        self.assertEqual(self.api.show("x")["output"], 7)

    def test_timers_that_fall_due_wait(self):
        self.api.start("x", plan(W=wait(1)))
        self.api.ok("pause_execution", plan_execution_id="x")
        time.sleep(1.3)
        self.assertEqual(self.api.status("x"), "WAITING_FOR_RESTART")
        self.api.ok("restart_execution", plan_execution_id="x")
        self.api.wait("x", "SUCCESS")

    def test_queued_tasks_are_not_handed_out_while_paused(self):
        self.api.start("x", plan(T=task("task:t")))
        self.api.ok("pause_execution", plan_execution_id="x")
        self.assertIsNone(self.api.poll("t", 0))
        self.api.ok("restart_execution", plan_execution_id="x")
        self.assertIsNotNone(self.api.poll("t"))

    def test_a_leased_task_may_be_completed_while_paused(self):
        self.api.start("x", plan(T=task("task:t")))
        token = self.api.poll("t")["task_token"]
        self.api.ok("pause_execution", plan_execution_id="x")
        self.api.ok("complete_task", task_token=token, output=5)
        self.api.ok("restart_execution", plan_execution_id="x")
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 5)

    def test_what_cannot_be_paused_or_restarted(self):
        self.api.start("done", DONE)
        self.api.start("failed", plan(F={"Type": "Fail", "Error": "E"}))
        self.api.start("stopped", WAIT)
        self.api.halt("stopped")
        self.api.start("runs", WAIT)
        for verb, name, status in (
                ("pause_execution", "done", "SUCCESS"), ("pause_execution", "failed", "FAILED"),
                ("pause_execution", "stopped", "STOPPED"), ("restart_execution", "done", "SUCCESS"),
                ("restart_execution", "failed", "FAILED"),
                ("restart_execution", "runs", "WAITING_FOR_TIMER")):
            problem = self.refused(self.api.post(verb, {"plan_execution_id": name}), 409,
                                   "INVALID_STATE_TRANSITION")
            self.assertEqual(problem["execution_status"], status)

    def test_unknown_ids_and_their_fields(self):
        for verb in ("pause_execution", "restart_execution"):
            self.refused(self.api.post(verb, {"plan_execution_id": "x"}), 404,
                         "EXECUTION_NOT_FOUND")
            for body, pointer in (({}, "/plan_execution_id"),
                                  ({"plan_execution_id": "x", "reason": 1}, "/reason"),
                                  ({"plan_execution_id": "x", "epoch": 1}, "/epoch")):
                self.refused(self.api.post(verb, body), 400, "INVALID_REQUEST", pointer)


class ExecutionCallback(Case):
    def bare(self):
        api = Api(self.server, self.operator)
        api.token = None
        return api

    def test_by_token_needs_no_other_right(self):
        self.api.start("x", plan(K=callback()))
        token = callback_token(self.api, "x")
        answer = self.bare().ok("execution_callback", callback_token=token, output={"a": 1})
        self.assertEqual(answer, {"plan_execution_id": "x", "accepted": True})
        self.assertEqual(self.api.show("x")["output"], {"a": 1})

    def test_by_token_with_an_error(self):
        self.api.start("x", plan(K=callback(Catch=[catch("P", "Mine", ResultPath="$.e")]),
                                 P={"Type": "Pass"}))
        self.bare().ok("execution_callback", callback_token=callback_token(self.api, "x"),
                       error="Mine", cause="so")
        self.assertEqual(self.api.show("x")["output"]["e"], {"Error": "Mine", "Cause": "so"})

    def test_by_place_needs_the_operators_token_with_answer(self):
        self.api.start("x", plan(K=callback()))
        body = {"plan_execution_id": "x", "output": 1}
        self.refused(self.bare().post("execution_callback", body), 401, "UNAUTHENTICATED")
        reader = self.api.as_(scope="read run work halt")
        self.refused(reader.post("execution_callback", body), 403, "FORBIDDEN")
        self.assertEqual(self.api.ok("execution_callback", **body),
                         {"plan_execution_id": "x", "accepted": True})

    def test_by_place_with_several_the_state_must_be_named(self):
        self.api.start("x", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [plan(A=callback()), plan(B=callback())]}}})
        body = {"plan_execution_id": "x", "output": 1}
        self.refused(self.api.post("execution_callback", body), 409, "INVALID_STATE_TRANSITION",
                     "/state")
        self.refused(self.api.post("execution_callback", dict(body, state="C")), 409,
                     "INVALID_STATE_TRANSITION", "/state")
        self.api.ok("execution_callback", **dict(body, state="B"))
        self.api.ok("execution_callback", **body)
        self.assertEqual(self.api.show("x")["output"], [1, 1])

    def test_the_same_answer_again_is_accepted_another_one_is_409(self):
        self.api.start("x", plan(K=callback()))
        token = callback_token(self.api, "x")
        for _ in range(2):
            self.bare().ok("execution_callback", callback_token=token, output={"a": 1, "b": 2})
        for other in ({"output": 2}, {"error": "E"}):
            self.refused(self.bare().post("execution_callback", dict(other, callback_token=token)),
                         409, "ALREADY_SETTLED")
        self.assertEqual(self.api.show("x")["output"], {"a": 1, "b": 2})

    def test_what_was_never_awaited(self):
        self.api.start("x", WAIT)
        self.refused(self.api.post("execution_callback", {"plan_execution_id": "x", "output": 1}),
                     409, "INVALID_STATE_TRANSITION")

    def test_its_fields(self):
        for body, pointer in (
                ({"output": 1}, "/callback_token"),
                ({"callback_token": "t", "plan_execution_id": "x", "output": 1}, "/callback_token"),
                ({"callback_token": "t"}, "/output"),
                ({"callback_token": "t", "output": 1, "error": "E"}, "/output"),
                ({"callback_token": "t", "output": 1, "cause": "c"}, "/cause"),
                ({"callback_token": "t", "state": "K", "output": 1}, "/state")):
            self.refused(self.api.post("execution_callback", body), 400, "INVALID_REQUEST", pointer)


class PollTask(Case):
    args = ("--lease-ms", "1500")

    def test_it_answers_with_the_task(self):
        self.api.start("x", plan(T=task("task:t", HeartbeatSeconds=9)), input={"a": 1})
        found = self.api.poll("t")
        self.assertEqual(sorted(found), ["attempt", "input", "lease_ms", "plan_execution_id",
                                         "state", "task", "task_token"])
        self.assertEqual((found["task"], found["plan_execution_id"], found["state"],
                          found["input"], found["attempt"], found["lease_ms"]),
                         ("t", "x", "T", {"a": 1}, 1, 9000))

    def test_null_at_once_without_waiting_and_at_its_deadline(self):
        begin = time.monotonic()
        self.assertIsNone(self.api.poll("t", 0))
        self.assertEqual(self.api.ok("poll_task", task="t", worker="w", wait_ms=300),
                         {"task": None})
        self.assertGreaterEqual(time.monotonic() - begin, 0.29)
        self.assertLess(time.monotonic() - begin, 5)

    def parked(self, task_name, wait_ms=15000, api=None):
        found = []

        def one():
            begin = time.monotonic()
            body = {"task": task_name, "worker": "w", "wait_ms": wait_ms}
            found.append(((api or self.api).ok("poll_task", **body)["task"],
                          time.monotonic() - begin))
            self.server.client().close()

        thread = threading.Thread(target=one)
        thread.start()
        self.addCleanup(thread.join)
        time.sleep(0.1)
        return thread, found

    def test_a_parked_poll_is_woken_by_a_new_task(self):
        self.api.plan("p", plan(T=task("task:t")))
        thread, found = self.parked("t")
        self.api.run("p", "x")
        thread.join(5)
        self.assertEqual(found[0][0]["plan_execution_id"], "x")

    def test_and_by_nothing_else(self):
        self.api.plan("other", plan(T=task("task:other")))
        stranger = Api(self.server, self.operator + "-b")
        stranger.plan("p", plan(T=task("task:t")))
        thread, found = self.parked("t", 800)
        self.api.run("other", "x")
        stranger.run("p", "y")
        self.api.halt("x")
        thread.join(10)
        self.assertIsNone(found[0][0])
        self.assertGreaterEqual(found[0][1], 0.79)

    def test_one_task_goes_to_one_of_many_parked(self):
        self.api.plan("p", plan(T=task("task:t", HeartbeatSeconds=60)))
        waiting = [self.parked("t", 3000) for _ in range(5)]
        for name in ("x", "y"):
            self.api.run("p", name)
        for thread, _ in waiting:
            thread.join(10)
        got = [found[0][0]["plan_execution_id"] for _, found in waiting if found[0][0]]
        self.assertEqual(sorted(got), ["x", "y"])

    def test_first_in_first_out(self):
        self.api.plan("p", plan(T=task("task:t", HeartbeatSeconds=60)))
        for i in range(5):
            self.api.run("p", "x%d" % i)
        self.assertEqual([self.api.poll("t")["plan_execution_id"] for _ in range(5)],
                         ["x%d" % i for i in range(5)])

    def test_a_lease_that_runs_out_gives_the_task_to_another_worker(self):
        self.api.start("x", plan(T=task("task:t")))
        old = self.api.poll("t")
        new = self.api.poll("t")
        self.assertEqual(new["attempt"], 2)
        self.assertNotEqual(new["task_token"], old["task_token"])
        late = self.api.post("complete_task", {"task_token": old["task_token"], "output": "old"})
        self.assertIn(late.status, (404, 409))
        self.api.ok("complete_task", task_token=new["task_token"], output="new")
        self.assertEqual(self.api.show("x")["output"], "new")

    def test_heartbeats_keep_the_lease(self):
        self.api.start("x", plan(T=task("task:t")))
        token = self.api.poll("t")["task_token"]
        for _ in range(5):
            time.sleep(0.4)
            self.assertEqual(self.api.ok("heartbeat_task", task_token=token), {"lease_ms": 1500})
        self.assertIsNone(self.api.poll("t", 0))
        self.api.ok("complete_task", task_token=token, output=1)

    def test_a_heartbeat_after_the_end_is_refused(self):
        self.api.start("x", plan(T=task("task:t")))
        token = self.api.poll("t")["task_token"]
        self.api.ok("complete_task", task_token=token, output=1)
        self.refused(self.api.post("heartbeat_task", {"task_token": token}), 409,
                     "ALREADY_SETTLED")

    def test_time_out_of_a_task_is_states_timeout(self):
        self.api.start("x", plan(T=task("task:t", TimeoutSeconds=1)))
        self.assertEqual(self.api.wait("x", "FAILED")["error"], "States.Timeout")

    def test_its_fields(self):
        good = {"task": "t", "worker": "w"}
        for bad, pointer in (({"worker": "w"}, "/task"), ({"task": "t"}, "/worker"),
                             (dict(good, wait_ms=-1), "/wait_ms"),
                             (dict(good, wait_ms=60001), "/wait_ms"),
                             (dict(good, wait_ms="1"), "/wait_ms"),
                             (dict(good, task="a/b"), "/task"), (dict(good, x=1), "/x")):
            self.refused(self.api.post("poll_task", bad), 400, "INVALID_REQUEST", pointer)


class CompleteAndFail(Case):
    def leased(self, **more):
        self.api.start("x", plan(T=task("task:t", **more)))
        return self.api.poll("t")["task_token"]

    def test_complete_twice_with_the_same_and_with_another_result(self):
        token = self.leased()
        for _ in range(2):
            self.assertEqual(self.api.ok("complete_task", task_token=token,
                                         output={"a": 1, "b": [None]}), {"accepted": True})
        self.refused(self.api.post("complete_task", {"task_token": token, "output": 2}), 409,
                     "ALREADY_SETTLED")
        self.refused(self.api.post("fail_task", {"task_token": token, "error": "E"}), 409,
                     "ALREADY_SETTLED")
        self.assertEqual(len(self.api.events("x", "TaskSucceeded")), 1)

    def test_any_json_is_an_output_word_for_word(self):
        for value in (None, 0, -1, 1.5, "", "\u00e9\U0001f600", [], {}, {"a": [1, {"b": None}]},
                      2 ** 63 - 1, -2 ** 63):
            token = self.leased()
            self.api.ok("complete_task", task_token=token, output=value)
            self.assertEqual(self.api.show("x")["output"], value)
            self.setUp()

    def test_fail_is_caught_and_retried(self):
        token = self.leased(Retry=[{"ErrorEquals": ["E"], "IntervalSeconds": 1, "MaxAttempts": 1}])
        self.api.ok("fail_task", task_token=token, error="E", cause="c")
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")
        again = self.api.poll("t")
        self.api.ok("fail_task", task_token=again["task_token"], error="E", cause="c2")
        now = self.api.show("x")
        self.assertEqual((now["status"], now["error"], now["cause"]), ("FAILED", "E", "c2"))
        self.refused(self.api.post("complete_task", {"task_token": token, "output": 1}), 409,
                     "ALREADY_SETTLED")

    def test_a_token_is_looked_up_and_nothing_in_it_is_believed(self):
        token = self.leased()
        self.api.start("k", plan(K=callback()))
        other_kind = callback_token(self.api, "k")
        stranger = Api(self.server, self.operator + "-b")
        bodies = set()
        flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
        for api, wrong in ((self.api, "x"), (self.api, token[:-1]), (self.api, token + "A"),
                           (self.api, flipped), (self.api, "A" + token[1:]), (self.api, "A" * 68),
                           (self.api, other_kind), (stranger, token)):
            for verb, body in (("complete_task", {"output": 1}), ("fail_task", {"error": "E"})):
                answer = api.post(verb, dict(body, task_token=wrong))
                self.refused(answer, 404, "TOKEN_NOT_FOUND")
                bodies.add(answer.raw)
        self.assertEqual(len(bodies), 1)
        answer = stranger.post("heartbeat_task", {"task_token": token})
        self.assertEqual(answer.raw, bodies.pop())
        self.assertEqual(self.api.evidence("x"), [])
        self.api.ok("complete_task", task_token=token, output=1)

    def test_their_fields(self):
        for verb, good in (("complete_task", {"task_token": "t", "output": 1}),
                           ("fail_task", {"task_token": "t", "error": "E"}),
                           ("heartbeat_task", {"task_token": "t"})):
            for field in good:
                bad = {name: value for name, value in good.items() if name != field}
                self.refused(self.api.post(verb, bad), 400, "INVALID_REQUEST", "/" + field)
            for bad in ({"task_token": ""}, {"task_token": 1}, {"task_token": "a b"}):
                self.refused(self.api.post(verb, dict(good, **bad)), 400, "INVALID_REQUEST",
                             "/task_token")
            self.refused(self.api.post(verb, dict(good, x=1)), 400, "INVALID_REQUEST", "/x")

    def test_a_result_at_the_limit_passes_and_beyond_it_the_task_stays_open(self):
        token = self.leased()
        too_much = self.api.post("complete_task", {"task_token": token, "output": "r" * 262143})
        self.assertIn(too_much.status, (400, 413), too_much.raw[:300])
        self.assertEqual(self.api.status("x"), "EXECUTING")
        self.api.ok("complete_task", task_token=token, output="r" * 262142)
        self.assertEqual(len(self.api.show("x")["output"]), 262142)


class HumanTasks(Case):
    def ask(self):
        self.api.start("x", plan(H=task("human", Parameters={"question": "yes?"})))
        return self.api.get("human_tasks")["human_tasks"][0]

    def test_it_is_listed_and_answered(self):
        asked = self.ask()
        self.assertEqual((asked["plan_execution_id"], asked["state"], asked["input"]),
                         ("x", "H", {"question": "yes?"}))
        answer = self.api.ok("complete_human_task", human_task_id=asked["human_task_id"],
                             output={"answer": "no"})
        self.assertEqual(answer, {"accepted": True})
        self.assertEqual(self.api.show("x")["output"], {"answer": "no"})
        self.assertEqual(self.api.get("human_tasks")["human_tasks"], [])

    def test_with_an_error(self):
        self.api.ok("complete_human_task", human_task_id=self.ask()["human_task_id"],
                    error="Refused", cause="no time")
        now = self.api.show("x")
        self.assertEqual((now["status"], now["error"], now["cause"]),
                         ("FAILED", "Refused", "no time"))

    def test_twice_the_same_and_another(self):
        human = self.ask()["human_task_id"]
        for _ in range(2):
            self.api.ok("complete_human_task", human_task_id=human, output=1)
        self.refused(self.api.post("complete_human_task", {"human_task_id": human, "output": 2}),
                     409, "ALREADY_SETTLED")

    def test_unknown_and_foreign_ones(self):
        human = self.ask()["human_task_id"]
        stranger = Api(self.server, self.operator + "-b")
        bodies = {api.post("complete_human_task", {"human_task_id": wrong, "output": 1}).raw
                  for api, wrong in ((self.api, "x"), (self.api, human[:-1]),
                                     (self.api, human[:-1] + "z"), (stranger, human))}
        self.assertEqual(len(bodies), 1, bodies)
        self.assertIn(b"HUMAN_TASK_NOT_FOUND", bodies.pop())
        self.assertEqual(self.api.status("x"), "WAITING_FOR_HUMAN_TASK")

    def test_its_fields(self):
        for body, pointer in (({"output": 1}, "/human_task_id"), ({"human_task_id": "h"}, "/output"),
                              ({"human_task_id": "h", "output": 1, "error": "E"}, "/output"),
                              ({"human_task_id": "h", "output": 1, "cause": "c"}, "/cause")):
            self.refused(self.api.post("complete_human_task", body), 400, "INVALID_REQUEST",
                         pointer)


class Children(Case):
    def test_an_awaited_child_gives_its_output_to_the_parent(self):
        self.api.plan("kid", plan(P={"Type": "Pass", "Result": {"from": "kid"}}))
        self.api.start("x", plan(C=child("kid", "kid")))
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], {"from": "kid"})
        kid = self.api.show("kid")
        self.assertEqual(kid["context"]["related_executions"]["master_plan_execution_id"], "x")
        self.assertEqual(self.api.show("x")["context"]["related_executions"]
                         ["master_plan_execution_id"], "unset")

    def test_an_awaited_childs_failure_fails_the_task(self):
        self.api.plan("kid", plan(F={"Type": "Fail", "Error": "Mine", "Cause": "why"}))
        self.api.start("x", plan(C=child("kid", "kid", Catch=[
            catch("P", "States.TaskFailed", ResultPath="$.e")]), P={"Type": "Pass"}))
        caught = self.api.wait("x", "SUCCESS")["output"]["e"]
        self.assertEqual(caught["Error"], "States.TaskFailed")
        self.assertIn("Mine", caught["Cause"])

    def test_fire_and_forget_goes_on_at_once_with_the_childs_id(self):
        self.api.plan("kid", WAIT)
        self.api.start("x", plan(C=child("kid", "kid", False)))
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], {"plan_execution_id": "kid"})
        self.api.wait("kid", "WAITING_FOR_TIMER")
        nodes = {n["plan_execution_id"]: n["parent"] for n in self.api.all(
            "executions/x/tree", "nodes")}
        self.assertEqual(nodes, {"x": None, "kid": "x"})

    def test_a_child_gets_its_input_and_version(self):
        self.api.plan("kid", plan(P={"Type": "Pass"}))
        self.api.plan("kid", plan(P={"Type": "Pass", "Result": 2}))
        self.api.start("x", plan(C=task("plan:run", Parameters={
            "plan_id": "kid", "plan_version": 1, "input.$": "$.for_kid"})),
                       input={"for_kid": {"n": 1}})
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], {"n": 1})

    def test_a_child_that_cannot_start_fails_the_task_by_name(self):
        self.api.plan("kid", WAIT)
        self.api.run("kid", "taken")
        for i, (parameters, error) in enumerate((
                ({"plan_id": "none"}, "Plan.NotFound"),
                ({"plan_id": "kid", "plan_version": 9}, "Plan.NotFound"),
                ({"plan_id": "kid", "plan_execution_id": "taken"}, "Execution.AlreadyExists"),
                ({"plan_id": "kid", "unknown": 1}, "States.Runtime"))):
            self.api.start("x%d" % i, plan(C=task("plan:run", Parameters=parameters)))
            self.assertEqual(self.api.wait("x%d" % i, "FAILED")["error"], error)

    def test_a_lock_taken_by_a_state_passes_on_at_release(self):
        self.api.plan("p", plan(L=lock("a", Next="K"), K=callback(Next="U"),
                                U=unlock("a", Next="W"), W=wait()))
        self.api.run("p", "x")
        self.assertEqual(self.api.run("p", "y"), "WAITING_FOR_LOCK")
        self.api.ok("execution_callback", plan_execution_id="x", output=1)
        self.api.wait("y", "WAITING_FOR_CALLBACK")
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")

    def test_locks_are_not_re_entrant_and_not_held_ones_not_released(self):
        self.api.start("x", plan(L=lock("a", Next="M"), M=lock("a")))
        self.assertEqual(self.api.show("x")["error"], "Lock.AlreadyHeld")
        self.api.start("y", plan(U=unlock("a")))
        self.assertEqual(self.api.show("y")["error"], "Lock.NotHeld")


class Quotas(Case):
    args = ("--tree-depth", "3", "--tree-executions", "10")

    def test_a_fork_bomb_ends_with_a_typed_error(self):
        self.api.plan("deep", plan(C=child("deep")))
        self.api.run("deep", "x")
        self.assertEqual(self.api.wait("x", "FAILED")["error"], "States.TaskFailed")
        self.assertIn("Quota.TreeDepthExceeded", str(
            [e["error"] for e in self.api.get("executions")["executions"]]))
        branches = [plan(**{"C%d" % i: child("leaf", None, False)}) for i in range(12)]
        self.api.plan("leaf", WAIT)
        self.api.start("y", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": branches}}})
        self.assertEqual(self.api.wait("y", "FAILED")["error"], "Quota.TreeSizeExceeded")


if __name__ == "__main__":
    unittest.main()
