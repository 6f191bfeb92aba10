"""What every command does with a command line: help, mistakes, versions, broken outputs."""

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from program import PROGRAM, moescope


def command_rows():
    return json.loads(moescope("help", "--json").stdout)["commands"]


class Help(unittest.TestCase):
    def test_every_command_explains_itself(self):
        overview = moescope("--help")
        self.assertEqual(overview.returncode, 0)
        for row in command_rows():
            page = moescope(row["name"], "--help")
            self.assertEqual((page.returncode, page.stderr), (0, ""), row["name"])
            self.assertIn(f"\n  {row['name']} ", overview.stdout)
            self.assertTrue(page.stdout.startswith(f"usage: moescope {row['name']}"))
            for option in row["options"]:
                self.assertIn(f"--{option['name']}", page.stdout)
            self.assertEqual(page.stdout, moescope("help", row["name"]).stdout)

    def test_a_models_facts_fit_the_width(self):
        page = moescope("inspect", "demo", "--hash", environment={"COLUMNS": "40"}).stdout
        lines = [line for line in page.splitlines() if " " in line[14:]]
        self.assertGreater(len(lines), 10)
        self.assertLessEqual(max(map(len, lines)), 40)
        whole = moescope("inspect", "demo", "--hash", environment={"COLUMNS": "200"}).stdout
        self.assertEqual(page.split(), whole.split())

    def test_locales_that_are_not_utf8_get_ascii(self):
        for words in (["tokenize", "demo", "two words\n"], ["usage", "--help"], ["--help"],
                      ["record", "--help"], ["inspect", "demo"]):
            for locale in ("C", "de_DE.ISO-8859-1"):
                done = moescope(*words, environment={"LC_ALL": locale})
                self.assertTrue(done.stdout.isascii(), done.stdout)
        self.assertIn("0-3      _two\n", moescope("tokenize", "demo", "two words",
                                                environment={"LC_ALL": "C"}).stdout)
        document = json.loads(moescope("tokenize", "demo", "two words", "--json",
                                       environment={"LC_ALL": "C"}).stdout)
        self.assertIn("▁two", document["pieces"])

    def test_messages_are_ascii_where_the_locale_is(self):
        self.assertIn(r"\x1b[31m", moescope("\x1b[31m", environment={"LC_ALL": "C"}).stderr)
        self.assertIn("␛[31m", moescope("\x1b[31m").stderr)

    def test_lines_fit_the_width_that_columns_asks_for(self):
        page = moescope("--help", environment={"COLUMNS": "50"}).stdout
        self.assertLessEqual(max(map(len, page.splitlines())), 50)

    def test_version(self):
        shown = moescope("--version")
        self.assertRegex(shown.stdout, r"^moescope \d+\.\d+\.\d+(\+[0-9a-f]{12}(\.dirty)?)?\n$")
        version = json.loads(moescope("--version", "--json").stdout)
        self.assertEqual(version["schema"], "moescope.version.v1")
        self.assertEqual(f"moescope {version['version']}\n", shown.stdout)


class Mistakes(unittest.TestCase):
    def refused(self, *words):
        done = moescope(*words)
        self.assertEqual(done.returncode, 2, words)
        self.assertEqual(done.stdout, "", words)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr

    def test_no_command(self):
        self.assertIn("moescope --help", self.refused())

    def test_unknown_command_suggests_and_lists(self):
        message = self.refused("docter")
        self.assertIn("unknown command 'docter'; did you mean 'doctor'?", message)
        for row in command_rows():
            self.assertIn(row["name"], message)

    def test_unknown_option_suggests_for_every_command(self):
        for row in command_rows():
            message = self.refused(row["name"], "--jsom")
            self.assertIn("did you mean '--json'?", message)
            self.assertIn(f"moescope {row['name']} --help", message)

    def test_missing_and_superfluous_operands(self):
        for row in command_rows():
            operands = row["operands"].split()
            if operands and not operands[0].startswith("["):
                self.assertIn("is missing", self.refused(row["name"]))
            if not row["operands"].replace("]", "").endswith("..."):
                extra = ["x"] * (len(operands) + 1)
                self.assertIn("unexpected operand 'x'", self.refused(row["name"], *extra))

    def test_control_characters_are_shown_and_not_sent(self):
        self.assertNotIn("\x1b", self.refused("\x1b[31mred"))


