"""The files of the source tree, for the tests beside this file."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEFT_OUT = {"build", ".git", ".cache", "__pycache__"}


def files(*suffixes, under="."):
    """Every file of the tree with one of the suffixes, as a path relative to the root."""
    found = []
    for path in sorted((ROOT / under).rglob("*")):
        relative = path.relative_to(ROOT)
        if path.is_file() and not LEFT_OUT & set(relative.parts):
            if not suffixes or path.suffix in suffixes:
                found.append(relative)
    return found


def text(relative):
    return (ROOT / relative).read_text(encoding="utf-8")


def rooms():
    """Folder of each room -> (name, rank), as cmake/Rooms.cmake has them."""
    rows = re.findall(r'"(\w+):(\d+):([\w/]+)"', text("cmake/Rooms.cmake"))
    return {folder: (name, int(rank)) for name, rank, folder in rows}


def room_of(relative):
    """(name, rank) of the room that a file lies in; nothing outside the rooms."""
    return rooms().get(str(pathlib.PurePosixPath(relative).parent))
