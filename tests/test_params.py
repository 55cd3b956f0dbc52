"""`params.yaml`: the committed file loads, and every kind of mistake is one line that names it and the fix."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from ultramed import params
from ultramed.errors import ParamsError
from ultramed.params import LocalModel, RemoteModel, base, data, models, training, whole

ROOT = Path(__file__).parents[1]
API = {"base_url": "https://api.example.com/v1", "model": "m", "revision": "1", "provider": "p"}


def edited(folder: Path, edit: Callable[[dict[str, Any]], object]) -> Path:
    """The path of an edited copy of the committed parameters."""
    values = YAML(typ="safe").load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    edit(values)
    with open(folder / "params.yaml", "w", encoding="utf-8") as file:
        YAML(typ="safe").dump(values, file)
    return folder / "params.yaml"


def mistake(path: Path) -> str:
    with pytest.raises(ParamsError) as caught:
        params.load(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ") and "\n" not in line
    return line.removeprefix(f"{path}: ")


def test_the_committed_file_loads() -> None:
    settings = params.load(ROOT / "params.yaml")
    assert settings.scale == "laptop"
    assert isinstance(settings.model(settings.judge.model), LocalModel)
    assert settings.candidates.authors == [*settings.candidates.pool, "source"]
    assert set(settings.sources) <= set(settings.raw)


def test_everything_public_says_what_it_is() -> None:
    sections = [kind for module in (base, data, models, training, whole) for kind in vars(module).values()
                if isinstance(kind, type) and issubclass(kind, base.Section)]
    members = [member for kind in sections for name, member in vars(kind).items()
               if not name.startswith("_") and isinstance(member, property)]
    assert len(sections) > 40 and len(members) > 4
    undocumented = [kind.__name__ for kind in sections if not vars(kind).get("__doc__")]
    assert undocumented == [] and all(member.__doc__ for member in members)


def test_values_cannot_be_changed_once_read() -> None:
    settings = params.load(ROOT / "params.yaml")
    with pytest.raises(ValueError, match="frozen"):
        settings.seed = 1


def test_a_remote_model_is_denied_rights_until_someone_says_otherwise(tmp_path: Path) -> None:
    settings = params.load(edited(tmp_path, lambda v: v["models"]["remote"].update(api=API)))
    model = settings.model("api")
    assert isinstance(model, RemoteModel)
    assert (model.rights, model.price) == ("deny", None)


def test_whole_numbers_do_for_shares(tmp_path: Path) -> None:
    assert params.load(edited(tmp_path, lambda v: v["screen"].update(min_words=0))).screen.min_words == 0
    assert params.load(edited(tmp_path, lambda v: v["collect"].update(max_broken=1))).collect.max_broken == 1.0


UNKNOWN = [
    (lambda v: v.update(sede=1), "sede: is unknown; did you mean seed? allowed here: base, benchmarks, budget_usd, "),
    (lambda v: v["dedup"].update(treshold=0.8),
     "dedup.treshold: is unknown; did you mean threshold? allowed here: permutations, shingle, threshold"),
    (lambda v: v["dedup"].update(treshold=v["dedup"].pop("threshold")),
     "dedup.treshold: is unknown; did you mean threshold?"),
    (lambda v: v["sources"]["medqa"].update(sha256=""),
     "sources.medqa.sha256: is unknown; allowed here: category, columns, format, key_from, kind, limit, prefix, "),
    (lambda v: v["general"]["ultrachat"]["columns"].update(turn="messages"),
     "general.ultrachat.columns.turn: is unknown; did you mean turns? allowed here: answer, chosen, chosen_score, "),
    (lambda v: v["benchmarks"]["mmlu"].update(format="columns", columns={"question": "q", "turns": "t"}),
     "benchmarks.mmlu.columns.turns: is unknown; allowed here: answer, context, id, key, key_from, options, question"),
    (lambda v: v["evolve"]["sets"]["medqa"].update(round=1),
     "evolve.sets.medqa.round: is unknown; did you mean rounds? allowed here: parents, rounds, rows, variants"),
    (lambda v: v["candidates"]["pool"]["brief"].update(n=1.0),
     "candidates.pool.brief.n: is unknown; allowed here: max_tokens, min_p, model, prompt, temperature, top_k, top_p"),
    (lambda v: v["models"].update(lokal={}),
     "models.lokal: is unknown; did you mean local? allowed here: local, remote"),
    (lambda v: v["models"]["remote"].update(api={**API, "price": {"promt": 1.0, "completion": 1.0}}),
     "models.remote.api.price.promt: is unknown; did you mean prompt? allowed here: completion, prompt"),
    (lambda v: v["iterate"]["rounds"]["1"].update(form="sft"),
     "iterate.rounds.1.form: is unknown; did you mean from? allowed here: from"),
]
WRONG = [
    (lambda v: v["dedup"].pop("shingle"), "dedup.shingle: is missing; `git diff params.yaml` shows"),
    (lambda v: v["screen"].update(min_words="3"), "screen.min_words: is '3'; input should be a valid integer"),
    (lambda v: v["dedup"].update(shingle=3.0), "dedup.shingle: is 3.0; input should be a valid integer"),
    (lambda v: v["candidates"].update(source=1), "candidates.source: is 1; input should be a valid boolean"),
    (lambda v: v.update(seed=True), "seed: is True; input should be a valid integer"),
    (lambda v: v.update(scale=None), "scale: is None; input should be a valid string"),
    (lambda v: v.update(dedup=None), "dedup: is None; input should be a valid dictionary"),
    (lambda v: v["screen"].update(identifiers="email"), "screen.identifiers: is 'email'; input should be a valid list"),
    (lambda v: v["dedup"].update(threshold=1.5), "dedup.threshold: is 1.5; input should be less than or equal to 1"),
    (lambda v: v["dedup"].update(threshold=-0.1),
     "dedup.threshold: is -0.1; input should be greater than or equal to 0"),
    (lambda v: v["dedup"].update(threshold=float("nan")), "dedup.threshold: is nan; input should be "),
    (lambda v: v["candidates"]["pool"]["brief"].update(prompt="candidate-breif"),
     "candidates.pool.brief.prompt: is 'candidate-breif', which is no file in ultramed/prompts; expected one of "),
    (lambda v: v["complete"].update(open_prompt="../../README"),
     "complete.open_prompt: is '../../README', which is no file in ultramed/prompts"),
    (lambda v: v.update(seed=-1), "seed: is -1; input should be greater than or equal to 0"),
    (lambda v: v.update(seed=2**32), "seed: is 4294967296; input should be less than 4294967296"),
    (lambda v: v["judge"].update(max_tokens=10**11),
     "judge.max_tokens: is 100000000000; input should be less than or equal to 10000000"),
    (lambda v: v["judge"].update(temperature=2.1),
     "judge.temperature: is 2.1; input should be less than or equal to 2"),
    (lambda v: v["complete"].update(attempts=0), "complete.attempts: is 0; input should be greater than or equal to 1"),
    (lambda v: v["score"].update(top_logprobs=5),
     "score.top_logprobs: is 5; input should be greater than or equal to 10"),
    (lambda v: v["curate"]["min_score"].update(medqa=11), "curate.min_score.medqa: is 11; input should be less than"),
    (lambda v: v["sources"]["medqa"].update(rights="public"),
     "sources.medqa.rights: is 'public'; input should be 'open', 'research', 'recipe', 'quarantine' or 'deny'"),
    (lambda v: v["screen"]["identifiers"].append("iban"), "screen.identifiers.8: is 'iban'; input should be 'email', "),
    (lambda v: v["evolve"]["sets"].update(medmcqa=dict(v["evolve"]["sets"]["medqa"])),
     "evolve.sets.medmcqa: is 'medmcqa'; input should be 'medqa', 'textbook' or 'wikipedia'"),
    (lambda v: v["release"]["profiles"].update(all={"allows": []}),
     "release.profiles.all: is 'all'; input should be 'open', 'research' or 'recipe'"),
    (lambda v: v["release"]["overrides"].update(
        medqa={"rights": "open", "by": "a", "on": "1.2.2026", "because": "x" * 20}),
     "release.overrides.medqa.on: is '1.2.2026'; string should match pattern"),
    (lambda v: v["release"]["overrides"].update(
        medqa={"rights": "open", "by": "a", "on": "2026-01-02", "because": "ok"}),
     "release.overrides.medqa.because: is 'ok'; string should have at least 20 characters"),
    (lambda v: v["sources"]["medqa"].update(format="medqq"),
     "sources.medqa.format: is 'medqq'; expected one of alpaca, columns, conversation, medmcqa, medqa, medquad, "),
    (lambda v: v["benchmarks"]["mmlu"].update(format="alpaca"),
     "benchmarks.mmlu.format: is 'alpaca'; expected one of columns, medmcqa, medqa, mmlu, pubmedqa"),
    (lambda v: v["benchmarks"]["mmlu"].update(kind="essay"),
     "benchmarks.mmlu.kind: is 'essay'; expected one of multiple_choice"),
    (lambda v: v["general"]["ultrasafety"].update(format="ultrachat"),
     "general.ultrasafety.format: is 'ultrachat'; expected one of columns, ultrasafety"),
    (lambda v: v["sources"]["medqa"].update(columns={"question": "q", "options": "o", "key": "k"}),
     "sources.medqa: format is 'medqa' with columns; they belong to format 'columns', which needs them"),
    (lambda v: v["general"]["ultrachat"].pop("columns"), "general.ultrachat: format is 'columns' without columns"),
    (lambda v: v["general"]["ultrachat"]["columns"].update(content=7),
     "general.ultrachat.columns.content: is 7; input should be a valid string"),
    (lambda v: v["general"]["ultrachat"]["columns"].update(question="q"),
     "general.ultrachat.columns: expected either question or turns"),
    (lambda v: v["general"]["ultrainteract"]["columns"].pop("chosen"),
     "general.ultrainteract.columns: chosen and rejected go together; one of them is missing"),
    (lambda v: v["general"]["orca_math"]["columns"].pop("answer"),
     "general.orca_math.columns: a dialogue is turns, or question and answer"),
    (lambda v: v["benchmarks"]["mmlu"].update(format="columns", columns={"question": "q", "options": ["a", "b"]}),
     "benchmarks.mmlu.columns: options and key go together; one of them is missing"),
    (lambda v: v["benchmarks"]["mmlu"].update(format="columns", columns={"question": "q", "key_from": 2}),
     "benchmarks.mmlu.columns.key_from: is 2; input should be 0 or 1"),
    (lambda v: v["sources"]["medqa"].update(format="columns", columns={"question": "q"}),
     "sources.medqa: category is exam; exam and literature need options and key, open has none"),
    (lambda v: v["mix"]["instructions"]["ultramix"].update(medical=1),
     "mix.instructions.ultramix.medical: is 1, a number of rows; write 1.0 for 1 times all rows"),
    (lambda v: v["complete"].update(solver=["smollm2", "smollm2"]),
     "complete.solver: names a model twice; expected each once: smollm2"),
    (lambda v: v["complete"].update(solver=[]), "complete.solver: "),
    (lambda v: v["pair"].update(author_share=0.0), "pair.author_share: is 0.0"),
    (lambda v: v["curate"].update(keep={"medqa": 1.5}), "curate.keep.medqa"),
    (lambda v: v["train"]["dpo"].update(beta=None), "train.dpo: beta is None; method dpo needs a number"),
    (lambda v: v["train"]["sft"].update(beta=0.1), "train.sft: beta is 0.1; method sft takes none"),
    (lambda v: v["train"]["kto"].update(loss="ipo"), "train.kto: loss is ipo; method kto takes kto or apo_zero"),
    (lambda v: v["train"]["kto"].update(batch=1), "train.kto: batch is 1; method kto compares the rows of a batch"),
    (lambda v: v["train"]["reward"].update(packing=True), "train.reward: packing is true; method reward cannot pack"),
    (lambda v: v["train"]["dpo"].update(loss="hinge"), "train.dpo: loss is hinge; method dpo takes sigmoid or ipo or "),
    (lambda v: v["train"]["sft"].update(method="spo"),
     "train.sft.method: is 'spo'; expected one of dpo, kto, reward, sft"),
    (lambda v: v["train"]["sft"].update(method="../sft"), "train.sft.method: is '../sft'; expected one of dpo, "),
    (lambda v: v["train"]["sft"].update(method=None), "train.sft.method: is None; input should be a valid string"),
    (lambda v: v["train"]["dpo"].update(data="instructions"),
     "train.dpo: data is instructions; method dpo learns from preferences"),
]
REFERENCES = [
    (lambda v: v["judge"].update(model="smolm2"),
     "judge.model is 'smolm2', which is no name in models; expected one of encoder, smollm2"),
    (lambda v: v["candidates"]["pool"]["brief"].update(model="gpt"),
     "candidates.pool.brief.model is 'gpt', which is no name in models; expected one of encoder, smollm2, base, sft"),
    (lambda v: v["candidates"]["pool"]["brief"].update(model="dpo"),
     "candidates.pool.brief.model is 'dpo', which is no name in models; expected one of encoder, smollm2, base, sft"),
    (lambda v: v["train"]["dpo"].update({"from": "reward"}),
     "train.dpo.from is 'reward', which is a reward model; expected one of base, dpo, "),
    (lambda v: v["iterate"]["rounds"].update({"2": {"from": "iterat-1"}}),
     "iterate.rounds.2.from is 'iterat-1', which is unknown; expected one of base, dpo, "),
    (lambda v: v["iterate"].update(reward="dpo"),
     "iterate.reward is 'dpo', which is a policy; expected a reward model: reward"),
    (lambda v: v["iterate"].update(recipe={
        n: x for n, x in v["train"]["reward"].items() if n not in ("from", "data", "mix")}),
     "iterate.recipe.method is reward; expected dpo or kto"),
    (lambda v: v["base"].update(model="llama"),
     "base.model is 'llama', which is no name in models.local; expected one of encoder, smollm2"),
    (lambda v: v["iterate"]["rounds"]["1"].update(recipe={
        n: x for n, x in v["train"]["sft"].items() if n not in ("from", "data", "mix")}),
     "iterate.rounds.1.recipe.method is sft; expected dpo or kto"),
    (lambda v: v["mix"]["instructions"].update(ultramix={"medical": 0.0, "ultrachat": 0.0}),
     "mix.instructions.ultramix: every weight is 0; expected one above 0 at least"),
    (lambda v: v["train"]["sft"].update(mix="ultramax"),
     "train.sft.mix is 'ultramax', which is no mixture under mix.instructions; expected one of ultramix"),
    (lambda v: v["iterate"]["rounds"]["1"].update(mix="ranked"),
     "iterate.rounds.1.mix is 'ranked', which is no mixture under mix.instructions; expected one of ultramix"),
    (lambda v: v["train"]["dpo"].update(mix="ranked"),
     "train.dpo.mix is 'ranked', whose pairs have weights; method dpo weighs none, so choose a mixture of selected "),
    (lambda v: v["curate"].update(keep={"medqua": 5}), "curate.keep.medqua is no source; expected one of "),
    (lambda v: v["curate"].update(answer_share={"medqua": 0.5}),
     "curate.answer_share.medqua is no source; expected one of "),
    (lambda v: v["candidates"]["pool"].update(source=v["candidates"]["pool"]["brief"]),
     "candidates.pool.source: a model or the row's own answer has that name; choose another"),
    (lambda v: v["candidates"]["pool"].update(encoder=v["candidates"]["pool"]["brief"]),
     "candidates.pool.encoder: a model or the row's own answer has that name; choose another"),
    (lambda v: v["pair"].update(author_share=0.2),
     "pair.author_share is 0.2; expected 0.25 or more, as there are 4 authors"),
    (lambda v: v["evolve"].update(verifier=["smolm2"]),
     "evolve.verifier[0] is 'smolm2', which is no name in models; expected one of encoder, smollm2"),
    (lambda v: v["evaluate"]["policies"].update(reward={}), 
     "evaluate.policies.reward is 'reward', which is a reward model; expected one of base, dpo, "),
    (lambda v: v["evaluate"]["ensembles"]["sft"].update(reward="kto"),
     "evaluate.ensembles.sft.reward is 'kto', which is a policy; expected a reward model: reward"),
    (lambda v: v["mix"]["instructions"]["ultramix"].update(ultrachet=1.0),
     "mix.instructions.ultramix.ultrachet is no set in general; expected medical or one of openorca, "),
    (lambda v: v["train"].update(smollm2=dict(v["train"]["sft"])),
     "train.smollm2: a model under models has that name; choose another"),
    (lambda v: v["raw"].pop("medquad"), "raw.medquad is missing: every source and corpus"),
    (lambda v: v["benchmarks"]["mmlu"].pop("location"), "benchmarks.mmlu.location: is missing"),
    (lambda v: v["raw"].update(benchmarks=dict(v["raw"]["medqa"])),
     "raw.benchmarks: the folder of that name holds the section benchmarks"),
    (lambda v: v["textbook"].update(corpus="books"), "raw.books is missing"),
    (lambda v: v["curate"]["min_score"].update(medqaa=v["curate"]["min_score"].pop("medqa")),
     "curate.min_score.medqaa is no source; expected one of chatdoctor, "),
    (lambda v: v["curate"]["min_score"].update(blog=3.0), "curate.min_score.blog is no source; expected one of "),
    (lambda v: v["curate"]["min_score"].pop("wikiinstruct"),
     "curate.min_score: has no threshold for wikiinstruct; every source of rows needs one"),
    (lambda v: [v["sources"].update(blog={**v["sources"]["medquad"], "prefix": "Blog"}),
                v["raw"].update(blog=v["raw"]["medquad"])],
     "curate.min_score: has no threshold for blog; every source of rows needs one"),
    (lambda v: v["sources"]["medmcqa"].update(prefix="MedQA"),
     "sources.medqa.prefix is 'MedQA', as that of sources.medmcqa; row ids start with it, so choose another"),
    (lambda v: v["sources"]["medqa"].update(prefix="WikiInstruct"),
     "sources.medqa.prefix is 'WikiInstruct', as that of wikiinstruct, which this pipeline writes; row ids start"),
    (lambda v: v["general"]["openorca"].update(prefix="MedQA"),
     "general.openorca.prefix is 'MedQA', as that of sources.medqa; row ids start"),
    (lambda v: v["release"]["overrides"].update(
        medqaa={"rights": "open", "by": "a", "on": "2026-01-02", "because": "x" * 20}),
     "release.overrides.medqaa is no source; expected one of chatdoctor, "),
    (lambda v: v["split"].update(dev=0.5, test=0.5), "split.dev + split.test is 1.0; expected less than 1"),
]


@pytest.mark.parametrize(("edit", "said"), [*UNKNOWN, *WRONG, *REFERENCES],
                         ids=lambda v: v[:40] if isinstance(v, str) else "")
def test_a_mistake_is_one_line_with_its_place_and_what_is_allowed(
    edit: Callable[[dict[str, Any]], object], said: str, tmp_path: Path
) -> None:
    assert mistake(edited(tmp_path, edit)).startswith(said)


@pytest.mark.parametrize(("text", "said"), [
    (b"seed: [1", "is not valid YAML: "), (b"seed: 1\nseed: 2\n", "is not valid YAML: "),
    (b"a: \xff\n", "is not valid YAML: "), (b"a: !!python/object/apply:os.getcwd []\n", "is not valid YAML: "),
    (b"", "holds no sections; "), (b"- seed\n", "holds no sections; "),
], ids=["cut", "twice", "bytes", "code", "empty", "list"])
def test_a_file_that_holds_no_parameters_is_one_line(text: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes(text)
    assert mistake(tmp_path / "params.yaml").startswith(said)


def test_a_colon_inside_braces_says_to_quote_it(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("raw: {a: {location: hf://x}}\n", encoding="utf-8")
    assert mistake(tmp_path / "params.yaml").endswith("; inside braces, put text that holds a ':' in quotes")


def test_a_file_that_is_not_here_says_where_to_run(tmp_path: Path) -> None:
    assert mistake(tmp_path / "params.yaml") == "is not here; run from the root of the repository"


def test_a_source_can_be_left_out_and_its_threshold_stay(tmp_path: Path) -> None:
    """`dvc exp run -S '~sources.medmcqa'` varies one thing."""
    assert "medmcqa" not in params.load(edited(tmp_path, lambda v: v["sources"].pop("medmcqa"))).sources
    without = edited(tmp_path, lambda v: [v["evolve"]["sets"].pop("medqa"), v["curate"]["min_score"].pop("medqa_evol")])
    assert "medqa" not in params.load(without).evolve.sets


def test_a_budget_of_a_stage_that_asks_nothing_is_refused(tmp_path: Path) -> None:
    """A misspelt name would silently set no limit."""
    line = mistake(edited(tmp_path, lambda tree: tree["budget_usd"].update(stages={"juge": 1.0})))
    assert line.startswith("budget_usd.stages.juge is no stage that asks a model; expected one of textbook, ")


@pytest.mark.parametrize("rule", ["easy", "hard"])
def test_a_margin_that_the_judges_scale_does_not_have_is_refused(tmp_path: Path, rule: str) -> None:
    assert f"pair.{rule} is 5; expected 4 at most" in mistake(edited(tmp_path, lambda v: v["pair"].update({rule: 5})))
    params.load(edited(tmp_path, lambda v: [v["pair"].update({rule: 5}), v["judge"].update(scale=6)]))
