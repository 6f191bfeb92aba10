"""verify: its certificate, and references made anew by transformers where that is installed."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from program import ROOT, moescope

MIXTRAL = ROOT / "tests" / "golden" / "mixtral"
PYTHON = os.environ.get("MOESCOPE_TEST_PYTHON", sys.executable)

# Small models of random weights, with settings that the recorded references do not have.
MAKE_MODELS = """
import sys, torch, transformers as t
torch.manual_seed(5)
common = dict(vocab_size=211, hidden_size=48, num_hidden_layers=3, num_attention_heads=6,
              initializer_range=0.2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2,
              pad_token_id=0)
configs = dict(
    mixtral=t.MixtralConfig(**common, num_key_value_heads=3, intermediate_size=64,
                            num_local_experts=5, num_experts_per_tok=3, sliding_window=7),
    qwen3_moe=t.Qwen3MoeConfig(**common, num_key_value_heads=2, head_dim=16, intermediate_size=80,
                               moe_intermediate_size=24, num_experts=9, num_experts_per_tok=4,
                               norm_topk_prob=True, decoder_sparse_step=2),
    qwen2_moe=t.Qwen2MoeConfig(**common, num_key_value_heads=6, intermediate_size=80,
                               moe_intermediate_size=24, shared_expert_intermediate_size=40,
                               num_experts=6, num_experts_per_tok=2, norm_topk_prob=True,
                               mlp_only_layers=[1], tie_word_embeddings=True),
    deepseek_v3=t.DeepseekV3Config(**common, num_key_value_heads=6, intermediate_size=80,
                                   moe_intermediate_size=24, n_routed_experts=8, n_group=2,
                                   topk_group=1, num_experts_per_tok=2, n_shared_experts=2,
                                   first_k_dense_replace=2, q_lora_rank=None, kv_lora_rank=20,
                                   qk_nope_head_dim=12, qk_rope_head_dim=8, v_head_dim=10,
                                   norm_topk_prob=False, rms_norm_eps=1e-5))
for name, config in configs.items():
    model = t.AutoModelForCausalLM.from_config(config).float()
    for part, values in model.named_parameters():  # small latents: their norms' epsilon shows
        if "kv_a_proj" in part: values.data *= 1e-3
    model.save_pretrained(f"{sys.argv[1]}/{name}")
"""


class Certificate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def test_says_what_was_compared_and_with_what(self):
        file = self.folder / "parity.json"
        golden = MIXTRAL / "golden.json"
        done = moescope("verify", MIXTRAL, "--against", golden, "--certificate", file)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout.splitlines()[-1],
                         r"^equal: largest error \S+, 0 of 288 choices differ, smallest margin \S+$")
        paper = json.loads(file.read_text())
        self.assertEqual((paper["schema"], paper["verdict"]), ("moescope.parity.v1", "equal"))
        self.assertRegex(paper["created"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        digest = subprocess.run(["sha256sum", golden], capture_output=True, text=True).stdout[:64]
        self.assertEqual(paper["reference_sha256"], digest)
        inspected = json.loads(moescope("inspect", MIXTRAL, "--hash", "--json").stdout)
        self.assertIn(paper["model_hash"], json.dumps(inspected))
        for text in (paper["isa"], paper["version"], paper["source"], digest, paper["model_hash"]):
            self.assertTrue(text and text in done.stdout, text)
        self.assertEqual({s["key"] for s in paper["sites"]},
                         {"logits_first16", "logsumexp", "argmax", "next_token_logprob",
                          "hidden_norm", "router_logits", "expert_weights"})
        again = json.loads(moescope("verify", MIXTRAL, "--against", golden, "--json").stdout)
        for key in set(paper) - {"schema", "created"}:
            self.assertEqual(paper[key], again[key])

    def test_lists_near_ties_apart(self):
        reference = json.loads((MIXTRAL / "golden.json").read_text())
        chosen = reference["experts"][2][1][20]
        logits = reference["router_logits"][2][1][20]
        third = sorted(range(len(logits)), key=lambda e: -logits[e])[2]
        margin = logits[chosen[1]] - logits[third]
        reference["experts"][2][1][20] = [chosen[0], third]
        changed = self.folder / "changed.json"
        changed.write_text(json.dumps(reference))
        file = self.folder / "parity.json"
        words = ["verify", MIXTRAL, "--against", changed, "--certificate", file]
        done = moescope(*words, "--near-tie", margin + 0.01)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("\nequal apart from 1 near tie: ", done.stdout)
        paper = json.loads(file.read_text())
        self.assertEqual([paper["verdict"], paper["routing_differences"]],
                         ["equal apart from 1 near tie", []])
        self.assertAlmostEqual(paper["near_ties"][0]["margin"], margin, delta=1e-4)
        done = moescope(*words, "--near-tie", margin / 2)
        self.assertEqual(done.returncode, 6)
        self.assertEqual(json.loads(file.read_text())["verdict"], "DIFFERENT")

    def test_a_run_that_fails_leaves_none(self):
        file = self.folder / "parity.json"
        (self.folder / "bad.json").write_text("{}")
        done = moescope("verify", MIXTRAL, "--against", self.folder / "bad.json", "--certificate", file)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual([x.name for x in self.folder.iterdir()], ["bad.json"])


class Transformers(unittest.TestCase):
    """bench/make_reference.py, and what the engine makes of the same models."""

    def setUp(self):
        probe = subprocess.run([PYTHON, "-c", "import torch, transformers"], capture_output=True)
        if probe.returncode:
            self.skipTest(f"{PYTHON} has no torch and transformers; MOESCOPE_TEST_PYTHON names an "
                          "interpreter that has them")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_python(self, *words):
        done = subprocess.run([PYTHON, *map(str, words)], capture_output=True, text=True,
                              env={**os.environ, "HF_HUB_OFFLINE": "1"})
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        return done.stdout

    def test_models_made_now_give_the_same_numbers(self):
        self.run_python("-c", MAKE_MODELS, self.folder)
        ids = self.folder / "ids.json"
        ids.write_text(json.dumps([[(7 * i * i + 3 * i + 1) % 211 for i in range(60)], [1, 5, 9]]))
        for model in sorted(x for x in self.folder.iterdir() if x.is_dir()):
            reference = self.folder / f"{model.name}.json"
            self.run_python(ROOT / "bench" / "make_reference.py", model, "--ids", ids, "-o", reference)
            done = moescope("verify", model, "--against", reference)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            print(f"{model.name}: {done.stdout.splitlines()[-1]}")
            self.assertTrue(re.search(r"\nexperts +\d+ ", done.stdout), model.name)
            document = json.loads(reference.read_text())
            document["router_logits"][0][0][30][1] += 2e-4
            reference.write_text(json.dumps(document))
            self.assertEqual(moescope("verify", model, "--against", reference).returncode, 6)


if __name__ == "__main__":
    unittest.main()
