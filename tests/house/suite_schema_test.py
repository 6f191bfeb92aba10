"""The schema of suites, the program that reads them and the document about them know the same keys."""

import json
import re
import unittest

import tree

# Where the reader's lists of keys are, and the object of the schema that each belongs to.
READERS = ("audits/suite.cpp", "audits/grid.cpp")
OBJECTS = {"kSuiteKeys": None, "kAuthorKeys": "author", "kReviewKeys": "review",
    "kSourceKeys": "source", "kFormatKeys": "format", "kHypothesisKeys": "hypothesis",
    "kItemKeys": "item", "kCandidateKeys": "candidate", "kGridKeys": "grid",
    "kEntryKeys": "entry", "kTemplateKeys": "template"}


def known_keys():
    """Name of each list in the reader -> its keys."""
    found = {}
    for path in READERS:
        for name, body in re.findall(r"string_view (k\w+Keys)\[\] = \{(.*?)\};", tree.text(path), re.S):
            found[name] = set(re.findall(r'"([^"]+)"', body))
    return found


class SuiteSchema(unittest.TestCase):
    def setUp(self):
        self.schema = json.loads(tree.text("suites/suite.schema.json"))

    def object(self, name):
        return self.schema if name is None else self.schema["$defs"][name]

    def test_every_list_of_keys_has_its_object(self):
        self.assertEqual(set(known_keys()), set(OBJECTS))

    def test_reader_and_schema_know_the_same_keys(self):
        for keys, name in OBJECTS.items():
            self.assertEqual(known_keys()[keys], set(self.object(name)["properties"]), keys)
            self.assertIs(self.object(name)["additionalProperties"], False, keys)

    def test_what_is_required_is_described(self):
        for name in OBJECTS.values():
            described = self.object(name)
            self.assertLessEqual(set(described.get("required", ())), set(described["properties"]))
            for key, value in described["properties"].items():
                self.assertTrue("$ref" in value or value.get("description"), f"{name}.{key}")

    def test_the_document_names_every_key(self):
        document = tree.text("docs/formats/suite.md")
        for keys, name in OBJECTS.items():
            for key in known_keys()[keys]:
                self.assertIn(f"`{key}`", document, f"{name or 'suite'}: {key}")

    def test_the_document_names_every_importer(self):
        document = tree.text("docs/formats/suite.md")
        names = []
        for path in tree.files(".cpp", under="audits"):
            if path.name.startswith("import_"):
                names += re.findall(r'Importer = \{\s*\.name = "([^"]+)"', tree.text(path))
        self.assertGreaterEqual(len(names), 5)
        for name in names:
            self.assertIn(f"| `{name}` |", document)


if __name__ == "__main__":
    unittest.main()
