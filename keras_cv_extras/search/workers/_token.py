"""The token of a search: a secret in its folder, by which a chief knows its workers.

Whoever reaches the chief's port could otherwise take trials, invent scores or end the search.
Who can read the search's folder can read the token, and nobody else.
"""

import hmac
import os
import pathlib
import re
import secrets
from collections.abc import Collection

import grpc

from keras_cv_extras._base.owned import errors

NAME = "chief.token"
KEY = "kcx-token"  # in a call's metadata
_FORM = re.compile(r"[0-9a-f]{64}")


def make(folder) -> str:
    """Returns the token of a search's folder, which is made if there is none.

    Raises:
        OSError: if it cannot be written.
    """
    path = pathlib.Path(folder, NAME)
    token = read(folder)
    if token is None:
        token = secrets.token_hex(32)
        with errors.explaining(path):
            path.unlink(missing_ok=True)  # what a killed chief has left unwritten
            file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with open(file, "w", encoding="ascii") as stream:
                stream.write(token)
    return token


def read(folder) -> str | None:
    """Returns the token of a search's folder; None if no chief has written it yet."""
    try:
        token = pathlib.Path(folder, NAME).read_text(encoding="ascii")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return token if _FORM.fullmatch(token) else None


class Guard(grpc.ServerInterceptor):
    """Lets nothing through to a server but some methods, called with the token.

    Args:
        token: the search's.
        methods: the full names of the methods, such as "/Oracle/CreateTrial".
    """

    def __init__(self, token: str, methods: Collection[str]):
        self._token = token.encode()
        self._methods = frozenset(methods)

    def intercept_service(self, continuation, handler_call_details):
        """Returns the handler of a call, or one that refuses it before its request is read."""
        metadata = dict(handler_call_details.invocation_metadata)
        given = str(metadata.get(KEY, "")).encode()
        if not hmac.compare_digest(given, self._token):
            return _refusal(
                grpc.StatusCode.UNAUTHENTICATED,
                "this chief answers the workers of its own search alone, which have its token",
            )
        if handler_call_details.method not in self._methods:
            return _refusal(
                grpc.StatusCode.UNIMPLEMENTED,
                f"this chief does not answer {handler_call_details.method}",
            )
        return continuation(handler_call_details)


def _refusal(code, message):
    def refuse(request, context):
        context.abort(code, message)

    return grpc.unary_unary_rpc_method_handler(refuse)
