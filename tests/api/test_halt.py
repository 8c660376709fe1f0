"""test_halt.py - the contract of halt_execution and halt_child_executions, row by row, over HTTP."""
import json
import time
import unittest

from contract import (DONE, WAIT, Case, callback, catch, child, lock, plan, task,
                      wait)

FINAL = ("SUCCESS", "FAILED", "STOPPED")


class HaltCase(Case):
    def family(self, name="x", kid="kid", awaited=True, **more):
        """`name` runs `kid`; `kid` waits for a timer."""
        self.api.plan(kid, WAIT)
        self.api.start(name, plan(C=child(kid, kid, awaited, **dict({"Next": "W"}, **more)),
                                  W=wait(7200)))
        self.api.wait(kid, "WAITING_FOR_TIMER")

    def wide(self, name="x"):
        """`name` and three descendants: one awaited, one let go, and one below that has ended."""
        self.api.plan("leaf", WAIT)
        self.api.plan("mid", plan(C=child("leaf", name + "-grandchild", False)))
        self.api.start(name, plan(
            A=child("mid", name + "-ended", False, Next="B"),
            B=child("leaf", name + "-free", False, Next="C"),
            C=child("leaf", name + "-awaited")))
        for end in ("-grandchild", "-free", "-awaited"):
            self.api.wait(name + end, "WAITING_FOR_TIMER")
        self.api.wait(name + "-ended", "SUCCESS")

    def halt_answer(self, body, key=None):
        return self.api.post("halt_execution", body, key)


class TheRequest(HaltCase):
    """The table of fields: what is accepted, what is refused, and by which pointer."""

    def refuse(self, pointer, **body):
        for verb in ("halt_execution", "halt_child_executions"):
            whole = dict({"plan_execution_id": "x"}, **body)
            self.refused(self.api.post(verb, whole), 400, "INVALID_REQUEST", pointer)

    def test_plan_execution_id_is_required_and_has_a_form(self):
        for verb in ("halt_execution", "halt_child_executions"):
            self.refused(self.api.post(verb, {}), 400, "INVALID_REQUEST", "/plan_execution_id")
        for bad in ("", "a b", "a/b", "a%20", "x';--", "\u00e9", "\U0001f600", "\u202ex", "a" * 129,
                    "a" * 10000, 1, None, True, [], {}):
            self.refuse("/plan_execution_id", plan_execution_id=bad)
        self.refused(self.halt_answer({"plan_execution_id": "AZaz09._:-" + "a" * 118}), 404,
                     "EXECUTION_NOT_FOUND")

    def test_each_field_has_its_type_and_range(self):
        for field, bad in {
                "halt_all_child_executions": ("true", 1, None, []),
                "plan_version": (0, -1, 1.5, "1", True, None, 2 ** 63),
                "reason": (1, None, [], "r" * 4097, "\u00e9" * 2049),
                "dry_run": ("true", 0, None),
                "if_digest": ("", 1, None, "d" * 65),
                "if_status": ("", "HALTED", "stopped", 1, None),
                "if_epoch": (-1, "1", 1.0, None, 2 ** 63),
                "max_affected": (0, -1, "1", 1.5, None, 2 ** 64),
                "wait": ("", "quiet", 1, None),
                "wait_ms": (-1, 300001, 10 ** 12, "5m", 1.5, None)}.items():
            for value in bad:
                body = {"plan_execution_id": "x", field: value}
                answer = self.halt_answer(body)
                problem = self.refused(answer, 400, "INVALID_REQUEST")
                self.assertEqual(problem["pointer"], "/" + field, (field, value, problem))
                if isinstance(value, str) and len(value) > 10:
                    self.assertNotIn(value[:10], answer.raw.decode())

    def test_the_largest_allowed_values_pass(self):
        self.api.start("x", WAIT)
        done = self.api.halt("x", halt_all_child_executions=True, input={"any": ["json", None]},
                             plan_version=2 ** 63 - 1, reason="r" * 4096, dry_run=False,
                             if_status="WAITING_FOR_TIMER", if_epoch=1, max_affected=1,
                             wait="stopped", wait_ms=300000)
        self.assertEqual(done["outcome"], "halted")
        self.assertEqual(done["receipt"]["unused"], ["input", "plan_version"])

    def test_an_unknown_field_is_refused_by_name_and_nothing_halts(self):
        self.family()
        before = self.server.dump()
        self.refuse("/halt_all_child_execution", halt_all_child_execution=True)
        self.refuse("/a~1b~0", **{"a/b~": 1})
        self.refuse("/operator_name", operator_name="other")
        self.refuse("/portal_id", portal_id="other")
        self.assertEqual(self.server.dump(), before)

    def test_the_arguments_of_the_c_function_are_refused_on_the_wire(self):
        for field, value in {"is_batch_operation": True, "name": "b", "children": "awaited",
                             "disable_parent_callback": True}.items():
            self.refuse("/" + field, **{field: value})

    def test_halt_child_executions_takes_no_halt_all_child_executions(self):
        self.refused(self.api.post("halt_child_executions",
                                   {"plan_execution_id": "x", "halt_all_child_executions": True}),
                     400, "INVALID_REQUEST", "/halt_all_child_executions")

    def test_the_reason_is_kept_word_for_word(self):
        for i, reason in enumerate(("", "why\x1b[31m\u0007", "<script>alert(1)</script>\r\n\t\"\\",
                                    "\u00e9\u202e\U0001f600", "r" * 4096)):
            name = "x%d" % i
            self.api.start(name, WAIT)
            done = self.api.halt(name, reason=reason)
            self.assertEqual(done["receipt"]["reason"], reason)
            self.assertEqual(self.api.get("halts/" + done["halt_id"])["reason"], reason)
            event = self.api.events(name, "EXECUTION.HALTED")[0]
            self.assertEqual(event["detail"]["reason"], reason)

    def test_the_reason_is_optional(self):
        self.api.start("x", WAIT)
        self.assertIsNone(self.api.halt("x")["receipt"]["reason"])

    def test_reason_and_actor_are_shown_in_the_history_of_every_execution_halted(self):
        self.wide()
        done = self.api.halt("x", halt_all_child_executions=True, reason="enough")
        for name in ("x", "x-free", "x-awaited", "x-grandchild"):
            event = self.api.events(name, "EXECUTION.HALTED")[0]["detail"]
            self.assertEqual((event["reason"], event["halt_id"], event["root"]),
                             ("enough", done["halt_id"], "x"))
            self.assertEqual(event["actor"], {"operator_name": self.operator, "portal_id": "shop",
                                              "subject": "ada"})
        self.assertEqual(self.api.events("x-ended", "EXECUTION.HALTED"), [])

    def test_portal_and_subject_come_from_the_token_and_children_inherit_the_portal(self):
        self.family()
        self.assertEqual(self.api.show("kid")["portal_id"], "shop")
        bare = self.api.as_(portal=None, sub="bob")
        actor = bare.halt("x")["receipt"]["actor"]
        self.assertEqual(actor, {"operator_name": self.operator, "portal_id": "unknown",
                                 "subject": "bob"})
        self.assertEqual(self.api.show("x")["portal_id"], "shop")


