"""test_reads.py - what GET shows: shapes, pages, filters, and the wall between operators. Every answer is also held against
docs/openapi.yaml by the harness."""
import contextlib
import json
import sqlite3
import threading
import time
import unittest
import urllib.parse

import harness
import stores
from harness import Case, child_state, machine, wait_plan

FINAL = harness.FINAL


class Executions(Case):
    def test_all_fields_of_one(self):
        id = self.server.start_plan(harness.pass_plan({"sum": 7}), plan_id="shapes", input={"a": [1, 2.5]},
                                    token=self.server.token(portal="web"))
        shown = self.server.wait_status(id, "SUCCESS")
        self.assertEqual(list(shown), [
            "plan_execution_id", "plan_id", "plan_version", "status", "last_state", "epoch", "input",
            "output", "error", "cause", "context", "batch_operations", "halt_id", "portal_id", "depth",
            "created_at", "updated_at", "ended_at"])
        self.assertEqual(shown["input"], {"a": [1, 2.5]})
        self.assertEqual(shown["output"], {"sum": 7})
        self.assertEqual(shown["context"], {"related_executions": {"master_plan_execution_id": "unset"}})
        self.assertEqual((shown["plan_id"], shown["plan_version"], shown["last_state"]),
                         ("shapes", 1, "Pass"))
        self.assertEqual((shown["batch_operations"], shown["halt_id"], shown["portal_id"]),
                         ([], None, "web"))
        self.assertLessEqual(shown["created_at"], shown["ended_at"])

    def test_failure_and_halt(self):
        failed = self.server.start_plan(harness.fail_plan("Shop.Closed", "it is night"))
        shown = self.server.wait_status(failed, "FAILED")
        self.assertEqual((shown["error"], shown["cause"], shown["output"]),
                         ("Shop.Closed", "it is night", None))
        waiting = self.server.start_plan(wait_plan())
        self.server.wait_status(waiting, "WAITING_FOR_TIMER")
        halt_id = self.server.halt(waiting)["halt_id"]
        shown = self.server.show(waiting)
        self.assertEqual((shown["status"], shown["halt_id"], shown["epoch"]), ("STOPPED", halt_id, 2))
        self.assertIsNotNone(shown["ended_at"])

    def test_ids_may_be_percent_encoded(self):
        id = self.server.start_plan(harness.pass_plan(), plan_execution_id="order:7.a_b-c")
        for path in (id, urllib.parse.quote(id, safe=""), "%6Frder:7.a_b-c"):
            self.assertEqual(self.server.show(path)["plan_execution_id"], id)

    def test_what_was_answered_is_seen_at_once(self):
        self.server.put("seen", wait_plan())
        for _ in range(100):
            id = self.server.run("seen")
            self.assertEqual(self.server.show(id)["plan_execution_id"], id)
            self.server.halt(id)
            self.assertEqual(self.server.status(id), "STOPPED")


