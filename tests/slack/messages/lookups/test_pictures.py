import pytest

from bot.slack.messages.lookups.pictures import find_picture


@pytest.mark.parametrize(
    "address",
    [
        "https://img.example/a/77.png",
        "https://img.example:443/a.png?size=80&v=2",
        "https://thirdwx.qlogo.cn/mmopen/vi_32/abc/132",
        "https://xn--fsq.xn--55qx5d/a.png",
    ],
)
def test_takes_a_picture_at_a_public_https_address(address: str) -> None:
    assert find_picture(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        7,
        "http://img.example/a.png",
        "HTTPS://img.example/a.png",
        "https://",
        "https://localhost/a.png",
        "https://intranet/a.png",
        "https://files.corp/a.png",
        "https://printer.local./a.png",
        "https://10.0.0.1/a.png",
        "https://2130706433/a.png",
        "https://0x7f.1/a.png",
        "https://[::1]/a.png",
        "https://user:password@img.example/a.png",
        "https://img.example:8443/a.png",
        "https://img.example:99999/a.png",
        "https://img.example/a b.png",
        "https://img.example/a\n.png",
        "https://img.example/<!here>",
        "https://bücher.example/a.png",
        "https://img.example/" + "a" * 3000,
        "javascript:alert(1)",
        "data:image/png;base64,AAAA",
    ],
)
def test_takes_no_picture_from_any_other_address(address: str | int | None) -> None:
    assert find_picture(address) == ""
