"""test_halt_parent.py - what the parent of a halted execution is told: once, and as the table says.

Two results of the table cannot come from the wire: `inside_halt` and `disabled` belong to batches.
"""
import json
import unittest

from contract import WAIT, Case, callback, catch, child, plan, task, until, wait


class ParentCase(Case):
    def parent(self, state=None, **states):
        """`x` awaits `kid` in its state C; returns when the child waits."""
        self.api.plan("kid", WAIT)
        states = states or {"E": {"Type": "Pass"}}
        self.api.start("x", plan(C=state or child("kid", "kid", Next=next(iter(states))), **states))
        self.api.wait("kid", "WAITING_FOR_TIMER")

    def kids(self):
        return [e["plan_execution_id"] for e in
                self.api.get("executions?parent=x&limit=1000")["executions"]]


class TheResult(ParentCase):
    def assert_result(self, done, result, version=1):
        self.assertEqual(done["callback_for_halt"], {"plan_execution_id": "x", "result": result,
                                                     "plan_version": version})
        self.assertEqual(done["receipt"]["callback"], done["callback_for_halt"])

    def test_delivered_with_an_input_the_task_succeeds_with_it(self):
        for i, value in enumerate(({"instead": [1]}, 0, "", False, None, [])):
            kid = "kid%d" % i
            self.api.plan("kid", WAIT)
            self.api.plan("p%d" % i, plan(C=child("kid", kid, Next="E"), E={"Type": "Pass"}))
            self.api.run("p%d" % i, "x%d" % i)
            self.api.wait(kid, "WAITING_FOR_TIMER")
            done = self.api.halt(kid, input=value)
            self.assertEqual(done["callback_for_halt"]["result"], "delivered")
            self.assertEqual(done["receipt"]["unused"], [])
            self.assertEqual(self.api.wait("x%d" % i, "SUCCESS")["output"], value)

    def test_delivered_without_input_the_task_fails_with_execution_halted(self):
        self.parent()
        done = self.api.halt("kid", reason="enough")
        self.assert_result(done, "delivered")
        now = self.api.wait("x", "FAILED")
        self.assertEqual(now["error"], "Execution.Halted")
        cause = json.loads(now["cause"])
        self.assertEqual((cause["halt_id"], cause["plan_execution_id"], cause["halted_by"],
                          cause["reason"]), (done["halt_id"], "kid", "ada", "enough"))

    def test_delivered_is_committed_with_the_halt_and_told_once(self):
        self.parent()
        self.api.halt("kid")
        self.assertEqual(len(self.api.events("x", "CHILD.HALTED")), 1)
        self.api.halt("kid")
        self.api.wait("x", "FAILED")
        self.server.kill_and_start()
        self.assertEqual(self.api.halt("kid", input=1)["outcome"], "already_halted")
        self.assertEqual(len(self.api.events("x", "CHILD.HALTED")), 1)
        self.assertEqual(len(self.api.events("x", "TaskFailed")), 1)

    def test_delivered_only_to_the_frame_that_awaits(self):
        self.api.plan("kid", WAIT)
        self.api.start("x", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [
                plan(A=child("kid", "a")), plan(B=child("kid", "b"))]}}})
        self.api.wait("a", "WAITING_FOR_TIMER")
        self.api.wait("b", "WAITING_FOR_TIMER")
        self.api.halt("a", input="A")
        until(lambda: self.api.fresh("x") == ["CHILD"], "the end of the first branch")
        self.assertEqual(self.api.status("x"), "WAITING_FOR_CHILD_EXECUTION")
        self.assertEqual(self.api.status("b"), "WAITING_FOR_TIMER")
        self.api.halt("b", input="B")
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], ["A", "B"])

    def test_kept_while_the_parent_is_paused_and_applied_first_on_restart(self):
        self.parent()
        self.api.ok("pause_execution", plan_execution_id="x")
        self.assert_result(self.api.halt("kid", input="kept"), "kept")
        self.assertEqual(self.api.status("x"), "WAITING_FOR_RESTART")
        self.server.kill_and_start()
        self.assertEqual(self.api.status("x"), "WAITING_FOR_RESTART")
        self.api.ok("restart_execution", plan_execution_id="x")
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], "kept")
        self.assertEqual(self.kids(), ["kid"])

    def test_not_awaited_when_it_was_fire_and_forget(self):
        self.parent(child("kid", "kid", False, Next="W"), W=wait())
        done = self.api.halt("kid", input=1, plan_version=77)
        self.assert_result(done, "not_awaited")
        self.assertEqual(done["receipt"]["unused"], ["input", "plan_version"])
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")
        self.assertEqual([e["detail"]["result"] for e in self.api.events("x", "CHILD.HALTED")],
                         ["not_awaited"])

    def test_not_awaited_when_the_task_had_ended_before(self):
        self.parent(W=wait())
        self.api.halt("kid", input=1)
        self.api.wait("x", "WAITING_FOR_TIMER")
        self.api.ok("restart_execution", plan_execution_id="kid")
        done = self.api.halt("kid", input=2)
        self.assert_result(done, "not_awaited")
        self.assertEqual(done["receipt"]["unused"], ["input"])
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")

    def test_parent_final(self):
        self.parent()
        self.api.halt("x")
        done = self.api.halt("kid", input=1)
        self.assert_result(done, "parent_final")
        self.assertEqual(done["receipt"]["unused"], ["input"])
        self.assertEqual(self.api.events("x", "CHILD.HALTED"), [])

    def test_null_without_a_parent(self):
        self.api.start("x", WAIT)
        done = self.api.halt("x", input=1, plan_version=1)
        self.assertIsNone(done["callback_for_halt"])
        self.assertIsNone(done["receipt"]["callback"])
        self.assertEqual(done["receipt"]["unused"], ["input", "plan_version"])

    def test_the_whole_subtree_stops_and_only_the_outside_parent_is_told(self):
        self.api.plan("leaf", WAIT)
        self.api.plan("mid", plan(C=child("leaf", "leaf")))
        self.api.start("x", plan(C=child("mid", "mid", Next="E"), E={"Type": "Pass"}))
        self.api.wait("leaf", "WAITING_FOR_TIMER")
        self.assert_result(self.api.halt("mid", halt_all_child_executions=True, input=1),
                           "delivered")
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 1)
        self.assertEqual(self.api.events("mid", "CHILD.HALTED"), [])


