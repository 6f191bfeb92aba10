"""The main job by the commands that a user types: record, interrupt, resume, refuse."""

import csv
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

from program import PROGRAM, ROOT, moescope

PROMPTS = sorted((ROOT / "suites" / "prompts").glob("*.jsonl"))


def rows(database, query):
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


class Record(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.database = self.folder / "run.db"

    def test_shipped_prompts_on_the_shipped_model(self):
        done = moescope("record", "demo", *PROMPTS, "-o", self.database, "--json", cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        report = json.loads(done.stdout)
        self.assertEqual(report["schema"], "moescope.record.v1")
        lines = sum(len(p.read_text(encoding="utf-8").splitlines()) for p in PROMPTS)
        self.assertEqual((report["prompts"], report["failed"]), (lines, 0))
        by_language = dict(rows(self.database, """
            SELECT value, count(*) FROM prompt_label WHERE key = 'language' GROUP BY value"""))
        self.assertEqual(by_language, {language: 48 for language in ("en", "fr", "de", "es", "it")})

    def test_interrupted_run_leaves_130_and_goes_on(self):
        words = [PROGRAM, "record", "demo", *map(str, PROMPTS), "-o", str(self.database)]
        child = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while child.poll() is None and not self.n_prompt():
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out), (130, ""), err)
        before = self.n_prompt()
        self.assertGreater(before, 0)
        done = moescope(*words[1:], "--resume", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report["resumed"], before)
        self.assertEqual(self.n_prompt(), report["prompts"])
        self.assertEqual(rows(self.database, "SELECT count(*) FROM run"), [(1,)])

    def test_files_that_changed_since_are_another_model(self):
        model = self.folder / "model"
        shutil.copytree(ROOT / "models" / "demo", model)
        words = ["record", model, PROMPTS[0], "-o", self.database]
        self.assertEqual(moescope(*words).returncode, 0)
        weights = model / "model.safetensors"
        os.utime(weights, (1, 1))
        self.assertEqual(moescope(*words, "--resume").returncode, 0, "a copy is the same model")
        with open(weights, "r+b") as file:
            file.seek(9_000_000)
            file.write(b"\x01")
        os.utime(weights, (2, 2))
        done = moescope(*words, "--resume")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("expected the same model, prompts and options, got another model_hash", done.stderr)
        self.assertEqual(rows(self.database, "SELECT count(*) FROM run"), [(1,)])

    def test_text_that_is_not_kept_is_nowhere_in_the_file(self):
        bad = self.folder / "bad.jsonl"
        bad.write_bytes(b'{"text": "Smith has it", "id": "fine"}\n{"text": "Smith has it" x}\n'
                        b'"just Smith"\n{"text": ["Smith"]}\n{"text": "Smith \xff"}\n')
        for mode in ("none", "hash"):
            database = self.folder / f"{mode}.db"
            done = moescope("record", "demo", bad, "-o", database, "--text", mode)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertNotIn(b"Smith", database.read_bytes())
            reasons = rows(database, "SELECT failure FROM v_failed_prompt ORDER BY idx")
            self.assertEqual([r.split(":")[1] for r, in reasons], [" line 2", " line 3", " line 4",
                " line 5"])
        done = moescope("record", "demo", bad, "-o", self.database)
        self.assertIn(b"just Smith", self.database.read_bytes())
        self.assertEqual(rows(self.database, "SELECT CAST(text AS BLOB) FROM prompt WHERE idx = 4"),
            [(b'{"text": "Smith \xff"}',)])
        edited = bad.read_bytes().replace(b"just", b"only")
        bad.write_bytes(edited)
        done = moescope("record", "demo", bad, "-o", self.database, "--resume")
        self.assertIn("prompts_hash", done.stderr)

    def test_stop_texts_end_what_is_generated(self):
        words = ["--max-new-tokens", "40", "--ignore-eos"]  # stop texts hold in both commands
        whole = moescope("generate", "demo", "The minister said", *words, "--json")
        text = json.loads(whole.stdout)["text"]
        stop = text[12:15]
        cut = moescope("generate", "demo", "The minister said", *words, "--json", "--stop", stop)
        ids = json.loads(cut.stdout)["ids"]
        self.assertLess(len(ids), 40)
        prompt = self.folder / "p.txt"
        prompt.write_text("The minister said")
        done = moescope("record", "demo", prompt, "-o", self.database, *words, "--stop", stop)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rows(self.database, "SELECT finish FROM prompt"), [("stop_string",)])
        self.assertEqual([i for i, in rows(self.database,
            "SELECT token_id FROM token WHERE phase = 1 ORDER BY pos")], ids)
        self.assertEqual(rows(self.database, "SELECT value FROM run_option WHERE key = 'stop.000'"),
            [(stop,)])
        other = moescope("record", "demo", prompt, "-o", self.database, *words, "--resume")
        self.assertIn("stop.000", other.stderr)

    def test_draws_depend_on_the_prompt_and_not_on_its_place(self):
        lines = [f'{{"id": "p{i}", "text": "The minister"}}' for i in range(4)]
        words = ["--max-new-tokens", "8", "--temperature", "1", "--seed", "5", "--ignore-eos"]
        drawn = []
        for name, order in (("a", lines), ("b", lines[::-1])):
            prompts = self.folder / f"{name}.jsonl"
            prompts.write_text("\n".join(order))
            database = self.folder / f"{name}.db"
            done = moescope("record", "demo", prompts, "-o", database, *words)
            self.assertEqual(done.returncode, 0, done.stderr)
            drawn.append(rows(database, "SELECT p.name, t.pos, t.token_id FROM token t JOIN prompt p "
                "ON p.id = t.prompt WHERE t.phase = 1 ORDER BY p.name, t.pos"))
        self.assertEqual(drawn[0], drawn[1])
        self.assertEqual(len({tuple(i for n, _, i in drawn[0] if n == f"p{k}") for k in range(4)}), 4)
        alone = moescope("generate", "demo", "The minister", *words, "--json")
        traced = moescope("generate", "demo", "The minister", *words, "--json", "--record",
            self.database)
        self.assertEqual(json.loads(alone.stdout)["ids"], json.loads(traced.stdout)["ids"])

    def test_a_continuation_keeps_its_first_space(self):
        done = moescope("generate", "demo", "Once upon", "--max-new-tokens", "12", "--json")
        said = json.loads(done.stdout)
        whole = moescope("tokenize", "demo", "Once upon" + said["text"], "--json")
        prompt = moescope("tokenize", "demo", "Once upon", "--json")
        self.assertEqual(json.loads(whole.stdout)["ids"],
            json.loads(prompt.stdout)["ids"] + said["ids"])

    def test_an_export_of_all_tables_makes_its_folder(self):
        moescope("record", "demo", PROMPTS[0], "-o", self.database)
        folder = self.folder / "tables"
        done = moescope("export", self.database, "--format", "csv", "-o", folder)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(folder / "prompt.csv", newline="") as file:
            self.assertEqual(len(list(csv.DictReader(file))), len(PROMPTS[0].read_text().splitlines()))

    def test_an_export_replaces_no_device_and_follows_links(self):
        moescope("record", "demo", PROMPTS[0], "-o", self.database)
        pipe, target, link = (self.folder / name for name in ("pipe", "target.txt", "link.txt"))
        os.mkfifo(pipe)
        target.write_text("old")
        link.symlink_to(target.name)
        done = moescope("export", self.database, "--canonical", "-o", pipe)
        self.assertEqual(done.returncode, 1)
        self.assertIn("a device or a pipe", done.stderr)
        self.assertTrue(pipe.is_fifo())
        self.assertEqual(moescope("export", self.database, "--canonical", "-o", link).returncode, 0)
        self.assertTrue(link.is_symlink())
        self.assertIn("meta", target.read_text())

    def n_prompt(self):
        """Prompts that are committed; 0 before the tables are there."""
        if not self.database.exists():
            return 0
        try:
            return rows(self.database, "SELECT count(*) FROM prompt")[0][0]
        except sqlite3.OperationalError:
            return 0

    def test_prompts_that_cannot_run_are_kept_with_their_reason(self):
        mixed = self.folder / "mixed.jsonl"
        mixed.write_text('{"id": "long", "text": "' + "word " * 5000 + '"}\n{"id": "ok", "text": "a"}\n')
        done = moescope("record", "demo", mixed, "-o", self.database)
        self.assertEqual(done.returncode, 1)
        failed = rows(self.database, "SELECT name FROM v_failed_prompt")
        self.assertEqual(failed, [("long",)])

    def test_report_that_cannot_be_written_is_an_error(self):
        target = pathlib.Path("/dev/full")
        if not target.exists():
            self.skipTest("there is no /dev/full here")
        with target.open("w") as full:
            done = moescope("record", "demo", PROMPTS[0], "-o", self.database, "--json", stdout=full)
        self.assertEqual(done.returncode, 75)
        self.assertIn("stdout: ", done.stderr)

    def test_model_from_a_folder_that_is_not_the_shipped_one(self):
        copy = self.folder / "copy"
        shutil.copytree(ROOT / "models" / "demo", copy)
        done = moescope("record", copy, PROMPTS[0], "-o", self.database)
        self.assertEqual(done.returncode, 0, done.stderr)
        os.remove(copy / "tokenizer.json")
        refused = moescope("record", copy, PROMPTS[0], "-o", self.database)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("tokenizer.json", refused.stderr)


if __name__ == "__main__":
    unittest.main()
