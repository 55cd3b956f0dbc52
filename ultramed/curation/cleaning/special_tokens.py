"""Special tokens of chat templates in plain text.

A tokenizer takes them for real ones: trained on, `<|im_start|>system` in a question opens a turn. Those that merely
frame a text are taken out; a row with one inside is of no use, for what surrounds it may be a turn of somebody else.
"""

import re
from collections.abc import Iterator

_BAR = r"[|｜]"
_HALF = r"(?:turn|channel|tool|tool_call|tool_response|think|image|audio|video|message|start|end)"
_ROLES = r"(?:Instruction|Input|Response|Human|Assistant|User|System|Prompt)"
_FAMILIES = (
    # ChatML, Qwen, GLM, Llama 3, Phi, Harmony, Granite, Command R, DeepSeek (with full-width bars and ▁) …
    rf"[<＜]\s?{_BAR}\s?[\w/][\w▁ .:/-]{{1,60}}{_BAR}[>＞]",
    rf"<\|/?{_HALF}>|</?{_HALF}\|>",  # Gemma 4
    r"</?s>|<(?:bos|eos|pad|unk|mask|sop|eop|eoh|eoa|eom|eod)>",  # SentencePiece; GLM, InternLM, MOSS
    r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|MODEL_SETTINGS|ARGS|THINK)\]",  # Mistral
    r"<</?SYS>>",  # Llama 2
    r"</?(?:start|end)_of_(?:turn|image|audio)>|<unused\d{1,5}>",  # Gemma
    r"</?(?:think|thinking|thought|tool_call|tool_response|function_calls?)>|◁/?think▷",  # Qwen 3, DeepSeek R1, Kimi
    r"</?seed:[a-z_]{1,30}>|<\[[\w▁]{1,40}\]>",  # Seed
    r"\[[gs]MASK\]|\[\|\w{1,30}\|\]|\]~!?b\]|\[e~\[",  # ChatGLM; Baize, EXAONE; MiniMax
    r"<(?:reserved_\d{1,5}|TOKENS_UNUSED_\d{1,5}|extra_id_\d{1,3}|fim_(?:prefix|middle|suffix|pad)|empty_output)>",
    rf"(?m:^\#{{2,3}}\s?{_ROLES}\s?:)|(?m:^<(?:human|bot|user|assistant|system)>\s?:)",  # Alpaca, Vicuna; Pythia
)
_TOKEN = re.compile("|".join(_FAMILIES))
_HINTS = ("<", "＜", "[", "◁", "##", "]~")  # one of these stands in every text that holds a token
_THOUGHT = re.compile(r"\s*<(think|thinking|thought)>")
_OPENING = re.compile(r"(?:begin|start)▁?_?of▁?_?(?:sentence|text)|startoftext|bos|^</?s>$|[gs]MASK|^<sop>$")
_CLOSING = re.compile(
    r"end▁?_?of▁?_?(?:sentence|text|turn)|endof(?:text|turn)|im_end|eot_id|eom_id|eos|^</s>$|[|｜]end[|｜]"
    r"|[|｜]return[|｜]|^<turn\|>$|END_OF_TURN_TOKEN|\[e~\[")


def find(text: str) -> Iterator[tuple[int, int]]:
    """Where special tokens stand in a text, in characters."""
    if any(hint in text for hint in _HINTS):
        yield from (match.span() for match in _TOKEN.finditer(text))


def without_frame(text: str) -> str:
    """The text without the tokens that open and close it, and without the closed thinking that it begins with."""
    spans = list(find(text))
    if not spans:
        return text
    start, end = 0, len(text)
    for token_start, token_end in spans:
        if text[start:token_start].strip() or not _OPENING.search(text[token_start:token_end]):
            break
        start = token_end
    for token_start, token_end in reversed(spans):
        if token_start < start or text[token_end:end].strip() or not _CLOSING.search(text[token_start:token_end]):
            break
        end = token_start
    return _without_thought(text[start:end])


def _without_thought(text: str) -> str:
    if not (opening := _THOUGHT.match(text)):
        return text
    closing = f"</{opening[1]}>"
    _, closed, rest = text.partition(closing)
    return rest.lstrip() if closed and rest.strip() else text
