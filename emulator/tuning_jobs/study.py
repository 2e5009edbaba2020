"""A tuning job from its first trial to its last: looks at its trials, ends them, begins new ones.

All that it knows stands in the store: an emulator that was killed goes on where it was. Trials that were at work then
are, since their custom jobs start again.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from google.cloud.aiplatform_v1.types import CustomJob, HyperparameterTuningJob, JobState, Trial

from emulator.api.calls import Objects, Work
from emulator.api.clock import read_time, write_time
from emulator.api.errors import ApiError
from emulator.api.store import Store, Transaction
from emulator.custom_jobs.folders import JobFolders
from emulator.custom_jobs.records import CUSTOM_JOBS, OWNERS, is_final
from emulator.custom_jobs.task_jobs import has_ended
from emulator.tuning_jobs.measurements import Reports, points_of, read_reports, with_reports
from emulator.tuning_jobs.median import should_stop
from emulator.tuning_jobs.outcomes import (
    ACTIVE,
    CUT_SHORT,
    FINAL_STATES,
    STOPPING,
    SUCCEEDED,
    Verdict,
    end_infeasible,
    end_trial,
    maximizes,
    verdict_of,
)
from emulator.tuning_jobs.records import CANCELLED, SEED_LABEL, TRIALS, TUNING_JOBS, put_state, trial_name
from emulator.tuning_jobs.search import Past, Search
from emulator.tuning_jobs.space import Value, parameters_of, typed
from emulator.tuning_jobs.trial_jobs import cancel_trial_job, create_trial_job

# Whose reports count.
PRIMARY = "workerpool0-0"


class Step(NamedTuple):
    """What a look at a job has brought.

    Attributes:
        work: What is left to do, of custom jobs.
        is_over: Whether the job has ended.
    """

    work: list[Work]
    is_over: bool


class Study:
    """A tuning job at work. Nothing else writes its trials.

    Args:
        store: The emulator's memory.
        objects: The object store.
        folders: Where the files of custom jobs lie.
        name: The job's resource name.
    """

    def __init__(self, store: Store, objects: Objects, folders: JobFolders, name: str) -> None:
        self._store = store
        self._objects = objects
        self._folders = folders
        self._name = name
        with store.transaction() as tx:
            job = tx.require(TUNING_JOBS, name, "HyperparameterTuningJob")
            self._trials = tx.children(TRIALS, name)
        study = job.study_spec
        seed = job.labels.get(SEED_LABEL) or job.display_name
        self._search = Search(parameters_of(study.parameters), study.algorithm, maximizes(study), seed)
        self._metric: str = study.metrics[0].metric_id
        self._is_exhausted = False
        # By a trial's id: when its file was last written, and how long it was then.
        self._seen: dict[str, tuple[int, int]] = {}

    def advance(self) -> Step:
        """Takes in what has happened, and does what there is to do."""
        job = self._begun()
        if job is None or is_final(job):
            return Step([], is_over=True)
        work: list[Work] = []
        is_ending = self._verdict(job) is not None
        for number, trial in enumerate(self._trials):
            if trial.state not in FINAL_STATES:
                self._trials[number], left = self._followed(job, trial, is_ending=is_ending)
                work += left
        if self._verdict(job) is None:
            work += self._fill(job)
        verdict = self._verdict(job)
        if verdict is None:
            return Step(work, is_over=False)
        if self._at_work():
            return Step(work + self._stop_trials(), is_over=False)
        self._end(verdict)
        return Step(work, is_over=True)

    def abandon(self, error: ApiError) -> list[Work]:
        """Ends the job as FAILED whatever its trials do, where the emulator itself has failed; what is left to do."""
        work = self._stop_trials()
        for trial in self._at_work():
            end_infeasible(trial, CUT_SHORT)
            self._written(trial)
        self._end(Verdict(JobState.JOB_STATE_FAILED, error))
        return work

    def _begun(self) -> HyperparameterTuningJob | None:
        """The job, RUNNING from now on; CANCELLING once the pipeline job has ended that has asked for it."""
        job = self._store.peek(TUNING_JOBS, self._name)
        if job is None or is_final(job) or job.state == JobState.JOB_STATE_CANCELLING:
            return job
        owner = self._store.peek(OWNERS, self._name)
        if owner is not None and has_ended(self._store, owner):
            return self._changed(JobState.JOB_STATE_CANCELLING)
        return job if job.state == JobState.JOB_STATE_RUNNING else self._changed(JobState.JOB_STATE_RUNNING)

    def _changed(self, state: int) -> HyperparameterTuningJob | None:
        with self._store.transaction() as tx:
            job = tx.get(TUNING_JOBS, self._name)
            if job is not None and job.state != JobState.JOB_STATE_CANCELLING:
                put_state(tx, job, state)
            return job

    def _verdict(self, job: HyperparameterTuningJob) -> Verdict | None:
        return verdict_of(job, self._trials, is_exhausted=self._is_exhausted)

    def _at_work(self) -> list[Trial]:
        return [trial for trial in self._trials if trial.state not in FINAL_STATES]

    def _followed(self, job: HyperparameterTuningJob, trial: Trial, *, is_ending: bool) -> tuple[Trial, list[Work]]:
        """A trial as it is by now, and what is left to do of its custom job."""
        child = self._store.peek(CUSTOM_JOBS, trial.custom_job)
        # A copy: what is not written is not so.
        trial = Trial(trial)
        if child is None:
            end_infeasible(trial, f"The trial's custom job {trial.custom_job} was deleted.")
            return self._written(trial), []
        # The state comes before the file: what has ended has written all of it.
        reports = self._reports(trial, child)
        is_new = reports is not None and with_reports(trial, reports, self._metric, maximizes=self._search.maximizes)
        began = read_time(child, "start_time")
        if began != read_time(trial, "start_time"):
            write_time(trial, "start_time", began)
            is_new = True
        if is_final(child):
            end_trial(trial, child, reports or Reports(), job.study_spec, is_ending=is_ending)
            return self._written(trial), []
        if not is_new:
            return trial, []
        if trial.state == ACTIVE and not is_ending and self._falls_behind(job, trial):
            return self._stopping(trial)
        return self._written(trial), []

    def _written(self, trial: Trial) -> Trial:
        with self._store.transaction() as tx:
            tx.put(TRIALS, trial_name(self._name, trial.id), trial)
        return trial

    def _stopping(self, trial: Trial) -> tuple[Trial, list[Work]]:
        """A trial that is asked to end, and what is left to do of its custom job."""
        trial = Trial(trial)
        Trial.pb(trial).state = STOPPING
        with self._store.transaction() as tx:
            tx.put(TRIALS, trial_name(self._name, trial.id), trial)
            return trial, cancel_trial_job(tx, self._objects, trial)

    def _reports(self, trial: Trial, child: CustomJob) -> Reports | None:
        """What a trial has reported; None where that is nothing, or nothing new while it is at work."""
        began = read_time(child, "start_time")
        if began is None:
            return None
        file = self._folders.metrics(trial.custom_job, PRIMARY)
        try:
            found = file.stat()
        except FileNotFoundError:
            return None
        seen = (found.st_mtime_ns, found.st_size)
        if self._seen.get(trial.id) == seen and not is_final(child):
            return None
        self._seen[trial.id] = seen
        return read_reports(file, self._metric, began.timestamp())

    def _falls_behind(self, job: HyperparameterTuningJob, trial: Trial) -> bool:
        if "median_automated_stopping_spec" not in job.study_spec:
            return False
        completed = [points_of(other) for other in self._trials if other.state == SUCCEEDED]
        by_time = job.study_spec.median_automated_stopping_spec.use_elapsed_duration
        return should_stop(points_of(trial), completed, maximizes=self._search.maximizes, by_time=by_time)

    def _fill(self, job: HyperparameterTuningJob) -> list[Work]:
        """Begins as many trials as there is room for; what is left to do of their custom jobs."""
        work: list[Work] = []
        while len(self._at_work()) < job.parallel_trial_count and len(self._trials) < job.max_trial_count:
            values = self._search.suggest([self._past(trial) for trial in self._trials])
            if values is None:
                self._is_exhausted = True
                break
            with self._store.transaction() as tx:
                begun = self._begin(tx, values)
            if begun is None:
                break
            trial, left = begun
            self._trials.append(trial)
            work += left
        return work

    def _begin(self, tx: Transaction, values: dict[str, Value]) -> tuple[Trial, list[Work]] | None:
        """A new trial, and what is left to do of its custom job; None where the job was cancelled in the meantime."""
        job = tx.get(TUNING_JOBS, self._name)
        if job is None or job.state != JobState.JOB_STATE_RUNNING:
            return None
        number = str(len(self._trials) + 1)
        child, work = create_trial_job(tx, self._objects, job, number, values)
        parameters = [{"parameter_id": name, "value": value} for name, value in values.items()]
        trial = Trial(id=number, state=ACTIVE, parameters=parameters, custom_job=child.name)
        tx.put(TRIALS, trial_name(self._name, number), trial)
        return trial, work

    def _past(self, trial: Trial) -> Past:
        told: dict[str, Any] = {one.parameter_id: one.value for one in trial.parameters}
        values = typed(self._search.parameters, told)
        value = trial.final_measurement.metrics[0].value if trial.state == SUCCEEDED else None
        return Past(values, trial.state in FINAL_STATES, value)

    def _stop_trials(self) -> list[Work]:
        work: list[Work] = []
        for number, trial in enumerate(self._trials):
            if trial.state == ACTIVE:
                self._trials[number], left = self._stopping(trial)
                work += left
        return work

    def _end(self, verdict: Verdict) -> None:
        with self._store.transaction() as tx:
            job = tx.get(TUNING_JOBS, self._name)
            if job is None or is_final(job):
                return
            if job.state == JobState.JOB_STATE_CANCELLING:
                verdict = Verdict(JobState.JOB_STATE_CANCELLED, CANCELLED)
            put_state(tx, job, verdict.state, verdict.error)
