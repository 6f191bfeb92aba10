"""Configurations, tokenizers and prompt files that are malformed, foreign or made to hurt."""

import pathlib

import tiny_model
from bad_world import RECORD, nothing, row


def config(**changes):
    return lambda w: w.config(**changes)


def config_text(text):
    return lambda w: w.in_model("config.json", text)


def tokenizer(change):
    return lambda w: w.tokenizer(change)


def tokenizer_text(text):
    return lambda w: w.in_model("tokenizer.json", text)


def instead(name, make):
    def prepare(w):
        w.remove(name)
        make(w.model / name)
    return prepare


def sentencepiece(content):
    def prepare(w):
        w.remove("tokenizer.json")
        w.in_model("tokenizer.model", content)
    return prepare


def prompts(content, name="prompts.jsonl"):
    def prepare(w):
        w.prompts = w.file(name, content)
    return prepare


def beyond(document):
    """A token of the text "ab" whose id the model's embedding does not have."""
    vocab = document["model"]["vocab"]
    vocab.update({f"q{i}": i for i in range(267, 300)}, ab=300, q=266)


def linked_tokenizer(w):
    (w.model / "tokenizer.json").rename(w.folder / "tokenizer.json")
    (w.model / "tokenizer.json").symlink_to(w.folder / "tokenizer.json")


CONFIG = "model/config.json"
SOUND = '{"id": "fine", "text": "ab"}\n'
KEPT = {"leaves": ("new.db",)}

