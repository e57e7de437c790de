"""Browser files of others, from an explicit list, served at `/vendor/NAME/FILE`. Nothing else of node_modules can be asked for."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

HERE = Path(__file__).parent
BUNDLED = HERE / "vendor"  # a bundle brings the same files here
INSTALLED = HERE.parent / "node_modules"
# name in the address: package, files of it (a pattern stands for the slices of one font)
LISTED = {
    "noto-sans-sc": ("@fontsource-variable/noto-sans-sc", ("wght.css", "files/noto-sans-sc-*-wght-normal.woff2")),
    "barlow-condensed": (
        "@fontsource/barlow-condensed",
        ("files/barlow-condensed-latin-500-normal.woff2", "files/barlow-condensed-latin-600-normal.woff2"),
    ),
    "tus": ("tus-js-client", ("dist/tus.min.js",)),
    "noble-hashes": ("@noble/hashes", ("sha2.js", "_md.js", "_u64.js", "utils.js")),
    "pbf": ("pbf", ("index.js",)),
    "pmtiles": ("pmtiles", ("dist/pmtiles.js",)),
    "zxing-wasm": ("zxing-wasm", ("dist/es/reader/index.js", "dist/es/share.js", "dist/reader/zxing_reader.wasm")),
    "plotly-basic": ("plotly.js-basic-dist-min", ("plotly-basic.min.js",)),
}
YEAR = "public, max-age=31536000"


def files() -> dict[str, Path]:
    """Every file that is served, by NAME/FILE and, for `files/FILE`, also by NAME/FILE alone."""
    found: dict[str, Path] = {}
    for name, (package, patterns) in LISTED.items():
        folder = BUNDLED / name if (BUNDLED / name).is_dir() else INSTALLED / package
        for pattern in patterns:
            for path in sorted(folder.glob(pattern)):
                inside = path.relative_to(folder).as_posix()
                found[f"{name}/{inside}"] = found[f"{name}/{path.name}"] = path
    return found


def missing() -> list[str]:
    """Names of the list that have no file here: `make setup` was not run."""
    present = {key.partition("/")[0] for key in files()}
    return sorted(set(LISTED) - present)


def build_vendor() -> Starlette:
    served = files()

    async def serve(request: Request) -> Response:
        path = served.get(request.path_params["path"])
        if path is None:
            return PlainTextResponse("404", status_code=404)
        return FileResponse(path, headers={"Cache-Control": YEAR})

    return Starlette(routes=[Route("/{path:path}", serve)])
