"""Weight files and folders that are malformed, foreign or made to hurt."""

import json
import os
import pathlib
import struct

import tiny_model
from bad_world import RECORD, row

GATE = "model.layers.1.block_sparse_moe.gate.weight"
FILE = "model/model.safetensors"


def first(header):
    return header[sorted(header)[0]]


def raw(content):
    return lambda w: w.in_model("model.safetensors", content)


def cut(n_byte):
    return lambda w: os.truncate(w.model / "model.safetensors", n_byte)


def header(change):
    return lambda w: w.header(change)


def entry(**fields):
    """The gate's entry of the header with other fields."""
    return header(lambda h: h[GATE].update(fields))


def weights(change):
    return lambda w: w.weights(change)


def value(number, name=GATE):
    """The tensor with this number in its fourth place."""
    def change(entries):
        kind, shape, data = entries[name]
        entries[name] = (kind, shape, data[:12] + struct.pack("<f", number) + data[16:])
    return weights(change)


def damaged_reference(w):
    value(float("nan"), "model.norm.weight")(w)
    w.file("reference.json", '{"input_ids": [[1, 5]], "argmax": [[3, 3]]}')


def overlap(h):
    names = sorted(h)
    begin, end = h[names[1]]["data_offsets"]
    h[names[1]]["data_offsets"] = [begin - 4, end - 4]


def hole(entries):
    entries[GATE] = (entries[GATE][0], [3, 16], entries[GATE][2])


def twice(h):
    again = json.dumps("lm_head.weight") + ": " + json.dumps(h["lm_head.weight"])
    return (json.dumps(h)[:-1] + ", " + again + "}").encode()


def moved_out(w):
    """model.safetensors as a link to a file outside of the folder."""
    (w.model / "model.safetensors").rename(w.folder / "outside.safetensors")
    (w.model / "model.safetensors").symlink_to("../outside.safetensors")


def replaced_by(make):
    def prepare(w):
        w.remove("model.safetensors")
        make(w.model / "model.safetensors")
    return prepare


def torch_only(w):
    w.remove("model.safetensors")
    w.in_model("pytorch_model.bin", b"PK")


def shards(change):
    return lambda w: w.shards(change)


def shard_link(w):
    w.shards()
    (w.model / "two.safetensors").rename(w.folder / "two.safetensors")
    (w.model / "two.safetensors").symlink_to(w.folder / "two.safetensors")


def index_text(text):
    def prepare(w):
        w.shards()
        w.in_model("model.safetensors.index.json", text)
    return prepare


def all_in(name):
    return shards(lambda sound: {**sound, "lm_head.weight": name})


def extra_tensor(entries):
    entries["model.layers.2.mlp.weight"] = ("F32", [1], bytes(4))


def odd_address(w):
    """A header one byte longer, so that no tensor lies at a multiple of its size: allowed."""
    h, data = tiny_model.header_of(tiny_model.tensors())
    text = json.dumps(h).encode()
    w.in_model("model.safetensors", tiny_model.safetensors(text + b" " * (1 + (-len(text)) % 4),
    data))


KEPT = {"leaves": ("new.db",)}
HEADER = struct.pack("<Q", 2 ** 62) + b"{}"

