"""Tests against reference packages run with the interpreter that has them."""

import importlib.util
import os
import pathlib
import sys
import unittest


def use_reference_python():
    """Starts the running test again with $MOESCOPE_TEST_PYTHON, where that names another one."""
    wanted = os.environ.get("MOESCOPE_TEST_PYTHON")
    if wanted and not os.environ.get("MOESCOPE_IN_TEST_PYTHON"):
        os.environ["MOESCOPE_IN_TEST_PYTHON"] = "1"
        os.execv(wanted, [wanted, "-B", *sys.argv])


def need(*packages):
    """Skips the test unless the running interpreter has these packages."""
    for name in packages:
        if importlib.util.find_spec(name) is None:
            raise unittest.SkipTest(f"{pathlib.Path(sys.executable).name} has no package '{name}'; "
                                    "$MOESCOPE_TEST_PYTHON may name an interpreter that has it")


def number(name, default):
    """A whole number from the environment."""
    return int(os.environ.get(name, default))
