"""Every refusal of the program, one dataclass each: it carries the facts, the template speaks (style §7).

`code` is stable: phones and tests compare it. `kind` becomes 422, 401, 403, 404, 409 or 429 in app.py only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

Kind = Literal["invalid", "unknown-sign-in", "forbidden", "missing", "conflict", "too-often"]


@dataclass(eq=False)
class Problem(Exception):
    """What happened; subclasses add the facts their template shows."""

    code: ClassVar[str]
    kind: ClassVar[Kind]

    def __str__(self) -> str:
        return f"{self.code}: {vars(self)}"


@dataclass(eq=False)
class NotFound(Problem):
    """There is no such thing, or not for this actor: the two are never told apart."""

    code = "not-found"
    kind = "missing"


@dataclass(eq=False)
class NotAllowed(Problem):
    """The actor's posts do not give this right."""

    code = "not-allowed"
    kind = "forbidden"


@dataclass(eq=False)
class SignInNeeded(Problem):
    """No session, or it ended."""

    code = "sign-in-needed"
    kind = "unknown-sign-in"


@dataclass(eq=False)
class TooOften(Problem):
    """A secret was tried too often; it can be tried again at a known time."""

    code = "too-often"
    kind = "too-often"
    seconds: int


@dataclass(eq=False)
class BodyInvalid(Problem):
    """A request's body was not of its form. `where` names the member."""

    code = "body-invalid"
    kind = "invalid"
    where: str


@dataclass(eq=False)
class CheckerIsCapturer(Problem):
    """Whoever captured a life verification may not check it (R-LIF-7)."""

    code = "checker-is-capturer"
    kind = "forbidden"
    verification: UUID


@dataclass(eq=False)
class PageTooOld(Problem):
    """A form came back without a valid token: the page was open too long, or came from elsewhere."""

    code = "page-too-old"
    kind = "forbidden"
