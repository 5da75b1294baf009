"""A work list as JSON: the form that other programs rely on; keys and codes are never translated."""

import json
from typing import Any

from followup.duevisit import Reason
from followup.views.cells import cause
from followup.worklist import WorkLine, WorkList


def render(found: WorkList, lang: str, *, with_names: bool = False) -> str:
    """Return the list as JSON text; only `text` is in `lang`."""
    data = as_data(found, lang, with_names=with_names)
    return json.dumps(data, ensure_ascii=False, indent=2, default=str) + "\n"


def as_data(found: WorkList, lang: str, *, with_names: bool = False) -> dict[str, Any]:
    """Return the list as plain values."""
    edition = found.policy.edition(found.on)
    return {
        "on": found.on,
        "policy": {"id": edition.id, "version": edition.version},
        "counts": dict(found.counts),
        "lines": [_line(line, lang, with_names=with_names) for line in found.lines],
        "duties": [_line(line, lang, with_names=with_names) for line in found.duties],
        "duty_counts": dict(found.duty_counts),
        **({"only": dict(found.only)} if found.only else {}),
        **({} if found.known is None else {"as_known": found.known.isoformat()}),
        **({} if found.head is None else {"head": found.head}),
    } | ({} if found.since is None else {"since": _since(found, lang)})


def _since(found: WorkList, lang: str) -> dict[str, Any]:
    told: dict[str, Any] = {"on": found.since, "new": [], "left": []}
    for move in found.moves:
        due = move.line.due
        line = {"patient": due.patient, "kind": due.kind, "due_on": due.due_on, "rule": due.reasons[0].rule}
        line |= {"entry": move.entry and move.entry.id, "by_rule": move.by_rule, "text": cause(move, lang)}
        told["new" if move.is_new else "left"].append(line)
    return told


def _line(line: WorkLine, lang: str, *, with_names: bool) -> dict[str, Any]:
    due = line.due
    return {
        "patient": due.patient,
        **({"name": line.name, "phone": line.phone} if with_names else {}),
        "team": line.team,
        "village": line.village,
        "kind": due.kind,
        "bucket": line.bucket,
        "opens_on": due.opens_on,
        "due_on": due.due_on,
        "plan_on": due.plan_on,
        "days_overdue": line.days_overdue,
        "risk": line.risk,
        "stability": line.stability,
        "roles": due.roles,
        "invited": due.invited,
        "missing_roles": due.missing_roles,
        "modes": due.modes,
        "reasons": [_reason(reason, lang) for reason in due.reasons],
        "findings": [{"code": finding.code, "text": finding.text(lang)} for finding in line.findings],
        **_crew(line, with_names=with_names),
    }


def _crew(line: WorkLine, *, with_names: bool) -> dict[str, Any]:
    """Return who comes, where a directory of teams is kept; people only under `with_names`."""
    crew = line.crew
    if crew is None:
        return {}
    told: dict[str, Any] = {"unanswered": crew.absence, "vacant_roles": crew.vacant}
    if with_names:
        told["people"] = [
            {"role": post.role, "team": post.team, "own_team": post.is_own, "name": one.name, "phone": one.phone}
            for post in (*crew.needed, *crew.invited)
            for one in post.people
        ]
    return told


def _reason(reason: Reason, lang: str) -> dict[str, Any]:
    return {
        "rule": reason.rule,
        "source": str(reason.source),
        "evidence": reason.source.evidence,
        "anchor": reason.anchor,
        "anchor_on": reason.anchor_on,
        "fact_on": reason.fact_on,
        "within": str(reason.within),
        "to": reason.to,
        "due_on": reason.due_on,
        "text": reason.text(lang),
    }
