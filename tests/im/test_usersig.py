import base64
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import TLSSigAPIv2
from freezegun import freeze_time
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.im.usersig import LIFETIME, MAX_INFLATED, Signer, decode, mac, sign

APP_ID = 1400000000
KEY = "5bd2850fff3ecb11d7c805251c51ee463a25727bddc2385f3fa8bfee1bb93b5e"
NOW = 1700000000
DAY = 86400

VECTORS = {
    "administrator": "yLAe+w7WUeUuqbV9h/TX78u21oTGi+i9Zp1u3PpnY60=",
    "xiaojun": "SNF4FmVCPucoXsBOpbVF3fFCf57JPm0ezZ1jeVILlVc=",
    "张三": "3LCkJvso1LbyiZu1fQ71MKW2nBH/fSAs4/BjQ6ejVVQ=",
}
BY_THE_PYTHON_PACKAGE = (
    "eJyrVgrxCdYrSy1SslJQMtIzUNJRAItkpqTmlWSmZUIkElNyM-Myi0uKEkvyi2BKilOyEwsKMlOACgxNDKAAKpdaUZBZlAqUsTAzgQuWZOaChAzN0RQXZ6a"
    "DLKn0cUzVLjcPD00NLS1MCrPM0A*JMLcoNTLMD3HP1M60jCowLDUOKMiLNDOwVaoFAD4PNPI_"
)
BY_THE_NODE_PACKAGE = (
    "eJyrVgrxCdYrSy1SslIy0jNQ0gHzM1NS80oy0zLBwokpuZl5mcUlRYkl*UVQBcUp2YkFBZkpSlaGJgZQAJEpycxNVbIyNEcVTa0oyCxKVbKyMDOBCRVn"
    "pitZKVX6OKZql5uHh6aGlhYmhVlm6IdEmFuUGhnmh7hnamdaRhUYlhoHFORFmhnYKtUCAK0SM5I_"
)


def packed(text: bytes, level: int = 6) -> str:
    return base64.b64encode(zlib.compress(text, level)).decode().translate(str.maketrans("+/=", "*-_"))


@pytest.mark.parametrize(("identifier", "expected"), VECTORS.items())
def test_known_answers(identifier: str, expected: str) -> None:
    assert mac(APP_ID, KEY, identifier, time=NOW, expire=DAY) == expected


@pytest.mark.parametrize("sig", [BY_THE_PYTHON_PACKAGE, BY_THE_NODE_PACKAGE])
def test_reads_what_the_vendors_packages_made(sig: str) -> None:
    claims = decode(sig)

    assert claims == decode(sign(APP_ID, KEY, "administrator", now=NOW, lifetime=DAY))
    assert claims.sig == VECTORS["administrator"]
    assert (claims.identifier, claims.app_id, claims.time, claims.expire) == (
        "administrator",
        APP_ID,
        NOW,
        DAY,
    )
    assert claims.userbuf is None


@settings(max_examples=25)  # each freezes the clock, which takes 10 ms
@given(identifier=st.text(min_size=1, max_size=32), now=st.integers(0, 2**32), lifetime=st.integers(1, 2**31))
def test_says_the_same_as_the_vendors_package(identifier: str, now: int, lifetime: int) -> None:
    with freeze_time(datetime.fromtimestamp(now, UTC)):
        theirs = TLSSigAPIv2.TLSSigAPIv2(APP_ID, KEY).gen_sig(identifier, lifetime)

    assert decode(sign(APP_ID, KEY, identifier, now=now, lifetime=lifetime)) == decode(theirs)


def test_is_safe_in_a_url() -> None:
    made = "".join(sign(APP_ID, KEY, f"admin{n}", now=NOW, lifetime=DAY) for n in range(50))

    assert set(made) & set("+/=%&?# ") == set()


def test_the_vendors_package_can_read_ours() -> None:
    ours = sign(APP_ID, KEY, "张三", now=NOW, lifetime=DAY)

    unpacked = zlib.decompress(TLSSigAPIv2.base64_decode_url(ours.encode()))
    assert b'"TLS.ver":"2.0"' in unpacked


def test_accepts_any_compression_level() -> None:
    text = zlib.decompress(base64.b64decode(BY_THE_PYTHON_PACKAGE.translate(str.maketrans("*-_", "+/="))))

    assert decode(packed(text, 0)) == decode(packed(text, 9)) == decode(BY_THE_PYTHON_PACKAGE)


def test_decodes_a_userbuf() -> None:
    sig = TLSSigAPIv2.TLSSigAPIv2(APP_ID, KEY).gen_sig_with_userbuf("a", DAY, b"abc")

    assert decode(sig).userbuf == "YWJj"


@pytest.mark.parametrize(
    "sig",
    [
        "",
        "x",
        "not a UserSig",
        "签名",
        BY_THE_PYTHON_PACKAGE[:-8],
        BY_THE_PYTHON_PACKAGE[4:],
        packed(b""),
        packed(b"[]"),
        packed(b"{}"),
        packed(b"\xff\xfe"),
        packed(b'{"TLS.identifier": 1}'),
        packed(b" " * (MAX_INFLATED + 1)),
        packed(b"0" * 10_000_000, 9),
    ],
)
def test_refuses_to_read_what_is_no_usersig(sig: str) -> None:
    with pytest.raises(ValueError, match=r"^not a UserSig$") as caught:
        decode(sig)

    assert caught.value.__cause__ is caught.value.__context__ is None


def test_keeps_one_signature_until_half_of_its_life() -> None:
    with freeze_time("2026-01-01") as time:
        signer = Signer(APP_ID, KEY, "administrator")
        first = signer.get()

        time.tick(LIFETIME / 2 - 1)
        assert signer.get() is first

        time.tick(1)
        second = signer.get()
        assert second is not first
        assert decode(second.text).time == decode(first.text).time + LIFETIME // 2


def test_always_leaves_the_advised_day() -> None:
    assert LIFETIME / 2 >= DAY


def test_many_refusals_at_once_cause_one_renewal() -> None:
    signer = Signer(APP_ID, KEY, "administrator")
    refused = signer.get()
    together = threading.Barrier(32)

    def renew(_: int) -> int:
        together.wait()
        return id(signer.renew(refused))

    with ThreadPoolExecutor(32) as pool:
        made = set(pool.map(renew, range(32)))

    assert made == {id(signer.get())}
    assert made != {id(refused)}


def test_shows_no_secret() -> None:
    signer = Signer(APP_ID, KEY, "administrator")
    signature = signer.get()
    shown = f"{signer!r} {signature!r} {decode(signature.text)!r} {vars(signer)['_current']!r}"

    assert KEY not in shown
    assert signature.text not in shown
    assert decode(signature.text).sig not in shown
