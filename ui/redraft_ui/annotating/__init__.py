"""What annotators and reviewers do: correct, look back, adjudicate.

    desk.py, reviewing.py    what can be done, without any page      correct_page.py, answers_page.py, review_page.py
    bodies.py, views.py      what is sent, and what is shown         review_view.py, guidelines.py
    guard.py, refusals.py    what is asked back, and what refused    kinds.py      types, and words that suggest one
    showing.py, feedback.py  what is shown of a task, and when       preview.py    what a correction would train

The pages call the desks in their own process, the editor and programs over HTTP (``redraft_ui.api``).
"""
