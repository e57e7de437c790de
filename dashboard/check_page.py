"""The page on which a phone or a desk tries its camera, microphone, loudspeaker, position, way to the relay and clock before it matters."""

import html
from collections.abc import Mapping

from dashboard.i18n import in_script

PARTS = ("camera", "microphone", "speaker", "position", "path", "clock")
PAGE = """<!doctype html>
<html lang="zh-CN" data-face="{face}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/vendor/noto-sans-sc/wght.css">
<link rel="stylesheet" href="/centre/assets/tokens.css">
<link rel="stylesheet" href="/centre/assets/check.css">
<script type="application/json" id="ecc-texts">{texts}</script>
<script type="module" src="/centre/assets/modules/check.mjs"></script>
</head>
<body class="check">
<main>
<header><h1>{title}</h1><a href="{back}">{back_said}</a></header>
<button type="button" id="begin">{begin}</button>
<video id="own" autoplay playsinline muted hidden></video>
<div id="choose" hidden>
<label>{camera}<select id="cameras"></select></label>
<label>{microphone}<select id="microphones"></select></label>
</div>
<ol>{rows}</ol>
</main>
</body>
</html>
"""
ROW = '<li data-part="{part}" data-state="waits"><b>{name}</b><span class="word"></span><p class="do"></p></li>'


def check_page(texts: Mapping[str, str], face: str) -> str:
    """face: field or desk. texts: the table [check] of the texts, without its name. Raises KeyError when a sentence is missing."""
    parts = [part for part in PARTS if part != "position" or face == "field"]
    rows = "".join(ROW.format(part=part, name=html.escape(texts[part])) for part in parts)
    said = {name: html.escape(texts[name]) for name in ("title", "begin", "camera", "microphone")}
    filled = in_script({f"check.{key}": text for key, text in texts.items()})
    back = "/field/" if face == "field" else "/centre/desk"
    return PAGE.format(face=face, texts=filled, rows=rows, back=back, back_said=html.escape(texts["back"]), **said)
