"""The kinds of text that a configuration holds, each refused in a sentence where Google Cloud would refuse it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from components.vertex.rollout_plan import SMOKE_SUFFIX, parse_percentages
from trainer.errors import UsageError
from trainer.evaluation.gate_metric import parse_gate_metric
from trainer.search.reading import read_search

_WORD = r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_IMAGE = re.compile(
    rf"(?:{_LABEL}(?:\.{_LABEL})*(?::[0-9]+)?/)?{_WORD}(?:/{_WORD})*"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?(?P<digest>@sha256:[0-9a-f]{64})?",
    re.ASCII,
)
# A rollout tries a version on an endpoint of this name with "-smoke" behind it.
_LONGEST_NAME = 128
_TRAINING_MACHINE = re.compile(r"(?:n1|n2|n2d|n4|c2|c2d|c3|c3d|c4|e2|m1|m2|m3|a2|a3|a4|g2|ct[a-z0-9]+)-[a-z0-9-]+")
_TOO_SMALL = re.compile(r"n1-(?:standard-[12]|highmem-1|highcpu-[12])")
_LONGEST_ENDPOINT_NAME = _LONGEST_NAME - len(SMOKE_SUFFIX)


def _location(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("must name a file")
    return text


def _pipeline_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,127}", text):
        raise ValueError(
            "must begin with a lower-case letter and hold up to 128 lower-case letters, digits and hyphens"
        )
    return text


def _pinned_image(text: str) -> str:
    parts = _IMAGE.fullmatch(text) if len(text) <= 512 else None
    if parts is None or parts["tag"] == "latest" or not (parts["tag"] or parts["digest"]):
        raise ValueError("must name a container image with a tag other than latest, or with a sha256 digest")
    return text


def _project(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", text):
        raise ValueError(
            "must be a project id: 6 to 30 lower-case letters, digits and hyphens, a letter first, no hyphen last"
        )
    return text


def _region(text: str) -> str:
    if not re.fullmatch(r"[a-z]+-[a-z]+[0-9]+", text):
        raise ValueError("must be a region such as us-central1")
    return text


def _bucket(text: str) -> str:
    if not text.startswith("gs://") or not _is_bucket_name(text.removeprefix("gs://")):
        raise ValueError("must be gs:// and the name of a bucket, such as gs://my-bucket")
    return text


def _is_bucket_name(name: str) -> bool:
    is_reserved = name.startswith("goog") or "google" in name or re.fullmatch(r"[0-9]+(\.[0-9]+){3}", name)
    is_name = re.fullmatch(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]", name) and not is_reserved
    return bool(is_name) and all(1 <= len(part) <= 63 for part in name.split("."))


def _display_name(text: str, longest: int = _LONGEST_NAME) -> str:
    # A quote or a backslash would break the filter by which resources are found again.
    is_clean = text.isprintable() and text == text.strip() and not set(text) & {'"', "\\"}
    if not is_clean or not 1 <= len(text) <= longest:
        raise ValueError(f"must be 1 to {longest} printable characters, without quotes, backslashes or outer spaces")
    return text


def _endpoint_name(text: str) -> str:
    return _display_name(text, _LONGEST_ENDPOINT_NAME)


def _percentages(text: str) -> str:
    try:
        parse_percentages(text)
    except ValueError:
        raise ValueError("must hold rising percentages that end with 100, such as 100 or 10,50,100") from None
    return text


def _gate_metric(text: str) -> str:
    return str(parse_gate_metric(text))


def _machine_type(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", text):
        raise ValueError("must be a machine type such as n1-standard-2")
    return text


def _training_machine(text: str) -> str:
    if text and _TOO_SMALL.fullmatch(text):
        raise ValueError("must be larger: the smallest n1-standard that training takes is n1-standard-4")
    if text and not _TRAINING_MACHINE.fullmatch(text):
        raise ValueError("must be a machine that training takes, such as n1-standard-4, n1-highmem-8 or g2-standard-4")
    return text


def _resource_id(text: str) -> str:
    if text and not re.fullmatch(r"[a-z](?:[a-z0-9-]{0,126}[a-z0-9])?", text):
        raise ValueError(
            "must be the id of a persistent resource: up to 128 lower-case letters, digits and hyphens, a letter "
            "first, no hyphen last"
        )
    return text


def _optional_image(text: str) -> str:
    return _pinned_image(text) if text else text


def _git_sha(text: str) -> str:
    if not re.fullmatch(r"[0-9a-z_-]{0,63}", text):
        raise ValueError("must be a commit's hash, or empty: it becomes a label")
    return text


def _switch(value: object) -> object:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - pydantic makes a refusal of a ValueError alone
    return value


def _service_account(text: str) -> str:
    if text and not re.fullmatch(r"[a-z0-9][a-z0-9-]*@[a-z0-9.-]+\.gserviceaccount\.com", text):
        raise ValueError("must be a service account such as NAME@PROJECT.iam.gserviceaccount.com")
    return text


def _pipeline_root(text: str) -> str:
    bucket, _, folder = text.rstrip("/").removeprefix("gs://").partition("/")
    words = folder.split("/") if folder else []
    if text and (
        not text.startswith("gs://")
        or not _is_bucket_name(bucket)
        or any(word in ("", ".", "..") or not word.isprintable() for word in words)
    ):
        raise ValueError("must be gs:// and a folder of a bucket, such as gs://my-bucket/pipeline-root")
    return text


def _experiment(text: str) -> str:
    if text and not re.fullmatch(r"[a-z0-9][a-z0-9-]{3,127}", text):
        raise ValueError("must be 4 to 128 lower-case letters, digits and hyphens, no hyphen first")
    return text


def _search(text: str) -> str:
    try:
        return str(read_search(text))
    except UsageError as error:
        raise ValueError(f"makes no sense: {error}") from error


def _accelerator(text: str) -> str:
    if text and not re.fullmatch(r"[A-Z][A-Z0-9_]*", text):
        raise ValueError("must be an accelerator such as NVIDIA_TESLA_T4, NVIDIA_L4 or NVIDIA_TESLA_A100")
    return text


FileLocation = Annotated[str, AfterValidator(_location)]
PipelineName = Annotated[str, AfterValidator(_pipeline_name)]
PinnedImage = Annotated[str, AfterValidator(_pinned_image)]
Project = Annotated[str, AfterValidator(_project)]
Region = Annotated[str, AfterValidator(_region)]
Bucket = Annotated[str, AfterValidator(_bucket)]
DisplayName = Annotated[str, AfterValidator(_display_name)]
EndpointName = Annotated[str, AfterValidator(_endpoint_name)]
Percentages = Annotated[str, AfterValidator(_percentages)]
Metric = Annotated[str, AfterValidator(_gate_metric)]
MachineType = Annotated[str, AfterValidator(_machine_type)]
TrainingMachineType = Annotated[str, AfterValidator(_training_machine)]
ResourceId = Annotated[str, AfterValidator(_resource_id)]
OptionalImage = Annotated[str, AfterValidator(_optional_image)]
GitSha = Annotated[str, AfterValidator(_git_sha)]
Switch = Annotated[bool, BeforeValidator(_switch)]
ServiceAccount = Annotated[str, AfterValidator(_service_account)]
PipelineRoot = Annotated[str, AfterValidator(_pipeline_root)]
Experiment = Annotated[str, AfterValidator(_experiment)]
Search = Annotated[str, AfterValidator(_search)]
Accelerator = Annotated[str, AfterValidator(_accelerator)]
