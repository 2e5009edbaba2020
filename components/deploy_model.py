"""Deploy a registered version and move the traffic to it."""

from kfp import dsl

from components.image import TRAINER_IMAGE


@dsl.component(base_image=TRAINER_IMAGE, install_kfp_package=False)
def deploy_model(
    registered_model: dsl.Input[dsl.Artifact],
    project: str,
    location: str,
    endpoint_name: str,
    rollout: str,
    smoke: str,
    machine_type: str,
    max_latency_ms: float,
    endpoint: dsl.Output[dsl.Artifact],
) -> None:
    """Brings the version to all the traffic of one endpoint, step by step, or leaves the endpoint as it was.

    Its image is the one that serves the version, whose server it starts for the smoke test.

    Args:
        registered_model: The version.
        project: Google Cloud project.
        location: Region.
        endpoint_name: Display name of the endpoint; made if there is none.
        rollout: Percentages of the traffic, rising to 100, such as 100 or 10,50,100.
        smoke: Where the version must answer its smoke test before it is deployed: task, by its server, started in this
            task; endpoint, on an endpoint of its own.
        machine_type: What the version is deployed on.
        max_latency_ms: The slowest that 95 of 100 predictions may be while the traffic moves.
        endpoint: The endpoint: resourceName, version, traffic and smoke as metadata; the last says where the version
            has answered its smoke test, and is empty where it had traffic already.
    """
    from components.vertex.answers import Watch, load_smoke
    from components.vertex.connection import connect
    from components.vertex.endpoints import Machines, deployments_of
    from components.vertex.registry import version_by_name
    from components.vertex.rollout import roll_out
    from components.vertex.rollout_plan import parse_percentages

    vertex = connect(project, location)
    version = version_by_name(vertex, registered_model.metadata["resourceName"])
    served = roll_out(
        vertex=vertex,
        endpoint_name=endpoint_name,
        version=version,
        percentages=parse_percentages(rollout),
        smoke=load_smoke(version),
        smoke_at=smoke,
        machines=Machines(type=machine_type),
        watch=Watch(max_latency_ms=max_latency_ms),
    )
    place = served.endpoint
    endpoint.uri = place.name
    endpoint.metadata.update(
        resourceName=place.name,
        version=version.version_id,
        traffic={one.version: one.traffic for one in deployments_of(place)},
        smoke=served.smoke,
    )
