"""What is taken as signed, and what is not."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from lattice.core.errors import UsageError
from lattice.studio.security.signatures import Unsigned, key_of, signature_of, verified
from lattice.studio.settings import StudioSettings

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "a-secret-of-the-platform-team"
OLD = "the-secret-that-was-before-it"
BODY = b'{"commit": "3f2a1c9"}'


def signed(at: datetime = NOW, secret: str = SECRET, name: str = "msg_1", body: bytes = BODY) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": signature_of(secret, name, stamp, body),
    }


def test_the_example_of_the_specification_is_signed_like_there() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    said = signature_of(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert said == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_signed_is_taken_and_named() -> None:
    name = verified(signed(), BODY, [SECRET], NOW)
    assert len(name) == 64
    assert name == verified(signed(NOW + timedelta(minutes=4)), BODY, [SECRET], NOW)
    assert name != verified(signed(name="msg_2"), BODY, [SECRET], NOW)


def test_a_secret_can_be_replaced_while_both_are_in_use() -> None:
    assert verified(signed(secret=OLD), BODY, [SECRET, OLD], NOW)
    both = {**signed(), "webhook-signature": "v1a,AAAA " + signed(secret=OLD)["webhook-signature"] + " v1,BBBB"}
    assert verified(both, BODY, [OLD], NOW)


@pytest.mark.parametrize("minutes", [-5.1, 5.1, -60 * 24, 60 * 24])
def test_what_is_old_or_from_the_future_is_not_taken(minutes: float) -> None:
    with pytest.raises(Unsigned, match="minutes off"):
        verified(signed(NOW + timedelta(minutes=minutes)), BODY, [SECRET], NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-id": "msg_2"},
        {"webhook-timestamp": str(int(NOW.timestamp()) + 1)},
        {"webhook-signature": "v1,"},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,ünlesbar"},
        {"webhook-signature": signature_of(OLD, "msg_1", str(int(NOW.timestamp())), BODY)},
    ],
)
def test_what_was_changed_is_not_taken(change: dict[str, str]) -> None:
    with pytest.raises(Unsigned, match="is not that of this identifier"):
        verified({**signed(), **change}, BODY, [SECRET], NOW)


def test_another_body_is_not_taken() -> None:
    with pytest.raises(Unsigned, match="is not that of this identifier"):
        verified(signed(), BODY + b" ", [SECRET], NOW)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "a b"},
        {"webhook-id": "x" * 300},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "1e9"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "١٢٣"},
    ],
)
def test_headers_of_another_form_are_not_taken(headers: dict[str, str]) -> None:
    with pytest.raises(Unsigned, match="is signed by the headers"):
        verified({**signed(), **headers} if headers else {}, BODY, [SECRET], NOW)


def test_without_a_secret_nothing_is_signed() -> None:
    with pytest.raises(Unsigned):
        verified(signed(), BODY, [], NOW)


def test_a_secret_is_long_enough_and_is_not_repeated() -> None:
    assert key_of("whsec_" + base64.b64encode(b"k" * 24).decode()) == b"k" * 24
    for secret in ("too-short", "whsec_" + base64.b64encode(b"k" * 8).decode(), "whsec_not Base64!" + "x" * 30):
        with pytest.raises(UsageError, match="LATTICE_WEBHOOK_SECRET cannot be used") as refused:
            StudioSettings(webhook_secrets=(secret,))
        assert secret not in str(refused.value)
    assert SECRET not in repr(StudioSettings(webhook_secrets=(SECRET,)))
