"""A policy behind an API that clients of OpenAI's understand; docs/serving.md. No Ray in it.

app ──► access ──► requests ──► versions ──► pictures ──► encoding ──► batching ──► drawing ──► completions ──► app
HTTP    whose      is it one    who          data: URI,   to tokens    one call     news of     OpenAI's
        token?     question?    answers?     store, URL                for many     each row    shapes

server.py     these steps in a row          settings.py      what a replica is told
underway.py   a request being answered      streaming.py     events while it is; clients that go away
answers.py    an answer in pieces           text_stream.py   text that can no longer change
tallies.py    what became of requests
remote.py     pictures of listed servers    alternatives.py  what else could have been written
refusals.py   what is wrong with a request  comparing.py     two versions' words, marked
"""

from redraft.serving.app import build_app
from redraft.serving.refusals import Refused
from redraft.serving.requests import MODEL_ALIAS
from redraft.serving.server import PolicyServer
from redraft.serving.settings import ServedVersion, ServeSettings, ServeTerms

__all__ = ["MODEL_ALIAS", "PolicyServer", "Refused", "ServeSettings", "ServeTerms", "ServedVersion", "build_app"]
