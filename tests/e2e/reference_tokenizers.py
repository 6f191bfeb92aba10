"""Other implementations of tokenizers, behind one face: encode, decode, added tokens.

A line's encoding is (ids, offsets): offsets are [begin, end) in characters, or None.
"""

import base64
import itertools
import json


class HuggingFace:
    """tokenizer.json, by the package tokenizers."""

    def __init__(self, file):
        import tokenizers
        self.reference = tokenizers.Tokenizer.from_file(str(file))
        described = json.loads(file.read_text(encoding="utf-8"))
        self.added = {row["content"]: row["id"] for row in described["added_tokens"]}
        self.flagged = [row["content"] for row in described["added_tokens"]
                        if row["lstrip"] or row["rstrip"] or row["single_word"]]
        self.byte_level = (described["decoder"] or {}).get("type") == "ByteLevel"
        self.size = self.reference.get_vocab_size()

    def encode(self, lines, special):
        self.reference.encode_special_tokens = not special
        encodings = self.reference.encode_batch(lines, add_special_tokens=False)
        return [(e.ids, e.offsets) for e in encodings]

    def decode(self, ids):
        return self.reference.decode(ids, skip_special_tokens=False)

    def undecodable(self):
        """Added tokens whose letters the reference takes for bytes, and those that it gives back
        normalised, as it does from 0.23 on."""
        return {id for text, id in self.added.items()
                if (self.byte_level and not text.isascii())
                or self.reference.id_to_token(id) != text}

    def normalised(self, text):
        return self.reference.normalizer.normalize_str(text) if self.reference.normalizer else text


class SentencePiece:
    """A SentencePiece model, by the package sentencepiece."""

    def __init__(self, file):
        import sentencepiece
        self.reference = sentencepiece.SentencePieceProcessor(model_file=str(file))
        self.size = self.reference.get_piece_size()
        self.added = {self.reference.id_to_piece(i): i for i in range(self.size)
                      if self.reference.is_control(i) or i < 20}

    def encode(self, lines, special):
        assert not special
        return [(ids, None) for ids in self.reference.encode(lines)]

    def decode(self, ids):
        return self.reference.decode(ids)

    def undecodable(self):
        return set()


class Tekken:
    """tekken.json, by the package tiktoken in the way of mistral-common."""

    def __init__(self, file):
        import tiktoken
        described = json.loads(file.read_text(encoding="utf-8"))
        config = described["config"]
        self.n_special = config["default_num_special_tokens"]
        self.size = config["default_vocab_size"]
        ranks = {base64.b64decode(row["token_bytes"]): row["rank"]
                 for row in itertools.islice(described["vocab"], self.size - self.n_special)}
        self.reference = tiktoken.Encoding("tekken", pat_str=config["pattern"],
                                           mergeable_ranks=ranks, special_tokens={})
        self.added = {"<s>": 1, "[INST]": 3}

    def encode(self, lines, special):
        assert not special
        return [([rank + self.n_special for rank in self.reference.encode_ordinary(line)], None)
                for line in lines]

    def decode(self, ids):
        return self.reference.decode([i - self.n_special for i in ids], errors="replace")

    def undecodable(self):
        return set(range(self.n_special))
