"""What the simulator is told to do: how fast, how reliably and within which limits it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from lattice.core.errors import UsageError
from lattice.providers.simulated.faults import PASSING, PERMANENT, SPOILT, Fault, parse_faults
from lattice.providers.simulated.latency import Latency, parse_latency
from lattice.providers.simulated.values import near, number, whole, within_unit


class LimitHeaders(StrEnum):
    """Whether responses tell about rate limits as the real APIs do, or say nothing."""

    REAL = "real"
    NONE = "none"


class LimitScope(StrEnum):
    """What a rate limit holds for: everything the server does, or each model by itself."""

    ACCOUNT = "account"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Everything that decides what the simulator does with a request.

    With a seed, what a request is answered depends on the seed and on its content alone, and whether it fails
    and how long it takes on how often this content has been seen as well, so that a second try can succeed.

    Parameters
    ----------
    seed: any whole number.
    latency: of each answer.
    faults: rate in [0, 1] by fault.
    requests_per_minute, tokens_per_minute: limits; any window of w seconds takes at most w seconds' worth and
        one second's worth more. None is no limit.
    limit_headers: whether responses tell about the limits.
    limit_scope: what the limits hold for.
    quality: in [0, 1]; the mean score that answers of assistants without a quality of their own deserve.
    key: the one key that is accepted; None accepts any, and none.
    """

    seed: int = 0
    latency: Latency = field(default_factory=Latency)
    faults: Mapping[Fault, float] = field(default_factory=dict)
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    limit_headers: LimitHeaders = LimitHeaders.REAL
    limit_scope: LimitScope = LimitScope.ACCOUNT
    quality: float | None = None
    key: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for fault, rate in self.faults.items():
            within_unit(rate, f"the rate of fault {fault.value!r}")
        for group in (PERMANENT, PASSING, SPOILT):
            if sum(self.faults.get(fault, 0.0) for fault in group) > 1.0 + 1e-9:
                names = ", ".join(fault.value for fault in group if fault in self.faults)
                raise UsageError(f"the rates of {names} add up to more than 1")
        if self.quality is not None:
            within_unit(self.quality, "quality")
        for name, limit in (("requests", self.requests_per_minute), ("tokens", self.tokens_per_minute)):
            if limit is not None and limit < 1:
                raise UsageError(f"{name} per minute must be at least 1, not {limit}")

    @classmethod
    def from_options(
        cls,
        *,
        latency: str | None = None,
        faults: Sequence[str] = (),
        rpm: int | None = None,
        tpm: int | None = None,
        limit_headers: bool = True,
        limit_scope: str = "account",
        seed: int = 0,
        quality: float | None = None,
    ) -> Behaviour:
        """Build one from what stands on a command line.

        Parameters
        ----------
        latency: seconds such as ``0.2``, or ``lognormal:MEDIAN:SIGMA``.
        faults: ``NAME=RATE``, or ``NAME`` for always; NAME is a `Fault` or its status, such as ``500=0.05``.
        rpm, tpm: requests and tokens per minute.

        Raises
        ------
        UsageError: a value cannot be understood; the message names it and shows the form.
        """
        rates: dict[str, object] = {}
        for text in faults:
            name, separator, rate = text.partition("=")
            if name.strip() in rates:
                raise UsageError(f"fault {name.strip()!r} is given twice")
            rates[name.strip()] = rate if separator else 1.0
        return cls(
            seed=seed,
            latency=parse_latency(latency) if latency is not None else Latency(),
            faults=parse_faults(rates),
            requests_per_minute=rpm,
            tokens_per_minute=tpm,
            limit_headers=LimitHeaders.REAL if limit_headers else LimitHeaders.NONE,
            limit_scope=_scope(limit_scope),
            quality=quality,
        )

    @classmethod
    def from_params(cls, params: Mapping[str, object]) -> Behaviour:
        """Build one from ``params`` of an evaluation file.

        Parameters
        ----------
        params: ``seed``, ``latency``, ``faults`` (a mapping), ``quality``, ``requests_per_minute``,
            ``tokens_per_minute``, ``limit_headers`` (``real`` or ``none``). All are optional.

        Raises
        ------
        UsageError: an unknown name or a value that cannot be understood.
        """
        if stray := sorted(set(params) - _PARAMS):
            raise UsageError(f"unknown parameter {stray[0]!r} of a simulated model{near(stray[0], _PARAMS)}")
        faults = params.get("faults", {})
        if not isinstance(faults, Mapping):
            raise UsageError("faults must be a mapping such as {hang: 0.03}")
        quality = params.get("quality")
        return cls(
            seed=whole(params.get("seed", 0), "seed"),
            latency=parse_latency(params.get("latency", 0.0)),
            faults=parse_faults({str(name): rate for name, rate in faults.items()}),
            requests_per_minute=_limit(params, "requests_per_minute"),
            tokens_per_minute=_limit(params, "tokens_per_minute"),
            limit_headers=_headers(params.get("limit_headers", LimitHeaders.REAL.value)),
            quality=None if quality is None else number(quality, "quality"),
        )

    def describe(self) -> str:
        """The settings in one line, for people."""
        parts = [f"seed {self.seed}", f"latency {self.latency.median:g} s"]
        if self.latency.sigma:
            parts[-1] += f" (lognormal, sigma {self.latency.sigma:g})"
        parts += [f"{fault.value} {rate:.1%}" for fault, rate in self.faults.items() if rate]
        if self.requests_per_minute is not None:
            parts.append(f"{self.requests_per_minute:,} requests a minute")
        if self.tokens_per_minute is not None:
            parts.append(f"{self.tokens_per_minute:,} tokens a minute")
        return ", ".join(parts)


_PARAMS = frozenset(
    {"seed", "latency", "faults", "quality", "requests_per_minute", "tokens_per_minute", "limit_headers"}
)


def _limit(params: Mapping[str, object], name: str) -> int | None:
    value = params.get(name)
    return None if value is None else whole(value, name)


def _headers(value: object) -> LimitHeaders:
    if value not in set(LimitHeaders):
        raise UsageError(f"limit_headers must be 'real' or 'none', not {value!r}")
    return LimitHeaders(str(value))


def _scope(value: str) -> LimitScope:
    if value not in set(LimitScope):
        raise UsageError(f"the limits hold for 'account' or 'model', not {value!r}")
    return LimitScope(value)
