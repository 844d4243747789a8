"""What phones hold of the people of their villages, and how it gets there."""

from __future__ import annotations

from datetime import date, timedelta

from actions import cards, packs
from models import (
    Area,
    CareEntry,
    Challenge,
    Clash,
    Delivery,
    Departure,
    Entitlement,
    Installation,
    LifeVerification,
    Person,
    Post,
    Request,
    Resident,
    Scope,
    transaction,
)
from rules.ciphers import uuid7
from tests.support.cast import COUNTY, TOWNSHIP, TOWNSHIP_ELSEWHERE, VILLAGE, VILLAGE_ELSEWHERE
from tests.sync.conftest import visit


def touched(residents, now):
    with transaction(TOWNSHIP):
        cards.touch(residents, now=now)


def by_name(rows):
    return {row["name"]: row for row in rows if "name" in row}


def test_a_first_pack_holds_full_cards_of_people_with_a_matter_and_names_of_the_others(pull, phone, cast):
    rows, villages = pull(phone)
    assert [(row["name"], row["card"]) for row in rows] == [("陈桂兰", "full"), ("周兴林", "name")]
    assert set(villages) == {VILLAGE}
    assert villages[VILLAGE] > 0
    assert set(by_name(rows)["周兴林"]) == {"id", "area", "rev", "card", "name", "initials", "household", "group"}


def test_a_full_card_says_what_an_agent_needs_at_the_door(pull, phone, cast):
    card = by_name(pull(phone)[0])["陈桂兰"]
    assert card["needs"] == ["hearing"]
    assert card["id_number"] == cast.chen_guilan.id_number  # her verification is due
    assert card["id_masked"] == "990***********" + cast.chen_guilan.id_number[-4:]
    assert card["entitlements"] == [
        {"id": str(cast.entitlement), "benefit": "BPIURR", "due_on": "2026-12-31", "last_on": "2025-12-03"}
    ]
    assert card["tasks"] == [{"id": str(cast.care), "kind": "care", "due_on": "2026-10-20"}]
    assert set(card["challenge"]["gestures"]) == {"normal", "one_side", "bedridden", "none"}
    assert "life" not in card
    assert "clashes" not in card


def test_the_full_number_is_on_the_phone_only_where_a_verification_is_due(pull, phone, cast, now):
    Entitlement.delete().execute()
    card = by_name(pull(phone)[0])["陈桂兰"]
    assert "id_number" not in card
    assert "challenge" not in card
    assert card["id_masked"]


def test_nobody_of_another_village_comes_along(pull, phone, cast):
    rows, _ = pull(phone, {VILLAGE_ELSEWHERE: 0})
    assert "马秀英" not in by_name(rows)


def test_a_second_pull_brings_nothing(pull, phone):
    _, villages = pull(phone)
    assert pull(phone, villages) == ([], villages)


def test_one_changed_person_is_one_small_row(pull, phone, cast, now, client):
    _, villages = pull(phone)
    touched([cast.chen_guilan.id], now)
    rows, _ = pull(phone, villages)
    assert [row["name"] for row in rows] == ["陈桂兰"]
    assert packs._size(rows[0]) < 1024


def test_no_row_was_edited_the_date_passed_and_the_person_is_on_the_phone(pull, phone, cast, now, clock):
    """周兴林's pension is due on 31 January; on 2 November that day is 90 days away."""
    Entitlement.create(
        resident=cast.zhou_xinglin.id, scope=TOWNSHIP, area=VILLAGE, benefit="BPIURR", number="P-2", cycle_months=12,
        last_success_on=date(2026, 1, 5), due_on=date(2027, 1, 31),
    )  # fmt: skip
    touched([cast.zhou_xinglin.id, cast.chen_guilan.id], now)
    rows, villages = pull(phone)
    assert by_name(rows)["周兴林"]["card"] == "name"
    day_before = date(2026, 11, 1)
    assert cards.review_due(today=day_before, now=clock.forward(days=19)) == 1  # 陈桂兰, for a fresh challenge
    rows, villages = pull(phone, villages)
    assert [row["name"] for row in rows] == ["陈桂兰"]
    assert cards.review_due(today=date(2026, 11, 2), now=clock.forward(days=1)) == 1
    rows, villages = pull(phone, villages)
    assert [(row["name"], row["card"]) for row in rows] == [("周兴林", "full")]
    assert rows[0]["challenge"]["ends_at"][:10] == "2026-12-02"
    assert cards.review_due(today=date(2026, 11, 2), now=clock()) == 0


def test_a_challenge_stays_the_same_until_it_has_lived_half_its_life(pull, phone, clock):
    first = by_name(pull(phone)[0])["陈桂兰"]["challenge"]
    clock.forward(days=14)
    assert by_name(pull(phone)[0])["陈桂兰"]["challenge"] == first
    clock.forward(days=2)
    assert by_name(pull(phone)[0])["陈桂兰"]["challenge"]["id"] != first["id"]
    assert Challenge.select().count() == 2


