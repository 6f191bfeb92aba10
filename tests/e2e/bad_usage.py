"""Command lines and references that cannot be meant."""

import json
import struct

import tiny_model
from bad_world import RECORD, nothing, row

MIXTRAL = "verify {golden}/mixtral --against "
REFERENCE_GOLDEN = MIXTRAL + "{golden}/mixtral/golden.json"


def golden(change):
    """reference.json: mixtral's, after change(document)."""
    def prepare(w):
        document = json.loads((w.golden / "mixtral" / "golden.json").read_text())
        replaced = change(document)
        w.file("reference.json", json.dumps(document if replaced is None else replaced))
    return prepare


def by_a_hair(document):
    document["router_logits"][1][0][3][2] += 2e-4


def plan(document):
    return lambda w: w.file("plan.json", document if isinstance(document,
        str) else json.dumps(document))


def means(metadata=None):
    """means.safetensors of a model that has another hash."""
    def prepare(w):
        header = {"__metadata__": metadata or {"format": "moescope expert means",
            "model_hash": "0" * 64}}
        for i, layer in enumerate((0, 1)):
            header[f"blocks.{layer}.mlp.experts.0.mean"] = {
                "dtype": "F32", "shape": [16], "data_offsets": [64 * i, 64 * i + 64]}
        w.file("means.safetensors", tiny_model.safetensors(header, struct.pack("<32f",
        *[0.5] * 32)))
    return prepare


def option(name, words, code, *says, **more):
    return row(name, nothing, RECORD + " " + words, code, *says, **more)


REFERENCE = MIXTRAL + "{folder}/reference.json"
MEANS = RECORD + " --intervene mean:L0.E0 --means {folder}/means.safetensors"
PLAN = RECORD + " --intervene {folder}/plan.json"