class TheOrderOfChecks(HaltCase):
    """400, 401, 403, replay, 404, already halted, 409 state, 412, 409 version, 409 too many."""

    def test_400_before_401(self):
        self.api.token = None
        self.refused(self.halt_answer({"plan_execution_id": "x", "bad": 1}), 400, "INVALID_REQUEST")
        self.refused(self.halt_answer({"plan_execution_id": "x"}), 401, "UNAUTHENTICATED")

    def test_401_before_403_before_any_look_up(self):
        self.api.start("x", WAIT)
        worker = self.api.as_(scope="read run work answer")
        self.assertEqual(worker.post("halt_execution", {"plan_execution_id": "x"}).raw,
                         worker.post("halt_execution", {"plan_execution_id": "nobody"}).raw)
        self.refused(worker.post("halt_execution", {"plan_execution_id": "x"}), 403, "FORBIDDEN")
        worker.token += "x"
        self.refused(worker.post("halt_execution", {"plan_execution_id": "x"}), 401,
                     "UNAUTHENTICATED")
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")

    def test_403_before_the_replay(self):
        self.api.start("x", WAIT)
        self.assertEqual(self.halt_answer({"plan_execution_id": "x"}, "k").status, 200)
        worker = self.api.as_(scope="read")
        self.refused(worker.post("halt_execution", {"plan_execution_id": "x"}, "k"), 403,
                     "FORBIDDEN")

    def test_the_replay_before_404(self):
        first = self.halt_answer({"plan_execution_id": "x"}, "k")
        self.refused(first, 404, "EXECUTION_NOT_FOUND")
        self.api.start("x", WAIT)
        self.assertEqual(self.halt_answer({"plan_execution_id": "x"}, "k").raw, first.raw)
        self.refused(self.halt_answer({"plan_execution_id": "nobody"}, "k"), 422,
                     "IDEMPOTENCY_KEY_REUSED")
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")

    def test_404_before_412(self):
        self.refused(self.halt_answer({"plan_execution_id": "nobody", "if_epoch": 9}), 404,
                     "EXECUTION_NOT_FOUND")

    def test_already_halted_before_412_and_both_409(self):
        self.family()
        self.api.halt("kid")
        done = self.api.halt("kid", if_epoch=99, if_status="PENDING", if_digest="0" * 64,
                             plan_version=99, max_affected=1)
        self.assertEqual(done["outcome"], "already_halted")

    def test_409_state_before_412(self):
        self.api.start("x", DONE)
        self.refused(self.halt_answer({"plan_execution_id": "x", "if_epoch": 99}), 409,
                     "INVALID_STATE_TRANSITION")

    def test_412_before_409_plan_version_before_409_too_many(self):
        self.api.plan("leaf", WAIT)
        self.api.plan("mid", plan(A=child("leaf", "leaf", Next="W"), W=wait()))
        self.api.start("x", plan(C=child("mid", "mid")))
        self.api.wait("leaf", "WAITING_FOR_TIMER")
        body = {"plan_execution_id": "mid", "halt_all_child_executions": True, "if_epoch": 99,
                "plan_version": 99, "max_affected": 1}
        self.refused(self.halt_answer(body), 412, "PRECONDITION_FAILED", "/if_epoch")
        body["if_epoch"] = 1
        self.refused(self.halt_answer(body), 409, "PLAN_VERSION_INCOMPATIBLE", "/plan_version")
        body["plan_version"] = 1
        self.refused(self.halt_answer(body), 409, "TOO_MANY_AFFECTED", "/max_affected")
        body["max_affected"] = 2
        self.assertEqual(self.halt_answer(body).status, 200)


