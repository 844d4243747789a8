"""A limit that guards a secret holds however many guess at the same moment."""

from __future__ import annotations

import threading

import models
from actions import desk_sessions, enrolments
from models import Attempt
from rules import sign_in
from rules.problems import TooOften

AT_ONCE, ROUNDS = 8, 3


def together(guess):
    """So many guesses, all begun at once, each in a thread of its own."""
    start, errors = threading.Barrier(AT_ONCE), []

    def run():
        try:
            start.wait()
            guess()
        except Exception as error:
            errors.append(error)
        finally:
            models.database.close()

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []


def test_no_more_passwords_are_looked_at_than_one_after_the_other(db, now):
    tried, waited = [], []

    def guess():
        try:
            desk_sessions._count_a_miss({"desk-account:x": sign_in.FREE_MISSES}, now)
            tried.append(1)
        except TooOften:
            waited.append(1)

    for _ in range(ROUNDS):
        together(guess)
    assert (len(tried), len(waited)) == (sign_in.FREE_MISSES + 1, AT_ONCE * ROUNDS - sign_in.FREE_MISSES - 1)


def test_every_unknown_code_is_counted(db, now):
    for _ in range(ROUNDS):
        together(lambda: enrolments._miss("enrol:198.51.100.7", now))
    assert Attempt.get_by_id("enrol:198.51.100.7").misses == AT_ONCE * ROUNDS
