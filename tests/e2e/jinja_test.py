"""Random conversations through jinja2, set up as transformers does, and through ours."""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

from program import ROOT, moescope

PYTHON = os.environ.get("MOESCOPE_TEST_PYTHON", sys.executable)
N_CONVERSATION = int(os.environ.get("MOESCOPE_PROPERTY_LINES", "1500")) // 10
TEMPLATES = ROOT.parent / "shared" / "goldens" / "chat" / "templates.jsonl"

REFERENCE = """
import json, sys
import jinja2
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

def refuse(message):
    raise jinja2.exceptions.TemplateError(message)

def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)

environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True,
                                            extensions=[loopcontrols])
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = refuse
environment.globals["strftime_now"] = lambda form: "NOW"
template = environment.from_string(open(sys.argv[1], encoding="utf-8", newline="").read())
for line in sys.stdin:
    try:
        print(json.dumps({"text": template.render(**json.loads(line))}))
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}))
"""

TEXTS = ["", " ", "Hello", "  padded \\n\\n", "Grüße, 你好 👋", "</s><|im_end|>[INST]", "a\nb\n", "{{ x }}",
         "'quoted' \"twice\"", "<think>hm</think> yes", "</think>", "0", "\t", "é" * 40]
TOOL = {"type": "function", "function": {"name": "look_up", "description": "Looks \"things\" up.",
        "parameters": {"type": "object", "properties": {"what": {"type": "string"}},
                       "required": ["what"]}}}


def message(rng, role):
    out = {"role": role, "content": rng.choice(TEXTS)}
    kind = rng.randrange(12)
    if kind == 0:
        out["content"] = [{"type": "text", "text": rng.choice(TEXTS)} for _ in range(rng.randrange(3))]
    elif kind == 1:
        out["content"] = None
    elif kind == 2:
        del out["content"]
    elif kind == 3:
        out["reasoning_content"] = rng.choice(TEXTS)
    elif kind in (4, 5) and role == "assistant":
        arguments = {"what": rng.choice(TEXTS), "n": rng.randrange(9), "x": [1.5, True, None]}
        out["tool_calls"] = [{"id": "call12345", "type": "function",
                              "function": {"name": "look_up", "arguments": rng.choice(
                                  [arguments, json.dumps(arguments)])}}
                             for _ in range(rng.randrange(1, 3))]
    if role == "tool":
        out.setdefault("tool_call_id", "call12345")
    return out


def conversation(rng):
    roles = []
    if rng.random() < 0.4:
        roles.append("system")
    for turn in range(rng.randrange(0, 5)):
        roles.append(("user", "assistant")[turn % 2])
    for _ in range(rng.choice([0, 0, 0, 1, 2])):
        roles.insert(rng.randrange(len(roles) + 1),
                     rng.choice(["user", "assistant", "system", "tool", "developer", "narrator"]))
    out = {"messages": [message(rng, role) for role in roles],
           "add_generation_prompt": rng.random() < 0.5}
    if rng.random() < 0.3:
        out["tools"] = [TOOL] * rng.randrange(1, 3)
    if rng.random() < 0.2:
        out["enable_thinking"] = rng.random() < 0.5
    return out


class Templates(unittest.TestCase):
    def setUp(self):
        probe = subprocess.run([PYTHON, "-c", "import jinja2"], capture_output=True)
        if probe.returncode:
            self.skipTest(f"{PYTHON} has no package jinja2; MOESCOPE_TEST_PYTHON names an "
                          "interpreter that has it")
        if not TEMPLATES.is_file():
            self.skipTest("shared/goldens/chat is not there")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = pathlib.Path(folder.name, "template.jinja")

    def test_published_templates_on_random_conversations(self):
        n_text = n_error = 0
        for row in map(json.loads, TEMPLATES.read_text(encoding="utf-8").splitlines()):
            if "strftime_now" in row["template"]:
                row["template"] = "{% set strftime_now = none %}" + row["template"]
            self.file.write_bytes(row["template"].encode())
            rng = random.Random(f"moescope {row['name']}")
            given = [{**conversation(rng), "bos_token": row["bos_token"],
                      "eos_token": row["eos_token"]} for _ in range(N_CONVERSATION)]
            text = "".join(json.dumps(x) + "\n" for x in given)
            reference = subprocess.run([PYTHON, "-c", REFERENCE, self.file], input=text,
                                       capture_output=True, text=True)
            self.assertEqual(reference.returncode, 0, reference.stderr[-500:])
            ours = moescope("template", self.file, "--jsonl", input=text)
            self.assertEqual((ours.returncode, ours.stderr), (0, ""), "nothing is unsupported")
            for x, want, got in zip(given, reference.stdout.splitlines(), ours.stdout.splitlines(),
                                    strict=True):
                want, got = json.loads(want), json.loads(got)
                where = f"{row['name']}: {x!a}\nwant {want}\ngot {got}"
                self.assertEqual(got.get("text"), want.get("text"), where)
                self.assertEqual("error" in got, "error" in want, where)
                n_text += "text" in want
                n_error += "error" in want
        print(f"{n_text} prompts and {n_error} refusals are the same", file=sys.stderr)


if __name__ == "__main__":
    unittest.main()
