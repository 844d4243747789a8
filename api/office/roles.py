"""Which posts open which pages. `allows` takes these; `visible_to` then says whose rows they see."""

from __future__ import annotations

from models import DESKS
from rules.actors import Role

LEADS = (Role.LEAD, Role.TOWNSHIP_HEAD, Role.COUNTY)
OFFICERS = (Role.TOWNSHIP_OFFICER, Role.DEPUTY_LEADER, *LEADS)
CHECKERS = (Role.TOWNSHIP_OFFICER, Role.LEAD, Role.COUNTY)  # of life verifications
STAFF = (*LEADS, Role.SYSADMIN)  # people, posts, accounts: no resident is shown there

__all__ = ["CHECKERS", "DESKS", "LEADS", "OFFICERS", "STAFF"]
