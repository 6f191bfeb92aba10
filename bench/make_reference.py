#!/usr/bin/env python3
"""Records what transformers computes for some token ids, for `moescope verify --against`.

The model runs on the CPU in float32 with eager attention, one sequence at a time, without padding
and without a cache. docs/parity.md explains the quantities and their limits. Needs PyTorch and
transformers; written for transformers 4.57.
"""

import argparse
import json
import math
import pathlib
import random
import sys

try:
    import torch
    import transformers
    from torch.overrides import TorchFunctionMode
except ImportError as error:
    sys.exit(f"make_reference.py: {error}; it needs PyTorch and transformers 4.57")

N_FIRST_LOGITS = 16


class LastTopK(TorchFunctionMode):
    """Keeps what torch.topk returned last, which blocks renormalise in place afterwards."""

    last = None

    def __torch_function__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if function in (torch.topk, torch.Tensor.topk):
            self.last = out
        return out


class Routing:
    """Router logits, chosen experts and applied weights of every routing layer, by forward hooks.

    Values are taken from the running modules, not computed again, but for the logits of routers
    that return only their choice: those are the same product of input and router matrix.
    """

    def __init__(self, model):
        self.topk = LastTopK()
        self.names, self.logits, self.experts, self.weights = [], [], [], []
        for name, module in model.named_modules():
            kind = type(module).__name__
            hook = self.hook_of(kind, module)
            if hook is None:
                continue
            at = len(self.names)
            self.names.append(name + {"Granite": ".layer", "Block": ".gate"}.get(hook[0], ""))
            for row in (self.logits, self.experts, self.weights):
                row.append(None)
            module.register_forward_hook(self.bound(hook[1], at))

    def hook_of(self, kind, module):
        """A short name and the function that reads a module of this class; None: no router."""
        if kind == "PhimoeSparseMoeBlock":
            self.watch_sparsemixer(module)
            return "Block", self.read_sparsemixer
        if kind.endswith("SparseMoeBlock"):
            return "Block", self.read_block
        if kind == "GraniteMoeTopKGating":
            return "Granite", self.read_granite
        if kind == "GptOssTopKRouter":
            return "Router", self.read_gpt_oss
        if kind == "DeepseekV2MoEGate" or kind.endswith("TopkRouter"):
            return "Router", self.read_deepseek
        return None

    @staticmethod
    def bound(read, at):
        return lambda module, inputs, output: read(at, module, inputs[0], output)

    def keep(self, at, logits, experts, weights):
        self.logits[at], self.experts[at], self.weights[at] = logits, experts, weights

    def read_block(self, at, module, x, output):
        weights, experts = self.topk.last
        self.keep(at, output[1], experts, weights)

    def watch_sparsemixer(self, block):
        """Phi's choice is a function of its module, wrapped once."""
        home = sys.modules[type(block).__module__]
        if hasattr(home.sparsemixer, "watched_by"):
            home.sparsemixer.watched_by = self
            return
        original = home.sparsemixer

        def watched(*args, **kwargs):
            watched.watched_by.mixed = original(*args, **kwargs)
            return watched.watched_by.mixed

        watched.watched_by = self
        home.sparsemixer = watched

    def read_sparsemixer(self, at, module, x, output):
        weights, experts = self.mixed
        self.keep(at, output[1], experts, weights)

    def read_granite(self, at, module, x, output):
        """The gate returns choices sorted by expert; `order` says which choice of which token."""
        order, _, sorted_weights, n_of_expert, logits = output
        shape = logits.shape[0], module.top_k
        experts, weights = torch.empty_like(order), torch.empty_like(sorted_weights)
        numbers = torch.arange(module.num_experts)
        experts[order] = numbers.repeat_interleave(torch.tensor(n_of_expert))
        weights[order] = sorted_weights
        self.keep(at, logits, experts.view(shape), weights.view(shape))

    def read_gpt_oss(self, at, module, x, output):
        scores, experts = output
        x = x.reshape(-1, x.shape[-1])
        logits = torch.nn.functional.linear(x, module.weight, module.bias)
        self.keep(at, logits, experts, scores.gather(1, experts))

    def read_deepseek(self, at, module, x, output):
        experts, weights = output
        logits = torch.nn.functional.linear(x.reshape(-1, x.shape[-1]).float(), module.weight.float())
        order = weights.argsort(dim=-1, descending=True, stable=True)
        self.keep(at, logits, experts.gather(1, order), weights.gather(1, order))


