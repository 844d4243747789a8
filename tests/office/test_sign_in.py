"""Signing in at a desk: a password, a code that counts once, and a browser that nobody can lock out."""

from __future__ import annotations

from models import Account, Attempt, DeskSession, Installation, Person
from rules import sign_in
from tests.support.cast import PASSWORD, TOTP_SECRET
from tests.support.made import HOST
from tests.support.visitor import Visitor


def code_at(clock):
    return sign_in.totp_code(TOTP_SECRET, now=clock())


def fill(browser, clock, status=200, name="luoguoxiu", password=PASSWORD, code=None, **fields):
    page = browser.get("/office/sign-in")
    code = code_at(clock) if code is None else code
    return browser.submit(page, "#sign-in", status=status, name=name, password=password, code=code, **fields)


def test_a_lead_signs_in_and_sees_her_first_page(browser, clock):
    page = fill(browser, clock)
    assert "罗国秀" in page
    assert page.url != "/office/sign-in"


def test_a_link_waits_until_after_the_sign_in(browser, clock):
    page = browser.get("/office/me")
    assert page.url.startswith("/office/sign-in")
    page = browser.submit(page, "#sign-in", name="luoguoxiu", password=PASSWORD, code=code_at(clock))
    assert page.url == "/office/me"


def test_a_sign_in_never_leads_to_another_site(browser, clock):
    page = browser.get("/office/sign-in?next=https://evil.example/office/")
    assert page.one("input[name=next]")["value"] == ""


def test_a_wrong_password_is_told_without_saying_what_was_wrong(browser, clock):
    wrong = fill(browser, clock, password="something else", status=422).text
    assert wrong == fill(browser, clock, name="nobody", status=422).text
    assert DeskSession.select().count() == 0


def test_a_code_counts_once(browser, clock):
    code = code_at(clock)
    fill(browser, clock, code=code)
    browser.submit(browser.get("/office/me"), "form[action$=sign-out]")
    fill(browser, clock, code=code, status=422)
    clock.forward(seconds=30)
    fill(browser, clock)


def test_a_code_of_two_minutes_ago_does_not_count(browser, clock):
    old = code_at(clock)
    clock.forward(minutes=2)
    fill(browser, clock, code=old, status=422)


def test_guessing_is_slowed_and_the_right_password_waits_too(browser, clock):
    for _ in range(sign_in.FREE_MISSES + 1):
        fill(browser, clock, password="guess", status=422)
    fill(browser, clock, status=429)
    clock.forward(seconds=6)
    fill(browser, clock)
    assert Attempt.select().where(Attempt.key.startswith("desk-account")).count() == 0


def test_a_known_browser_is_not_locked_out_by_others(browser, app, clock):
    fill(browser, clock)
    browser.submit(browser.get("/office/me"), "form[action$=sign-out]")
    stranger = Visitor(app.test_client(), browser.origin)
    for _ in range(sign_in.FREE_MISSES + 1):
        fill(stranger, clock, password="guess", status=422)
    clock.forward(seconds=1)
    fill(stranger, clock, status=429)
    clock.forward(seconds=30)
    fill(browser, clock)


def test_signing_out_ends_the_session_at_once(browser, clock):
    page = fill(browser, clock)
    browser.submit(browser.get("/office/me"), "form[action$=sign-out]")
    assert DeskSession.select().count() == 0
    assert browser.get(page.url).url.startswith("/office/sign-in")


def test_a_session_ends_after_its_hours(browser, clock, settings):
    fill(browser, clock)
    clock.forward(hours=settings.session_hours, seconds=1)
    assert browser.get("/office/me").url.startswith("/office/sign-in")


def test_somebody_removed_is_out_at_once(browser, clock, cast):
    fill(browser, clock)
    Person.update(removed_at=clock()).where(Person.id == cast.luo_guoxiu.id).execute()
    assert browser.get("/office/me").url.startswith("/office/sign-in")


def test_the_cookie_is_for_this_site_only_and_out_of_scripts_reach(browser, client, clock):
    fill(browser, clock)
    cookie = client.get_cookie("__Host-desk", domain=HOST)
    assert cookie is not None
    assert cookie.secure
    assert cookie.http_only
    assert cookie.same_site == "Strict"
    assert DeskSession.get().token_hash != cookie.value


def test_a_form_from_elsewhere_is_refused(browser, clock):
    fill(browser, clock)
    browser.post("/office/sign-out", status=403)
    assert DeskSession.select().count() == 1


def test_htmx_keeps_the_page_and_shows_the_refusal_in_it(browser, clock):
    page = browser.get("/office/sign-in")
    fields = page.fields_of("#sign-in") | {"name": "luoguoxiu", "password": "guess", "code": "000000"}
    piece = browser.htmx("POST", "/office/sign-in", fields, status=422)
    assert not piece.is_whole
    assert piece.one("[role=alert]")


def test_waits_double_and_end_at_fifteen_minutes():
    waits = [sign_in.wait_after(misses).total_seconds() for misses in range(20)]
    assert waits[:5] == [0, 0, 0, 0, 0]
    assert waits[5:8] == [5, 10, 20]
    assert waits[-1] == 900


def test_a_sign_in_everybody_knows_opens_only_a_demo(browser, clock):
    Account.update(known=True).execute()
    fill(browser, clock)
    browser.submit(browser.get("/office/me"), "form[action$=sign-out]")
    Installation.update(kind="real").execute()
    clock.forward(seconds=30)
    fill(browser, clock, status=422)


def test_ones_own_password_is_changed_with_the_old_one_and_a_fresh_code(browser, app, clock):
    fill(browser, clock)
    other = Visitor(app.test_client(), browser.origin)
    clock.forward(seconds=30)
    fill(other, clock)
    clock.forward(seconds=30)
    page = browser.get("/office/me")
    new = "清江村的桥下有一棵大树"
    browser.submit(page, "#change-password", password="guess", new_password=new, code=code_at(clock), status=422)
    browser.submit(page, "#change-password", password=PASSWORD, new_password="short", code=code_at(clock), status=422)
    page = browser.submit(page, "#change-password", password=PASSWORD, new_password=new, code=code_at(clock))
    assert "新密码已经生效" in page
    assert other.get("/office/me").url.startswith("/office/sign-in")
    browser.submit(page, "form[action$=sign-out]")
    clock.forward(seconds=30)
    fill(browser, clock, status=422)
    clock.forward(seconds=30)
    fill(browser, clock, password=new)
