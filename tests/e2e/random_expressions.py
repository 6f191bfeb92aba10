"""Random Jinja expressions whose parts fit together, so that most of them have a value."""

TEXTS = ("s", "s", "t", "bos_token", "'a'", "' a b '", "''", "'one\\ntwo\\r\\nthree\\n\\nfour'",
         "'ÀΣ straße ﬁ'", "'it\\'s'", "'<b>'", "ls[0]", "ls[-1]", "messages[0].content",
         "messages[-1]['role']", "'x-y_z 12a'", "'\\t\\x0b\\u00a0'", "'ß'", "'aXbXc'", "'12'")
NUMBERS = ("n", "f", "0", "1", "2", "3", "-1", "7", "1.5", "0.1", "2.5", "-0.5", "1e3", "10", "100",
           "l[0]", "l|length", "messages|length", "true", "1e16", "123456.789", "1_000")
LISTS = ("l", "ls", "[]", "[1, 2, 3]", "['b', 'A', 'a']", "messages", "(1, 'x', none)", "[[1], [2]]",
         "[true, 0, '', none, 'x', 2.0]", "range(4)|list", "[n, f, s]")
DICTS = ("d", "{}", "{'a': 1, 'B': 'x'}", "messages[0]", "dict(k=1, j=[1])", "{1: 2, 'é': none}")