def stored_tensors(folder):
    from safetensors.torch import load_file

    out = {}
    for path in sorted(folder.glob("*.safetensors")):
        out.update(load_file(path))
    return out


def dequantised_mxfp4(folder):
    """Experts of 4-bit blocks as transformers' own function unpacks them; others as float32."""
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    stored, out = stored_tensors(folder), {}
    for name, tensor in stored.items():
        if name.endswith("_blocks"):
            scales = stored[name.removesuffix("_blocks") + "_scales"]
            value = convert_moe_packed_tensors(tensor, scales, dtype=torch.float32)
            out[name.removesuffix("_blocks")] = value.contiguous()
        elif not name.endswith("_scales"):
            out[name] = tensor.float()
    return out


def dequantised_fp8(folder):
    """Weights of 8-bit floats with a factor a tensor or a block, multiplied out; others as float32."""
    stored, out = stored_tensors(folder), {}
    for name, tensor in stored.items():
        if name.endswith("_scale_inv"):
            continue
        value = tensor.float()
        factor = stored.get(name + "_scale_inv")
        if factor is not None:
            rows, columns = block_sides(value.shape, factor.shape)
            factor = factor.float().reshape(rows[1], columns[1])
            factor = factor.repeat_interleave(rows[0], 0)[: value.shape[0]]
            value = value * factor.repeat_interleave(columns[0], 1)[:, : value.shape[1]]
        out[name] = value
    return out


