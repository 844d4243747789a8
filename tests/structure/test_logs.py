"""What the log may say: never what a record holds."""

from __future__ import annotations

import structlog

from settings import log_no_values


def test_a_fault_is_logged_without_the_values_around_it(capsys):
    log_no_values()
    id_number = "99010119480302" + "0020"
    try:
        raise LookupError(len(id_number))
    except LookupError as error:
        structlog.get_logger().error("bug", exc_info=error)
    said = capsys.readouterr().out
    assert "LookupError" in said
    assert id_number not in said
