"""What a stage does besides its work: one-line errors, one stage at a time in a worktree, exit when `dvc` exits."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ultramed

ROOT = Path(__file__).parents[1]
HEAD = "import time\nfrom pathlib import Path\nfrom ultramed import stage, errors\n"
TABLES = "import os, resource, pyarrow as pa; from ultramed import tables\n    "
SLEEPER = HEAD + "def main(seconds='60'):\n    print('running', flush=True)\n    time.sleep(float(seconds))\n" \
    "    print('slept', flush=True)\nstage.run(main)\n"


def environment(**more: str) -> dict[str, str]:
    """The test's environment, with the package under test and without variables of an outer `dvc`."""
    plain = {k: v for k, v in os.environ.items() if not k.startswith("DVC_")}
    return {**plain, "PYTHONPATH": str(Path(ultramed.__file__).parents[1]), **more}


def script(folder: Path, body: str, name: str = "work.py") -> Path:
    (folder / name).write_text(body, encoding="utf-8")
    return folder / name


def start(path: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, path, *arguments], cwd=path.parent, env=environment(**more), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def outcome(folder: Path, body: str, *arguments: str) -> tuple[int, list[str]]:
    """Exit code and lines on stderr of a stage with this `main`."""
    with start(script(folder, f"{HEAD}def main(*given):\n    {body}\nstage.run(main)\n"), *arguments) as process:
        _, said = process.communicate(timeout=30)
    return process.returncode, said.splitlines()


def test_a_stage_that_ends_well_says_nothing(tmp_path: Path) -> None:
    assert outcome(tmp_path, "Path('given').write_text(','.join(given))", "medqa", "b") == (0, [])
    assert (tmp_path / "given").read_text() == "medqa,b"


def test_a_mistake_of_the_user_is_one_line_and_exit_1(tmp_path: Path) -> None:
    raised = "raise errors.SourceError('a.json: line 3', 'holds no question', 'mend it')"
    assert outcome(tmp_path, raised) == (1, ["ERROR a.json: line 3: holds no question; mend it"])


def test_a_mistake_of_the_code_keeps_its_traceback(tmp_path: Path) -> None:
    code, said = outcome(tmp_path, "raise ValueError('ours')")
    assert (code, said[0], said[-1]) == (1, "Traceback (most recent call last):", "ValueError: ours")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("body", [
    "Path('full').write_text('x')",
    f"{TABLES}tables.write_arrow(Path('full'), pa.table({{'a': [1]}}))",
], ids=["text", "parquet"])
def test_a_full_disk_is_one_line(body: str, tmp_path: Path) -> None:
    """Written through a link, because Parquet's writer removes what it could not fill."""
    (tmp_path / "full").symlink_to("/dev/full")
    code, said = outcome(tmp_path, body)
    assert (code, len(said)) == (1, 1), said
    assert said[0].startswith("ERROR ") and "No space left on device" in said[0]
    assert said[0].endswith("; check space and permissions there, then run `dvc repro` again")


def test_a_table_that_does_not_fit_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    body = (
        f"{TABLES}resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "    with tables.artifact(Path('out')) as folder:\n"
        "        tables.write_arrow(folder / 'rows', pa.table({'a': [os.urandom(200_000)]}))"
    )
    code, said = outcome(tmp_path, body)
    assert (code, len(said)) == (1, 1), said
    assert "File too large" in said[0]
    assert not any(p.name.startswith(("out", ".out")) for p in tmp_path.iterdir())


def test_a_folder_that_may_not_be_written_is_one_line(tmp_path: Path) -> None:
    """Root may write anywhere, so a stage that runs as root drops that privilege first."""
    body = (
        f"{TABLES}Path('closed').mkdir(mode=0o555)\n"
        "    os.getuid() or os.setuid(65534)\n"
        "    with tables.artifact(Path('closed/out')): pass"
    )
    code, said = outcome(tmp_path, body)
    assert (code, len(said)) == (1, 1), said
    assert said[0].startswith("ERROR closed/.out.partial: Permission denied; check space and permissions there")


def test_an_interpreter_without_the_environment_is_one_line() -> None:
    """`-S` hides the installed packages, like the system's python."""
    done = subprocess.run([sys.executable, "-S", "-m", "stages.data.screen"], cwd=ROOT, capture_output=True, text=True,
                          env={k: v for k, v in environment().items() if k != "PYTHONPATH"}, check=False)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "without pyarrow, pydantic, duckdb, aiohttp; expected the project's own Python 3.11" in done.stderr
    assert "source .venv/bin/activate" in done.stderr


def test_an_interrupt_is_one_line_and_exit_130(tmp_path: Path) -> None:
    with start(script(tmp_path, SLEEPER)) as process:
        assert process.stdout is not None and process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert said.splitlines() == [
        "ERROR stage work: interrupted; replies and checkpoints so far are kept, `dvc repro` resumes"]


