"""Who calls: the holder of a session cookie, or of an API token.

A browser sends its cookies along with requests that other pages make. So with the cookie, whatever may change
something needs a header of its own, which no other origin can send.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer

from redraft.records import TokenKind, User
from redraft_ui.access.join import COOKIE, OWN_REQUEST
from redraft_ui.annotating.desk import Desk
from redraft_ui.annotating.reviewing import ReviewDesk
from redraft_ui.api.problems import Declined
from redraft_ui.workplace import Workplace

_SAFE = ("GET", "HEAD", "OPTIONS")

_cookie = APIKeyCookie(
    name=COOKIE,
    auto_error=False,
    scheme_name="session",
    description="Set at sign-in. Calls other than GET need the header `X-Redraft: 1` beside it.",
)
_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="A token from `redraft tokens`.")


async def the_workplace(request: Request) -> Workplace:
    """The run that the application was built on."""
    work: Workplace = request.app.state.work
    return work


async def the_desk(work: Annotated[Workplace, Depends(the_workplace)]) -> Desk:
    """The annotators' desk."""
    return Desk(work.store, work.config)


async def the_review_desk(work: Annotated[Workplace, Depends(the_workplace)]) -> ReviewDesk:
    """The reviewers' desk."""
    return ReviewDesk(work.store, work.config)


def the_caller(
    request: Request,
    work: Annotated[Workplace, Depends(the_workplace)],
    cookie: Annotated[str | None, Security(_cookie)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
) -> User:
    """Whose secret came with the request; a token goes before the cookie."""
    if bearer is not None:
        user = work.store.holder(bearer.credentials, TokenKind.API)
        if user is None:
            raise Declined(401, "signed_out", "This token is not known, or no longer good: make a new one.")
        return user
    user = work.store.holder(cookie, TokenKind.SESSION) if cookie else None
    if user is None:
        raise Declined(401, "signed_out", "You are not signed in, or not any more: please sign in again.")
    if request.method not in _SAFE and request.headers.get(OWN_REQUEST) != "1":
        raise Declined(403, "csrf", "With the session cookie, this call needs the header X-Redraft: 1.")
    return user


Work = Annotated[Workplace, Depends(the_workplace)]
AtDesk = Annotated[Desk, Depends(the_desk)]
AtReviewDesk = Annotated[ReviewDesk, Depends(the_review_desk)]
Caller = Annotated[User, Depends(the_caller)]
