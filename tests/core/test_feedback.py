"""Readers' tokens: signed, bounded in time, of one length, and silent about their readers."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rasid.errors import TokenError
from rasid.feedback import TOKEN_LENGTH, feed_key, proof, same, sign, verify

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
LATER = NOW + timedelta(days=90)
KEY = b"a key of the tests' own"

keys = st.binary(min_size=16, max_size=80)
deliveries = st.integers(0, 2**63 - 1)
expiries = st.datetimes(datetime(2026, 3, 2), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(keys, deliveries, expiries)
def test_a_token_stands_for_its_delivery_and_has_one_length(
    key: bytes, delivery_id: int, expires: datetime
) -> None:
    """Whatever the key, the delivery and the time, it comes back, and every token has forty characters."""
    token = sign(key, delivery_id, expires)
    assert TOKEN_LENGTH == len(token)
    assert delivery_id == verify(key, token, NOW)


@given(keys, deliveries, expiries, st.integers(0, 8 * 30 - 1))
def test_any_bit_flipped_is_refused(key: bytes, delivery_id: int, expires: datetime, bit: int) -> None:
    """Neither the delivery, nor the time, nor the signature can be changed by as much as a bit."""
    raw = bytearray(urlsafe_b64decode(sign(key, delivery_id, expires)))
    raw[bit // 8] ^= 1 << bit % 8
    with pytest.raises(TokenError) as refused:
        verify(key, _spelled(bytes(raw)), NOW)
    assert not refused.value.expired


def _spelled(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode()


@given(keys, keys, deliveries)
def test_another_key_opens_nothing(key: bytes, other: bytes, delivery_id: int) -> None:
    """A token of another installation, or of a key that was replaced, is refused."""
    token = sign(key, delivery_id, LATER)
    if key.rstrip(b"\0") == other.rstrip(b"\0"):  # HMAC fills keys up with zeros: these two are one
        assert delivery_id == verify(other, token, NOW)
        return
    with pytest.raises(TokenError):
        verify(other, token, NOW)


@given(st.text(max_size=60))
def test_any_other_text_is_refused_and_never_a_fault(text: str) -> None:
    """Whatever stands in an address, in any script, it is told to be none of ours."""
    with pytest.raises(TokenError) as refused:
        verify(KEY, text, NOW)
    assert not refused.value.expired


def test_its_time_ends_to_the_minute() -> None:
    """One second before its end it is good, at its end it is over, and the error says so."""
    token = sign(KEY, 7, LATER)
    assert 7 == verify(KEY, token, LATER - timedelta(seconds=1))
    with pytest.raises(TokenError) as over:
        verify(KEY, token, LATER)
    assert over.value.expired


def test_it_has_one_spelling() -> None:
    """A token with blanks, other letters or padding that decodes to the same is refused: logs and caches see one."""
    token = sign(KEY, 7, LATER)
    for spelled in (f" {token}", f"{token}\n", f"{token}==", token[:8] + "!" + token[8:], ""):
        with pytest.raises(TokenError):
            verify(KEY, spelled, NOW)


def test_it_holds_an_id_a_time_and_a_signature_alone() -> None:
    """The twelve bytes before the signature are the id and the minute: nothing of a reader could be in it."""
    first, second = (urlsafe_b64decode(sign(key, 258, LATER)) for key in (KEY, KEY[::-1]))
    minutes = int(LATER.timestamp()) // 60
    assert (258).to_bytes(8, "big") + minutes.to_bytes(4, "big") == first[:12] == second[:12]
    assert first[12:] != second[12:]


@pytest.mark.parametrize("make", [lambda key: sign(key, 1, LATER), lambda key: feed_key(key, "chips")])
def test_a_key_that_can_be_guessed_is_refused(make: object) -> None:
    """Fewer than sixteen bytes are refused with the command that makes a good key."""
    with pytest.raises(ValueError, match=r"python -c 'import secrets; print\(secrets.token_urlsafe\(32\)\)'"):
        make(b"short")  # type: ignore[operator]


def test_a_proof_is_good_for_one_token_and_one_act() -> None:
    """Those of other acts, other tokens and other keys differ, and none is a token's own signature."""
    token, other = sign(KEY, 1, LATER), sign(KEY, 2, LATER)
    found = {
        proof(KEY, token, "mute/1"),
        proof(KEY, token, "mute/11"),
        proof(KEY, token, "wrong/1"),
        proof(KEY, other, "mute/1"),
        proof(KEY[::-1], token, "mute/1"),
        feed_key(KEY, f"{token} mute/1"),
        token[16:],
    }
    assert 7 == len(found)
    assert same(proof(KEY, token, "mute/1"), proof(KEY, token, "mute/1"))
    assert not same(proof(KEY, token, "mute/1"), "")
    assert not same("é", "e")
