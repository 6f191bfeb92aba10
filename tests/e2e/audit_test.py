"""Audits by the commands that a user types: what they record, decide, survive and refuse."""

import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import tempfile
import unittest

from program import PROGRAM, ROOT, moescope

SUITE = ROOT / "suites" / "occupation-gender-en.json"
N_KILL = int(os.environ.get("MOESCOPE_AUDIT_KILLS", "4"))


def canonical(database):
    done = moescope("export", database, "--canonical")
    assert done.returncode == 0, done.stderr
    return done.stdout


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.folder = pathlib.Path(cls.place.name)
        cls.whole = cls.folder / "whole.db"
        cls.done = moescope("audit", "demo", SUITE, "--limit", 100, "-o", cls.whole, "--json")

    def rows(self, sql):
        connection = sqlite3.connect(self.whole)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def test_a_draft_gives_estimates_and_no_verdict(self):
        self.assertEqual(self.done.returncode, 5, self.done.stderr)
        result = json.loads(self.done.stdout)
        self.assertEqual(result["schema"], "moescope.audit.v1")
        self.assertEqual(result["plan"]["kind"], "none")
        self.assertEqual(result["hypotheses"], [])
        self.assertEqual([gate["language"] for gate in result["gates"]], ["en"])
        shares = [e for e in result["estimates"] if e["estimand"] == "pct_typical"]
        self.assertEqual(len(shares), 1)
        self.assertEqual(shares[0]["denominators"]["items"], shares[0]["n"])
        self.assertLess(shares[0]["interval"]["lower"], shares[0]["value"])
        self.assertGreaterEqual(shares[0]["n"], 100)

    def test_every_item_is_there_with_its_outcomes_and_its_routing(self):
        planned = sum(n for n, in self.rows("SELECT n_item FROM audit_suite"))
        self.assertEqual(self.rows("SELECT count(*) FROM audit_item"), [(planned,)])
        self.assertEqual(self.rows(
            "SELECT count(*) FROM audit_item i WHERE NOT EXISTS "
            "(SELECT 1 FROM audit_outcome o WHERE o.item = i.id)"), [(0,)])
        n_unrouted, = self.rows(
            "SELECT count(*) FROM token t WHERE NOT EXISTS "
            "(SELECT 1 FROM routing g WHERE g.token = t.id)")[0]
        self.assertEqual(n_unrouted, 0)

    def test_an_interaction_is_what_its_tokens_add_up_to(self):
        total = {}
        for item, role, logprob in self.rows(
                "SELECT q.item, q.role, sum(t.logprob) FROM audit_sequence q "
                "JOIN v_sequence_token t ON t.prompt = q.prompt AND t.begin_byte >= q.text_begin "
                "WHERE q.role IN ('aa', 'ab', 'ba', 'bb') GROUP BY q.prompt"):
            total[item, role] = logprob
        rows = self.rows("SELECT item, value FROM audit_outcome WHERE metric = 'interaction'")
        self.assertGreaterEqual(len(rows), 100)
        for item, value in rows:
            self.assertAlmostEqual(value, total[item, "aa"] - total[item, "ab"] - total[item, "ba"]
                                   + total[item, "bb"], places=4)

    def test_texts_that_begin_alike_have_the_numbers_of_each_alone(self):
        n_shared, = self.rows("SELECT count(*) FROM prompt_shared")[0]
        self.assertGreater(n_shared, 100)
        lines, wanted = [], []
        for prompt, text in self.rows(
                "SELECT p.id, p.text FROM prompt_shared s JOIN prompt p ON p.id = s.prompt LIMIT 20"):
            lines.append(json.dumps({"id": prompt, "text": text}))
            wanted.append([logprob for logprob, in self.rows(
                "SELECT logprob FROM v_sequence_token WHERE prompt = %d AND logprob IS NOT NULL "
                "ORDER BY pos" % prompt)])
        done = moescope("logprobs", "demo", "--jsonl", input="\n".join(lines) + "\n")
        for line, expected in zip(done.stdout.splitlines(), wanted):
            got = json.loads(line)["logprobs"]
            self.assertEqual(len(got), len(expected))
            for a, b in zip(got, expected):
                self.assertAlmostEqual(a, b, places=5)

    def test_threads_and_batch_change_nothing(self):
        other = self.folder / "threads.db"
        moescope("audit", "demo", SUITE, "--limit", 100, "-o", other, "--threads", 1, "--batch", 37)
        self.assertTrue(canonical(other) == canonical(self.whole), "another audit")

    def test_killed_audits_go_on_to_the_same_content(self):
        wanted = canonical(self.whole)
        words = ["audit", "demo", str(SUITE), "--limit", "100", "--resume", "--quiet"]
        chance = random.Random(5)
        cut = self.folder / "cut.db"
        n_kill = n_whole = 0
        while n_kill < N_KILL:
            process = subprocess.Popen([PROGRAM, *words, "-o", cut], stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            try:
                process.wait(chance.uniform(0.02, 1.2))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                n_kill += 1
                process.wait()
                continue
            self.assertTrue(canonical(cut) == wanted, "the resumed audit is another one")
            n_whole += 1
            for file in self.folder.glob("cut.db*"):
                file.unlink()
        moescope(*words, "-o", cut)
        self.assertTrue(canonical(cut) == wanted, "the resumed audit is another one")
        if N_KILL > 50:
            print(f"{n_kill} kills, {n_whole + 1} audits, 0 differences")

    def test_score_says_the_same_and_notices_a_changed_token(self):
        done = moescope("score", self.whole, "--json")
        self.assertEqual(done.returncode, 5, done.stderr)
        again, first = json.loads(done.stdout), json.loads(self.done.stdout)
        self.assertEqual(again["outcomes_that_differ"], 0)
        self.assertEqual(again["estimates"], first["estimates"])
        changed = self.folder / "changed.db"
        changed.write_bytes(self.whole.read_bytes())
        connection = sqlite3.connect(changed)
        connection.execute("UPDATE token SET logprob = -0.001 WHERE id = "
                           "(SELECT max(id) FROM token WHERE logprob IS NOT NULL)")
        connection.commit()
        connection.close()
        done = moescope("score", changed)
        self.assertEqual(done.returncode, 6)
        self.assertIn("from its tokens", done.stderr)

    def test_a_plan_about_a_draft_is_refused(self):
        plan = self.folder / "plan.json"
        plan.write_text(json.dumps({"moescope_plan": 1, "author": "a test", "hypotheses": [
            {"id": "h", "suite": "occupation-gender-en", "estimand": "pct_typical", "margin": 5,
             "reason": "a test"}]}))
        done = moescope("audit", "demo", SUITE, "--plan", plan, "-o", self.folder / "none.db")
        self.assertEqual(done.returncode, 1)
        self.assertIn("is a draft: fewer than two native reviewers", done.stderr)
        self.assertFalse((self.folder / "none.db").exists())

    def test_what_is_not_there_is_refused_before_a_file_is_made(self):
        for words, code, told in [
                (["demo", "no-such-suite"], 1, "no-such-suite"),
                (["demo", SUITE, SUITE], 2, "named twice"),
                (["demo", SUITE, "--format", "fancy"], 2, "fancy"),
                (["no-such-model", SUITE], 1, "no-such-model")]:
            with self.subTest(words=words):
                done = moescope("audit", *words, "-o", self.folder / "none.db")
                self.assertEqual(done.returncode, code, done.stderr)
                self.assertIn(told, done.stderr)
                self.assertFalse((self.folder / "none.db").exists())

    def test_a_recording_is_no_audit(self):
        recording = self.folder / "recording.db"
        prompts = self.folder / "p.txt"
        prompts.write_text("one prompt\n")
        moescope("record", "demo", prompts, "-o", recording)
        done = moescope("score", recording)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no complete audit in it", done.stderr)


if __name__ == "__main__":
    unittest.main()
