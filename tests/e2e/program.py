"""Runs the built program, for the tests beside this file."""

import os
import pathlib
import subprocess

PROGRAM = os.path.abspath(os.environ["MOESCOPE_PROGRAM"])
ROOT = pathlib.Path(__file__).resolve().parents[2]


def moescope(*words, text=True, environment=None, **options):
    """The finished process of one command line; standard input is empty unless given."""
    settings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "MOESCOPE_DATA")}
    settings.update({"LC_ALL": "C.UTF-8", **(environment or {})})
    options.setdefault("stdin", None if "input" in options else subprocess.DEVNULL)
    if "input" in options:
        options.pop("stdin")
    options.setdefault("timeout", 300)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.run([PROGRAM, *map(str, words)], text=text, env=settings, **options)
