"""Training, from CSV files to weights."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any

from trainer import __version__, storage
from trainer.config import Hyperparameters, TrainingConfig
from trainer.contract import Contract
from trainer.metric_file import MetricFile
from trainer.model.fitted_columns import unfitted_columns
from trainer.model.row_layout import RowLayout
from trainer.model.trained_model import TrainedModel
from trainer.training.checkpoints import CheckpointStore
from trainer.training.chunks import ChunkFeed, training_chunks
from trainer.training.class_weights import weights_of_classes
from trainer.training.event_log import EventLog
from trainer.training.input_pipeline import PIECE_ROWS
from trainer.training.learning_state import LearningState
from trainer.training.loop import TrainingLoop
from trainer.training.reducer import ALONE, Reducer
from trainer.training.same_start import require_same_start
from trainer.training.step_plan import StepPlan, plan_steps
from trainer.training.tables import TrainingTables, read_tables
from trainer.training.temperature import scale_logits

log = logging.getLogger(__name__)


def train(
    config: TrainingConfig, contract: Contract, reducer: Reducer = ALONE, metric_file: MetricFile | None = None
) -> TrainedModel:
    """Checks the tables, then trains, going on from the newest checkpoint of `config.checkpoints` if there is one.

    Args:
        config: What to train on and how.
        contract: The data contract that the tables must keep.
        reducer: Of the replicas that learn together, all of which are told the same.
        metric_file: Is told each evaluation, and at last that of the model which is left.

    Returns:
        The model; to replicas other than the primary that of the last step, not evaluated.

    Raises:
        DataError: A table breaks the contract; nothing was trained or written.
        TrainingError: The checkpoints belong to another run, the weights stopped being finite, or the replicas do not
            begin alike.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    weights: dict[str, float] = {}
    with ThreadPoolExecutor(1) as beside:
        plan = plan_steps(config, len(contract.features), None, reducer.size, reducer.rank)
        getting_ready = _start_early(config, contract, plan, reducer, beside)
        tables = read_tables(config, contract)
        if getting_ready is None:
            most_rows = tables.training.rows * config.num_epochs or None
            plan = plan_steps(config, len(contract.features), most_rows, reducer.size, reducer.rank)
            weights = weights_of_classes(config.class_weights, tables.training_profile.class_counts)
            getting_ready = beside.submit(_ready_state, config, contract, tables.encoder, plan, reducer, weights)
        loop, metrics = _learn(config, contract, tables, plan, reducer, getting_ready, metric_file)
        told = {**settings_of(config, contract, tables), **_found(loop, tables, weights)}
        if config.refit and (refitted := _refitting(config, loop)) is not None:
            tables = replace(tables, training=tables.whole or tables.training, held_out=None)
            plan = plan_steps(refitted, len(contract.features), None, reducer.size, reducer.rank)
            getting_ready = beside.submit(_ready_state, refitted, contract, tables.encoder, plan, reducer, weights)
            loop, metrics = _learn(refitted, contract, tables, plan, reducer, getting_ready, metric_file)
    record = {"steps": loop.step, "trainer": __version__, **told}
    state = loop.state
    if reducer.size > 1:
        record["replicas"] = reducer.size
    if config.temperature_scaling and reducer.is_primary:
        rows, classes = tables.held_out or tables.evaluation, len(contract.label.classes)
        record["temperature"] = scale_logits(state.network, state.layout, rows, classes, config.seed)
        metrics = loop.evaluate()
    if metric_file is not None:
        metric_file.report(loop.step, metrics)
    return TrainedModel(state.network, tables.encoder, contract, loop.step, metrics, record)


