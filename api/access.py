"""Who may ask what: every route names its roles here, and a test walks the URL map for bare ones.

The clock (`g.now`) and the actor (`g.actor`) are each read once, at the edge of a request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, TypeVar

from flask import Flask, current_app, g, request

from models import Person, Post
from rules.actors import Actor, HeldPost, Role
from rules.days import day_of
from rules.problems import NotAllowed, NotFound, PageTooOld, SignInNeeded

View = TypeVar("View", bound=Callable[..., Any])


def allows(*roles: Role) -> Callable[[View], View]:
    """Let in a signed-in desk that holds one of the roles; with none named, any desk."""

    def mark(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            if g.get("actor") is None:
                raise SignInNeeded()
            if roles and not g.actor.may(*roles):
                raise NotAllowed()
            return view(*args, **kwargs)

        checked.allowed = roles or ("any desk",)  # type: ignore[attr-defined]
        return checked  # type: ignore[return-value]

    return mark


def takes_up_to(size: int) -> Callable[[View], View]:
    """Let the body of this route have so many bytes, where others have less; only for whoever it lets in."""

    def mark(view: View) -> View:
        view.largest_body = size  # type: ignore[attr-defined]
        return view

    return mark


def size_body() -> None:
    """Before anything reads the body: how much of it this route takes from this actor."""
    view: Any = current_app.view_functions.get(request.endpoint or "")
    size = getattr(view, "largest_body", None)
    if size and g.get("actor") is not None and g.actor.may(*view.allowed):
        request.max_content_length = size


def open_to_all(view: View) -> View:
    """Anyone may ask: a public page, the shell, a sign-in."""
    view.allowed = ("anyone",)  # type: ignore[attr-defined]
    return view


def from_phone(view: View) -> View:
    """A phone may ask; the route itself checks its session, its mailbox token or its claim."""
    view.allowed = ("phone",)  # type: ignore[attr-defined]
    return view


def actor_of(person: Person, *, now: datetime) -> Actor:
    """The person with the posts in force today in Shanghai; none once removed."""
    return actor_with(person, posts_in_force(person, now=now))


def posts_in_force(person: Person, *, now: datetime) -> list[Post]:
    """The posts in force today in Shanghai; none once removed."""
    return [] if person.removed_at else Post.held_by(person.id, day_of(now))


def actor_with(person: Person, posts: Iterable[Post]) -> Actor:
    held = tuple(HeldPost(id=p.id, role=Role(p.role), area=p.area) for p in posts)
    return Actor(person=person.id, name=person.name, posts=held)


def get_object_or_404(query: Any, *conditions: Any) -> Any:
    """The one row, or NotFound: what may not be seen does not exist."""
    found = query.where(*conditions).first()
    if found is None:
        raise NotFound()
    return found


def read_clock(app: Flask) -> None:
    """Set `g.now` for each request; tests put their own clock into `app.config["CLOCK"]`."""

    @app.before_request
    def _now() -> None:
        g.now = current_app.config["CLOCK"]()


def refuse_strangers(app: Flask) -> None:
    """Refuse a form that another site sends, by what browsers say of where it comes from; the token is checked too."""

    @app.before_request
    def _refuse() -> None:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return
        site = request.headers.get("Sec-Fetch-Site")
        origin = request.headers.get("Origin", "null")  # "null" with our Referrer-Policy, so the header above decides
        if site not in (None, "same-origin", "none") or origin not in ("null", request.host_url.rstrip("/")):
            raise PageTooOld()


def system_clock() -> datetime:
    return datetime.now(UTC)
