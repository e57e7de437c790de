"""The usual way to draw moving units with Dash, to compare with: `dcc.Interval` asks each second, one `dl.GeoJSON` draws all again.

`python -m tests.bench._peer PORT BUS_URL`: the same bursts off the same bus, in a FastAPI process of its own, with orjson.
"""

import sys
import threading
from typing import Any

import dash_leaflet as dl
import redis
import uvicorn
from dash import Dash, Input, Output, dcc, html
from fastapi import FastAPI

from geo.packed import PER_DEGREE, Frame, unpack
from tests.running import COURT

# A circle for each unit on Leaflet's own canvas. Asked for in the last feature, the animation frame comes after Leaflet's own redraw.
PAGE = """<!DOCTYPE html><html><head>{%metas%}{%css%}<script>
window.peer = {painted: [], last: 0, circle: (feature, place) => {
  const at = feature.properties.at;
  if (at && at !== peer.last) { peer.last = at; requestAnimationFrame(() => peer.painted.push([at, Date.now()])); }
  return L.circleMarker(place, {radius: 4, weight: 1});
}};
</script></head><body style="margin:0">{%app_entry%}<footer>{%config%}{%scripts%}{%renderer%}</footer></body></html>"""


class Latest:
    """The newest burst off the bus."""

    def __init__(self, url: str) -> None:
        self.frame: Frame | None = None
        threading.Thread(target=self._hear, args=(url,), daemon=True).start()

    def _hear(self, url: str) -> None:
        channel = redis.Redis.from_url(url).pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        channel.subscribe("fixes")
        while True:
            message = channel.get_message(timeout=5)
            if message is not None:
                self.frame = unpack(message["data"])

    def features(self) -> dict[str, Any]:
        """All units as GeoJSON; the last one says when the burst was published (ms since 1970)."""
        if self.frame is None:
            return {"type": "FeatureCollection", "features": []}
        records = self.frame.records
        places = zip(records["unit"].tolist(), (records["lon"] / PER_DEGREE).tolist(), (records["lat"] / PER_DEGREE).tolist(), strict=True)
        drawn: list[dict[str, Any]] = [
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [lon, lat]}, "properties": {"unit": unit}}
            for unit, lon, lat in places
        ]
        drawn[-1]["properties"]["at"] = self.frame.sent_at_ms
        return {"type": "FeatureCollection", "features": drawn}


def build(url: str) -> FastAPI:
    latest, root = Latest(url), FastAPI()
    dash = Dash(__name__, server=root, index_string=PAGE, add_log_handler=False)  # type: ignore[arg-type]  # as in dashboard/app.py
    dash.backend.websocket_capability = False
    circle: Any = {"variable": "peer.circle"}
    units = dl.GeoJSON(id="units", pointToLayer=circle)
    chart = dl.Map([units], center=list(COURT), zoom=13, preferCanvas=True, style={"height": "100vh"})
    dash.layout = html.Div([chart, dcc.Interval(id="each", interval=1000)])

    @dash.callback(Output("units", "data"), Input("each", "n_intervals"))
    def draw(_: int | None) -> dict[str, Any]:
        return latest.features()

    return root


if __name__ == "__main__":
    uvicorn.run(build(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning")
