"""Databases that are foreign, damaged or out of reach."""

import os
import sqlite3

from bad_world import APPEND, RECORD, nothing, row


def sql(*statements):
    """run.db after these statements."""
    def prepare(w):
        with sqlite3.connect(w.db) as connection:
            for statement in statements:
                connection.execute(statement)
        connection.close()
    return prepare


def other_program(w):
    w.db.unlink()
    sql("CREATE TABLE photos (name TEXT)", "INSERT INTO photos VALUES ('summer')")(w)


def content(data):
    return lambda w: w.db.write_bytes(data)


def cut(w):
    os.truncate(w.db, w.db.stat().st_size // 2)


def noise(w):
    """Noise over the middle third, the header left whole."""
    size = w.db.stat().st_size
    with w.db.open("r+b") as file:
        file.seek(16384)
        file.write(os.urandom(size // 3))


def folder_instead(w):
    w.db.unlink()
    w.db.mkdir()


def beside(spoil):
    """A sound copy, other.db, beside the one that is spoiled."""
    def prepare(w):
        (w.folder / "other.db").write_bytes(w.db.read_bytes())
        spoil(w)
    return prepare


def locked_folder(w):
    (w.folder / "locked").mkdir()
    (w.folder / "locked").chmod(0o555)


def prompts(text):
    return lambda w: w.prompts.write_text(text)


RESUME = APPEND + " --resume"
ROWS = [
    row("schema of tomorrow", sql("PRAGMA user_version = 3"), APPEND, 1, "run.db",
        "schema version 3", "up to 2", "upgrade moescope"),
    row("schema of nobody", sql("PRAGMA user_version = -3"), APPEND, 1, "run.db", "got -3"),
    row("another program's database", other_program, APPEND, 1, "run.db",
        "expected a trace database", "photos", "name another file"),
    row("a foreign table beside ours", sql("CREATE TABLE photos (name TEXT)"), APPEND, 1, "run.db",
        "photos"),
    row("a foreign trigger",
        sql("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END"), APPEND, 1,
        "run.db", "also found 't'"),
    row("a table dropped", sql("DROP VIEW v_failed_prompt"), APPEND, 1, "run.db",
        "v_failed_prompt", "missing"),
    row("no database", content(b"Dear diary,\n" * 100), APPEND, 1, "run.db",
        "expected an SQLite database"),
    row("database cut", cut, APPEND, 1, "run.db", "damaged"),
    row("database of noise", noise, APPEND, 1, "run.db", "damaged", touches=("run.db",)),
    row("folder instead of a database", folder_instead, APPEND, 1, "run.db", "folder"),
    row("output over the prompts", nothing, "record {model} {prompts} -o {prompts}", 1,
        "prompts.jsonl", "expected an SQLite database"),
    row("output over the weights", nothing,
        "record {model} {prompts} -o {model}/model.safetensors", 1,
        "model.safetensors", "expected an SQLite database"),
    row("output is a device", nothing, "record {model} {prompts} -o /dev/null", 1, "/dev/null",
        "device"),
    row("output into a missing folder", nothing,
        "record {model} {prompts} -o {folder}/absent/run.db", 1,
        "absent/run.db", "there is no folder", "make it first"),
    row("output into a folder that is closed", locked_folder,
        "record {model} {prompts} -o {folder}/locked/run.db", 1,
        "locked/run.db", "may you write there?", drop_root=True),
    row("database that is read-only", lambda w: w.db.chmod(0o444), APPEND, 1, "run.db",
        "may you write there?", drop_root=True),
    row("resume with other prompts", prompts('{"id": "a", "text": "ab"}\n'), RESUME, 1, "run.db",
        "run 1", "prompts_hash", "leave out --resume"),
    row("resume with other weights", lambda w: w.weights(
        lambda t: t.update({"model.norm.weight": ("F32", [16], bytes(64))})), RESUME, 1, "run 1",
        "weights_id"),
    row("resume with another config", lambda w: w.config(rope_theta=5000.0), RESUME, 1, "run 1",
        "config"),
    row("resume with another tokenizer",
        lambda w: w.tokenizer(lambda t: t["model"]["merges"].pop()), RESUME, 1,
        "run 1", "tokenizer_hash"),
    row("resume with other scores", nothing, RESUME + " --scores none", 1, "scores", "'all'",
        "'none'"),
    row("resume without text", nothing, RESUME + " --text none", 1, "text_mode", "'full'",
        "'none'"),
    row("resume with a lens", nothing, RESUME + " --lens 2", 1, "n_lens"),
    row("resume with captures", nothing, RESUME + " --capture blocks.*.hook_resid_post", 1,
        "capture"),
    row("resume with an intervention", nothing, RESUME + " --intervene mask:L0.E1", 1,
        "intervention", "mask:L0.E1"),
    row("resume with generation", nothing, RESUME + " --max-new-tokens 2", 1, "max_new_tokens"),
    row("resume of a complete run", nothing, RESUME, 0, "run 1 is complete already"),
    row("resume where no file is", nothing, RECORD + " --resume", 0, "run 1", leaves=("new.db",)),
]

COMPARE = "compare {folder}/other.db {db}"
READERS = {"usage": "usage {db}", "tokens": "tokens {db} a", "sql": "sql {db} SELECT(1)",
           "export": "export {db} --canonical", "compare": COMPARE}
SPOILED = {
    "a missing database": (lambda w: w.db.unlink(), "no such file", "moescope record"),
    "a folder": (folder_instead, "folder"),
    "an empty file": (content(b""), "application id 0", "no tables"),
    "no database": (content(b"Dear diary,\n" * 100), "expected an SQLite database"),
    "another program's database": (other_program, "expected a trace database", "photos"),
    "a schema of tomorrow": (sql("PRAGMA user_version = 3"), "schema version 3",
    "upgrade moescope"),
    "a database cut": (cut, "damaged"),
    "a closed database": (lambda w: w.db.chmod(0), "may you open it?"),
}
for verb, words in READERS.items():
    for what, (spoil, *says) in SPOILED.items():
        ROWS.append(row(f"{verb} of {what}", beside(spoil), words, 1, "run.db", *says,
            drop_root=what == "a closed database"))

ROWS += [
    row("usage of an unknown run", nothing, "usage {db} --run 7", 1, "run.db", "7", "1"),
    row("tokens of an unknown run", nothing, "tokens {db} a --run 7", 1, "run.db", "7", "1"),
    row("export of an unknown run", nothing, "export {db} --run 7 --format npz -o {folder}/x.npz",
        1, "run.db", "7"),
    row("canonical text of an unknown run", nothing, "export {db} --run 7 --canonical", 1,
        "run.db", "7"),
    row("a run of text", nothing, "usage {db} --run first", 2, "--run", "'first'"),
    row("tokens of an unknown prompt", nothing, "tokens {db} zebra", 1, "run.db", "zebra"),
    row("tokens of a failed prompt",
        sql("UPDATE prompt SET failure = 'too long', finish = 'failed' WHERE name = 'b'"),
        "tokens {db} b", 1, "prompt 'b' failed and has no tokens: too long"),
    row("tokens of a failed prompt as JSON",
        sql("UPDATE prompt SET failure = 'too long', finish = 'failed' WHERE name = 'b'"),
        "tokens {db} b --json", 1,
        "prompt 'b' failed", shows='"failure": "too long"'),
    row("usage of a phase without tokens", nothing, "usage {db} --phase decode --csv", 1,
        "run 1 has no tokens of phase decode; --phase all"),
    row("usage where every prompt failed", sql("DELETE FROM run_tokens",
        "UPDATE prompt SET failure = 'x', finish = 'failed'"), "usage {db}", 1,
        "run 1 has no tokens: 2 of 2 prompts failed", "v_failed_prompt"),
    row("a trace with foreign tables is read, with a note", sql("CREATE TABLE photos (name TEXT)"),
        "sql {db} SELECT(1)", 0, "run.db: note: it also holds 'photos'", shows="1"),
    row("tokens of a layer without router", nothing, "tokens {db} a --layer 9", 1, "run.db",
        "layer 9", "0, 1"),
    row("usage by an unknown label", nothing, "usage {db} --by colour", 1, "colour", "language"),
    row("usage of values that are not there", nothing, "usage {db} --by language --compare en,xx",
        1, "xx"),
    row("compare with a missing first database", nothing, "compare {folder}/absent.db {db}", 1,
        "absent.db", "no such file", "moescope record"),
    row("compare of an unknown run", nothing, "compare {db} {db} --run-b 7", 1, "run.db", "run 7",
        "there are 1"),
    row("compare of one database", nothing, "compare {db}", 2, "DATABASE-B", "is missing"),
    row("compare of runs of other shapes", beside(sql("UPDATE run SET n_expert = 8")), COMPARE, 1,
        "run.db: run 1: experts: expected", "as in run 1 of", "other.db, got 8"),
    row("compare of prompts of other names", beside(sql("UPDATE prompt SET name = name || 'x'")),
        COMPARE, 1, "run.db: run 1: no token can be compared", "no prompt id is in both",
        "--by prompt-index", "usage --by KEY --compare", shows="only in A: 2 prompts (a, b)"),
    row("compare of other tokens", beside(sql("UPDATE token SET token_id = token_id + 1")),
        COMPARE + " --json", 1, "no prompt begins with the same tokens",
        shows='"why": "token ids differ"'),
    row("compare of two prompts of one name", beside(sql("UPDATE prompt SET name = 'a'")), COMPARE,
        1, "run.db: run 1: two prompts are named 'a'", "--by prompt-index"),
    row("compare of a phase without tokens", nothing, "compare {db} {db} --phase decode --quiet", 1,
        "no prompt has tokens of this phase", shows="no tokens of this phase: 2 prompts"),
    row("compare of a database without some choices",
        beside(sql("DELETE FROM routing WHERE slot = 1 AND layer = 1")), COMPARE, 1, "run.db",
        "run 1: token 1: expected", "is the file damaged?"),
    row("compare of an expert out of range", beside(sql("UPDATE routing SET expert = 99")), COMPARE,
        1, "run.db", "expert"),
    row("compare of router logits of another size",
        beside(sql("UPDATE token SET router_logits = x'00'")), COMPARE, 1,
        "run.db: run 1: token 1: router_logits: expected", "bytes, got 1"),
    row("compare with too many of the worst", nothing, "compare {db} {db} --worst 10001", 2, "--worst",
        "10000"),
    row("sql that writes", nothing, "sql {db} DELETE\tFROM\trun", 1, "run.db"),
    row("sql that attaches", nothing, "sql {db} ATTACH\t'{folder}/other.db'\tAS\to", 1, "run.db"),
    row("sql that is none", nothing, "sql {db} SELEKT", 1, "run.db", "SELEKT", "syntax error"),
    row("sql of two statements", nothing, "sql {db} SELECT(1);SELECT(2)", 2, "one statement"),
    row("sql of an unknown table", nothing, "sql {db} SELECT\t*\tFROM\tphotos", 1, "run.db",
        "photos"),
    row("export in no format", nothing, "export {db} --format odt", 2, "--format", "'odt'", "csv"),
    row("export of an unknown table", nothing, "export {db} --format csv --table photos", 1,
        "photos", "v_expert_usage"),
    row("export into a missing folder", nothing,
        "export {db} --format npz -o {folder}/absent/x.npz", 1, "absent/x.npz"),
    row("export of all tables into a folder of a missing folder", nothing,
        "export {db} --format csv -o {folder}/absent/tables", 1, "absent/tables",
        "no folder can be made there"),
    row("export of all tables over a file", nothing,
        "export {db} --format csv -o {prompts}", 1, "prompts.jsonl", "no folder can be made there"),
]
