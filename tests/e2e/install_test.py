"""What `cmake --install` puts in place works from there, in a folder that nobody prepared."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from program import ROOT

BUILD = os.environ["MOESCOPE_BUILD"]


class Installation(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if os.environ.get("MOESCOPE_SANITIZE"):
            raise unittest.SkipTest("a sanitized library cannot be linked by a plain program")
        cls.folder = tempfile.TemporaryDirectory()
        cls.prefix = pathlib.Path(cls.folder.name) / "prefix"
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", cls.prefix],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def run_installed(self, *words):
        settings = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": self.folder.name}
        return subprocess.run([self.prefix / "bin" / "moescope", *words], cwd="/", env=settings,
                              capture_output=True, text=True)

    def test_program_finds_the_demo_model_beside_itself(self):
        report = json.loads(self.run_installed("doctor", "--json").stdout)
        found = {row["topic"]: row for row in report["findings"]}
        demo = pathlib.Path(found["demo model"]["value"])
        self.assertEqual(demo, self.prefix / "share" / "moescope" / "models" / "demo")
        self.assertTrue((demo / "model.safetensors").is_file())

    def test_everything_is_in_its_place(self):
        for path in ("share/man/man1/moescope.1", "share/bash-completion/completions/moescope",
                     "share/zsh/site-functions/_moescope",
                     "share/fish/vendor_completions.d/moescope.fish",
                     "share/moescope/suites/SOURCES.md", "share/moescope/suites/prompts/en.jsonl",
                     "share/moescope/schema.sql", "include/moescope/core/base/error.hpp",
                     "share/doc/moescope/LICENSE"):
            file = self.prefix / path
            self.assertTrue(file.is_file() and file.stat().st_size > 0, path)

    def test_nothing_names_the_build_tree(self):
        for file in self.prefix.rglob("*.cmake"):
            text = file.read_text()
            for folder in ("build", "core", "cmake", "cli"):
                self.assertNotIn(f"{ROOT}/{folder}", text, file)

    def test_a_program_of_someone_else_links_the_package(self):
        build = pathlib.Path(self.folder.name) / "consumer"
        for command in (["cmake", "-G", "Ninja", "-S", ROOT / "tests/e2e/consumer", "-B", build,
                         f"-DCMAKE_PREFIX_PATH={self.prefix}"],
                        ["cmake", "--build", build]):
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        done = subprocess.run([build / "consumer", ROOT / "models" / "demo"],
                              capture_output=True, text=True)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"^8 layers on \w+\n$")


if __name__ == "__main__":
    unittest.main()
