"""How often people may try what others could try in their name."""

from dataclasses import dataclass
from typing import Self

from app.core.config import Settings
from lintel.ratelimit import RateLimiter, Throttle, network_of

QUARTER, HOUR, DAY = 900, 3_600, 86_400
BESIEGED_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class SignInThrottle:
    """Bounds guessing of passwords without letting anybody lock others out.

    What is tried from one network is bounded, for one account strictly and for all together. Where an account is tried
    from everywhere more often than anybody signs in, every network has a few attempts a day left: nobody elsewhere can
    take away those of the owner's, and the right password begins them anew.

    Attributes:
        by_network: Attempts from one network, on whatever account.
        by_pair: Attempts on one account from one network.
        by_account: Attempts on one account from everywhere.
        besieged: Attempts on one account from one network, where those from everywhere are used up.
    """

    by_network: Throttle
    by_pair: Throttle
    by_account: Throttle
    besieged: Throttle

    @classmethod
    def of(cls, settings: Settings, limiter: RateLimiter) -> Self:
        """As the settings say."""
        return cls(
            by_network=Throttle(limiter, "login-network", limit=settings.login_attempts_per_address, window=QUARTER),
            by_pair=Throttle(limiter, "login", limit=settings.login_attempts, window=QUARTER),
            by_account=Throttle(limiter, "login-account", limit=settings.login_attempts_per_account, window=HOUR),
            besieged=Throttle(limiter, "login-besieged", limit=BESIEGED_ATTEMPTS, window=DAY),
        )

    async def admit(self, account: str, address: str | None) -> None:
        """Count an attempt, before anything is known of the account or the password.

        Args:
            account: The name that was given, in its one form; whether there is such an account makes no difference.
            address: Where the attempt comes from.

        Raises:
            TooManyRequests: There were too many.
            Unavailable: They cannot be counted.
        """
        network = network_of(address)
        await self.by_network.admit(network)
        await self.by_pair.admit(account, network)
        if await self.by_account.refusal(account) is not None:
            await self.besieged.admit(account, network)

    async def succeeded(self, account: str, address: str | None) -> None:
        """Begin anew for this account in this network: whoever has the password need not guess."""
        network = network_of(address)
        await self.by_pair.forget(account, network)
        await self.besieged.forget(account, network)


@dataclass(frozen=True, slots=True)
class RegistrationThrottle:
    """Bounds what people who are not signed in have made and sent.

    Attributes:
        accounts: Accounts made from one network.
        mails: Mails asked for from one network, for whatever addresses.
    """

    accounts: Throttle
    mails: Throttle

    @classmethod
    def of(cls, settings: Settings, limiter: RateLimiter) -> Self:
        """As the settings say."""
        return cls(
            accounts=Throttle(limiter, "register", limit=settings.registrations_per_address, window=HOUR),
            mails=_mails(settings, limiter),
        )


@dataclass(frozen=True, slots=True)
class PasswordThrottle:
    """Bounds what is tried with passwords beside signing in.

    Attributes:
        mails: Mails asked for from one network, for whatever addresses.
        guesses: Current passwords given in one session. Whoever stole it takes away no attempt in another one.
    """

    mails: Throttle
    guesses: Throttle

    @classmethod
    def of(cls, settings: Settings, limiter: RateLimiter) -> Self:
        """As the settings say."""
        return cls(
            mails=_mails(settings, limiter),
            guesses=Throttle(limiter, "password-change", limit=settings.login_attempts, window=QUARTER),
        )


def _mails(settings: Settings, limiter: RateLimiter) -> Throttle:
    """One bound for all mails that strangers can have sent."""
    return Throttle(limiter, "password-mails", limit=settings.password_mails_per_address, window=HOUR)
