"""test_tree.py - a tree of 1,111 executions with timers, locks, tasks in workers' hands and callbacks,
halted at once; and plans without end, halted while others run on."""
import time
import unittest

from contract import Case, callback, callback_token, child, lock, plan, task, until, wait

EACH = 10
KINDS = 8


def level(plan_id, **more):
    """Ten awaited children of a plan, each told its number as `kind`."""
    return {"StartAt": "P", "States": {"P": {
        "Type": "Parallel", "End": True, "Branches": [
            plan(**{"C%d" % i: task("plan:run", Parameters={
                "plan_id": plan_id, "input": {"kind": i % KINDS}}, **more)})
            for i in range(EACH)]}}}


LEAF = plan(
    A={"Type": "Choice", "Default": "Timer", "Choices": [
        {"Variable": "$.kind", "NumericEquals": kind, "Next": state} for kind, state in enumerate(
            ("Timer", "Lock", "Leased", "Queued", "Call", "Human", "Retry"))]},
    Timer=wait(), Lock=lock("shared", Next="Held"), Held=wait(),
    Leased=task("task:leased", TimeoutSeconds=3600), Queued=task("task:queued"),
    Call=callback(TimeoutSeconds=3600), Human=task("human"),
    Retry=task("plan:run", Parameters={"plan_id": "no-such-plan"}, Retry=[
        {"ErrorEquals": ["Plan.NotFound"], "IntervalSeconds": 3600}]))


