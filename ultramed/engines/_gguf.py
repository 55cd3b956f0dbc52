"""A trained policy as a GGUF file, so that llama.cpp can serve it: weights in Q8_0, everything else (tokenizer,
template, shapes) as in the base model's GGUF file."""

import json
import os
import warnings
from pathlib import Path

import gguf
import numpy as np

from ultramed.errors import EnvironmentFault, ModelError

ARCHITECTURE = "llama"
_OWN = ("GGUF.", "general.architecture", "general.file_type", "general.quantization_version")
_BLOCK = 32  # values in a Q8_0 block


def export(checkpoint: Path, base: Path, out: Path) -> None:
    """Write `out` from a Transformers checkpoint whose base model came from the GGUF file `base`.

    Raises ModelError for another architecture, or if the weights do not match the tensors of `base` one to one;
    EnvironmentFault if the disk is full.
    """
    reader = gguf.GGUFReader(base)
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8"))
    architectures = {base: reader.fields["general.architecture"].contents(), checkpoint: config.get("model_type")}
    for path, architecture in architectures.items():
        if architecture != ARCHITECTURE:
            raise ModelError(str(path), f"has architecture {architecture}; only {ARCHITECTURE} can be served from "
                                        "trained weights", "set serving.engine to vllm")
    partial = out.with_name(f".{out.name}.partial")
    writer = gguf.GGUFWriter(partial, ARCHITECTURE)
    _copy_fields(reader, writer)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    _add_weights(checkpoint, config, reader, writer)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    except OSError as error:  # NumPy's carries no error number
        partial.unlink(missing_ok=True)
        raise EnvironmentFault(str(out), f"cannot be written: {error}", "check free space there") from error
    os.replace(partial, out)


def _copy_fields(reader: gguf.GGUFReader, writer: gguf.GGUFWriter) -> None:
    for name, field in reader.fields.items():
        if not name.startswith(_OWN):
            inner = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=inner)


def _add_weights(checkpoint: Path, config: dict, reader: gguf.GGUFReader, writer: gguf.GGUFWriter) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about its own imports
        import torch  # noqa: F401
        from safetensors import safe_open

    heads = {"q_proj": config["num_attention_heads"], "k_proj": config["num_key_value_heads"]}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    missing = {tensor.name: tuple(map(int, reversed(tensor.shape))) for tensor in reader.tensors}
    for file in sorted(checkpoint.glob("*.safetensors")):
        with safe_open(file, framework="pt") as weights:
            for name in sorted(weights.keys()):
                target = names.get_name(name, try_suffixes=(".weight",))
                if target not in missing:
                    raise ModelError(str(file), f"holds '{name}', which is missing from its base's GGUF file")
                values = weights.get_tensor(name).float().numpy()
                if values.shape != (shape := missing.pop(target)):
                    raise ModelError(str(file), f"holds '{name}' of shape {values.shape}; its base has {shape}")
                part = name.split(".")[-2]
                _add(writer, target, _interleaved(values, heads[part]) if part in heads else values)
    if lacking := sorted(missing.keys() - {"rope_freqs.weight"}):
        raise ModelError(str(checkpoint), f"has no weights for {', '.join(lacking[:3])}", "`dvc repro` rebuilds it")


def _add(writer: gguf.GGUFWriter, name: str, values: np.ndarray) -> None:
    kind = gguf.GGMLQuantizationType.Q8_0 if values.ndim > 1 and values.shape[-1] % _BLOCK == 0 \
        else gguf.GGMLQuantizationType.F32
    writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


def _interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key projection in llama.cpp's order: Transformers stores the two halves that rotary embeddings
    rotate one after the other, llama.cpp interleaves their rows in pairs."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)
