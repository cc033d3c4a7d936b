"""OpenFeature, in both directions: a vendor's flags for us, and ours for any OpenFeature client.

Needs the extra `flags`, which is why it is no part of the facade.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType, Reason
from openfeature.provider import AbstractProvider, FeatureProvider, Metadata

from lintel.flags._flag import Flag
from lintel.flags._stored import StoredFlags
from lintel.security import Principal

ROLES = "roles"
DEADLINE = 0.25
"""Seconds that a vendor may take for one answer."""
START_DEADLINE = 5.0

T = TypeVar("T")

_log = structlog.get_logger("lintel.flags")


class OpenFeatureFlags:
    """Asks a vendor's provider. What the environment says wins; without an answer a flag is at its default.

    The provider sees a user's number as targeting key, and their roles.

    Args:
        provider: Any OpenFeature provider.
        overrides: What the environment says, by name.
        deadline: Seconds that an answer may take.
    """

    def __init__(self, provider: FeatureProvider, *, overrides: Mapping[str, bool], deadline: float = DEADLINE) -> None:
        # Not through OpenFeature's own client: it logs a traceback, with whatever the vendor put into its exception,
        # for each question that fails. Its hooks are a client's matter.
        self._provider = provider
        self._overrides = dict(overrides)
        self._deadline = deadline
        self._is_away = False

    async def is_on(self, flag: Flag, principal: Principal | None = None) -> bool:
        """See `Flags.is_on`."""
        override = self._overrides.get(flag.name)
        if override is not None:
            return override
        try:
            async with asyncio.timeout(self._deadline):
                details = await self._provider.resolve_boolean_details_async(
                    flag.name, flag.default, _context(principal)
                )
        except Exception as error:  # noqa: BLE001 - whatever a vendor raises
            self._note_away("timeout" if isinstance(error, TimeoutError) else type(error).__name__)
            return flag.default
        if details.error_code not in {None, ErrorCode.FLAG_NOT_FOUND} or not isinstance(details.value, bool):
            self._note_away("no answer")
            return flag.default
        self._note_back()
        return details.value

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Starts the provider, and goes on without if it does not start in time; shuts it down at the end."""
        await self._in_time(lambda: self._provider.initialize(EvaluationContext()))
        try:
            yield
        finally:
            await self._in_time(self._provider.shutdown)

    async def _in_time(self, step: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(START_DEADLINE):
                await asyncio.to_thread(step)
        except Exception as error:  # noqa: BLE001 - whatever a vendor raises
            self._note_away(type(error).__name__)

    def _note_away(self, reason: str) -> None:
        if not self._is_away:
            self._is_away = True
            _log.error("flags are at their defaults: the provider does not answer", reason=reason)

    def _note_back(self) -> None:
        if self._is_away:
            self._is_away = False
            _log.warning("the provider of flags answers again")


class LintelProvider(AbstractProvider):
    """Our flags for any OpenFeature client. A targeting key is a user's number; the attribute `roles` lists roles."""

    def __init__(self, flags: StoredFlags) -> None:
        super().__init__()
        self._flags = flags

    def get_metadata(self) -> Metadata:
        """What it is called."""
        return Metadata(name="lintel")

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: FBT001 - OpenFeature calls it
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """Whether a flag is on for the one the context describes."""
        flag = self._flags.declared.get(flag_key)
        if flag is None:
            return _fault(default_value, ErrorCode.FLAG_NOT_FOUND)
        value = self._flags.evaluate(flag, _principal(evaluation_context))
        is_static = self._flags.override_of(flag) is not None
        reason = Reason.STATIC if is_static else Reason.TARGETING_MATCH
        return FlagResolutionDetails(value=value, reason=reason, variant="on" if value else "off")

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - OpenFeature calls it
    ) -> FlagResolutionDetails[str]:
        """No flag of ours is a text."""
        return self._mismatch(flag_key, default_value)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - OpenFeature calls it
    ) -> FlagResolutionDetails[int]:
        """No flag of ours is a number."""
        return self._mismatch(flag_key, default_value)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - OpenFeature calls it
    ) -> FlagResolutionDetails[float]:
        """No flag of ours is a number."""
        return self._mismatch(flag_key, default_value)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - OpenFeature calls it
    ) -> FlagResolutionDetails[Sequence[FlagValueType] | Mapping[str, FlagValueType]]:
        """No flag of ours is an object."""
        return self._mismatch(flag_key, default_value)

    def _mismatch(self, flag_key: str, default: T) -> FlagResolutionDetails[T]:
        known = flag_key in self._flags.declared
        return _fault(default, ErrorCode.TYPE_MISMATCH if known else ErrorCode.FLAG_NOT_FOUND)


def _fault(default: T, code: ErrorCode) -> FlagResolutionDetails[T]:
    return FlagResolutionDetails(value=default, reason=Reason.ERROR, error_code=code)


def _context(principal: Principal | None) -> EvaluationContext:
    if principal is None:
        return EvaluationContext()
    return EvaluationContext(str(principal.id), {ROLES: sorted(principal.roles)})


def _principal(context: EvaluationContext | None) -> Principal | None:
    key = context.targeting_key if context else None
    if context is None or not key or not key.isascii() or not key.isdigit():
        return None
    roles: Any = context.attributes.get(ROLES, ())
    is_list = isinstance(roles, Collection) and not isinstance(roles, str)
    return Principal(int(key), roles=frozenset(map(str, roles)) if is_list else frozenset())
