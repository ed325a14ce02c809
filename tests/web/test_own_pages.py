"""Which requests are answered: by host, method and origin."""

from __future__ import annotations

import pytest

from groprog_assets.web.own_pages import OwnPages, policy

OWN = OwnPages("127.0.0.1", 3000)


def asked(own: OwnPages, method: str, *headers: tuple[str, str], websocket: bool = False) -> int:
    refused = own.refusal(method, headers, websocket)
    return refused.status if refused else 200


@pytest.mark.parametrize("host", ["127.0.0.1:3000", "localhost:3000", "LOCALHOST:3000"])
def test_its_own_name_is_answered(host: str):
    assert asked(OWN, "GET", ("Host", host)) == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:3001", "another.example:3000", "10.0.0.1:3000", ""])
def test_another_name_is_refused(host: str):
    assert asked(OWN, "GET", ("Host", host)) == 421


def test_a_request_names_one_host():
    assert asked(OWN, "GET") == 421
    assert asked(OWN, "GET", ("Host", "127.0.0.1:3000"), ("host", "another.example")) == 421


@pytest.mark.parametrize("method", ["OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_are_refused(method: str):
    assert asked(OWN, method, ("Host", "127.0.0.1:3000"), ("Origin", "http://127.0.0.1:3000")) == 405


@pytest.mark.parametrize(
    ("origins", "status"),
    [
        ([], 403),
        (["null"], 403),
        (["http://another.example"], 403),
        (["http://127.0.0.1:3001"], 403),
        (["http://127.0.0.1:3000"], 200),
        (["http://localhost:3000"], 200),
        (["http://127.0.0.1:3000", "http://another.example"], 403),
        (["127.0.0.1:3000"], 403),
    ],
)
@pytest.mark.parametrize("websocket", [False, True])
def test_a_change_comes_from_an_own_page(origins: list[str], status: int, websocket: bool):
    headers = [("Host", "127.0.0.1:3000"), *(("Origin", origin) for origin in origins)]
    assert asked(OWN, "GET" if websocket else "POST", *headers, websocket=websocket) == status


def test_a_proxy_adds_a_name():
    own = OwnPages("127.0.0.1", 3000, ["ui.example"])
    assert asked(own, "POST", ("Host", "ui.example"), ("Origin", "https://ui.example")) == 200
    assert asked(own, "POST", ("Host", "ui.example"), ("Origin", "https://ui.example:444")) == 403


def test_bound_to_every_address_it_answers_to_addresses_and_to_its_own_name():
    own = OwnPages("0.0.0.0", 3000)
    assert asked(own, "GET", ("Host", "10.0.0.1:3000")) == 200
    assert asked(own, "GET", ("Host", "[fe80::1]:3000")) == 200
    assert asked(own, "GET", ("Host", "another.example:3000")) == 421


def test_the_sixth_version_and_the_port_of_the_web():
    assert asked(OwnPages("::1", 3000), "GET", ("Host", "[::1]:3000")) == 200
    assert asked(OwnPages("127.0.0.1", 80), "GET", ("Host", "127.0.0.1")) == 200


def test_a_refusal_says_what_to_do():
    refused = OWN.refusal("POST", [("Host", "127.0.0.1:3000")])
    assert refused is not None
    assert "Origin: http://127.0.0.1:3000" in refused.text


def test_no_other_page_frames_one():
    assert "frame-ancestors 'none'" in policy("default-src 'none'")
