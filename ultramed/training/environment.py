"""The environment PyTorch and Transformers need before import: reproducible bytes, no network, quiet libraries."""

import os
import warnings


def prepare() -> None:
    """Set the environment of this process and of those it starts. The user's own settings are kept."""
    os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")  # else sums, and so weights, depend on the number of threads
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # Transformers reads this one
    warnings.filterwarnings("ignore")
