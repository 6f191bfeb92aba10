"""Random small templates in the subset of Jinja that chat templates use, and around its edges."""

ATOMS = (
    "n", "f", "z", "e", "none_v", "d", "l", "ls", "s", "messages", "x", "tools", "bos_token", "1",
    "0", "-1", "2", "3", "10", "1.5", "0.1", "1e20", "1_000", "'a'", "'abc'", "' a b '", "'ÀΣ'",
    "''", "true", "false", "none", "[]", "[1,2,3]", "['b','a']", "{}", "{'a':1}", "(1,2)", "()",
    "d.a", "d['b']", "d.zz", "messages[0]", "messages[0].content", "messages[-1]['content']",
    "messages[1].tool_calls[0].function.arguments", "l[0]", "l[-1]", "l[9]", "range(3)",
    "namespace(a=1).a", "dict(a=1)", "undefinedname", "'%d'", "'1_0'", "' 12 '", "'0x1f'", "'1e3'",
    "'nan'", "'3.7'", "[[1,'a'],[2,'b']]", "'a-b c(d'", "'one\\ntwo\\r\\nthree\\n'", "'\\x41\\u00e9'",
    "\"it's\"", "'<b>&amp;</b>'", "strftime_now('%Y')|length")
FILTERS = (
    "trim", "upper", "lower", "title", "capitalize", "length", "count", "list", "string", "int",
    "float", "first", "last", "join", "join(', ')", "sort", "sort(reverse=true)", "unique|list",
    "reverse", "reverse|list", "tojson", "tojson(indent=2)", "tojson(ensure_ascii=true)",
    "tojson(sort_keys=true)", "tojson(separators=(',',':'))", "default('D')", "default('D',true)",
    "d('q')", "abs", "round", "round(1)", "round(2,'floor')", "round(0,'ceil')", "round(-1)",
    "replace('a','xx')", "replace('','-')", "replace('a','b',1)", "indent", "indent(2)",
    "indent(2,true)", "indent('> ',first=true,blank=true)", "items|list", "dictsort",
    "dictsort(by='value')", "map('upper')|list", "map('string')|join", "map(attribute='role')|list",
    "map(attribute='content.0')|list", "map(attribute='x',default='n')|list",
    "selectattr('role','equalto','user')|list", "selectattr('role')|list",
    "rejectattr('role','defined')|list", "select|list", "reject|list", "select('string')|list",
    "select('odd')|list", "reject('none')|list", "sum", "min", "max", "sum(attribute='x')",
    "batch(2)|list", "batch(2,'-')|list", "safe", "trim('a')", "map('length')|list",
    "map('int')|list", "map('trim')|list", "map('default','u')|list", "join('-',attribute='role')",
    "sort(attribute='role')", "unique(attribute='role')|list", "select('in',[1,2])|list",
    "map('first')|list", "max(attribute='a')", "int(7)", "int('7', 16)", "float(1)", "escape", "e",
    "sum(start=2)", "sort(case_sensitive=true)", "list|length", "string|length", "wordcount",
    "map('tojson')|list", "default", "attr('role')", "first|default('x')")
METHODS = (
    ".strip()", ".lstrip()", ".rstrip()", ".strip('a ')", ".split()", ".split(',')",
    ".split(',',1)", ".rsplit(',',1)", ".split(None,1)", ".rsplit(None,1)", ".splitlines()",
    ".startswith('a')", ".endswith(('a','c'))", ".replace('a','b')", ".upper()", ".lower()",
    ".title()", ".capitalize()", ".find('b')", ".rfind('b')", ".count('a')", ".index('b')",
    ".items()", ".keys()", ".values()", ".get('a')", ".get('zz','df')", ".get('zz')",
    ".items()|list", ".keys()|list", ".join(['x','y'])", ".partition(',')", ".rpartition(',')",
    ".removeprefix('a')", ".removesuffix('c')", ".isspace()", "[0]", "[-1]", "[1:]", "[:-1]",
    "[::-1]", "[::2]", "[1:3]", "[-2:]", "[:0]", "[5:1:-1]", "['a']", ".a", ".role", ".0",
    "[true]", ".copy()", "[none]", "[1.5]", "['items']", ".append(1)", ".zz.zz", "()", "(1)",
    ".splitlines(true)", ".find('b',1)", ".startswith('a',1)", ".split(maxsplit=1)", "[n]", "[n:]",
    ".format(1)", ".isdigit()", "|length")
TESTS = (
    "defined", "undefined", "none", "string", "mapping", "iterable", "sequence", "number",
    "integer", "float", "boolean", "true", "false", "callable", "odd", "even", "divisibleby 2",
    "in [1,2,'a']", "eq 1", "equalto('a')", "ne 1", "gt 0", "lt 2", "sameas true", "sameas none",
    "divisibleby(0)", "ge(1)", "le 1")
