"""What every command does with a command line: help, mistakes, versions, broken outputs."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
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


if __name__ == "__main__":
    unittest.main()