def test_somebody_with_no_matter_any_more_becomes_a_name(pull, phone, cast, now):
    _, villages = pull(phone)
    Entitlement.delete().execute()
    CareEntry.update(state="left", next_visit_on=None).execute()
    touched([cast.chen_guilan.id], now)
    rows, _ = pull(phone, villages)
    assert [(row["name"], row["card"]) for row in rows] == [("陈桂兰", "name")]


def test_whoever_moved_away_leaves_the_phone(pull, phone, cast, now):
    _, villages = pull(phone)
    with transaction(TOWNSHIP, cast.ma_xiuying.scope):
        Resident.update(area=VILLAGE_ELSEWHERE, scope=cast.ma_xiuying.scope).where(
            Resident.id == cast.zhou_xinglin.id
        ).execute()
        cards.leave({cast.zhou_xinglin.id: VILLAGE}, now=now)
        cards.touch([cast.zhou_xinglin.id], now=now)
    rows, _ = pull(phone, villages)
    assert [(row["id"], row["gone"]) for row in rows] == [(str(cast.zhou_xinglin.id), True)]
    assert Departure.select().count() == 1


def test_whoever_was_merged_or_is_confirmed_dead_leaves_the_phone(pull, phone, cast, now):
    _, villages = pull(phone)
    Resident.update(state="merged", merged_into=cast.chen_guilan.id).where(
        Resident.id == cast.zhou_xinglin.id
    ).execute()
    Resident.update(life="death_confirmed").where(Resident.id == cast.chen_guilan.id).execute()
    touched([cast.zhou_xinglin.id, cast.chen_guilan.id], now)
    rows, villages = pull(phone, villages)
    assert [row.get("gone") for row in rows] == [True, True]
    assert pull(phone, villages)[0] == []


def test_a_village_a_post_lost_is_dropped_and_one_it_gained_comes_whole(sync, phone, cast):
    Post.update(area="520121107200").where(Post.id == cast.wang_fang.post).execute()
    answer = sync(phone, villages={VILLAGE: 7})
    assert answer["dropped"] == [VILLAGE]
    assert answer["villages"] == {"520121107200": answer["villages"]["520121107200"]}
    assert "rows" not in answer


def test_a_pack_of_another_epoch_comes_anew(sync, phone, cast):
    whole = sync(phone, villages={})
    again = sync(phone, villages=whole["villages"], epoch=whole["epoch"] + 1)
    assert len(again["rows"]) == len(whole["rows"])


# ---- pages


def crowd(cast, count, *, every=5):
    """Neighbours; every fifth has a pension due, later and later."""
    rows = [
        Resident(id=uuid7(), scope=TOWNSHIP, area=VILLAGE, name=f"村民{n:04d}", initials="cm", group="1组", rev=100 + n)
        for n in range(count)
    ]
    due = [
        Entitlement(
            resident=row.id, scope=TOWNSHIP, area=VILLAGE, benefit="BPIURR", cycle_months=12,
            due_on=date(2026, 11, 1) + timedelta(days=n),
        )
        for n, row in enumerate(rows)
        if n % every == 0
    ]  # fmt: skip
    with transaction(TOWNSHIP):
        Resident.insert_many([dict(row.__data__) for row in rows]).execute()
        Entitlement.insert_many([dict(row.__data__) for row in due]).execute()
    return [row.id for row in rows]


def test_a_first_pack_comes_in_pages_with_those_due_first(sync, phone, cast, now):
    touched(crowd(cast, 120), now)
    rows, cursor, pages, villages = [], "", 0, {}
    while True:
        answer = sync(phone, villages=villages, cursor=cursor, page=4096)
        page = answer["rows"]
        assert sum(map(packs._size, page)) <= 4096 or len(page) == 1
        rows, pages = rows + page, pages + 1
        villages, cursor = answer["villages"], answer.get("cursor", "")
        if not answer.get("more"):
            break
        assert villages[VILLAGE] == 0
    assert pages > 5
    assert len(rows) == len({row["id"] for row in rows}) == 122
    full = [row for row in rows if row["card"] == "full"]
    assert rows[: len(full)] == full
    assert [row["name"] for row in full[:3]] == [
        "陈桂兰",
        "村民0000",
        "村民0005",
    ]  # a care visit on the 20th comes first


