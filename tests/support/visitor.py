"""A visitor with a browser's manners: follows redirects, sends forms as they stand, and reads every page strictly."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin, urlsplit

from flask.testing import FlaskClient

from tests.support.pages import Page


class Visitor:
    """One browser. Every HTML answer is checked; what is wrong with it fails the test."""

    def __init__(self, client: FlaskClient, origin: str) -> None:
        self.client, self.origin = client, origin

    def get(self, url: str, *, status: int = 200, **headers: str) -> Page:
        return self._read("GET", url, status, headers=headers)

    def htmx(self, method: str, url: str, fields: dict[str, Any] | None = None, *, status: int = 200) -> Page:
        """Ask as htmx does; the answer is a piece of a page."""
        return self._read(method, url, status, fields, {"HX-Request": "true"})

    def submit(self, page: Page, form: str, *, status: int = 200, button: str = "", **fields: Any) -> Page:
        """Send the form of this selector with these fields changed, and follow to where it leads.

        A field set to None is not sent. `button` is the name=value of the button pressed.
        """
        found = page.one(form)
        sent: dict[str, Any] = {**page.fields_of(form), **fields}
        if button:
            name, _, value = button.partition("=")
            sent[name] = value
        action = urljoin(page.url, str(found.get("action") or page.url))
        files = found.get("enctype") == "multipart/form-data"
        fields = {name: value for name, value in sent.items() if value is not None}
        if str(found.get("method", "get")).lower() == "get":
            return self._read("GET", action, status, query=fields)
        return self._read("POST", action, status, fields, multipart=files)

    def post(self, url: str, fields: dict[str, Any] | None = None, *, status: int = 200) -> Page:
        return self._read("POST", url, status, fields)

    def _read(
        self,
        method: str,
        url: str,
        status: int,
        fields: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        *,
        query: dict[str, Any] | None = None,
        multipart: bool = False,
    ) -> Page:
        # What browsers send: no Referer (our policy), but where a request comes from.
        manners = {
            "Sec-Fetch-Site": "same-origin",
            "Sec-Fetch-Mode": "navigate",
            "Accept": "text/html",
            **(headers or {}),
        }
        if method != "GET":
            manners["Origin"] = self.origin
        answer = self.client.open(
            url,
            method=method,
            data=fields,
            query_string=query,
            headers=manners,
            content_type="multipart/form-data" if multipart else None,
        )
        for _ in range(5):
            if answer.status_code not in (301, 302, 303, 307, 308):
                break
            url = urljoin(url, answer.headers["Location"])
            parts = urlsplit(url)
            url = parts.path + (f"?{parts.query}" if parts.query else "")
            answer = self.client.get(url, headers=manners)
        page = Page(answer.status_code, answer.get_data(as_text=True), url)
        is_html = (answer.content_type or "").startswith("text/html") and page.html.strip()
        assert answer.status_code == status, (
            f"{method} {url} answered {answer.status_code}, not {status}:\n{page.text if is_html else page.html[:2000]}"
        )
        if is_html:
            found = page.findings()
            assert not found, f"{url}:\n  " + "\n  ".join(found)
        return page
