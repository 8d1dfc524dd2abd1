"""A finished or unfinished study, for people: a page with charts and tables, Markdown, CSV and a summary for programs.

panels.py, palette.py      what charts share      curve_tables.py, tables.py, end_tables.py   tables as text
curve_charts.py, level_chart.py                   telling.py, markdown.py   the words
compare_charts.py, change_charts.py               flat.py                   rows for curves.csv
page.py                    puts it together
"""

from redraft.report.study.page import write_study

__all__ = ["write_study"]
