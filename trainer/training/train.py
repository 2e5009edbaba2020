"""Training, from CSV files to weights."""

from __future__ import annotations

import hashlib
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing
from typing import Any

from trainer import __version__
from trainer.config import Hyperparameters, TrainingConfig
from trainer.contract import Contract
from trainer.model.fitted_columns import unfitted_columns
from trainer.model.row_layout import RowLayout
from trainer.model.trained_model import TrainedModel
from trainer.training.checkpoints import CheckpointStore
from trainer.training.chunks import ChunkFeed, training_chunks
from trainer.training.event_log import EventLog
from trainer.training.input_pipeline import PIECE_ROWS
from trainer.training.learning_state import LearningState
from trainer.training.loop import TrainingLoop
from trainer.training.step_plan import StepPlan, plan_steps
from trainer.training.tables import TrainingTables, read_tables
from trainer.training.temperature import scale_logits


def train(config: TrainingConfig, contract: Contract) -> TrainedModel:
    """Checks the tables, then trains, going on from the newest checkpoint of `config.checkpoints` if there is one.

    Args:
        config: What to train on and how.
        contract: The data contract that the tables must keep.

    Raises:
        DataError: A table breaks the contract; nothing was trained or written.
        TrainingError: The checkpoints belong to another run, or the weights stopped being finite.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    with ThreadPoolExecutor(1) as beside:
        plan = plan_steps(config, len(contract.features))
        getting_ready = _start_early(config, contract, plan, beside)
        tables = read_tables(config, contract)
        if getting_ready is None:
            plan = plan_steps(config, len(contract.features), tables.training.rows * config.num_epochs or None)
            getting_ready = beside.submit(_ready_state, config, contract, tables.encoder, plan)
        settings = settings_of(config, contract, tables)
        store = CheckpointStore(config.checkpoints, settings)
        checkpoint = store.latest()
        step = checkpoint.step if checkpoint else 0
        with closing(training_chunks(config, plan, tables.training, step)) as chunks, EventLog(config.logs) as events:
            state, last_step = getting_ready.result(), config.steps_for(tables.training.rows)
            loop = TrainingLoop(config, state, last_step, tables.evaluation, checkpoint)
            metrics = loop.run(ChunkFeed(chunks, plan.batch_size), store, events)
    record = {"steps": loop.step, "trainer": __version__, **settings}
    if config.temperature_scaling:
        classes = len(contract.label.classes)
        record["temperature"] = scale_logits(state.network, state.layout, tables.evaluation, classes, config.seed)
        metrics = loop.evaluate()
    return TrainedModel(state.network, tables.encoder, contract, loop.step, metrics, record)


def settings_of(config: Hyperparameters, contract: Contract, tables: TrainingTables) -> dict[str, Any]:
    """What two runs must share for one to go on where the other stopped.

    More steps may follow, and the logits be scaled behind them. Where the steps are so many more that XLA compiles
    them, the weights differ by rounding from those of a run that was told so from the start.
    """
    settings = config.model_dump(include=set(Hyperparameters.model_fields) - {"train_steps", "temperature_scaling"})
    settings["contract"] = hashlib.sha256(contract.model_dump_json().encode()).hexdigest()[:12]
    settings["training data"] = tables.training_profile.sha256[:12]
    settings["evaluation data"] = tables.evaluation_profile.sha256[:12]
    settings["rows shuffled"] = tables.training.window_rows
    return settings


def _start_early(
    config: TrainingConfig, contract: Contract, plan: StepPlan, beside: Executor
) -> Future[LearningState] | None:
    """Starts to get ready while the tables are read, where nothing in them decides on the network or on the plan."""
    columns = unfitted_columns(contract)
    if columns is None or config.train_batch_size > PIECE_ROWS:
        return None
    return beside.submit(_ready_state, config, contract, RowLayout(columns), plan)


def _ready_state(config: TrainingConfig, contract: Contract, layout: RowLayout, plan: StepPlan) -> LearningState:
    from trainer.model.network import build_classifier, build_optimizer

    network = build_classifier(layout, config, len(contract.label.classes))
    state = LearningState(network, build_optimizer(config), layout, plan)
    state.get_ready()
    return state
