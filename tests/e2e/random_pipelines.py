"""Tokenizer files with random stages around a known vocabulary, within what the program reads."""

PATTERNS = (
    {"String": " "}, {"String": "e"}, {"String": "the"}, {"String": "\n"}, {"String": "▁"},
    {"Regex": r"\s+"}, {"Regex": r"\s"}, {"Regex": r"[aeiou]+"}, {"Regex": r"\d"},
    {"Regex": r"\p{N}{1,3}"}, {"Regex": r"\p{Lu}"}, {"Regex": r"\p{Han}+"}, {"Regex": r"."},
    {"Regex": r"[^\s\p{L}\p{N}]+"}, {"Regex": r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"},
    {"Regex": r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"},
    {"Regex": r"\w+|[^\w\s]+"}, {"Regex": r"(?<=\p{L})\p{M}+"}, {"Regex": r"\S+(?=\s)"},
    {"Regex": r"\p{P}$"}, {"Regex": r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"})
BEHAVIORS = ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")
TOKENS = ("<tool>", "</tool>", "moe", "Zürich", "<|x|>", " and", "the ", "é", "e\u0301", "▁▁", "12",
          "<s", "'s", "你好", "a\n", "İ", "[X] ")


class PipelineMaker:
    def __init__(self, random):
        self.random = random

    def coin(self):
        return self.random.random() < 0.5

    def normalizer(self):
        kind = self.random.randrange(4)
        if kind == 0:
            return {"type": "NFC"}
        if kind == 1:
            return {"type": "Strip", "strip_left": self.coin(), "strip_right": self.coin()}
        if kind == 2:
            return {"type": "Prepend", "prepend": self.random.choice(("▁", " ", "ab"))}
        pattern, content = self.random.choice(((" ", "▁"), ("e", "é"), ("ll", "l"), ("\n", ""),
                                               ("a", "aa"), ("  ", " ")))
        return {"type": "Replace", "pattern": {"String": pattern}, "content": content}

    def sequence(self, type, key, items):
        if len(items) == 1 and self.coin():
            return items[0]
        return {"type": type, key: items} if items or self.coin() else None

    def split(self):
        if self.random.random() < 0.3:
            return {"type": "Digits", "individual_digits": self.coin()}
        return {"type": "Split", "pattern": self.random.choice(PATTERNS),
                "behavior": self.random.choice(BEHAVIORS), "invert": self.coin()}

    def splits(self):
        return [self.split() for _ in range(self.random.choice((0, 0, 1, 1, 2)))]

    def byte_level(self):
        return {"type": "ByteLevel", "add_prefix_space": self.coin(), "trim_offsets": self.coin(),
                "use_regex": self.coin()}

    def metaspace(self):
        return {"type": "Metaspace", "replacement": "▁", "split": self.coin(),
                "prepend_scheme": self.random.choice(("always", "first", "never"))}

    def added_tokens(self, known, vocabulary):
        rows = list(known)
        new_id = max((*vocabulary.values(), *(row["id"] for row in rows))) + 1
        taken = {row["content"] for row in rows}
        for content in self.random.sample(TOKENS, self.random.randint(0, 5)):
            if content in taken:
                continue
            rows.append({"id": vocabulary.get(content, new_id), "content": content, "special": self.coin(),
                         "lstrip": self.random.random() < 0.3, "rstrip": self.random.random() < 0.3,
                         "single_word": self.random.random() < 0.3, "normalized": self.coin()})
            new_id += content not in vocabulary
        return rows

    def changed(self, described):
        """The file with other stages."""
        made = {**described, "model": dict(described["model"])}
        made["added_tokens"] = self.added_tokens(
            [row for row in described["added_tokens"] if row["special"]], made["model"]["vocab"])
        normalizers = [self.normalizer() for _ in range(self.random.choice((0, 0, 1, 1, 2)))]
        made["normalizer"] = self.sequence("Sequence", "normalizers", normalizers)
        splits = self.splits()
        if (described["decoder"] or {}).get("type") == "ByteLevel":
            splits.append(self.byte_level())
            made["post_processor"] = self.random.choice((None, self.byte_level()))
            made["model"]["ignore_merges"] = self.coin()
        else:
            if self.coin():
                splits.append(self.metaspace())
                made["decoder"] = self.random.choice((made["decoder"], self.metaspace()))
            made["model"]["fuse_unk"] = self.coin()
            made["model"]["byte_fallback"] = self.random.random() < 0.7
        made["pre_tokenizer"] = self.sequence("Sequence", "pretokenizers", splits)
        return made
