"""The benchmark of the push: its receiver counts right, and its report says what was measured."""

import shutil
from xml.etree import ElementTree

import pytest

from bench import report
from bench.report import FASTIFY, OURS, Figure, Plan
from bench.servers import FRAME_BYTES, running
from bench.subscribers import CannotMeasure, Subscribers, allow_sockets

needs_compiler = pytest.mark.skipif(not shutil.which("gcc"), reason="the receivers are C")


@pytest.fixture(scope="module")
def hub():
    with running(OURS) as server:
        yield server


@needs_compiler
@pytest.mark.process
@pytest.mark.parametrize("deflate", [False, True])
def test_the_receiver_counts_every_frame_of_every_subscriber(hub, deflate):
    with Subscribers(hub.port, 20, deflate=deflate) as load:
        for result in (load.flood(0.2, 3), load.pace(0.2, 50, 11)):
            assert result.published > 0 and result.frames > 0
            assert (result.lost, result.closed, result.deflated) == (0, 0, float(deflate))
            assert 0 < result.p50 <= result.p99
            header = 2 if deflate else 4  # a deflated frame of this size is shorter than 126
            assert (result.bytes / result.frames < FRAME_BYTES + header) is deflate
        assert load.watch(0.1).frames == 0


@needs_compiler
@pytest.mark.process
def test_the_receiver_tells_of_sockets_that_were_closed():
    with running(OURS) as server, Subscribers(server.port, 5) as load:
        server.process.kill()
        assert load.watch(0.2).closed == 5


def test_more_sockets_than_the_machine_allows_are_refused_with_the_limit():
    with pytest.raises(CannotMeasure, match=r"ulimit -Hn"):
        allow_sockets(10**9)


@pytest.fixture
def figures():
    rate, latency = Figure("frames", goals={FASTIFY: 1.3}), Figure("latency", "ms")
    for own, other in ((200.0, 100.0), (90.0, 100.0), (300.0, 100.0)):
        for figure in (rate, latency):
            figure.add(OURS, own, 0.5)
            figure.add(FASTIFY, other, 1.0)
    latency.notes.append("a note")
    return [rate, latency]


def test_ratios_are_taken_within_a_round_and_a_latency_is_better_if_less(figures):
    rate, latency = figures
    assert rate.ratios(FASTIFY) == [2.0, 0.9, 3.0]
    assert latency.ratios(FASTIFY) == [0.5, pytest.approx(1.111, abs=0.001), pytest.approx(1 / 3)]


def test_results_are_a_table_a_plot_and_every_round(figures, tmp_path, monkeypatch):
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    report.write("trial", figures, ["sizes: no descriptors"], Plan(), 1.0)
    table = (tmp_path / "trial.md").read_text()
    assert "| fastify | 100 | 100 to 100 | 1.00 | 2.00 x (0.90 to 3.00) | 1.3 x |" in table
    assert "a note." in table and "Not measured: sizes: no descriptors" in table
    assert '"values"' in (tmp_path / "trial.json").read_text()
    drawing = ElementTree.fromstring((tmp_path / "trial.svg").read_text())
    assert len(list(drawing.iter("{http://www.w3.org/2000/svg}rect"))) == 4
    rows = report.rows(figures, [], Plan())
    assert rows[1].measured == "2.00 x (0.90 to 3.00)" and rows[1].goal == "1.3 x"
