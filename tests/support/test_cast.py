"""The cast is there, on both databases, each test anew."""

from __future__ import annotations

from models import Person, Resident


def test_the_cast_is_in_the_database(db, cast):
    assert Person.select().count() == len(cast.workers)
    assert [each.name for each in Resident.visible_to(cast.wang_fang.actor).order_by(Resident.birth_on)] == [
        "陈桂兰",
        "周兴林",
    ]
    assert [each.name for each in Resident.visible_to(cast.zhao_min.actor)] == ["马秀英"]


def test_what_one_test_writes_the_next_does_not_see(db, cast):
    Person.create(name="周敏")
    Resident.update(name="别人").execute()


def test_the_cast_is_there_again(db, cast):
    assert Person.select().count() == len(cast.workers)
    assert Resident.get_by_id(cast.chen_guilan.id).name == "陈桂兰"
