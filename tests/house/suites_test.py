"""The suites' scripts: what they made is what is there, and fresh suites are fresh."""

import json
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bench"))
sys.dont_write_bytecode = True

import suite_items  # noqa: E402


def run(script, *arguments):
    done = subprocess.run([sys.executable, "-B", str(ROOT / "bench" / script), *arguments],
                          capture_output=True, check=True, encoding="utf-8")
    return done.stdout


class Scripts(unittest.TestCase):
    def test_scrambled_suites_are_what_the_script_writes(self):
        for language in ("en", "fr", "de", "es", "it"):
            there = (ROOT / f"suites/control-scrambled-{language}.json").read_text("utf-8")
            self.assertEqual(run("scramble_suite.py", language), there, language)

    def test_fresh_suites_share_no_set_with_the_shipped_one(self):
        for path in sorted((ROOT / "suites").glob("*.json")):
            shipped = suite_items.load(path)
            if "grid" not in shipped:
                continue
            with self.subTest(path.name):
                command = ["fresh_suite.py", str(path), "--seed", str(shipped["generator_seed"])]
                fresh = json.loads(run(*command))
                self.assertNotEqual(fresh["canary"], shipped["canary"])
                old = {tuple(item["candidates"].values()) for item in suite_items.expand(shipped)}
                new = {tuple(item["candidates"].values()) for item in suite_items.expand(fresh)}
                self.assertEqual(len(new), len(old))
                self.assertEqual(len(new & old), 0, "sets that stand in the shipped suite too")

    def test_the_same_seed_gives_the_same_suite(self):
        command = ["fresh_suite.py", str(ROOT / "suites/names-en.json"), "--seed"]
        self.assertEqual(run(*command, "7"), run(*command, "7"))
        self.assertNotEqual(run(*command, "7"), run(*command, "8"))


if __name__ == "__main__":
    unittest.main()
