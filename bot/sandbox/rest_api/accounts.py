"""The account service: account_check and account_import."""

from bot.sandbox.data import Account
from bot.sandbox.rest_api.codes import ApiError
from bot.sandbox.rest_api.profiles import STANDARD
from bot.sandbox.rest_api.request import Answer, Request
from bot.sandbox.rest_api.values import WRONG_TYPE, validate

_PROFILE = {"Nick": "Tag_Profile_IM_Nick", "FaceUrl": "Tag_Profile_IM_Image"}


def account_check(request: Request) -> Answer:
    """Check which accounts are imported (vendor's page: cn/38417)."""
    items = request.read_list(dict, "CheckItem")
    if any("UserID" not in item for item in items):
        raise ApiError(request.family.bad)
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
            for account in request.arrange(accounts)
        ]
    }


def account_import(request: Request) -> Answer:
    """Import an account, or update it if it exists (vendor's page: cn/1608)."""
    # Older callers use the key Identifier.
    account = request.account("UserID" if "UserID" in request.body else "Identifier")
    profile = {}
    for key, tag in _PROFILE.items():
        if key in request.body:
            profile[tag] = _validate(request, key, tag)
    request.app.accounts.setdefault(account, Account()).profile.update(profile)
    return {}


def _validate(request: Request, key: str, tag: str) -> str | int:
    try:
        return validate(STANDARD[tag], request.body[key], request.behavior)
    except ApiError as error:
        # This service has no specific code for a value of the wrong type.
        raise (ApiError(request.family.bad) if error.code == WRONG_TYPE else error) from None
