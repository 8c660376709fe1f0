"""test_idempotency.py - Idempotency-Key: the same key and body get the same bytes, also after a
crash; and an id chosen by the caller, so that a repeated start starts nothing new."""
import threading
import unittest

from contract import DONE, WAIT, Api, Case, child, plan, task, wait


class TheSameBytes(Case):
    def halt(self, key="k", name="x", api=None, **more):
        return (api or self.api).post("halt_execution", dict({"plan_execution_id": name}, **more),
                                      key)

    def stored(self):
        return self.server.sql("SELECT route, key, status FROM requests WHERE operator_name = ?"
                               " ORDER BY route, key", self.operator)

    def test_200_halted_is_said_again_and_nothing_is_done_again(self):
        self.api.start("x", WAIT)
        first = self.halt(reason="r")
        self.assertEqual(first.status, 200)
        before = self.server.dump()
        for _ in range(3):
            again = self.halt(reason="r")
            self.assertEqual((again.status, again.raw), (200, first.raw))
        self.assertEqual(self.server.dump(), before)
        # Without the key it is another request.
        self.assertEqual(self.halt(None).json["outcome"], "already_halted")

    def test_also_after_kill_9(self):
        self.api.start("x", WAIT)
        first = self.halt()
        self.server.kill_and_start()
        self.assertEqual(self.halt().raw, first.raw)
        self.assertEqual(len(self.api.events("x", "EXECUTION.HALTED")), 1)

    def test_also_after_the_execution_has_gone_on(self):
        self.api.start("x", WAIT)
        first = self.halt()
        self.api.ok("restart_execution", plan_execution_id="x")
        self.assertEqual(self.halt().raw, first.raw)
        self.assertEqual(self.api.status("x"), "WAITING_FOR_TIMER")

    def test_the_body_is_compared_as_canonical_json(self):
        self.api.start("x", WAIT)
        first = self.api.post("halt_execution",
                              b'{"plan_execution_id":"x","input":{"a":1,"b":[2]}}', "k")
        again = self.api.post("halt_execution", b'{ "input" : { "b":[ 2 ],"\\u0061":1 },\n'
                              b'"plan_execution_id":"x" }', "k")
        self.assertEqual(again.raw, first.raw)

    def test_another_body_is_422(self):
        self.api.start("x", WAIT)
        self.api.start("y", WAIT)
        first = self.halt()
        before = self.server.dump()
        for more in ({"name": "y"}, {"reason": "r"}, {"dry_run": False}, {"max_affected": 1}):
            self.refused(self.halt(**more), 422, "IDEMPOTENCY_KEY_REUSED")
        self.assertEqual(self.server.dump(), before)
        self.assertEqual(self.api.status("y"), "WAITING_FOR_TIMER")
        self.assertEqual(self.halt().raw, first.raw)

    def test_404_409_and_412_are_kept(self):
        self.api.plan("kid", WAIT)
        self.api.start("done", DONE)
        self.api.start("x", plan(C=child("kid", "kid")))
        self.api.wait("kid", "WAITING_FOR_TIMER")
        each = {
            "k404": ({"name": "nobody"}, "EXECUTION_NOT_FOUND"),
            "k409s": ({"name": "done"}, "INVALID_STATE_TRANSITION"),
            "k409v": ({"name": "kid", "plan_version": 9}, "PLAN_VERSION_INCOMPATIBLE"),
            "k409m": ({"max_affected": 1, "halt_all_child_executions": True}, "TOO_MANY_AFFECTED"),
            "k412": ({"if_epoch": 9}, "PRECONDITION_FAILED"),
        }
        first = {key: self.halt(key, **body) for key, (body, _) in each.items()}
        for key, (_, code) in each.items():
            self.assertEqual(first[key].json["code"], code)
        self.api.halt("x", halt_all_child_executions=True)
        self.api.start("nobody", WAIT)
        for key, (body, _) in each.items():
            again = self.halt(key, **body)
            self.assertEqual((again.status, again.raw), (first[key].status, first[key].raw))
            self.assertEqual(again.headers["content-type"], "application/problem+json")
        self.assertEqual(sorted(row[2] for row in self.stored()), [404, 409, 409, 409, 412])

    def test_400_401_403_and_dry_runs_are_not_kept(self):
        self.api.start("x", WAIT)
        self.assertEqual(self.halt(bad=1).status, 400)
        nobody = Api(self.server, self.operator)
        nobody.token = None
        self.assertEqual(self.halt(api=nobody).status, 401)
        self.assertEqual(self.halt(api=self.api.as_(scope="read")).status, 403)
        self.assertEqual(self.halt(dry_run=True).json["outcome"], "would_halt")
        self.assertEqual(self.halt(dry_run=True, if_epoch=9).status, 412)
        self.assertEqual(self.stored(), [])
        self.assertEqual(self.halt().json["outcome"], "halted")
        self.assertEqual(self.stored(), [("halt_execution", "k", 200)])

    def test_a_dry_run_under_a_used_key_is_not_a_replay(self):
        self.api.start("x", WAIT)
        self.halt()
        self.assertEqual(self.halt(dry_run=True).json["outcome"], "already_halted")

    def test_the_key_belongs_to_the_operator(self):
        other = Api(self.server, self.operator + "-b")
        for api in (self.api, other):
            api.start("x", WAIT)
        mine, theirs = self.halt(), self.halt(api=other)
        self.assertEqual(theirs.json["outcome"], "halted")
        self.assertNotEqual(mine.raw, theirs.raw)

    def test_the_key_belongs_to_the_subject(self):
        self.api.start("x", WAIT)
        self.halt()
        bob = self.api.as_(sub="bob")
        self.assertEqual(self.halt(api=bob).json["outcome"], "already_halted")
        # The portal is recorded, it is no wall.
        self.assertEqual(self.halt(api=self.api.as_(portal="kiosk")).json["outcome"], "halted")

    def test_the_key_belongs_to_the_route(self):
        self.api.start("x", WAIT)
        self.halt()
        again = self.api.post("halt_child_executions", {"plan_execution_id": "x"}, "k")
        self.assertEqual(again.json["outcome"], "already_halted")
        again = self.api.post("restart_execution", {"plan_execution_id": "x"}, "k")
        self.assertEqual((again.status, again.json["status"]), (200, "WAITING_FOR_TIMER"))

    def test_the_form_of_the_key(self):
        self.api.start("x", WAIT)
        for bad in ("", " ", "a b", "\u00e9", "k" * 256, "a\tb"):
            self.refused(self.halt(None) if bad is None else self.api.call(
                "POST", "halt_execution", {"plan_execution_id": "x"}, {"Idempotency-Key": bad}),
                400, "INVALID_REQUEST")
        self.assertEqual(self.halt("!" + "~" * 254).status, 200)

    def test_duplicates_at_once_halt_once(self):
        self.api.plan("p", WAIT)
        for round_number in range(10):
            name = "x%d" % round_number
            self.api.run("p", name)
            answers, barrier = [], threading.Barrier(8)

            def one():
                barrier.wait()
                answers.append(self.halt("key-" + name, name))
                self.server.client().close()

            threads = [threading.Thread(target=one) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual({answer.status for answer in answers}, {200})
            self.assertEqual(len({answer.raw for answer in answers}), 1)
            self.assertEqual(len(self.api.events(name, "EXECUTION.HALTED")), 1)

    def test_halts_at_once_without_a_key_agree_who_won(self):
        self.api.plan("p", WAIT)
        for round_number in range(10):
            name = "x%d" % round_number
            self.api.run("p", name)
            answers, barrier = [], threading.Barrier(8)

            def one():
                barrier.wait()
                answers.append(self.halt(None, name).json)
                self.server.client().close()

            threads = [threading.Thread(target=one) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(sorted(answer["outcome"] for answer in answers),
                             ["already_halted"] * 7 + ["halted"])
            self.assertEqual(len({answer["halt_id"] for answer in answers}), 1)


class OtherVerbs(Case):
    """The key works on every verb that decides something."""

    def test_run_plan_without_an_id_starts_once_under_its_key(self):
        self.api.plan("p", WAIT)
        first = self.api.post("run_plan", {"plan_id": "p"}, "k")
        self.assertEqual(self.api.post("run_plan", {"plan_id": "p"}, "k").raw, first.raw)
        self.assertEqual(len(self.api.get("executions")["executions"]), 1)
        self.refused(self.api.post("run_plan", {"plan_id": "p", "input": 1}, "k"), 422,
                     "IDEMPOTENCY_KEY_REUSED")

    def test_pause_and_restart(self):
        self.api.start("x", WAIT)
        body = {"plan_execution_id": "x"}
        paused = self.api.post("pause_execution", body, "k")
        self.assertEqual(paused.json["status"], "WAITING_FOR_RESTART")
        self.assertEqual(self.api.post("pause_execution", body, "k").raw, paused.raw)
        self.refused(self.api.post("pause_execution", body, "k2"), 409, "INVALID_STATE_TRANSITION")
        restarted = self.api.post("restart_execution", body, "k")
        self.assertEqual(self.api.post("restart_execution", body, "k").raw, restarted.raw)

    def test_complete_task_and_execution_callback(self):
        self.api.start("x", plan(T=task("task:t", Next="W"), W=wait()))
        body = {"task_token": self.api.poll("t")["task_token"], "output": 1}
        first = self.api.post("complete_task", body, "k")
        self.assertEqual((first.status, first.json), (200, {"accepted": True}))
        self.assertEqual(self.api.post("complete_task", body, "k").raw, first.raw)
        self.refused(self.api.post("complete_task", dict(body, output=2), "k"), 422,
                     "IDEMPOTENCY_KEY_REUSED")
        missing = self.api.post("execution_callback", {"plan_execution_id": "y", "output": 1}, "k")
        self.refused(missing, 404, "EXECUTION_NOT_FOUND")

    def test_a_poll_is_never_replayed(self):
        self.api.start("x", plan(T=task("task:t")))
        body = {"task": "t", "worker": "w"}
        first = self.api.post("poll_task", body, "k").json["task"]
        self.assertIsNotNone(first)
        self.assertIsNone(self.api.post("poll_task", body, "k").json["task"])


if __name__ == "__main__":
    unittest.main()
