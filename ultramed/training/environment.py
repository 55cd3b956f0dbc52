"""What must stand before PyTorch and Transformers are imported: same bytes, no network, no noise of libraries."""

import os
import platform
import warnings
from pathlib import Path


def prepare() -> None:
    """Set the environment of this process and of those it starts. What the user has set stands."""
    if _has_avx2():
        os.environ.setdefault("MKL_CBWR", "AVX2,STRICT")
        os.environ.setdefault("ATEN_CPU_CAPABILITY", "avx2")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_DATASETS_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")  # Transformers reads this one
    warnings.filterwarnings("ignore")


def _has_avx2() -> bool:
    """MKL and PyTorch choose their kernels by processor and share sums out among threads, so another machine or another
    number of threads gave other weights; one kind of kernel in one order costs a tenth more time. Processors without
    it keep their own: PyTorch does not look whether what it is told to use is there."""
    info = Path("/proc/cpuinfo")
    return platform.machine() == "x86_64" and info.exists() and " avx2" in info.read_text(encoding="utf-8")
