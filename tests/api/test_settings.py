#!/usr/bin/python3
"""test_settings.py - every setting from a flag, the environment or a file; what is wrong is named with its place."""
import os
import re
import subprocess
import tempfile
import unittest

import harness


class Settings(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def file(self, text, mode=0o600):
        path = os.path.join(self.dir, "fermata.yaml")
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def serve(self, *args, **env):
        return subprocess.run([harness.BIN, "serve", "--dir", self.dir, *args], capture_output=True, text=True,
                              timeout=30, env={**os.environ, **env})

    def table(self, *args, **env):
        done = self.serve("--settings", *args, **env)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {line.split()[0]: line for line in done.stdout.splitlines()}

    def wrong(self, expected, *args, **env):
        done = self.serve(*args, **env)
        self.assertEqual(done.returncode, 2)
        self.assertIn(expected, done.stderr)
        self.assertEqual(os.listdir(self.dir) in ([], ["fermata.yaml"]), True)  # nothing was started
        return done.stderr

    def test_a_flag_is_stronger_than_the_environment_and_that_than_the_file(self):
        path = self.file("lease-ms: 1000\n")
        self.assertIn("1000 ", self.table()["lease-ms"])
        self.assertIn(path + ":1", self.table()["lease-ms"])
        self.assertRegex(self.table(FERMATA_LEASE_MS="2000")["lease-ms"], "2000 .*FERMATA_LEASE_MS")
        self.assertRegex(self.table("--lease-ms", "3000", FERMATA_LEASE_MS="2000")["lease-ms"], "3000 .*--lease-ms")

    def test_a_list_of_the_file_is_a_list(self):
        self.file('allow-address: [10.0.0.0/8, "fd00::/8"]\nallow-plain-http: true\n')
        self.assertIn("10.0.0.0/8,fd00::/8", self.table()["allow-address"])

    def test_another_file_can_be_named(self):
        other = os.path.join(self.dir, "other")
        os.rename(self.file("region: eu-west-1\n"), other)
        self.assertIn("eu-west-1", self.table("--config", other)["region"])
        self.assertIn("No such file", self.serve("--config", other + "x").stderr)

    def test_what_is_wrong_is_named_with_its_place(self):
        for text, expected in (
                ("lease-ms: soon\n", ":1: lease-ms: expected a number from 100 to 86400000"),
                ("\nlease-ms: 5\n", ":2: lease-ms: expected a number"),
                ("lease: 5000\n", ":1: there is no setting of this name: lease"),
                ("dir: /tmp\n", ":1: there is no setting of this name: dir"),
                ("lease-ms: 5000\nlease-ms: 6000\n", ":2: this setting stands here twice"),
                ("lease-ms:\n  n: 5000\n", ":2: expected a plain value"),
                ("- lease-ms\n", ":1: expected lines such as"),
                ("lease-ms: [\n", "fermata.yaml:"),
                ("allow-plain-http: perhaps\n", "expected true or false"),
                ("log-level: loud\n", "expected debug, info, warn or error")):
            with self.subTest(text):
                self.file(text)
                self.wrong(expected)

    def test_a_file_that_others_may_write_to_is_refused(self):
        self.file("lease-ms: 5000\n", 0o666)
        self.wrong("nobody else may write")

    def test_passwords_are_never_shown(self):
        self.file("store: postgres://ann:secret@db/fermata\nschedule: redis://:secret@cache\n")
        shown = self.table()
        self.assertIn("postgres://ann:***@db/fermata", shown["store"])
        self.assertIn("redis://:***@cache", shown["schedule"])
        self.file("store: mysql://ann:secret@db\n")
        self.assertNotIn("secret", self.wrong("expected a URL that begins with postgres://"))

    def test_a_schedule_needs_a_shared_store_and_so_do_several_lanes(self):
        self.wrong("--schedule: expected a store to go with it", "--schedule", "redis://cache")
        self.wrong("--lanes: expected 1", "--lanes", "4")

    def test_the_page_names_every_setting(self):
        with open(os.path.join(harness.ROOT, "docs", "settings.md")) as file:
            page = re.findall(r"^\| `([\w-]+)` \|", file.read(), re.M)
        help_text = self.serve("--help").stdout
        flags = [flag for flag in re.findall(r"--([\w-]+)", help_text) if flag not in ("help", "usage")]
        self.assertEqual(sorted(set(flags) & set(page)), sorted(page))
        self.assertEqual(set(self.table()) - set(page), set())


if __name__ == "__main__":
    unittest.main()
