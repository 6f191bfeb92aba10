"""Test sets for audits, from a published file to a suite that can be looked at."""

import json
import os
import pathlib
import tempfile
import unittest

from program import ROOT, moescope

FIXTURES = ROOT / "tests" / "audits" / "import_fixtures"


class Suites(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.folder = pathlib.Path(place.name)
        self.out = self.folder / "suite.json"

    def imported(self, importer, source, *options, code=0):
        done = moescope("suites", "import", importer, FIXTURES / source, "-o", self.out, *options)
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def document(self, *words):
        done = moescope(*words, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def test_list_names_every_importer_with_its_licence(self):
        listed = self.document("suites", "list")
        self.assertEqual(listed["schema"], "moescope.suites-list.v1")
        shown = moescope("suites", "list", environment={"COLUMNS": "200"}).stdout
        self.assertGreaterEqual(len(listed["importers"]), 5)
        for importer in listed["importers"]:
            self.assertIn(importer["name"], shown)
            self.assertIn(importer["licence"], shown)
            self.assertTrue((FIXTURES / importer["name"]).is_dir(), importer["name"])

    def test_every_shipped_suite_can_be_read(self):
        for suite in self.document("suites", "list")["suites"]:
            self.assertIsNone(suite["error"], suite["name"])

    def test_import_show_and_validate(self):
        done = self.imported("crows-pairs", "crows-pairs/crows_original.csv")
        self.assertEqual(done.stdout, "")
        self.assertIn("crows_original.csv: line 5: both sentences are the same", done.stderr)
        self.assertIn("3 items from 3 rows of 1 file; 3 malformed rows", done.stderr)
        suite = json.loads(self.out.read_text(encoding="utf-8"))
        self.assertEqual(suite["licence"], "CC-BY-SA-4.0")
        self.assertTrue(suite["share_alike"])
        self.assertEqual(suite["sources"][0]["rows"], 3)
        done = moescope("suites", "validate", self.out)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"{self.out}: sound, 3 items\n")
        shown = self.document("suites", "show", self.out, "--first", "1")
        self.assertEqual(shown["clusters"][0],
            {"key": "writer", "n": 2, "effective": 1.8, "largest_share": 2 / 3})
        self.assertEqual(shown["roles"], {"less": 3, "more": 3})
        self.assertEqual([item["id"] for item in shown["items"]], ["en/0"])
        page = moescope("suites", "show", self.out).stdout
        for text in ("crows-pairs-en", "2 by writer, worth 1.8 of equal size", "en/1", "same licence only"):
            self.assertIn(text, page)

    def test_the_same_files_give_the_same_bytes(self):
        self.imported("crows-pairs", "crows-pairs")
        first = self.out.read_bytes()
        self.imported("crows-pairs", "crows-pairs")  # its own file is replaced
        self.assertEqual(self.out.read_bytes(), first)

    def test_only_its_own_suite_is_replaced(self):
        self.imported("gest", "gest")
        before = self.out.read_bytes()
        done = self.imported("truthfulqa", "truthfulqa", code=1)
        self.assertIn("was not made by 'suites import truthfulqa'", done.stderr)
        self.assertEqual(self.out.read_bytes(), before)
        self.imported("truthfulqa", "truthfulqa", "--force")
        self.assertNotEqual(self.out.read_bytes(), before)
        self.assertEqual(os.listdir(self.folder), ["suite.json"])

    def test_an_import_can_be_read_by_programs(self):
        done = self.imported("bbq", "bbq", "--json")
        document = json.loads(done.stdout)
        self.assertEqual(document["n_item"], 2)
        self.assertEqual([row["line"] for row in document["malformed"]], [3, 4, 5, 6])
        self.assertEqual(len(document["sources"][0]["sha256"]), 64)

    def test_a_language_can_be_given(self):
        self.imported("crows-pairs", "crows-pairs/crows_original.csv", "--language", "de")
        self.assertEqual(json.loads(self.out.read_text())["name"], "crows-pairs-de")

    def test_validate_goes_on_behind_a_bad_file(self):
        self.imported("crows-pairs", "crows-pairs")
        bad = self.folder / "bad.json"
        bad.write_text("{}")
        done = moescope("suites", "validate", bad, self.out)
        self.assertEqual(done.returncode, 1)
        self.assertIn("sound", done.stdout)
        self.assertIn("bad.json: line 1, column 1: key 'moescope_suite' is missing", done.stderr)


if __name__ == "__main__":
    unittest.main()