ROWS = [
    row("half a file", cut(9000), RECORD, 1, FILE, "ends at byte", "download it again"),
    row("four bytes", raw(b"\x02\0\0\0"), RECORD, 1, FILE, "8 bytes", "got 4"),
    row("empty weights", raw(b""), RECORD, 1, FILE, "empty"),
    row("header of exabytes", raw(HEADER), RECORD, 1, FILE, "header", "4611686018427387904"),
    row("header beyond the file", raw(struct.pack("<Q", 500) + b"{}"), RECORD, 1, FILE, "500"),
    row("header is no JSON", raw(tiny_model.safetensors(b"{nonsense", b"")), RECORD, 1,
        FILE, "header", "line 1", "malformed JSON"),
    row("header is no UTF-8", raw(tiny_model.safetensors(b'{"\xff": 1}', b"")), RECORD, 1,
        FILE, "expected UTF-8", "0xff"),
    row("header is an array", raw(tiny_model.safetensors(b"[]", b"")), RECORD, 1,
        FILE, "expected", "'{'"),
    row("HTML under the name", raw(b"<!DOCTYPE html><html>not found</html>"), RECORD, 1, FILE),
    row("tensor twice", header(twice), RECORD, 1, FILE, '"lm_head.weight" stands twice'),
    row("tensors overlap", header(overlap), RECORD, 1, FILE, "overlaps tensor"),
    row("hole between tensors", header(lambda h: h.pop(GATE) and None), RECORD, 1, FILE, "hole of"),
    row("bytes behind the last", lambda w: w.in_model("model.safetensors", (
        w.model / "model.safetensors").read_bytes() + b"more"), RECORD, 1, FILE, "4 bytes behind"),
    row("offsets beyond the file", entry(data_offsets=[0, 2 ** 60]), RECORD, 1, FILE, GATE,
        "ends at byte 1152921504606846976"),
    row("size unlike the shape", weights(hole), RECORD, 1, FILE, GATE, "expected 192 bytes",
        "got 256"),
    row("shape whose product wraps", entry(shape=[2 ** 33, 2 ** 33]), RECORD, 1, FILE, GATE,
        "8589934592"),
    row("type that nobody knows", entry(dtype="F13"), RECORD, 1, FILE, GATE, "F13",
        "not supported"),
    row("negative dimension", entry(shape=[-4, 16]), RECORD, 1, FILE, GATE, "whole numbers"),
    row("begin behind end", entry(data_offsets=[64, 0]), RECORD, 1, FILE, GATE, "begin 64"),
    row("nine dimensions", entry(shape=[1] * 9), RECORD, 1, FILE, GATE, "at most 8", "got 9"),
    row("control characters in a name", header(lambda h: h.update({"\x1b[2J\x07": h.pop(GATE)})),
        RECORD, 1, "model", GATE, "no tensor of that name"),
    row("gate transposed", weights(lambda t: t.update({GATE: ("F32", [16, 4], t[GATE][2])})),
        RECORD, 1, FILE, GATE, "expected shape [4, 16]", "got [16, 4]", "transposed"),
    row("gate of another width", weights(lambda t: t.update({GATE: ("F32", [4, 15], bytes(240))})),
        RECORD, 1, FILE, GATE, "expected shape [4, 16]", "got [4, 15]"),
    row("tensor missing", weights(lambda t: t.pop(GATE)), RECORD, 1, "model", GATE,
        "no tensor of that name"),
    row("tensor too many", weights(extra_tensor), RECORD, 1, FILE, "model.layers.2.mlp.weight",
        "does the configuration belong"),
    row("weights of integers", weights(lambda t: t.update({GATE: ("I32", [4, 16], t[GATE][2])})),
        RECORD, 1, FILE, GATE, "i32", "expected floats"),
    row("router is not a number", value(float("nan")), RECORD, 1, "2 prompts failed",
        reasons=("layer 1", "router", "not finite"), **KEPT),
    row("router is infinite", value(float("inf")), RECORD, 1, "2 prompts failed",
        reasons=("layer 1", "router", "not finite"), **KEPT),
    row("norm is not a number", value(float("nan"), "model.layers.0.input_layernorm.weight"),
        RECORD, 1, "2 prompts failed", reasons=("layer 0", "not finite"), **KEPT),
    row("output head is not a number", value(float("nan"), "lm_head.weight"), RECORD, 1,
        "2 prompts failed", reasons=("logits are not finite", "damaged"), **KEPT),
    row("generate with a router that is not a number", value(float("nan")), "generate {model} ab",
        1, "prompt", "layer 1", "not finite"),
    row("verify with a norm that is not a number", damaged_reference,
        "verify {model} --against {folder}/reference.json", 1, "sequence 0", "not finite"),
    row("folder instead of weights", replaced_by(pathlib.Path.mkdir), RECORD, 1, FILE, "folder"),
    row("pipe instead of weights", replaced_by(os.mkfifo), RECORD, 1, FILE, "pipe"),
    row("link out of the folder", moved_out, RECORD, 1, FILE, "within the folder", "link to"),
    row("link to nothing", replaced_by(lambda p: p.symlink_to("absent")), RECORD, 1, FILE),
    row("no weights", lambda w: w.remove("model.safetensors"), RECORD, 1, "model",
        "model.safetensors"),
    row("weights of torch alone", torch_only, RECORD, 1, "pytorch_model.bin", "save_pretrained"),
    row("weights without permission", lambda w: (w.model / "model.safetensors").chmod(0), RECORD, 1,
        FILE, "permission", drop_root=True),
    row("index leads up", all_in("../outside.safetensors"), RECORD, 1, "index.json",
        "lm_head.weight", "../outside.safetensors"),
    row("index leads to the root", all_in("/etc/passwd"), RECORD, 1, "index.json", "/etc/passwd"),
    row("index leads down", all_in("sub/two.safetensors"), RECORD, 1, "index.json", "sub/two"),
    row("index names the folder itself", all_in(".."), RECORD, 1, "index.json", "'..'"),
    row("index names nothing", all_in(""), RECORD, 1, "index.json", "''"),
    row("index names a number", all_in(3), RECORD, 1, "index.json", "lm_head.weight",
        "expected the name of a file"),
    row("shard missing", all_in("three.safetensors"), RECORD, 1, "three.safetensors",
        "no such file"),
    row("shard is a link out", shard_link, RECORD, 1, "two.safetensors", "within the folder",
        "link to"),
    row("index that forgot a tensor", shards(lambda m: m.pop(GATE) and m), RECORD, 0, "run 1",
        leaves=("new.db",)),
    row("index with a tensor too many", shards(lambda m: {**m, "more": "one.safetensors"}), RECORD,
        1, "more"),
    row("index with shards exchanged", all_in("two.safetensors"), RECORD, 1, "lm_head.weight"),
    row("index is no JSON", index_text("{"), RECORD, 1, "index.json", "line 1", "malformed JSON"),
    row("index without a map", index_text("{}"), RECORD, 1, "index.json", "weight_map"),
    row("index with a list", index_text('{"weight_map": []}'), RECORD, 1, "index.json",
        "weight_map", "object"),
    row("odd addresses are allowed", odd_address, RECORD, 0, "run 1", leaves=("new.db",)),
    row("inspect of a cut file", cut(9000), "inspect {model}", 1, FILE, "ends at byte"),
    row("verify of a cut file", cut(9000), "verify {model} --against {golden}/mixtral/golden.json",
        1, FILE),
]
