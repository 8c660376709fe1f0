"""test_halt_after.py - what a halt leaves: late comers, quiet, restart, the proof; and a halt that
fails in the middle."""
import os
import threading
import time
import unittest

from contract import (WAIT, Api, Case, Server, stores, callback, callback_token, catch, child, lock, plan,
                      task, until, wait)


class ALateComer(Case):
    """409 EXECUTION_HALTED with the halt id, nothing changed, stored once as evidence."""

    def late(self, verb, body, done, api=None, knows=True):
        """Refused twice with the same words; the second time leaves no second evidence."""
        before = self.server.dump("evidence", "trees", "halt_in_flight")
        for _ in range(2):
            problem = self.refused((api or self.api).post(verb, body), 409, "EXECUTION_HALTED")
            self.assertEqual(problem["halt_id"], done["halt_id"])
            if knows:
                self.assertEqual((problem["halted_by"], problem["reason"]), ("ada", "enough"))
            else:
                self.assertNotIn("halted_by", problem)
                self.assertNotIn("reason", problem)
                self.assertNotIn("enough", str(problem))
        self.assertEqual(self.server.dump("evidence", "trees", "halt_in_flight"), before)

    def evidence(self, name="x"):
        return [(e["kind"], e["halt_id"]) for e in self.api.evidence(name)]

    def leased(self):
        self.api.start("x", plan(T=task("task:t")))
        return self.api.poll("t")["task_token"]

    def test_complete_task(self):
        token = self.leased()
        done = self.api.halt("x", reason="enough")
        self.late("complete_task", {"task_token": token, "output": {"too": "late"}}, done)
        kept = self.api.evidence("x")
        self.assertEqual(len(kept), 1)
        self.assertEqual((kept[0]["kind"], kept[0]["halt_id"], kept[0]["body"]),
                         ("complete_task", done["halt_id"], {"too": "late"}))
        self.assertIsNone(self.api.show("x")["output"])

    def test_fail_task(self):
        token = self.leased()
        done = self.api.halt("x", reason="enough")
        self.late("fail_task", {"task_token": token, "error": "E", "cause": "c"}, done)
        self.assertEqual(self.evidence(), [("fail_task", done["halt_id"])])

    def test_heartbeat_task(self):
        token = self.leased()
        done = self.api.halt("x", reason="enough")
        self.late("heartbeat_task", {"task_token": token}, done)
        self.assertEqual(self.evidence(), [("heartbeat_task", done["halt_id"])])

    def test_each_kind_is_evidence_of_its_own(self):
        token = self.leased()
        done = self.api.halt("x", reason="enough")
        self.late("heartbeat_task", {"task_token": token}, done)
        self.late("complete_task", {"task_token": token, "output": 1}, done)
        self.late("complete_task", {"task_token": token, "output": 2}, done)
        self.assertEqual(sorted(self.evidence()), [("complete_task", done["halt_id"]),
                                                   ("heartbeat_task", done["halt_id"])])

    def test_a_callback_by_its_token_learns_the_halt_id_and_no_more(self):
        self.api.start("x", plan(K=callback()))
        token = callback_token(self.api, "x")
        done = self.api.halt("x", reason="enough")
        bare = Api(self.server, self.operator)
        bare.token = None
        self.late("execution_callback", {"callback_token": token, "output": 1}, done, bare, False)
        self.assertEqual(self.evidence(), [("execution_callback", done["halt_id"])])

    def test_a_callback_with_the_operators_token_also_sees_who_and_why(self):
        self.api.start("x", plan(K=callback()))
        token = callback_token(self.api, "x")
        done = self.api.halt("x", reason="enough")
        self.late("execution_callback", {"callback_token": token, "output": 1}, done)
        self.late("execution_callback", {"callback_token": token, "error": "E"}, done)
        self.late("execution_callback", {"plan_execution_id": "x", "output": 1}, done)
        self.late("execution_callback", {"plan_execution_id": "x", "state": "K", "output": 1}, done)
        self.assertEqual(self.evidence(), [("execution_callback", done["halt_id"])])

    def test_a_human_answer(self):
        self.api.start("x", plan(H=task("human")))
        human = self.api.get("human_tasks")["human_tasks"][0]["human_task_id"]
        done = self.api.halt("x", reason="enough")
        self.assertEqual(self.api.get("human_tasks")["human_tasks"], [])
        self.late("complete_human_task", {"human_task_id": human, "output": "yes"}, done)
        self.assertEqual(self.evidence(), [("complete_human_task", done["halt_id"])])

    def test_the_token_of_a_halted_life_stays_refused_after_a_restart(self):
        token = self.leased()
        done = self.api.halt("x", reason="enough")
        self.api.ok("restart_execution", plan_execution_id="x")
        self.late("complete_task", {"task_token": token, "output": 1}, done)
        self.assertEqual(self.api.status("x"), "EXECUTING")
        self.assertEqual(len(self.api.evidence("x")), 1)

    def test_the_restarted_life_is_not_touched_and_can_be_completed(self):
        old = self.leased()
        self.api.halt("x", reason="enough")
        self.api.ok("restart_execution", plan_execution_id="x")
        new = self.api.poll("t")["task_token"]
        self.assertEqual(self.api.post("complete_task", {"task_token": old, "output": 1}).status,
                         409)
        self.api.ok("complete_task", task_token=new, output=2)
        self.assertEqual(self.api.show("x")["output"], 2)

    def test_nobody_polls_a_task_of_a_halted_execution(self):
        self.api.start("x", plan(T=task("task:t")))
        self.api.halt("x")
        self.assertIsNone(self.api.poll("t", 0))

    def test_evidence_survives_kill_9(self):
        token = self.leased()
        done = self.api.halt("x", reason="enough")
        self.late("complete_task", {"task_token": token, "output": 1}, done)
        self.server.kill_and_start()
        self.assertEqual(self.evidence(), [("complete_task", done["halt_id"])])
        self.late("complete_task", {"task_token": token, "output": 1}, done)