class ATreeOf1111(Case):
    def test_halted_at_its_root(self):
        api = self.api
        api.plan("leaf", LEAF)
        api.plan("low", level("leaf"))
        api.plan("mid", level("low"))
        api.plan("top", level("mid"))
        api.plan("outside", plan(C=child("top", "top", Next="K"), K=callback()))
        api.plan("waiter", plan(L=lock("shared", Next="W"), W=wait()))
        api.run("outside", "outside")
        mine = " FROM executions WHERE operator_name = ?"
        self.wait_for("SELECT count(*)" + mine + " AND status <> 'PENDING'", 1112)
        self.wait_for("SELECT count(*) FROM executions e WHERE operator_name = ? AND plan_id = 'leaf'"
                      " AND status <> 'EXECUTING' AND status NOT LIKE 'WAITING%'", 0)
        self.wait_for("SELECT count(*) FROM reservations WHERE operator_name = ? AND status ="
                      " 'FRESH' AND type IN ('START', 'TURN')", 0)
        self.assertEqual(api.run("waiter", "next"), "WAITING_FOR_LOCK")
        tokens = [api.poll("leased")["task_token"] for _ in range(40)]
        leaf = api.get("executions?status=WAITING_FOR_CALLBACK&limit=1")["executions"][0]
        call = callback_token(api, leaf["plan_execution_id"])
        human = api.get("human_tasks?limit=1")["human_tasks"][0]["human_task_id"]
        dry = api.halt("top", halt_all_child_executions=True, dry_run=True)
        self.assertEqual(dry["receipt"]["counts"]["executions"], 1111)
        self.refused(api.post("halt_execution", {
            "plan_execution_id": "top", "halt_all_child_executions": True, "max_affected": 1110}),
            409, "TOO_MANY_AFFECTED")

        begin = time.monotonic()
        done = api.halt("top", halt_all_child_executions=True, reason="all of it", max_affected=1111,
                        if_digest=dry["receipt"]["digest"], input={"instead": 1})
        self.assertLess(time.monotonic() - begin, 10)
        self.assert_the_answer(done)
        self.assert_the_store(done["halt_id"])
        self.assert_the_neighbours(done)
        self.assert_late_comers(done, tokens, call, human)
        self.assert_clean(done["halt_id"])
        # Nothing of it moves again.
        still = self.frozen()
        time.sleep(0.5)
        self.assertEqual(self.frozen(), still)
        self.server.kill_and_start()
        self.assertEqual(self.frozen(), still)
        self.assert_clean(done["halt_id"])

    def wait_for(self, query, number):
        until(lambda: self.server.one(query, self.operator) == number, query, 60)

    def frozen(self):
        return self.server.sql(
            "SELECT e.execution_id, e.status, e.epoch, e.history_seq, e.updated_at, e.output"
            " FROM executions e WHERE e.operator_name = ? AND e.status = 'STOPPED' ORDER BY 1",
            self.operator)

    def assert_the_answer(self, done):
        receipt = done["receipt"]
        self.assertEqual(done["outcome"], "halted")
        self.assertEqual((receipt["counts"]["executions"], receipt["counts"]["in_flight"],
                          receipt["counts"]["locks"], receipt["counts"]["granted"]),
                         (1111, 40, 1, 1))
        self.assertEqual((len(receipt["executions"]), receipt["truncated"]), (1000, True))
        self.assertEqual(len(receipt["in_flight"]), 40)
        depths = [one["depth"] for one in receipt["executions"]]
        self.assertEqual(depths, sorted(depths, reverse=True))
        items = self.api.all("halts/%s/items" % done["halt_id"], "items")
        self.assertEqual(len({item["plan_execution_id"] for item in items}), 1111)
        self.assertEqual([sum(item["depth"] == depth for item in items) for depth in range(4)],
                         [1, 10, 100, 1000])

    def assert_the_store(self, halt_id):
        def one(query):
            return self.server.one(query, self.operator)

        stopped = " JOIN executions e USING (root_id, execution_id) WHERE e.operator_name = ?" \
                  " AND e.status = 'STOPPED'"
        self.assertEqual(one("SELECT count(*) FROM halt_items" + stopped), 1111)
        self.assertEqual(one("SELECT count(*) FROM reservations r" + stopped +
                             " AND r.status = 'FRESH'"), 0)
        self.assertEqual(one("SELECT count(*) FROM reservations r" + stopped +
                             " AND (r.ready = 1 OR r.status NOT IN ('USED', 'STALE'))"), 0)
        for kind in ("EXECUTION.HALTED", "RESERVATION.CLEANED"):
            self.assertEqual(one("SELECT count(DISTINCT execution_id) FROM history h" + stopped +
                                 " AND h.type = '%s'" % kind), 1111)
            self.assertEqual(one("SELECT count(*) FROM history h" + stopped +
                                 " AND h.type = '%s'" % kind), 1111)
        # Each history is numbered 1 to n, and the halt's events end it.
        self.assertEqual(one(
            "SELECT count(*) FROM (SELECT count(*) AS n, max(h.seq) AS last, min(h.seq) AS first,"
            " max(CASE WHEN h.halt_id IS NULL THEN h.seq END) AS before,"
            " min(CASE WHEN h.halt_id IS NOT NULL THEN h.seq END) AS halted, e.history_seq"
            " FROM history h" + stopped + " GROUP BY h.root_id, h.execution_id)"
            " WHERE n <> last OR first <> 1 OR before > halted OR history_seq <> last"), 0)
        self.assertEqual(one("SELECT count(*) FROM executions e WHERE operator_name = ? AND"
                             " status = 'STOPPED' AND epoch <> 2"), 0)

    def assert_the_neighbours(self, done):
        self.assertEqual(done["callback_for_halt"], {"plan_execution_id": "outside",
                                                     "plan_version": 1, "result": "delivered"})
        self.api.wait("outside", "WAITING_FOR_CALLBACK")
        self.assertEqual(len(self.api.events("outside", "CHILD.HALTED")), 1)
        self.assertEqual(len(self.api.events("outside", "TaskSucceeded")), 1)
        self.api.wait("next", "WAITING_FOR_TIMER")
        self.assertEqual([(one["holder"], one["waiters"]) for one in self.api.get("locks")["locks"]],
                         [("next", [])])

    def assert_late_comers(self, done, tokens, call, human):
        for verb, body in [("complete_task", {"task_token": token, "output": 1})
                           for token in tokens] + [
                ("execution_callback", {"callback_token": call, "output": 1}),
                ("complete_human_task", {"human_task_id": human, "output": 1})]:
            problem = self.refused(self.api.post(verb, body), 409, "EXECUTION_HALTED")
            self.assertEqual(problem["halt_id"], done["halt_id"])
        for queue in ("leased", "queued"):
            self.assertIsNone(self.api.poll(queue, 0))
        self.assertEqual(self.server.one("SELECT count(*) FROM evidence WHERE operator_name = ?",
                                         self.operator), 42)
        quiet = self.api.halt("top", wait="quiescent", wait_ms=0)
        self.assertEqual((quiet["outcome"], quiet["quiescent"]), ("already_halted", True))


