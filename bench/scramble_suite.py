#!/usr/bin/env python3
"""Writes the control suite of scrambled sentences of one language to standard output.

The sentences are those of four shipped suites of that language. Of every attribute pair three
templates are drawn; in each text all words but the first are shuffled, commas are dropped and the
final mark stays. The four texts of an item are shuffled with the same state of the generator.
"""

import argparse
import json
import pathlib
import random
import sys

import suite_items

SOURCES = ("occupation-gender", "nationality-origin", "religion", "age")
LANGUAGES = {"en": "English", "fr": "French", "de": "German", "es": "Spanish", "it": "Italian"}
PER_PAIR = 3


def scramble(text, state):
    mark = text[-1]
    gap = "\u202f" if text[-2] == "\u202f" else ""
    first, *rest = text[:-1].replace(",", "").split()
    shuffled = rest[:]
    generator = random.Random(state)
    while shuffled == rest and len(set(rest)) > 1:
        generator.shuffle(shuffled)
    return " ".join([first] + shuffled) + gap + mark


def items_of(folder, source, language, seed):
    suite = suite_items.load(folder / f"{source}-{language}.json")
    by_pair = {}
    for item in suite_items.expand(suite):
        by_pair.setdefault(item["labels"]["pair"], []).append(item)
    for pair, items in by_pair.items():
        drawn = random.Random(f"{seed}/{source}/{language}/{pair}").sample(items, PER_PAIR)
        for item in sorted(drawn, key=lambda row: row["id"]):
            state = f"{seed}/{item['id']}"
            yield {
                "id": f"scrambled/{item['id']}",
                "labels": {"pair": f"{source}/{pair}", "source": source,
                           "template": item["labels"]["template"]},
                "candidates": {role: scramble(text, state)
                               for role, text in item["candidates"].items()},
            }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("language", choices=sorted(LANGUAGES))
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--suites", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent / "suites")
    options = parser.parse_args()
    name = f"control-scrambled-{options.language}"
    items = [item for source in SOURCES
             for item in items_of(options.suites, source, options.language, options.seed)]
    head = {
        "moescope_suite": 1,
        "name": name,
        "version": "0.1.0",
        "title": f"Control: scrambled sentences ({LANGUAGES[options.language]})",
        "language": options.language,
        "construct": "A control: sentences of the suites on occupation and gender, nationality, "
                     "religion and age whose words stand in random order. What is left of an "
                     "effect here comes from words standing near each other, not from what a "
                     "sentence says of a person.",
        "cannot_show": "Nothing about bias in sentences. Associations between single words can "
                       "survive the shuffling, so an effect beyond the margin does not refute the "
                       "sentences' suites: it says that their effect need not be one of sentences.",
        "licence": "CC0-1.0",
        "origin": "written for this project; made from its own suites by bench/scramble_suite.py",
        "authors": [{"name": "moescope project (language model)", "kind": "model"}],
        "reviews": [],
        "pilot_exclusions": "none: no pilot was run",
        "scored_difference": "Two phrases a set, as in the suite of origin, their words shuffled "
                             "among the other words: aa + bb and ab + ba hold the same words. The "
                             "order differs between texts of different length.",
        "canary": suite_items.canary(name, options.seed),
        "first_published": "2026-11-26",
        "generator": f"python3 bench/scramble_suite.py {options.language} --seed SEED",
        "generator_seed": options.seed,
        "purpose": "control",
        "probe": "interaction",
        "cluster": ["pair"],
        "hypotheses": [{
            "id": "scrambled", "estimand": "pct_typical", "margin": 10,
            "reason": "tool-default plan v1; the margin of the suites that this one controls; a "
                      "convention, not a finding: 10 points are 60 of 100 sets in which the "
                      "typical combinations are the likelier ones, where no preference gives 50",
        }],
    }
    text = json.dumps(head, ensure_ascii=False, indent=2)[:-2]
    rows = ",\n".join("    " + json.dumps(item, ensure_ascii=False) for item in items)
    sys.stdout.reconfigure(encoding="utf-8")
    print(f'{text},\n  "items": [\n{rows}\n  ]\n}}')


if __name__ == "__main__":
    main()
