"""The paper's figures (arXiv 2406.03949), for comparison."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One data set in the paper's Table 1."""

    name: str
    category: str  # exam | literature | open
    synthetic: bool
    original: str  # as printed
    length: float  # words per instruction
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

# Accuracy in % on the nine tasks (its results table: zero-shot chain of thought, 8B models); the average is the plain
# mean of the nine.
COLUMNS = {"medqa_test": "MedQA", "medmcqa_dev": "MedMCQA", "pubmedqa_test": "PubMedQA",
           "mmlu_clinical_knowledge": "Clinical", "mmlu_medical_genetics": "Genetics", "mmlu_anatomy": "Anatomy",
           "mmlu_professional_medicine": "Prof. med.", "mmlu_college_biology": "Biology",
           "mmlu_college_medicine": "College"}  # heads, by task
RESULTS = {
    "Llama-3-8B-Instruct": (60.9, 50.7, 73.0, 72.1, 76.0, 63.0, 77.2, 79.9, 64.2),
    "UltraMix + SFT": (74.5, 62.0, 79.2, 75.8, 83.0, 73.3, 83.5, 81.2, 70.5),
    "UltraMix + DPO": (74.9, 63.6, 79.4, 78.1, 84.0, 71.9, 86.8, 80.6, 76.3),
    "UltraMix + KTO": (73.3, 63.8, 79.0, 77.4, 87.0, 71.9, 85.3, 80.6, 72.3),
    "UltraMix + iterative DPO": (74.2, 62.7, 79.2, 78.1, 87.0, 76.3, 87.5, 82.6, 69.9),
}
REWARDS = {"easy": 94.12, "hard": 73.47, "human": 77.30, "length": 77.22}  # UltraMedRM-8B, Medical RewardBench, in %
