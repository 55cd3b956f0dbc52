"""Rows of the data half's artifacts: counted where they lie here, else reckoned from those before them."""

from functools import cache

from ultramed import artifacts
from ultramed.claims import remote_models_configured
from ultramed.params import Params, SetName
from ultramed.planning.assumptions import Book
from ultramed.planning.here import Here
from ultramed.planning.ranges import Range, exact, total
from ultramed.rights import may_leave, most_restrictive

WRITTEN = {"textbook": "textbookqa", "wikipedia": "wikiinstruct"}  # what synthetic sets are called as sources
EVOLVED = {"medqa": "medqa_evol", **WRITTEN}
OPEN = "wikiinstruct"  # the one synthetic source without keys


class Rows:
    """Rows at each step. Methods take a source's name, or the name of a set."""

    def __init__(self, settings: Params, book: Book, here: Here) -> None:
        self.settings, self.book, self.here = settings, book, here
        # one size each, however often it is asked for
        self.collected, self.screened, self.evolved = map(cache, (self._collected, self._screened, self._evolved))

    def _collected(self, name: str) -> Range:
        source = self.settings.sources[name]
        counted = self.here.count(artifacts.COLLECTED / name)
        if counted is not None:
            return exact(counted)
        if folder := self.here.raw(artifacts.RAW / name, self.settings.raw[name].location):
            from ultramed.sources.collect import read
            from ultramed.sources.raw import Broken

            return exact(sum(not isinstance(r, Broken) for r in read(source, folder)))
        known = self.book.rows("sources", name)
        lost = self.book.source(name).lost  # they stand in front
        return exact(max(0, min(known, source.limit or known) - lost))

    def _screened(self, name: str) -> Range:
        counted = self.here.by_source(artifacts.SCREENED)
        if counted is not None:
            return exact(counted.get(name, 0))
        rights = self.rights(name)
        if rights == "deny" or (remote_models_configured(self.settings) and not may_leave(rights)):
            return exact(0)  # the screen holds them back
        return (self.collected(name) * self.book.number("screen.kept")).whole()

    def passages(self) -> int:
        """Passages that textbook asks about."""
        plan, known = self.settings.textbook, None
        if folder := self.here.raw(artifacts.RAW / plan.corpus, self.settings.raw[plan.corpus].location):
            known = sum(len(book.read_bytes().splitlines()) for book in sorted(folder.rglob("*.jsonl")))
        known = self.book.rows("corpora", "passages") if known is None else known
        return min(known, plan.paragraphs or known)

    def domains(self) -> int:
        return self.settings.wikipedia.domains or self.book.rows("corpora", "domains")

    def written(self, name: str) -> Range:
        """Rows of a synthetic set, textbook or wikipedia, before evolution."""
        counted = self.here.count(artifacts.SYNTHETIC / name)
        if counted is not None:
            return exact(counted)
        if name == "textbook":
            return (self.book.number("textbook.kept") * self.passages()).whole()
        plan = self.settings.wikipedia
        return (self.book.number("wikipedia.kept") * (self.domains() * plan.subfields * plan.instructions)).whole()

    def rounds(self, name: SetName) -> list[tuple[Range, Range]]:
        """For each round of evolution, the drafts asked for and the usable ones (before their keys are verified)."""
        rules = self.settings.evolve.sets[name]
        parents = self.screened("medqa") if name == "medqa" else self.written(name)
        current, found = parents.at_most(rules.parents), []
        for _ in range(rules.rounds):
            asked = current * rules.variants
            drafts = (asked * self.book.number("evolve.drafts")).whole()
            found.append((asked, drafts))
            exam = EVOLVED[name] != OPEN
            current = (drafts * self.book.number("evolve.verified")).whole() if exam else drafts
        return found

    def _evolved(self, name: SetName) -> Range:
        counted = self.here.count(artifacts.EVOLVED / name)
        if counted is not None:
            return exact(counted)
        kept = self.book.number("evolve.verified") if EVOLVED[name] != OPEN else exact(1)
        return total((drafts * kept).whole() for _, drafts in self.rounds(name))

    def instructions(self) -> dict[str, Range]:
        """Rows before curation, by source: what score asks about."""
        found = {name: self.screened(name) for name in self.settings.sources}
        for name, source in WRITTEN.items():
            found[source] = self.written(name)
        for name in self.settings.evolve.sets:
            found[EVOLVED[name]] = found.get(EVOLVED[name], exact(0)) + self.evolved(name)
        return found

    def curated(self) -> dict[str, Range]:
        """Retained rows by source."""
        counted = self.here.by_source(artifacts.CURATED)
        if counted is not None:
            return {name: exact(rows) for name, rows in counted.items()}
        return {name: (rows * self.book.source(name).kept).whole() for name, rows in self.instructions().items()}

    def exam(self, name: str) -> bool:
        """Whether a source's rows have a key."""
        own = self.settings.sources.get(name)
        return own.category in ("exam", "literature") if own else name != OPEN

    def rights(self, name: str) -> str:
        """The class that a source's rows have as instructions."""
        s = self.settings
        if name in s.release.overrides:
            return s.release.overrides[name].rights
        if name in s.sources:
            return s.sources[name].rights
        evolver = s.model(s.evolve.model).rights
        if name == "medqa_evol":
            return most_restrictive(self.rights("medqa"), evolver)
        plan = s.textbook if name == "textbookqa" else s.wikipedia
        return most_restrictive(plan.rights, s.model(plan.model).rights, evolver)
