"""A list as one short message that can be sent anywhere: how many people, and nobody among them."""

from typing import Final

from followup.sentences import say
from followup.terms import Bucket
from followup.views.columns import clipped
from followup.worklist import WorkList

#: Of fewer people a count says how one of them stands (A): a team of two where one is overdue knows who it is.
FEWEST: Final = 10
#: A team's name is told so far.
_WIDEST: Final = 24


def digest(found: WorkList, lang: str, of: str | None = None) -> str:
    """Return the counts of a list as one line; `of` is the team or village that it is the list of.

    It tells how many are registered, overdue, due today or open, and how many duties are overdue: neither names
    nor numbers, nor who is lost, in hospital or closed. Of fewer than `FEWEST` people who are followed up, the dead
    and those who moved away left aside, it tells no count.
    """
    counts, total = found.counts, sum(found.counts.values())
    whose = say(lang, "digest.of", of=clipped(of, _WIDEST)) if of else ""
    if total - counts[Bucket.CLOSED] < FEWEST:
        return say(lang, "digest.few", on=found.on, whose=whose, fewest=FEWEST)
    return say(
        lang,
        "digest",
        on=found.on,
        whose=whose,
        total=total,
        overdue=counts[Bucket.OVERDUE],
        today=counts[Bucket.DUE_TODAY],
        open=counts[Bucket.OPEN],
        duties=sum(found.duty_counts.values()),
    )