class WithoutEnd(Case):
    """Plans that never rest do not keep others from running, and are halted like any other."""

    def others_run_on(self):
        self.api.plan("work", plan(T=task("task:t")))
        begin = time.monotonic()
        for i in range(10):
            name = self.api.ok("run_plan", plan_id="work")["plan_execution_id"]
            self.api.ok("complete_task", task_token=self.api.poll("t")["task_token"], output=i)
            self.assertEqual(self.api.show(name)["output"], i)
        self.assertLess(time.monotonic() - begin, 10)

    def count(self):
        return self.server.one("SELECT count(*) FROM executions WHERE operator_name = ?",
                               self.operator)

    def history_rows(self):
        return self.server.one("SELECT count(*) FROM history WHERE operator_name = ?",
                               self.operator)

    def test_a_loop_over_pass(self):
        self.api.plan("loop", plan(
            A={"Type": "Pass", "Next": "B"}, B={"Type": "Pass", "Next": "C"},
            C={"Type": "Choice", "Default": "A", "Choices": [
                {"Variable": "$.stop", "BooleanEquals": True, "Next": "S"}]},
            S={"Type": "Succeed"}))
        for name in ("x", "y", "z"):
            self.api.run("loop", name, input={"stop": False})
        self.others_run_on()
        begin = time.monotonic()
        done = [self.api.halt(name) for name in ("x", "y", "z")]
        self.assertLess(time.monotonic() - begin, 5)
        for one, name in zip(done, "xyz"):
            self.assertEqual(one["receipt"]["executions"][0]["previous_status"], "EXECUTING")
            self.assert_clean(one["halt_id"])
            self.assertEqual(self.api.show(name)["status"], "STOPPED")
        length = self.history_rows()
        time.sleep(0.3)
        self.assertEqual(self.history_rows(), length)

    def test_a_plan_that_starts_itself_and_waits(self):
        self.api.plan("fork", plan(C=child("fork")))
        self.api.run("fork", "x")
        self.others_run_on()
        until(lambda: self.count() > 100, "a hundred of them")
        done = self.api.halt("x", halt_all_child_executions=True)
        total = self.count()
        self.assertEqual(done["receipt"]["counts"]["executions"], total - 10)
        self.assert_clean(done["halt_id"])
        time.sleep(0.3)
        self.assertEqual(self.count(), total)

    def test_a_plan_that_starts_two_of_itself_and_ends(self):
        self.api.plan("bomb", plan(A=child("bomb", None, False, Next="B"),
                                   B=child("bomb", None, False, Next="W"), W=wait(20)))
        self.api.run("bomb", "x")
        until(lambda: self.count() > 200, "two hundred of them")
        # However much it grows meanwhile: what the halt has collected is all there is.
        done = self.api.halt("x", halt_all_child_executions=True)
        total = self.count()
        time.sleep(0.3)
        self.assertEqual(self.count(), total)
        self.assertEqual(self.server.one("SELECT count(*) FROM executions WHERE operator_name = ?"
                                         " AND ended_at IS NULL", self.operator), 0)
        self.assert_clean(done["halt_id"])
        self.others_run_on()

    def test_a_chain_whose_head_has_ended_is_halted_by_halt_child_executions(self):
        self.api.plan("chain", plan(C=child("chain", None, False)))
        self.api.run("chain", "x")
        self.api.wait("x", "SUCCESS")
        until(lambda: self.count() > 50, "fifty of them")
        problem = self.refused(self.api.post("halt_execution", {"plan_execution_id": "x"}), 409,
                               "INVALID_STATE_TRANSITION")
        self.assertGreaterEqual(problem["active_descendants"], 1)
        done = self.api.ok("halt_child_executions", plan_execution_id="x")
        self.assertEqual(done["outcome"], "children_halted")
        total = self.count()
        time.sleep(0.3)
        self.assertEqual(self.count(), total)
        self.assert_clean(done["halt_id"])


if __name__ == "__main__":
    unittest.main()
