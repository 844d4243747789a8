"""Records that a phone could not send come as a file: take it in, and read what became of it. What stays open of a phone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import current_app, flash, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from actions import bundles, tails
from api.access import allows, get_object_or_404, takes_up_to
from api.office import bp, forms, go_to
from api.office.roles import LEADS, OFFICERS
from models import Device, Person
from rules.problems import FieldMissing, NotFound

MEGABYTES = bundles.LARGEST // (1024 * 1024)


@bp.get("/bundles", endpoint="bundles")
@allows(*OFFICERS)
def bundles_page() -> ResponseReturnValue:
    """A form for the file, and what it does."""
    return render_template("office/bundles.html", megabytes=MEGABYTES)


@bp.post("/bundles")
@allows(*OFFICERS)
@takes_up_to(bundles.LARGEST + 1024 * 1024)
def add_bundle() -> ResponseReturnValue:
    """Take in the records and pictures of a file; the browser's upload lies on the disk, and is read part by part."""
    file = request.files.get("file")
    if file is None or not file.filename:
        raise FieldMissing("file")
    event = bundles.take_in(
        file.stream, actor=g.actor, folder=current_app.config["SETTINGS"].blobs_path, now=g.now
    )  # fmt: skip
    return go_to(url_for("office.bundle", bundle_id=event))


@bp.get("/bundles/<uuid:bundle_id>")
@allows(*OFFICERS)
def bundle(bundle_id: UUID) -> ResponseReturnValue:
    """What became of one file, as the journal has it, and what is open of that phone now."""
    found = bundles.taken_in(bundle_id, g.actor)
    if found is None:
        raise NotFound()
    entry, body = found
    device = _device(body["device"])
    return render_template(
        "office/bundle.html", entry=entry, body=body, device=device, tail=tails.of(device) if device else None,
        by=Person.get_or_none(Person.id == entry.actor), phones=_people(body["devices"]),
        may_look=g.actor.may(*LEADS) and device is not None,
        seen=body["records"].get("new", 0) + body["records"].get("known", 0) + body["records"].get("refused", 0),
    )  # fmt: skip


def _device(text: str | None) -> Any:
    """The phone the file is from, where it is of one's places."""
    return Device.visible_to(g.actor, *OFFICERS).where(Device.id == UUID(text)).first() if text else None


def _people(devices: dict[str, int]) -> list[tuple[str, int]]:
    """Whose phones signed the records, with how many each; of phones elsewhere no name is shown."""
    ids = []
    for text in devices:
        try:
            ids.append(UUID(text))
        except ValueError:
            continue
    seen = Device.visible_to(g.actor, *OFFICERS).where(Device.id.in_(ids))
    names = {str(each.id): each.person.name for each in seen}
    return [(names.get(text, ""), count) for text, count in sorted(devices.items())]


@bp.post("/phones/<uuid:device_id>/tail")
@allows(*LEADS)
def close_tail(device_id: UUID) -> ResponseReturnValue:
    """Lead and agent close what nobody can bring any more, with what they know of it."""
    found = get_object_or_404(Device.visible_to(g.actor, *LEADS), Device.id == device_id)
    asked = forms.words("asked") == "yes"
    tails.close(found, words=forms.words("words"), asked=asked, actor=g.actor, now=g.now)
    flash(_("Closed, with your words. What comes all the same is taken in like anything else."), "done")
    return go_to(url_for("office.phone", device_id=device_id))
