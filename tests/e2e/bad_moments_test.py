"""What ends a recording from outside, and what happens to standard output: nothing is lost."""

import json
import os
import pathlib
import resource
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

from bad_world import World
from program import PROGRAM, ROOT, moescope

N_PROMPT = 600


def canonical(database):
    done = moescope("export", database, "--canonical")
    assert done.returncode == 0, done.stderr
    return done.stdout


def n_committed(database, table="prompt"):
    """Rows that are in the file; 0 while there are no tables."""
    try:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return 0


class CutOff(unittest.TestCase):
    """A run that is cut off in some way, against the same run left alone."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.world = World(pathlib.Path(cls.place.name) / "w", b"")
        cls.prepare()
        cls.words = cls.world.words("record {model} {prompts} -o {new} --resume")
        whole = cls.world.folder / "whole.db"
        done = moescope(*cls.world.words(f"record {{model}} {{prompts}} -o {whole}"))
        assert done.returncode == 0, done.stderr
        cls.wanted = canonical(whole)
        cls.size = whole.stat().st_size

    def setUp(self):
        for path in self.world.folder.glob("new.db*"):
            path.unlink()

    def check_resumed(self):
        done = moescope(*self.words)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(canonical(self.world.new) == self.wanted, "the resumed run is another one")


class Stopped(CutOff):
    """The shipped model, so that a run takes longer than its first commit."""

    @classmethod
    def prepare(cls):
        shutil.rmtree(cls.world.model)
        shutil.copytree(ROOT / "models" / "demo", cls.world.model)
        folder = ROOT / "suites" / "prompts"
        prompts = [folder / f"{language}.jsonl" for language in ("en", "fr", "de")]
        cls.world.prompts.write_bytes(b"".join(path.read_bytes() for path in prompts))

    def stopped_midway(self, table="prompt"):
        """A recording, slow on purpose, that was paused after its first commit to a table."""
        child = subprocess.Popen([PROGRAM, *self.words, "--batch", "8", "--threads", "1"],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for end in (child.stdout.close, child.stderr.close, child.wait, child.kill):
            self.addCleanup(end)
        deadline = time.monotonic() + 60
        while child.poll() is None and time.monotonic() < deadline:
            if n_committed(self.world.new, table):
                break
            time.sleep(0.005)
        child.send_signal(signal.SIGSTOP)
        if child.poll() is not None:
            self.skipTest("the recording was over before it could be stopped")
        return child

    def test_interrupt(self):
        child = self.stopped_midway()
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGCONT)
        out, err = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out), (130, ""), err)
        self.check_resumed()

    def test_kill(self):
        child = self.stopped_midway()
        child.kill()
        child.communicate(timeout=60)
        self.check_resumed()

    def test_second_writer(self):
        child = self.stopped_midway()
        began = time.monotonic()
        second = moescope(*self.words)
        self.assertEqual(second.returncode, 75, second.stderr)
        self.assertLess(time.monotonic() - began, 20)
        self.assertIn(f"new.db: another writer holds it: pid {child.pid} on ", second.stderr)
        child.send_signal(signal.SIGCONT)
        _, err = child.communicate(timeout=120)
        self.assertEqual(child.returncode, 0, err)
        self.assertTrue(canonical(self.world.new) == self.wanted, "the first run was disturbed")

    def test_weights_that_shrink_while_mapped(self):
        weights = self.world.model / "model.safetensors"
        kept = weights.read_bytes()
        self.addCleanup(weights.write_bytes, kept)
        child = self.stopped_midway(table="run")  # most of the weights' reads are still to come
        os.truncate(weights, 4096)
        child.send_signal(signal.SIGCONT)
        out, err = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out), (1, ""), err)
        self.assertIn("model.safetensors: the file shrank while it was mapped", err)
        weights.write_bytes(kept)
        self.check_resumed()


class NoSpace(CutOff):
    @classmethod
    def prepare(cls):
        languages = ("de", "en", "en")
        lines = (json.dumps({"id": f"p{i}", "text": f"ab {i} cd", "language": languages[i % 3]})
                 for i in range(N_PROMPT))
        cls.world.prompts.write_text("\n".join(lines))

    def test_no_space(self):
        """Files may grow to this size: the database is cut off at another moment each time."""
        for n_byte in (0, 1024, 40_000, 200_000, self.size // 4, self.size // 2):
            with self.subTest(limit=n_byte):
                self.setUp()
                done = moescope(*self.words, preexec_fn=lambda n=n_byte: resource.setrlimit(
                    resource.RLIMIT_FSIZE, (n, n)))
                self.assertEqual(done.returncode, 75, done.stderr)
                self.assertEqual((done.stdout, done.stderr.count("\n")), ("", 1), done.stderr)
                self.assertIn("new.db", done.stderr)
                self.check_resumed()

    def test_too_few_open_files(self):
        """Each limit ends it at another place; all say so, and nothing that is left is in the way."""
        codes = {}
        for n_open in range(4, 13):
            with self.subTest(limit=n_open):
                done = moescope(*self.words, "--threads", "1", preexec_fn=lambda n=n_open:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (n, n)))
                codes[n_open] = done.returncode
                if done.returncode != 0:
                    self.assertEqual(done.returncode, 75, done.stderr)
                if n_open > 4 and done.returncode != 0:
                    self.assertIn("too many open files; raise the limit", done.stderr)
        self.assertIn(75, codes.values(), codes)
        self.check_resumed()

    def test_no_space_beside_a_finished_run(self):
        shutil.copy(self.world.folder / "whole.db", self.world.new)
        size = self.world.new.stat().st_size
        words = [*self.words[:-1], "--scores", "none"]
        done = moescope(*words, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (size // 3, size // 3)))
        self.assertEqual(done.returncode, 75, done.stderr)
        first = moescope("export", self.world.new, "--canonical", "--run", "1")
        self.assertEqual(first.stdout, moescope(
            "export", self.world.folder / "whole.db", "--canonical", "--run", "1").stdout)


class Outputs(unittest.TestCase):
    """Standard output that is full, gone or closed, for every command that has results."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        cls.world = World(pathlib.Path(cls.place.name) / "w", b"")
        cls.world.db.unlink()
        done = moescope(*cls.world.words("record {model} {prompts} -o {db}"))
        assert done.returncode == 0, done.stderr
        commands = ("inspect {model}", "inspect {model} --json", "generate {model} ab --quiet",
                    "record {model} {prompts} -o {new} --json", "tokenize {model} ab",
                    "verify {golden}/mixtral --against {golden}/mixtral/golden.json", "usage {db}",
                    "tokens {db} a", "sql {db} SELECT(1)", "export {db} --canonical",
                    "logprobs {model} --jsonl")
        cls.commands = [cls.world.words(command) for command in commands]

    def each(self):
        for words in self.commands:
            for path in self.world.folder.glob("new.db*"):
                path.unlink()
            line = '{"id": "1", "prompt": "a", "text": " b"}\n' if "logprobs" in words else ""
            with self.subTest(command=words[0]):
                yield words, line

    def test_full(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full here")
        for words, line in self.each():
            with open("/dev/full", "w") as full:
                done = moescope(*words, stdout=full, input=line)
            self.assertEqual(done.returncode, 75, done.stderr)
            self.assertIn("stdout: no space left on device; the output", done.stderr.lower())

    def test_reader_gone(self):
        for words, line in self.each():
            reading, writing = os.pipe()
            os.close(reading)
            with os.fdopen(writing, "w") as gone:
                done = moescope(*words, stdout=gone, input=line)
            self.assertEqual((done.returncode, done.stderr), (-signal.SIGPIPE, ""))

    def test_closed(self):
        for words, line in self.each():
            done = moescope(*words, stdout=None, input=line, preexec_fn=lambda: os.close(1))
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("stdout: ", done.stderr)


if __name__ == "__main__":
    unittest.main()
