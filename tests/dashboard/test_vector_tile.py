"""The browser's reader of vector tiles, run by node on what our builder writes."""

import base64
import gzip
from pathlib import Path

import geopandas
import shapely
from pmtiles.reader import MmapSource, all_tiles

from geo.basemap import BASE, Source, build
from tests.node import MODULES, answer

PBF = (MODULES.parents[2] / "node_modules/pbf/index.js").as_uri()
READ = f"""await (async () => {{
  globalThis.Path2D = class {{
    steps = ''; moveTo() {{ this.steps += 'M'; }} lineTo() {{ this.steps += 'L'; }} closePath() {{ this.steps += 'Z'; }}
  }};
  const {{ PbfReader }} = await import('{PBF}');
  const tile = readTile(new PbfReader(new Uint8Array(Buffer.from(asked, 'base64'))));
  return {{ paths: [...tile.paths].map(([layer, path]) => [layer, path.steps]), names: tile.names }};
}})()"""


def test_paths_and_names_of_a_tile_are_read(tmp_path: Path) -> None:
    houses = [shapely.box(112.510, 23.100, 112.511, 23.101), shapely.box(112.512, 23.100, 112.513, 23.101)]
    geopandas.GeoDataFrame({"name": ["", ""]}, geometry=houses, crs=4326).to_file(tmp_path / "buildings.gpkg")
    road = shapely.LineString([(112.510, 23.102), (112.513, 23.102), (112.513, 23.100)])
    geopandas.GeoDataFrame({"name": ["青石大道"], "class": ["trunk"]}, geometry=[road], crs=4326).to_file(tmp_path / "roads.gpkg")
    build([Source(tmp_path / "roads.gpkg", "roads"), Source(tmp_path / "buildings.gpkg", "building")], tmp_path)
    with (tmp_path / BASE).open("rb") as file:
        tile = next(gzip.decompress(data) for (z, _, _), data in all_tiles(MmapSource(file)) if z == 13)
    read = answer("vector_tile.mjs", "readTile", READ, base64.b64encode(tile).decode())
    paths = dict(read["paths"])
    assert paths["trunk"] == "MLL"
    assert paths["building"] == "MLLLZMLLLZ"
    (name,) = read["names"]
    assert (name["kind"], name["text"]) == ("trunk", "青石大道")
    assert 0 <= name["x"] <= 4096
    assert 0 <= name["y"] <= 4096