def _learn(
    config: TrainingConfig,
    contract: Contract,
    tables: TrainingTables,
    plan: StepPlan,
    reducer: Reducer,
    getting_ready: Future[LearningState],
    metric_file: MetricFile | None,
) -> tuple[TrainingLoop, dict[str, float]]:
    """Trains to the end; returns the loop, with loss and accuracy of the model that it leaves."""
    settings = settings_of(config, contract, tables)
    if plan.averages:
        settings["replicas that are averaged"] = plan.replicas
    store = CheckpointStore(config.checkpoints, settings, keeps=not config.metrics_only)
    checkpoint = store.latest()
    step = checkpoint.step if checkpoint else 0
    with closing(training_chunks(config, plan, tables.training, step)) as chunks, EventLog(config.logs) as events:
        state, last_step = getting_ready.result(), config.steps_for(tables.training.rows)
        require_same_start(reducer, step, {**store.settings, "last step": last_step})
        loop = TrainingLoop(
            config, state, last_step, tables.evaluation, tables.held_out, checkpoint, reducer, metric_file
        )
        return loop, loop.run(ChunkFeed(chunks, plan.batch_size), store, events)


def _refitting(config: TrainingConfig, loop: TrainingLoop) -> TrainingConfig | None:
    """How the rows are all learned, for as many steps as were best; None where no step was found to be."""
    best = loop.notes["best_step"]
    if not best:
        log.warning("There is no best step to refit to. Give --patience, and --holdout, or leave --refit out.")
        return None
    log.info("step %d was the best: training begins anew, on all rows, and ends there", best)
    return config.model_copy(
        update={
            "train_steps": best,
            "num_epochs": 0,
            "holdout": 0.0,
            "patience": 0,
            "refit": False,
            "checkpoint_dir": storage.join(config.checkpoints, "refit"),
            "tensorboard_dir": storage.join(config.logs, "refit"),
        }
    )


def settings_of(config: TrainingConfig, contract: Contract, tables: TrainingTables) -> dict[str, Any]:
    """What two runs must share for one to go on where the other stopped.

    More steps may follow, and the logits be scaled behind them. Where the steps are so many more that XLA compiles
    them, the weights differ by rounding from those of a run that was told so from the start.
    """
    settings = config.model_dump(include=set(Hyperparameters.model_fields) - {"train_steps", "temperature_scaling"})
    settings["contract"] = hashlib.sha256(contract.model_dump_json().encode()).hexdigest()[:12]
    settings["training data"] = tables.training_profile.sha256[:12]
    settings["evaluation data"] = tables.evaluation_profile.sha256[:12]
    settings["rows shuffled"] = tables.training.window_rows
    if config.validation_fraction:
        settings["validation fraction"] = config.validation_fraction
    return settings


def _found(loop: TrainingLoop, tables: TrainingTables, weights: Mapping[str, float]) -> dict[str, Any]:
    """What a record says of weights, rows held out and the step that was kept, where training had them."""
    told: dict[str, Any] = {"weights of the classes": weights} if weights else {}
    if tables.held_out is not None:
        told["rows held out"] = tables.held_out.rows
    if loop.notes["best_step"]:
        told["best step"] = loop.notes["best_step"]
    return told


def _start_early(
    config: TrainingConfig, contract: Contract, plan: StepPlan, reducer: Reducer, beside: Executor
) -> Future[LearningState] | None:
    """Starts to get ready while the tables are read, where nothing in them decides on the network or on the plan."""
    columns = unfitted_columns(contract)
    if columns is None or config.train_batch_size > PIECE_ROWS or config.class_weights:
        return None
    return beside.submit(_ready_state, config, contract, RowLayout(columns), plan, reducer, {})


def _ready_state(
    config: TrainingConfig,
    contract: Contract,
    layout: RowLayout,
    plan: StepPlan,
    reducer: Reducer,
    class_weights: Mapping[str, float],
) -> LearningState:
    from trainer.model.network import build_classifier, build_optimizer

    network = build_classifier(layout, config, len(contract.label.classes), plan.replicas, plan.rank)
    weights = [*class_weights.values()] or None
    state = LearningState(network, build_optimizer(config), layout, plan, weights, reducer)
    state.get_ready()
    return state