def test_a_second_stage_in_the_worktree_waits_for_the_first(tmp_path: Path) -> None:
    body = "    with open('log', 'a') as log:\n        log.write(f'{given[0]} in,')\n        log.flush()\n" \
           "        time.sleep(1)\n        log.write(f'{given[0]} out,')"
    path = script(tmp_path, f"{HEAD}def main(*given):\n{body}\nstage.run(main)\n")
    with start(path, "a") as first, start(path, "b") as second:
        assert (first.wait(30), second.wait(30)) == (0, 0)
    assert (tmp_path / "log").read_text() in ("a in,a out,b in,b out,", "b in,b out,a in,a out,")


def test_a_second_stage_that_waited_too_long_names_the_first(tmp_path: Path) -> None:
    waiting = SLEEPER.replace("stage.run", "stage.LOCK_WAIT_S = 0.3\nstage.run")
    with start(script(tmp_path, SLEEPER, "first.py")) as first:
        assert first.stdout is not None and first.stdout.readline() == "running\n"
        with start(script(tmp_path, waiting, "second.py")) as second:
            out, said = second.communicate(timeout=30)
        first.kill()
    assert (second.returncode, out) == (1, "")
    assert f"another stage is still running in this worktree (first, pid {first.pid}); wait for it or stop" in said


def test_the_lock_of_a_killed_stage_is_free_at_once(tmp_path: Path) -> None:
    with start(script(tmp_path, SLEEPER)) as process:
        assert process.stdout is not None and process.stdout.readline() == "running\n"
        process.kill()
    assert outcome(tmp_path, "stage.LOCK_WAIT_S") == (0, [])


@pytest.mark.parametrize(
    ("variables", "said"), [({"DVC_STAGE": "screen"}, ""), ({}, "slept\n")], ids=["dvc", "by hand"])
@pytest.mark.parametrize("shell", [[], ["sh", "-c", '"$@"; true', "sh"]], ids=["direct", "shell between"])
def test_a_stage_ends_with_the_dvc_that_started_it(
    variables: dict[str, str], said: str, shell: list[str], tmp_path: Path
) -> None:
    """Here `dvc` is a process that starts the stage and is killed; the stage holds the other end of the test's pipe."""
    command = [*shell, sys.executable, str(script(tmp_path, SLEEPER)), "4"]
    outer = f"import os, subprocess, time\nsubprocess.Popen({command!r}, env={{**os.environ, **{variables!r}}})\n" \
        "time.sleep(60)\n"
    with start(script(tmp_path, outer, "dvc.py")) as process:
        assert process.stdout is not None and process.stdout.readline() == "running\n"
        process.kill()
        assert process.stdout.read() == said  # until the stage has closed it too


POLLING = {
    "lacking": "import os\ndel os.pidfd_open\n",  # as in builds of conda and uv
    "refused": "import os, errno\ndef refuse(*_):\n    raise OSError(errno.ENOSYS, '')\nos.pidfd_open = refuse\n",
}


@pytest.mark.parametrize("way", list(POLLING))
def test_a_stage_ends_with_its_dvc_where_processes_cannot_be_waited_for(way: str, tmp_path: Path) -> None:
    command = [sys.executable, str(script(tmp_path, POLLING[way] + SLEEPER)), "20"]
    outer = "import os, subprocess, time\n" \
        f"subprocess.Popen({command!r}, env={{**os.environ, 'DVC_STAGE': 'screen'}})\ntime.sleep(60)\n"
    with start(script(tmp_path, outer, "dvc.py")) as process:
        assert process.stdout is not None and process.stdout.readline() == "running\n"
        process.kill()
        assert process.stdout.read() == ""


def test_a_damaged_table_is_one_line(tmp_path: Path) -> None:
    body = (f"{TABLES}Path('data/curated').mkdir(parents=True)\n"
            "    path = Path('data/curated/rows-00000-of-00001.parquet')\n"
            "    path.write_bytes(b'PAR1 cut')\n"
            "    tables.count('data/curated')")
    code, said = outcome(tmp_path, body)
    assert (code, len(said)) == (1, 1), said
    assert said[0].startswith("ERROR data/curated/rows-00000-of-00001.parquet: is not a readable Parquet file: ")


@pytest.mark.slow
@pytest.mark.parametrize("shell", ["/bin/sh", "/bin/bash"])
def test_a_stage_ends_with_the_real_dvc(shell: str, tmp_path: Path) -> None:
    """`dvc` sets DVC_STAGE; whether a shell stays between it and the stage depends on the shell."""
    dvc = Path(sys.executable).with_name("dvc")
    if not dvc.exists() or not Path(shell).exists():
        pytest.skip(f"needs {dvc} and {shell}")
    script(tmp_path, SLEEPER)
    (tmp_path / "dvc.yaml").write_text(f"stages:\n  work:\n    cmd: {shutil.which(sys.executable)} work.py 10\n")
    subprocess.run([dvc, "init", "-q", "--no-scm"], cwd=tmp_path, env=environment(), check=True)
    with subprocess.Popen(
        [dvc, "repro"], cwd=tmp_path, env=environment(SHELL=shell), text=True, stdout=subprocess.PIPE
    ) as repro:
        assert repro.stdout is not None
        assert "running\n" in iter(repro.stdout.readline, "")
        repro.kill()
        assert "slept" not in repro.stdout.read()