class TheOutcome(HaltCase):
    def test_halted(self):
        self.api.start("x", WAIT)
        done = self.api.halt("x", reason="because")
        self.assertEqual(list(done), ["halt_execution_resp", "callback_for_halt", "outcome",
                                      "halt_id", "receipt"])
        self.assertEqual((done["outcome"], done["callback_for_halt"], done["halt_execution_resp"]),
                         ("halted", None, {}))
        now = self.api.show("x")
        self.assertEqual((now["status"], now["epoch"], now["halt_id"], now["last_state"]),
                         ("STOPPED", 2, done["halt_id"], "W"))
        self.assertEqual(now["ended_at"], done["receipt"]["halted_at"])
        self.assertEqual(now["batch_operations"], [])
        self.assertEqual(self.api.fresh("x"), [])
        self.assert_clean(done["halt_id"])

    def test_from_every_status_but_success_and_failed(self):
        self.api.plan("kid", WAIT)
        self.api.start("holder", plan(L=lock("door", Next="W"), W=wait()))
        each = {
            "PENDING": ("pending", WAIT, {"start_at": int(time.time() * 1000) + 3600000}),
            "EXECUTING": ("executing", plan(T=task("task:none")), {}),
            "WAITING_FOR_HUMAN_TASK": ("human", plan(H=task("human")), {}),
            "WAITING_FOR_CALLBACK": ("callback", plan(K=callback()), {}),
            "WAITING_FOR_CHILD_EXECUTION": ("parent", plan(C=child("kid")), {}),
            "WAITING_FOR_LOCK": ("waiter", plan(L=lock("door")), {}),
            "WAITING_FOR_TIMER": ("timer", WAIT, {}),
            "WAITING_FOR_RESTART": ("paused", WAIT, {}),
        }
        for status, (name, definition, more) in each.items():
            self.api.start(name, definition, **more)
            if name == "paused":
                self.api.ok("pause_execution", plan_execution_id=name)
            self.api.wait(name, status)
            done = self.api.halt(name)
            self.assertEqual(done["outcome"], "halted", name)
            self.assertEqual(done["receipt"]["executions"][0]["previous_status"], status)
            self.assertEqual(self.api.events(name, "EXECUTION.HALTED")[0]["detail"]
                             ["previous_status"], status)
            self.assertEqual(self.api.show(name)["status"], "STOPPED")
            self.assertEqual(self.api.fresh(name), [])
            self.assert_clean(done["halt_id"])

    def test_what_has_ended_is_409_with_what_since_when_and_what_is_left(self):
        self.api.plan("kid", WAIT)
        self.api.start("x", plan(C=child("kid", "kid", False)))
        self.api.wait("kid", "WAITING_FOR_TIMER")
        self.api.start("y", plan(F={"Type": "Fail", "Error": "Broken"}))
        before = self.server.dump()
        for name, status, left in (("x", "SUCCESS", 1), ("y", "FAILED", 0)):
            for all_children in (False, True):
                answer = self.halt_answer({"plan_execution_id": name,
                                           "halt_all_child_executions": all_children})
                problem = self.refused(answer, 409, "INVALID_STATE_TRANSITION")
                self.assertEqual(problem["execution_status"], status)
                self.assertEqual(problem["ended_at"], self.api.show(name)["ended_at"])
                self.assertEqual(problem["active_descendants"], left)
                self.assertIn("halt_child_executions", problem["detail"])
        self.assertEqual(self.server.dump(), before)

    def test_without_the_flag_only_the_target_stops(self):
        self.wide()
        done = self.api.halt("x")
        self.assertEqual(done["halt_execution_resp"], {})
        self.assertEqual(done["receipt"]["counts"]["executions"], 1)
        for end in ("-free", "-awaited", "-grandchild"):
            self.assertEqual(self.api.status("x" + end), "WAITING_FOR_TIMER")

    def test_with_the_flag_all_descendants_stop_also_below_final_ones(self):
        self.wide()
        done = self.api.halt("x", halt_all_child_executions=True)
        self.assertEqual(sorted(done["halt_execution_resp"]),
                         ["x-awaited", "x-free", "x-grandchild"])
        self.assertEqual(done["halt_execution_resp"]["x-grandchild"]["depth"], 2)
        for name in ("x", "x-free", "x-awaited", "x-grandchild"):
            now = self.api.show(name)
            self.assertEqual((now["status"], now["halt_id"], now["epoch"]),
                             ("STOPPED", done["halt_id"], 2))
            self.assertEqual(self.api.fresh(name), [])
        ended = self.api.show("x-ended")
        self.assertEqual((ended["status"], ended["halt_id"]), ("SUCCESS", None))
        self.assert_clean(done["halt_id"])

    def test_no_callback_passes_inside_the_halted_part(self):
        self.wide()
        self.api.halt("x", halt_all_child_executions=True)
        for name in ("x", "x-ended", "x-free", "x-awaited", "x-grandchild"):
            self.assertEqual(self.api.events(name, "CHILD.HALTED"), [])

    def test_children_halted_when_the_target_was_stopped_already(self):
        self.wide()
        first = self.api.halt("x", reason="one")
        done = self.api.halt("x", halt_all_child_executions=True, reason="two")
        self.assertEqual((done["outcome"], done["callback_for_halt"]), ("children_halted", None))
        self.assertNotEqual(done["halt_id"], first["halt_id"])
        self.assertEqual(sorted(done["halt_execution_resp"]),
                         ["x-awaited", "x-free", "x-grandchild"])
        self.assertEqual(len(self.api.events("x", "EXECUTION.HALTED")), 1)
        self.assertEqual(self.api.show("x")["halt_id"], first["halt_id"])
        self.assertEqual(self.api.show("x")["epoch"], 2)
        self.assert_clean(first["halt_id"])
        self.assert_clean(done["halt_id"])

    def test_children_halted_tells_the_targets_parent_nothing_more(self):
        self.api.plan("leaf", WAIT)
        self.api.plan("mid", plan(C=child("leaf", "leaf")))
        self.api.start("x", plan(C=child("mid", "mid", Catch=[catch("W", "States.ALL")]), W=wait()))
        self.api.wait("leaf", "WAITING_FOR_TIMER")
        self.api.halt("mid")
        done = self.api.halt("mid", halt_all_child_executions=True, input=1)
        self.assertEqual((done["outcome"], done["callback_for_halt"]), ("children_halted", None))
        self.assertEqual(done["receipt"]["unused"], ["input"])
        self.assertEqual(len(self.api.events("x", "CHILD.HALTED")), 1)

    def test_already_halted_names_halt_actor_and_time_with_the_first_receipt(self):
        self.api.start("x", WAIT)
        first = self.api.halt("x", reason="one")
        bob = self.api.as_(sub="bob", portal="kiosk")
        for body in ({}, {"halt_all_child_executions": True}, {"reason": "two", "input": 1}):
            again = bob.halt("x", **body)
            self.assertEqual((again["outcome"], again["halt_id"]),
                             ("already_halted", first["halt_id"]))
            self.assertEqual(again["receipt"], first["receipt"])
            self.assertEqual(again["receipt"]["actor"]["subject"], "ada")
        self.assertEqual(len(self.api.events("x", "EXECUTION.HALTED")), 1)
        self.assertEqual(self.server.one("SELECT count(*) FROM halts WHERE operator_name = ?",
                                         self.operator), 1)

    def test_a_child_halted_with_its_tree_is_already_halted_by_that_halt(self):
        self.wide()
        first = self.api.halt("x", halt_all_child_executions=True)
        again = self.api.halt("x-awaited")
        self.assertEqual((again["outcome"], again["halt_id"]), ("already_halted", first["halt_id"]))

    def test_after_a_restart_it_is_a_new_halt_of_a_new_epoch(self):
        self.api.start("x", WAIT)
        first = self.api.halt("x")
        self.api.ok("restart_execution", plan_execution_id="x")
        second = self.api.halt("x")
        self.assertEqual(second["outcome"], "halted")
        self.assertNotEqual(second["halt_id"], first["halt_id"])
        self.assertEqual(second["receipt"]["executions"][0]["epoch"], 3)
        self.assertEqual(self.api.show("x")["epoch"], 4)
        self.assertEqual(self.api.halt("x")["halt_id"], second["halt_id"])
        self.assert_clean(first["halt_id"])
        self.assert_clean(second["halt_id"])

    def test_unknown_and_foreign_ids_get_the_same_bytes(self):
        self.api.start("x", WAIT)
        stranger = self.api.__class__(self.server, self.operator + "-not")
        for verb in ("halt_execution", "halt_child_executions"):
            foreign = stranger.post(verb, {"plan_execution_id": "x"})
            self.refused(foreign, 404, "EXECUTION_NOT_FOUND")
            self.assertEqual(foreign.raw, stranger.post(verb, {"plan_execution_id": "y"}).raw)