class ExpressionMaker:
    def __init__(self, random):
        self.random = random

    def pick(self, makers, plain, depth):
        if depth > 3 or self.random.random() < 0.3:
            return self.random.choice(plain)
        return self.random.choice(makers)(depth + 1)

    def one(self, *choices):
        return self.random.choice(choices)

    def small(self):
        return self.random.randint(-4, 6)

    def slice(self):
        end = self.one("", self.small())
        step = self.one("", "", ":", ":-1", ":2", ":-3")
        return f"[{self.one('', self.small())}:{end}{step}]"

    def text(self, depth=0):
        return self.pick((self.text_method, self.text_method, self.text_filter, self.text_filter,
                          self.text_of_other, self.text_joined, self.text_part), TEXTS, depth)

    def text_method(self, depth):
        other = self.one("' '", "'a'", "'X'", "'\\n'", self.text(depth + 1))
        method = self.one(
            "strip()", "lstrip()", "rstrip()", f"strip({other})", f"lstrip({other})",
            f"rstrip({other})", "upper()", "lower()", "title()", "capitalize()",
            f"replace({other}, {self.text(depth + 1)})", f"replace({other}, '-', {self.small()})",
            f"removeprefix({other})", f"removesuffix({other})",
            f"join({self.one('ls', self.text(depth + 1))})")
        return f"({self.text(depth)}).{method}"

    def text_filter(self, depth):
        name = self.one(
            "trim", "upper", "lower", "title", "capitalize", "string", "reverse", "indent",
            f"indent({self.random.randint(0, 3)})", "indent(2, true)", "indent(1, true, true)",
            "indent('--', blank=true)", f"replace({self.text(depth + 1)}, '+')",
            "replace('a', 'b', 1)", f"trim({self.text(depth + 1)})", "default('d')",
            "default('d', true)", "safe", "tojson", "join('.')")
        return f"({self.text(depth)})|{name}"

    def text_of_other(self, depth):
        value = self.any(depth)
        return self.one(f"({value})|string", f"({value})|tojson", f"({value})|tojson(indent=2)",
                        f"({self.number(depth)})|string", f"({value}) ~ ''",
                        f"({self.dict(depth)})|tojson(sort_keys=true)",
                        f"({value})|tojson(ensure_ascii=true)",
                        f"({value})|tojson(separators=(',', ':'))")

    def text_joined(self, depth):
        return self.one(f"({self.text(depth)}) + ({self.text(depth)})",
                        f"({self.text(depth)}) ~ ({self.any(depth)})",
                        f"({self.text(depth)}) * {self.random.randint(-1, 3)}",
                        f"({self.list(depth)})|join({self.text(depth)})",
                        f"({self.text(depth)} if {self.truth(depth)} else {self.text(depth)})",
                        f"({self.text(depth)} or {self.text(depth)})")

    def text_part(self, depth):
        text = self.text(depth)
        by = self.one("','", "' '", "'a'", "'X'", "'\\n'")
        return self.one(f"({text}){self.slice()}", f"({text}){self.slice()}", f"({text})|first",
                        f"({text})|last", f"({text}).split()|first|default('-')",
                        f"({text}).split({by})[0]", f"({text}).split({by}, 1)[-1]",
                        f"({text}).rsplit({by}, 1)[0]", f"({text}).partition({by})[2]",
                        f"({text}).rpartition({by})[0]", f"({text})[{self.small()}]")

    def number(self, depth=0):
        return self.pick((self.sum, self.sum, self.counted, self.converted), NUMBERS, depth)

    def sum(self, depth):
        return self.one(
            f"({self.number(depth)}) {self.one('+', '-', '*')} ({self.number(depth)})",
            f"({self.number(depth)}) {self.one('/', '//', '%')} {self.one('2', '3', '-7', '0.7')}",
            f"({self.number(depth)}) ** {self.one('0', '1', '2')}", f"-({self.number(depth)})",
            f"+({self.number(depth)})", f"({self.number(depth)})|abs")

    def counted(self, depth):
        return self.one(f"({self.text(depth)})|length", f"({self.list(depth)})|length",
                        f"({self.dict(depth)})|count",
                        f"({self.text(depth)}).{self.one('find', 'rfind', 'count')}"
                        f"({self.text(depth)})",
                        f"l|{self.one('sum', 'min', 'max', 'first', 'last')}",
                        f"[{self.number(depth)}, {self.number(depth)}]|{self.one('sum', 'max')}")

    def converted(self, depth):
        return self.one(f"({self.text(depth)})|int", f"({self.text(depth)})|float",
                        f"({self.text(depth)})|int({self.small()})", f"({self.number(depth)})|int",
                        f"({self.number(depth)})|float", f"({self.number(depth)})|round",
                        f"({self.number(depth)})|round({self.random.randint(0, 3)})",
                        f"({self.number(depth)})|round(1, '{self.one('floor', 'ceil', 'common')}')")

    def list(self, depth=0):
        return self.pick((self.cut, self.changed_list, self.changed_list, self.built_list), LISTS,
                         depth)

    def cut(self, depth):
        text = self.text(depth)
        by = self.one("','", "' '", "'a'", "'X'", "'\\n'", self.text(depth))
        return self.one(f"({text}).split()", f"({text}).split({by})", f"({text}).rsplit({by}, 2)",
                        f"({text}).split({by}, {self.small()})", f"({text}).splitlines()",
                        f"({text})|list", f"({text}).partition({by})", f"({text}).split(none, 1)",
                        f"({self.dict(depth)}).{self.one('keys', 'values', 'items')}()|list",
                        f"({self.dict(depth)})|{self.one('list', 'items|list', 'dictsort')}")

    def changed_list(self, depth):
        name = self.one(
            "list", "reverse|list", "unique|list", "map('string')|list", "select|list",
            "reject|list", "select('string')|list", "reject('none')|list", "select('defined')|list",
            "map('upper')|list", "map('trim')|list", "map('tojson')|list", "map('length')|list",
            "batch(2)|list", "batch(2, 'fill')|list", "select('in', [1, 'a', none])|list",
            "select('equalto', 1)|list", "map('default', 'u')|list", "map('string')|sort",
            "map('string')|sort(reverse=true)", "map('string')|sort(case_sensitive=true)",
            "map('string')|unique(case_sensitive=true)|list", "map(attribute='role')|list",
            "map(attribute='role', default='?')|list", "selectattr('role', 'defined')|list",
            "selectattr('content', 'string')|list", "rejectattr('role')|list")
        return self.one(f"({self.list(depth)})|{name}", f"({self.list(depth)})|{name}",
                        f"({self.list(depth)}){self.slice()}")

    def built_list(self, depth):
        items = ", ".join(self.any(depth) for _ in range(self.random.randint(0, 3)))
        return self.one(f"[{items}]", f"({self.list(depth)})|list + ({self.list(depth)})|list",
                        f"range({self.small()}, {self.small()})|list", f"[{items}] * 2",
                        f"range(5, {self.small()}, -2)|list",
                        f"({self.list(depth)} if {self.truth(depth)} else {self.list(depth)})")

    def dict(self, depth=0):
        return self.pick((self.built_dict, self.built_dict), DICTS, depth)

    def built_dict(self, depth):
        keys = self.random.sample(("'a'", "'b'", "1", "none", "'é'", "1.0", "true"), 2)
        return "{" + ", ".join(f"{key}: {self.any(depth)}" for key in keys) + "}"

    def truth(self, depth=0):
        return self.pick((self.comparison, self.comparison, self.test, self.logic),
                         ("true", "false", "s", "n", "l", "d", "x", "none"), depth)

    def comparison(self, depth):
        operator = self.one("==", "!=", "<", ">", "<=", ">=")
        return self.one(f"({self.number(depth)}) {operator} ({self.number(depth)})",
                        f"({self.text(depth)}) {operator} ({self.text(depth)})",
                        f"({self.text(depth)}) {self.one('in', 'not in')} ({self.text(depth)})",
                        f"({self.any(depth)}) {self.one('in', 'not in')} ({self.list(depth)})",
                        f"({self.text(depth)}) in ({self.dict(depth)})",
                        f"({self.any(depth)}) {self.one('==', '!=')} ({self.any(depth)})",
                        f"0 < ({self.number(depth)}) <= 3",
                        f"({self.text(depth)}).{self.one('startswith', 'endswith')}"
                        f"({self.text(depth)})",
                        f"({self.text(depth)}).startswith(('a', {self.text(depth)}))",
                        f"({self.text(depth)}).isspace()")

    def test(self, depth):
        name = self.one("defined", "none", "string", "mapping", "iterable", "sequence", "number",
                        "integer", "float", "boolean", "true", "false", "undefined", "callable")
        return self.one(f"({self.any(depth)}) is {self.one('', 'not ')}{name}",
                        f"({self.number(depth)})|int is {self.one('odd', 'even', 'divisibleby 3')}",
                        f"({self.any(depth)}) is {self.one('sameas none', 'eq 1', 'in l')}")

    def logic(self, depth):
        return self.one(f"not ({self.any(depth)})",
                        f"({self.truth(depth)}) {self.one('and', 'or')} ({self.truth(depth)})")

    def member(self, depth):
        return self.one(f"({self.dict(depth)}).get({self.one('1', self.text(depth))})",
                        f"({self.dict(depth)}).get({self.text(depth)}, {self.any(depth)})",
                        f"({self.dict(depth)})[{self.text(depth)}]", f"({self.dict(depth)}).a",
                        f"({self.list(depth)})[{self.small()}]", f"({self.list(depth)})|first",
                        f"({self.list(depth)})|last", f"({self.dict(depth)})['{self.one(*'abk')}']",
                        f"x|default({self.any(depth)})",
                        f"({self.truth(depth)}) or ({self.any(depth)})")

    def any(self, depth=0):
        return self.pick((self.text, self.text, self.number, self.list, self.dict, self.truth,
                          self.member), ("none", "true", "n", "s", "l", "d", "x", "'a'", "1"), depth)


def fitting_variables(conversations):
    """Random values of the kinds that the expressions expect; x is undefined."""
    random = conversations.random
    texts = [conversations.text() for _ in range(4)]
    made = conversations.conversation("<s>", "</s>")
    made["messages"] = [{"role": role, "content": conversations.text()}
                        for role in ("user", "assistant", "user")[:random.randint(1, 3)]]
    return {**made, "bos_token": "<s>", "s": texts[0], "t": texts[1], "ls": texts[1:],
            "n": random.randint(-9, 99), "f": random.choice((0.5, -2.5, 1e-7, 3.0, 1e22, 12.345)),
            "l": [random.randint(-9, 9) for _ in range(random.randint(1, 5))],
            "d": {conversations.text(3): conversations.json(2) for _ in range(3)}}
