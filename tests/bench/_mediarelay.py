"""aiortc's own `MediaRelay` behind the two same doors, as its documentation shows it: what everybody builds first. For comparison only."""

import sys

import uvicorn
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay
from fastapi import FastAPI, Request, Response


def build() -> FastAPI:
    app, relay = FastAPI(), MediaRelay()
    tracks: dict[str, object] = {}
    connections: set[RTCPeerConnection] = set()

    async def answered(request: Request, connection: RTCPeerConnection) -> Response:
        connections.add(connection)
        await connection.setRemoteDescription(RTCSessionDescription((await request.body()).decode(), "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        return Response(connection.localDescription.sdp, 201, {"Location": "/x"}, "application/sdp")

    @app.post("/whip")
    async def whip(request: Request) -> Response:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.on("track", lambda track: tracks.__setitem__(track.kind, track))
        return await answered(request, connection)

    @app.post("/whep")
    async def whep(request: Request) -> Response:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        for track in tracks.values():
            connection.addTrack(relay.subscribe(track))  # type: ignore[arg-type]
        return await answered(request, connection)

    return app


if __name__ == "__main__":
    uvicorn.run(build(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
