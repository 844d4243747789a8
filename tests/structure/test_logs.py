"""What the log may say: never what a record holds."""

from __future__ import annotations

import io
import logging

import peewee
import pytest
import structlog

from models import Person, is_sqlite
from settings import log_no_values

ID_NUMBER = "99010119480302" + "0020"
NAME = "陈桂兰"


@pytest.fixture(autouse=True)
def _plain():
    log_no_values()


def test_a_fault_is_logged_without_the_values_around_it(capsys):
    id_number = ID_NUMBER
    try:
        raise LookupError(len(id_number))
    except LookupError as error:
        structlog.get_logger().error("bug", exc_info=error)
    said = capsys.readouterr().out
    assert "LookupError" in said
    assert id_number not in said


def refused_by_the_database():
    """A row the database does not take for want of a name; PostgreSQL quotes the rest of it."""
    Person.insert(name=None, phone=ID_NUMBER).execute()


def test_a_fault_of_the_database_is_logged_without_the_row(db, capsys):
    with pytest.raises(peewee.IntegrityError) as caught:
        refused_by_the_database()
    assert is_sqlite() or ID_NUMBER in str(caught.value)
    structlog.get_logger().error("bug", exc_info=caught.value)
    said = capsys.readouterr().out
    for wanted in ("IntegrityError", "refused_by_the_database", "test_logs.py", "which led to"):
        assert wanted in said
    assert ("SQLITE_CONSTRAINT_NOTNULL" if is_sqlite() else "23502") in said
    assert ID_NUMBER not in said


def test_the_logs_of_libraries_say_no_more(db):
    """As huey does when a job breaks, and gunicorn when an answer does."""
    out = io.StringIO()
    library = logging.Logger("some.library")
    library.addHandler(logging.StreamHandler(out))
    try:
        refused_by_the_database()
    except peewee.IntegrityError:
        library.exception("Unhandled exception in task %s.", 7)
    said = out.getvalue()
    assert "Unhandled exception in task 7." in said
    assert "IntegrityError" in said
    assert ID_NUMBER not in said


def test_a_typed_value_that_is_no_number_is_not_logged(capsys):
    try:
        int(NAME)
    except ValueError as error:
        structlog.get_logger().error("bug", exc_info=error)
    said = capsys.readouterr().out
    assert "ValueError" in said
    assert NAME not in said