class TheReceipt(HaltCase):
    def test_it_is_what_get_halts_shows_later(self):
        self.wide()
        done = self.api.halt("x", halt_all_child_executions=True, reason="r")
        self.assertEqual(self.api.get("halts/" + done["halt_id"]), done["receipt"])
        items = self.api.all("halts/%s/items" % done["halt_id"], "items")
        self.assertEqual([item["plan_execution_id"] for item in items],
                         [one["plan_execution_id"] for one in done["receipt"]["executions"]])

    def test_previous_status_last_state_epoch_deepest_first(self):
        self.wide()
        receipt = self.api.halt("x", halt_all_child_executions=True)["receipt"]
        self.assertEqual([one["depth"] for one in receipt["executions"]], [2, 1, 1, 0])
        self.assertFalse(receipt["truncated"])
        target = receipt["executions"][-1]
        self.assertEqual({name: target[name] for name in
                          ("plan_execution_id", "previous_status", "last_state", "epoch")},
                         {"plan_execution_id": "x", "epoch": 1, "last_state": "C",
                          "previous_status": "WAITING_FOR_CHILD_EXECUTION"})

    def test_each_reservation_made_stale_with_its_type_and_whether_scheduled(self):
        self.api.start("x", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [
                plan(W=wait()), plan(T=task("task:t", TimeoutSeconds=99)), plan(H=task("human")),
                plan(K=callback(HeartbeatSeconds=9, TimeoutSeconds=99))]}}})
        receipt = self.api.halt("x")["receipt"]
        listed = sorted((r["type"], r["scheduled"])
                        for r in receipt["executions"][0]["reservations"])
        self.assertEqual(listed, [("CALLBACK", False), ("HEARTBEAT", True), ("HUMAN_TASK", False),
                                  ("TASK", False), ("TIMEOUT", True), ("TIMEOUT", True),
                                  ("TIMER", True)])
        self.assertEqual((receipt["counts"]["reservations"], receipt["counts"]["scheduled"]),
                         (7, 4))
        cleaned = self.api.events("x", "RESERVATION.CLEANED")[0]["detail"]
        self.assertEqual((cleaned["execution_id"], cleaned["state"]), ("x", "P"))
        self.assertEqual(sorted(r["type"] for r in cleaned["resolved_reservations"]),
                         [kind for kind, _ in listed])

    def test_each_lock_released_and_who_got_it(self):
        hold = plan(A=lock("a", Next="B"), B=lock("b", Next="W"), W=wait())
        self.api.start("x", hold)
        self.api.start("next-a", plan(A=lock("a", Next="W"), W=wait()))
        receipt = self.api.halt("x")["receipt"]
        self.assertEqual(receipt["executions"][0]["locks"],
                         [{"name": "a", "granted_to": "next-a", "fence": 2},
                          {"name": "b", "granted_to": None, "fence": 1}])
        self.assertEqual((receipt["counts"]["locks"], receipt["counts"]["granted"]), (2, 1))
        released = [event["detail"] for event in self.api.events("x", "LOCK.RELEASED")]
        self.assertEqual([(r["name"], r["granted_to"]) for r in released],
                         [("a", "next-a"), ("b", None)])
        locks = {one["name"]: one["holder"] for one in self.api.all("locks", "locks")}
        self.assertEqual(locks.get("a"), "next-a")
        self.assertIsNone(locks.get("b"))
        self.api.wait("next-a", "WAITING_FOR_TIMER")

    def test_locks_pass_to_the_first_live_waiter_outside_the_set(self):
        door = plan(L=lock("door", Next="W"), W=wait())
        self.api.plan("door", door)
        self.api.start("x", plan(L=lock("door", Next="C"), C=child("door", "inside")))
        self.api.wait("inside", "WAITING_FOR_LOCK")
        for name in ("halted", "paused", "next", "last"):
            self.api.run("door", name)
        self.api.halt("halted")
        self.api.ok("pause_execution", plan_execution_id="paused")
        done = self.api.halt("x", halt_all_child_executions=True)
        one = [e for e in done["receipt"]["executions"] if e["plan_execution_id"] == "x"][0]
        self.assertEqual(one["locks"], [{"name": "door", "granted_to": "next", "fence": 2}])
        self.api.wait("next", "WAITING_FOR_TIMER")
        self.assertEqual(self.api.status("paused"), "WAITING_FOR_RESTART")
        self.assertEqual(self.api.all("locks", "locks")[0]["waiters"], ["paused", "last"])
        # The paused one has kept its place: awake again, it is the first of the line.
        self.api.ok("restart_execution", plan_execution_id="paused")
        self.api.halt("next")
        self.api.wait("paused", "WAITING_FOR_TIMER")
        self.assertEqual(self.api.status("last"), "WAITING_FOR_LOCK")
        self.assert_clean(done["halt_id"])

    def test_work_in_flight_with_the_end_of_its_lease(self):
        self.api.start("x", plan(T=task("task:t")))
        self.api.start("y", plan(T=task("task:queued")))
        self.api.poll("t")
        lease = self.api.all("executions/x/reservations", "reservations")
        lease_until = [r["lease_until"] for r in lease if r["type"] == "TASK"][0]
        self.assertEqual(self.api.halt("x")["receipt"]["in_flight"],
                         [{"plan_execution_id": "x", "kind": "TASK", "task": "t", "worker": "w1",
                           "lease_until": lease_until}])
        # Nobody had it: nothing is in flight, and nobody gets it.
        self.assertEqual(self.api.halt("y")["receipt"]["in_flight"], [])
        self.assertIsNone(self.api.poll("queued", 0))

    def test_a_paused_execution_without_its_row_is_an_anomaly_not_a_reason(self):
        self.api.start("x", WAIT)
        self.api.ok("pause_execution", plan_execution_id="x")
        self.server.plant("DELETE FROM paused_executions")
        done = self.api.halt("x")
        self.assertEqual(done["outcome"], "halted")
        self.assertEqual(done["receipt"]["anomalies"],
                         [{"kind": "paused_execution_missing", "count": 1}])

    def test_the_paused_row_goes_with_the_halt(self):
        self.api.start("x", WAIT)
        self.api.ok("pause_execution", plan_execution_id="x")
        self.assertEqual(self.api.halt("x")["receipt"]["anomalies"], [])
        self.assertEqual(self.server.one("SELECT count(*) FROM paused_executions"
                                         " WHERE operator_name = ?", self.operator), 0)

    def test_history_is_complete_and_in_the_order_of_the_steps(self):
        self.api.start("x", plan(L=lock("door", Next="W"), W=wait()))
        self.api.halt("x")
        events = self.api.events("x")
        self.assertEqual([event["seq"] for event in events], list(range(1, len(events) + 1)))
        self.assertEqual([event["type"] for event in events[-3:]],
                         ["EXECUTION.HALTED", "RESERVATION.CLEANED", "LOCK.RELEASED"])


