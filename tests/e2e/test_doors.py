"""The three doors of the county: the phone program, the office, and what anybody may open."""

from __future__ import annotations

from tests.support.browser import look, until


def test_the_phone_program_opens_and_opens_again_without_signal(server, phone):
    mine = phone()
    mine.page.goto("/field/")
    mine.page.locator("input#code").wait_for()  # asks for the township's code: the program itself, not the shell
    mine.look("door-field")
    until(mine.page, "async () => (await navigator.serviceWorker.getRegistration('/field/'))?.active != null")

    server.kill()
    mine.close()
    mine.open()
    mine.page.goto("/field/")
    mine.page.locator("input#code").wait_for()  # asks for the township's code: the program itself, not the shell


def test_the_office_asks_who_comes(server, window):
    page = window().new_page()
    page.goto("/office/")
    assert page.url.startswith(f"{server.url}/office/sign-in")
    look(page, "door-office")
    assert page.locator("#name").bounding_box()["width"] > 300
    narrow = window(width=390, height=844).new_page()
    narrow.goto("/office/")
    look(narrow, "door-office-390")


def test_an_unknown_badge_is_answered_calmly(window):
    page = window(width=390, height=844).new_page()
    answer = page.goto("/b/nobody-has-this-one")
    assert answer.status in (200, 404)
    look(page, "door-badge-unknown")


def test_a_lead_signs_in(office):
    page = office("liguoxiu")
    assert "/office/" in page.url
    look(page, "door-office-signed-in")
