"""Two desks that wait for each other: PostgreSQL ends one of them, and nobody at a desk hears of it."""

from __future__ import annotations

import pytest
from peewee import OperationalError

from actions import visits
from models import Visit
from storage import connection
from tests.office.scenes import a_visit


class Ended(Exception):
    """What the driver says: one of two transactions was ended."""

    sqlstate = "40P01"


def ended():
    error = OperationalError("deadlock detected")
    error.orig = Ended()
    return error


@pytest.fixture
def lead(desk, cast):
    return desk(cast.luo_guoxiu)


def test_what_was_ended_for_anothers_sake_is_done_again(lead, monkeypatch):
    visit, tries, check = a_visit(), [], visits.check

    def check_at_last(*given, **named):
        tries.append(1)
        if len(tries) < 3:
            raise ended()
        return check(*given, **named)

    monkeypatch.setattr(visits, "check", check_at_last)
    page = lead.get(f"/office/visits/{visit.id}")
    assert "没问题" in lead.submit(page, "form[action$=check]")
    assert (len(tries), Visit.get_by_id(visit.id).state) == (3, "checked")


def test_not_for_ever(lead, monkeypatch):
    visit, tries = a_visit(), []

    def never(*_, **__):
        tries.append(1)
        raise ended()

    monkeypatch.setattr(visits, "check", never)
    lead.submit(lead.get(f"/office/visits/{visit.id}"), "form[action$=check]", status=500)
    assert (len(tries), Visit.get_by_id(visit.id).state) == (connection.TRIES, "synced")
