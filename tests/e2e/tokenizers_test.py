"""Random text through `moescope tokenize` and through the packages that models are published with.

$MOESCOPE_PROPERTY_LINES says how many lines a tokenizer gets, $MOESCOPE_PROPERTY_SEED which ones.
"""

from reference_python import need, number, use_reference_python

use_reference_python()

import json
import os
import pathlib
import random
import subprocess
import tempfile
import unicodedata
import unittest

from program import ROOT, moescope
from random_pipelines import PipelineMaker
from random_text import TextMaker
from reference_tokenizers import HuggingFace, SentencePiece, Tekken

os.environ["TOKENIZERS_PARALLELISM"] = "false"
N_LINE = number("MOESCOPE_PROPERTY_LINES", 2000)
SEED = number("MOESCOPE_PROPERTY_SEED", 20260101)
BATCH = 5000
PIPELINE_LINES = 50
STAGES = ("normalizer", "pre_tokenizer", "post_processor", "decoder", "added_tokens")
SHOWN = 3
FILES = ROOT.parent / "shared" / "goldens" / "tokenizers" / "files"
DECODER = pathlib.Path(os.environ.get("MOESCOPE_BUILD", ROOT), "tests", "decode_ids")


def prompts():
    return [json.loads(line)["text"] for file in sorted((ROOT / "suites" / "prompts").glob("*.jsonl"))
            for line in file.read_text(encoding="utf-8").splitlines()]


def json_lines(values):
    return "".join(json.dumps(value) + "\n" for value in values)


def lines_of(output):
    """Not splitlines, which cuts at U+2028 and others, too."""
    return output.split("\n")[:-1]


def byte_offsets(text, offsets):
    starts = [0]
    for character in text:
        starts.append(starts[-1] + len(character.encode()))
    return [[starts[begin], starts[end]] for begin, end in offsets]


def same_offsets(text, got, want):
    """Where NFC composed characters, the reference ends at the first of their parts."""
    if got == want:
        return True
    composed = not unicodedata.is_normalized("NFC", text)
    return composed and len(got) == len(want) and all(
        g[0] == w[0] and g[1] >= w[1] for g, w in zip(got, want))


