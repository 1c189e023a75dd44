"""Independent clients of the vendor's servers, against the sandbox."""

from typing import Any

import pytest
import timsdk
from tencentcloud_im.tcim_client import TCIMClient
from TLSSigAPIv2 import TLSSigAPIv2

from bot.sandbox.data import ADMIN
from tests.sandbox.conftest import ANN
from tests.support.sandbox import APP_ID, KEY, Caller

NICK, LEVEL = "Tag_Profile_IM_Nick", "Tag_Profile_IM_Level"


@pytest.fixture
def tim(served: Caller, monkeypatch: pytest.MonkeyPatch) -> Any:
    # This client has no setting for the address.
    original = timsdk.HttpClient.get_url

    def get_url(client: Any, path: str) -> str:
        url: str = original(client, path, random_id=7)
        return url.replace("https://console.tim.qq.com", served.url)

    monkeypatch.setattr(timsdk.HttpClient, "get_url", get_url)
    return timsdk.TimClient(APP_ID, KEY, ADMIN)


@pytest.fixture
def tcim(served: Caller) -> TCIMClient:
    return TCIMClient(APP_ID, KEY, ADMIN, tencent_url=f"{served.url}/v4")


def test_timsdk_reads_profiles(tim: Any) -> None:
    answer = tim.profile.portrait_get(["ann", "zoe"], [NICK, LEVEL])

    ann, zoe = answer["UserProfileItem"]
    assert ann["ProfileItem"] == [{"Tag": NICK, "Value": "Ann"}, {"Tag": LEVEL, "Value": 7}]
    assert zoe["ResultCode"] == 40003


def test_timsdk_writes_profiles(tim: Any, served: Caller) -> None:
    answer = tim.profile.portrait_set("ann", [{"Tag": NICK, "Value": "安娜"}])

    assert answer["ActionStatus"] == "OK"
    assert served.sandbox.apps[APP_ID].accounts["ann"].profile == {**ANN, NICK: "安娜"}


def test_timsdk_reads_friends(tim: Any, served: Caller) -> None:
    served.sandbox.apps[APP_ID].accounts["ann"].friends["cy"] = {"Tag_SNS_IM_Remark": "Cyrus"}

    answer = tim.sns.friend_get_list("ann", ["cy", "ben"], ["Tag_SNS_IM_Remark", NICK])

    cy, ben = answer["InfoItem"]
    assert [item["Value"] for item in cy["SnsProfileItem"]] == ["Cyrus", "Cy"]
    assert ben["ResultCode"] == 30001


def test_tencentcloud_im_imports_checks_and_reads_friends(tcim: TCIMClient, served: Caller) -> None:
    served.sandbox.apps[APP_ID].accounts["ann"].friends["zoe"] = {"Tag_SNS_IM_Remark": "Zo"}

    imported = tcim.add_single_user("zoe", "Zoë", "http://img.example/z.png").json()
    checked = tcim.search_user(["zoe", "yan"]).json()
    friends = tcim.get_target_friends("ann", ["zoe"], ["Tag_SNS_IM_Remark", NICK]).json()

    assert imported["ErrorCode"] == 0
    assert [item["AccountStatus"] for item in checked["ResultItem"]] == ["Imported", "NotImported"]
    assert [item["Value"] for item in friends["InfoItem"][0]["SnsProfileItem"]] == ["Zo", "Zoë"]


def test_admits_the_vendors_own_signatures(served: Caller) -> None:
    signer = TLSSigAPIv2(APP_ID, KEY)

    assert served.code("im_get_attr_name", {}, usersig=signer.gen_sig(ADMIN, 60)) == 0
    assert served.code("im_get_attr_name", {}, usersig=signer.gen_sig("ann", 60)) == 70013
    assert served.code("im_get_attr_name", {}, usersig=TLSSigAPIv2(APP_ID, "x").gen_sig(ADMIN, 60)) == 70009
    assert served.code("im_get_attr_name", {}, usersig=TLSSigAPIv2(1, KEY).gen_sig(ADMIN, 60)) == 70014
    assert served.code("im_get_attr_name", {}, usersig=signer.gen_sig_with_userbuf(ADMIN, 60, b"x")) == 70003
    assert served.code("im_get_attr_name", {}, usersig=signer.gen_sig(ADMIN, -1)) == 70001
