"""A suite's grid, expanded as the program expands it; for the scripts beside this file."""

import itertools
import json
import pathlib
import re
import uuid


def load(path):
    return json.loads(pathlib.Path(path).read_text(encoding="utf-8"))


def canary(name, seed):
    return f"moescope-canary {uuid.uuid5(uuid.NAMESPACE_URL, f'moescope suite {name} seed {seed}')}"


def entry(value):
    return value if isinstance(value, dict) else {"id": value, "text": value}


def fill(pattern, choice):
    words = {}
    for slot, value in choice.items():
        if "text" in value:
            words[slot] = value["text"]
        for field, text in value.get("fields", {}).items():
            words[slot if field == "text" else f"{slot}.{field}"] = text
    return re.sub(r"\{([^{}]+)\}", lambda found: words[found.group(1)], pattern)


def texts(template):
    if isinstance(template["candidates"], dict):
        return list(template["candidates"].items())
    shared = template.get("prompt", "")
    return [(row["role"], f"{row.get('prompt', shared)}\n{row['text']}")
            for row in template["candidates"]]


def expand(suite):
    """Items of a grid: id, labels, and by role the candidate's prompt and text in one."""
    items = []
    slots = suite["grid"]["slots"]
    for template in suite["grid"]["templates"]:
        over = template["over"]
        for values in itertools.product(*(slots[slot] for slot in over)):
            choice = {slot: entry(value) for slot, value in zip(over, values)}
            labels = {**template.get("labels", {}), "template": template["id"]}
            for slot, value in choice.items():
                labels[slot] = value["id"]
                labels.update(value.get("labels", {}))
            items.append({
                "id": "/".join([template["id"]] + [value["id"] for value in choice.values()]),
                "labels": labels,
                "candidates": {role: fill(text, choice) for role, text in texts(template)},
            })
    return items
