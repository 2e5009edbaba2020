"""`python -m trainer.serve`: the serving container's command, under Vertex AI's AIP_* contract."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
from types import FrameType

from trainer.errors import ProjectError, UsageError, quoted

CONTRACT = ("AIP_STORAGE_URI", "AIP_HTTP_PORT", "AIP_HEALTH_ROUTE", "AIP_PREDICT_ROUTE")
LAST_PORT = 65_535
HOST_VARIABLE = "DNN_SERVING_HOST"


def main() -> None:
    """Serves the model of AIP_STORAGE_URI on AIP_HTTP_PORT until it is stopped. It listens once the model is loaded.

    A container listens to whatever reaches it. On a person's own machine, which VERTEX_EMULATOR_HOST tells, the server
    listens to that machine alone. DNN_SERVING_HOST names another address to listen on.
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO, stream=sys.stdout)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        serve()
    except ProjectError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


def serve() -> None:
    """Loads the model and serves it.

    Raises:
        UsageError: The environment lacks what the contract promises, or holds something else.
        ProjectError: There is no such model.
    """
    missing = [name for name in CONTRACT if not os.environ.get(name)]
    if missing:
        raise UsageError(
            f"The environment lacks {', '.join(missing)}, which Vertex AI sets in a serving container. Set "
            f"{'it' if len(missing) == 1 else 'them'} to serve a model by hand."
        )
    port, routes = os.environ["AIP_HTTP_PORT"], [os.environ["AIP_HEALTH_ROUTE"], os.environ["AIP_PREDICT_ROUTE"]]
    if not port.isdecimal() or not 1 <= int(port) <= LAST_PORT:
        raise UsageError(f"AIP_HTTP_PORT must be the number of a port, 1 to {LAST_PORT}. Received: {quoted(port)}.")
    for route in routes:
        if not route.startswith("/"):
            raise UsageError(
                f"A route must begin with a slash. Received: {quoted(route)}. Write {quoted('/' + route)}."
            )
    # Millions of objects are made before the first request and all of them stay: collecting garbage meanwhile takes a
    # fifth of the start, and looking through them afterwards would hold up predictions.
    gc.disable()
    import uvicorn

    from trainer.model.saved_model import SavedModel
    from trainer.serving.app import prediction_app
    from trainer.serving.predictor import DnnPredictor

    predictor = DnnPredictor(SavedModel(os.environ["AIP_STORAGE_URI"].rstrip("/")))
    gc.freeze()
    gc.enable()
    uvicorn.run(
        prediction_app(predictor, *routes),
        host=_host(),
        port=int(port),
        access_log=False,
        log_config=None,
        lifespan="off",
    )


def _host() -> str:
    usual = "127.0.0.1" if "VERTEX_EMULATOR_HOST" in os.environ else "0.0.0.0"  # noqa: S104 - inside a container
    return os.environ.get(HOST_VARIABLE, usual)


def _end(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


if __name__ == "__main__":
    # As process 1 of a container, which a signal without a handler does not reach, it would load its model to the end.
    signal.signal(signal.SIGTERM, _end)
    main()