class Outputs(unittest.TestCase):
    def test_full_disk_is_an_error(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("there is no /dev/full here")
        with open("/dev/full", "w") as full:
            done = moescope("man", stdout=full)
        self.assertEqual(done.returncode, 75)
        self.assertIn("stdout: ", done.stderr)

    def test_reader_that_leaves_is_no_error_message(self):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as closed:
            done = moescope("man", stdout=closed)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.returncode, -signal.SIGPIPE)

    def test_lines_that_are_none_get_a_line_that_says_why(self):
        for command, good in (("tokenize", '"a b"'), ("logprobs", '{"text": "a b"}')):
            done = moescope(command, "demo", "--jsonl", input=f"{good}\n{{nonsense\n{good}\n7")
            lines = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(["error" in line for line in lines], [False, True, False, True])
            self.assertEqual(lines[0]["ids"], lines[2]["ids"])
            self.assertRegex(lines[1]["error"], "^line 2: column 3: malformed JSON")
            self.assertEqual(done.returncode, 1)
            self.assertIn("2 of 4 ", done.stderr)

    def test_schema_stands_first_in_every_json_document(self):
        for words, command in ((["help"], "help"), (["man"], "man"), (["doctor"], "doctor"),
                               (["completion", "bash"], "completion")):
            document = moescope(*words, "--json").stdout
            self.assertEqual(next(iter(json.loads(document).items())),
                             ("schema", f"moescope.{command}.v1"))


