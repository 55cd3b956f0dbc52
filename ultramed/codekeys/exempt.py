"""The only list of code that deliberately does not count towards a stage's key, each entry with its reason.

Exempt code is still followed: what it calls counts, unless that is exempt too.
"""

EXEMPT = {  # by prefix of the dotted name
    "ultramed.errors": "how errors are worded and drawn as a tree",
    "ultramed.progress": "what a person sees while a stage runs",
    "ultramed.stage": "locks, interrupts, exit codes",
    "ultramed.damage": "which file is damaged",
    "ultramed.paths": "where things are on this machine",
    "ultramed.codekeys": "the keys themselves",
    "ultramed.registry": "finding a module by its name",
    "ultramed.methods.names": "finding a module by its name",
    "ultramed.methods.get": "finding a module by its name",
    "ultramed.methods.on_policy": "whether a value of params is allowed",
    "ultramed.params.names": "whether a value of params is allowed",
    "ultramed.params.training._known": "whether a value of params is allowed",
    "ultramed.prompts.names": "whether a value of params is allowed",
    "ultramed.params.inputs.member": "whether a value of params is allowed",
    "ultramed.params.presets": "what of it can change a reply is in the model's identity",
    "stages._refuse_wrong_interpreter": "which interpreter runs",
    "ultramed.params.reading": "reading params.yaml and explaining mistakes; the values are params of the stages",
    "ultramed.inference.ask.admission_queue": "transport",
    "ultramed.inference.ask.costs": "money",
    "ultramed.inference.ask.endpoint_health": "transport: whatever brought a reply, its key pins it",
    "ultramed.inference.ask.flow": "transport",
    "ultramed.inference.ask.protocols": "transport",
    "ultramed.inference.ask.scheduler": "transport",
    "ultramed.inference.ask.usefulness": "whether a stage goes on, never what comes out of it",
    "ultramed.inference.ask.writer": "transport",
    "ultramed.inference.batch": "transport",
    "ultramed.inference.http": "transport",
    "ultramed.inference.serving": "processes of local servers; what they serve is in the model's identity",
    "ultramed.engines": "how a server is started; what it serves is in the model's identity",
    "ultramed.ledger.budget": "money",
    "ultramed.ledger.claims": "which of several runs asks",
    "ultramed.ledger.file_systems": "storage of replies",
    "ultramed.ledger.ledger": "storage of replies",
    "ultramed.ledger.owners": "which processes still run",
    "ultramed.ledger.prices": "money; a reply keeps the price it was bought at",
    "ultramed.sources.download": "how bytes come here; the pin says which they must be",
    "ultramed.sources.hub": "how bytes come here; the pin says which they must be",
    "ultramed.spool": "lists that do not stay in memory",
    "ultramed.training.resources": "disk and memory that run out",
}
ASKED = {  # families that params ask for facts on every load; only these stages run their members
    "ultramed.methods": ("train",),
}
VALIDATORS = ("model_validator", "field_validator")  # of params: they check values and never change their meaning
SECTION = "ultramed.params.base.Section"  # base class of all params sections: their fields count one by one


def exempt(dotted: str) -> bool:
    """Whether a definition or a whole module is left out of every key."""
    return any(dotted == name or dotted.startswith(f"{name}.") for name in EXEMPT)