class TheDryRun(HaltCase):
    def dry(self, name="x", **more):
        done = self.api.halt(name, dry_run=True, **more)
        self.assertEqual(done["outcome"], "would_halt")
        return done

    def test_it_shows_the_receipt_as_it_would_be_and_changes_nothing(self):
        self.wide()
        before = self.server.dump()
        dry = self.dry(halt_all_child_executions=True, reason="r")
        self.assertEqual(self.server.dump(), before)
        self.assertIsNone(dry["halt_id"])
        done = self.api.halt("x", halt_all_child_executions=True, reason="r",
                             if_digest=dry["receipt"]["digest"])
        self.assertEqual(done["outcome"], "halted")
        self.assertEqual(done["halt_execution_resp"], dry["halt_execution_resp"])
        for member in ("executions", "counts", "in_flight", "callback", "unused", "actor", "reason",
                       "digest", "kind", "children"):
            self.assertEqual(done["receipt"][member], dry["receipt"][member], member)

    def test_locks_and_parents_are_in_the_dry_run_and_untouched_by_it(self):
        self.api.plan("kid", plan(L=lock("door", Next="W"), W=wait()))
        self.api.start("x", plan(C=child("kid", "kid")))
        self.api.wait("kid", "WAITING_FOR_TIMER")
        self.api.start("next", plan(L=lock("door")))
        before = self.server.dump()
        dry = self.dry("kid", input=1)
        self.assertEqual(dry["callback_for_halt"],
                         {"plan_execution_id": "x", "plan_version": 1, "result": "delivered"})
        self.assertEqual(dry["receipt"]["executions"][0]["locks"][0]["granted_to"], "next")
        self.assertEqual(self.server.dump(), before)
        self.assertEqual(self.api.status("next"), "WAITING_FOR_LOCK")

    def test_all_checks_apply_to_it(self):
        self.api.start("x", DONE)
        self.api.start("y", WAIT)
        body = {"plan_execution_id": "x", "dry_run": True}
        self.refused(self.halt_answer(body), 409, "INVALID_STATE_TRANSITION")
        self.refused(self.halt_answer(dict(body, plan_execution_id="z")), 404,
                     "EXECUTION_NOT_FOUND")
        self.refused(self.halt_answer(dict(body, plan_execution_id="y", if_epoch=2)), 412,
                     "PRECONDITION_FAILED")
        self.api.halt("y")
        self.assertEqual(self.api.halt("y", dry_run=True)["outcome"], "already_halted")

    def test_a_digest_that_no_longer_fits_is_412_with_the_present_plan_and_digest(self):
        self.wide()
        old = self.dry(halt_all_child_executions=True)["receipt"]["digest"]
        self.api.ok("pause_execution", plan_execution_id="x-free")
        before = self.server.dump()
        problem = self.refused(
            self.halt_answer({"plan_execution_id": "x", "halt_all_child_executions": True,
                              "if_digest": old}), 412, "PRECONDITION_FAILED", "/if_digest")
        self.assertEqual(self.server.dump(), before)
        self.assertNotEqual(problem["digest"], old)
        now = {e["plan_execution_id"]: e["previous_status"]
               for e in problem["plan"]["executions"]}
        self.assertEqual(now["x-free"], "WAITING_FOR_RESTART")
        self.assertEqual(len(now), 4)
        done = self.api.halt("x", halt_all_child_executions=True, if_digest=problem["digest"])
        self.assertEqual(done["outcome"], "halted")

    def test_the_digest_depends_on_flags_status_epoch_locks_and_the_callback(self):
        self.api.plan("kid", plan(L=lock("door", Next="W"), W=wait()))
        self.api.start("holder", plan(L=lock("door", Next="W"), W=wait()))
        self.api.start("x", plan(C=child("kid", "kid", Catch=[catch("W", "States.ALL")]), W=wait()))
        self.api.plan("x", plan(C=child("kid", "kid", Next="W"), W=wait()))
        self.api.wait("kid", "WAITING_FOR_LOCK")

        def digest(**more):
            return self.dry("kid", **more)["receipt"]["digest"]

        seen = [digest(), digest(halt_all_child_executions=True), digest(plan_version=2)]
        self.api.halt("holder")
        self.api.wait("kid", "WAITING_FOR_TIMER")
        seen.append(digest())
        self.api.ok("pause_execution", plan_execution_id="x")
        seen.append(digest())
        self.api.halt("kid", input=1)
        self.api.ok("restart_execution", plan_execution_id="kid")
        self.api.wait("kid", "WAITING_FOR_TIMER")
        seen.append(digest())
        self.assertEqual(len(set(seen)), len(seen), seen)

    def test_the_digest_does_not_depend_on_halt_id_time_lease_actor_and_reason(self):
        self.api.start("x", plan(T=task("task:t")))
        token = self.api.poll("t")["task_token"]
        first = self.dry()["receipt"]["digest"]
        self.assertRegex(first, "^[0-9a-f]{64}$")
        self.api.ok("heartbeat_task", task_token=token)
        self.assertEqual(self.dry(reason="other")["receipt"]["digest"], first)
        other = self.api.as_(sub="bob", portal="kiosk")
        self.assertEqual(other.halt("x", dry_run=True)["receipt"]["digest"], first)


