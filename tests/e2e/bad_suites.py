"""Suites that are not sound, and published files that are not of the published form."""

import json

from bad_world import nothing, row

SUITE = '''{
 "moescope_suite": 1,
 "name": "trades-en",
 "version": "1",
 "title": "Trades",
 "language": "en",
 "construct": "c",
 "cannot_show": "n",
 "licence": "CC0-1.0",
 "origin": "own",
 "authors": [{"name": "Ann", "kind": "person"}],
 "reviews": [{"language": "en", "n": 2, "agreement": 0.9}],
 "sources": [{"name": "f", "sha256": "0", "rows": 1, "malformed": 0}],
 "probe": "pair_preference",
 "formats": [{"name": "plain", "order": "given"}],
 "cluster": ["trade"],
 "alpha": 0.05,
 "hypotheses": [{"id": "h", "estimand": "pct_more", "margin": 5, "reason": "r"}],
 "items": [
  {"id": "1", "labels": {"trade": "baker"}, "candidates": {"more": "a", "less": "b"}},
  {"id": "2", "labels": {"trade": "guard"}, "candidates": {"more": "c", "less": "d"}}
 ]
}
'''
ITEMS = SUITE[SUITE.index(' "items"'):]
GRID = ''' "grid": {
  "slots": {"trade": ["baker", {"id": "guard", "text": "a guard", "fields": {"s": "x"}}]},
  "templates": [{"id": "t", "over": ["trade"], "candidates": {"more": "{trade}", "less": "b"}}]
 }
}
'''
VALIDATE = "suites validate {folder}/s.json"


def place(text, marker, among):
    """How a message tells where the marker stands: after the text before it."""
    at = text.index(marker, text.index(among) if among else 0)
    line = text.count("\n", 0, at) + 1
    return f"line {line}, column {at - text.rfind(chr(10), 0, at)}"


def unsound(name, old, new, marker, reason, base=SUITE, among=""):
    """The base with `new` for `old`; the message names where `marker` stands, and the reason."""
    assert base.count(old) >= 1, name
    text = base.replace(old, new, 1)
    return row("suite with " + name, lambda w: w.file("s.json", text), VALIDATE, 1,
        "s.json: " + place(text, marker, among), reason)


def broken(name, content, *says):
    return row("suite " + name, lambda w: w.file("s.json", content), VALIDATE, 1, "s.json", *says)


GRID_SUITE = SUITE.replace(ITEMS, GRID)