class Lists(Case):
    """A small shop of one operator, listed in all ways."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.server
        s.put("leaf", wait_plan())
        s.put("quick", harness.pass_plan())
        s.put("bad", harness.fail_plan())
        s.put("top", harness.fan_plan("leaf", 3))
        cls.ids = [s.run("leaf") for _ in range(7)] + [s.run("quick") for _ in range(5)]
        cls.ids += [s.run("bad") for _ in range(2)]
        cls.parent = s.run("top")
        cls.children = [n["plan_execution_id"] for n in s.wait_tree(cls.parent, 4, (
            "WAITING_FOR_CHILD_EXECUTION", "WAITING_FOR_TIMER"))[1:]]
        cls.ids += [cls.parent] + cls.children
        for id in cls.ids[:7]:
            s.wait_status(id, "WAITING_FOR_TIMER")
        for id in cls.ids[7:14]:
            s.wait_status(id, FINAL)
        s.halt(cls.ids[0])

    def list(self, query="", limit=None):
        path = "executions" + ("?" + query if query else "")
        return [e["plan_execution_id"] for e in self.server.pages(path, "executions", limit)]

    def test_newest_first_in_pages_of_any_size(self):
        newest_first = self.list()
        self.assertEqual(sorted(newest_first), sorted(self.ids))
        self.assertEqual(newest_first[-14:], self.ids[:14][::-1])
        for limit in (1, 2, 3, len(self.ids) - 1, len(self.ids), len(self.ids) + 1, 1000):
            self.assertEqual(self.list(limit=limit), newest_first, limit)

    def test_an_exact_page_is_the_last(self):
        page = self.server.read("executions?limit=%d" % len(self.ids))
        self.assertEqual((len(page["executions"]), page["next_cursor"]), (len(self.ids), None))

    def test_status(self):
        self.assertEqual(self.list("status=STOPPED"), [self.ids[0]])
        self.assertEqual(self.list("status=FAILED"), self.ids[12:14][::-1])
        self.assertEqual(self.list("status=SUCCESS", limit=2), self.ids[7:12][::-1])
        self.assertEqual(sorted(self.list("status=WAITING_FOR_TIMER", limit=2)),
                         sorted(self.ids[1:7] + self.children))
        self.assertEqual(self.list("status=WAITING_FOR_CHILD_EXECUTION"), [self.parent])
        self.assertEqual(self.list("status=PENDING"), [])

    def test_plan_and_status(self):
        self.assertEqual(self.list("plan_id=quick"), self.ids[7:12][::-1])
        self.assertEqual(self.list("plan_id=leaf&status=STOPPED"), [self.ids[0]])
        self.assertEqual(self.list("plan_id=nothing"), [])

    def test_parent(self):
        self.assertEqual(self.list("parent=" + self.parent, limit=1), self.children[::-1])
        self.assertEqual(self.list("parent=%s&plan_id=leaf" % self.parent), self.children[::-1])
        self.assertEqual(self.list("parent=%s&status=STOPPED" % self.parent), [])
        self.assertEqual(self.list("parent=" + self.ids[1]), [])
        self.assertEqual(self.list("parent=nobody"), [])
        for row in self.server.read("executions?parent=" + self.parent)["executions"]:
            self.assertEqual((row["parent"], row["depth"]), (self.parent, 1))
        self.assertEqual([row["parent"] for row in self.server.read("executions")["executions"]
                          if row["plan_execution_id"] not in self.children], [None] * 15)

    def test_bad_queries_are_refused_by_name(self):
        table = [
            ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=-1", "limit"), ("limit=1.5", "limit"),
            ("limit=01", "limit"), ("limit=", "limit"), ("limit", "limit"), ("limit=%31x", "limit"),
            ("limit=1&limit=1", "limit"), ("limit=9999999999999999999", "limit"), ("limit=+1", "limit"),
            ("cursor=x", "cursor"), ("cursor=" + "u" * 26, "cursor"), ("cursor=" + "z" * 26, "cursor"),
            ("cursor=" + "0" * 25, "cursor"), ("cursor=" + "0" * 27, "cursor"),
            ("status=pending", "status"), ("status=NONE", "status"), ("status=", "status"),
            ("status=STOPPED&status=STOPPED", "status"), ("plan_id=%ff", "plan_id"),
            ("plan_id=%c0%80", "plan_id"), ("plan_id=%ed%a0%80", "plan_id"),
            ("parent=%f4%90%80%80", "parent"), ("wanted=1", "wanted"), ("Limit=1", "Limit"),
            ("limit=1&wanted=1", "wanted"), ("plan_version=1", "plan_version"),
        ]
        for query, name in table:
            with self.subTest(query):
                self.problem(self.server.get("executions?" + query), 400, "INVALID_REQUEST",
                             "/query/" + name)
        for query in ("&", "limit=1&", "&limit=1", "limit=1&&status=STOPPED", "=1", "%6cimit=1",
                      "limit=%00", "limit=%4", "limit=%zz"):
            with self.subTest(query):
                self.problem(self.server.get("executions?" + query), 400, "INVALID_REQUEST")

    def test_the_empty_query_is_none(self):
        self.assertEqual(self.server.read("executions?"), self.server.read("executions"))

    def test_values_are_decoded(self):
        self.assertEqual(self.list("plan_id=%71uick"), self.list("plan_id=quick"))
        self.assertEqual(self.list("plan_id=%C3%A9"), [])


class Trees(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.server
        s.put("leaf", wait_plan())
        s.put("middle", harness.fan_plan("leaf", 3))
        s.put("top", machine("Split", Split={"Type": "Parallel", "End": True, "Branches": [
            machine("A", A=child_state("middle")), machine("B", B=child_state("leaf")),
            machine("C", C=child_state("middle")), machine("D", D={
                **child_state("middle", await_=False)})]}))
        cls.root = s.run("top")
        cls.nodes = s.wait_tree(cls.root, 1 + 3 + 1 + 9, ("WAITING_FOR_CHILD_EXECUTION",
                                                         "WAITING_FOR_TIMER"))

    def test_parents_first_children_in_order(self):
        seen, last = {}, {}
        self.assertEqual(self.nodes[0]["plan_execution_id"], self.root)
        self.assertEqual((self.nodes[0]["parent"], self.nodes[0]["depth"]), (None, 0))
        for node in self.nodes[1:]:
            seen.setdefault(self.nodes[0]["plan_execution_id"], self.nodes[0])
            parent = seen[node["parent"]]
            self.assertEqual(node["depth"], parent["depth"] + 1)
            self.assertLess(last.get(node["parent"], ""), node["plan_execution_id"])
            last[node["parent"]] = node["plan_execution_id"]
            seen[node["plan_execution_id"]] = node
        self.assertEqual(len(seen), 14)
        self.assertEqual(sorted(n["depth"] for n in self.nodes), [0] + [1] * 4 + [2] * 9)

    def test_pages_of_any_size(self):
        for limit in range(1, 17):
            self.assertEqual(self.server.tree(self.root, limit=limit), self.nodes, limit)

    def test_an_exact_page_is_the_last(self):
        page = self.server.read("executions/%s/tree?limit=14" % self.root)
        self.assertEqual((len(page["nodes"]), page["next_cursor"]), (14, None))

    def test_a_part_of_the_tree(self):
        middle = next(n["plan_execution_id"] for n in self.nodes if n["plan_id"] == "middle")
        place = [n["plan_execution_id"] for n in self.nodes].index(middle)
        for limit in (1, 2, 3, 4, 5):
            nodes = self.server.tree(middle, limit=limit)
            self.assertEqual([n["plan_execution_id"] for n in nodes],
                             [n["plan_execution_id"] for n in self.nodes[place:place + 4]])
            self.assertEqual([n["depth"] for n in nodes], [0, 1, 1, 1])
            self.assertEqual([n["parent"] for n in nodes], [self.root] + [middle] * 3)

    def test_a_cursor_of_another_tree_is_refused(self):
        cursor = self.server.read("executions/%s/tree?limit=2" % self.root)["next_cursor"]
        other = self.server.start_plan(wait_plan())
        self.problem(self.server.get("executions/%s/tree?cursor=%s" % (other, cursor)), 400,
                     "INVALID_REQUEST", "/query/cursor")

    def test_statuses_after_a_halt(self):
        root = self.server.run("top")
        self.server.wait_tree(root, 14, ("WAITING_FOR_CHILD_EXECUTION", "WAITING_FOR_TIMER"))
        answer = self.server.halt_tree(root, reason="enough")
        self.assertEqual({n["status"] for n in self.server.tree(root)}, {"STOPPED"})
        self.assertEqual(answer["receipt"]["counts"]["executions"], 14)

    def test_a_reader_sees_all_of_a_halt_or_nothing(self):
        roots = [self.server.run("top") for _ in range(8)]
        for root in roots:
            self.server.wait_tree(root, 14, ("WAITING_FOR_CHILD_EXECUTION", "WAITING_FOR_TIMER"))
        seen, over = [], threading.Event()

        def look():
            while not over.is_set():
                for root in roots:
                    nodes = self.server.tree(root)
                    seen.append(sum(n["status"] == "STOPPED" for n in nodes))

        readers = [threading.Thread(target=look) for _ in range(4)]
        for reader in readers:
            reader.start()
        for root in roots:
            self.server.halt_tree(root)
        over.set()
        for reader in readers:
            reader.join()
        self.assertEqual(set(seen) - {0, 14}, set())
        self.assertGreater(len(seen), 8)


class Large(Case):
    """25,000 rows planted behind the server's back: every page is quick, and says how to go on."""
    COUNT = 25000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.server
        s.put("leaf", wait_plan())
        s.put("rare", wait_plan())
        cls.rare = s.run("rare")
        cls.root = s.run("leaf")
        for id in (cls.rare, cls.root):
            s.wait_status(id, "WAITING_FOR_TIMER")
        s.stop()
        with contextlib.closing(stores.Writer(s.store_url) if s.store_url
                                else sqlite3.connect(s.dir + "/fermata.db")) as store:
            one = store.execute("SELECT * FROM executions WHERE plan_execution_id = ?", (cls.root,))
            row = dict(zip((column[0] for column in one.description), one.fetchone()))
            root = row["execution_id"]
            marks = ", ".join("?" * len(row))
            for i in range(1, cls.COUNT):
                row.update(execution_id=root + i, plan_execution_id="child-%d" % i, parent_id=root, depth=1)
                store.execute("INSERT INTO executions VALUES (%s)" % marks, tuple(row.values()))
            store.commit()
        s.start()

    def quickly(self, path, member, limit):
        """All pages; none may take half a minute, which is a hundred times what it needs."""
        items, cursor, pages = [], None, 0
        while True:
            mark = "&" if "?" in path else "?"
            start = time.monotonic()
            page = self.server.read("%s%slimit=%d%s" % (path, mark, limit,
                                                        "&cursor=" + cursor if cursor else ""))
            self.assertLess(time.monotonic() - start, 30)
            items += [row["plan_execution_id"] for row in page[member]]
            cursor, pages = page["next_cursor"], pages + 1
            if cursor is None:
                return items, pages

    def test_a_wide_tree(self):
        nodes, pages = self.quickly("executions/%s/tree" % self.root, "nodes", 1000)
        self.assertEqual(nodes, [self.root] + ["child-%d" % i for i in range(1, self.COUNT)])
        self.assertEqual(pages, self.COUNT // 1000)

    def test_children(self):
        children, _ = self.quickly("executions?parent=" + self.root, "executions", 1000)
        self.assertEqual(children, ["child-%d" % i for i in range(self.COUNT - 1, 0, -1)])

    def test_a_rare_one_is_found_on_a_later_page(self):
        found, pages = self.quickly("executions?plan_id=rare", "executions", 10)
        self.assertEqual((found, pages), ([self.rare], 2))
        self.assertEqual(self.quickly("executions?status=FAILED", "executions", 10), ([], 2))
        self.assertEqual(self.quickly("executions?status=EXECUTING", "executions", 10), ([], 2))


class Histories(Case):
    def test_events_are_numbered(self):
        id = self.server.start_plan(machine("A", A={"Type": "Pass", "Next": "B"},
                                            B={"Type": "Pass", "Result": 2, "End": True}))
        self.server.wait_status(id, "SUCCESS")
        events = self.server.history(id)
        self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
        language = [e for e in events if "event_id" in e]
        self.assertEqual([e["event_id"] for e in language], list(range(1, len(language) + 1)))
        self.assertEqual([e["type"] for e in language], [
            "ExecutionStarted", "PassStateEntered", "PassStateExited", "PassStateEntered",
            "PassStateExited", "ExecutionSucceeded"])
        # As in Step Functions: the first state's event follows none.
        self.assertEqual([e["previous_event_id"] for e in language], [0, 0, 2, 3, 4, 5])
        for limit in (1, 2, 5, len(events), len(events) + 1):
            self.assertEqual(self.server.history(id, limit=limit), events)

    def test_a_halt_is_shown_with_reason_and_actor_everywhere(self):
        s = self.server
        s.put("leaf", wait_plan())
        s.put("middle", harness.fan_plan("leaf", 2))
        top = s.start_plan(harness.parent_plan("middle"))
        nodes = s.wait_tree(top, 4, ("WAITING_FOR_CHILD_EXECUTION", "WAITING_FOR_TIMER"))
        middle = nodes[1]["plan_execution_id"]
        fresh = {n["plan_execution_id"]: s.reservations(n["plan_execution_id"]) for n in nodes[1:]}
        token = s.token(portal="desk", sub="ada")
        answer = s.halt_tree(middle, token, reason="\u201cenough\u201d\n\U0001f6d1")
        for node in nodes[1:]:
            id = node["plan_execution_id"]
            halted, = s.events(id, "EXECUTION.HALTED")
            shown = {"halt_id": answer["halt_id"], "reason": "\u201cenough\u201d\n\U0001f6d1",
                     "actor": {"operator_name": "default", "portal_id": "desk", "subject": "ada"},
                     "root": middle, "batch": None}
            self.assertEqual(halted["detail"], {"previous_status": node["status"], **shown})
            cleaned, = s.events(id, "RESERVATION.CLEANED")
            self.assertEqual(cleaned["detail"], {
                **shown, "execution_id": id, "state": node["last_state"],
                "resolved_reservations": [
                    {"reservation_id": r["reservation_id"], "type": r["type"]}
                    for r in fresh[id] if r["status"] == "FRESH"]})
            self.assertEqual(halted["previous_event_id"], 0)  # the Step Functions API numbers it, too
        told, = s.events(top, "CHILD.HALTED")
        self.assertEqual(told["detail"]["halt_id"], answer["halt_id"])
        self.assertEqual(told["detail"]["actor"]["subject"], "ada")
        self.assertEqual(s.wait_status(top, "FAILED")["error"], "Execution.Halted")

    def test_two_halts_of_one_execution(self):
        id = self.server.start_plan(wait_plan())
        self.server.wait_status(id, "WAITING_FOR_TIMER")
        first = self.server.halt(id, reason="first")["halt_id"]
        self.server.ok("restart_execution", {"plan_execution_id": id, "reason": "again"})
        self.server.wait_status(id, "WAITING_FOR_TIMER")
        second = self.server.halt(id, reason="second")["halt_id"]
        self.assertEqual([(e["detail"]["halt_id"], e["detail"]["reason"])
                          for e in self.server.events(id, "EXECUTION.HALTED")],
                         [(first, "first"), (second, "second")])

    def test_large_texts_make_short_pages(self):
        text = "x" * 200000
        states = {"S%d" % i: {"Type": "Pass", "Next": "S%d" % (i + 1)} for i in range(20)}
        states["S20"] = {"Type": "Pass", "End": True}
        id = self.server.start_plan(machine("S0", **states), input={"text": text})
        self.server.wait_status(id, "SUCCESS", timeout=60)
        page = self.server.get("executions/%s/history?limit=1000" % id)
        self.assertLess(len(page.raw), 5000000)
        self.assertIsNotNone(page.json["next_cursor"])
        events = self.server.history(id)
        self.assertEqual([e["seq"] for e in events], list(range(1, len(events) + 1)))
        self.assertEqual(sum(e["type"] == "PassStateEntered" for e in events), 21)


class Reservations(Case):
    def test_a_timer(self):
        id = self.server.start_plan(wait_plan(60))
        shown = self.server.wait_status(id, "WAITING_FOR_TIMER")
        timer = self.server.reservations(id)[-1]
        self.assertEqual((timer["type"], timer["status"], timer["scheduled"], timer["state"]),
                         ("TIMER", "FRESH", True, "Wait"))
        self.assertEqual((timer["epoch"], timer["frame_id"], timer["worker"], timer["lease_until"]),
                         (1, 1, None, None))
        self.assertAlmostEqual(timer["due_at"], shown["updated_at"] + 60000, delta=1000)

    def test_pages(self):
        id = self.server.start_plan(harness.parallel_plan(*[
            machine("W%d" % i, **{"W%d" % i: {"Type": "Wait", "Seconds": 600, "End": True}})
            for i in range(9)]))
        self.server.wait_status(id, "WAITING_FOR_TIMER")
        every = self.server.reservations(id)
        self.assertEqual(sum(r["type"] == "TIMER" for r in every), 9)
        ids = [r["reservation_id"] for r in every]
        self.assertEqual(ids, sorted(ids))
        for limit in (1, 2, 4, len(every), len(every) + 1):
            self.assertEqual(self.server.reservations(id, limit=limit), every)

    def test_a_task_in_hand(self):
        id = self.server.start_plan(harness.task_plan("pack"))
        task = self.server.poll("pack", worker="w:1")
        self.assertEqual(task["plan_execution_id"], id)
        held, = [r for r in self.server.reservations(id) if r["type"] == "TASK"]
        self.assertEqual((held["status"], held["attempt"], held["worker"], held["scheduled"]),
                         ("FRESH", 1, "w:1", False))
        self.assertGreater(held["lease_until"], 0)

    def test_secrets_are_not_shown(self):
        id = self.server.start_plan(harness.task_plan("hide"))
        token = self.server.poll("hide")["task_token"]
        for path in ("", "/reservations", "/history", "/tree", "/evidence"):
            raw = self.server.get("executions/%s%s" % (id, path)).raw.decode()
            self.assertNotIn(token, raw)
            self.assertNotIn("token_hash", raw)

    def test_a_human_task(self):
        id = self.server.start_plan(harness.human_plan(), input={"question": "ship?"})
        self.server.wait_status(id, "WAITING_FOR_HUMAN_TASK")
        asked, = [r for r in self.server.reservations(id) if r["type"] == "HUMAN_TASK"]
        self.assertEqual(asked["data"], {"question": "ship?"})
        self.assertEqual(asked["human_task_id"], self.server.human_task(id))


class Evidence(Case):
    def test_late_comers_are_kept_once(self):
        s = self.server
        id = s.start_plan(harness.parallel_plan(
            machine("A", A=harness.task_state("late")), machine("B", B=harness.task_state("late")),
            machine("C", C={"Type": "Task", "Resource": "fermata:human", "End": True})))
        tasks = [s.poll("late"), s.poll("late")]
        human = s.human_task(id)
        halt_id = s.halt(id)["halt_id"]
        self.assertEqual(s.evidence(id), [])
        for task in tasks:
            for verb, body in (("heartbeat_task", {}), ("complete_task", {"output": {"n": 1}}),
                               ("complete_task", {"output": {"n": 2}}), ("fail_task", {"error": "E"})):
                answer = s.post(verb, {"task_token": task["task_token"], **body})
                self.problem(answer, 409, "EXECUTION_HALTED")
                self.assertEqual(answer.json["halt_id"], halt_id)
        self.problem(s.post("complete_human_task", {"human_task_id": human, "output": "yes"}), 409,
                     "EXECUTION_HALTED")
        every = s.evidence(id)
        self.assertEqual(sorted(e["kind"] for e in every), [
            "complete_human_task", "complete_task", "complete_task", "fail_task", "fail_task",
            "heartbeat_task", "heartbeat_task"])
        for one in every:
            self.assertEqual((one["halt_id"], one["subject"]), (halt_id, "local"))
            if one["kind"] == "complete_task":
                self.assertEqual(one["body"], {"n": 1})
        for limit in (1, 2, 3, 4, len(every), 1000):
            pages = s.pages("executions/%s/evidence" % id, "evidence", limit)
            self.assertEqual(pages, every, limit)


class Halts(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.server
        s.put("leaf", wait_plan())
        s.put("middle", harness.fan_plan("leaf", 10))
        cls.root = s.start_plan(harness.fan_plan("middle", 3), plan_id="top")
        cls.nodes = s.wait_tree(cls.root, 34, ("WAITING_FOR_CHILD_EXECUTION", "WAITING_FOR_TIMER"))
        cls.answer = s.halt_tree(cls.root, reason="because")
        cls.id = cls.answer["halt_id"]

    def test_the_receipt_is_that_of_the_answer(self):
        self.assertEqual(self.server.read("halts/" + self.id), self.answer["receipt"])

    def test_items_deepest_first_in_pages_of_any_size(self):
        items = self.server.pages("halts/%s/items" % self.id, "items", 1000)
        self.assertEqual(len(items), 34)
        self.assertEqual([i["depth"] for i in items], [2] * 30 + [1] * 3 + [0])
        receipt = [{k: v for k, v in e.items() if k not in ("reservations", "locks")}
                   for e in self.answer["receipt"]["executions"]]
        self.assertEqual(items, receipt)
        for limit in (1, 2, 17, 33, 34, 35):
            self.assertEqual(self.server.pages("halts/%s/items" % self.id, "items", limit), items)
        page = self.server.read("halts/%s/items?limit=34" % self.id)
        self.assertIsNone(page["next_cursor"])

    def test_items_are_the_children_of_the_answer(self):
        children = self.answer["halt_execution_resp"]
        self.assertEqual(set(children), {n["plan_execution_id"] for n in self.nodes[1:]})

    def test_unknown_ids(self):
        for id in ("x", "0" * 26, self.id[:25], self.id + "0", self.id.upper(), self.id[13:] + self.id[:13],
                   self.root, "%FF"):
            for path in ("halts/%s" % id, "halts/%s/items" % id):
                with self.subTest(path):
                    self.problem(self.server.get(path), 404, "HALT_NOT_FOUND")


class Shop(Case):
    """Plans, locks and human tasks."""

    def test_plans_and_versions(self):
        token = self.server.token(operator="plans")
        names = ["p%02d" % i for i in range(12)] + ["P", "a:b", "z"]
        for name in names:
            self.server.put(name, wait_plan(), token)
        self.assertEqual(self.server.put("z", wait_plan(5), token), 2)
        listed = self.server.pages("plans", "plans", None, token)
        self.assertEqual([p["plan_id"] for p in listed], sorted(names))
        for limit in (1, 4, 15, 16):
            self.assertEqual(self.server.pages("plans", "plans", limit, token), listed)
        self.assertEqual([p["plan_version"] for p in listed], [1] * 14 + [2])
        for path, version, seconds in (("plans/z", 2, 5), ("plans/z?plan_version=1", 1, 3600),
                                       ("plans/z?plan_version=2", 2, 5)):
            plan = self.server.read(path, token)
            self.assertEqual((plan["plan_version"], plan["latest_version"]), (version, 2))
            self.assertEqual(plan["definition"], wait_plan(seconds))
        self.assertEqual(self.server.read("plans/a%3Ab", token)["plan_id"], "a:b")

    def test_plans_that_are_not_there(self):
        self.server.put("one", wait_plan())
        for path in ("plans/none", "plans/one?plan_version=2", "plans/%FF"):
            with self.subTest(path):
                self.problem(self.server.get(path), 404, "PLAN_NOT_FOUND")
        for value in ("0", "-1", "x", "1.0", "", "99999999999"):
            with self.subTest(value):
                self.problem(self.server.get("plans/one?plan_version=" + value), 400, "INVALID_REQUEST",
                             "/query/plan_version")
        for value in ("P%20Q", "a%2Cb", "x" * 513):
            self.problem(self.server.get("plans?cursor=" + value), 400, "INVALID_REQUEST", "/query/cursor")

    def test_locks(self):
        s, token = self.server, self.server.token(operator="locks")
        s.put("held", wait_plan(), token)
        holders = {name: s.run("held", token, locks=[name]) for name in ("b", "a", "c")}
        waiters = []
        for _ in range(3):
            waiters.append(s.run("held", token, locks=["a"]))
            s.until(lambda: s.lock("a", token)["waiter_count"] == len(waiters), "the wait")
        locks = s.pages("locks", "locks", None, token)
        self.assertEqual([lock["name"] for lock in locks], ["a", "b", "c"])
        self.assertEqual({lock["name"]: lock["holder"] for lock in locks}, holders)
        self.assertEqual([lock["waiters"] for lock in locks], [waiters, [], []])
        self.assertEqual([lock["waiter_count"] for lock in locks], [3, 0, 0])
        self.assertEqual(s.pages("locks", "locks", 1, token), locks)
        s.halt(holders["a"], token)
        s.halt(holders["b"], token)
        after = {lock["name"]: lock for lock in s.pages("locks", "locks", None, token)}
        self.assertEqual((after["a"]["holder"], after["a"]["waiters"]), (waiters[0], waiters[1:]))
        self.assertEqual(after["a"]["fence"], locks[0]["fence"] + 1)
        self.assertEqual((after["b"]["holder"], after["b"]["fence"]), (None, locks[1]["fence"]))

    def test_human_tasks(self):
        s, token = self.server, self.server.token(operator="people")
        s.put("ask", harness.human_plan(), token)
        ids = [s.run("ask", token, input={"n": n}) for n in range(5)]
        for id in ids:
            s.wait_status(id, "WAITING_FOR_HUMAN_TASK", token=token)
        tasks = s.pages("human_tasks", "human_tasks", None, token)
        self.assertEqual(sorted((t["plan_execution_id"], t["input"]["n"], t["state"]) for t in tasks),
                         sorted((id, n, "Ask") for n, id in enumerate(ids)))
        self.assertEqual(s.pages("human_tasks", "human_tasks", 2, token), tasks)
        s.ok("complete_human_task", {"human_task_id": tasks[0]["human_task_id"], "output": "yes"}, token)
        s.halt(tasks[1]["plan_execution_id"], token)
        # One that is paused still waits; once it is answered nobody is asked any more.
        paused = tasks[2]["plan_execution_id"]
        s.ok("pause_execution", {"plan_execution_id": paused, "reason": "lunch"}, token)
        left = s.pages("human_tasks", "human_tasks", None, token)
        self.assertEqual(left, tasks[2:])
        s.ok("complete_human_task", {"human_task_id": tasks[2]["human_task_id"], "output": "ok"}, token)
        self.assertEqual(s.pages("human_tasks", "human_tasks", None, token), tasks[3:])


class Wall(Case):
    """What belongs to another operator does not exist: the same bytes as for what is not there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.server
        cls.theirs = s.token(operator="theirs")
        s.put("secret", harness.lock_plan("vault", harness.human_plan()), cls.theirs)
        cls.id = s.run("secret", cls.theirs, plan_execution_id="their-execution")
        s.wait_status(cls.id, "WAITING_FOR_HUMAN_TASK", token=cls.theirs)
        child = s.start_plan(wait_plan(), cls.theirs)
        cls.halt_id = s.halt(child, cls.theirs)["halt_id"]

    def same(self, path, missing, status, code):
        """The same answer for what is there and for what never was; with a cursor and limit too."""
        seen = self.server.get(path)
        never = self.server.get(missing)
        self.problem(seen, status, code)
        self.assertEqual(seen.raw, never.raw)
        hide = {"date", "x-request-id"}
        self.assertEqual({k: v for k, v in seen.headers.items() if k not in hide},
                         {k: v for k, v in never.headers.items() if k not in hide})

    def test_executions(self):
        for path in ("", "/tree", "/history", "/reservations", "/evidence"):
            self.same("executions/%s%s" % (self.id, path), "executions/never-was%s" % path, 404,
                      "EXECUTION_NOT_FOUND")
        for path in ("/tree", "/history", "/reservations", "/evidence"):
            query = "?limit=1&cursor=" + "0" * 26
            self.same("executions/%s%s%s" % (self.id, path, query),
                      "executions/never-was%s%s" % (path, query), 404, "EXECUTION_NOT_FOUND")
        for odd in ("a b", "\u00e9", "x" * 129, "a'--", "%", "\x01"):
            self.server.check = odd != "\x01"  # the transport refuses control characters
            answer = self.server.get("executions/" + urllib.parse.quote(odd, safe=""))
            self.server.check = True
            self.assertIn(answer.status, (400, 404))

    def test_halts(self):
        self.same("halts/" + self.halt_id, "halts/" + "1" * 26, 404, "HALT_NOT_FOUND")
        self.same("halts/%s/items" % self.halt_id, "halts/%s/items" % ("1" * 26), 404, "HALT_NOT_FOUND")
        self.same("halts/" + self.halt_id, "halts/nonsense", 404, "HALT_NOT_FOUND")
        seen = self.server.post("verify_halt", {"halt_id": self.halt_id})
        never = self.server.post("verify_halt", {"halt_id": "1" * 26})
        self.problem(seen, 404, "HALT_NOT_FOUND")
        self.assertEqual(seen.raw, never.raw)

    def test_plans(self):
        self.same("plans/secret", "plans/never-was", 404, "PLAN_NOT_FOUND")
        self.same("plans/secret?plan_version=1", "plans/never-was?plan_version=1", 404, "PLAN_NOT_FOUND")

    def test_lists_are_empty(self):
        empty = self.server.token(operator="nobody-else")
        for path, member in (("executions", "executions"), ("plans", "plans"), ("locks", "locks"),
                             ("human_tasks", "human_tasks"), ("executions?parent=" + self.id,
                                                             "executions"),
                             ("executions?plan_id=secret", "executions"),
                             ("executions?status=WAITING_FOR_HUMAN_TASK", "executions")):
            with self.subTest(path):
                self.assertEqual(self.server.read(path, empty), {member: [], "next_cursor": None})

    def test_both_may_use_the_same_names(self):
        mine = self.server.token(operator="mine")
        self.server.put("secret", wait_plan(), mine)
        self.server.run("secret", mine, plan_execution_id="their-execution", locks=["vault"])
        self.server.wait_status("their-execution", "WAITING_FOR_TIMER", token=mine)
        self.assertEqual(self.server.status("their-execution", self.theirs), "WAITING_FOR_HUMAN_TASK")
        self.assertEqual(self.server.lock("vault", mine)["waiter_count"], 0)
        self.assertEqual(self.server.read("plans/secret", mine)["definition"], wait_plan())


class Headers(Case):
    def test_every_answer_has_them(self):
        for path in ("executions", "executions/none", "executions?limit=0", "/livez", "/readyz",
                     "/metrics", "/nothing"):
            answer = self.server.get(path)
            with self.subTest(path):
                self.assertEqual(answer.headers["cache-control"], "no-store")
                self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
                self.assertRegex(answer.headers["x-request-id"], "^[A-Za-z0-9_-]{16}$")

    def test_a_request_id_comes_back(self):
        answer = self.server.get("executions/none", headers={"X-Request-Id": "my:request.1"})
        self.assertEqual(answer.headers["x-request-id"], "my:request.1")
        self.assertEqual(answer.json["request_id"], "my:request.1")
        for bad in ("a b", "x" * 65, "\u00e9", "a;b"):
            answer = self.server.get("executions/none", headers={"X-Request-Id": bad.encode()})
            self.assertNotEqual(answer.headers["x-request-id"], bad)
            self.assertNotIn("request_id", answer.json)

    def test_server_routes(self):
        self.assertEqual(self.server.get("/livez", token=None).json, {"status": "live"})
        self.assertEqual(self.server.get("/readyz", token=None).json, {"status": "ready"})
        text = self.server.get("/metrics").raw.decode()
        self.assertIn("# TYPE fermata_commits_total counter\n", text)
        self.assertRegex(text, r"(?m)^fermata_http_requests_total \d+$")
        self.problem(self.server.get("/metrics", token=None), 401, "UNAUTHENTICATED")
        self.problem(self.server.get("/livez?x=1", token=None), 400, "INVALID_REQUEST", "/query/x")

    def test_a_problem_is_told_without_what_was_sent(self):
        answer = self.server.get("executions?" + urllib.parse.quote("<script>") + "=1")
        self.problem(answer, 400, "INVALID_REQUEST", "/query")
        self.assertNotIn(b"script", answer.raw)

    def test_the_canonical_problem(self):
        answer = self.server.get("executions/none")
        self.assertEqual(answer.headers["content-type"], "application/problem+json")
        self.assertEqual(json.loads(answer.raw), {
            "type": "about:blank", "title": "there is no such execution", "status": 404,
            "detail": "no execution has this id", "module": "ORCHESTRATION",
            "code": "EXECUTION_NOT_FOUND"})


if __name__ == "__main__":
    unittest.main()
