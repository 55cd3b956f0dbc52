"""What reaches a trainer: the chat template drops nothing, the loss is on the assistant's words, no row is cut."""

from pathlib import Path
from typing import Any

import pytest
from training_rows import OWN, TEMPLATE, example, mixture, preference

from ultramed.errors import ModelError, ParamsError, SourceError
from ultramed.records import Example, Message, Preference
from ultramed.training.data import check_template, dialogues, read, shape, template_text

SYSTEM = [Message("system", "Be brief."), Message("user", "I bleed."), Message("assistant", "Where?"),
          Message("user", "Gums."), Message("assistant", "Brush softly.")]
TALKS = [example("a"), example("b", messages=SYSTEM[1:]), example("c", messages=SYSTEM), preference("d"),
         preference("e", messages=SYSTEM[:-1])]
LINE = "{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"


@pytest.fixture(scope="module")
def tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture
def own(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A tokenizer whose own template may be replaced."""
    monkeypatch.setattr(tokenizer, "chat_template", OWN)
    return tokenizer


def looped(line: str) -> str:
    return "{% for message in messages %}" + line + "{% endfor %}"


def test_the_template_of_the_project_suits_every_dialogue(tokenizer: Any) -> None:
    check_template(tokenizer, str(TEMPLATE), [shape(row) for row in TALKS])
    check_template(tokenizer, None, [shape(row) for row in TALKS])


@pytest.mark.parametrize(("line", "turns", "dropped"), [
    ("{% if message.role != 'system' %}" + LINE + "{% endif %}", SYSTEM, r"drops turn 1 of 5 \(system\)"),
    ("{% if loop.index > 2 %}" + LINE + "{% endif %}", SYSTEM[1:], r"drops turn 1 of 4 \(user\)"),
    ("{% if not loop.last %}" + LINE + "{% endif %}", [Message("user", "Yes."), Message("assistant", "Yes.")],
     r"drops turn 2 of 2 \(assistant\)"),
    (LINE.replace("message.content", "(message.content.split('?')[0])"), SYSTEM[1:], r"drops turn 2 of 4"),
], ids=["system", "first", "an echo", "half a turn"])
def test_a_template_that_drops_a_turn_is_refused(own: Any, line: str, turns: list[Message], dropped: str) -> None:
    own.chat_template = looped(line)
    with pytest.raises(ModelError, match=f"the tokenizer's chat template: {dropped}.*; fix"):
        check_template(own, None, [shape(example("a", messages=turns))])


def test_a_template_for_training_must_render_the_tokenizers_own_text(tokenizer: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.jinja"
    other.write_text(TEMPLATE.read_text().replace("SmolLM,", "Smol,"))
    with pytest.raises(ModelError, match=r"other\.jinja: renders \d+ characters that differ from the tokenizer's \d+"):
        check_template(tokenizer, str(other), [shape(TALKS[0])])
    check_template(tokenizer, str(other), [shape(TALKS[2])])  # with a system turn both render the same text


@pytest.mark.parametrize(("text", "cause"), [
    ("{{ raise_exception('System role not supported') }}", "System role not supported"),
    ("{% for %}", "Expected an expression"), (None, "chat_template is not set")])
def test_a_template_that_cannot_render_is_one_clear_line(
    own: Any, text: str | None, cause: str, tmp_path: Path
) -> None:
    own.chat_template = text
    data = mixture(tmp_path / "rows", [TALKS[2]], [])
    expected = f"template: cannot render the turns system, user, assistant, user, assistant: .*{cause}"
    with pytest.raises(ModelError, match=expected) as caught:
        read(data, Example, own, 512)
    assert "\n" not in str(caught.value)


def test_a_template_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"params.yaml: base.template: cannot read .*none\.jinja: No such file"):
        template_text(str(tmp_path / "none.jinja"))
    assert template_text(None) is None and template_text(str(TEMPLATE)) == TEMPLATE.read_text()


@pytest.mark.parametrize("row", TALKS[:3], ids=["one turn", "two turns", "with system turn"])
def test_the_loss_is_on_the_assistants_words_and_their_end(tokenizer: Any, row: Example) -> None:
    turns = [m.chat() for m in row.messages]
    found = tokenizer.apply_chat_template(turns, chat_template=TEMPLATE.read_text(), return_dict=True,
                                          return_assistant_tokens_mask=True)
    marked = [i for i, mark in zip(found["input_ids"], found["assistant_masks"], strict=True) if mark]
    said = [m.content + "<|im_end|>" for m in row.messages if m.role == "assistant"]
    assert tokenizer.decode(marked) == "".join(said)
    assert found["input_ids"] == tokenizer.apply_chat_template(turns, return_dict=False)


def test_rows_over_the_limit_are_left_out_and_counted(tokenizer: Any, tmp_path: Path) -> None:
    def length(row: Example | Preference) -> int:
        return max(len(tokenizer.apply_chat_template(d, return_dict=False)) for d in dialogues(shape(row)))

    long = example("long", said="x" * 60)
    data = mixture(tmp_path / "rows", [example("a"), long, example("b", source="ultrachat")], [long, example("c")])
    exact = read(data, Example, tokenizer, length(long))
    assert (exact.counts, exact.too_long, len(exact.train), len(exact.dev)) == ({"medical": 2, "ultrachat": 1}, 0, 3, 2)
    less = read(data, Example, tokenizer, length(long) - 1)
    assert (less.counts, less.too_long, len(less.train), len(less.dev)) == ({"medical": 1, "ultrachat": 1}, 2, 2, 1)
    pairs = mixture(tmp_path / "pairs", [preference("a"), preference("b", rejected="x" * 60)], [])
    assert read(pairs, Preference, tokenizer, length(preference("a"))).too_long == 1  # the longer answer decides


def test_nothing_to_learn_from_is_one_clear_line(tokenizer: Any, tmp_path: Path) -> None:
    empty = mixture(tmp_path / "empty", [], [example("a")])
    with pytest.raises(SourceError, match=r"empty: holds no row to train on; expected at least 1; raise a weight"):
        read(empty, Example, tokenizer, 512)
    long = mixture(tmp_path / "long", [example("a"), example("b")], [])
    with pytest.raises(SourceError, match=r"long: holds 2 rows, none of at most 9 tokens; raise max_length"):
        read(long, Example, tokenizer, 9)


def test_rights_are_the_strictest_of_what_is_trained_on(tokenizer: Any, tmp_path: Path) -> None:
    rows = [example("a"), example("b", rights="recipe"), example("c", rights="research"),
            example("d", said="x" * 400, rights="quarantine")]
    data = mixture(tmp_path / "rows", rows, [example("e", rights="quarantine")])
    assert read(data, Example, tokenizer, 200).rights == "recipe"
    assert read(data, Example, tokenizer, 900).rights == "quarantine"


def test_rows_take_the_form_trainers_know() -> None:
    assert shape(example("a", "Why?", "So.")) == {"messages": [
        {"role": "user", "content": "Why?"}, {"role": "assistant", "content": "So."}]}
    asked = [{"role": "user", "content": "Which ion falls?"}]
    good, bad = {"role": "assistant", "content": "Good."}, {"role": "assistant", "content": "Bad."}
    shaped = shape(preference("a", "Good.", "Bad."))
    assert shaped == {"prompt": asked, "chosen": [good], "rejected": [bad]}
    assert dialogues(shaped) == [[*asked, good], [*asked, bad]]