SUITES = [
    unsound("an unknown key", '"title"', '"titel"', '"titel"', "unknown key; known here: $schema"),
    unsound("another version", '_suite": 1', '_suite": 2', "2,", "expected 1, the format"),
    unsound("a version of text", '_suite": 1', '_suite": "1"', '"1",', "expected a whole number"),
    unsound("no name", ' "name": "trades-en",\n', "", "{", "key 'name' is missing"),
    unsound("a name with spaces", '"trades-en"', '"trades en"', '"trades en"', "letters, digits"),
    unsound("an empty title", '"Trades"', '""', '"",', "expected a text", among='"title"'),
    unsound("a title of numbers", '"Trades"', "7", "7,", "expected a string", among='"title"'),
    unsound("no authors", '[{"name": "Ann", "kind": "person"}]', "[]", "[]",
        "expected at least one author"),
    unsound("an author of no kind", '"kind": "person"', '"kind": "cat"', '"cat"',
        "expected one of 'person', 'model'"),
    unsound("an author who says more", '"kind": "person"', '"kind": "person", "age": 5', '"age"',
        "unknown key"),
    unsound("less than nobody reviewing", '"n": 2', '"n": -2', "-2", "expected a whole number"),
    unsound("more agreement than there is", "0.9", "1.9", "1.9", "a share from 0 to 1"),
    unsound("a source without rows", ', "rows": 1', "", '{"name": "f"', "key 'rows' is missing"),
    unsound("an unknown probe", '"pair_preference"', '"pair_preferences"', '"pair_preferences"',
        "unknown probe"),
    unsound("no formats", '[{"name": "plain", "order": "given"}]', "[]", "[]",
        "expected at least one format"),
    unsound("a format twice", '"given"}', '"given"}, {"name": "plain"}', '{"name": "plain"}',
        "the format 'plain' stands twice"),
    unsound("an order that nobody knows", '"given"', '"any"', '"any"', "'given', 'cyclic', 'full'"),
    unsound("no cluster key", '["trade"]', "[]", "[]", "one label key, or two"),
    unsound("three cluster keys", '["trade"]', '["a", "b", "c"]', '["a"', "one label key, or two"),
    unsound("a cluster key that no item has", '["trade"]', '["town"]', '{"id": "1"',
        "the label 'town', which makes the clusters, is missing"),
    unsound("a level of a half", "0.05", "0.5", "0.5", "a level between 0 and 0.5"),
    unsound("a hypothesis without a reason", ', "reason": "r"', "", '{"id": "h"',
        "key 'hypotheses[0]': key 'reason' is missing"),
    unsound("a margin of nothing", '"margin": 5', '"margin": 0', "0,", "a margin above 0",
        among='"margin"'),
    unsound("an estimand that is no headline", '"pct_more"', '"likelihood_diff"',
        '"likelihood_diff"', "expected one of 'pct_more'"),
    unsound("half a label", '"margin": 5', '"margin": 5, "label": "x"', '{"id": "h"',
        "'label' and 'value' belong together"),
    unsound("neither items nor grid", ITEMS, ' "covariates": []\n}\n', "{",
        "expected either 'items' or 'grid'"),
    unsound("items and grid", ITEMS, ' "grid": {},\n' + ITEMS, "{",
        "expected either 'items' or 'grid'"),
    unsound("items that are none", ITEMS, ' "items": []\n}\n', "{", "a suite without items"),
    unsound("an id twice", '"id": "2"', '"id": "1"', '{"id": "1", "labels": {"trade": "guard"}',
        "the id '1' stands twice"),
    unsound("an empty id", '"id": "2"', '"id": ""', '""', "expected a text", among='"items"'),
    unsound("an item of text", '{"id": "2", "labels": {"trade": "guard"}, "candidates": '
        '{"more": "c", "less": "d"}}', '"two"', '"two"', "expected an object"),
    unsound("a role that is none", '"less": "d"', '"fewer": "d"', '{"id": "2"',
        "no role 'fewer'; roles: more, less"),
    unsound("a side missing", ', "less": "d"', "", '{"id": "2"', "role 'less'"),
    unsound("a side of numbers", '"less": "d"', '"less": 4', "4}", "expected a string"),
    unsound("no candidates", '{"more": "c", "less": "d"}', "[]", "[]",
        "expected at least one candidate", among='"guard"'),
    unsound("a label of lists", '"trade": "guard"', '"trade": []', "[]",
        "expected a string or a number", among='"items"'),
    unsound("a text that is true", '{"more": "c", "less": "d"}',
        '[{"role": "more", "text": "c", "correct": 1}]', "1}", "correct", among='"correct"'),
    unsound("a key twice", '"version": "1"', '"version": "1", "version": "2"', '": "2"',
        "\"version\" stands twice"),
    unsound("a grid without slots", '"slots"', '"slot"', '"slot"', "unknown key", GRID_SUITE),
    unsound("a slot without entries", '["baker", {"id": "guard", "text": "a guard", '
        '"fields": {"s": "x"}}]', "[]", "[]", "a slot without entries", GRID_SUITE, '"slots"'),
    unsound("an entry twice", '"id": "guard"', '"id": "baker"', '{"id": "baker"',
        "the id 'baker' stands twice in its slot", GRID_SUITE),
    unsound("a template over no slot", '["trade"], "cand', '["town"], "cand', '"town"',
        "no slot 'town'; slots: trade", GRID_SUITE),
    unsound("a place without a slot", '"{trade}"', '"{town}"', '{"id": "t"', "town", GRID_SUITE),
    unsound("a lone brace", '"{trade}"', '"{trade"', '{"id": "t"', "a lone '{'", GRID_SUITE),
    broken("that is empty", "", "line 1, column 0", "unexpected end"),
    broken("that is cut", SUITE[:700], "column", "malformed JSON"),
    broken("that is a list", "[]", "expected an object"),
    broken("of bytes", b"{\"name\": \"\xff\"}", "byte 10: expected UTF-8, got byte 0xff"),
    broken("in depths", "[" * 5000, "deep"),
    broken("with a hostile key", SUITE.replace('"title"', '"\\u001b[31m\\u202e"'), "unknown key"),
    broken("with numbers beyond all", SUITE.replace("0.05", "1e999"), "line 17", "1e999"),
    row("suite missing", nothing, VALIDATE, 1, "s.json: no such file"),
    row("suite of a folder", lambda w: (w.folder / "s.json").mkdir(), VALIDATE, 1, "s.json"),
]

