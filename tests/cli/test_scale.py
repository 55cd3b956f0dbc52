"""`ultramed scale`: every scale is valid, laptop is the committed file to the byte, and comments stay."""

import json
import re
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from ultramed import params
from ultramed.cli.scale import patched, scale, scaled
from ultramed.errors import ParamsError
from ultramed.params import Params
from ultramed.sources import hub

ROOT = Path(__file__).parents[2]
SCALES = ROOT / "conf/scale"
COMMITTED = (ROOT / "params.yaml").read_text(encoding="utf-8")
NAMES = ("laptop", "workstation", "paper", "paper-2024")
# A `dvc repro` with nothing to do checks every stage: 1.3 s for 13 of them, 2.0 s for 54. The models of a table of
# results have their own: trained or sampled, evaluated, asked ten times.
STAGES_AT_MOST = 88
SFT = {"workstation": "sft", "paper": "ultramix-sft"}  # the pool member that is trained here
OF_A_MODEL = re.compile(r"(?:train|iterate|sample|evaluate|ensemble|rewardbench)@")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the project's params and scales."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(SCALES, tmp_path / "conf/scale")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(name: str, folder: Path) -> Params:
    path = folder / "params.yaml"
    path.write_text(at(name), encoding="utf-8")
    return params.load(path)


