"""What is known about the rights in each source: engineering notes, not legal advice. If you point a source at other
files, read their terms. Its class in `params.yaml` decides what the pipeline does with it."""

from dataclasses import dataclass

from ultramed.synthetic import MEDQA_EVOL, TEXTBOOKQA, WIKIINSTRUCT


@dataclass(frozen=True)
class Notice:
    title: str
    facts: str
    raw: tuple[str, ...]  # what it is made from, by name in raw or general of params


NOTICES = {
    "medqa": Notice(
        "MedQA (USMLE)",
        "The repository is MIT-licensed, other catalogues say unknown; rights in the exam items are unclear.",
        ("medqa",),
    ),
    "medmcqa": Notice(
        "MedMCQA",
        "The card says Apache-2.0; items and explanations come from third parties. Explanations are not used.",
        ("medmcqa",),
    ),
    "pubmedqa": Notice(
        "PubMedQA (artificial)",
        "MIT; abstracts may belong to their publishers. Its yes/no labels are heuristic, mostly yes.",
        ("pubmedqa",),
    ),
    "chatdoctor": Notice(
        "ChatDoctor (HealthCareMagic)",
        "Apache-2.0 badge, but 'academic research only' in its README; the dialogues belong to the platforms. "
        "De-identified by its authors, unaudited. Local models only, never released.",
        ("chatdoctor",),
    ),
    "medquad": Notice(
        "MedQuAD",
        "By Asma Ben Abacha and Dina Demner-Fushman (github.com/abachaa/MedQuAD), CC BY 4.0; three collections come "
        "without answers, which were removed for copyright.",
        ("medquad",),
    ),
    "medinstruct_52k": Notice(
        "MedInstruct-52k (AlpaCare)", "CC BY-NC 4.0, made from OpenAI models' outputs.", ("medinstruct_52k",)
    ),
    "medical_instruction_120k": Notice(
        "medical-instruction-120k",
        "Tagged MIT without a statement of origin; may repeat the ChatDoctor dialogues. Never released.",
        ("medical_instruction_120k",),
    ),
    MEDQA_EVOL.source: Notice(
        MEDQA_EVOL.prefix,
        "Evolved from MedQA items by the model named in the card: inherits the class of its parents.",
        ("medqa",),
    ),
    TEXTBOOKQA.source: Notice(
        TEXTBOOKQA.prefix,
        "Written by the model named in the card from textbook passages, which are referred to by id and hash and "
        "never shipped. Its class is that of the books and of the model.",
        ("textbooks",),
    ),
    WIKIINSTRUCT.source: Notice(
        WIKIINSTRUCT.prefix,
        "Written by the model named in the card about biomedical topics. Encyclopaedia text (CC BY-SA where it is "
        "Wikipedia's) grounds the questions and is not copied.",
        ("domains", "encyclopedia"),
    ),
    "ultrachat": Notice(
        "UltraChat 200k (HuggingFaceH4/ultrachat_200k)",
        "MIT on its card; dialogues that ChatGPT generated on both sides, 'intended solely for research and "
        "educational' purposes.",
        ("ultrachat",),
    ),
    "sharegpt": Notice(
        "ShareGPT",
        "Tagged Apache-2.0 or CC0 by uploaders who own neither the users' questions nor ChatGPT's answers; may hold "
        "personal data.",
        ("sharegpt",),
    ),
    "openorca": Notice(
        "OpenOrca (Open-Orca/OpenOrca)",
        "MIT on its card; answers by GPT-4 and GPT-3.5 to questions of the FLAN Collection, whose sets have licences "
        "of their own.",
        ("openorca",),
    ),
    "orca_math": Notice(
        "Orca-Math (microsoft/orca-math-word-problems-200k)",
        "MIT on its card; all answers by GPT-4 Turbo; 'not intended for use in educational systems'.",
        ("orca_math",),
    ),
    "ultrafeedback": Notice(
        "UltraFeedback, binarised (HuggingFaceH4/ultrafeedback_binarized)",
        "MIT on its card; answers by open and proprietary models, scored by GPT-4; some prompts are ShareGPT's.",
        ("ultrafeedback",),
    ),
    "ultrainteract": Notice(
        "UltraInteract, pairs (openbmb/UltraInteract_pair)",
        "MIT on its card; answers by GPT-3.5 Turbo, critiques by GPT-4; its questions come from sets with licences of "
        "their own.",
        ("ultrainteract",),
    ),
    "ultrasafety": Notice(
        "UltraSafety (openbmb/UltraSafety)",
        "MIT on its card; harmful instructions and completions by OpenAI's, Llama-2 and other models.",
        ("ultrasafety",),
    ),
}
UNKNOWN = Notice("", "Nothing is recorded about its rights; its class in params.yaml decides.", ())


def notice(source: str) -> Notice:
    """The notice of a source; UNKNOWN if nothing is recorded."""
    return NOTICES.get(source, UNKNOWN)
