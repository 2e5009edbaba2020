"""The kinds of errors that are known: the signs of each, and what to try."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Remedy:
    """What to do about a kind of error.

    Attributes:
        name: What the kind is called.
        signs: Found in the text of such an error; its named groups may stand in the advice.
        advice: Sentences and commands. In braces stands what is known of the run, or what the signs have found.
        local: Those for a run on this machine, where they are others.
    """

    name: str
    signs: re.Pattern[str]
    advice: Sequence[str]
    local: Sequence[str] = ()


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


_ACCOUNT = r"(?P<account>[\w.+-]+@[\w.-]*\w)"
_GRANT = "gcloud projects add-iam-policy-binding {project} --member serviceAccount:{account} --role "
_NEW_IMAGE = "Build it anew from this folder, push it, and give its digest: `--image NAME@sha256:...`."

# The first whose signs are found applies. What quotes the words of others, as the refusal of a cell does, comes before
# what such words could be taken for; the particular comes before the general.
REMEDIES: tuple[Remedy, ...] = (
    Remedy(
        "data",
        _any_of(
            r', line \d+, column "',
            r"\S, line \d+: (?!.*Error\b)",
            r" holds no rows\.| is empty\. Give a file",
            r"matches no file\.",
            r"is also among the training files\.",
            r"of the evaluation rows also stand in the training data",
            r"The (?:training|evaluation) data holds ",
        ),
        (
            "Correct the file where it is wrong, or the data contract ({schema}) where the file is right.",
            "Run again: `python -m pipeline run`. A changed file is a new input, so nothing stale is taken for it.",
        ),
    ),
    Remedy(
        "service account",
        _any_of(
            rf"permission to act as service[_ ]account:? ?{_ACCOUNT}",
            r"serviceAccounts\.actAs",
        ),
        (
            "Whoever submits needs the role Service Account User on the run's service account:",
            (
                "gcloud iam service-accounts add-iam-policy-binding {account} --project {project} "
                "--member user:YOUR_ADDRESS --role roles/iam.serviceAccountUser"
            ),
        ),
    ),
    Remedy(
        "pulling the image",
        _any_of(
            r"artifactregistry\.\w+",
            r"(?:pull|access)\w{0,9} .{0,60}image.{0,200}(?:denied|permission)",
            r"(?:denied|permission).{0,80}(?:pull|access)\w{0,9} .{0,60}image",
        ),
        (
            (
                "Vertex AI may not pull {image}. Its own service agents pull images, not the run's service account: in "
                "another project's repository they need the role Artifact Registry Reader. "
                "`python -m pipeline doctor` tells the commands."
            ),
        ),
    ),
    Remedy(
        "Cloud Storage",
        _any_of(
            rf"(?:(?<![\w.+-]){_ACCOUNT} does not have )?storage\.(?:objects|buckets)\.\w+ (?:access|denied)",
            r"Permission '?storage\.",
            r"[Dd]enied.{0,80}(?:gs://|bucket)",
        ),
        (
            "The run's service account needs the role Storage Object Admin on the bucket:",
            (
                "gcloud storage buckets add-iam-policy-binding {bucket} --member serviceAccount:{account} "
                "--role roles/storage.objectAdmin"
            ),
        ),
    ),
    Remedy(
        "Vertex AI",
        _any_of(r"aiplatform\.\w+\.\w+['\"]? denied", r"Permission ['\"]?aiplatform\."),
        ("The run's service account needs the role Vertex AI User:", _GRANT + "roles/aiplatform.user"),
    ),
    Remedy(
        "permission",
        _any_of(
            r"PERMISSION_DENIED",
            r"PermissionDenied",
            r"\b403 (?:GET|POST|PUT|PATCH|DELETE|Forbidden)\b",
            r"\bForbidden\b",
        ),
        (
            (
                "The run's service account ({account}) may not do what the error names. `python -m pipeline doctor` "
                "tells which roles it lacks, and how to grant them."
            ),
        ),
    ),
    Remedy(
        "contract",
        _any_of(r"[Dd]ata contract (?:(?!ata contract).)* cannot be read", r"\.toml(?: is (?:not|missing)|: )"),
        (
            "Correct the data contract ({schema}).",
            "`python -m pipeline draft-schema FILE --label COLUMN` writes one for a CSV file, to compare with.",
        ),
    ),
    Remedy(
        "quota",
        _any_of(
            r"quota metrics? exceeds? quota limits?:? ?(?P<quota>[\w./-]*\w)",
            r"[Qq]uota (?:exceeded|is exhausted)",
            r"RESOURCE_EXHAUSTED",
            r"\bResourceExhausted\b",
            r"\b429 (?:GET|POST|Too)\b",
        ),
        (
            (
                "The quota of {project} in {location} is used up. Run again when other jobs have ended, or ask for "
                "more: https://console.cloud.google.com/iam-admin/quotas?project={project}"
            ),
            "Another region has a quota of its own: `--location`.",
        ),
    ),
    Remedy(
        "machines",
        _any_of(
            r"[Rr]esources are insufficient in region",
            r"ZONE_RESOURCE_POOL_EXHAUSTED",
            r"does not have enough resources",
        ),
        (
            (
                "No such machine is free in {location} at the moment. Run again later, or with another `--location` or "
                "`--accelerator-type`."
            ),
        ),
    ),
    Remedy(
        "time",
        _any_of(r"ran for longer than \S+ s, its timeout"),
        ("Its time was up. Give it more with `--training-timeout-s`, or fewer `--train-steps`.",),
    ),
    Remedy(
        "memory",
        _any_of(
            r"SIGKILL",
            r"non-zero status of (?:137|9)\b",
            r"[Ee]xit code:? 137\b",
            r"OOMKilled",
            r"low on memory",
            r"[Oo]ut[ -]of[ -]memory",
            r"MemoryError",
            r"\bOOM\b",
        ),
        (
            (
                "Memory ran out. The training task has {memory_gib} GiB; `--memory-limit-gib {more_memory_gib}` gives "
                "it twice as much."
            ),
            "A smaller `--train-batch-size` or `--eval-batch-size` needs less.",
        ),
        (
            "Memory ran out, or someone has killed the process. Close what else needs memory, and run again.",
            "A smaller `--train-batch-size` or `--eval-batch-size` needs less.",
        ),
    ),
    Remedy(
        "image",
        _any_of(
            r"[Ii]mage .{0,300}(?:not found|not exist|cannot be found)",
            r"manifest (?:unknown|for .* not found)",
            r"ImagePullBackOff|ErrImagePull",
            r"[Ff]ailed to pull",
        ),
        (f"There is no image {{image}}. {_NEW_IMAGE}", "`python -m pipeline doctor` tells whether Vertex AI finds it."),
    ),
    Remedy(
        "bucket",
        _any_of(r"[Bb]ucket .{0,200}(?:not exist|not found)", r"NoSuchBucket", r"No such bucket"),
        (
            "Make the bucket, in the region of the run, or name another with `--staging-bucket`:",
            "gcloud storage buckets create {bucket} --project {project} --location {location}",
        ),
        ("`python -m pipeline run` makes the bucket that the configuration names as `staging_bucket`.",),
    ),
    Remedy(
        "file",
        _any_of(r"cannot be (?:read|looked up): ", r"\bFileNotFoundError\b|No such file or directory"),
        (
            "Check the address, that the file is there and whole, and that the run's service account may read it.",
            "`python -m pipeline config show` tells which files a run is given.",
        ),
        (
            "Check the path, and that the file is there and whole.",
            "`python -m pipeline config show` tells which files a run is given.",
        ),
    ),
    Remedy(
        "divergence",
        _any_of(
            r"[Tt]raining diverged",
            r"no longer finite",
            r"NaN or infinite",
            r"\b[Ll]oss\b.{0,20}\b(?:nan|NaN|inf)\b",
            r"non-finite",
        ),
        (
            "Lower the learning rate, which was {learning_rate}: `--learning-rate {less_learning_rate}`.",
            "Columns of very different sizes make it worse: standardise them in the data contract ({schema}).",
        ),
    ),
    Remedy(
        "another state of the project",
        _any_of(
            r"No module named '?(?:trainer|components)\.\w",
            r"cannot import name '\w+' from '(?:trainer|components)\b",
        ),
        (f"The image {{image}} is of another state of the project than the compiled pipeline. {_NEW_IMAGE}",),
        (
            "The pipeline was compiled from another state of the project than this folder's: `python compile.py`.",
            "For a schedule's run, give `python -m pipeline schedule` again: it changes the schedule that there is.",
        ),
    ),
    Remedy(
        "module",
        _any_of(r"No module named '?[\w.]+", r"\bImportError: "),
        (f"The image {{image}} does not hold what the components import. {_NEW_IMAGE}",),
        ("This environment does not hold what the components import: `make setup` installs it from the lock file.",),
    ),
    Remedy(
        "rollout",
        _any_of(
            r"does not serve what was evaluated",
            r"does not answer its smoke test",
            r"has no readable smoke test",
            r"fter the traffic moved",
            r"It takes no traffic\.",
        ),
        (
            "What served before serves still, and the version stays in the registry.",
            "When the cause is mended, `python -m pipeline promote VERSION` tries it again, without training.",
            "Where it only is too slow: `--machine-type` names a larger machine, `--max-latency-ms` allows more.",
        ),
    ),
    Remedy(
        "disk",
        _any_of(r"No space left on device", r"Disk quota exceeded"),
        ("Make room on the disk. `python -m pipeline clean` tells what old runs could give back.",),
    ),
    Remedy(
        "interruption",
        _any_of(
            r"(?:emulator|runner|local services|process of the run).{0,60}(?:stopped|killed|died|ended|restarted)",
            r"was interrupted",
        ),
        ("The run itself is not at fault. Run again: tasks that had ended are taken from the cache.",),
    ),
    Remedy(
        "connection",
        _any_of(
            r"Max retries exceeded",
            r"Connection (?:refused|reset|aborted)",
            r"Name or service not known",
            r"Temporary failure in name resolution",
            r"timed out",
        ),
        ("Something could not be reached. Run again; if that does not help, see what the log says before the error.",),
        ("Something could not be reached. Run again; `python -m pipeline up` starts the local services.",),
    ),
)