def test_these_are_the_scales() -> None:
    assert {p.stem for p in SCALES.glob("*.yaml")} == set(NAMES)
    assert all(p.read_text(encoding="utf-8").startswith(f"# {p.stem.capitalize()}: ") for p in SCALES.glob("*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_scale_is_valid_and_says_its_name(name: str, root: Path) -> None:
    scale(name)
    assert params.load(root / "params.yaml").scale == name


def test_the_committed_params_are_the_laptop_scale(root: Path) -> None:
    scale("laptop")
    assert Path("params.yaml").read_text(encoding="utf-8") == COMMITTED


@pytest.mark.parametrize("name", NAMES[1:])
def test_laptop_restores_every_byte(name: str, root: Path) -> None:
    scale(name)
    assert Path("params.yaml").read_text(encoding="utf-8") != COMMITTED
    scale("laptop")
    assert Path("params.yaml").read_text(encoding="utf-8") == COMMITTED


@pytest.mark.parametrize("name", ["workstation", "paper"])
def test_where_one_comes_from_makes_no_difference(name: str) -> None:
    assert scaled(at("paper-2024"), name, SCALES) == at(name)


@cache
def at(name: str) -> str:
    return scaled(COMMITTED, name, SCALES)


@pytest.mark.parametrize("name", NAMES[1:])
def test_comments_stay_but_those_of_entries_that_go(name: str) -> None:
    gone = comments(COMMITTED) - comments(at(name))
    assert "of the books' text" not in gone
    # the block of local models is replaced as a whole, and the laptop scale holds its comments to restore them
    block = (SCALES / "laptop.yaml").read_text(encoding="utf-8").partition("local!:")[2].partition("remote!:")[0]
    assert gone and gone <= comments(block)


def comments(text: str) -> set[str]:
    return set(re.findall(r"(?:^|\s)# ?(.*)", text, re.MULTILINE))


def test_what_no_scale_names_stays_with_sources_of_ones_own(root: Path) -> None:
    own = COMMITTED.replace("threshold: 0.8 #", "threshold: 0.7 #")
    own = own.replace("\nraw:\n", "\nraw:\n  mine: {location: my.json, sha256: 'aa'}\n", 1)
    mine = "mine: {format: alpaca, prefix: Mine, category: open, kind: clinical, rights: deny}"
    own = own.replace("\nsources:\n", f"\nsources:\n  {mine}\n", 1)
    own = own.replace("    medqa: 4.5\n", "    medqa: 4.5\n    mine: 1.0\n", 1)
    Path("params.yaml").write_text(own, encoding="utf-8")
    scale("paper")
    settings = params.load(Path("params.yaml"))
    assert settings.dedup.threshold == 0.7 and settings.raw["mine"].location == "my.json" and "mine" in settings.sources
    scale("laptop")
    assert Path("params.yaml").read_text(encoding="utf-8") == own


def test_unknown_scale_is_one_clear_line(root: Path) -> None:
    with pytest.raises(ParamsError) as error:
        scale("papre")
    assert str(error.value).count("\n") == 0
    assert "papre" in str(error.value) and all(name in str(error.value) for name in NAMES)
    assert Path("params.yaml").read_text(encoding="utf-8") == COMMITTED


def test_a_scale_with_a_wrong_value_leaves_params_alone(root: Path) -> None:
    Path("conf/scale/odd.yaml").write_text("from: laptop\nscale: odd\nsplit: {dev: 2.0}\n", encoding="utf-8")
    with pytest.raises(ParamsError, match=r"split\.dev"):
        scale("odd")
    assert Path("params.yaml").read_text(encoding="utf-8") == COMMITTED


def test_a_misspelt_name_is_refused() -> None:
    with pytest.raises(ParamsError, match=r"^evolve\.agre: is not in "):
        patched("evolve: {agree: 1}\n", "evolve: {agre: 3}\n")


BEFORE = """a: # why a
  # before b
  b: 1 # why b

# about c
c: {x: 1.0, y: 'q'} # why c
d: {} # why d
# the end
"""


@pytest.mark.parametrize(("patch", "after"), [
    ("a: {b: 2}", BEFORE.replace("b: 1", "b: 2")),
    ("c: {x: 1}", BEFORE.replace("1.0", "1")),
    ("c: {y: q}", BEFORE.replace("'q'", "q")),
    ("c!: {z: 3}", BEFORE.replace("{x: 1.0, y: 'q'}", "{z: 3}")),
    ("d!:\n  # e\n  e:\n    f: 1 # f\n", BEFORE.replace("d: {} # why d", "d: # why d\n  # e\n  e:\n    f: 1 # f")),
    ("a!: {}", BEFORE.replace("a: # why a\n  # before b\n  b: 1 # why b", "a: {} # why a")),
    ("a!: # ignored\n  g: 5\n", BEFORE.replace("\n  # before b\n  b: 1 # why b", "\n  g: 5")),
])
def test_a_value_is_exchanged_and_nothing_else(patch: str, after: str) -> None:
    assert patched(BEFORE, patch) == after != BEFORE
    back = {"a": "a!: # why a\n  # before b\n  b: 1 # why b\n", "c": "c!: {x: 1.0, y: 'q'}\n", "d": "d!: {}\n"}
    assert patched(after, back[patch[0]]) == BEFORE


@pytest.mark.parametrize("name", NAMES[1:])
def test_locations_on_the_hub_are_well_formed_and_pins_full_or_empty(name: str, tmp_path: Path) -> None:
    settings = loaded(name, tmp_path)
    for key, pin in settings.pins.items():
        if pin.location.startswith(hub.SCHEME):
            hub.parse(key, pin.location)
            assert pin.revision is not None and re.fullmatch("(?:[0-9a-f]{40})?", pin.revision)
        else:
            assert pin.sha256 is not None and re.fullmatch("(?:[0-9a-f]{64})?", pin.sha256)


@pytest.mark.parametrize("name", ["workstation", "paper"])
def test_open_scales_keep_everything_here_under_open_licences(name: str, tmp_path: Path) -> None:
    settings = loaded(name, tmp_path)
    assert not settings.models.remote
    assert {settings.model(used).rights for used in asked(settings)} == {"open"}
    assert settings.judge.model not in {m.model for m in settings.candidates.pool.values()}
    assert len(settings.candidates.pool) == 8 and settings.candidates.pool["ultramedical"].model == SFT[name]
    assert set(settings.models.local) == {*asked(settings), "encoder"}  # no unused downloads


def test_the_original_s_closed_models_are_denied(tmp_path: Path) -> None:
    remote = loaded("paper-2024", tmp_path).models.remote.values()
    assert {(m.provider, m.rights, m.api_key_env) for m in remote} == {("openai", "deny", "OPENAI_API_KEY")}


def asked(settings: Params) -> set[str]:
    """Models to download: those that stages ask, and the base that training starts from."""
    stages = ("textbook", "wikipedia", "evolve", "score", "complete", "judge", "base")
    pool = {m.model for m in settings.candidates.pool.values()}
    return {getattr(settings, s).model for s in stages} | pool - set(settings.ours)


@pytest.mark.parametrize(("name", "rows"), [
    ("paper", {"reward": 512} | {f"{m}-{how}": rows for m in ("ultramed", "ultramix")
                                 for how, rows in (("sft", 128), ("dpo", 32), ("kto", 32))}),
    ("paper-2024", {"sft": 128, "reward": 512, "dpo": 32, "nca": 32, "kto": 32}),
])
def test_a_step_of_training_reads_as_many_rows_as_the_original_s(
    name: str, rows: dict[str, int], tmp_path: Path
) -> None:
    """The original's card says 128 per step, RLHFlow's code 512, its preference code 4 on each of 8 GPUs."""
    settings = loaded(name, tmp_path)
    launch = YAML(typ="safe").load((ROOT / str(settings.training.launch)).read_text(encoding="utf-8"))
    gpus = launch["num_machines"] * launch["num_processes"]
    assert {n: t.batch * t.accumulate * gpus for n, t in settings.train.items()} == rows


def test_accelerate_reads_the_launch_configuration(tmp_path: Path) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    config = load_config_from_file(str(ROOT / str(loaded("paper", tmp_path).training.launch)))
    assert (config.distributed_type.value, config.num_processes, config.use_cpu) == ("DEEPSPEED", 8, False)
    zero = json.loads((ROOT / config.deepspeed_config["deepspeed_config_file"]).read_text(encoding="utf-8"))
    assert zero["zero_optimization"]["stage"] == 3  # unless weights are gathered, only shards are saved
    assert zero["zero_optimization"]["stage3_gather_16bit_weights_on_model_save"] is True


def test_laptop_names_every_value_that_another_scale_changes() -> None:
    """Otherwise `ultramed scale laptop` would leave a value of the other scale; the failure names that value."""
    known = set(paths(YAML(typ="safe").load((SCALES / "laptop.yaml").read_text(encoding="utf-8"))))
    for name in NAMES[1:]:
        given = YAML(typ="safe").load((SCALES / f"{name}.yaml").read_text(encoding="utf-8"))
        assert {place for place in paths(given) if not restored(place, known)} == {("from",)}, name


def restored(place: tuple[str, ...], known: set[tuple[str, ...]]) -> bool:
    """Whether laptop names the place, or replaces an enclosing entry as a whole."""
    enclosing = {(*place[: n - 1], f"{place[n - 1]}!") for n in range(1, len(place))}
    return place in known or bool(enclosing & known)


def paths(tree: object, prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(tree, dict) and not (prefix and prefix[-1].endswith("!")):
        for key, value in tree.items():
            yield from paths(value, (*prefix, key))
    else:
        yield prefix


@pytest.mark.slow
def test_dvc_lists_the_graph_at_every_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests/pipeline"))
    from workspace import clone

    workspace = clone(tmp_path / "clone", tmp_path / "ledger")
    for name in NAMES:
        workspace.ultramed("scale", name)
        stages = set(re.findall(r"stage '(.+?)'", workspace.run("dvc", "repro", "--dry", "--force")))
        pool = set(params.load(workspace.root / "params.yaml").candidates.pool)
        assert {f"candidates@{member}" for member in pool} <= stages, name
        assert len([s for s in stages if not OF_A_MODEL.match(s)]) <= STAGES_AT_MOST, name


TABLE = [  # rows of the original's table of results: policy, its training stages
    ("ultramed-sft", ["train@ultramed-sft"]), ("ultramed-dpo", ["train@ultramed-dpo"]),
    ("ultramed-kto", ["train@ultramed-kto"]), ("ultramix-sft", ["train@ultramix-sft"]),
    ("ultramix-dpo", ["train@ultramix-dpo"]), ("ultramix-kto", ["train@ultramix-kto"]),
    ("iterate-dpo", ["sample@dpo", "iterate@dpo", "ensemble@iterate-dpo"]),
    ("iterate-kto", ["sample@kto", "iterate@kto"]),
]


@pytest.mark.slow
def test_the_table_of_results_stands_in_one_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests/pipeline"))
    from workspace import clone

    workspace = clone(tmp_path / "clone", tmp_path / "ledger")
    workspace.ultramed("scale", "paper")
    order = re.findall(r"stage '(.+?)'", workspace.run("dvc", "repro", "--dry", "--force"))
    for policy, stages in TABLE:
        assert {*stages, f"evaluate@{policy}"} <= set(order), policy
        assert order.index(stages[-1] if "ensemble" not in stages[-1] else stages[-2]) < order.index(
            f"evaluate@{policy}"), policy
    settings = params.load(workspace.root / "params.yaml")
    methods = {name: settings.iterate.recipe_of(name).method for name in settings.iterate.rounds}
    assert methods == {"dpo": "dpo", "kto": "kto"}
    assert {"medical"} == {*settings.mix.instructions["ultramed"]} < {*settings.mix.instructions["ultramix"]}
