from app.api.callers import OperationsRead
from app.api.deps import HealthServiceDep
from app.schemas.health import DetailedHealth, Health
from lintel.routing import Router

router = Router(tags=["health"])


@router.get("/health", summary="Is the process alive?")
async def health(service: HealthServiceDep) -> Health:
    """Answers 200 as long as the process lives, with what was last known of the services it needs."""
    return service.last()


@router.get("/ready", summary="Can it take requests?")
async def ready(service: HealthServiceDep) -> Health:
    """Answers 503 while something it needs does not answer, and while it is shutting down."""
    return await service.ready()


@router.get("/health/detailed", summary="How is each part doing?")
async def detailed_health(_: OperationsRead, service: HealthServiceDep) -> DetailedHealth:
    """Checks every part now; for administrators."""
    return await service.detailed()
