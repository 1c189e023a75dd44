"""The account service: account_check and account_import."""

from bot.sandbox.codes import Refusal
from bot.sandbox.data import Account
from bot.sandbox.profiles import STANDARD
from bot.sandbox.request import Answer, Request
from bot.sandbox.values import WRONG_TYPE, checked

_PROFILE = {"Nick": "Tag_Profile_IM_Nick", "FaceUrl": "Tag_Profile_IM_Image"}


def account_check(request: Request) -> Answer:
    """Tell which accounts are imported (vendor's page: cn/38417)."""
    items = request.list_of(dict, "CheckItem")
    if any("UserID" not in item for item in items):
        raise Refusal(request.family.bad)
    accounts = [item["UserID"] for item in items]
    request.check_accounts(accounts)
    request.check_size(accounts)
    held = request.app.accounts
    return {
        "ResultItem": [
            {
                "UserID": account,
                "ResultCode": 0,
                "ResultInfo": "",
                "AccountStatus": "Imported" if account in held else "NotImported",
            }
            for account in request.arranged(accounts)
        ]
    }


def account_import(request: Request) -> Answer:
    """Import one account; again is no error (vendor's page: cn/1608)."""
    # Older callers name the account as the URL names the admin.
    account = request.account("UserID" if "UserID" in request.body else "Identifier")
    profile = {}
    for key, tag in _PROFILE.items():
        if key in request.body:
            profile[tag] = _checked(request, key, tag)
    request.app.accounts.setdefault(account, Account()).profile.update(profile)
    return {}


def _checked(request: Request, key: str, tag: str) -> str | int:
    try:
        return checked(STANDARD[tag], request.body[key], request.knobs)
    except Refusal as refusal:
        # This service has no code of its own for a value of the wrong type.
        raise (Refusal(request.family.bad) if refusal.code == WRONG_TYPE else refusal) from None
