"""Prints the plain end of a test run: how many passed, what failed, what was skipped and why.

usage: summary.py JUNIT.xml
"""

import collections
import re
import sys
import xml.etree.ElementTree


def skip_reason(output):
    """The sentence that the test gave; the harnesses of C++ and Python tests print it differently."""
    for pattern in (r": Skipped\n(.+)", r"skipped=?:? ?['\"](.+?)['\"]", r"SKIPPED: (.+)"):
        found = re.search(pattern, output)
        if found:
            return found.group(1).strip()
    return "no reason given"


def main():
    cases = xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase")
    n_passed, failed, skipped = 0, [], collections.defaultdict(list)
    for case in cases:
        name, status = case.get("name").split("  # GetParam")[0], case.get("status")
        output = case.findtext("system-out") or ""
        if status == "run":
            n_passed += 1
        elif status == "fail":
            failed.append(name)
        else:
            skipped[skip_reason(output)].append(name)
    for reason, names in sorted(skipped.items()):
        listed = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        print(f"skipped {len(names)} ({reason}): {listed}")
    for name in failed:
        print(f"failed {name}")
    n_skipped = sum(len(names) for names in skipped.values())
    print(f"{n_passed} tests passed, {len(failed)} failed, {n_skipped} skipped")


if __name__ == "__main__":
    main()
