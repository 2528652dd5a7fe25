"""A statement as CSV."""

import csv
import io

import pytest

from dualis.accounts import statement_csv

ROW = {
    "id": "7",
    "movementId": "mov_1",
    "type": "supply",
    "account": "wallet:usr_1",
    "asset": "ETH",
    "amount": "-0.5",
    "reference": None,
    "memo": None,
    "at": "2026-03-01T10:00:00.000Z",
}


def read(**changed):
    text = statement_csv.header() + statement_csv.lines([ROW | changed])
    return next(csv.DictReader(io.StringIO(text, newline="")))


def test_a_line_reads_back_as_the_row():
    assert read() == {name: value or "" for name, value in ROW.items()}
    assert statement_csv.lines([]) == ""


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_a_text_that_starts_a_formula_gets_an_apostrophe(start):
    assert read(memo=f"{start}1")["memo"] == f"'{start}1"
    assert read(reference=f"{start}1")["reference"] == f"'{start}1"


@pytest.mark.parametrize("text", ['say "hi", twice', "two\r\nlines", "a=b"])
def test_other_texts_stay_as_they_are(text):
    assert read(memo=text)["memo"] == text
