"""Runs a list of SQL texts (JSON, standard input) in one session; prints their rows, columns apart by a space (JSON)."""

import json
import sys

import duckdb

session = duckdb.connect()
answers = []
for sql in json.load(sys.stdin):
    rows = session.execute(sql).fetchall()
    answers.append([" ".join(str(value) for value in row) for row in rows])
json.dump(answers, sys.stdout)
