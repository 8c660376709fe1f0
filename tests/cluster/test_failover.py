#!/usr/bin/python3
"""test_failover.py - the primary dies under load, with a synchronous standby beside it: nothing that was answered is lost."""
import os
import signal
import time
import unittest

import kit

TTL_S = 3  # what a supervisor such as Patroni waits before it believes that the primary is gone


@unittest.skipUnless(kit.postgres_is_there(), "no PostgreSQL")
class Failover(unittest.TestCase):
    def test_no_answered_halt_is_lost_and_halts_go_on_at_the_standby(self):
        with kit.Bench(durable=True) as bench:
            standby = bench.postgres.make_standby(os.path.join(bench.folder, "standby"))
            bench.others.append(standby)
            url = bench.postgres.url(standby)
            nodes = [bench.node(url=url), bench.node(url=url)]
            kit.put_pair(nodes[0])
            with kit.Load(nodes) as load:
                kit.until(lambda: len(load.halted) > 20, "the load")
                bench.postgres.kill9()
                kit.until(lambda: load.answers[503] > 5, "503 while nobody is primary")
                self.assertEqual(nodes[0].get("/readyz").status, 503)
                before = len(load.halted)
                time.sleep(TTL_S)
                self.assertEqual(len(load.halted), before)  # nobody decides anything by himself
                standby.promote()
                promoted = time.monotonic()
                kit.until(lambda: load.last_halt > promoted, "halts at the new primary", 35)
                gap_s = load.last_halt - promoted
                kit.until(lambda: len(load.halted) > before + 20, "the load goes on")
            print("halts answered again %.1f s after the promotion; answers: %s; the longest took %.1f s; commits asked"
                  " for: %d" % (gap_s, dict(load.answers), load.longest_s,
                                sum(kit.metric(n, "fermata_commits_lost_total") or 0 for n in nodes)))
            bench.url = standby.url()
            kit.check_load(self, bench, load)
            tellings = [row["plan_execution_id"] for row in kit.told(bench)]
            self.assertEqual(len(tellings), len(set(tellings)))
            self.assertLess(load.longest_s, 40)


@unittest.skipUnless(kit.postgres_is_there(), "no PostgreSQL")
class CutOff(unittest.TestCase):
    def test_backends_that_are_ended_under_load_lose_nothing(self):
        with kit.Bench() as bench:
            nodes = [bench.node(), bench.node()]
            kit.put_pair(nodes[0])
            with kit.Load(nodes) as load:
                for _ in range(8):
                    halted = len(load.halted)
                    bench.postgres.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                       " WHERE application_name = 'fermata'")
                    kit.until(lambda: len(load.halted) > halted + 10, "halts after the backends were ended")
            kit.check_load(self, bench, load)

    def test_a_server_that_sleeps_only_makes_it_later(self):
        with kit.Bench() as bench:
            nodes = [bench.node(), bench.node()]
            kit.put_pair(nodes[0])
            with kit.Load(nodes) as load:
                kit.until(lambda: len(load.halted) > 10, "the load")
                bench.postgres.signal_all(signal.SIGSTOP)
                time.sleep(4)
                bench.postgres.signal_all(signal.SIGCONT)
                halted = len(load.halted)
                kit.until(lambda: len(load.halted) > halted + 10, "the load goes on", 60)
            kit.check_load(self, bench, load)


if __name__ == "__main__":
    unittest.main()
