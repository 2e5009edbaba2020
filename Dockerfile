# The one image: components of the pipeline, training jobs and the serving container all run it.
#
#     docker build --tag dnn-trainer:0.1.0 .
#
# An accelerator needs CUDA's libraries beside, which make the image some gigabytes larger:
#
#     docker build --build-arg LOCK=requirements-gpu.lock --tag dnn-trainer:0.1.0-gpu .
#
# In production give the base by digest: --build-arg BASE_IMAGE=python@sha256:...
ARG BASE_IMAGE=python:3.11.14-slim-bookworm

FROM ${BASE_IMAGE} AS builder
ARG LOCK=requirements.lock
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY requirements-build.lock ${LOCK} ./
# kfp is published as source alone: the locked build backend builds it, and none that no hash is held against.
RUN pip install --require-hashes --requirement requirements-build.lock \
    && pip install --require-hashes --no-build-isolation --use-pep517 --requirement ${LOCK}
COPY . .
RUN pip install --no-build-isolation --no-deps . \
    && pip uninstall --yes pip setuptools uv wheel

FROM ${BASE_IMAGE}
# The base brings an installer of its own. Nothing is installed at run time.
RUN if python3 -m pip --version; then python3 -m pip uninstall --yes --root-user-action ignore pip setuptools wheel; fi \
    && useradd --uid 10001 --create-home trainer
COPY --from=builder /opt/venv /opt/venv
# Where Vertex AI puts the driver of an accelerator.
ENV PATH=/opt/venv/bin:$PATH \
    LD_LIBRARY_PATH=/usr/local/nvidia/lib64 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=2
# A number, so that a cluster can see that it is not root.
USER 10001:10001
WORKDIR /home/trainer
# No entry point: kfp, a training job and a deployed model each name the command that they want.
CMD ["python", "-m", "trainer.task", "--help"]