class WaitQuiescent(Case):
    args = ("--lease-ms", "1500")

    def leased(self, name="x", **more):
        self.api.start(name, plan(T=task("task:" + name, **more)))
        return self.api.poll(name)["task_token"]

    def quiet(self, wait_ms, name="x", **more):
        begin = time.monotonic()
        done = self.api.halt(name, wait="quiescent", wait_ms=wait_ms, **more)
        return done["quiescent"], time.monotonic() - begin, done

    def in_thread(self, wait_ms=15000, **more):
        found = []
        thread = threading.Thread(target=lambda: (found.append(self.quiet(wait_ms, **more)),
                                                  self.server.client().close()))
        thread.start()
        self.addCleanup(thread.join)
        # The halt is committed first: everybody sees it while the caller still waits.
        self.api.wait("x", "STOPPED")
        return thread, found

    def test_true_at_once_when_nobody_works_on_it(self):
        self.api.start("x", plan(T=task("task:x")))
        quiet, seconds, done = self.quiet(15000)
        self.assertTrue(quiet)
        self.assertLess(seconds, 5)
        self.assertEqual((done["outcome"], done["receipt"]["in_flight"]), ("halted", []))

    def test_stopped_answers_at_the_commit_without_the_member(self):
        self.leased(HeartbeatSeconds=60)
        self.assertNotIn("quiescent", self.api.halt("x", wait="stopped"))

    def test_true_when_the_worker_has_completed(self):
        token = self.leased(HeartbeatSeconds=60)
        thread, found = self.in_thread()
        answer = self.api.post("complete_task", {"task_token": token, "output": 1})
        self.refused(answer, 409, "EXECUTION_HALTED")
        thread.join(10)
        self.assertEqual([one[0] for one in found], [True])
        self.assertEqual(len(found[0][2]["receipt"]["in_flight"]), 1)

    def test_true_when_the_worker_has_failed_it(self):
        token = self.leased(HeartbeatSeconds=60)
        thread, found = self.in_thread()
        self.assertEqual(self.api.post("fail_task", {"task_token": token, "error": "E"}).status,
                         409)
        thread.join(10)
        self.assertEqual([one[0] for one in found], [True])

    def test_true_when_the_last_of_two_workers_is_done(self):
        self.api.start("x", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [
                plan(A=task("task:x", HeartbeatSeconds=60)),
                plan(B=task("task:x", HeartbeatSeconds=60))]}}})
        tokens = [self.api.poll("x")["task_token"] for _ in range(2)]
        thread, found = self.in_thread()
        self.api.post("complete_task", {"task_token": tokens[0], "output": 1})
        thread.join(0.3)
        self.assertEqual(found, [])
        self.api.post("complete_task", {"task_token": tokens[1], "output": 1})
        thread.join(10)
        self.assertEqual([one[0] for one in found], [True])

    def test_true_when_the_lease_has_run_out(self):
        self.leased()
        begin = time.time() * 1000
        quiet, _, done = self.quiet(15000)
        self.assertTrue(quiet)
        for flight in done["receipt"]["in_flight"]:
            self.assertGreaterEqual(time.time() * 1000, flight["lease_until"])
            self.assertLess(flight["lease_until"] - begin, 1600)

    def test_false_when_the_time_is_over(self):
        self.leased(HeartbeatSeconds=60)
        quiet, seconds, done = self.quiet(250)
        self.assertFalse(quiet)
        self.assertEqual(done["outcome"], "halted")
        self.assertGreaterEqual(seconds, 0.24)
        self.assertLess(seconds, 5)

    def test_false_at_once_with_no_time_to_wait(self):
        self.leased(HeartbeatSeconds=60)
        quiet, seconds, _ = self.quiet(0)
        self.assertFalse(quiet)
        self.assertLess(seconds, 5)

    def test_a_heartbeat_neither_counts_as_quiet_nor_extends_the_lease(self):
        token = self.leased(HeartbeatSeconds=60)
        thread, found = self.in_thread(wait_ms=700)
        self.refused(self.api.post("heartbeat_task", {"task_token": token}), 409,
                     "EXECUTION_HALTED")
        thread.join(10)
        self.assertEqual([one[0] for one in found], [False])
        until_before = found[0][2]["receipt"]["in_flight"][0]["lease_until"]
        self.assertEqual(self.server.one("SELECT lease_until FROM halt_in_flight WHERE"
                                         " operator_name = ?", self.operator), until_before)

    def test_human_tasks_and_callbacks_are_not_waited_for(self):
        self.api.start("x", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [
                plan(H=task("human")), plan(K=callback(TimeoutSeconds=99))]}}})
        quiet, seconds, done = self.quiet(15000)
        self.assertTrue(quiet)
        self.assertLess(seconds, 5)
        self.assertEqual(done["receipt"]["in_flight"], [])

    def test_already_halted_waits_for_the_work_of_the_first_halt(self):
        token = self.leased(HeartbeatSeconds=60)
        self.api.halt("x")
        self.assertFalse(self.quiet(100)[0])
        self.api.post("complete_task", {"task_token": token, "output": 1})
        quiet, _, done = self.quiet(15000)
        self.assertEqual((quiet, done["outcome"]), (True, "already_halted"))

    def test_a_replay_waits_anew_and_all_but_quiescent_is_the_same_bytes(self):
        token = self.leased(HeartbeatSeconds=60)
        body = {"plan_execution_id": "x", "wait": "quiescent", "wait_ms": 100}
        first = self.api.post("halt_execution", body, "k")
        self.assertTrue(first.raw.endswith(b',"quiescent":false}'), first)
        self.api.post("complete_task", {"task_token": token, "output": 1})
        again = self.api.post("halt_execution", body, "k")
        self.assertEqual(again.raw, first.raw.replace(b'"quiescent":false', b'"quiescent":true'))

    def test_the_whole_tree_is_waited_for(self):
        self.api.plan("work", plan(T=task("task:x", HeartbeatSeconds=60)))
        self.api.start("x", plan(C=child("work", "kid")))
        token = self.api.poll("x")["task_token"]
        self.assertFalse(self.quiet(100, halt_all_child_executions=True)[0])
        self.api.post("complete_task", {"task_token": token, "output": 1})
        self.assertTrue(self.quiet(15000)[0])

    def test_halt_child_executions_waits_too(self):
        self.api.plan("work", plan(T=task("task:x", HeartbeatSeconds=60)))
        self.api.start("x", plan(C=child("work", "kid", False, Next="W"), W=wait()))
        token = self.api.poll("x")["task_token"]
        done = self.api.ok("halt_child_executions", plan_execution_id="x", wait="quiescent",
                           wait_ms=100)
        self.assertFalse(done["quiescent"])
        self.api.post("complete_task", {"task_token": token, "output": 1})
        self.assertTrue(self.quiet(15000, "kid")[0])

    def test_waiting_is_never_an_error_and_a_refusal_does_not_wait(self):
        self.refused(self.api.post("halt_execution", {"plan_execution_id": "nobody",
                                                      "wait": "quiescent"}),
                     404, "EXECUTION_NOT_FOUND")

    def test_at_sigterm_the_parked_one_is_answered_false(self):
        self.leased(HeartbeatSeconds=60)
        thread, found = self.in_thread(wait_ms=60000)
        time.sleep(0.1)
        self.assertEqual(self.server.stop(), 0)
        thread.join(10)
        self.server.start()
        self.assertEqual([one[0] for one in found], [False])
        self.assertEqual(self.api.status("x"), "STOPPED")


