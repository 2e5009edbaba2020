"""Hand on a model that passed the gate."""

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def approve_model(
    model: dsl.Input[dsl.Model],
    decision: dsl.Input[dsl.Artifact],
    approved_model: dsl.Output[dsl.Model],
) -> None:
    """Names the model as fit to be registered and served. It runs only behind the open gate; nothing is copied.

    Args:
        model: The exported SavedModel.
        decision: The record of why it passed.
        approved_model: The same SavedModel, at the same place, with the decision as metadata.
    """
    approved_model.uri = model.uri
    approved_model.metadata.update(model.metadata, decision=decision.metadata["summary"], decision_uri=decision.uri)
