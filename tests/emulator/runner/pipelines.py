"""The pipelines that the runner's tests run; each is compiled as a user would compile it."""

# ruff: noqa: I002, UP045 - kfp reads annotations as values, and knows no `int | None`
# mypy: disable-error-code="untyped-decorator,no-untyped-def,valid-type,union-attr"

import functools
from pathlib import Path
from typing import NamedTuple, Optional

from kfp import compiler, dsl

component = functools.partial(dsl.component, base_image="trainer:1", install_kfp_package=False)


@component()
def make_rows(count: int, rows: dsl.Output[dsl.Dataset], metrics: dsl.Output[dsl.Metrics]):
    with open(rows.path, "w") as file:
        file.write("row\n" * count)
    rows.metadata["count"] = count
    metrics.log_metric("share", 0.5)


@component()
def count_rows(rows: dsl.Input[dsl.Dataset]) -> NamedTuple(
    "Counted", [("count", int), ("share", float), ("enough", bool)]
):
    import importlib

    here = importlib.import_module("here")  # lies in the current directory
    with open(rows.path) as file:
        count = len(file.readlines())
    print(here.NAME, count)
    return count, count / 4, count > 2


@component()
def say(text: str, number: Optional[int] = None) -> str:
    print(text, number)
    return f'it\'s "{text}"'


@component()
def breaks(hint: str):
    print("about to break")
    raise ValueError(f"first line\nsecond line, {hint}")


@component()
def measures() -> float:
    return float("nan")


@component()
def waits(folder: str, name: str, deaf: bool):
    import os
    import pathlib
    import signal
    import subprocess
    import sys
    import time

    code = "import signal, sys, time; signal.signal(15, int(sys.argv[1])); print(flush=True); time.sleep(60)"
    hearing = str(int(signal.SIG_IGN if deaf else signal.SIG_DFL))
    far = subprocess.Popen([sys.executable, "-c", code, hearing], start_new_session=True, stdout=subprocess.PIPE)
    far.stdout.readline()
    lose = "sleep 60 >/dev/null 2>&1 & echo $!"
    lost = subprocess.run(["/bin/sh", "-c", lose], capture_output=True, check=True)
    pids = pathlib.Path(folder, f"{name}.new")
    pids.write_text(f"{os.getpid()} {far.pid} {int(lost.stdout)}")
    pids.rename(pids.with_suffix(".pids"))
    print("waiting")
    time.sleep(60)


@component()
def count_lines(rows: dsl.Input[dsl.Dataset]) -> int:
    with open(rows.path) as file:
        return len(file.readlines())


@component()
def refuses_rows(rows: dsl.Input[dsl.Dataset], wanted: int):
    if wanted != 3:
        raise ValueError(f"no {wanted} rows in {rows.path}")


@component()
def works_at_second_try(folder: str) -> str:
    import pathlib

    mark = pathlib.Path(folder, "tried")
    if not mark.exists():
        mark.touch()
        raise ValueError(f"not yet in {folder}")
    return "done"


@component()
def divides(number: int) -> float:
    return 6 / number


@component()
def tidies(quotient: float = 0.5) -> str:
    return f"tidied {quotient}"


@component()
def tells_end(status: dsl.PipelineTaskFinalStatus):
    print(f"{status.pipeline_task_name} of {status.pipeline_job_resource_name}: {status.state}")
    print(f"{status.error_code} {status.error_message}")


@component()
def gathers(folder: str, party: str, member: str, count: int) -> str:
    import pathlib
    import time

    place = pathlib.Path(folder, party)
    place.mkdir(exist_ok=True)
    place.joinpath(member).touch()
    print(f"{member} of {party}")
    limit = time.monotonic() + 120
    while len(list(place.iterdir())) < count:
        if time.monotonic() > limit:
            raise TimeoutError(f"{member} is alone")
        time.sleep(0.01)
    return member


@component()
def fails_beside(folder: str):
    import pathlib
    import time

    while not pathlib.Path(folder, "begun").exists():
        time.sleep(0.01)
    raise ValueError("while the other one is at work")


@component()
def outlasts(folder: str, failing: str):
    import json
    import pathlib
    import time

    pathlib.Path(folder, "begun").touch()
    while True:
        run = json.loads(pathlib.Path(folder, "run", "run.json").read_text(encoding="utf-8"))
        states = {task["taskName"]: task["state"] for task in run["jobDetail"]["taskDetails"]}
        if states[failing] == "FAILED":
            break
        time.sleep(0.01)


@dsl.pipeline(name="inner")
def inner(word: str):
    say(text=word)