class ARestartAfterAHalt(Case):
    def restart(self, name="x", **more):
        return self.api.ok("restart_execution", plan_execution_id=name, **more)

    def test_goes_on_from_the_last_state_with_its_input_under_a_new_epoch(self):
        self.api.start("x", plan(A={"Type": "Pass", "Result": {"n": 1}, "Next": "T"},
                                 T=task("task:t")))
        done = self.api.halt("x")
        again = self.restart(reason="go on")
        self.assertEqual(again, {"plan_execution_id": "x", "status": "EXECUTING", "epoch": 3})
        now = self.api.show("x")
        self.assertEqual((now["halt_id"], now["ended_at"], now["last_state"]), (None, None, "T"))
        found = self.api.poll("t")
        self.assertEqual((found["state"], found["input"]), ("T", {"n": 1}))
        self.api.ok("complete_task", task_token=found["task_token"], output=2)
        self.assertEqual(self.api.show("x")["output"], 2)
        self.assertEqual(len(self.api.events("x", "PassStateEntered")), 1)
        event = self.api.events("x", "EXECUTION.RESTARTED")[0]["detail"]
        self.assertEqual((event["previous_status"], event["reason"], event["subject"]),
                         ("STOPPED", "go on", "ada"))
        self.assert_clean(done["halt_id"])

    def test_every_frame_re_enters_its_state_but_those_that_were_done(self):
        self.api.start("x", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [
                plan(A=callback()), plan(B=callback()), plan(C={"Type": "Pass", "Result": "c"})]}}})
        self.api.ok("execution_callback", plan_execution_id="x", state="A", output="a")
        self.api.halt("x")
        self.restart()
        self.assertEqual(self.api.fresh("x"), ["CALLBACK"])
        self.api.ok("execution_callback", plan_execution_id="x", output="b")
        self.assertEqual(self.api.show("x")["output"], ["a", "b", "c"])

    def test_it_first_waits_as_pending_for_every_lock_the_halt_took(self):
        hold = plan(A=lock("a", Next="B"), B=lock("b", Next="W"), W=wait())
        self.api.start("x", hold)
        self.api.start("y", plan(A=lock("a", Next="W"), W=wait()))
        self.api.start("z", plan(B=lock("b", Next="W"), W=wait()))
        self.api.halt("x")
        self.api.wait("y", "WAITING_FOR_TIMER")
        self.api.wait("z", "WAITING_FOR_TIMER")
        self.assertEqual(self.restart()["status"], "PENDING")
        self.api.halt("z")
        self.assertEqual(self.api.status("x"), "PENDING")
        self.api.halt("y")
        self.api.wait("x", "WAITING_FOR_TIMER")
        holders = {one["name"]: one["holder"] for one in self.api.all("locks", "locks")}
        self.assertEqual((holders["a"], holders["b"]), ("x", "x"))

    def test_pending_for_its_locks_it_can_be_halted_again(self):
        self.api.start("x", plan(A=lock("a", Next="W"), W=wait()))
        self.api.start("y", plan(A=lock("a", Next="W"), W=wait()))
        self.api.halt("x")
        self.api.wait("y", "WAITING_FOR_TIMER")
        self.restart()
        done = self.api.halt("x")
        self.assertEqual(done["receipt"]["executions"][0]["previous_status"], "PENDING")
        self.assertEqual(self.api.all("locks", "locks")[0]["waiters"], [])
        self.restart()
        self.api.halt("y")
        self.api.wait("x", "WAITING_FOR_TIMER")

    def test_it_attaches_to_the_old_child_when_that_is_still_active(self):
        self.api.plan("kid", WAIT)
        self.api.start("x", plan(C=child("kid", "kid", Next="E"), E={"Type": "Pass"}))
        self.api.wait("kid", "WAITING_FOR_TIMER")
        self.api.halt("x")
        self.restart()
        self.api.wait("x", "WAITING_FOR_CHILD_EXECUTION")
        self.assertEqual(len(self.api.get("executions?parent=x")["executions"]), 1)
        done = self.api.halt("kid", input="told")
        self.assertEqual(done["callback_for_halt"]["result"], "delivered")
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], "told")

    def test_it_starts_a_new_child_when_the_old_one_was_stopped(self):
        self.api.plan("kid", WAIT)
        self.api.start("x", plan(C=child("kid", Next="E"), E={"Type": "Pass"}))
        old = until(lambda: self.api.get("executions?parent=x")["executions"], "the child")
        old = old[0]["plan_execution_id"]
        self.api.wait(old, "WAITING_FOR_TIMER")
        self.api.halt("x", halt_all_child_executions=True)
        self.restart()
        self.api.wait("x", "WAITING_FOR_CHILD_EXECUTION")
        self.assertEqual(self.api.status(old), "STOPPED")
        kids = [e["plan_execution_id"]
                for e in self.api.get("executions?parent=x")["executions"]]
        self.assertEqual(len(kids), 2)
        new = [kid for kid in kids if kid != old][0]
        # The old one, restarted alone, is nobody's child any more.
        self.restart(old)
        self.assertEqual(self.api.halt(old)["callback_for_halt"]["result"], "not_awaited")
        self.api.halt(new, input=1)
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 1)

    def test_the_parent_it_once_had_is_not_told_twice(self):
        self.api.plan("kid", plan(K=callback()))
        self.api.start("x", plan(C=child("kid", "kid", Catch=[catch("W", "States.ALL")], Next="W"),
                                 W=wait()))
        self.api.wait("kid", "WAITING_FOR_CALLBACK")
        self.api.halt("kid")
        self.api.wait("x", "WAITING_FOR_TIMER")
        before = len(self.api.events("x"))
        self.restart("kid")
        self.api.ok("execution_callback", plan_execution_id="kid", output=1)
        self.api.wait("kid", "SUCCESS")
        self.assertEqual(len(self.api.events("x")), before)
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")

    def test_timers_of_the_old_life_do_not_fire_into_the_new_one(self):
        self.api.start("x", plan(W=wait(1, Next="K"), K=callback()))
        self.api.halt("x")
        self.restart()
        self.api.wait("x", "WAITING_FOR_CALLBACK")
        self.assertEqual(len(self.api.events("x", "WaitStateExited")), 1)