def test_what_changes_while_a_pack_is_under_way_is_not_lost(sync, phone, cast, now):
    ids = crowd(cast, 120)
    touched(ids, now)
    first = sync(phone, villages={}, page=4096)
    Resident.update(name="改名").where(Resident.id == ids[0]).execute()  # it went out with the first page
    touched([ids[0]], now)
    held = {row["id"]: row for row in first["rows"]}
    villages, cursor = first["villages"], first["cursor"]
    while True:
        answer = sync(phone, villages=villages, cursor=cursor, page=4096)
        held |= {row["id"]: row for row in answer.get("rows", [])}
        villages, cursor = answer["villages"], answer.get("cursor", "")
        if not answer.get("more"):
            break
    held |= {row["id"]: row for row in sync(phone, villages=villages).get("rows", [])}
    assert held[str(ids[0])]["name"] == "改名"
    assert len(held) == 122


def test_a_village_gained_or_lost_does_not_begin_a_pack_anew(sync, phone, cast, now):
    """王芳 serves two villages; half-way through her pack she loses one and gains another."""
    lost, gained = "520121107200", "520121107203"
    for code, name in ((lost, "建中村"), (gained, "新山村")):
        if not Area.select().where(Area.code == code).exists():
            Area.create(code=code, name=name, level="village", parent=TOWNSHIP)
    second = Post.create(person=cast.wang_fang.id, role="agent", area=lost, scope=TOWNSHIP, from_on=date(2026, 1, 1))
    ids = crowd(cast, 120)
    touched(ids, now)
    there = Resident.create(id=uuid7(), scope=TOWNSHIP, area=gained, name="后来的", initials="hld", group="1组", rev=1)
    with transaction(TOWNSHIP):
        cards.touch([there.id], now=now)
    first = sync(phone, villages={}, page=4096)
    assert first["villages"] == {VILLAGE: 0, lost: 0}
    Post.update(area=gained).where(Post.id == second.id).execute()
    held, villages, cursor, sent = {}, first["villages"], first["cursor"], 0
    held |= {row["id"]: row for row in first["rows"]}
    while True:
        answer = sync(phone, villages=villages, cursor=cursor, page=4096)
        held |= {row["id"]: row for row in answer.get("rows", [])}
        sent += len(answer.get("rows", []))
        villages = {area: rev for area, rev in villages.items() if area not in answer.get("dropped", [])}
        villages, cursor = villages | answer["villages"], answer.get("cursor", "")
        if not answer.get("more"):
            break
    assert sent == len(held) - len(first["rows"])  # nobody came twice
    assert len(held) == 123
    assert str(there.id) in held
    assert set(villages) == {VILLAGE, gained}
    assert all(villages.values())


def test_many_changes_come_in_pages_too(pull, phone, cast, now):
    ids = crowd(cast, 450, every=1000)
    _, villages = pull(phone)
    touched(ids, now)
    rows, _ = pull(phone, villages, page=4096)
    assert {row["id"] for row in rows} == {str(each) for each in ids}


def test_cards_larger_than_a_page_come_one_by_one(sync, pull, phone, cast, now):
    """A phone on the worst link asks for little: each answer ends, with one card at least."""
    ids = crowd(cast, 12, every=1)
    touched(ids, now)
    rows, villages = pull(phone, page=1024)
    assert len(rows) == 14
    Resident.update(address="坡" * 500).where(Resident.id.in_(ids[:3])).execute()
    touched(ids[:3], now)
    gained = "520121107203"
    if not Area.select().where(Area.code == gained).exists():
        Area.create(code=gained, name="新山村", level="village", parent=TOWNSHIP)
    Post.create(person=cast.wang_fang.id, role="agent", area=gained, scope=TOWNSHIP, from_on=date(2026, 1, 1))
    first = sync(phone, villages=villages, page=1024)
    assert (len(first["rows"]), first["more"]) == (1, True)
    rows, _ = pull(phone, villages, page=1024)
    assert {row["id"] for row in rows} >= {str(each) for each in ids[:3]}


def test_a_cursor_that_is_none_begins_the_pack_anew(sync, phone):
    for cursor in ("rubbish", "eyJhIjoxfQ==", "W10="):
        assert len(sync(phone, villages={}, cursor=cursor)["rows"]) == 2


# ---- tasks


