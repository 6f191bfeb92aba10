"""What the rows of the bad input tables are made of: a small folder each, and ways to spoil it."""

import json
import os
import pathlib
import typing

import tiny_model

PROMPTS = '{"id": "a", "text": "ab cab", "language": "en"}\n{"id": "b", "text": "dd \u00e9"}\n'
RECORD = "record {model} {prompts} -o {new}"
APPEND = "record {model} {prompts} -o {db}"


class Row(typing.NamedTuple):
    """One command that must end well although its input does not."""

    name: str
    prepare: typing.Callable  # (World) -> None: what is made on disk
    command: str  # words; {model} {prompts} {new} {db} {folder} {golden} stand for paths
    code: int
    says: tuple  # fragments of the message, in order
    leaves: tuple = ()  # new files that it leaves
    shows: str = ""  # fragment of standard output; without it there must be none
    reasons: tuple = ()  # fragments of the reasons of failed prompts in {new}
    drop_root: bool = False  # permissions mean nothing to root
    touches: tuple = ()  # databases whose header (100 bytes) may change
    lists: bool = False  # the message goes on with a list of what is known


def row(name, prepare, command, code, *says, **more):
    return Row(name, prepare, command, code, says, **more)


def nothing(_):
    """Leaves the world as it is."""


class World:
    """A folder with a sound model, two prompts and a database of an earlier run."""

    def __init__(self, folder, database):
        self.folder = folder
        self.model = folder / "model"
        tiny_model.write(self.model)
        self.prompts = self.file("prompts.jsonl", PROMPTS)
        self.db = folder / "run.db"
        self.db.write_bytes(database)
        self.new = folder / "new.db"
        self.golden = pathlib.Path(__file__).resolve().parents[1] / "golden"

    def words(self, command):
        places = {k: str(v) for k, v in vars(self).items()}
        return [word.format_map(places) for word in command.split(" ")]

    def file(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def in_model(self, name, content):
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content)
        return self.file(f"model/{name}", content)

    def remove(self, name):
        (self.model / name).unlink()

    def config(self, **changes):
        """config.json with other values; None takes a key out."""
        merged = {**tiny_model.CONFIG, **changes}
        self.in_model("config.json", {k: v for k, v in merged.items() if v is not None})

    def weights(self, change):
        """model.safetensors after change(entries): name -> (dtype, shape, bytes)."""
        entries = tiny_model.tensors()
        change(entries)
        self.in_model("model.safetensors", tiny_model.safetensors(*tiny_model.header_of(entries)))

    def header(self, change):
        """model.safetensors after change(header); its data stay."""
        header, data = tiny_model.header_of(tiny_model.tensors())
        replaced = change(header)
        self.in_model("model.safetensors", tiny_model.safetensors(replaced or header, data))

    def shards(self, weight_map=None, split=True):
        """Two shards and their index; weight_map(sound map) may change what the index says."""
        entries = tiny_model.tensors()
        names = sorted(entries)
        half = len(names) // 2
        parts = {"one.safetensors": names[:half], "two.safetensors": names[half:]}
        for shard, of in parts.items():
            part = {name: entries[name] for name in of}
            self.in_model(shard, tiny_model.safetensors(*tiny_model.header_of(part)))
        self.remove("model.safetensors")
        sound = {name: shard for shard, of in parts.items() for name in of}
        if weight_map:
            sound = weight_map(sound)
        self.in_model("model.safetensors.index.json", {"metadata": {}, "weight_map": sound})

    def tokenizer(self, change):
        document = tiny_model.tokenizer()
        change(document)
        self.in_model("tokenizer.json", document)

    def snapshot(self):
        """Path -> what lies there, of everything in the folder."""
        found = {}
        for place, folders, files in os.walk(self.folder):
            for name in folders + files:
                path = pathlib.Path(place) / name
                key = str(path.relative_to(self.folder))
                if path.is_symlink():
                    found[key] = os.readlink(path)
                elif path.is_file():
                    found[key] = path.read_bytes()
                else:
                    found[key] = "no file"
        return found
