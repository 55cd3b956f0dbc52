"""The original's Table 1 (arXiv 2406.03949), to stand beside ours."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One data set of the original; `None` where the paper gives no figure."""

    name: str
    category: str  # exam | literature | open
    synthetic: bool
    original: str  # as printed there
    length: float  # words an instruction
    score: float  # 1 to 10, by gpt-3.5-turbo
    retained: int


TABLE = {
    "medqa": Row("MedQA", "exam", False, "10.2K", 128.94, 7.35, 9_343),
    "medmcqa": Row("MedMCQA", "exam", False, "183K", 23.12, 4.73, 58_871),
    "medqa_evol": Row("MedQA-Evol", "exam", True, "51.8K", 76.52, 8.07, 51_809),
    "textbookqa": Row("TextBookQA", "exam", True, "91.7K", 75.92, 7.72, 91_684),
    "pubmedqa": Row("PubMedQA", "literature", False, "211K", 218.2, 7.95, 88_688),
    "chatdoctor": Row("ChatDoctor", "open", False, "100K", 98.93, 6.83, 31_115),
    "medquad": Row("MedQuad", "open", False, "47K", 8.21, 4.54, 5_957),
    "medinstruct_52k": Row("MedInstruct-52k", "open", True, "52K", 36.05, 5.25, 23_032),
    "medical_instruction_120k": Row("Medical-Instruct-120k", "open", True, "120K", 84.93, 5.36, 25_806),
    "wikiinstruct": Row("WikiInstruct", "open", True, "23K", 46.73, 8.80, 23_288),
}
TOTAL = (101.63, 8.2, 409_593)  # words, score, instructions
PAIRS = ("1.8M", "100K")  # all, selected
