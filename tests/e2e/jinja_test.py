"""`moescope template` and Jinja 2 on random conversations and random templates.

$MOESCOPE_PROPERTY_CASES says how many of each, $MOESCOPE_PROPERTY_SEED which ones.
"""

from reference_python import need, number, use_reference_python

use_reference_python()

import collections
import json
import pathlib
import random
import re
import tempfile
import unittest
import warnings

from program import ROOT, moescope
from random_conversations import ConversationMaker
from random_expressions import ExpressionMaker, fitting_variables
from random_templates import FIXED, TemplateMaker, random_variables

N_CASE = number("MOESCOPE_PROPERTY_CASES", 600)
SEED = number("MOESCOPE_PROPERTY_SEED", 20260101)
SHOWN = number("MOESCOPE_PROPERTY_SHOWN", 5)
NOT_SUPPORTED = re.compile(r"column \d+: (.*(?:is|are) not supported)")
# Jinja works constant expressions out beforehand, where `1[1:]` is undefined, and not an error.
LITERAL_SLICE = "object cannot be sliced"
PUBLISHED = ROOT.parent / "shared" / "goldens" / "chat" / "templates.jsonl"


class Jinja(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need("jinja2")
        warnings.simplefilter("ignore", SyntaxWarning)
        import reference_templates
        cls.reference = reference_templates
        cls.environment = reference_templates.environment()

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name) / "template.jinja"
        self.count = collections.Counter()
        self.not_supported = collections.Counter()

    def ours(self, template, conversations):
        self.file.write_bytes(template.encode())
        done = moescope("template", self.file, "--jsonl",
                        input="".join(json.dumps(c) + "\n" for c in conversations))
        self.assertIn(done.returncode, (0, 1), f"{template!r}: {done.stderr}")
        if not done.stdout:
            return [("error", done.stderr)] * len(conversations)
        rows = [json.loads(line) for line in done.stdout.split("\n")[:-1]]
        return [next(iter(row.items())) for row in rows]

    def compare(self, template, conversations):
        got = self.ours(template, conversations)
        want = self.reference.render(self.environment, template, conversations)
        for variables, ours, theirs in zip(conversations, got, want, strict=True):
            construct = ours[0] == "error" and NOT_SUPPORTED.search(ours[1])
            if construct:
                self.not_supported[construct[1]] += 1
            if ours == theirs:
                self.count["equal texts"] += 1
            elif ours[0] == theirs[0] == "error":
                self.count["errors on both sides"] += 1
            elif construct or LITERAL_SLICE in ours[1]:
                self.count["not supported"] += 1
            else:
                self.different(template, variables, ours, theirs)

    def different(self, template, variables, ours, theirs):
        self.count["differences"] += 1
        if self.count["differences"] <= SHOWN:
            print(f"{template!r}\n   with {json.dumps(variables)[:1500]}\n"
                  f"   got  {ours}\n   want {theirs}", flush=True)

    def finish(self, what):
        print(f"{what}: seed {SEED}, {dict(self.count)}", flush=True)
        for why, n in self.not_supported.most_common(40):
            print(f"   {n} × {why}", flush=True)
        self.assertEqual(self.count["differences"], 0)

    def test_published_templates(self):
        if not PUBLISHED.is_file():
            self.skipTest("shared/goldens/chat/templates.jsonl is not beside the repository")
        rows = [json.loads(line) for line in PUBLISHED.read_text(encoding="utf-8").split("\n")[:-1]]
        self.assertEqual(len(rows), 17)
        maker = ConversationMaker(random.Random(SEED))
        for row in rows:
            left = N_CASE // len(rows)
            while left > 0:
                n = min(left, 1000)
                left -= n
                self.compare(row["template"], [
                    maker.conversation(row["bos_token"], row["eos_token"]) for _ in range(n)])
        self.finish("published templates")
        self.assertEqual(self.not_supported, {})

    def test_random_templates(self):
        chance = random.Random(SEED + 1)
        maker = TemplateMaker(chance)
        conversations = ConversationMaker(chance)
        for _ in range(0, N_CASE, len(FIXED) + 1):
            self.compare(maker.template(), [*FIXED, random_variables(conversations)])
        self.finish("random templates")

    def test_random_expressions(self):
        chance = random.Random(SEED + 2)
        maker = ExpressionMaker(chance)
        conversations = ConversationMaker(chance)
        for _ in range(0, N_CASE, 8):
            template = "{{ " + maker.any() + " }}"
            self.compare(template, [fitting_variables(conversations) for _ in range(8)])
        self.finish("random expressions")


if __name__ == "__main__":
    unittest.main()
