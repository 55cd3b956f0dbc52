"""A planted key is in no file that a run leaves: ledger, batches, logs, manifests, errors, spending."""

from pathlib import Path

import pytest
from clients import KEY, ask
from faulty import endpoint
from loopback import question, settings

from ultramed import tables
from ultramed.ledger.ledger import Ledger
from ultramed.ledger.segments import pack
from ultramed.params import Price
from ultramed.records import Use

pytestmark = pytest.mark.usefixtures("ledger")
PRICE = Price(prompt=1.0, completion=1.0)


def holding(folder: Path) -> list[Path]:
    return [p for p in folder.rglob("*") if p.is_file() and KEY.encode() in p.read_bytes()]


@pytest.mark.parametrize("batch", [None, {}])
def test_no_file_of_a_run_holds_the_key(
    ledger: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str], batch: dict | None
) -> None:
    """Through single requests and batches, with faults of every kind, down to the packed ledger."""
    kinds = ("429", "500", "400", "reset", "garbage", "truncated")
    with endpoint(tmp_path, faults=[{"kind": kind, "share": 0.1} for kind in kinds], reply="yes") as address:
        given = settings(8, PRICE, "LOOPBACK_KEY", batch=batch)
        answers, asker = ask(address, (question(f"q{n}") for n in range(60)), given, "api", "LOOPBACK_KEY")
    assert sum(a.ok for a in answers) > 40
    with tables.artifact(tmp_path / "artifact") as folder:
        tables.write(folder, "manifest", Use, asker.manifest)
    opened = Ledger(ledger)
    pack(opened, tmp_path / "segments")
    opened.close()
    assert holding(tmp_path) == []
    assert KEY not in "".join(capfd.readouterr())