@dsl.pipeline(name="whole")
def whole(first: int = 3, note: Optional[str] = None):
    many = make_rows(count=first)
    few = make_rows(count=1)
    counted = count_rows(rows=many.outputs["rows"]).set_display_name("Count").set_memory_limit("1Gi")
    counted_few = count_rows(rows=few.outputs["rows"])
    said = say(text=f"{first} rows, {counted.outputs['count']} counted")
    with dsl.If(counted.outputs["enough"] == True, name="enough"):  # noqa: E712 - kfp compares channels
        say(text="enough", number=first)
    with dsl.If(counted_few.outputs["enough"] == True):  # noqa: E712 - kfp compares channels
        say(text=note)
    with dsl.If(said.output != "silence"):
        inner(word="from within")
    with dsl.ParallelFor([1, 2]) as item:
        say(text="again", number=item)


@dsl.pipeline(name="breaking")
def breaking(hint: str):
    broken = breaks(hint=hint).set_retry(num_retries=1)
    say(text="after").after(broken)


@dsl.pipeline(name="measuring")
def measuring():
    measured = measures()
    with dsl.If(measured.output >= 0.5):
        say(text="good")
    with dsl.Else():
        say(text=f"not good: {dsl.PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER}")


@dsl.pipeline(name="waiting")
def waiting(folder: str, deaf: bool = False):
    waited = [waits(folder=folder, name=name, deaf=deaf) for name in ("left", "right")]
    for task in waited:
        task.set_retry(num_retries=3, backoff_duration="60s")
    say(text="after").after(*waited)


@dsl.pipeline(name="remembering")
def remembering(folder: str, count: float = 3, wanted: int = 3):
    made = make_rows(count=3)
    counted = count_lines(rows=made.outputs["rows"])
    say(text=f"{count} asked, {counted.output} counted")
    works_at_second_try(folder=folder).set_retry(num_retries=1)
    say(text="always").set_caching_options(False)
    refuses_rows(rows=made.outputs["rows"], wanted=wanted)
    with dsl.If(counted.output > 2):
        inner(word="many")
    with dsl.ParallelFor([1, 2]) as item:
        say(text="again", number=item)


@dsl.pipeline(name="going-on")
def going_on():
    ended = tells_end()
    with dsl.ExitHandler(ended):
        broken = divides(number=0)
        say(text="after").after(broken)
        alone = say(text="alone")
        with dsl.If(alone.output != ""):
            divides(number=0)
            say(text="beside")
        with dsl.ParallelFor([0, 1]) as number:
            say(text="divided").after(divides(number=number))


@dsl.pipeline(name="stopping")
def stopping():
    broken = divides(number=0)
    tidied = tidies(quotient=broken.output).ignore_upstream_failure()
    say(text=tidied.output)


@dsl.pipeline(name="pair")
def pair(folder: str, party: str):
    gathers(folder=folder, party=party, member="left", count=2)
    gathers(folder=folder, party=party, member="right", count=2)


@dsl.pipeline(name="gathering")
def gathering(folder: str):
    left = gathers(folder=folder, party="root", member="left", count=2)
    right = gathers(folder=folder, party="root", member="right", count=2)
    say(text=f"{left.output} and {right.output}")
    with dsl.If(left.output == "left"):
        gathers(folder=folder, party="groups", member="condition", count=2)
    with dsl.If(right.output == "right"):
        gathers(folder=folder, party="groups", member="other condition", count=2)
    with dsl.ParallelFor(["first", "second", "third"]) as member:
        gathers(folder=folder, party="loop", member=member, count=3)
    with dsl.ParallelFor([1, 2, 3], parallelism=1) as number:
        say(text="one by one", number=number)


@dsl.pipeline(name="crowded")
def crowded(folder: str):
    pair(folder=folder, party="pair")
    with dsl.ParallelFor([1, 2, 3]) as number:
        say(text="beside", number=number)


@dsl.pipeline(name="outlasting")
def outlasting(folder: str):
    with dsl.ExitHandler(tells_end()):
        fails_beside(folder=folder)
        say(text="after").after(outlasts(folder=folder, failing="fails-beside"))


PIPELINES = {
    pipeline.name: pipeline
    for pipeline in (
        *(whole, breaking, measuring, waiting, remembering, going_on, stopping),
        *(gathering, crowded, outlasting),
    )
}


def compile_pipeline(name: str, folder: Path) -> Path:
    """Compiles a pipeline of this file into a folder and returns the path of its YAML."""
    path = folder / f"{name}.yaml"
    compiler.Compiler().compile(PIPELINES[name], str(path))
    return path