class VerifyHalt(Case):
    KINDS = ["executions", "leases", "lock_waiters", "locks", "paused_executions", "queue",
             "reservations", "schedule", "tokens"]

    def test_clean_and_says_what_it_looked_at(self):
        self.api.start("x", plan(L=lock("door", Next="T"), T=task("task:t", TimeoutSeconds=99)))
        self.api.poll("t")
        done = self.api.halt("x")
        proof = self.api.verify(done["halt_id"])
        self.assertEqual((proof["halt_id"], proof["clean"], proof["residue"]),
                         (done["halt_id"], True, []))
        self.assertEqual(sorted(proof["looked_at"]), self.KINDS)
        self.assertEqual((proof["looked_at"]["executions"], proof["looked_at"]["leases"]), (1, 1))
        self.assertGreaterEqual(proof["looked_at"]["reservations"], 3)

    def test_a_planted_residue_is_named(self):
        self.api.start("x", plan(T=task("task:t")))
        self.api.poll("t")
        done = self.api.halt("x")
        mine = " WHERE operator_name = '%s'" % self.operator
        self.server.plant("UPDATE reservations SET status = 'FRESH'" + mine + " AND type = 'TASK'")
        proof = self.api.verify(done["halt_id"])
        self.assertFalse(proof["clean"])
        named = {left["kind"]: left for left in proof["residue"]}
        self.assertTrue({"reservations", "tokens", "leases"} <= set(named), named)
        self.assertEqual(named["reservations"]["count"], 1)
        self.assertIn("x", named["reservations"]["example"])
        self.server.plant("UPDATE reservations SET status = 'STALE'" + mine)
        self.assert_clean(done["halt_id"])

    def test_a_restarted_execution_is_no_residue(self):
        self.api.start("x", plan(L=lock("door", Next="T"), T=task("task:t")))
        done = self.api.halt("x")
        self.api.ok("restart_execution", plan_execution_id="x")
        self.api.poll("t")
        self.assert_clean(done["halt_id"])
        self.api.ok("pause_execution", plan_execution_id="x")
        self.assert_clean(done["halt_id"])

    def test_an_unknown_and_a_foreign_halt_are_not_found_in_the_same_bytes(self):
        self.api.start("x", WAIT)
        done = self.api.halt("x")
        stranger = Api(self.server, self.operator + "-not")
        foreign = stranger.post("verify_halt", {"halt_id": done["halt_id"]})
        self.refused(foreign, 404, "HALT_NOT_FOUND")
        for unknown in ("0" * 26, "x", done["halt_id"][:-1] + "z"):
            self.assertEqual(stranger.post("verify_halt", {"halt_id": unknown}).raw, foreign.raw)

    def test_its_request(self):
        for body, pointer in (({}, "/halt_id"), ({"halt_id": ""}, "/halt_id"),
                              ({"halt_id": 1}, "/halt_id"), ({"halt_id": "x", "deep": 1}, "/deep")):
            self.refused(self.api.post("verify_halt", body), 400, "INVALID_REQUEST", pointer)