def block_sides(shape, factors):
    """(length, number) of blocks along rows and columns; the last block may be shorter."""
    counts = factors if len(factors) == 2 else (1, 1)
    sides = []
    for size, n in zip(shape, counts):
        side = -(-size // n)
        if n > 1:  # a power of two, which a short last block hides
            side = 1 << (side - 1).bit_length()
        sides.append((side, n))
    return sides


def load(folder):
    """The model in float32, and what was done to make it so."""
    config = transformers.AutoConfig.from_pretrained(folder)
    quantised = getattr(config, "quantization_config", None) or {}
    method = quantised.get("quant_method")
    options = {"dtype": torch.float32, "attn_implementation": "eager"}
    auto = transformers.AutoModelForCausalLM
    if method in ("fp8", "mxfp4"):
        del config.quantization_config
        model = auto.from_config(config, **options)
        weights = dequantised_fp8(folder) if method == "fp8" else dequantised_mxfp4(folder)
        missing, unknown = model.load_state_dict(weights, strict=False)
        if set(missing) - set(model._tied_weights_keys or ()) or unknown:
            sys.exit(f"{folder}: tensors missing: {missing[:3]}, unknown: {unknown[:3]}")
    elif method:
        sys.exit(f"{folder}: weights quantised as '{method}' are not dequantised here; "
                 "give a folder of plain weights, fp8 or mxfp4")
    else:
        model = auto.from_pretrained(folder, **options)
    notes = [f"{method} weights dequantised"] if method else []
    return model.eval(), notes + mend(model)


def mend(model):
    """What the port leaves out of the published model is put back; says what was."""
    config = model.config
    scaling = getattr(config, "rope_scaling", None) or {}
    share = scaling.get("mscale_all_dim", 0)
    if config.model_type != "deepseek_v2" or not share or scaling.get("factor", 1) <= 1:
        return []
    mscale = 0.1 * share * math.log(scaling["factor"]) + 1.0
    for layer in model.model.layers:
        layer.self_attn.scaling *= mscale * mscale
    return ["attention scaled by mscale² as in the published DeepSeek-V2"]


def run(model, routing, ids):
    """All quantities of one sequence, as tensors."""
    with torch.no_grad(), routing.topk:
        out = model(torch.tensor([ids]), output_hidden_states=True, use_cache=False)
    logits = out.logits[0].float()
    total = torch.logsumexp(logits.double(), -1)
    following = torch.tensor(ids[1:], dtype=torch.long)
    own = logits[:-1].double().gather(1, following[:, None])[:, 0]
    norms = [torch.linalg.vector_norm(h[0].double(), dim=-1) for h in out.hidden_states]
    return {
        "logits_first16": logits[:, :N_FIRST_LOGITS],
        "argmax": logits.argmax(-1),
        "logsumexp": total,
        "next_token_logprob": own - total[:-1],
        "hidden_norm": norms,
        "router_logits": list(routing.logits),
        "experts": list(routing.experts),
        "expert_weights": list(routing.weights),
    }


def listed(tensor):
    if tensor.is_floating_point():
        return tensor.double().tolist()
    return tensor.tolist()


def reference(model, sequences, source):
    routing = Routing(model)
    out = {"source": source, "input_ids": sequences, "router_modules": routing.names}
    per_sequence = [run(model, routing, ids) for ids in sequences]
    for key in ("logits_first16", "argmax", "logsumexp", "next_token_logprob"):
        out[key] = [listed(values[key]) for values in per_sequence]
    for key in ("hidden_norm", "router_logits", "experts", "expert_weights"):
        n_layer = len(per_sequence[0][key])
        out[key] = [[listed(v[key][layer]) for v in per_sequence] for layer in range(n_layer)]
    return out


def read_ids(path):
    document = json.loads(path.read_text(encoding="utf-8"))
    ids = document["input_ids"] if isinstance(document, dict) else document
    sound = isinstance(ids, list) and ids and all(
        isinstance(row, list) and row and all(type(i) is int and i >= 0 for i in row) for row in ids)
    if not sound:
        sys.exit(f"{path}: expected a list of lists of token ids, or an object that holds one as "
                 "'input_ids'")
    return ids


def read_texts(folder, texts):
    """Ids as the folder's own tokenizer makes them, with what it puts at the beginning."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = [tokenizer(text)["input_ids"] for text in texts]
    if not all(ids):
        sys.exit("a text has no tokens")
    return ids


def drawn_ids(n_vocab, n_sequence, length, seed):
    draw = random.Random(seed)
    return [[draw.randrange(n_vocab) for _ in range(length)] for _ in range(n_sequence)]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=pathlib.Path, help="a Hugging Face folder")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, help="golden.json")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--ids", type=pathlib.Path, metavar="FILE",
                      help="JSON: lists of token ids, or another reference, whose ids are taken")
    what.add_argument("--text", action="append", help="a text; repeatable; needs a tokenizer")
    what.add_argument("--texts", type=pathlib.Path, metavar="FILE", help="a text a line")
    what.add_argument("--draw", type=int, nargs=2, metavar=("SEQUENCES", "LENGTH"),
                      help="token ids drawn evenly from the vocabulary")
    parser.add_argument("--seed", type=int, default=1, help="of --draw (default 1)")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="cut every sequence there")
    parser.add_argument("--threads", type=int, help="threads of PyTorch")
    return parser.parse_args()


def main():
    words = arguments()
    if not (words.model / "config.json").is_file():
        sys.exit(f"{words.model}: no config.json there; expected a Hugging Face folder")
    if words.threads:
        torch.set_num_threads(words.threads)
    model, notes = load(words.model)
    if words.ids:
        sequences = read_ids(words.ids)
    elif words.draw:
        sequences = drawn_ids(model.config.vocab_size, *words.draw, words.seed)
    else:
        texts = words.text or [t for t in words.texts.read_text("utf-8").split("\n") if t]
        sequences = read_texts(words.model, texts)
    if words.max_tokens:
        sequences = [ids[: words.max_tokens] for ids in sequences]
    if max(map(max, sequences)) >= model.config.vocab_size:
        sys.exit(f"token ids: expected below {model.config.vocab_size}, "
                 f"got {max(map(max, sequences))}")
    source = ", ".join([f"transformers {transformers.__version__}", f"torch {torch.__version__}",
                        "eager attention", "float32", *notes])
    document = reference(model, sequences, source)
    words.output.write_text(json.dumps(document, allow_nan=False), encoding="utf-8")
    n_token = sum(map(len, sequences))
    print(f"{words.output}: {len(sequences)} sequences, {n_token} tokens, "
          f"{len(document['router_modules'])} routing layers; {source}")


if __name__ == "__main__":
    main()
