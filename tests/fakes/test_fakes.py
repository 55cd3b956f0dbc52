"""Stand-ins import nothing from the product, so their answers cannot repeat its mistakes."""

import subprocess
import sys

import pytest

LOADED = "import sys, importlib; importlib.import_module(sys.argv[1]); print(*sorted(sys.modules))"


@pytest.mark.parametrize("module", ["oracle", "faults.__main__", "loopback_hub"])
def test_a_stand_in_imports_no_module_of_the_product(module: str) -> None:
    command = [sys.executable, "-c", LOADED, f"ultramed.fakes.{module}"]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    own = [name for name in loaded if name.startswith("ultramed.")]
    assert own and all(name.startswith("ultramed.fakes") for name in own)