class Tokenizers(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.n_different = 0

    def different(self, what, text, got, want):
        self.n_different += 1
        if self.n_different <= SHOWN:
            print(f"{what} of {json.dumps(text)}\n   got  {got}\n   want {want}", flush=True)

    def compare_ids(self, file, lines, want, special):
        words = ["--special"] if special else []
        done = moescope("tokenize", file, "--jsonl", *words, input=json_lines(lines), timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout[-300:])
        got = [json.loads(line) for line in lines_of(done.stdout)]
        for text, ours, (ids, offsets) in zip(lines, got, want, strict=True):
            if ours["ids"] != ids:
                self.different(f"ids (special {special})", text, ours["ids"], ids)
            elif offsets is not None:
                offsets = byte_offsets(text, offsets)
                if not same_offsets(text, ours["offsets"], offsets):
                    self.different(f"offsets (special {special})", text, ours["offsets"], offsets)

    def compare_decoding(self, file, reference, id_lists):
        if not DECODER.is_file():
            return
        done = subprocess.run([DECODER, file], input=json_lines(id_lists), text=True,
                              capture_output=True, timeout=600)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for ids, line in zip(id_lists, lines_of(done.stdout), strict=True):
            whole, streamed = json.loads(line)
            want = reference.decode(ids)
            if whole != want:
                self.different("text", ids, json.dumps(whole), json.dumps(want))
            elif "\ufffd" not in want and streamed != want:
                self.different("streamed text", ids, json.dumps(streamed), json.dumps(want))

    def compare_lines(self, file, reference, readings, n_line, seed):
        chance = random.Random(seed)
        maker = TextMaker(chance, reference.added, prompts())
        leave_out = reference.undecodable()
        decodable = [i for i in range(reference.size) if i not in leave_out]
        for begin in range(0, n_line, BATCH):
            lines = [maker.line() for _ in range(min(BATCH, n_line - begin))]
            for special in readings:
                want = reference.encode(lines, special)
                self.compare_ids(file, lines, want, special)
            id_lists = [[i for i in ids if i not in leave_out] for ids, _ in want]
            id_lists += [chance.choices(decodable, k=chance.randint(0, 9)) for _ in lines]
            self.compare_decoding(file, reference, id_lists)

    def compare(self, file, reference, readings):
        self.compare_lines(file, reference, readings, N_LINE, f"{SEED} {file.name}")
        print(f"{file.name}: {N_LINE} lines, seed {SEED}, {self.n_different} differences", flush=True)
        self.assertEqual(self.n_different, 0)

    def compare_gguf(self, name):
        """A GGUF vocabulary lacks the normaliser and the flags of added tokens."""
        need("tokenizers")
        file, described = FILES / f"{name}.gguf", FILES / f"{name}.json"
        if not file.is_file():
            self.skipTest(f"shared/goldens/tokenizers/files/{file.name} is not beside the repository")
        reference = HuggingFace(described)
        maker = TextMaker(random.Random(f"{SEED} {file.name}"), reference.added, prompts())
        lines = [maker.line() for _ in range(N_LINE)]
        lines = [line for line in lines if reference.normalised(line) == line
                 and not any(token in line for token in reference.flagged)]
        for special in (False, True):
            want = [(ids, None) for ids, _ in reference.encode(lines, special)]
            self.compare_ids(file, lines, want, special)
        print(f"{file.name}: {len(lines)} lines, seed {SEED}, {self.n_different} differences",
              flush=True)
        self.assertEqual(self.n_different, 0)

    def compare_file(self, name, package, implementation, readings):
        need(package)
        file = FILES / name
        if not file.is_file():
            self.skipTest(f"shared/goldens/tokenizers/files/{name} is not beside the repository")
        self.compare(file, implementation(file), readings)

    def test_random_pipelines(self):
        need("tokenizers")
        files = [ROOT / "models" / "demo" / "tokenizer.json",
                 *(FILES / f"{name}.json" for name in ("gpt2", "llama3", "metaspace"))]
        known = [json.loads(file.read_text(encoding="utf-8")) for file in files if file.is_file()]
        chance = random.Random(SEED)
        maker = PipelineMaker(chance)
        n_pipeline = N_LINE // PIPELINE_LINES
        n_wrong = 0
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "tokenizer.json"
            for number in range(n_pipeline):
                described = maker.changed(chance.choice(known))
                file.write_text(json.dumps(described), encoding="utf-8")
                self.n_different = 0
                self.compare_lines(file, HuggingFace(file), (False, True), PIPELINE_LINES,
                                   f"{SEED} {number}")
                if self.n_different > 0:
                    n_wrong += 1
                    print(json.dumps({k: described[k] for k in STAGES}), flush=True)
        print(f"{n_pipeline} pipelines, {PIPELINE_LINES} lines each, seed {SEED}, {n_wrong} differ",
              flush=True)
        self.assertEqual(n_wrong, 0)

    def test_demo(self):
        need("tokenizers")
        file = ROOT / "models" / "demo" / "tokenizer.json"
        self.compare(file, HuggingFace(file), (False, True))

    def test_tekken(self):
        self.compare_file("tekken_240718.json", "tiktoken", Tekken, (False,))


def add_test(name, *arguments):
    setattr(Tokenizers, f"test_{name.split('.')[0]}",
            lambda self: self.compare_file(name, *arguments))


for known in ("deepseek3", "gpt2", "llama3", "metaspace", "neox_nfc", "o200k", "qwen2", "starcoder"):
    add_test(f"{known}.json", "tokenizers", HuggingFace, (False, True))
for known in ("deepseek3", "gpt2", "llama3", "neox_nfc", "o200k", "qwen2", "starcoder"):
    setattr(Tokenizers, f"test_{known}_gguf", lambda self, name=known: self.compare_gguf(name))
for known in ("mixtral_v1", "mistral_v3"):
    add_test(f"{known}.model", "sentencepiece", SentencePiece, (False,))

if __name__ == "__main__":
    unittest.main()
