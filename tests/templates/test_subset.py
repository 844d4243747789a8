"""The phone's templates stay inside what both engines understand alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.templates import subset

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"


@pytest.mark.parametrize(
    "path", list(subset.templates(TEMPLATES)), ids=lambda path: path.relative_to(TEMPLATES).as_posix()
)
def test_a_template_means_the_same_to_both_engines(path):
    found = subset.objections(path, TEMPLATES)
    assert not found, "\n  ".join(["this would differ on the phone:", *found])


@pytest.mark.parametrize(
    "source",
    [
        "{% for x in people if x.due %}{% endfor %}",
        "{% for x in people %}{% set a = 1 %}{% endfor %}",
        "{% if people %}{% endif %}",
        "{% if page.online and r.needs %}{% endif %}",
        "{{ name.upper() }}",
        "{{ a ~ b }}",
        "{% for x in (1, 2) %}{% endfor %}",
        "{{ people[-1] }}",
        "{{ x|groupby('a') }}",
        "{{ x is defined }}",
        "{{ 1.5 }}",
        "{{ 1 < x < 3 }}",
        "{% set a %}x{% endset %}",
        "{{ _(words) }}",
        "{{ x|safe }}",
        "{{ url_for('x') }}",
        "{% include name %}",
    ],
)
def test_what_would_differ_is_found(tmp_path, source):
    page = tmp_path / "page.html"
    page.write_text(source)
    assert subset.objections(page, tmp_path)