class ThePreconditions(HaltCase):
    def test_if_status_and_if_epoch_halt_only_what_is_still_there(self):
        self.api.start("x", WAIT)
        for body, pointer in (({"if_status": "PENDING"}, "/if_status"),
                              ({"if_epoch": 2}, "/if_epoch"), ({"if_epoch": 0}, "/if_epoch"),
                              ({"if_status": "WAITING_FOR_TIMER", "if_epoch": 2}, "/if_epoch")):
            problem = self.refused(self.halt_answer(dict(body, plan_execution_id="x")), 412,
                                   "PRECONDITION_FAILED", pointer)
            self.assertEqual((problem["execution_status"], problem["epoch"]),
                             ("WAITING_FOR_TIMER", 1))
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")
        done = self.api.halt("x", if_status="WAITING_FOR_TIMER", if_epoch=1)
        self.assertEqual(done["outcome"], "halted")

    def test_max_affected_counts_the_target_and_refuses_with_the_plan(self):
        self.wide()
        before = self.server.dump()
        body = {"plan_execution_id": "x", "halt_all_child_executions": True, "max_affected": 3}
        problem = self.refused(self.halt_answer(body), 409, "TOO_MANY_AFFECTED", "/max_affected")
        self.assertEqual(problem["affected"], 4)
        self.assertEqual(len(problem["plan"]["executions"]), 4)
        self.assertEqual(self.server.dump(), before)
        done = self.halt_answer(dict(body, max_affected=4, if_digest=problem["digest"]))
        self.assertEqual(done.status, 200)

    def test_max_affected_without_the_flag_counts_one(self):
        self.wide()
        self.assertEqual(self.api.halt("x", max_affected=1)["outcome"], "halted")


