"""Chat templates as transformers renders them: the environment of its render_jinja_template."""

import copy
import datetime
import json

import jinja2
import jinja2.ext
import jinja2.sandbox


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return jinja2.nodes.CallBlock(self.call_method("_inside"), [], [], body).set_lineno(line)

    def _inside(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators,
                      sort_keys=sort_keys)


def environment():
    made = jinja2.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols])
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = lambda form: datetime.datetime.now().strftime(form)
    return made


def render(environment, template, conversations):
    """For each conversation ("text", text), or ("error", why)."""
    try:
        compiled = environment.from_string(template)
    except Exception as e:
        return [("error", f"{type(e).__name__}: {e}")] * len(conversations)
    out = []
    for variables in conversations:
        known = {"tools": None, "documents": None, "add_generation_prompt": False, **variables}
        try:
            # A copy: some filters of Jinja change a list, which the next template must not see.
            out.append(("text", compiled.render(**copy.deepcopy(known))))
        except Exception as e:
            out.append(("error", f"{type(e).__name__}: {e}"))
    return out
