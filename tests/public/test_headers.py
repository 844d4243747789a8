"""What every answer says to a browser besides its page."""

from __future__ import annotations

import pytest

from models import Installation


@pytest.fixture
def kind_of(app):
    """Make the installation another kind, as if the server had been started on it."""

    def of(kind: str) -> None:
        Installation.update(kind=kind).execute()
        app.config.pop("DEMO", None)

    yield of
    app.config.pop("DEMO", None)


def test_a_real_county_is_met_by_https_only_and_speaks_for_no_other_host(client, kind_of):
    kind_of("real")
    for path in ("/", "/office/sign-in", "/b/none", "/static/ui.css", "/api/phone/none"):
        assert client.get(path).headers["Strict-Transport-Security"] == "max-age=31536000", path
    assert "Strict-Transport-Security" not in client.get("/", base_url="http://daiban.example").headers


def test_a_demo_binds_no_host_name_to_https(client, kind_of):
    kind_of("demo")
    assert "Strict-Transport-Security" not in client.get("/").headers
