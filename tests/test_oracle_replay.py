"""Reading recorded prices: every good form, every bad row with its place."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from dualis.oracle.replay import ReplayError, Spec, parse, parse_spec

KNOWN = ["BTC", "ETH"]
GOOD = "time,BTC,ETH\n2020-01-01,100,10\n2020-01-02,200,20\n2020-01-04,100,30\n"


def read(text, column="", known=KNOWN):
    return parse(text.splitlines(keepends=True), column=column, known=known)


def at(day, hour=0):
    return datetime(2020, 1, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("a.csv", Spec("a.csv")),
        ("a.csv?speed=60", Spec("a.csv", 60.0)),
        ("../b c.csv?speed=0.5&column=close", Spec("../b c.csv", 0.5, "close")),
    ],
)
def test_spec_reads_file_and_options(text, spec):
    assert parse_spec(text) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no file"),
        ("a.csv?speed=fast", "no number"),
        ("a.csv?speed=0", "not above zero"),
        ("a.csv?speed=-1", "not above zero"),
        ("a.csv?speed=inf", "not above zero"),
        ("a.csv?speed=nan", "not above zero"),
        ("a.csv?column=", "not known"),
        ("a.csv?pace=2", "option pace=2"),
        ("a.csv?speed", "name=value"),
    ],
)
def test_spec_refuses_what_it_does_not_know(text, words):
    with pytest.raises(ReplayError, match=words):
        parse_spec(text)


def test_history_starts_a_day_in_and_interpolates_between_rows():
    history = read(GOOD)
    assert (history.first, history.start, history.last) == (at(1), at(2), at(4))
    assert history.price_at("BTC", at(1)) == 100
    assert history.price_at("BTC", at(1, 6)) == 125
    assert history.price_at("BTC", at(3)) == 150
    assert history.price_at("ETH", at(4)) == 30
    assert history.price_at("ETH", at(1) + timedelta(hours=8)) == Decimal("13.33333333")


def test_history_has_no_price_outside_its_rows():
    history = read(GOOD)
    assert history.price_at("BTC", at(1) - timedelta(seconds=1)) is None
    assert history.price_at("BTC", at(4) + timedelta(seconds=1)) is None


@pytest.mark.parametrize("name", ["time", "timestamp", "date", "Date"])
def test_time_column_may_have_any_of_its_names_and_any_place(name):
    history = read(f"BTC,{name}\n1,2020-01-01T00:00:00Z\n2,2020-01-03T02:00:00+02:00\n")
    assert (history.first, history.last) == (at(1), at(3))


def test_time_may_be_unix_seconds_and_lines_may_be_empty():
    history = read("\ufefftime,BTC\n".lstrip("\ufeff") + "1577836800,1\n\n1578009600.0,2\n\n")
    assert (history.first, history.last) == (at(1), at(3))


def test_empty_cells_mean_no_quote_before_an_asset_is_listed():
    history = read("time,BTC,ETH\n2020-01-01,1,\n2020-01-02,2,\n2020-01-03,3,30\n2020-01-04,4,40\n")
    assert history.price_at("ETH", at(2)) is None
    assert history.price_at("ETH", at(3, 12)) == 35
    assert history.end_of("ETH") == at(4)


def test_column_option_picks_the_named_figure_and_nothing_else():
    text = "date,BTC_open,BTC_close,LTC_close\n2020-01-01,1,2,9\n2020-01-03,3,4,9\n"
    history = read(text, column="close")
    assert history.price_at("BTC", at(1)) == 2
    assert list(history.tracks) == ["BTC"]
    assert history.ignored == ("LTC",)


ROW = "time,BTC,ETH\n2020-01-01,1,1\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: one column must be named time"),
        ("BTC,ETH\n1,2\n", "line 1: one column must be named time"),
        ("time,date,BTC\n", "line 1: one column must be named time"),
        ("time,LTC\n2020-01-01,1\n", "line 1: no column is named SYMBOL"),
        ("time,BTC,BTC\n", "line 1: column BTC stands there twice"),
        (ROW + "yesterday,1,1\n", "line 3, column time: 'yesterday'"),
        (ROW + ",1,1\n", "line 3, column time: ''"),
        (ROW + "99999999999999,1,1\n", "line 3, column time: '99999999999999'"),
        (ROW + "2020-01-01,1,1\n", "line 3, column time: 2020-01-01 does not come after"),
        (ROW + "2019-01-01,1,1\n", "line 3, column time: 2019-01-01 does not come after"),
        (ROW + "2020-01-02,1,one\n", "line 3, column ETH: 'one' is no number"),
        (ROW + "2020-01-02,1_0,1\n", "line 3, column BTC: '1_0' is no number"),
        (ROW + "2020-01-02,nan,1\n", "line 3, column BTC: 'nan' is no number"),
        (ROW + "2020-01-02,Infinity,1\n", "line 3, column BTC: 'Infinity' is no number"),
        (ROW + "2020-01-02,0,1\n", "line 3, column BTC: 0 is no positive price"),
        (ROW + "2020-01-02,1,-5\n", "line 3, column ETH: -5 is no positive price"),
        (ROW + "2020-01-02,1,1e-9\n", "line 3, column ETH: 1e-9 is no positive price"),
        (ROW + "2020-01-02,1,1e999999\n", "line 3, column ETH: 1e999999 is too large"),
        (ROW + "2020-01-02,1\n", "line 3: 2 cells, the header has 3"),
        (ROW + "2020-01-02,1,1,1\n", "line 3: 4 cells, the header has 3"),
        (ROW + '2020-01-02,"1"2,1\n', "line 3: "),
        (ROW, "no more than 24 h"),
        (ROW + "2020-01-02,1,1\n", "no more than 24 h"),
        ("time,BTC\n2020-01-01,\n2020-01-09,\n", "no column of a known asset has a price"),
    ],
)
def test_bad_file_is_refused_with_line_and_column(text, words):
    with pytest.raises(ReplayError) as caught:
        read(text)
    assert words in str(caught.value)
