"""What somebody can do next, wherever they are refused or advised: nothing is a dead end."""

NEXT_STEPS = {
    "SIGN_IN": "Sign in with the account that you have.",
    "SIGN_UP": "Sign up, if you have no account yet.",
    "WAIT": "Wait until the time is over, then try again.",
    "RESET_PASSWORD": "Ask for a code to set a new password with.",
    "REQUEST_CODE": "Ask for another code.",
    "VERIFY_EMAIL": "Confirm your e-mail address with the code that was mailed to it.",
    "REVOKE_TOKEN": "Revoke an API token that you do not need any more.",
    "ADD_EMAIL": "Add an e-mail address to the account.",
}