ROWS = [
    option("a site that nobody knows", "--capture blocks.*.hook_nothing", 2, "hook_nothing",
        "hook_resid_post", lists=True),
    option("a layer without that site", "--capture blocks.9.hook_resid_post", 2,
        "blocks.9.hook_resid_post", lists=True),
    option("an expert without that site", "--capture blocks.0.mlp.experts.9.hook_out", 2,
        "experts.9", lists=True),
    option("prompts that are not there", "--capture blocks.0.hook_resid_post#zz-*", 2,
        "no prompt has an id like 'zz-*'; the first is 'a'"),
    option("positions that no prompt has", "--capture blocks.0.hook_resid_post@900", 0, "run 1",
        "capture 'blocks.0.hook_resid_post@900': no prompt had such a position",
        leaves=("new.db",)),
    option("means that nothing reads", "--intervene mask:L0.E0 --means {folder}/m.safetensors", 2,
        "--means is read by the intervention 'mean' alone"),
    option("an end without anything generated", "--stop x", 2, "--max-new-tokens"),
    option("an empty stop text", "--max-new-tokens 2 --stop=", 2, "--stop"),
    option("positions that are none", "--capture blocks.0.hook_resid_post@x", 2, "'x'"),
    option("positions backwards", "--capture blocks.0.hook_resid_post@5-2", 2, "5-2"),
    option("a kind of capture", "--capture-type f8", 2, "--capture-type", "'f8'", "f32, f16, bf16"),
    option("an intervention that nobody knows", "--intervene kill:L0.E1", 2, "'kill:L0.E1'",
        "'kill'", "mask"),
    option("an intervention without a place", "--intervene mask:", 2, "'mask:'", "L3"),
    option("a layer out of range", "--intervene mask:L2.E0", 2, "layer 2", "0 to 1"),
    option("an expert out of range", "--intervene mask:L0.E4", 2, "expert 4", "0 to 3"),
    option("a layer beyond all numbers", "--intervene mask:L99999999999999999999.E0", 2, "L3"),
    option("a swap with itself", "--intervene swap:L0.E1,E1", 2, "itself"),
    option("a swap with one", "--intervene swap:L0.E1", 2, "'swap' needs"),
    option("a factor that is none", "--intervene scale:L0.E1,much", 2, "'much'"),
    option("a factor without end", "--intervene scale:L0.E1,inf", 2, "finite"),
    option("all experts masked",
        "--intervene mask:L0.E0 --intervene mask:L0.E1 --intervene mask:L0.E2", 2, "layer 0"),
    option("mean without means", "--intervene mean:L0.E0", 2, "--means FILE"),
    row("means of another model", means(), MEANS, 1, "means.safetensors", "another model",
        "got 0000", "--means-out"),
    row("means missing", nothing, MEANS, 1, "means.safetensors", "no such file"),
    row("means of a weight file", means({"format": "pt"}), MEANS, 1, "means.safetensors",
        "got none"),
    row("means malformed", lambda w: w.file("means.safetensors", b"{}"), MEANS, 1,
        "means.safetensors"),
    row("plan missing", nothing, PLAN, 1, "plan.json", "no such file"),
    row("plan cut", plan("["), PLAN, 1, "plan.json", "malformed JSON"),
    row("plan is an object", plan({}), PLAN, 1, "plan.json", "array"),
    row("plan with an unknown key", plan([{"kind": "mask", "layer": 0, "expert": 0, "why": 1}]),
        PLAN, 2, "plan.json", "why"),
    row("plan of a dense layer", plan([{"kind": "mask", "layer": 7, "expert": 0}]), PLAN, 2,
        "layer 7"),
    option("more than certain", "--max-new-tokens 1 --top-p 1.5", 2, "--top-p", "0 to 1", "1.5"),
    option("a cold temperature", "--max-new-tokens 1 --temperature -1", 2, "--temperature"),
    option("a temperature of text", "--max-new-tokens 1 --temperature warm", 2, "--temperature",
        "'warm'"),
    option("not a number of tokens", "--max-new-tokens 1e3", 2, "--max-new-tokens", "1e3"),
    option("a context beyond the model's", "--context 65", 2, "--context", "1 to 64", "65"),
    option("choices without chance", "--max-new-tokens 1 --top-k 5", 2, "--top-k", "--temperature"),
    row("two labels of none", nothing, "usage {db} --by none --compare en,de", 2, "--by KEY"),
    option("no choices", "--top-k 0", 2, "--top-k"),
    option("a lens of nothing", "--lens 0", 2, "--lens", "1 to 1000"),
    option("a lens wider than the vocabulary", "--lens 999", 0, "run 1", leaves=("new.db",)),
    option("no threads", "--threads 0", 2, "--threads"),
    option("a batch of nothing", "--batch 0", 2, "--batch"),
    option("scores of some", "--scores some", 2, "--scores", "'some'", "all, topk, none"),
    option("text of some", "--text some", 2, "--text", "none, hash, full"),
    option("a seed of text", "--seed x", 2, "--seed"),
    option("a date that is none", "--retain-until tomorrow", 2, "--retain-until", "tomorrow"),
    option("an option that nobody knows", "--resum", 2, "'--resum'", "--resume"),
    option("an option without its value", "--scores", 2, "--scores"),
    option("means into a missing folder", "--means-out {folder}/absent/m.safetensors", 1,
        "m.safetensors", "no folder"),
    option("means with resume", "--resume --means-out {folder}/m.safetensors", 2, "--means-out"),
    row("record to nowhere", nothing, "record {model} {prompts}", 2, "-o FILE"),
    row("record of nothing", nothing, "record {model} -o {new}", 2, "PROMPTS"),
    row("logprobs of bad lines", nothing, "logprobs {model}", 2, "--jsonl"),
    row("generate over the context", nothing, "generate {model} " + "x" * 200, 1, "64"),

    row("reference missing", nothing, MIXTRAL + "{folder}/absent.json", 1, "absent.json",
        "no such file"),
    row("reference empty", lambda w: w.file("reference.json", ""), REFERENCE, 1, "reference.json",
        "unexpected end"),
    row("reference cut", lambda w: w.file("reference.json", '{"input_ids": [[1'), REFERENCE, 1,
        "reference.json", "malformed JSON"),
    row("reference of nothing", golden(lambda d: {}), REFERENCE, 1, "reference.json", "input_ids"),
    row("reference without anything to compare", golden(lambda d: {"input_ids": [[1, 2]]}),
        REFERENCE, 1, "reference.json"),
    row("reference without sequences", golden(lambda d: d.update(input_ids=[])), REFERENCE, 1,
        "reference.json", "input_ids"),
    row("reference with an empty sequence", golden(lambda d: d["input_ids"].insert(0, [])),
        REFERENCE, 1, "reference.json", "input_ids[0]"),
    row("reference with ids beyond the vocabulary",
        golden(lambda d: d["input_ids"][0].__setitem__(0, 10 ** 6)),
        REFERENCE, 1, "reference.json", "input_ids[0][0]", "1000000"),
    row("reference with ids of text", golden(lambda d: d["input_ids"][0].__setitem__(0, "a")),
        REFERENCE, 1, "reference.json", "input_ids[0][0]"),
    row("reference with a row missing", golden(lambda d: d["argmax"].pop() and None), REFERENCE, 1,
        "reference.json", "argmax"),
    row("reference with a number missing",
        golden(lambda d: d["router_logits"][0][0][0].pop() and None), REFERENCE, 1,
        "reference.json", "router_logits[0][0][0]"),
    row("reference with text for a number", golden(lambda d: d["logsumexp"][0].__setitem__(0,
        "x")), REFERENCE, 1, "reference.json", "logsumexp[0][0]", "number"),
    row("reference of another model", nothing, MIXTRAL + "{golden}/demo/golden.json", 1,
        "golden.json"),
    row("reference of a dense model", nothing, MIXTRAL + "{golden}/llama3_rope/golden.json", 1,
        "key 'experts'", "array of 3", "got an array of 0"),
    row("reference that differs by a hair", golden(by_a_hair), REFERENCE, 6, shows="DIFFERENT"),
    row("verify with a negative near tie", nothing, REFERENCE_GOLDEN + " --near-tie -1", 2,
        "--near-tie", "from 0 to"),
    row("verify with a certificate nowhere", nothing,
        REFERENCE_GOLDEN + " --certificate {folder}/no/where.json", 1, "where.json",
        "no such file or folder"),
    row("verify with a certificate over a folder", nothing,
        REFERENCE_GOLDEN + " --certificate {folder}", 1, "got a folder"),
    row("verify without a reference", nothing, "verify {model}", 2, "--against"),
]
