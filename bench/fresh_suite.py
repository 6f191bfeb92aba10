#!/usr/bin/env python3
"""Writes a suite of fresh items, made from a shipped suite's own words, to standard output.

Suites of the probe interaction: the B sides (group and attribute; fields "b" and "b_...") are
exchanged between entries whose labels are equal, so that no set of four stands in the shipped
suite. Suites of pairs: before the tested clause stands another entry's clause, right on both sides.
Decision suites: the facts of a file stand in another order after the first, and both ages of a pair
are moved by the same number of years. Suites of negation: other names. Suites of paraphrases: other
wrong answers.
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
NAMES = {
    "en": "Adam Clare Edgar Fiona Harold Judith Martin Nora Oscar Rose Victor Wendy",
    "fr": "Bernard Cécile Denis Hélène Jacques Lucie Martin Nadine Roger Suzanne Victor Yvonne",
    "de": "Bernd Clara Erik Frieda Hanno Ines Jonas Maren Nils Rosa Viktor Wiebke",
    "es": "Bruno Celia Darío Elvira Hugo Irene Lucas Nuria Óscar Rosa Víctor Yolanda",
    "it": "Bruno Cecilia Dario Elvira Guido Irene Luca Nadia Oscar Rosa Vittorio Wanda",
}


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


def other_names(entries, generator, language):
    return generator.sample(NAMES[language].split(), len(entries))


def other_answers(entries, generator):
    rights = [value["fields"]["right"] for value in entries]
    out = copy.deepcopy(entries)
    for value in out:
        fields = value["fields"]
        wrong = [name for name in fields if name.startswith("wrong")]
        before = {fields[name] for name in wrong}
        drawn = before
        while set(drawn) == before:
            drawn = generator.sample([right for right in rights if right != fields["right"]],
                                     len(wrong))
        fields.update(zip(wrong, drawn))
    return out


def fresh_slot(suite, slot, entries, generator):
    if suite["cluster"] == ["facts"]:
        return (move_ages if slot == "person" else reorder_facts)(entries, generator)
    if suite["probe"] == "interaction":
        return exchange_sides(entries, generator)
    if suite["probe"] == "pair_preference":
        return join_clauses(entries, generator, suite["language"])
    if suite["probe"] == "negation_pair":
        return other_names(entries, generator, suite["language"]) if slot == "name" else entries
    if suite["cluster"] == ["fact"]:
        return other_answers(entries, generator)
    sys.exit(f"no rule for suites of the probe {suite['probe']} with these clusters")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite")
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    suite = suite_items.load(options.suite)
    generator = random.Random(f"{suite['name']}/{options.seed}")
    for slot, entries in suite.get("grid", {}).get("slots", {}).items():
        suite["grid"]["slots"][slot] = fresh_slot(suite, slot, entries, generator)
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
