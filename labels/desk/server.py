"""The desk as a server: static files of the page, chips, and answers as JSON."""

import json
import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from imagery.errors import InputError
from labels.desk.desk import Conflict, Desk
from labels.desk.guard import Door, Guard
from labels.desk.html import SCRIPTS, STYLE, page_html, page_part
from labels.desk.said import BadAnswer, Body, Said, read_name, read_place, read_said
from labels.desk.tokens import Token
from labels.desk.views import (
    Place,
    View,
    card_view,
    look_view,
    odd_view,
    page_facts,
    progress_view,
)

Heat = Callable[[str], bytes]
"""Returns the heat map of a parcel's chip as WebP."""
KINDS = {".css": "text/css", ".js": "text/javascript"}
KEEP = {"Cache-Control": "private, max-age=3600"}
"""A browser may keep a photo: its address changes with it."""
WAIT_S = 1
"""How long open requests may take when the desk is closed."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DeskApp:
    """The answers to every request."""

    desk: Desk
    """The sitting."""
    place: Place
    """Where it stands."""
    door: Door
    """What lets a page in."""
    heat: Heat | None
    """Makes heat maps; None where there are none."""

    def make(self) -> Guard:
        """Return the application, guarded."""
        routes = [
            Route("/", self.page),
            Route("/page/{name}", self.static),
            Route("/chip/{place:int}/{which}.webp", self.chip),
            Route("/heat/{place:int}.webp", self.heat_map),
            Route("/next", self.next, methods=["POST"]),
            Route("/answer", self.answer, methods=["POST"]),
            Route("/answered", self.answered, methods=["POST"]),
            Route("/progress", self.progress, methods=["POST"]),
            Route("/disagreements", self.disagreements, methods=["POST"]),
            Route("/train", self.train, methods=["POST"]),
        ]
        app = Starlette(
            routes=routes,
            exception_handlers={
                BadAnswer: _refuse(400),
                Conflict: _refuse(409),
                InputError: _refuse(503),
            },
        )
        return Guard(app=app, door=self.door)

    def page(self, request: Request) -> Response:
        """Return the page; a page that came with the token gets it as a cookie."""
        token: Token = request.state.token
        facts = page_facts(self.place, self.desk.setting.batch, self.desk.setting.threshold)
        response = Response(page_html({**facts, "who": token.who}), media_type="text/html")
        if "token" in request.query_params:
            response.set_cookie(
                self.door.cookie,
                token.text,
                httponly=True,
                samesite="strict",
                path=self.door.path,
                secure=bool(self.door.proxy),
            )
        return response

    def static(self, request: Request) -> Response:
        """Return a script or the style."""
        name = request.path_params["name"]
        if name not in (*SCRIPTS, STYLE):
            raise HTTPException(404)
        return Response(page_part(name), media_type=KINDS[name[name.rindex(".") :]])

    def chip(self, request: Request) -> Response:
        """Return a photo."""
        roof = self.desk.setting.roofs[self._number(request)]
        photos = {"now": roof.now, "before": roof.before}
        photo = photos.get(request.path_params["which"])
        if photo is None:
            raise HTTPException(404)
        return Response(photo.webp, media_type="image/webp", headers=KEEP)

    def heat_map(self, request: Request) -> Response:
        """Return the heat map of a roof that the person has answered, and of no other."""
        place = self._number(request)
        who = _who(request, dict(request.query_params))
        if self.heat is None:
            raise HTTPException(404)
        if self.desk.answers.of(place, who) is None:
            raise HTTPException(403, "answer first")
        parcel_id = self.desk.setting.batch.slots[place].parcel_id
        return Response(self.heat(parcel_id), media_type="image/webp")

    async def next(self, request: Request) -> Response:
        """Give a person the next roof."""
        body = await self._read(request)
        return await run_in_threadpool(self._give, _who(request, body))

    async def answer(self, request: Request) -> Response:
        """Write an answer, then give the next roof."""
        body = await self._read(request)
        said = read_said(body, len(self.desk.setting.batch.slots))
        return await run_in_threadpool(self._answer, _who(request, body), said)

    async def answered(self, request: Request) -> Response:
        """Return a roof that a person has answered, to be corrected.

        What others and the model say of it goes with it only where it is looked at again.
        """
        body = await self._read(request)
        place = read_place(body, len(self.desk.setting.batch.slots))
        again = body.get("again") is True
        return await run_in_threadpool(self._answered, _who(request, body), place, again)

    async def progress(self, request: Request) -> Response:
        """Return how far the batch is."""
        body = await self._read(request)
        return await run_in_threadpool(self._progress, _who(request, body))

    async def disagreements(self, request: Request) -> Response:
        """Return what others or the model see differently than a person."""
        body = await self._read(request)
        found = await run_in_threadpool(self.desk.disagreements, _who(request, body))
        return JSONResponse({"disagreements": [odd_view(self.desk, one) for one in found]})

    async def train(self, request: Request) -> Response:
        """Start a training; one that runs goes on."""
        body = await self._read(request)
        who = _who(request, body)
        self.desk.retraining.start(who)
        return await run_in_threadpool(self._progress, who)

    async def _read(self, request: Request) -> Body:
        """Return the JSON object of a request.

        Raises:
            BadAnswer: it is none.
            Conflict: the page shows the roofs of another batch.
        """
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError) as error:
            raise BadAnswer("want a JSON object") from error
        if not isinstance(body, dict):
            raise BadAnswer("want a JSON object")
        if body.get("batch") != self.desk.setting.batch.name:
            raise Conflict("This page shows the roofs of another batch; open it again.")
        return body

    # What waits for the desk's lock never runs in the server's own thread: while one answer is
    # written all other requests would wait with it.

    def _answer(self, who: str, said: Said) -> Response:
        look = self.desk.answer(who, said)
        return self._give(who, {"last": look_view(self.desk, said.place, look)})

    def _answered(self, who: str, place: int, again: bool) -> Response:
        look = self.desk.answer_of(who, place)
        odd = self.desk.disagreement(who, place) if again else None
        return JSONResponse(
            {
                "card": card_view(self.desk, place, []),
                "mine": look_view(self.desk, place, look),
                "odd": odd_view(self.desk, odd) if odd else None,
                "progress": progress_view(self.desk, who),
            }
        )

    def _progress(self, who: str) -> Response:
        return JSONResponse(progress_view(self.desk, who))

    def _give(self, who: str, more: View | None = None) -> Response:
        place, ahead = self.desk.give(who)
        view = {
            "card": None if place is None else card_view(self.desk, place, ahead),
            "progress": progress_view(self.desk, who),
            **(more or {}),
        }
        task = BackgroundTask(self.desk.refit) if self.desk.must_refit else None
        return JSONResponse(view, background=task)

    def _number(self, request: Request) -> int:
        place = int(request.path_params["place"])
        if place >= len(self.desk.setting.batch.slots):
            raise HTTPException(404)
        return place


def _who(request: Request, body: Body) -> str:
    """Return who is at the page: whose token it is, else the name that they typed."""
    token: Token = request.state.token
    return token.who or read_name(body)


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        InputError: the port is taken, or the address is not one of this machine.
    """
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise InputError(
            f"desk: port {port} of {host} cannot be used ({error.strerror}); give another --port"
        ) from error
    return listening


def make_server(app: ASGIApp) -> uvicorn.Server:
    """Return what serves an application."""
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=WAIT_S,
    )
    return uvicorn.Server(config)


def _refuse(code: int) -> Callable[[Request, Exception], Response]:
    def refuse(_: Request, error: Exception) -> Response:
        return PlainTextResponse(str(error), code)

    return refuse
