"""Includes point to a lower rank, and third-party headers stay where they belong."""

import re
import unittest

import tree

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)

# Third-party headers: pattern -> pattern of the files that may include them.
# docs/architecture.md says why. One that is in neither table is refused.
HOMES = {
    r"sqlite3\.h": r"core/trace/.*",
    r"n?curses(w)?(/.*)?\.h": r"tui/curses_screen\.cpp",
    r"curl/.*": r"core/hub/.*",
    r"hwy/.*|immintrin\.h|arm_neon\.h|x86intrin\.h|cpuid\.h": r"core/kernels/.*",
    r"Eigen/.*": r".*_ref\.cpp|core/stats/.*|core/decomposition/.*",
    r"boost/math/.*": r"core/stats/.*",
    r"openssl/.*": r"core/base/sha256\.cpp|reports/.*",
    r"pcre2\.h|utf8proc\.h": r"core/tokenizer/.*",
    r"omp\.h": r"core/kernels/.*|core/model/.*|cli/.*|bench/.*",
    r"nlohmann/.*": r"(?!core/kernels/|core/stats/).*",
    r"fmt/.*": r".*",
    r"sentencepiece_processor\.h": r"tests/core/tokenizer/.*",
    r"(gtest|gmock)/.*": r"tests/.*",
    r"benchmark/.*": r"bench/.*",
}
# Headers of C, of POSIX and of Linux that any room may use.
SYSTEM = re.compile(
    r"[a-z_]+|(sys|linux|netinet|arpa)/\w+\.h"
    r"|(stdlib|stdio|string|time|sched|unistd|fcntl|pthread|signal|dirent|poll|termios|langinfo|locale|wchar|netdb|elf|endian)\.h"
)


def includes(relative):
    """(is a project header, path) of each include, with includes in comments left out."""
    source = re.sub(r"/\*.*?\*/|//[^\n]*", "", tree.text(relative), flags=re.DOTALL)
    return [(kind == '"', path) for kind, path in INCLUDE.findall(source)]


class Includes(unittest.TestCase):
    def setUp(self):
        self.sources = [f for f in tree.files(".cpp", ".hpp") if f.parts[0] != "tests"]
        self.assertGreater(len(self.sources), 20)

    def test_project_headers_are_of_a_lower_rank_or_of_the_same_room(self):
        wrong = []
        for source in self.sources:
            own = tree.room_of(source)
            for is_project, path in includes(source):
                other = tree.room_of(path) if is_project else None
                if own is None or other is None or other == own:
                    continue
                if other[1] >= own[1]:
                    wrong.append(f"{source} (rank {own[1]}) includes {path} (rank {other[1]})")
        self.assertEqual(wrong, [])

    def test_project_headers_are_named_from_the_root(self):
        wrong = []
        for source in tree.files(".cpp", ".hpp"):
            for is_project, path in includes(source):
                generated = path.endswith(("_version.h", ".inc")) or source.parts[1] == "e2e"
                if is_project and not generated and not (tree.ROOT / path).is_file():
                    wrong.append(f"{source}: {path}")
        self.assertEqual(wrong, [])

    def test_third_party_headers_stay_at_home(self):
        wrong = []
        for source in tree.files(".cpp", ".hpp"):
            for is_project, path in includes(source):
                if is_project:
                    continue
                homes = [home for header, home in HOMES.items() if re.fullmatch(header, path)]
                if not homes and not SYSTEM.fullmatch(path):
                    wrong.append(f"{source}: <{path}> is in no table of this test")
                name = str(source)
                in_test_of_home = source.parts[0] == "tests" and any(
                    re.fullmatch(home, re.sub(r"_test\.cpp$", "_ref.cpp", name[len("tests/"):]))
                    for home in homes
                )
                if homes and not in_test_of_home and not any(re.fullmatch(h, name) for h in homes):
                    wrong.append(f"{source}: <{path}> belongs to {homes[0]}")
        self.assertEqual(wrong, [])

    def test_every_source_lies_in_a_room(self):
        known = {"tests", "bench", "fuzz"}
        stray = [str(s) for s in self.sources if s.parts[0] not in known and not tree.room_of(s)]
        self.assertEqual(stray, [])


if __name__ == "__main__":
    unittest.main()
