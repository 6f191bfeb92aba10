#!/usr/bin/env python3
"""Converts Hugging Face folders with llama.cpp's own converter and verifies the GGUF files.

    bench/verify_converted.py LLAMA_CPP MOESCOPE FOLDER...

LLAMA_CPP is a checkout of llama.cpp (its Python requirements installed); every FOLDER holds a float
checkpoint and its golden.json. The vocabulary is left out, so the folders need no tokenizer.
"""

import os
import pathlib
import subprocess
import sys
import tempfile


def convert(folder, file):
    import gguf
    import torch
    from conversion import ModelBase, ModelType, get_model_architecture, get_model_class
    settings = ModelBase.load_hparams(folder, False)
    converter = get_model_class(get_model_architecture(settings, ModelType.TEXT))
    for part in converter.__mro__:
        if "set_vocab" in vars(part):
            part.set_vocab = lambda self: None
    with torch.inference_mode():
        converter(folder, gguf.LlamaFileType.ALL_F32, file).write()


def main():
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    llama_cpp, moescope, *folders = sys.argv[1:]
    sys.path[:0] = [llama_cpp, os.path.join(llama_cpp, "gguf-py")]
    failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for folder in map(pathlib.Path, folders):
            file = pathlib.Path(scratch, f"{folder.name}.gguf")
            try:
                convert(folder, file)
            except Exception as error:
                print(f"{folder.name}: not converted: {type(error).__name__}: {error}")
                continue
            done = subprocess.run([moescope, "verify", file, "--against", folder / "golden.json"],
                                  capture_output=True, text=True)
            print(f"{folder.name}: {(done.stdout or done.stderr).strip().splitlines()[-1]}")
            failed += done.returncode != 0
            file.unlink()
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
