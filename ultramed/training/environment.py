"""What must be set before PyTorch and Transformers are imported: same bytes, no network, no noise of libraries."""

import os
import warnings


def prepare() -> None:
    """Set the environment of this process and of those it starts. What the user has set is kept."""
    os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")  # else sums depend on threads, and weights with them
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # Transformers reads this one
    warnings.filterwarnings("ignore")
