"""The desk over HTTP, for the editor in the browser and for outside tools.

    app.py         puts it together          tasks.py     next, draft, submit, skip, flag, preview
    identity.py    who calls                 answers.py   one's earlier answers
    problems.py    how refusals are told     reviews.py   adjudication
    transport.py   body limit, headers       pictures.py  images, decoded and encoded anew

A caller is known by the session cookie of the pages, or by a token of its own (``redraft tokens``). See docs/api.md.
"""

from redraft_ui.annotating.views import API_PREFIX
from redraft_ui.api.app import build_api

__all__ = ["API_PREFIX", "build_api"]
