"""Random text through the package `tokenizers` and through ours: the same ids and byte offsets."""

import json
import os
import random
import subprocess
import sys
import unicodedata
import unittest

from program import ROOT, moescope

PYTHON = os.environ.get("MOESCOPE_TEST_PYTHON", sys.executable)
N_LINE = int(os.environ.get("MOESCOPE_PROPERTY_LINES", "1500"))
FILES = ROOT.parent / "shared" / "goldens" / "tokenizers" / "files"

REFERENCE = """
import json, sys
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1])
for line in sys.stdin:
    e = tokenizer.encode(json.loads(line), add_special_tokens=False)
    print(json.dumps([e.ids, e.offsets]))
"""

# Blocks whose characters all or mostly were assigned by Unicode 14, which both sides know.
RANGES = [(0x20, 0x7e)] * 6 + [
    (0xa0, 0x24f), (0x300, 0x36f), (0x370, 0x3ff), (0x400, 0x4ff), (0x590, 0x5ff), (0x600, 0x6ff),
    (0x900, 0x97f), (0xe00, 0xe7f), (0x1100, 0x11ff), (0x1e00, 0x1eff), (0x2000, 0x206f),
    (0x2070, 0x209f), (0x2150, 0x218f), (0x2460, 0x24ff), (0x3000, 0x30ff), (0x4e00, 0x4fff),
    (0xac00, 0xad00), (0xfb00, 0xfb4f), (0xff00, 0xff60), (0x1d400, 0x1d7ff), (0x1f300, 0x1f64f)]
ODDITIES = ["\n", "\r\n", "\t", "  ", "   ", "\n\n", "\x0b", "\x1c", "\x85", "\u00a0", "\u2028",
            "\u3000", "\u200b", "\u200d", "\ufeff", "\ufffd", "\u180e", "'s", "'LL", "’t", "0", "007",
            "12345", "½", "٣", "e\u0301", "\u1100\u1161\u11a8", "👩‍👩‍👧‍👦", "🏳️‍🌈", "\0", "▁", "Ġ", "Ċ",
            "</s>", "<s>", "<|endoftext|>", "<|im_start|>", "<tool>", "[INST]", "<0x0A>", "<unk>"]


def lines(rng, seeds):
    for _ in range(N_LINE):
        parts = []
        for _ in range(rng.randrange(1, 12)):
            kind = rng.randrange(6)
            if kind == 0:
                text = rng.choice(seeds)
                begin = rng.randrange(len(text))
                text = text[begin:begin + rng.randrange(1, 30)]
                parts.append(rng.choice([str, str.upper, str.lower, str.title])(text))
            elif kind == 1:
                parts.append(rng.choice(ODDITIES) * rng.choice([1, 1, 1, 2, 5]))
            else:
                low, high = rng.choice(RANGES)
                parts.append("".join(chr(rng.randint(low, high)) for _ in range(rng.randrange(1, 8))))
        text = "".join(parts)
        if all(unicodedata.category(c) != "Cn" for c in text):
            yield text


def byte_offsets(text, offsets):
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [[at[begin], at[end]] for begin, end in offsets]


class Tokenizers(unittest.TestCase):
    def setUp(self):
        probe = subprocess.run([PYTHON, "-c", "import tokenizers"], capture_output=True)
        if probe.returncode:
            self.skipTest(f"{PYTHON} has no package tokenizers; MOESCOPE_TEST_PYTHON names an "
                          "interpreter that has it")
        self.seeds = [json.loads(line)["text"]
                      for file in sorted((ROOT / "suites" / "prompts").glob("*.jsonl"))
                      for line in file.read_text(encoding="utf-8").splitlines()]

    def compare(self, file):
        texts = list(lines(random.Random(f"moescope {file.name}"), self.seeds))
        text = "".join(json.dumps(line) + "\n" for line in texts)
        reference = subprocess.run([PYTHON, "-c", REFERENCE, file], input=text, capture_output=True,
                                   text=True, env={**os.environ, "TOKENIZERS_PARALLELISM": "false"})
        self.assertEqual(reference.returncode, 0, reference.stderr[-500:])
        ours = moescope("tokenize", file, "--jsonl", "--special", input=text)
        self.assertEqual(ours.returncode, 0, ours.stderr)
        n_offset = 0
        for line, want, got in zip(texts, reference.stdout.splitlines(), ours.stdout.splitlines(),
                                   strict=True):
            ids, offsets = json.loads(want)
            got = json.loads(got)
            self.assertEqual(got["ids"], ids, f"{file.name}: {line!a}")
            if unicodedata.normalize("NFC", line) == line:
                n_offset += 1
                self.assertEqual([list(x) for x in got["offsets"]], byte_offsets(line, offsets),
                                 f"{file.name}: {line!a}")
        print(f"{file.name}: {len(texts)} lines, offsets of {n_offset}", file=sys.stderr)

    def test_the_demo_models(self):
        self.compare(ROOT / "models" / "demo" / "tokenizer.json")

    def test_those_of_the_families(self):
        if not FILES.is_dir():
            self.skipTest("shared/goldens/tokenizers is not there")
        for file in sorted(FILES.glob("*.json")):
            if "tekken" not in file.name:
                with self.subTest(file.name):
                    self.compare(file)


if __name__ == "__main__":
    unittest.main()
