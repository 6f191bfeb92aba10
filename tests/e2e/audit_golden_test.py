"""Audits of SmolLM2-135M against the log-probabilities of another implementation on the same weights.

Needs the shared audit sets and goldens beside the repository and the GGUF in $MOESCOPE_TEST_MODELS.
"""

import json
import os
import pathlib
import sqlite3
import tempfile
import unittest

from program import ROOT, moescope

SHARED = ROOT.parent / "shared"
MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
N_ITEM = int(os.environ.get("MOESCOPE_AUDIT_ITEMS", "60"))
BOUND = 2e-3  # nats a token


def model_file():
    folder = os.environ.get("MOESCOPE_TEST_MODELS")
    return pathlib.Path(folder) / MODEL if folder else None


class Golden(unittest.TestCase):
    def check(self, importer, data, golden):
        wanted = SHARED / "goldens" / "audits" / golden
        if not wanted.exists():
            self.skipTest(f"{wanted} is missing: shared goldens")
        if model_file() is None or not model_file().exists():
            self.skipTest(f"{MODEL} is missing: set MOESCOPE_TEST_MODELS to its folder")
        with tempfile.TemporaryDirectory() as folder:
            suite, database = (pathlib.Path(folder) / name for name in ("suite.json", "audit.db"))
            done = moescope("suites", "import", importer, SHARED / "data" / data, "-o", suite)
            self.assertEqual(done.returncode, 0, done.stderr)
            done = moescope("audit", model_file(), suite, "--no-gate", "--limit", N_ITEM, "-o",
                            database, timeout=6000)
            self.assertEqual(done.returncode, 5, done.stderr)
            connection = sqlite3.connect(database)
            try:
                self.compare(connection, wanted)
            finally:
                connection.close()

    def compare(self, connection, wanted):
        scored = {text: (prompt, begin) for prompt, text, begin in connection.execute(
            "SELECT p.id, p.text, q.text_begin FROM audit_sequence q JOIN prompt p ON p.id = q.prompt")}
        n_text = 0
        for line in wanted.read_text().splitlines():
            golden = json.loads(line)
            prompt, begin = scored.get(golden["prompt"] + golden["text"], (None, None))
            if prompt is None or begin != len(golden["prompt"].encode()):
                continue
            got = [value for value, in connection.execute(
                "SELECT logprob FROM v_sequence_token WHERE prompt = ? AND begin_byte >= ? "
                "AND logprob IS NOT NULL ORDER BY pos", (prompt, begin))]
            self.assertEqual(len(got), len(golden["logprobs"]), golden["id"])
            for a, b in zip(got, golden["logprobs"]):
                self.assertLessEqual(abs(a - b), BOUND, golden["id"])
            n_text += 1
        self.assertGreater(n_text, 5)

    def test_winobias(self):
        self.check("winobias", "winobias", "winobias.jsonl")

    def test_crows_pairs(self):
        self.check("crows-pairs", "crows_pairs/crows_pairs_anonymized.csv", "crows_pairs_en.jsonl")

    def test_truthfulqa(self):
        self.check("truthfulqa", "truthfulqa/TruthfulQA_v1_817.csv", "truthfulqa_0_100.jsonl")


if __name__ == "__main__":
    unittest.main()
