"""Each template of the phone says the same in Jinja2 and in Nunjucks, whatever it is given."""

from __future__ import annotations

import pytest

from tests.templates import engines

engines.build_words()
JOBS = engines.fixtures()
NUNJUCKS = engines.with_nunjucks(JOBS)


@pytest.mark.parametrize(("job", "nunjucks"), list(zip(JOBS, NUNJUCKS, strict=True)), ids=[job["name"] for job in JOBS])
def test_both_engines_give_one_page(job, nunjucks):
    assert engines.dom(nunjucks) == engines.dom(engines.with_jinja(job))
