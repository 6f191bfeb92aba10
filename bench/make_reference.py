#!/usr/bin/env python3
"""Makes a reference for `moescope verify` with transformers.

    bench/make_reference.py MODEL --text lines.txt -o reference.json
    bench/make_reference.py MODEL --ids ids.json   -o reference.json

MODEL is a Hugging Face folder. The texts are one a line, cut by the folder's tokenizer; ids are a JSON
list of lists. Everything is computed in float32 with eager attention on one thread of the CPU.
docs/parity.md explains the keys. Needs: pip install torch transformers
"""

import argparse
import json
import sys

import torch
import torch.nn.functional as F
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer


def renormalised(values, wanted):
    return values / values.sum(dim=-1, keepdim=True) if wanted else values


def softmax_choice(block, logits):
    """Softmax over all experts, the best of them, renormalised where the family does."""
    norm = getattr(block, "norm_topk_prob", True)  # Mixtral has no such switch and always does
    weights, experts = torch.topk(F.softmax(logits, dim=-1, dtype=torch.float), block.top_k, dim=-1)
    return experts, renormalised(weights, norm)


def granite_choice(gate, logits):
    values, experts = logits.topk(gate.top_k, dim=-1)
    return experts, F.softmax(values, dim=-1)


def phimoe_choice(block, logits):
    """The family's own function, in the form that it has outside training."""
    from transformers.models.phimoe.modeling_phimoe import sparsemixer
    weights, experts = sparsemixer(logits, jitter_eps=block.router_jitter_noise, training=False)
    return experts, weights


class Routers:
    """Records what every router of a model said, in the order of the layers.

    Where the router module returns its choice, that is what is recorded. Where it returns logits
    alone, the choice is made from them by the block's published rule; that the block itself did the
    same shows in the residual stream behind it.
    """

    def __init__(self, model):
        self.names, self.logits, self.experts, self.weights = [], [], [], []
        family = model.config.model_type
        for name, module in model.named_modules():
            hook = self.hook_for(family, name, module)
            if hook:
                module.register_forward_hook(hook)
                self.names.append(name)
                for kept in (self.logits, self.experts, self.weights):
                    kept.append([])

    def hook_for(self, family, name, module):
        at, kind = len(self.names), type(module).__name__
        if kind in ("DeepseekV2MoEGate", "DeepseekV3TopkRouter", "Glm4MoeTopkRouter"):
            return lambda m, x, out: self.keep(
                at, F.linear(x[0].reshape(-1, x[0].shape[-1]), m.weight), out[0], out[1])
        if kind == "GptOssTopKRouter":
            return lambda m, x, out: self.keep(
                at, F.linear(x[0].reshape(-1, x[0].shape[-1]), m.weight, m.bias), out[1],
                out[0].gather(1, out[1]))
        if kind == "GraniteMoeTopKGating":
            return lambda m, x, out: self.keep(at, out[-1], *granite_choice(m, out[-1]))
        if kind.endswith("SparseMoeBlock"):  # returns its logits beside the hidden states
            choice = phimoe_choice if family == "phimoe" else softmax_choice
            return lambda m, x, out: self.keep(at, out[1], *choice(m, out[1]))
        return None

    def keep(self, at, logits, experts, weights):
        order = weights.argsort(dim=-1, descending=True, stable=True)
        self.logits[at].append(numbers(logits))
        self.experts[at].append(experts.gather(1, order).tolist())
        self.weights[at].append(numbers(weights.gather(1, order)))


def numbers(tensor):
    """Nested lists with as many digits as float32 needs."""
    if tensor.dim() == 0:
        return float(f"{tensor.item():.9g}")
    if tensor.dim() == 1:
        return [float(f"{x:.9g}") for x in tensor.tolist()]
    return [numbers(row) for row in tensor]


def load(folder):
    config = AutoConfig.from_pretrained(folder)
    if getattr(config, "quantization_config", None):
        sys.exit(f"{folder}: a quantised checkpoint; write a dequantised copy and refer to that")
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager").eval()
    note = ""
    scaling = getattr(config, "rope_scaling", None) or {}
    if config.model_type == "deepseek_v2" and scaling.get("mscale_all_dim"):
        # The published model scales its softmax by this; the port leaves it out.
        from transformers.models.deepseek_v3.modeling_deepseek_v3 import yarn_get_mscale
        factor = yarn_get_mscale(scaling["factor"], scaling["mscale_all_dim"])
        for layer in model.model.layers:
            layer.self_attn.scaling *= factor * factor
        note = ", softmax scaled by mscale squared as the published model does"
    return model, note


def sequences(arguments):
    if arguments.ids:
        with open(arguments.ids, encoding="utf-8") as file:
            return json.load(file)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    with open(arguments.text, encoding="utf-8") as file:
        return [tokenizer(line.rstrip("\n"))["input_ids"] for line in file if line.strip()]


def reference(model, ids):
    routers = Routers(model)
    out = {key: [] for key in ("logits_first16", "argmax", "logsumexp", "next_token_logprob")}
    norms = [[] for _ in range(model.config.num_hidden_layers + 1)]
    for sequence in ids:
        with torch.no_grad():
            result = model(torch.tensor([sequence]), output_hidden_states=True, use_cache=False)
        logits = result.logits[0].float()
        out["logits_first16"].append(numbers(logits[:, :16]))
        out["argmax"].append(logits.argmax(-1).tolist())
        out["logsumexp"].append(numbers(logits.logsumexp(-1)))
        predicted = logits.log_softmax(-1)[:-1]
        out["next_token_logprob"].append(
            numbers(predicted.gather(1, torch.tensor(sequence)[1:, None])[:, 0]))
        for layer, hidden in enumerate(result.hidden_states):
            norms[layer].append(numbers(hidden[0].double().norm(dim=-1)))
    return {**out, "hidden_norm": norms, "router_modules": routers.names,
            "router_logits": routers.logits, "experts": routers.experts,
            "expert_weights": routers.weights}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", help="Hugging Face folder")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--text", help="file with one text a line")
    source.add_argument("--ids", help="JSON file with a list of lists of token ids")
    parser.add_argument("-o", "--output", required=True, help="reference to write")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, note = load(arguments.model)
    ids = sequences(arguments)
    made = {"source": f"transformers {transformers.__version__}, torch {torch.__version__}, eager "
                      f"attention, float32{note}",
            "input_ids": ids, **reference(model, ids)}
    with open(arguments.output, "w", encoding="utf-8") as file:
        json.dump(made, file)
    print(f"{arguments.output}: {len(ids)} sequences, {sum(map(len, ids))} tokens, "
          f"{len(made['router_modules'])} routers")


if __name__ == "__main__":
    main()
