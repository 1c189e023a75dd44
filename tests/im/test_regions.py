from bot.im.regions import REGIONS


def test_every_region_has_its_own_host_and_label() -> None:
    assert list(REGIONS) == [
        "china",
        "singapore",
        "seoul",
        "frankfurt",
        "mumbai",
        "silicon_valley",
        "jakarta",
        "tokyo",
    ]
    assert len({region.host for region in REGIONS.values()}) == len(REGIONS)
    assert REGIONS["silicon_valley"].label == "Silicon Valley"


def test_india_is_not_indonesia() -> None:
    assert REGIONS["mumbai"].host == "adminapiind.im.qcloud.com"
    assert REGIONS["jakarta"].host == "adminapiidn.im.qcloud.com"
