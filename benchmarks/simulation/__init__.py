"""The loop and the worklist as they are, with simulated time and simulated people.

    assumptions.py   how people and machines are taken to behave; every number has a name
    agenda.py        simulated time: what happens next
    drawing.py       responses with scores, and the truth about them
    crowd.py         annotators: sessions, speed, skips, leases left behind, answers that come late
    steps.py         the loop's steps: what computes is stood in for, commits are real
    loop.py          the controller: real decisions, in simulated time
    watch.py         what was seen meanwhile: depth, age, staleness, idle people, and faults
    scenarios.py     what is simulated, and the question that each asks
    simulating.py    a scenario from beginning to end, and its result
    tables.py        the same for people to read

Real: ``next_action`` and its triggers, the router, promotion's paired test, the store on SQLite with its leases,
refills, retirement of stale tasks, the budgets. Simulated: time, people, how long a step takes, what a policy writes,
whether a candidate is better. Nothing is computed on a model, and nothing runs in parallel: races are not looked for
here (``tests/contract`` and ``tests/unit/test_loop_model.py`` do that).
"""