class GeneratedFiles(unittest.TestCase):
    def test_manual_page_has_no_warnings(self):
        if not shutil.which("groff"):
            self.skipTest("groff is not installed")
        done = subprocess.run(["groff", "-ww", "-b", "-k", "-man", "-Tutf8"], text=True,
                              input=moescope("man").stdout, capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for section in ("NAME", "SYNOPSIS", "COMMANDS", "EXIT STATUS", "ENVIRONMENT"):
            self.assertIn(section, re.sub(".\b", "", done.stdout))

    def check_syntax(self, shell):
        if not shutil.which(shell):
            self.skipTest(f"{shell} is not installed")
        done = subprocess.run([shell, "-n"], text=True, capture_output=True,
                              input=moescope("completion", shell).stdout)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_bash_script_parses(self):
        self.check_syntax("bash")

    def test_zsh_script_parses(self):
        self.check_syntax("zsh")

    def test_fish_script_parses(self):
        self.check_syntax("fish")

    def completions(self, *words):
        """What bash offers for the last word."""
        script = (f'source <("$1" completion bash); shift; COMP_WORDS=("$@"); '
                  f'COMP_CWORD={len(words)}; _moescope 2>/dev/null; printf "%s\\n" "${{COMPREPLY[@]}}"')
        with tempfile.TemporaryDirectory() as empty:
            done = subprocess.run(["bash", "-c", script, "bash", PROGRAM, "moescope", *words],
                                  text=True, capture_output=True, cwd=empty)
        return set(done.stdout.split())

    def test_bash_offers_commands_options_and_values(self):
        names = {row["name"] for row in command_rows()}
        self.assertEqual(self.completions(""), names | {"--help", "--version"})
        self.assertEqual(self.completions("completion", ""), {"bash", "zsh", "fish"})
        for row in command_rows():
            offered = self.completions(row["name"], "--")
            self.assertEqual(offered, {f"--{option['name']}" for option in row["options"]})
            for option in row["options"]:
                if "|" in option["argument"] and option["argument"].islower():
                    self.assertEqual(self.completions(row["name"], f"--{option['name']}", ""),
                                     set(option["argument"].split("|")))


def fish_offers(line, folder):
    """What fish offers for the last word of a line."""
    script = 'source (eval $argv[1] completion fish | psub); complete -C $argv[2]'
    done = subprocess.run(["fish", "--no-config", "-c", script, PROGRAM, line], text=True,
                          capture_output=True, cwd=folder, timeout=60,
                          env={**os.environ, "HOME": folder, "LC_ALL": "C.UTF-8"})
    return [row.split("\t")[0] for row in done.stdout.splitlines()]


class Zsh:
    """An interactive zsh, in which moescope prints the words that it is given."""

    def __init__(self, folder, load):
        pid, self.terminal = pty.fork()
        if pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="dumb", LC_ALL="C.UTF-8", HOME=folder, ZDOTDIR=folder)
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.pid = pid
        self.send(f"autoload -Uz compinit; {load}; "
                  "function moescope { print -r -- \"GO\"\"T:${(j:|:)@}:\"\"END\" }; print REA''DY\n")
        self.read_until(b"READY\r\n")

    def send(self, text):
        os.write(self.terminal, text.encode())

    def read_until(self, mark):
        seen, end = b"", time.monotonic() + 60
        while mark not in seen:
            ready, _, _ = select.select([self.terminal], [], [], end - time.monotonic())
            if not ready:
                raise AssertionError(f"zsh said {seen!r} and not {mark!r}")
            seen += os.read(self.terminal, 65536)
        return seen

    def completes(self, line):
        """The words of the line after a tab at its end, as moescope gets them."""
        self.send(line + "\t\n")
        words = re.search(rb"GOT:(.*):END", self.read_until(b":END")).group(1)
        return words.decode().split("|")

    def leave(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


# A line, and what becomes of its last word, in a folder with one file.
COMPLETED = [
    ("moescope insp", "inspect"),
    ("moescope --ver", "--version"),
    ("moescope inspect demo --ha", "--hash"),
    ("moescope record demo --scores to", "topk"),
    ("moescope record demo --scores=to", "--scores=topk"),
    ("moescope record de", "demo"),
    ("moescope record demo unus", "unusual.jsonl"),
    ("moescope record demo --output unus", "unusual.jsonl"),
    ("moescope record demo -o unus", "unusual.jsonl"),
    ("moescope completion z", "zsh"),
    ("moescope help insp", "inspect"),
    ("moescope completion unus", "unus"),
    ("moescope doctor unus", "unus"),
    ("moescope help record --sco", "--sco"),
]


class LiveShells(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        with open(os.path.join(self.folder, "unusual.jsonl"), "w"):
            pass

    def need(self, shell):
        if not shutil.which(shell):
            self.skipTest(f"{shell} is not installed")

    def test_fish_completes(self):
        self.need("fish")
        for line, word in COMPLETED:
            offered = fish_offers(line, self.folder)
            self.assertEqual(offered, [] if line.endswith(" " + word) else [word], line)
        names = {row["name"] for row in command_rows()}
        self.assertEqual(set(fish_offers("moescope ", self.folder)), names)
        self.assertEqual(set(fish_offers("moescope completion ", self.folder)),
                         {"bash", "zsh", "fish"})
        for row in command_rows():
            longs = {f"--{option['name']}" for option in row["options"]}
            self.assertEqual(set(fish_offers(f"moescope {row['name']} --", self.folder)), longs)

    def check_zsh(self, load):
        self.need("zsh")
        zsh = Zsh(self.folder, load)
        self.addCleanup(zsh.leave)
        for line, word in COMPLETED:
            self.assertEqual(zsh.completes(line)[-1], word, line)

    def test_zsh_completes_with_the_sourced_script(self):
        self.check_zsh(f"compinit -u -D; source <({PROGRAM} completion zsh)")

    def test_zsh_completes_with_the_installed_script(self):
        with open(os.path.join(self.folder, "_moescope"), "w") as script:
            script.write(moescope("completion", "zsh").stdout)
        self.check_zsh(f"fpath=({self.folder} $fpath); compinit -u -D")


if __name__ == "__main__":
    unittest.main()
