"""Solvers see shuffled options; their letters come back in the item's own order."""

from oracle_endpoint import Body, Served, exam, said, says, settings

from ultramed.curation.solve import panel, winner
from ultramed.fakes.oracle import Biases
from ultramed.inference.client import connect

STEM = "Which vitamin corrects the clotting of a patient on warfarin, case {}?"
OPTIONS = ["Vitamin A", "Vitamin C", "Vitamin K", "Vitamin E"]


def voted(served: Served, items: int, solvers: int) -> dict[str, list[str]]:
    rows = [exam(f"MedQA,{n}", STEM.format(n), OPTIONS, "C") for n in range(items)]
    served.oracle.truth = {"answers": {row.question: "Vitamin K" for row in rows}}
    given = settings(served.address)
    with connect("oracle", "test", given) as client, panel(["oracle"], "test", given, client) as jury:
        return {i: [*votes.letters] for i, votes in jury.solve(rows, solvers, "verify").items()}


def test_letters_come_back_through_the_shuffle(served: Served) -> None:
    assert voted(served, 10, 3) == {f"MedQA,{n}": ["C"] * 3 for n in range(10)}
    shown = {prompt.split("\n\n")[1].split("\n\nReply")[0] for prompt in served.prompts("Choice")}
    under = {line[0] for options in shown for line in options.splitlines() if line.endswith("Vitamin K")}
    assert under == set("ABCD")  # the right option was under every letter: mapping back was needed
    assert len({b["seed"] for b in served.bodies}) == 30  # each solver is a separate draw


def test_solvers_err_as_often_as_they_are_made_to(served: Served) -> None:
    served.oracle.biases = Biases(error=0.3)
    letters = [letter for votes in voted(served, 100, 4).values() for letter in votes]
    wrong = sum(letter != "C" for letter in letters) / len(letters)
    # 400 draws: standard deviation sqrt(0.3 · 0.7 / 400) = 0.023, so 0.07 is three of them
    assert len(letters) == 400 and abs(wrong - 0.3) < 0.07


def test_unreadable_votes_are_left_out(served: Served) -> None:
    def silence(body: Body, reply: Body) -> None:
        if "case 1?" in body["messages"][-1]["content"]:
            says(reply, "")
        elif said(reply)["answer"] == "A":
            says(reply, "I would say the first one")  # and the same when asked again

    served.spoil = silence
    votes = voted(served, 3, 4)
    assert votes["MedQA,1"] == []
    letters = [letter for given in votes.values() for letter in given]
    assert set(letters) == {"C"} and 0 < len(letters) < 8  # of two items with four solvers, none read as an "A"


def test_winner_needs_more_votes_than_the_next() -> None:
    assert winner(["B", "A", "B"]) == ("B", 2)
    assert winner(["A", "B"]) is None
    assert winner(["A", "B", "B", "A", "C"]) is None
    assert winner([]) is None