class ExecutionHalted(ParentCase):
    def halted_into(self, **task_fields):
        states = {"E": {"Type": "Pass", "Result": "went on"}}
        if "Catch" in task_fields:
            states["S"] = {"Type": "Pass", "Result": "caught"}
        self.parent(child("kid", "kid", Next="E", **task_fields), **states)
        self.api.halt("kid")
        return self.api.wait("x", "SUCCESS", "FAILED")

    def test_it_is_caught_by_its_name(self):
        self.assertEqual(self.halted_into(Catch=[catch("S", "Execution.Halted")])["output"],
                         "caught")

    def test_it_is_caught_by_states_task_failed(self):
        self.assertEqual(self.halted_into(Catch=[catch("S", "States.TaskFailed")])["output"],
                         "caught")

    def test_it_is_caught_by_states_all(self):
        self.assertEqual(self.halted_into(Catch=[catch("S", "States.ALL")])["output"], "caught")

    def test_it_is_not_caught_by_another_name(self):
        self.assertEqual(self.halted_into(Catch=[catch("S", "Other", "States.Timeout")])["error"],
                         "Execution.Halted")

    def test_it_is_not_retried_by_states_all_or_states_task_failed(self):
        retry = {"IntervalSeconds": 1, "MaxAttempts": 9}
        now = self.halted_into(Retry=[dict(retry, ErrorEquals=["States.TaskFailed"]),
                                      dict(retry, ErrorEquals=["States.ALL"])])
        self.assertEqual((now["status"], now["error"]), ("FAILED", "Execution.Halted"))
        self.assertEqual(self.kids(), ["kid"])

    def test_it_is_retried_by_a_retrier_that_names_it(self):
        retry = [{"ErrorEquals": ["States.TaskFailed"], "MaxAttempts": 9},
                 {"ErrorEquals": ["Execution.Halted"], "IntervalSeconds": 1, "MaxAttempts": 1}]
        self.api.plan("kid", WAIT)
        self.api.start("x", plan(C=child("kid", Retry=retry)))
        first = until(self.kids, "the first child")[0]
        self.api.wait(first, "WAITING_FOR_TIMER")
        self.api.halt(first)
        self.api.wait("x", "WAITING_FOR_TIMER")
        until(lambda: len(self.kids()) == 2, "the second child")
        second = [kid for kid in self.kids() if kid != first][0]
        self.api.wait(second, "WAITING_FOR_TIMER")
        self.api.halt(second)
        self.assertEqual(self.api.wait("x", "FAILED")["error"], "Execution.Halted")


