"""The tree keeps its own promises: sources listed, commands documented, sizes, no private paths."""

import json
import os
import re
import shutil
import subprocess
import unittest

import tree

TEXT = (".cpp", ".hpp", ".py", ".cmake", ".txt", ".md", ".json", ".jsonl", ".sql", ".in", "")


class Suites(unittest.TestCase):
    def test_every_file_has_a_row_with_origin_and_licence(self):
        rows = re.findall(r"^\| `([^`]+)` \|(.+)\|$", tree.text("suites/SOURCES.md"), re.MULTILINE)
        listed = {f"suites/{name}": cells for name, cells in rows}
        present = {str(path) for path in tree.files(under="suites")}
        self.assertEqual(present - set(listed), set(), "not listed in suites/SOURCES.md")
        self.assertEqual(set(listed) - present, set(), "listed but not there")
        for name, cells in listed.items():
            filled = [cell.strip() for cell in cells.split("|")]
            self.assertEqual(len(filled), 4, name)
            self.assertTrue(all(filled), name)

    def test_no_share_alike_licence(self):
        for line in tree.text("suites/SOURCES.md").splitlines():
            if line.startswith("| `"):
                self.assertNotRegex(line, r"(?i)CC.?BY.?SA", line)


class Commands(unittest.TestCase):
    def setUp(self):
        program = os.environ["MOESCOPE_PROGRAM"]
        shown = subprocess.run([program, "help", "--json"], capture_output=True, check=True)
        self.names = [row["name"] for row in json.loads(shown.stdout)["commands"]]
        self.page = subprocess.run([program, "man"], capture_output=True, check=True, text=True)

    def test_every_command_is_in_the_manual_page(self):
        for name in self.names:
            self.assertIn(f"\n.SS {name}\n".replace("-", "\\-"), self.page.stdout)

    def test_documents_name_only_commands_that_exist(self):
        wrong = []
        for path in tree.files(".md"):
            if path.parts[0] == "models" and path.name == "README.md" and len(path.parts) > 2:
                continue
            for name in re.findall(r"`moescope ([a-z-]+)", tree.text(path)):
                if name not in self.names and not name.startswith("-"):
                    wrong.append(f"{path}: moescope {name}")
        self.assertEqual(wrong, [])

    def test_every_command_is_in_the_readme(self):
        readme = tree.text("README.md")
        for name in self.names:
            self.assertIn(f"`moescope {name}`", readme)

    def test_every_command_has_one_file(self):
        files = {path.name for path in tree.files(".cpp", under="cli")}
        for name in self.names:
            self.assertIn(f"{name.replace('-', '_')}_command.cpp", files)


class Text(unittest.TestCase):
    def test_no_paths_of_one_machine(self):
        private = re.compile(r"(?<![\w./~-])/(home|root|work|Users|mnt)/\w|/tmp/\w+\.\d{4}")
        wrong = []
        for path in tree.files(*TEXT):
            if path.parts[:2] == ("tests", "house") or path.parts[0] in ("models", "suites"):
                continue
            for number, line in enumerate(tree.text(path).splitlines(), 1):
                if private.search(line):
                    wrong.append(f"{path}:{number}: {line.strip()[:100]}")
        self.assertEqual(wrong, [])

    def test_lines_end_plainly(self):
        wrong = []
        for path in tree.files(".cpp", ".hpp", ".py", ".cmake", ".md", ".sql"):
            if path.parts[0] == "models":
                continue
            content = tree.text(path)
            if "\r" in content or not content.endswith("\n") or re.search(r"[ \t]$", content, re.M):
                wrong.append(str(path))
        self.assertEqual(wrong, [])

    def test_formatted_as_clang_format_does(self):
        tool = shutil.which("clang-format-14")
        if not tool:
            self.skipTest("clang-format-14 is not installed; ./setup --dev brings it")
        sources = [str(tree.ROOT / path) for path in tree.files(".cpp", ".hpp")]
        done = subprocess.run(
            [tool, "--dry-run", "--Werror", *sources], capture_output=True, text=True
        )
        self.assertEqual(done.returncode, 0, done.stderr[:2000])


class Scripts(unittest.TestCase):
    def test_shell_scripts_parse(self):
        for name in ("setup", "run-tests", ".ci/run", "tests/check-all", "tests/house/steps.sh"):
            done = subprocess.run(["bash", "-n", tree.ROOT / name], capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""), name)


class Links(unittest.TestCase):
    def test_links_between_documents_lead_somewhere(self):
        wrong = []
        for path in tree.files(".md"):
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", tree.text(path)):
                if "://" not in target and not (tree.ROOT / path.parent / target).exists():
                    wrong.append(f"{path}: {target}")
        self.assertEqual(wrong, [])


if __name__ == "__main__":
    unittest.main()
