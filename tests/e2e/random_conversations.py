"""Random conversations, well formed and not, for chat templates."""

CHARACTERS = list("aAbBzZ 019.,:;!?'\"\\/<>{}[]()|%#&=+-_*~`^$@\n\t\r") + [
    *"éßÆŒİıǆǅςΣσǰﬁ中文🙂ñ", "👩‍👩‍👧", "\xa0", "\u2003", "\u3000", "\u200b", "\x85", "\u1680", "\x1c",
    "\x1f", "\x0b", "\x0c", "\u2028", "\ufeff", "\u202e", "\x7f", "\x01", "\x00", "</s>", "<s>",
    "<|im_end|>", "[INST]", "{{ x }}", "{% raw %}", "{#", "#}", "<|user|>", "\r\n", "\n\n", "  "]
NUMBERS = (0, 1, -1, 2**53, -2**63, 2**63 - 1, 1.0, 0.1, 1e16, 1e-7, 3.5e300, -0.0, 1e22,
           123456789012345680.0)
ROLES = ("user", "assistant", "system", "tool", "ipython", "function", "User", "")


class ConversationMaker:
    def __init__(self, random):
        self.random = random

    def chance(self, share):
        return self.random.random() < share

    def text(self, longest=30):
        n = self.random.choice((0, 1, 2, 5, self.random.randint(0, longest)))
        return "".join(self.random.choices(CHARACTERS, k=n))

    def json(self, depth=0):
        kind = self.random.random()
        if depth > 3 or kind < 0.45:
            return self.random.choice((None, True, False, self.random.choice(NUMBERS),
                                       self.random.randint(-99, 99), self.text(), self.text()))
        n = self.random.randint(0, 3)
        if kind < 0.7:
            return [self.json(depth + 1) for _ in range(n)]
        return {self.text(6): self.json(depth + 1) for _ in range(n)}

    def parts(self):
        return [self.random.choice(({"type": "text", "text": self.text()}, {"type": "image"},
                                    {"type": "text"}, self.text(), self.json()))
                for _ in range(self.random.randint(0, 3))]

    def content(self):
        kind = self.random.random()
        if kind < 0.8:
            return self.text()
        return None if kind < 0.87 else self.parts() if kind < 0.94 else self.json()

    def tool_call(self):
        called = {"name": self.text(8), "arguments": self.json()}
        kind = self.random.randrange(3)
        if kind == 0:
            return called
        call = {"type": "function", "function": called}
        return call if kind == 1 else {"id": self.text(9), **call}

    def message(self, role=None):
        made = {}
        if self.chance(0.97):
            made["role"] = role or self.random.choice((*ROLES, self.text(5)))
        if self.chance(0.95):
            made["content"] = self.content()
        if self.chance(0.2):
            calls = [self.tool_call() for _ in range(self.random.randint(0, 2))]
            made["tool_calls"] = self.random.choice((calls, calls, None, self.json()))
        if self.chance(0.1):
            made[self.random.choice(("name", "tool_call_id", "reasoning_content"))] = self.json()
        return made

    def messages(self):
        if self.chance(0.02):
            return self.json()
        made = [self.message("system")] if self.chance(0.4) else []
        if self.chance(0.75):
            made += [self.message(("user", "assistant")[i % 2])
                     for i in range(self.random.randint(0, 5))]
        else:
            made += [self.message() for _ in range(self.random.randint(0, 4))]
        return made

    def tool(self):
        return {"type": "function",
                "function": {"name": self.text(6), "description": self.text(),
                             "parameters": self.json()}}

    def conversation(self, bos, eos):
        made = {"messages": self.messages()}
        if self.chance(0.9):
            made["add_generation_prompt"] = self.chance(0.5)
        if self.chance(0.9):
            made["bos_token"] = bos
        if self.chance(0.9):
            made["eos_token"] = eos
        if self.chance(0.3):
            made["tools"] = [self.tool() for _ in range(self.random.randint(0, 2))]
        if self.chance(0.05):
            made[self.random.choice(("tools", "documents", "bos_token"))] = self.json()
        return made
