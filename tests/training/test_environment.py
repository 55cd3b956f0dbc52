"""The environment of training: the same bytes for any number of threads; user settings are kept."""

import os
import subprocess
import sys

import pytest
from training_rows import ROOT

PRODUCT = """
from ultramed.training.environment import prepare
prepare()
import hashlib, torch
torch.manual_seed(0)
product = torch.randn(8, 4096) @ torch.randn(4096, 8)  # MKL shares the 4,096 terms of a sum out among threads
print(torch.get_num_threads(), hashlib.sha256(product.numpy().tobytes()).hexdigest())
"""


def product(threads: int) -> tuple[str, str]:
    environment = {k: v for k, v in os.environ.items() if k != "MKL_CBWR"}
    environment |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", PRODUCT], env=environment, text=True, capture_output=True, check=True)
    count, found = done.stdout.split()
    return count, found


def test_products_are_the_same_bytes_for_any_number_of_threads() -> None:
    one, two = product(1), product(2)
    assert (one[0], two[0]) == ("1", "2")
    assert one[1] == two[1]


def test_what_the_user_set_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    from ultramed.training.environment import prepare

    monkeypatch.setattr(os, "environ", {"MKL_CBWR": "COMPATIBLE", "TRANSFORMERS_VERBOSITY": "info"})
    prepare()
    assert (os.environ["MKL_CBWR"], os.environ["TRANSFORMERS_VERBOSITY"]) == ("COMPATIBLE", "info")
