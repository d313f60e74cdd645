"""HEAD (RFC 9110, section 9.3.2): whatever can be read by GET answers it, without the content.

No route has it of its own, so that none can forget it, and the OpenAPI document, which is about
what there is to read, says each address once.
"""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_FOUND = ("route", "path_params")  # what the router finds, for those around it


class Head:
    """Middleware that has a GET answered where HEAD was asked, up to the end of its header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        # Ranges are defined for GET alone; of any other a server ignores the field (14.2).
        headers = [field for field in scope["headers"] if field[0] != b"range"]
        get = {**scope, "method": "GET", "headers": headers}
        try:
            async with asyncio.timeout(None) as making:

                async def only_header(message: Message) -> None:
                    if message["type"] != "http.response.start":
                        return
                    scope.update({name: get[name] for name in _FOUND if name in get})
                    await send(message)
                    await send({"type": "http.response.body"})
                    # a stream would go on for as long as there is news
                    making.reschedule(asyncio.get_running_loop().time())

                await self._app(get, receive, only_header)
        except TimeoutError:
            if not making.expired():
                raise
