"""A provider's Batch API, through the openai SDK: files of requests go up, files of replies come down."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ultramed.errors import ModelError
from ultramed.inference.http import wire
from ultramed.inference.http.endpoint import Target, api_key, retry_after, unusable, uses_proxy

if TYPE_CHECKING:
    from openai.types import Batch

T = TypeVar("T")
MARK = "ultramed"  # the metadata key that identifies our batches
OVER = ("completed", "failed", "expired", "cancelled")


class BatchApi:
    """Call `close` at the end. Methods raise ModelError if the provider cannot be used."""

    def __init__(self, target: Target) -> None:
        import openai

        self._target, self._where = target, f"model '{target.name}' at {target.base_urls[0]}"
        self._sdk = openai.OpenAI(
            base_url=target.base_urls[0], api_key=api_key(target) or "none", max_retries=0,
            http_client=openai.DefaultHttpxClient(trust_env=uses_proxy(target.base_urls[0])))
        self._errors = openai
        self._transient = (openai.APIConnectionError, openai.InternalServerError, openai.RateLimitError)

    def close(self) -> None:
        self._sdk.close()

    def submit(self, file: Path, uid: str) -> str:
        """Create a batch of this file, only one even if the answer to its creation is lost. Returns its id."""
        with open(file, "rb") as content:

            def upload() -> str:
                content.seek(0)
                return self._sdk.files.create(file=(file.name, content), purpose="batch").id

            file_id = self._retried(upload)
        tries = count()

        def create() -> str:
            if next(tries) and (batch_id := self.find(uid)):
                return batch_id
            return self._sdk.batches.create(input_file_id=file_id, endpoint="/v1/chat/completions",
                                            completion_window="24h", metadata={MARK: uid}).id

        return self._retried(create)

    def find(self, uid: str) -> str | None:
        """The id of the batch with this mark; None if the provider has none."""
        return self._retried(lambda: next(
            (b.id for b in self._sdk.batches.list(limit=100) if (b.metadata or {}).get(MARK) == uid), None))

    def retrieve(self, batch_id: str) -> "Batch":
        return self._retried(lambda: self._sdk.batches.retrieve(batch_id))

    def lines(self, file_id: str | None) -> Iterator[bytes]:
        """The lines of one of the provider's files; none if it made no file."""
        if file_id is None:
            return

        def download() -> None:
            file.seek(0)
            file.truncate()
            with self._sdk.files.with_streaming_response.content(file_id) as response:
                file.writelines(response.iter_bytes())

        with tempfile.TemporaryFile(prefix="ultramed-") as file:
            self._retried(download)
            file.seek(0)
            yield from file

    def delete(self, file_id: str | None) -> None:
        """Delete a file at the provider: prompts and replies need not stay there."""
        if file_id is not None:
            try:
                self._sdk.files.delete(file_id)
            except self._errors.OpenAIError:
                return  # it expires by itself

    def _retried(self, call: Callable[[], T]) -> T:
        """The result of a call, retried after transient failures."""
        with self._one_line_errors():
            for number in range(self._target.retries.tries - 1):
                try:
                    return call()
                except self._transient as error:
                    self._pause(number, error)
            return call()

    def _pause(self, number: int, error: Exception) -> None:
        after = getattr(getattr(error, "response", None), "headers", {}).get("Retry-After", "")
        time.sleep(max(retry_after(after), self._target.pause(number)))

    @contextmanager
    def _one_line_errors(self) -> Iterator[None]:
        """Turn the SDK's errors into ModelError, without the key."""
        try:
            yield
        except self._errors.APIStatusError as error:
            refusal = wire.refusal(error.status_code, str(error.body or error), api_key(self._target))
            raise unusable(self._where, self._target, refusal) from None
        except self._errors.APIConnectionError as error:
            raise ModelError(self._where, f"does not answer ({error.__cause__ or error})",
                             "check that it is up; its batches keep running, run again to collect them") from None