class ThePlanVersion(ParentCase):
    def incompatible(self, version, kid="kid", **more):
        before = self.server.dump()
        answer = self.api.post("halt_execution",
                               dict({"plan_execution_id": kid, "plan_version": version}, **more))
        self.refused(answer, 409, "PLAN_VERSION_INCOMPATIBLE", "/plan_version")
        self.assertEqual(self.server.dump(), before)

    def test_the_whole_parent_goes_on_under_that_version(self):
        self.parent(E={"Type": "Pass", "Result": 1, "Next": "W"}, W=wait(1, Next="F"),
                    F={"Type": "Pass", "Result": 1})
        self.api.plan("x", plan(C=child("kid", "kid", Next="E"), E={"Type": "Pass", "Next": "W"},
                                W=wait(1, Next="F"), F={"Type": "Pass", "Result": 2}))
        done = self.api.halt("kid", input=0, plan_version=2)
        self.assertEqual(done["callback_for_halt"], {"plan_execution_id": "x", "plan_version": 2,
                                                     "result": "delivered"})
        self.assertEqual(self.api.show("x")["plan_version"], 2)
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 2)

    def test_catch_is_read_from_it(self):
        self.parent()
        self.api.plan("x", plan(C=child("kid", "kid", Next="E",
                                        Catch=[catch("S", "Execution.Halted")]),
                                E={"Type": "Pass"}, S={"Type": "Pass", "Result": "new"}))
        self.api.halt("kid", plan_version=2)
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], "new")

    def test_retry_is_read_from_it_and_the_counters_stay(self):
        def version(result):
            return plan(C=child("kid", Next="E", Catch=[catch("S", "States.ALL")], Retry=[
                {"ErrorEquals": ["Execution.Halted"], "IntervalSeconds": 1, "MaxAttempts": 1}]),
                        E={"Type": "Pass"}, S={"Type": "Pass", "Result": result})

        self.api.plan("kid", WAIT)
        self.api.start("x", version(1))
        self.api.plan("x", version(2))
        first = until(self.kids, "the first child")[0]
        self.api.wait(first, "WAITING_FOR_TIMER")
        self.api.halt(first)
        until(lambda: len(self.kids()) == 2, "the second child")
        second = [kid for kid in self.kids() if kid != first][0]
        self.api.wait(second, "WAITING_FOR_TIMER")
        self.api.halt(second, plan_version=2)
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 2)
        self.assertEqual(len(self.kids()), 2)

    def test_a_version_that_is_not_there(self):
        self.parent()
        self.incompatible(2)
        self.incompatible(2 ** 63 - 1, input=1)

    def test_a_version_without_the_state_or_with_another_type_or_place(self):
        self.parent()
        self.api.plan("x", plan(D=child("kid", "kid")))
        self.api.plan("x", plan(C=wait()))
        self.api.plan("x", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [plan(C=child("kid", "kid"))]}}})
        for number in (2, 3, 4):
            self.incompatible(number)
        self.assertEqual(self.api.status("kid"), "WAITING_FOR_TIMER")

    def test_every_live_frame_must_fit(self):
        def version(second, then):
            return {"StartAt": "P", "States": {
                "P": {"Type": "Parallel", "Next": "E", "Branches": [
                    plan(A=child("kid", "a")), plan(**{second: callback()})]},
                "E": {"Type": "Pass", "Result": then, "End": True}}}

        self.api.plan("kid", WAIT)
        self.api.start("x", version("K", 1))
        self.api.plan("x", version("L", 2))
        self.api.plan("x", version("K", 3))
        self.api.wait("a", "WAITING_FOR_TIMER")
        self.incompatible(2, "a")
        self.api.halt("a", input=1, plan_version=3)
        self.api.ok("execution_callback", plan_execution_id="x", output=1)
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 3)

    def test_a_paused_parent_keeps_the_version_for_its_restart(self):
        self.parent()
        self.api.plan("x", plan(C=child("kid", "kid", Next="E"), E={"Type": "Pass", "Result": 2}))
        self.api.ok("pause_execution", plan_execution_id="x")
        done = self.api.halt("kid", input=1, plan_version=2)
        self.assertEqual((done["callback_for_halt"]["result"],
                          done["callback_for_halt"]["plan_version"]), ("kept", 2))
        self.api.ok("restart_execution", plan_execution_id="x")
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 2)

    def test_halt_child_executions_takes_the_version_of_the_execution_itself(self):
        self.parent()
        self.api.plan("x", plan(C=child("kid", "kid", Next="E"), E={"Type": "Pass", "Result": 2}))
        answer = self.api.post("halt_child_executions",
                               {"plan_execution_id": "x", "input": 1, "plan_version": 3})
        self.refused(answer, 409, "PLAN_VERSION_INCOMPATIBLE", "/plan_version")
        self.api.ok("halt_child_executions", plan_execution_id="x", input=1, plan_version=2)
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 2)


