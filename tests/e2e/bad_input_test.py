"""Whatever the input, the program ends with its exit code, one sentence and nothing lost."""

import os
import pathlib
import sqlite3
import tempfile
import unittest

import bad_databases
import bad_suites
import bad_text
import bad_usage
import bad_weights
from bad_world import APPEND, World
from program import PROGRAM, moescope

TABLES = (bad_weights, bad_text, bad_databases, bad_usage, bad_suites)
SPOKEN_BY_CRASHES = ("Sanitizer", "runtime error", "terminate called", "internal error",
                    "Assertion", "std::")
NOBODY = 65534


def recorded_once():
    """The bytes of a database that holds one complete run of the sound world."""
    with tempfile.TemporaryDirectory() as place:
        world = World(pathlib.Path(place) / "w", b"")
        world.db.unlink()
        done = moescope(*world.words(APPEND))
        assert done.returncode == 0, done.stderr
        return world.db.read_bytes()


def as_nobody(process_folder):
    """Keywords for a process without root's rights, its folder given to it."""
    for place, folders, files in os.walk(process_folder):
        for name in [".", *folders, *files]:
            os.chown(os.path.join(place, name), NOBODY, NOBODY, follow_symlinks=False)
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []}


class Case(unittest.TestCase):
    """One row; the method's name is the row's."""

    database = None

    def setUp(self):
        if Case.database is None:
            Case.database = recorded_once()
        place = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(place.cleanup)
        os.chmod(place.name, 0o755)
        self.world = World(pathlib.Path(place.name) / "w", Case.database)

    def check(self, row):
        row.prepare(self.world)
        words = self.world.words(row.command)
        rights = {}
        if row.drop_root:
            if os.geteuid() == 0:
                rights = as_nobody(self.world.folder)
                if not os.access(PROGRAM, os.X_OK) or self.unreachable():
                    self.skipTest("the program lies where only root may go")
        before = self.world.snapshot()
        done = moescope(*words, cwd=self.world.folder, text=False, timeout=120, **rights)
        err = done.stderr.decode()  # a message is UTF-8
        out = done.stdout.decode()
        told = f"\nexit {done.returncode}\n{err}{out[:300]}"
        self.assertEqual(done.returncode, row.code, told)
        self.check_messages(row, err, out, told)
        self.check_files(row, before, told)
        if row.reasons:
            self.check_reasons(row)

    def unreachable(self):
        """Whether the unprivileged user cannot start the program at all."""
        try:
            return moescope("--version", user=NOBODY, group=NOBODY, extra_groups=[]).returncode != 0
        except PermissionError:
            return True

    def check_messages(self, row, err, out, told):
        for word in SPOKEN_BY_CRASHES:
            self.assertNotIn(word, err, told)
        self.assertFalse([c for c in err if ord(c) < 32 and c != "\n"], told)
        at = 0
        for fragment in row.says:
            found = err.find(fragment, at)
            self.assertGreaterEqual(found, 0, f"expected {fragment!r}{told}")
            at = found + len(fragment)
        if row.shows:
            self.assertIn(row.shows, out, told)
        else:
            self.assertEqual(out, "", told)
        if row.code in (1, 2) and not row.reasons:
            first, *more = err.splitlines()
            self.assertEqual(bool(more), row.lists, told)
            self.assertTrue(all(line.startswith("  ") for line in more), told)
            self.assertLess(len(err), 1200, told)
            self.assertTrue(err[0].islower() or err[0] in "/<'-", told)

    def check_files(self, row, before, told):
        after = self.world.snapshot()
        new = {name for name in after if name not in before}
        self.assertEqual(new, set(row.leaves), told)
        for name, content in before.items():
            self.assertIn(name, after, told)
            kept = 100 if name in row.touches else 0
            self.assertTrue(after[name][kept:] == content[kept:], f"{name} was changed{told}")

    def check_reasons(self, row):
        connection = sqlite3.connect(self.world.new)
        failures = [text for text, in connection.execute("SELECT failure FROM v_failed_prompt")]
        connection.close()
        self.assertTrue(failures)
        for failure in failures:
            for fragment in row.reasons:
                self.assertIn(fragment, failure)


def add_rows():
    for table in TABLES:
        for row in table.ROWS:
            name = f"test_{table.__name__}__{row.name.replace(' ', '_')}"
            assert not hasattr(Case, name), f"two rows are called '{row.name}'"
            setattr(Case, name, lambda self, row=row: self.check(row))


add_rows()


class Table(unittest.TestCase):
    def test_there_are_enough_rows(self):
        self.assertGreaterEqual(sum(len(table.ROWS) for table in TABLES), 60)


if __name__ == "__main__":
    unittest.main()
