"""Model2Vec: static sentence embeddings, read by `ultramed.embeddings` in its own process. Serves no requests."""

from ultramed.engines._engine import Engine


class Model2Vec(Engine):
    """A folder with an encoder's files."""

    name = "model2vec"


ENGINE = Model2Vec()
