"""Follow up people with severe mental illness: who is due on a day, by when, with whom, and why.

>>> from datetime import date
>>> ledger = Ledger("p1", [Registered("p1", "2026-10-20"), Visited("p1", "2026-11-01", risk=3, mode="home")])
>>> [f"{line.kind} {line.due_on}" for line in due_visits(ledger, load_policy("national-2018"), date(2026, 11, 22))]
['referral 2026-11-01', 'referral-check 2026-11-15', 'visit 2026-11-15', 'health-check 2027-10-20']
"""

from followup.audit import Remark, audit
from followup.case import Case, case_on
from followup.dates import Interval, WorkCalendar, work_calendar
from followup.duevisit import DueVisit, Reason
from followup.entries import (
    Admitted,
    Amended,
    Assigned,
    Checked,
    Consented,
    Declined,
    Detained,
    Died,
    Discharged,
    Done,
    Entry,
    Found,
    Incident,
    Lost,
    Missed,
    MovedIn,
    MovedOut,
    Postponed,
    Referred,
    Registered,
    Released,
    Retracted,
    Visited,
)
from followup.entryjson import entry_from_json
from followup.errors import FollowupError, InvalidEntry, InvalidFile, InvalidPolicy, Problem, UnpublishedYear
from followup.findings import Finding, findings
from followup.ledger import Ledger
from followup.policy import Policy, Rule, Source
from followup.policyfile import bundled_policies, load_policy
from followup.schedule import due_visits, standing
from followup.teams import Area, CareTeam, Directory, Member
from followup.terms import Bucket, ContactMode, LineKind, RiskLevel, Role, Stability, Status
from followup.worklist import WorkLine, WorkList

__all__ = [
    "Admitted",
    "Amended",
    "Area",
    "Assigned",
    "Bucket",
    "CareTeam",
    "Case",
    "Checked",
    "Consented",
    "ContactMode",
    "Declined",
    "Detained",
    "Died",
    "Directory",
    "Discharged",
    "Done",
    "DueVisit",
    "Entry",
    "Finding",
    "FollowupError",
    "Found",
    "Incident",
    "Interval",
    "InvalidEntry",
    "InvalidFile",
    "InvalidPolicy",
    "Ledger",
    "LineKind",
    "Lost",
    "Member",
    "Missed",
    "MovedIn",
    "MovedOut",
    "Policy",
    "Postponed",
    "Problem",
    "Reason",
    "Referred",
    "Registered",
    "Released",
    "Remark",
    "Retracted",
    "RiskLevel",
    "Role",
    "Rule",
    "Source",
    "Stability",
    "Status",
    "UnpublishedYear",
    "Visited",
    "WorkCalendar",
    "WorkLine",
    "WorkList",
    "audit",
    "bundled_policies",
    "case_on",
    "due_visits",
    "entry_from_json",
    "findings",
    "load_policy",
    "standing",
    "work_calendar",
]