class ACancelledFrame(ParentCase):
    """The same code over one frame: its children halted without a callback, fire-and-forget on."""

    def test_a_branch_after_its_sibling_failed(self):
        self.api.plan("leaf", WAIT)
        self.api.plan("mid", plan(F=child("leaf", "below-free", False, Next="C"),
                                  C=child("leaf", "below")))
        self.api.start("x", {"StartAt": "P", "States": {
            "P": {"Type": "Parallel", "Next": "W", "Catch": [catch("W", "States.ALL")],
                  "Branches": [plan(A=child("mid", "mid")),
                               plan(B=child("leaf", "free", False, Next="T"), T=task("task:t"))]},
            "W": wait(3600, End=True)}})
        for name, status in (("below", "WAITING_FOR_TIMER"), ("free", "WAITING_FOR_TIMER"),
                             ("below-free", "WAITING_FOR_TIMER"),
                             ("mid", "WAITING_FOR_CHILD_EXECUTION")):
            self.api.wait(name, status)
        self.api.ok("fail_task", task_token=self.api.poll("t")["task_token"], error="Broken")
        self.api.wait("x", "WAITING_FOR_TIMER")
        for name, status in (("mid", "STOPPED"), ("below", "STOPPED"),
                             ("free", "WAITING_FOR_TIMER"), ("below-free", "WAITING_FOR_TIMER")):
            self.assertEqual(self.api.status(name), status, name)
        event = self.api.events("below", "EXECUTION.HALTED")[0]["detail"]
        self.assertEqual(event["reason"], "frame cancelled")
        self.assertEqual(self.api.events("x", "CHILD.HALTED"), [])
        self.assert_clean(self.api.show("below")["halt_id"])

    def test_a_task_that_timed_out_while_awaiting_a_child(self):
        self.parent(child("kid", "kid", TimeoutSeconds=1, Next="W", Catch=[
            catch("W", "States.Timeout")]), W=wait())
        self.api.wait("x", "WAITING_FOR_TIMER")
        self.assertEqual(self.api.status("kid"), "STOPPED")
        again = self.api.halt("kid")
        self.assertEqual((again["outcome"], again["receipt"]["reason"]),
                         ("already_halted", "frame cancelled"))


if __name__ == "__main__":
    unittest.main()