class HaltChildExecutions(HaltCase):
    def children(self, name="x", **more):
        return self.api.ok("halt_child_executions", plan_execution_id=name, **more)

    def test_it_halts_every_active_descendant_and_leaves_the_execution_alone(self):
        self.wide()
        done = self.children(reason="r")
        self.assertEqual(done["outcome"], "children_halted")
        self.assertEqual(sorted(done["halt_execution_resp"]),
                         ["x-awaited", "x-free", "x-grandchild"])
        self.assertEqual(done["receipt"]["counts"]["executions"], 3)
        self.assertEqual(done["callback_for_halt"],
                         {"plan_execution_id": "x", "plan_version": 1, "result": "delivered"})
        for end in ("-awaited", "-free", "-grandchild"):
            self.assertEqual(self.api.status("x" + end), "STOPPED")
        now = self.api.wait("x", "FAILED")
        self.assertEqual((now["error"], now["epoch"]), ("Execution.Halted", 1))
        self.assertEqual(self.api.events("x", "EXECUTION.HALTED"), [])
        self.assert_clean(done["halt_id"])

    def test_in_any_status(self):
        self.api.plan("kid", WAIT)
        for i, (status, end) in enumerate((
                ("SUCCESS", {"Type": "Succeed"}), ("FAILED", {"Type": "Fail", "Error": "E"}),
                ("WAITING_FOR_TIMER", wait()), ("WAITING_FOR_CALLBACK", callback()),
                ("WAITING_FOR_RESTART", wait()), ("STOPPED", wait()))):
            name, kid = "x%d" % i, "kid%d" % i
            self.api.start(name, plan(C=child("kid", kid, False, Next="E"), E=end))
            self.api.wait(kid, "WAITING_FOR_TIMER")
            if status == "STOPPED":
                self.api.halt(name)
            if status == "WAITING_FOR_RESTART":
                self.api.ok("pause_execution", plan_execution_id=name)
            before = self.api.wait(name, status)
            done = self.children(name)
            self.assertEqual((done["outcome"], list(done["halt_execution_resp"])),
                             ("children_halted", [kid]))
            now = self.api.show(name)
            for member in ("status", "epoch", "output", "halt_id"):
                self.assertEqual(now[member], before[member])
            self.assertEqual(self.api.status(kid), "STOPPED")
            self.assertEqual(done["callback_for_halt"]["result"],
                             "parent_final" if status in FINAL else "not_awaited")

    def test_each_awaited_direct_child_is_told_in_the_same_commit(self):
        self.api.plan("kid", WAIT)
        self.api.start("x", {"StartAt": "P", "States": {"P": {
            "Type": "Parallel", "End": True, "Branches": [
                plan(A=child("kid", "a")), plan(B=child("kid", "b")),
                plan(C=child("kid", "c", False, ResultPath=None))]}}})
        for kid in "abc":
            self.api.wait(kid, "WAITING_FOR_TIMER")
        done = self.children(input={"instead": 1})
        self.assertEqual(done["callback_for_halt"]["result"], "delivered")
        self.assertEqual(self.api.wait("x", "SUCCESS")["output"],
                         [{"instead": 1}, {"instead": 1}, {}])

    def test_the_preconditions_speak_of_the_execution(self):
        self.family()
        for body in ({"if_status": "WAITING_FOR_TIMER"}, {"if_epoch": 2}):
            answer = self.api.post("halt_child_executions", dict(body, plan_execution_id="x"))
            problem = self.refused(answer, 412, "PRECONDITION_FAILED")
            self.assertEqual(problem["execution_status"], "WAITING_FOR_CHILD_EXECUTION")
        done = self.children(if_status="WAITING_FOR_CHILD_EXECUTION", if_epoch=1, max_affected=1)
        self.assertEqual(done["outcome"], "children_halted")

    def test_dry_run_digest_and_max_affected(self):
        self.wide()
        before = self.server.dump()
        dry = self.children(dry_run=True)
        self.assertEqual((dry["outcome"], dry["receipt"]["counts"]["executions"]),
                         ("would_halt", 3))
        self.refused(self.api.post("halt_child_executions",
                                   {"plan_execution_id": "x", "max_affected": 2}),
                     409, "TOO_MANY_AFFECTED")
        self.refused(self.halt_answer({"plan_execution_id": "x", "halt_all_child_executions": True,
                                       "if_digest": dry["receipt"]["digest"]}),
                     412, "PRECONDITION_FAILED", "/if_digest")
        self.assertEqual(self.server.dump(), before)
        self.assertEqual(self.children(if_digest=dry["receipt"]["digest"])["outcome"],
                         "children_halted")

    def test_nothing_active_is_already_halted(self):
        self.family(Catch=[catch("W", "States.ALL")])
        self.children()
        again = self.children()
        self.assertEqual((again["outcome"], again["halt_execution_resp"]), ("already_halted", {}))
        self.api.start("y", DONE)
        self.assertEqual(self.children("y")["outcome"], "already_halted")


if __name__ == "__main__":
    unittest.main()
