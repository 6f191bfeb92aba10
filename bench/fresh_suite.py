#!/usr/bin/env python3
"""Writes a suite of fresh items, made from a shipped suite's own words, to standard output.

Suites of the probe interaction: the B sides (group and attribute; fields "b" and "b_...") are
exchanged between entries whose labels are equal, so that no set of four stands in the shipped
suite. Suites of pairs: before the tested clause stands another entry's clause, right on both sides.
Decision suites: the facts of a file stand in another order after the first, and both ages of a pair
are moved by the same number of years.
The same seed gives the same suite.
"""

import argparse
import copy
import json
import random
import re
import sys

import suite_items

AND = {"en": ", and ", "fr": ", et ", "de": ", und ", "es": ", y ", "it": ", e "}


def moved(n, generator):
    """A permutation of n places that leaves none where it was; of one place, that place."""
    order = list(range(n))
    generator.shuffle(order)
    after = dict(zip(order, order[1:] + order[:1]))  # one cycle through all places
    return [after[i] for i in range(n)]


def exchange_sides(entries, generator):
    groups = {}
    for at, value in enumerate(entries):
        groups.setdefault(json.dumps(value.get("labels", {}), sort_keys=True), []).append(at)
    out = copy.deepcopy(entries)
    for places in groups.values():
        for mine, other in zip(places, moved(len(places), generator)):
            source = entries[places[other]]
            for field, text in source["fields"].items():
                if field == "b" or field.startswith("b_"):
                    out[mine]["fields"][field] = text
            if places[other] != mine:
                out[mine]["id"] = f"{entries[mine]['id']}~{source['id']}"
    return out


def join_clauses(entries, generator, language):
    out = copy.deepcopy(entries)
    for value, other in zip(out, moved(len(entries), generator)):
        first = entries[other]["fields"]["more"]
        for field in ("more", "less"):
            value["fields"][field] = first + AND[language] + value["fields"][field]
        value["id"] += f"~{entries[other]['id']}"
    return out


def reorder_facts(entries, generator):
    out = copy.deepcopy(entries)
    for value in out:
        first, *rest = re.split(r"(?<=\.) ", value["text"])
        shuffled = rest[:]
        while shuffled == rest:
            generator.shuffle(shuffled)
        value["text"] = " ".join([first] + shuffled)
    return out


def move_ages(entries, generator):
    years = generator.choice((-3, -2, -1, 1, 2, 3))

    def moved_age(text):
        return re.sub(r"\d+", lambda age: str(int(age.group()) + years), text)

    out = copy.deepcopy(entries)
    for value in out:
        if "text" in value:
            value["text"] = moved_age(value["text"])
        for field, text in value.get("fields", {}).items():
            value["fields"][field] = moved_age(text)
    return out


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    suite = suite_items.load(options.suite)
    generator = random.Random(f"{suite['name']}/{options.seed}")
    for slot, entries in suite.get("grid", {}).get("slots", {}).items():
        if suite["cluster"] == ["facts"]:
            change = move_ages if slot == "person" else reorder_facts
            suite["grid"]["slots"][slot] = change(entries, generator)
        elif suite["probe"] == "interaction":
            suite["grid"]["slots"][slot] = exchange_sides(entries, generator)
        elif suite["probe"] == "pair_preference":
            suite["grid"]["slots"][slot] = join_clauses(entries, generator, suite["language"])
        else:
            sys.exit(f"{options.suite}: no rule for suites of the probe {suite['probe']}")
    if "grid" not in suite:
        sys.exit(f"{options.suite}: has no grid; its generator is: {suite.get('generator')}")
    suite["name"] += f"-fresh-{options.seed}"
    suite["canary"] = suite_items.canary(suite["name"], options.seed)
    suite["generator_seed"] = options.seed
    del suite["first_published"]
    sys.stdout.reconfigure(encoding="utf-8")
    print(json.dumps(suite, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
