"""Who comes to what is due, and for whom no team answers, in words: where a directory of teams is kept."""

from collections.abc import Iterable, Iterator, Sequence

from followup.sentences import say
from followup.teams import Post
from followup.worklist import WorkLine, WorkList


def shows_people(found: WorkList, *, with_names: bool) -> bool:
    """Say whether a list tells who comes: where names are asked for, and a directory of teams is kept."""
    return with_names and any(line.crew is not None for line in (*found.lines, *found.duties))


def people(line: WorkLine, lang: str, *, with_phones: bool = True) -> str:
    """Return who comes, role by role, as one text."""
    return say(lang, "word.then").join(posts(line, lang, with_phones=with_phones))


def posts(line: WorkLine, lang: str, *, with_phones: bool = True) -> list[str]:
    """Return who comes, a text each role; of roles that are only asked for those that somebody fills."""
    if line.crew is None or line.crew.absence is not None:
        return []
    filled = (*line.crew.needed, *(post for post in line.crew.invited if post.people))
    return [_post(post, lang, with_phones=with_phones) for post in filled]


def _post(post: Post, lang: str, *, with_phones: bool) -> str:
    key = "list.post" if post.is_own else "list.post.vacant" if post.team is None else "list.post.elsewhere"
    phones = [one.phone if with_phones else None for one in post.people]
    named = (
        say(lang, "list.person", name=one.name, phone=phone or "").strip()
        for one, phone in zip(post.people, phones, strict=True)
    )
    return say(lang, key, role=post.role.label(lang), team=post.team, people=say(lang, "word.and").join(named))


def who_comes(lines: Iterable[WorkLine], lang: str) -> Iterator[str]:
    """Yield who comes to each line that needs more than one, as a note below a table."""
    for line in lines:
        if told := people(line, lang):
            yield f"  > {line.due.patient}: {told}"


def team_title(team: str | None, lines: Sequence[WorkLine], lang: str) -> str:
    """Return what stands above a team's lines, or above those for whom no team answers."""
    if team is None and lines[0].crew is not None:
        return say(lang, "list.unanswered", count=len(lines))
    return say(lang, "list.team", team=team or say(lang, "list.no_team"), count=len(lines))