def test_what_the_township_gives_back_is_a_task_on_the_agents_own_phone(pull, phone, cast, now):
    common = {"resident": cast.chen_guilan.id, "scope": TOWNSHIP, "area": VILLAGE}
    Delivery.create(
        **common, what="残疾证", money_function=False, agent=cast.wang_fang.id, due_on=date(2026, 10, 20),
        planned_by=cast.li_qiang.id, planned_at=now, who_may="本人或儿子",
    )  # fmt: skip
    Delivery.create(
        **common, what="别人的", agent=cast.zhao_min.id, due_on=date(2026, 10, 20), planned_by=cast.li_qiang.id,
        planned_at=now,
    )  # fmt: skip
    sent_back = LifeVerification.create(
        id=uuid7(), event=uuid7(), **common, entitlements=[str(cast.entitlement)], state="sent_back",
        captured_by=cast.wang_fang.id, captured_at=now - timedelta(days=2), received_at=now, sent_back_why="手没拍进去",
        revisit_on=date(2026, 10, 19),
    )  # fmt: skip
    Request.create(
        id=uuid7(), event=uuid7(), **common, words="想装个扶手", state="answered", raised_by=cast.wang_fang.id,
        raised_at=now, received_at=now, answer="下周来装", answered_at=now,
    )  # fmt: skip
    touched([cast.chen_guilan.id], now)
    tasks = {task["kind"]: task for task in by_name(pull(phone)[0])["陈桂兰"]["tasks"]}
    assert set(tasks) == {"delivery", "retake", "care", "request_answer"}
    assert tasks["delivery"] | {"id": ""} == {
        "id": "", "kind": "delivery", "what": "残疾证", "due_on": "2026-10-20", "who_may": "本人或儿子",
    }  # fmt: skip
    assert (tasks["retake"]["id"], tasks["retake"]["why"]) == (str(sent_back.id), "手没拍进去")
    assert tasks["request_answer"]["why"] == "下周来装"


def test_kin_and_open_clashes_are_shown(pull, phone, cast, now):
    Person.update(kin=[str(cast.chen_guilan.id)]).where(Person.id == cast.wang_fang.id).execute()
    Clash.create(
        resident=cast.chen_guilan.id, scope=TOWNSHIP, area=VILLAGE, field="phone", base="", ours="10200000001",
        theirs="10200000002", event=uuid7(), noted_by=cast.wang_fang.id, noted_at=now,
    )  # fmt: skip
    card = by_name(pull(phone)[0])["陈桂兰"]
    assert card["kin"] is True
    assert card["clashes"] == [{"field": "phone", "ours": "10200000001", "theirs": "10200000002"}]


def test_nothing_counts_as_kept_in_a_township_without_a_backup_where_the_county_keeps_them(sync, phone, cast, now):
    head = sync(phone)["heads"][TOWNSHIP]
    assert sync(phone)["kept_to"] == {TOWNSHIP: head["position"]}  # no backups anywhere: the newest counts
    Installation.update(backed_up_at=now).execute()
    assert sync(phone)["kept_to"] == {TOWNSHIP: 0}
    Scope.update(kept_to=2).where(Scope.code == TOWNSHIP).execute()
    assert sync(phone)["kept_to"] == {TOWNSHIP: 2}


def test_a_phone_hears_what_is_kept_also_where_its_agent_worked_before(sync, phone, cast, now):
    """Else it would hold its sealed copies for ever. Of a township where it wrote nothing it hears nothing."""
    posts = {"person": cast.wang_fang.id, "role": "agent", "from_on": date(2026, 1, 1)}
    there = Post.create(**posts, area=VILLAGE_ELSEWHERE, scope=TOWNSHIP_ELSEWHERE, to_on=now.date())
    body = visit(cast, now)
    payload = phone.payload(
        "visit.ended", body, at=now, subject=cast.ma_xiuying.id, scope=TOWNSHIP_ELSEWHERE, post=there.id
    )
    Installation.update(backed_up_at=now).execute()
    Scope.update(kept_to=1).execute()
    answer = sync(phone, [phone.sealed(payload)])
    assert (answer["receipts"][0]["scope"], answer["receipts"][0]["state"]) == (TOWNSHIP_ELSEWHERE, "accepted")
    assert answer["kept_to"][TOWNSHIP_ELSEWHERE] == 1
    there.delete_instance()
    heads = {scope: {"position": head["position"], "chain": head["chain"]} for scope, head in answer["heads"].items()}
    assert sync(phone, heads=heads)["kept_to"] == {TOWNSHIP: 1, TOWNSHIP_ELSEWHERE: 1}
    heads[COUNTY] = heads[TOWNSHIP]
    assert COUNTY not in sync(phone, heads=heads)["kept_to"]


def test_a_phone_is_told_of_its_agent_and_its_county_only_when_that_changed(sync, phone, cast):
    first = sync(phone)
    assert first["me"]["person"]["name"] == "王芳"
    assert first["me"]["villages"] == {VILLAGE: "清江村"}
    assert first["me"]["lead"] == {"name": "罗国秀", "phone": "10212340000"}
    assert first["county"]["name"] == "开阳县"
    second = sync(phone, villages={}, me=first["me"]["version"], county=first["county"]["version"])
    assert not {"me", "county"} & set(second)
    Person.update(phone="10200009999").where(Person.id == cast.wang_fang.id).execute()
    known = {"me": first["me"]["version"], "county": first["county"]["version"]}
    assert "me" not in sync(phone, **known)  # nothing but what is urgent, while records go up
    third = sync(phone, villages={}, **known)
    assert third["me"]["person"]["phone"] == "10200009999"
    assert "county" not in third
