"""Why a run did what it did: what failed and what to try, or which rule held the model back, or what it is at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pipeline.config import RunConfig
from pipeline.durations import spoken
from pipeline.inspection.held_back import findings_of
from pipeline.inspection.remedies import Finding, advice_for
from pipeline.inspection.task_errors import own_error, says_nothing
from pipeline.runs.custom_jobs import CustomJobRecord
from pipeline.runs.record import AT_WORK, RunRecord, TaskRecord
from pipeline.runs.staged_names import by_its_name

# Of the log of a replica.
_LAST_LINES = 5
# Rules that a model breaks for other reasons than what it has learned.
_NOT_OF_SCALE = ("Rule finite", "Rule champion")

Outcome = Literal["failed", "held back", "at work", "cancelled", "succeeded"]


@dataclass(frozen=True)
class Evidence:
    """What is known of a run beside its record.

    Attributes:
        logs: The logs that `wanted_logs` asks for, by the tasks' unique names.
        decision: The decision record; empty where there is none, or none that can be read.
        traffic: The traffic of its endpoint now: percent by version. None where that is not known.
        notes: What could not be read, and why.
        jobs: The custom jobs of failed tasks that have started one, by the tasks' unique names.
        unscaled: The columns of odd sizes that its training took as they are.
    """

    logs: Mapping[str, str] = field(default_factory=dict)
    decision: Mapping[str, Any] = field(default_factory=dict)
    traffic: Mapping[str, float] | None = None
    notes: Sequence[str] = ()
    unscaled: Sequence[str] = ()
    jobs: Mapping[str, CustomJobRecord] = field(default_factory=dict)


@dataclass(frozen=True)
class Diagnosis:
    """Why a run did what it did.

    Attributes:
        outcome: In two words.
        headline: In a sentence.
        findings: The reasons.
        notes: What could not be looked into.
    """

    outcome: Outcome
    headline: str
    findings: Sequence[Finding] = ()
    notes: Sequence[str] = ()


def wanted_logs(run: RunRecord) -> list[TaskRecord]:
    """The failed tasks whose logs have to tell: the service says nothing of them, or they have started a job."""
    failed = [task for task in run.tasks if task.state == "failed" and task.job]
    return [task for task in failed if task.is_custom_job or says_nothing(task.error)]


def diagnose(run: RunRecord, config: RunConfig, evidence: Evidence, now: datetime) -> Diagnosis:
    """Says why a run did what it did.

    Args:
        run: The run.
        config: Tells what may stand in the advice.
        evidence: What else is known.
        now: The time.
    """
    return replace(_diagnosis(run, config, evidence, now), notes=evidence.notes)


def _diagnosis(run: RunRecord, config: RunConfig, evidence: Evidence, now: datetime) -> Diagnosis:
    if run.state == "failed":
        return _failed(run, config, evidence)
    if run.state == "cancelled":
        return _cancelled(run)
    if not run.is_final:
        return _at_work(run, config, evidence, now)
    decision = _decision(run, evidence)
    if decision.get("passed") is False:
        return _held_back(run, config, decision, evidence.unscaled)
    return Diagnosis("succeeded", f"Run {run.run_id} succeeded{_what_it_made(run)}.", _serving(run, evidence))


def facts_of(run: RunRecord, config: RunConfig) -> dict[str, str]:
    """What may stand in the advice, by name."""
    facts = {
        "project": config.project,
        "location": config.location,
        "bucket": "/".join(run.root.split("/")[:3]) or config.staging_bucket,
        "account": config.service_account or "SERVICE_ACCOUNT",
        "image": run.image or config.image,
        "schema": by_its_name(str(run.parameters.get("schema", config.schema_file)), run.parameters),
        "memory_gib": str(config.memory_limit_gib),
        "more_memory_gib": str(2 * config.memory_limit_gib),
    }
    rate = run.parameters.get("learning_rate", config.learning_rate)
    if isinstance(rate, int | float):
        facts |= {"learning_rate": f"{rate:g}", "less_learning_rate": f"{rate / 10:g}"}
    return facts


def _failed(run: RunRecord, config: RunConfig, evidence: Evidence) -> Diagnosis:
    findings = _failures(run, config, evidence)
    if findings:
        return Diagnosis("failed", f"Run {run.run_id} failed: {_listed(findings)}.", findings)
    advice = advice_for(run.error, facts_of(run, config), config.connection == "local")
    reason = Finding("The run", run.error or "Vertex AI gives no reason.", advice)
    return Diagnosis("failed", f"Run {run.run_id} failed, and none of its tasks did.", [reason])


def _failures(run: RunRecord, config: RunConfig, evidence: Evidence) -> list[Finding]:
    """A finding for each task that has failed."""
    facts, is_local = facts_of(run, config), config.connection == "local"
    found = []
    for task in run.tasks:
        if task.state == "failed":
            log_text, job = evidence.logs.get(task.unique_name, ""), evidence.jobs.get(task.unique_name)
            text = own_error(task.error, log_text) or "It says nothing of why."
            if job is not None:
                text = "\n".join([text, *_of_job(job, log_text if log_text not in text else "")])
            advice = advice_for(text, facts, is_local)
            log = [_whole_log(run, task, job)] if task.job else []
            found.append(Finding(task.display_name, text, [*advice, *log]))
    return found


def _of_job(job: CustomJobRecord, log: str) -> Iterator[str]:
    """What a custom job says of its end, and what the replica that failed has written last."""
    yield f"Its custom job {job.job_id} is {job.state}{f': {job.error}' if job.error else '.'}"
    lines = [line.rstrip() for line in log.splitlines() if line.strip()][-_LAST_LINES:]
    if lines:
        yield f"The log of {job.failed_replica or 'its replicas'} ends with:"
        yield from (f"  {line}" for line in lines)


def _whole_log(run: RunRecord, task: TaskRecord, job: CustomJobRecord | None) -> str:
    replica = f" --replica {job.failed_replica}" if job and job.failed_replica and len(job.replicas) > 1 else ""
    return f"Its whole log: `python -m pipeline logs {run.run_id} {task.name}{replica}`"


def _held_back(run: RunRecord, config: RunConfig, decision: Mapping[str, Any], unscaled: Sequence[str]) -> Diagnosis:
    facts = facts_of(run, config)
    findings = _scaled_first(findings_of(decision, facts, config.connection == "local"), unscaled, facts["schema"])
    if not findings:
        # The record itself cannot be read; what the task noted of it can.
        findings = [Finding("The gate", str(decision.get("summary", "")))]
    again = "`python -m pipeline run` runs it again with the same options; add what you change."
    findings[-1] = replace(findings[-1], advice=(*findings[-1].advice, again))
    rules = _listed(findings)
    headline = f"Run {run.run_id} ended as it should, and its model was held back by the gate: {rules}."
    return Diagnosis("held back", headline, findings)


def _scaled_first(findings: Sequence[Finding], unscaled: Sequence[str], schema: str) -> list[Finding]:
    """Findings of which each that tells of a poor model advises first to scale the columns that nothing scales."""
    if not unscaled:
        return list(findings)
    advice = (
        f"Columns of other sizes than the network's weights are learned badly as they are: {', '.join(unscaled)}. Set "
        f"`standardise = true` for them in the data contract ({schema})."
    )
    return [
        finding if finding.subject in _NOT_OF_SCALE else replace(finding, advice=(advice, *finding.advice))
        for finding in findings
    ]


def _at_work(run: RunRecord, config: RunConfig, evidence: Evidence, now: datetime) -> Diagnosis:
    failures = _failures(run, config, evidence)
    begun = [task for task in run.tasks if task.state in AT_WORK]
    waiting = [task for task in run.tasks if task.state == "pending"]
    if run.state == "cancelling":
        headline = f"Run {run.run_id} is being cancelled."
    elif begun or run.state == "running":
        headline = f"Run {run.run_id} is running{_since(run.started, now)}."
    else:
        headline = f"Run {run.run_id} waits to be begun{_since(run.created, now)}: others are at work."
    findings = [Finding(task.display_name, f"At work{_since(task.started, now)}.") for task in begun]
    # Vertex AI makes the job, and then finds a machine for it.
    findings += [Finding(task.display_name, "It waits for a machine.") for task in waiting if task.job]
    later = [task.display_name for task in waiting if not task.job]
    if later and run.state == "running":
        findings.append(Finding("Still to come", f"{', '.join(later)}."))
    return Diagnosis("at work", headline, [*failures, *findings])


def _cancelled(run: RunRecord) -> Diagnosis:
    stopped = [task.display_name for task in run.tasks if task.state in ("cancelled", *AT_WORK)]
    ended = f" at {run.ended.astimezone():%Y-%m-%d %H:%M:%S}" if run.ended else ""
    what = f", while it was at: {', '.join(stopped)}" if stopped else ""
    reason = Finding(
        "The run",
        run.error or "Someone has cancelled it, by `cancel` or by stopping the command that followed it.",
        ["`python -m pipeline run` runs it again; steps that had ended come from the cache."],
    )
    return Diagnosis("cancelled", f"Run {run.run_id} was cancelled{ended}{what}.", [reason])


def _decision(run: RunRecord, evidence: Evidence) -> Mapping[str, Any]:
    noted = [artifact.metadata for artifact in run.outputs("decision")]
    return evidence.decision or (noted[-1] if noted else {})


def _what_it_made(run: RunRecord) -> str:
    registered = [str(artifact.metadata.get("version", "")) for artifact in run.outputs("registered_model")]
    if not registered:
        return "" if run.outputs("decision") else ". It has no gate: no task of it has written a decision"
    return f": the gate was open, and version {registered[-1]} is in the registry"


def _serving(run: RunRecord, evidence: Evidence) -> list[Finding]:
    """Which traffic the run's version was given, and which it has now."""
    found = run.outputs("endpoint")
    if not found:
        return []
    about = found[-1].metadata
    version, given = str(about.get("version", "")), about.get("traffic") or {}
    text = f"It was deployed, with {given.get(version, 0):.0f} % of the traffic."
    if evidence.traffic is None:
        return [Finding(f"Version {version}", text)]
    now = evidence.traffic.get(version, 0)
    others = {name: percent for name, percent in evidence.traffic.items() if name != version and percent}
    told = ", ".join(f"version {name} has {percent:.0f} %" for name, percent in others.items())
    text += f" It has {now:.0f} % now{f'; {told}' if told else ''}."
    advice = [] if now else [f"`python -m pipeline promote {version}` gives it the traffic again."]
    return [Finding(f"Version {version}", text, advice)]


def _since(began: datetime | None, now: datetime) -> str:
    if began is None:
        return ""
    return f" since {began.astimezone():%H:%M:%S}, {spoken((now - began).total_seconds())}"


def _listed(findings: Sequence[Finding]) -> str:
    return ", ".join(dict.fromkeys(finding.subject for finding in findings))