OPERATORS = ("+", "-", "*", "/", "//", "%", "~", "==", "!=", "<", ">", "<=", ">=", "and", "or", "in",
             "not in")
SPACES = ("", " ", "\n", "  \n", "\n  ", "\t", "\n\n", " x ", "x\n", "  y", "\r\n", "\u3000")
SHORT = (
    "n", "x", "y", "q", "m", "s|trim", "s|upper", "l|length", "loop.index", "loop is defined",
    "m.role", "m['content']", "x is defined", "n is odd", "l[-1]", "d|tojson", "x|string|length",
    "ns is defined", "(x|string)[::-1]", "x in l", "d.items()|list", "messages|length",
    "messages[0].role", "m.content is string", "y is none", "a", "b", "x ~ n", "'é' ~ q", "not x",
    "x and y", "x or 'o'", "[x, y]", "{'x': x}", "n + 1", "n * 2", "n // 2", "x == y", "loop.last",
    "loop.first", "messages|map(attribute='role')|list", "l|sort|join(',')", "l|first", "bos_token",
    "(s|replace('a', '<b>'))|capitalize", "s.split(',')|length", "w", "mm is defined", "k",
    "caller is defined", "tools|tojson(indent=1)", "true", "'%}'", "'}}'", "\"'\"", "'\\n'",
    "messages|selectattr('role','equalto','user')|list|length", "loop.depth", "ns.a", "(x, y)", "x if y", "x if y else n", "ns")
LOOP_PARTS = (
    "{{ loop.index }}", "{{ loop.last }}{{loop.first}}", "{{ loop.length }}", "{{ loop.previtem }}",
    "{{ loop.nextitem is defined }}", "{{ loop.revindex0 }}", "{{ loop.cycle('a','b') }}", "", "",
    "{{ loop.index0 }}{{ loop.revindex }}", "{{ loop }}")
TEXTS = ("text", "\r\n", "{", "}", "%}", "}}", "#}", "{ {", "-}}", "é🙂", "{%", "{{", "{#", "$")
FIXED = (
    {"messages": [
        {"role": "user", "content": "Hi  There\n"},
        {"role": "assistant", "content": "<b>ok</b> ΑΣ ß", "tool_calls": [{"function": {
            "name": "f", "arguments": {"b": 1, "a": [1, 2.5, None, True, "x\"'y"]}}}]},
        {"role": "user", "content": [{"type": "text", "text": "é🙂"}, {"type": "image"}]}],
     "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>", "n": 7, "f": 2.5,
     "z": 0, "e": "", "none_v": None, "d": {"b": 2, "a": 1, "B": None, "items": 5}, "l": [3, 1, 2],
     "ls": ["b", "A", "a", "B"], "s": "a,b,,c d\te\n f", "tools": [{"name": "t", "x": {"y": 1}}]},
    {"messages": [], "bos_token": "", "n": -3, "f": -0.0, "z": False, "e": [], "none_v": None,
     "d": {}, "l": [], "ls": ["x"], "s": "  ", "x": 1})


def random_variables(conversations):
    """Any JSON in the place of the variables that the templates name."""
    made = conversations.conversation("<s>", "</s>")
    made.update({name: conversations.json() for name in ("n", "f", "e", "x", "y", "d", "l", "ls")})
    made["s"] = conversations.text()
    return made