ROWS = [
    row("model folder missing", nothing, "record {folder}/absent {prompts} -o {new}", 1, "absent",
        "no such file", "config.json"),
    row("model is a text file", nothing, "record {prompts} {prompts} -o {new}", 1, "prompts.jsonl"),
    row("config missing", lambda w: w.remove("config.json"), RECORD, 1, "model",
        "config.json is missing"),
    row("config empty", config_text(""), RECORD, 1, CONFIG, "unexpected end"),
    row("config cut", config_text('{"vocab_size": 3,'), RECORD, 1, CONFIG, "line 1",
        "malformed JSON"),
    row("config says a key twice", config_text('{"a": 1, "a": 2}'), RECORD, 1, CONFIG,
        '"a" stands twice'),
    row("config nested deep", config_text("[" * 90000), RECORD, 1, CONFIG, "nested deeper"),
    row("config is an array", config_text("[]"), RECORD, 1, CONFIG, "expected an object"),
    row("config is a folder", instead("config.json", pathlib.Path.mkdir), RECORD, 1, CONFIG,
        "folder"),
    row("config is a link out", instead("config.json", lambda p: p.symlink_to("/etc/hostname")),
        RECORD, 1, CONFIG, "link"),
    row("config without permission", lambda w: (w.model / "config.json").chmod(0), RECORD, 1,
        CONFIG, "permission", drop_root=True),
    row("another architecture", config(architectures=["GPT2LMHeadModel"], model_type="gpt2"),
        RECORD, 1, CONFIG, "GPT2LMHeadModel", "MixtralForCausalLM"),
    row("another family's weights", config(architectures=["MistralForCausalLM"],
        model_type="mistral",
        num_local_experts=None, num_experts_per_tok=None), RECORD, 1, "model.layers.0"),
    row("no architecture", config(architectures=None, model_type=None), RECORD, 1, CONFIG,
        "model_type"),
    row("no layers", config(num_hidden_layers=0), RECORD, 1, CONFIG, "num_hidden_layers", "got 0"),
    row("a billion layers", config(num_hidden_layers=10 ** 9), RECORD, 1, CONFIG,
        "num_hidden_layers", "1000000000"),
    row("more layers than weights", config(num_hidden_layers=3), RECORD, 1, "model.layers.2."),
    row("a vocabulary of its own", config(vocab_size=300), RECORD, 1, "expected shape [300, 16]",
        "got [267, 16]"),
    row("a hidden size of its own", config(hidden_size=1 << 20), RECORD, 1, "expected shape",
        "1048576"),
    row("more parameters than there are", config(hidden_size=1 << 20, intermediate_size=1 << 22,
        num_hidden_layers=4096, num_local_experts=1024), RECORD, 1, CONFIG, "parameters",
        "hidden_size"),
    row("heads that share badly", config(num_key_value_heads=3, num_attention_heads=4), RECORD, 1,
        CONFIG, "num_key_value_heads"),
    row("an odd head", config(head_dim=7), RECORD, 1, CONFIG, "even", "7"),
    row("more choices than experts", config(num_experts_per_tok=5), RECORD, 1, CONFIG,
        "num_experts_per_tok", "got 5"),
    row("a wild epsilon", config(rms_norm_eps=-1), RECORD, 1, CONFIG, "rms_norm_eps", "got -1"),
    row("an epsilon of text", config(rms_norm_eps="1e-5"), RECORD, 1, CONFIG, "rms_norm_eps",
        "number"),
    row("a rope that nobody knows", config(rope_scaling={"rope_type": "spiral", "factor": 2.0}),
        RECORD, 1, CONFIG, "'spiral'", "llama3"),
    row("another activation", config(hidden_act="gelu"), RECORD, 1, CONFIG, "hidden_act", "gelu"),
    row("quantised", config(quantization_config={"quant_method": "awq"}), RECORD, 1, CONFIG,
        "quantization_config", "supported: fp8 mxfp4"),
    row("a key that may change the numbers", config(logit_softcap=30.0), RECORD, 1, CONFIG,
        "logit_softcap"),
    row("control characters in a key",
        config_text('{"architectures":["MixtralForCausalLM"],"\\u001b[2J\\n": 1}'),
        RECORD, 1, CONFIG, "not understood"),
    row("an end beyond the vocabulary", config(eos_token_id=267), RECORD, 1, CONFIG,
        "eos_token_id", "266"),
    row("a context without end is only a number", config(max_position_embeddings=1 << 26), RECORD,
        0, "run 1", **KEPT),
    row("generation settings cut", lambda w: w.in_model("generation_config.json", "{"), RECORD, 1,
        "generation_config.json", "malformed JSON"),

    row("no tokenizer", lambda w: w.remove("tokenizer.json"), RECORD, 1, "tokenizer.json",
        "tokenizer.model"),
    row("no tokenizer for generate", lambda w: w.remove("tokenizer.json"), "generate {model} ab", 1,
        "tokenizer.json"),
    row("no tokenizer for logprobs", lambda w: w.remove("tokenizer.json"),
        "logprobs {model} --jsonl", 1, "tokenizer.json"),
    row("no tokenizer for tokenize", lambda w: w.remove("tokenizer.json"), "tokenize {model} ab", 1,
        "tokenizer.json"),
    row("tokenizer cut", tokenizer_text('{"model": {'), RECORD, 1, "tokenizer.json",
        "malformed JSON"),
    row("tokenizer empty", tokenizer_text(""), RECORD, 1, "tokenizer.json"),
    row("tokenizer is something else", tokenizer_text("{}"), RECORD, 1, "tokenizer.json",
        "'model' is missing"),
    row("tokenizer of unigrams", tokenizer(lambda t: t["model"].update(type="Unigram")), RECORD, 1,
        "tokenizer.json", "'Unigram'"),
    row("tokenizer merges what it lacks", tokenizer(lambda t: t["model"]["merges"].append(["a",
        "q"])), RECORD, 1, "tokenizer.json", '"aq"'),
    row("tokenizer with an id beyond the model", tokenizer(beyond), RECORD, 1, "1 prompt failed",
        reasons=("token id 300", "vocabulary of 267"), **KEPT),
    row("tokenizer with an id beyond the model, generate", tokenizer(beyond),
        "generate {model} cab", 1, "token id 300", "vocabulary of 267"),
    row("tokenizer's id far away", tokenizer(lambda t: t["model"]["vocab"].update(ab=4 * 10 ** 9)),
        RECORD, 1, "tokenizer.json", "4000000000"),
    row("tokenizer is a link out", linked_tokenizer, RECORD, 1, "tokenizer.json", "link"),
    row("SentencePiece of noise", sentencepiece(b"\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        RECORD, 1, "tokenizer.model"),
    row("SentencePiece cut", sentencepiece(b"\n\x20\x0a\x05<unk>"), RECORD, 1, "tokenizer.model"),
    row("settings name no token", lambda w: w.in_model("tokenizer_config.json",
        {"bos_token": "<q>"}), RECORD, 1, "tokenizer_config.json", "bos_token", "<q>"),

    row("prompts missing", nothing, "record {model} {folder}/absent.jsonl -o {new}", 1,
        "absent.jsonl", "no such file"),
    row("prompts are a folder", nothing, "record {model} {folder} -o {new}", 1, "folder"),
    row("prompts empty", prompts(""), RECORD, 1, "prompts.jsonl", "at least one prompt"),
    row("prompts of blank lines", prompts("\n  \n\t\n"), RECORD, 1, "prompts.jsonl",
        "at least one prompt"),
    row("prompts without permission", lambda w: w.prompts.chmod(0), RECORD, 1, "prompts.jsonl",
        "may not read", drop_root=True),
    row("prompt not UTF-8", prompts(b"ab\n\xff\xfe\n", "p.txt"), RECORD, 1, "1 prompt failed",
        "v_failed_prompt", reasons=("byte 0",), **KEPT),
    row("prompt line not UTF-8", prompts(SOUND.encode() + b'{"text": "\xff"}\n'), RECORD, 1,
        "1 prompt failed", reasons=("prompts.jsonl: line 2", "UTF-8", "0xff"), **KEPT),
    row("prompt too long", prompts(SOUND + '{"id": "long", "text": "' + "c d " * 40 + '"}\n'),
        RECORD, 1, "1 prompt failed", reasons=("64",), **KEPT),
    row("line is no JSON", prompts(SOUND + "{oops}\n"), RECORD, 1, "1 prompt failed",
        reasons=("line 2", "malformed JSON"), **KEPT),
    row("line is an array", prompts(SOUND + "[1]\n"), RECORD, 1, "1 prompt failed",
        reasons=("line 2", "object", "text"), **KEPT),
    row("prompt without text", prompts(SOUND + '{"id": "x"}\n'), RECORD, 1, "1 prompt failed",
        reasons=("line 2", "'text' is missing"), **KEPT),
    row("text is a number", prompts(SOUND + '{"text": 3}\n'), RECORD, 1, "1 prompt failed",
        reasons=("line 2", "'text'", "string"), **KEPT),
    row("label is a list", prompts(SOUND + '{"text": "a", "language": ["en"]}\n'), RECORD, 1,
        "1 prompt failed", reasons=("line 2", "'language'", "label"), **KEPT),
    row("key twice in a line", prompts(SOUND + '{"text": "a", "text": "b"}\n'), RECORD, 1,
        "1 prompt failed", reasons=("line 2", "stands twice"), **KEPT),
    row("all prompts fail", prompts('{"id": "x"}\n'), RECORD, 1, "1 prompt failed",
        reasons=("'text' is missing",), **KEPT),
    row("id twice", prompts(SOUND + SOUND), RECORD, 1, "line 2", "'fine' stands twice", "line 1"),
    row("id twice in two files", nothing, "record {model} {prompts} {prompts} -o {new}", 1,
        "stands twice"),
    row("CSV without text", prompts("id,words\n1,ab\n", "p.csv"), RECORD, 1, "p.csv", "line 1",
        "column 'text'", "id, words"),
    row("CSV with a column twice", prompts("text,text\na,b\n", "p.csv"), RECORD, 1, "p.csv",
        "'text' stands twice"),
    row("CSV with an open quote", prompts('text\n"ab\n', "p.csv"), RECORD, 1, "p.csv", "line 2"),
    row("CSV with a short row", prompts("id,text\nfine,ab\nx\n", "p.csv"), RECORD, 1,
        "1 prompt failed", reasons=("p.csv: line 3", "expected 2 cells, got 1"), **KEPT),
    row("CSV of a header alone", prompts("id,text\n", "p.csv"), RECORD, 1, "p.csv",
        "at least one prompt"),
]
