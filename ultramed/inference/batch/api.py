"""The Batch API of a provider, through the openai SDK: files of requests go up, files of replies come down."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ultramed.errors import ModelError
from ultramed.inference.http import wire
from ultramed.inference.http.endpoint import Target, key_of, proxied, useless

if TYPE_CHECKING:
    from openai.types import Batch

TRIES = 5
MARK = "ultramed"  # the metadata by which a batch of ours is found again
OVER = ("completed", "failed", "expired", "cancelled")


class BatchApi:
    """Use `close` at the end. Methods raise ModelError where the provider is of no use."""

    def __init__(self, target: Target) -> None:
        import openai

        self._target, self._where = target, f"model '{target.name}' at {target.base_urls[0]}"
        self._sdk = openai.OpenAI(
            base_url=target.base_urls[0], api_key=key_of(target) or "none", max_retries=0,
            http_client=openai.DefaultHttpxClient(trust_env=proxied(target.base_urls[0])))
        self._errors = openai

    def close(self) -> None:
        self._sdk.close()

    def submit(self, file: Path, uid: str) -> str:
        """The id of the batch made of this file: one, even where the answer to its creation was lost."""
        with open(file, "rb") as content:
            uploaded = self._again(lambda: self._sdk.files.create(file=(file.name, content), purpose="batch"),
                                   before=lambda: content.seek(0))
        for number in range(TRIES):
            with self._plain():
                try:
                    return self._sdk.batches.create(
                        input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h",
                        metadata={MARK: uid}).id
                except (self._errors.APIConnectionError, self._errors.InternalServerError,
                        self._errors.RateLimitError) as error:
                    if number == TRIES - 1:
                        raise
                    self._pause(number, error)
            if found := self.find(uid):
                return found
        raise AssertionError("the last try returns or raises")

    def find(self, uid: str) -> str | None:
        """The batch with this mark, were it made and its id never heard of."""
        def search() -> str | None:
            return next((b.id for b in self._sdk.batches.list(limit=100) if (b.metadata or {}).get(MARK) == uid), None)
        return self._again(search)

    def look(self, batch_id: str) -> "Batch":
        return self._again(lambda: self._sdk.batches.retrieve(batch_id))

    def lines(self, file_id: str | None) -> Iterator[bytes]:
        """The lines of a file of the provider's; none where it made none."""
        if file_id is None:
            return

        def download() -> None:
            file.seek(0)
            file.truncate()
            with self._sdk.files.with_streaming_response.content(file_id) as response:
                file.writelines(response.iter_bytes())

        with tempfile.TemporaryFile(prefix="ultramed-") as file:
            self._again(download)
            file.seek(0)
            yield from file

    def forget(self, file_id: str | None) -> None:
        """Delete a file there: prompts and replies need not stay."""
        if file_id is not None:
            try:
                self._sdk.files.delete(file_id)
            except self._errors.OpenAIError:
                return  # it expires by itself

    def _again(self, call: Any, before: Any = lambda: None) -> Any:
        """What a call gives; passing trouble is waited out."""
        for number in range(TRIES):
            before()
            with self._plain():
                try:
                    return call()
                except (self._errors.APIConnectionError, self._errors.InternalServerError,
                        self._errors.RateLimitError) as error:
                    if number == TRIES - 1:
                        raise
                    self._pause(number, error)
        raise AssertionError("the last try returns or raises")

    def _pause(self, number: int, error: Exception) -> None:
        after = getattr(getattr(error, "response", None), "headers", {}).get("Retry-After", "")
        time.sleep(float(after) if after.isdigit() else self._target.backoff_s * 2**number)

    @contextmanager
    def _plain(self) -> Iterator[None]:
        """The SDK's errors in one line, without the key."""
        try:
            yield
        except self._errors.APIStatusError as error:
            said = wire.refusal(error.status_code, str(error.body or error), key_of(self._target))
            raise useless(self._where, self._target, said) from None
        except self._errors.APIConnectionError as error:
            raise ModelError(self._where, f"does not answer ({error.__cause__ or error})",
                             "check that it is up; batches go on there, run again to collect them") from None