class AStepThatFails(Case):
    """A statement of a step fails: its own code, the whole old state, and the repeat succeeds."""
    STEPS = (
        ("halts_collect_target_row", "STATEMENT_FAILED"),
        ("halts_collect_all", "STATEMENT_FAILED"),
        ("halts_record_rows", "HISTORY_WRITE_FAILED"),
        ("halts_stop_rows", "EXECUTION_UPDATE_FAILED"),
        ("halts_unpause_rows", "PAUSED_EXECUTION_REMOVE_FAILED"),
        ("halts_clean_rows", "RESERVATION_CLEANUP_FAILED"),
        ("halts_cleaned_rows", "RESERVATION_CLEANUP_FAILED"),
        ("halts_unwait_rows", "UNLOCK_FAILED"),
        ("halts_locks_pass", "UNLOCK_FAILED"),
        ("halts_locks_turns", "UNLOCK_FAILED"),
        ("reservations_arrived", "PARENT_CALLBACK_FAILED"),
        ("history_insert", "PARENT_CALLBACK_FAILED"),
        ("halts_insert_row", "STATEMENT_FAILED"),
    )

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.close)
        cls.arm = os.path.join(cls.server.dir, "armed")

    def world(self, fault):
        """`x` awaits `mid`, which holds a lock that its child `inside` and the stranger `next` wait
        for, and awaits the paused `leaf`."""
        if os.path.exists(self.arm):
            os.unlink(self.arm)
        self.server.restart(kill=False, env={"FERMATA_FAULT": fault, "FERMATA_FAULT_ARM": self.arm})
        self.setUp()
        self.api.plan("leaf", WAIT)
        self.api.plan("door", plan(L=lock("door", Next="W"), W=wait()))
        self.api.plan("mid", plan(L=lock("door", Next="I"),
                                  I=child("door", "inside", False, Next="C"),
                                  C=child("leaf", "leaf")))
        self.api.start("x", plan(C=child("mid", "mid", Next="E"), E={"Type": "Pass"}))
        self.api.wait("leaf", "WAITING_FOR_TIMER")
        self.api.wait("inside", "WAITING_FOR_LOCK")
        self.api.ok("pause_execution", plan_execution_id="leaf")
        self.api.run("door", "next")
        with open(self.arm, "w"):
            pass

    def halt(self):
        return self.api.post("halt_execution", {
            "plan_execution_id": "mid", "halt_all_child_executions": True, "input": 1}, "key")

    def assert_halted(self, answer):
        self.assertEqual((answer.status, answer.json["outcome"]), (200, "halted"), answer)
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"], 1)
        self.api.wait("next", "WAITING_FOR_TIMER")
        self.assert_clean(answer.json["halt_id"])

    def test_each_step_with_its_code(self):
        for query, code in self.STEPS:
            with self.subTest(query):
                self.world(query + ":1:STATEMENT_FAILED")
                before = self.server.dump()
                failed = self.halt()
                if failed.status == 200 and "sql.fault" not in self.server.log_text():
                    self.skipTest("a build without FERMATA_FAULTS")
                self.refused(failed, 500, code)
                self.assertEqual(self.server.dump(), before)
                self.assert_halted(self.halt())

    def test_a_full_disk_is_507_and_a_busy_store_503_safe_to_repeat(self):
        cases = [("halts_clean_rows:1:STORAGE_FULL", 507, "STORAGE_FULL"),
                 ("commit:1:STORAGE_FULL", 507, "STORAGE_FULL")]
        if not stores.is_shared():  # there it is tried again by itself
            cases.append(("halts_clean_rows:1:STORAGE_BUSY", 503, "UNAVAILABLE"))
        for fault, status, code in cases:
            with self.subTest(fault):
                self.world(fault)
                before = self.server.dump()
                failed = self.halt()
                if failed.status == 200 and "sql.fault" not in self.server.log_text():
                    self.skipTest("a build without FERMATA_FAULTS")
                self.refused(failed, status, code)
                self.assertEqual(failed.headers["retry-after"], "1")
                self.assertEqual(self.server.dump(), before)
                self.assert_halted(self.halt())

    @unittest.skipUnless(stores.is_shared(), "one writer has nobody to wait for")
    def test_on_a_shared_store_what_was_busy_is_tried_again(self):
        for fault in ("halts_clean_rows:1:STORAGE_BUSY", "halts_insert_row:1:STORAGE_CONSTRAINT",
                      "commit:1:STORAGE_BUSY", "commit:1:STORAGE_LOST", "savepoint:1:STORAGE_LOST"):
            with self.subTest(fault):
                self.world(fault)
                self.assert_halted(self.halt())


if __name__ == "__main__":
    unittest.main()
