from typing import Annotated

from fastapi import Path

from app.api.callers import FlagsManage, ProfileRead
from app.api.deps import FlagServiceDep
from app.core.exceptions import FlagNotFound, FlagsDecidedElsewhere
from app.schemas.flags import FlagRead, FlagRuleWrite, FlagStates
from lintel.errors import problems
from lintel.routing import Router

router = Router(prefix="/flags", tags=["flags"])

FlagName = Annotated[str, Path(max_length=63, description="Name of the flag.")]


@router.get("", summary="What is switched on")
async def list_flags(me: ProfileRead, flags: FlagServiceDep) -> FlagStates:
    """Tell what is switched on for you."""
    return await flags.list_flags(me)


@router.get("/{name}", summary="Read a flag", responses=problems(FlagNotFound))
async def read_flag(name: FlagName, _: FlagsManage, flags: FlagServiceDep) -> FlagRead:
    """Read a flag with all that decides about it; for administrators."""
    return await flags.get_flag(name)


@router.put("/{name}", summary="Switch a flag", responses=problems(FlagNotFound, FlagsDecidedElsewhere))
async def set_flag(name: FlagName, rule: FlagRuleWrite, me: FlagsManage, flags: FlagServiceDep) -> FlagRead:
    """Say for whom a flag is on; for administrators. Other server processes know within seconds."""
    return await flags.set_rule(me, name, rule)


@router.delete(
    "/{name}", status_code=204, summary="Reset a flag", responses=problems(FlagNotFound, FlagsDecidedElsewhere)
)
async def reset_flag(name: FlagName, me: FlagsManage, flags: FlagServiceDep) -> None:
    """Put a flag back to its default; for administrators."""
    await flags.delete_rule(me, name)
