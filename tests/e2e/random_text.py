"""Random lines that look for trouble in tokenizers: every script, mark, space and control."""

import functools
import sys
import unicodedata

SPACES = (" ", " ", " ", "  ", "\t", "\n", "\r", "\r\n", "\n\n", "\x0b", "\x0c", "\x85", "\xa0",
          "\u1680", "\u180e", "\u2002", "\u2003", "\u2009", "\u200a", "\u200b", "\u2028", "\u2029",
          "\u202f", "\u205f", "\u2060", "\u3000", "\ufeff", "▁")
PEOPLE = "👩👨🧑👧👦🐕🦺❤💋🏳🏴👍✊🤝🧜⚕✈⚖"
TONES = "🏻🏼🏽🏾🏿"
# ſ and K are s and k to a pattern that ignores case.
ENDINGS = ("'s", "'S", "'t", "'re", "'RE", "'Ve", "'m", "'ll", "'lL", "'d", "'D", "'ſ", "’s", "'x",
           "K", "ſ", "İ", "ı", "ß", "ẞ", "ǅ", "ΌΣ", "ﬁ")
SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
WORDS = ("the", "The", "THE", "mañana", "Straße", "naïve", "über", "été", "def", "return", "0x1F",
         "Привет", "мир", "Ελλάδα", "שלום", "مرحبا", "नमस्ते", "สวัสดี", "こんにちは", "カタカナ",
         "漢字", "中文", "한국어", "ﷺ", "<0x0A>", "<0xFF>", "<s>", "[INST]", "<unk>")


# Python 3.12 and later know characters that came after Unicode 14, where the tables of the program
# and of the references may differ; those of Unicode 3.2 are safe with any Python.
KNOWN = unicodedata
if tuple(map(int, unicodedata.unidata_version.split("."))) >= (15,):
    KNOWN = unicodedata.ucd_3_2_0


@functools.cache
def characters_by_category():
    found = {}
    for code in range(sys.maxunicode + 1):
        found.setdefault(KNOWN.category(chr(code)), []).append(chr(code))
    for unusable in ("Cn", "Cs"):
        found.pop(unusable, None)
    found["Co"] = found["Co"][:50] + found["Co"][-50:]
    return found


class TextMaker:
    def __init__(self, random, added_tokens, prompts):
        self.random = random
        self.added = sorted(added_tokens)
        self.prompts = prompts
        self.by_category = characters_by_category()
        self.categories = sorted(self.by_category)
        self.everything = [c for name in self.categories if name != "Co"
                           for c in self.by_category[name]]
        self.makers = [self.word, self.word, self.known_word, self.neighbours, self.anything,
                       self.of_categories, self.spaces, self.spaces, self.digits, self.signs,
                       self.marks, self.hangul, self.emoji, self.ending, self.added_token,
                       self.prompt, self.controls]

    def some(self, characters, longest):
        return "".join(self.random.choices(characters, k=self.random.randint(1, longest)))

    def word(self):
        letters = self.some("etaoinshrdlucmfwypvbgkjqxzéüñçøß", 9)
        return self.random.choice((str, str, str.title, str.upper))(letters)

    def known_word(self):
        return self.random.choice(WORDS)

    def neighbours(self):
        start = self.random.randrange(len(self.everything))
        return self.some(self.everything[start:start + 40], 8)

    def anything(self):
        return self.some(self.everything, 6)

    def of_categories(self):
        return "".join(self.random.choice(self.by_category[self.random.choice(self.categories)])
                       for _ in range(self.random.randint(1, 5)))

    def spaces(self):
        return "".join(self.random.choices(SPACES, k=self.random.choice((1, 1, 1, 2, 3, 7))))

    def digits(self):
        if self.random.random() < 0.6:
            return self.some("0123456789", 8)
        return self.some(self.by_category[self.random.choice(("Nd", "Nl", "No"))], 5)

    def signs(self):
        return self.some(SIGNS, 6)

    def marks(self):
        marks = [self.random.choice(self.by_category[self.random.choice(("Mn", "Mn", "Mc", "Me"))])
                 for _ in range(self.random.randint(1, 5))]
        base = self.random.choice((self.word(), self.random.choice(self.everything), ""))
        text = base + "".join(marks)
        return unicodedata.normalize(self.random.choice(("NFD", "NFC")), text)

    def hangul(self):
        ranges = ((0x1100, 0x115f), (0x1160, 0x11a7), (0x11a8, 0x11ff), (0xac00, 0xd7a3),
                  (0xac00, 0xd7a3), (0x3131, 0x318e))
        text = "".join(chr(self.random.randint(*self.random.choice(ranges)))
                       for _ in range(self.random.randint(1, 6)))
        return unicodedata.normalize("NFD", text) if self.random.random() < 0.4 else text

    def emoji(self):
        kind = self.random.randrange(4)
        if kind == 0:
            return "\u200d".join(self.random.choice(PEOPLE)
                                 + self.random.choice(("", "\ufe0f", self.random.choice(TONES)))
                                 for _ in range(self.random.randint(1, 4)))
        if kind == 1:
            return "".join(chr(self.random.randint(0x1f1e6, 0x1f1ff))
                           for _ in range(self.random.randint(1, 4)))
        if kind == 2:
            return self.random.choice("0123456789#*") + "\ufe0f\u20e3"
        tags = "".join(chr(0xe0000 + ord(c)) for c in self.random.choice(("gbeng", "gbsct", "x")))
        return "🏴" + tags + "\U000e007f"

    def ending(self):
        return self.word() + self.random.choice(ENDINGS)

    def added_token(self):
        if not self.added:
            return self.known_word()
        token = self.random.choice(self.added)
        kind = self.random.randrange(8)
        if kind == 0:
            return token[:self.random.randrange(len(token) + 1)]
        if kind == 1:
            return token.swapcase()
        if kind == 2:
            return unicodedata.normalize("NFD", token)
        if kind == 3:
            return token + self.random.choice(self.added)
        return token

    def prompt(self):
        text = self.random.choice(self.prompts)
        begin = self.random.randrange(len(text))
        text = text[begin:begin + self.random.randint(1, 60)]
        return self.changed(text) if self.random.random() < 0.5 else text

    def changed(self, text):
        kind = self.random.randrange(5)
        if kind == 0:
            return text + text
        if kind == 1:
            return self.random.choice((str.upper, str.lower, str.swapcase, str.title))(text)
        if kind == 2:
            return unicodedata.normalize(self.random.choice(("NFD", "NFKD", "NFC")), text)
        at = self.random.randrange(len(text) + 1)
        if kind == 3:
            return text[at:] + text[:at]
        return text[:at] + self.random.choice(self.everything) + text[at:]

    def controls(self):
        return self.some(self.by_category["Cc"] + self.by_category["Cf"], 3)

    def long_run(self):
        unit = self.random.choice(self.makers)()
        return unit * self.random.randint(2, max(2, 600 // max(1, len(unit))))

    def line(self):
        if self.random.random() < 0.02:
            return self.random.choice(("", self.long_run(), self.random.choice(self.prompts)))
        text = ""
        for _ in range(self.random.choice((1, 2, 3, 5, 8, 13))):
            text += self.random.choice(self.makers)()
            if self.random.random() < 0.4:
                text += " "
        if self.random.random() < 0.1:
            text = self.changed(text)
        return "".join(c for c in text if KNOWN.category(c) != "Cn")
