"""`python -m trainer.serve`: the serving container's command, under Vertex AI's AIP_* contract."""

from __future__ import annotations

import os

# What the SDK's model server imports.
ROUTINE = {
    "HANDLER_MODULE": "trainer.request_handler",
    "HANDLER_CLASS": "StrictHandler",
    "PREDICTOR_MODULE": "trainer.predictor",
    "PREDICTOR_CLASS": "DnnPredictor",
}


def main() -> None:
    """Serves the model of AIP_STORAGE_URI on AIP_HTTP_PORT until it is stopped.

    A container listens to whatever reaches it. On a person's own machine, which VERTEX_EMULATOR_HOST tells, the server
    listens to that machine alone.
    """
    import uvicorn

    os.environ.update(ROUTINE)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    uvicorn.run(
        "google.cloud.aiplatform.prediction.model_server:CprModelServer",
        factory=True,
        host="127.0.0.1" if "VERTEX_EMULATOR_HOST" in os.environ else "0.0.0.0",  # noqa: S104 - inside a container
        port=int(os.environ["AIP_HTTP_PORT"]),
        access_log=False,
    )


if __name__ == "__main__":
    main()
