"""What a recorded database holds, read by a program that knows nothing of moescope."""

import os
import sqlite3
import tempfile
import unittest

from program import moescope


class ByteRanges(unittest.TestCase):
    def test_bytes_of_one_character_span_the_whole_of_it(self):
        text = "a\U0001f600 b"
        with tempfile.TemporaryDirectory() as folder:
            prompts, file = os.path.join(folder, "p.txt"), os.path.join(folder, "run.db")
            with open(prompts, "w", encoding="utf-8") as lines:
                lines.write(text + "\n")
            done = moescope("record", "demo", prompts, "-o", file)
            self.assertEqual(done.returncode, 0, done.stderr)
            rows = sqlite3.connect(file).execute(
                "SELECT text, begin_byte, end_byte FROM token WHERE begin_byte IS NOT NULL "
                "ORDER BY pos").fetchall()
        emoji = [row for row in rows if isinstance(row[0], bytes)]
        self.assertEqual(b"".join(row[0] for row in emoji), "\U0001f600".encode())
        self.assertEqual({row[1:] for row in emoji}, {(1, 5)})
        for piece, begin, end in set(rows) - set(emoji):
            self.assertIn(text.encode()[begin:end].decode(), (piece, piece.lstrip(" ")))


if __name__ == "__main__":
    unittest.main()
