#!/usr/bin/python3
"""test_redis.py - Redis is down, dies, forgets, sleeps, is full of garbage: timers fire once and in time, halts go on."""
import threading
import time
import unittest

import kit

LATE_S = 5  # at most, whatever happens to Redis
COUNT = 40


@unittest.skipUnless(kit.postgres_is_there(), "no PostgreSQL")
class Broken(unittest.TestCase):
    """Timers of two seconds are set, Redis is broken, and every timer is looked at."""

    @classmethod
    def setUpClass(cls):
        cls.bench = kit.Bench(redis=True)
        cls.addClassCleanup(cls.bench.__exit__)
        cls.nodes = [cls.bench.node(), cls.bench.node()]
        cls.nodes[0].put("two", kit.harness.wait_plan(2))
        cls.nodes[0].put("hour", kit.harness.wait_plan(3600))

    def setUp(self):
        kit.until(self.is_up, "the schedule")

    def is_up(self):
        return all(kit.metric(node, "fermata_schedule_up") == 1 for node in self.nodes)

    def residue(self):
        return sum(kit.metric(node, "fermata_schedule_residue") for node in self.nodes)

    def set_timers(self):
        return [self.nodes[i % 2].run("two") for i in range(COUNT)]

    def check(self, timers):
        """Each fired once, none early, none late; and what was halted did not."""
        kit.until(lambda: all(self.nodes[0].status(t) == "SUCCESS" for t in timers), "the timers", 30)
        for timer in timers:
            shown = self.nodes[0].show(timer)
            waited_s = (shown["ended_at"] - shown["created_at"]) / 1000
            self.assertGreaterEqual(waited_s, 2)
            self.assertLess(waited_s, 2 + LATE_S)
            events = [event["type"] for event in self.nodes[1].history(timer)]
            self.assertEqual(events.count("WaitStateExited"), 1, events)
        self.assertEqual(self.bench.violations(), [])

    def halt_some(self):
        """A halt is answered as ever, whatever Redis does."""
        for node in self.nodes:
            name = node.run("hour")
            begun = time.monotonic()
            node.halt(name)
            self.assertLess(time.monotonic() - begun, 5)
            self.assertEqual(node.status(name), "STOPPED")

    def broken(self, how, mend=lambda: None):
        timers = self.set_timers()
        how()
        self.halt_some()
        timers += self.set_timers()
        self.check(timers)
        mend()
        kit.until(lambda: self.is_up() and self.residue() == 0, "the schedule is whole again", 30)
        self.check(self.set_timers())

    def test_it_is_flushed(self):
        self.broken(lambda: self.bench.redis.say("FLUSHALL"))

    def test_it_dies_and_comes_back_empty(self):
        self.broken(self.bench.redis.kill9, self.bench.redis.start)

    def test_it_sleeps(self):
        self.broken(self.bench.redis.pause, self.bench.redis.resume)

    def test_its_keys_are_of_other_types(self):
        def spoil():
            for key in ("due", "leased", "generation", "filling"):
                name = "{fermata:postgres.public}:" + key
                self.bench.redis.say("DEL", name)
                self.bench.redis.say("LPUSH", name, "garbage")
        self.broken(spoil)

    def test_its_sets_are_full_of_garbage(self):
        def spoil():
            for key in ("due", "leased"):
                for i in range(200):
                    self.bench.redis.say("ZADD", "{fermata:postgres.public}:" + key, i, b"\x00garbage%d" % i)
        self.broken(spoil)

    def test_it_has_no_memory_left(self):
        self.broken(lambda: self.bench.redis.say("CONFIG", "SET", "maxmemory", "1"),
                    lambda: self.bench.redis.say("CONFIG", "SET", "maxmemory", "0"))

    def test_it_is_broken_again_and_again_under_load(self):
        kit.put_pair(self.nodes[0])
        with kit.Load(self.nodes) as load:
            for i in range(4):
                timers = self.set_timers()
                self.bench.redis.say("FLUSHALL") if i % 2 else self.bench.redis.kill9()
                self.check(timers)
                if not i % 2:
                    self.bench.redis.start()
        kit.check_load(self, self.bench, load)
        kit.until(lambda: self.is_up() and self.residue() == 0, "the schedule is whole again", 30)

    def test_a_halt_takes_the_entries_of_a_tree_out(self):
        self.nodes[0].put("fan", kit.harness.fan_plan("hour", 60))
        tree = self.nodes[0].run("fan")
        self.nodes[0].wait_tree(tree, 61, ["WAITING_FOR_TIMER", "WAITING_FOR_CHILD_EXECUTION"])
        due = "{fermata:postgres.public}:due"
        kit.until(lambda: self.count(due) >= 60, "sixty entries")
        self.nodes[1].halt_tree(tree)
        kit.until(lambda: self.count(due) == 0 and self.residue() == 0, "no entries", 10)

    def count(self, key):
        return int(self.bench.redis.say("ZCARD", key).strip(b":\r\n"))


@unittest.skipUnless(kit.postgres_is_there(), "no PostgreSQL")
class Absent(unittest.TestCase):
    def test_nodes_start_without_it_and_take_it_up_when_it_comes(self):
        with kit.Bench(redis=True) as bench:
            bench.redis.kill9()
            node = bench.node()
            node.put("two", kit.harness.wait_plan(2))
            first = node.run("two")
            node.wait_status(first, "SUCCESS")
            bench.redis.start()
            kit.until(lambda: kit.metric(node, "fermata_schedule_up") == 1, "the schedule")
            taken = kit.metric(node, "fermata_schedule_taken_total")
            node.wait_status(node.run("two"), "SUCCESS")
            self.assertGreater(kit.metric(node, "fermata_schedule_taken_total"), taken)

    def test_a_node_that_dies_leaves_its_timers_to_the_others(self):
        with kit.Bench(redis=True) as bench:
            nodes = [bench.node(), bench.node()]
            nodes[0].put("two", kit.harness.wait_plan(2))
            timers = [nodes[0].run("two") for _ in range(COUNT)]
            threading.Timer(1.9, nodes[0].kill).start()
            for timer in timers:
                nodes[1].wait_status(timer, "SUCCESS")
                shown = nodes[1].show(timer)
                self.assertLess(shown["ended_at"] - shown["created_at"], 2000 + LATE_S * 1000)
            self.assertEqual(bench.violations(), [])


if __name__ == "__main__":
    unittest.main()