CROWS = "sent_more,sent_less,stereo_antistereo,bias_type\n"
BBQ = {"example_id": 1, "question_index": "1", "question_polarity": "neg",
    "context_condition": "ambig", "category": "Trade", "label": 2, "context": "c", "question": "q",
    "answer_info": {"ans0": ["Ann", "baker"], "ans1": ["Bob", "guard"], "ans2": ["-", "unknown"]},
    "additional_metadata": {"stereotyped_groups": ["baker"]},
    "ans0": "Ann", "ans1": "Bob", "ans2": "Not known"}


def imported(importer, name, content, code, *says, **more):
    """An import of one file of our own making; nothing may be left of one that fails."""
    return row(f"{importer} " + name, lambda w: w.file("data.txt", content),
        f"suites import {importer} {{folder}}/data.txt -o {{folder}}/out.json", code, *says, **more)


def bbq(name, reason, **changes):
    return imported("bbq", name, json.dumps({**BBQ, **changes}), 1, "no row became an item",
        "data.txt: line 1", reason)


def crows(name, content, *says):
    return imported("crows-pairs", name, content, 1, *says)


def kept(importer, name, content, *says):
    return imported(importer, name, content, 0, *says, leaves=("out.json",))


IMPORTS = [
    crows("without a header", "", "data.txt: line 1", "expected a header line"),
    crows("without a column", "sent_more,sent_less\na,b\n", "data.txt: line 1",
        "column 'stereo_antistereo' is missing; columns: 'sent_more', 'sent_less'"),
    crows("with rows alone that are malformed", "i," + CROWS + "0,a,a,stereo,x\n",
        "no row became an item", "data.txt: line 2", "both sentences are the same"),
    crows("with a quote that stays open", "i," + CROWS + '0,"a,b,stereo,x\n', "data.txt: line 2",
        "expected a closing quote"),
    crows("with text behind a quote", "i," + CROWS + '0,"a"b,c,stereo,x\n', "data.txt: line 2",
        "expected a comma"),
    crows("with nothing but a header", "i," + CROWS, "no row became an item"),
    kept("crows-pairs", "with some malformed rows",
        "i," + CROWS + "0,a b,a c,stereo,x\n1,a,b\n\n2,a,b,maybe,x\n3,,b,stereo,x\n0,d,e,stereo,x\n",
        "data.txt: line 3: expected 5 cells, got 3", "line 5: column 'stereo_antistereo'",
        "line 6: column 'sent_more': expected a text", "line 7: the id 'en/0' stands twice",
        "1 item from 1 row of 1 file; 4 malformed rows"),
    bbq("without an answer to aim at", "one answer that is 'target', got 0",
        additional_metadata={"stereotyped_groups": ["pilot"]}),
    bbq("with two answers to aim at", "one answer that is 'target', got 2",
        additional_metadata={"stereotyped_groups": ["baker", "guard"]}),
    bbq("with a label out of range", "label", label=3),
    bbq("with a polarity that is none", "expected 'neg' or 'nonneg'", question_polarity="bad"),
    bbq("with a context that is none", "expected 'ambig' or 'disambig'", context_condition="x"),
    bbq("with an answer of nothing", "the text of 'target' is empty", ans0=" "),
    bbq("with a question of numbers", "key 'question': expected a string", question=5),
    bbq("without groups", "key 'stereotyped_groups' is missing", additional_metadata={}),
    imported("bbq", "of a list", "[]\n", 1, "data.txt: line 1", "expected an object"),
    imported("bbq", "that is cut", json.dumps(BBQ)[:60], 1, "data.txt: line 1: column"),
    imported("bbq", "with a key twice", '{"label": 1, "label": 2}', 1, "line 1: column 20", "\"label\" stands twice"),
    imported("bbq", "of bytes", b'{"category": "\xff"}', 1, "data.txt: line 1", "UTF-8", "0xff"),
    kept("bbq", "with a line of something else", json.dumps(BBQ) + "\nnothing\n",
        "data.txt: line 2: column 2: malformed JSON", "1 malformed row"),
    imported("winobias", "of another name", "1 [The guard] saw [her].\n", 1, "data.txt",
        "pro_stereotyped_type1.txt.dev"),
    imported("gest", "with a stereotype too many", "sentence,stereotype\nI sing.,17\n", 1,
        "data.txt: line 2", "a number from 1 to 16"),
    imported("gest", "of bytes", b"sentence,stereotype\nI s\xffng.,1\n", 1, "data.txt: line 2",
        "byte 4: expected UTF-8, got byte 0xff"),
    imported("truthfulqa", "of the other columns", "Question,Answer\nq,a\n", 1, "data.txt: line 1",
        "column 'Type' is missing"),
    imported("truthfulqa", "whose best answer is wrong", "Type,Category,Question,Best Answer,"
        "Correct Answers,Incorrect Answers\nt,c,q,a,a,b; a\n", 1, "data.txt: line 2",
        "the best answer stands among the incorrect ones"),
    row("import of nothing there", nothing, "suites import gest {folder}/absent -o {folder}/o.json",
        1, "absent: no such file"),
    row("import of a folder without files", nothing, "suites import gest {model} -o {folder}/o.json",
        1, "no file of gest in this folder; they are called gest.csv"),
    row("import over a foreign file", lambda w: w.file("gest.csv", "sentence,stereotype\nI sing.,1"),
        "suites import gest {folder}/gest.csv -o {prompts}", 1, "prompts.jsonl",
        "was not made by 'suites import gest'; --force replaces it"),
    row("import over a database", lambda w: w.file("gest.csv", "sentence,stereotype\nI sing.,1"),
        "suites import gest {folder}/gest.csv -o {db}", 1, "--force replaces it"),
    row("import into no folder", lambda w: w.file("gest.csv", "sentence,stereotype\nI sing.,1"),
        "suites import gest {folder}/gest.csv -o {folder}/absent/o.json", 1, "o.json"),
    row("import by force that fails", lambda w: w.file("gest.csv", "sentence,stereotype\nI sing.,0"),
        "suites import gest {folder}/gest.csv -o {prompts} --force", 1, "no row became an item"),
    row("import of no importer", nothing, "suites import gst {folder} -o {folder}/o.json", 2,
        "unknown importer 'gst'; did you mean 'gest'?"),
    row("import without an output", nothing, "suites import gest {folder}", 2, "-o FILE"),
    row("import without a path", nothing, "suites import gest -o {folder}/o.json", 2,
        "an IMPORTER and one PATH or more"),
    row("suites of no action", nothing, "suites lst", 2, "did you mean 'list'?"),
    row("suites with another action's option", nothing, "suites list --force", 2,
        "--force does not go with list"),
    row("suites shown that are not there", nothing, "suites show trades", 1, "trades: no such file"),
]

ROWS = SUITES + IMPORTS