class TemplateMaker:
    def __init__(self, random):
        self.random = random
        self.short = False

    def one_of(self, *choices):
        return self.random.choice(choices)

    def template(self):
        self.short = self.random.random() < 0.5
        return self.body() if self.short else "{{ " + self.expression() + " }}"

    def expression(self, depth=0):
        if self.short and self.random.random() < 0.95:
            return self.random.choice(SHORT)
        kind = self.random.random()
        if depth > 3 or kind < 0.25:
            return self.random.choice(ATOMS)
        if kind < 0.45:
            return f"{self.operand(depth)}|{self.random.choice(FILTERS)}"
        if kind < 0.60:
            return f"({self.expression(depth + 1)}){self.random.choice(METHODS)}"
        if kind < 0.68:
            return f"{self.operand(depth)} is {self.one_of('', 'not ')}{self.random.choice(TESTS)}"
        if kind < 0.84:
            return (f"{self.operand(depth)} {self.random.choice(OPERATORS)} "
                    f"{self.operand(depth)}")
        if kind < 0.85:
            return f"{self.operand(depth)} ** {self.one_of('2', '0', '-1', '0.5', 'z')}"
        if kind < 0.89:
            other = self.one_of("", f" else {self.expression(depth + 1)}")
            return f"({self.expression(depth + 1)} if {self.expression(depth + 1)}{other})"
        if kind < 0.92:
            return f"not {self.operand(depth)}"
        if kind < 0.94:
            return f"{self.one_of('-', '+')}{self.operand(depth)}"
        items = [self.expression(depth + 1) for _ in range(self.random.randint(0, 3))]
        if kind < 0.97:
            return f"[{', '.join(items)}]"
        keys = ("'a'", "'b'", "1", "'k'", "n", "s")
        return "{" + ", ".join(f"{self.random.choice(keys)}: {item}" for item in items) + "}"

    def operand(self, depth):
        made = self.expression(depth + 1)
        return made if self.random.random() < 0.5 else f"({made})"

    def tag(self, words):
        return (f"{self.one_of('{%', '{%-', '{%', '{%+')} {words} "
                f"{self.one_of('%}', '-%}', '%}', '+%}')}")

    def body(self, depth=0, loop=False):
        out = ""
        for _ in range(self.random.randint(1, 3)):
            out += self.random.choice(SPACES) + self.statement(depth, loop)
        return out

    def statement(self, depth, loop):
        kind = self.random.random()
        if depth > 2 or kind < 0.3:
            return f"{self.one_of('{{', '{{-')} {self.expression(1)} {self.one_of('}}', '-}}')}"
        if kind < 0.45:
            return self.choice_block(depth, loop)
        if kind < 0.62:
            return self.loop_block(depth, loop)
        if kind < 0.79:
            return self.assignment(depth)
        if kind < 0.84:
            call = self.one_of("", "1", "1,2", "b=3", "1,b=x", "1,2,3", "c=1", "a=1,b=2")
            return (self.tag(self.one_of("macro mm(a, b=2)", "macro mm(a, b=a)", "macro mm(a)"))
                    + self.body(depth + 1) + "{{ a }}{{ b }}" + self.tag("endmacro")
                    + "{{ mm(" + call + ") }}")
        return self.rare_statement(depth, loop)

    def rare_statement(self, depth, loop):
        kind = self.random.randrange(8)
        if kind == 0:
            return f"{self.one_of('{#', '{#-')} c {self.one_of('#}', '-#}', '+#}')}"
        if kind == 1:
            return self.tag("raw") + " {{ x }} {% if %} \n" + self.tag("endraw")
        if kind == 2:
            return self.tag("generation") + self.body(depth + 1) + self.tag("endgeneration")
        if kind == 3:
            used = self.one_of("upper", "trim", "replace('a','b')", "indent(2)|upper")
            return self.tag(f"filter {used}") + self.body(depth + 1) + self.tag("endfilter")
        if kind == 4:
            return (self.tag(f"with w={self.expression(2)}") + self.body(depth + 1, loop)
                    + "{{ w }}" + self.tag("endwith"))
        if kind == 5 and loop:
            return self.tag(self.one_of("break", "continue"))
        if kind == 6:
            return (self.tag("macro cm()") + "<{{ caller() }}>" + self.tag("endmacro")
                    + self.tag("call cm()") + self.body(depth + 1) + self.tag("endcall"))
        return self.random.choice(TEXTS)

    def choice_block(self, depth, loop):
        out = self.tag(f"if {self.expression(1)}") + self.body(depth + 1, loop)
        if self.random.random() < 0.3:
            out += self.tag(f"elif {self.expression(1)}") + self.body(depth + 1, loop)
        if self.random.random() < 0.5:
            out += self.tag("else") + self.body(depth + 1, loop)
        return out + self.tag("endif")

    def loop_block(self, depth, loop):
        names = self.one_of("x", "m", "a, b", "y", "(a, b)")
        over = self.one_of("l", "messages", "d", "d.items()", "ls", "range(3)", "[1,2,3]", "s",
                           "d|dictsort", self.expression(2))
        only = self.one_of("", "", f" if {self.expression(2)}", " if m")
        out = (self.tag(f"for {names} in {over}{only}") + self.body(depth + 1, True)
               + self.random.choice(LOOP_PARTS))
        if self.random.random() < 0.2:
            out += self.tag("else") + self.body(depth + 1, loop)
        return out + self.tag("endfor")

    def assignment(self, depth):
        kind = self.random.random()
        if kind < 0.5:
            name = self.one_of("n", "x", "y", "s", "k", "m", "q", "x, y", "loop", "ns.a")
            return self.tag(f"set {name} = {self.expression(1)}")
        if kind < 0.75:
            used = self.one_of("", "", " | upper", " | trim")
            return self.tag(f"set q{used}") + self.body(depth + 1) + self.tag("endset")
        return (self.tag("set ns = namespace(a=0)") + self.tag("for i in [1,2]")
                + self.tag("set ns.a = ns.a + i") + self.tag("endfor") + "{{ ns.a }}")
