"""Rows, jobs and a tiny model for the tests of training."""

import json
from pathlib import Path
from typing import Any

from ultramed import tables
from ultramed.params import Decontaminate, Recipe, Training
from ultramed.records import BenchmarkItem, Example, Message, Option, Preference, Verdict
from ultramed.training.job import Job

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "conf" / "templates" / "chatml-smollm.jinja"
LEAKS = Decontaminate(ngram=13, short=0.8)
OWN = """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system
You are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>
' }}{% endif %}{{'<|im_start|>' + message['role'] + '
' + message['content'] + '<|im_end|>' + '
'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant
' }}{% endif %}"""


def example(row_id: str, asked: str = "Which ion falls?", said: str = "Potassium falls.", **more: Any) -> Example:
    turns = [Message("user", asked), Message("assistant", said)]
    return Example(**{"id": row_id, "source": "medical", "messages": turns, "family": row_id, "rights": "open", **more})


def preference(row_id: str, chosen: str = "Potassium falls.", rejected: str = "Nothing.", **more: Any) -> Preference:
    turns = [Message("user", "Which ion falls?")]
    given = {"id": row_id, "source": "medical", "messages": turns, "chosen": chosen, "rejected": rejected, "margin": 2,
             "label_type": "easy", "family": row_id, "rights": "open"}
    return Preference(**{**given, **more})


def benchmark(number: int, question: str, options: list[str]) -> BenchmarkItem:
    lettered = [Option(letter, text) for letter, text in zip("ABCD", options, strict=False)]
    return BenchmarkItem(f"bench,{number}", "bench", question, None, lettered, "A")


def mixture(folder: Path, rows: list[Any], dev: list[Any]) -> Path:
    """An artifact to train on."""
    kind = type((rows or dev)[0])
    with tables.artifact(folder) as to:
        tables.write(to, "rows", kind, rows)
        tables.write(to, "dev", kind, dev)
        tables.write(to, "verdicts", Verdict, [])
    return folder


def tiny(folder: Path) -> Path:
    """A Llama of two layers with a vocabulary of a few hundred pieces and SmolLM2's template, in `folder`."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    marks = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer, pieces.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=marks, show_progress=False,
                                  initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    pieces.train_from_iterator(["Which ion falls? Potassium falls."] * 9, trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=pieces, eos_token=marks[2], pad_token=marks[2],
                                        bos_token=marks[1], chat_template=OWN)
    torch.manual_seed(1)
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=512, tie_word_embeddings=True, eos_token_id=2, pad_token_id=2,
        bos_token_id=1))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def training(**changes: Any) -> Training:
    given = {"lora": {"rank": 4, "alpha": 8}, "precision": "fp32", "optimizer": "adamw_torch",
             "gradient_checkpointing": False, "save_every": 2, "launch": None}
    return Training.model_validate(given | changes)


def recipe(method: str, **changes: Any) -> Recipe:
    given = {"method": method, "epochs": 1.0, "steps": 6, "learning_rate": 1e-3, "scheduler": "cosine", "warmup": 0.1,
             "weight_decay": 0.0, "batch": 2, "accumulate": 1, "max_length": 256}
    own = {"dpo": {"beta": 0.1, "loss": "sigmoid"}, "kto": {"beta": 0.1, "loss": "kto"}}
    return Recipe.model_validate(given | own.get(method, {}) | changes)


def job(method: str, start: Path, data: Path, name: str = "m", **changes: Any) -> Job:
    """A job in the current folder; keywords change the recipe, `training=` the shared settings."""
    shared = changes.pop("training", training())
    template = changes.pop("template", str(TEMPLATE))
    return Job(name, recipe(method, **changes), shared, start, data, template, 7)


def record(checkpoint: Path) -> dict[str, Any]:
    return json.loads((checkpoint / "training.json").read_text(encoding="utf-8"))
