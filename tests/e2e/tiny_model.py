"""Writes a Mixtral-shaped model of a few thousand weights, sound unless told otherwise."""

import json
import random
import struct

N_VOCAB = 267
CONFIG = {
    "architectures": ["MixtralForCausalLM"],
    "model_type": "mixtral",
    "vocab_size": N_VOCAB,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "hidden_act": "silu",
    "bos_token_id": 1,
    "eos_token_id": 2,
    "tie_word_embeddings": False,
}


def shapes():
    """Name -> shape of every tensor that CONFIG asks for."""
    d, f, n_kv = CONFIG["hidden_size"], CONFIG["intermediate_size"], CONFIG["head_dim"]
    out = {"model.embed_tokens.weight": [N_VOCAB, d], "lm_head.weight": [N_VOCAB, d],
           "model.norm.weight": [d]}
    for layer in range(CONFIG["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        out[at + "input_layernorm.weight"] = [d]
        out[at + "post_attention_layernorm.weight"] = [d]
        for name, n_row in (("q", d), ("k", n_kv), ("v", n_kv), ("o", d)):
            out[f"{at}self_attn.{name}_proj.weight"] = [n_row, d]
        out[at + "block_sparse_moe.gate.weight"] = [CONFIG["num_local_experts"], d]
        for expert in range(CONFIG["num_local_experts"]):
            of = f"{at}block_sparse_moe.experts.{expert}."
            out[of + "w1.weight"] = [f, d]
            out[of + "w2.weight"] = [d, f]
            out[of + "w3.weight"] = [f, d]
    return out


def tensors(seed=1):
    """Name -> (dtype, shape, bytes)."""
    draw = random.Random(seed)
    out = {}
    for name, shape in shapes().items():
        n = shape[0] * (shape[1] if len(shape) > 1 else 1)
        is_norm = "norm" in name
        values = [1.0 if is_norm else draw.gauss(0, 0.4) for _ in range(n)]
        out[name] = ("F32", shape, struct.pack(f"<{n}f", *values))
    return out


def header_of(entries):
    """Header object and data of a sound file that holds these tensors."""
    header, data = {}, b""
    for name, (dtype, shape, raw) in sorted(entries.items()):
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": offsets}
        data += raw
    return header, data


def safetensors(header, data, length=None):
    """A file of this header (an object, or text as it shall stand) and data."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tokenizer(extra=()):
    """tokenizer.json: all bytes, a few pieces; `extra` pieces follow."""
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)),
              "▁", "a", "b", "c", "d", "▁a", "▁b", "ab", *extra]
    token = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
             "special": True}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": pieces[i], **token} for i in range(3)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "Prepend", "prepend": "▁"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
        "pre_tokenizer": None,
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}},
                       {"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]}}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"},
            {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>",
                  "continuing_subword_prefix": None,
                  "end_of_word_suffix": None, "fuse_unk": True, "byte_fallback": True,
                  "vocab": {piece: i for i, piece in enumerate(pieces)},
                  "merges": [["▁", "a"], ["▁", "b"], ["a", "b"]]}}


def write(folder, seed=1):
    """The sound model, into a folder that is made."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    (folder / "model.safetensors").write_bytes(safetensors(*header_of(tensors(seed))))
