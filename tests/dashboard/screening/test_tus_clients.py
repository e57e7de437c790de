"""The two clients that others have written, tus-js-client in node and tuspy, against our door: upload, abort, resume, kill -9."""

import hashlib
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.brought import VIDEOS, film_of
from tests.node import NODE
from tests.running import Product
from tests.servers import need

pytestmark = pytest.mark.timeout(300)
ROOT = Path(__file__).resolve().parents[3]
PART = 256 * 1024
AGAIN_S = 0.3
# Uploads, is aborted at a third and begins again from its address as a new program would; says how far it is, so that a test can kill.
PROGRAM = """
import { createReadStream } from 'node:fs';
import { Upload } from 'tus-js-client';
const { origin, cookie, path, sha256, size, part, slow } = JSON.parse(process.argv[1]);
let url = null, aborted = false;
const run = () => new Promise((resolve, reject) => {
  const upload = new Upload(createReadStream(path), {
    endpoint: origin + '/centre/screening/videos', uploadUrl: url, chunkSize: part, uploadSize: size,
    retryDelays: Array(100).fill(300), metadata: { filename: 'node.webm', sha256 },
    headers: { cookie: 'ecc_desk=' + cookie, origin },
    onBeforeRequest: () => new Promise((go) => setTimeout(go, slow)),
    onUploadUrlAvailable: () => { url = upload.url; },
    onChunkComplete: (_, accepted) => {
      console.log(JSON.stringify({ accepted }));
      if (!aborted && accepted > size / 3) { aborted = true; upload.abort().then(() => resolve(false), reject); }
    },
    onError: reject, onSuccess: () => resolve(true),
  });
  upload.start();
});
while (!(await run()));
console.log(JSON.stringify({ url }));
"""


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with Product() as product:
        yield product


def kept(product: Product, url: str) -> bytes:
    (path,) = (product.settings.recordings / url.rsplit("/", 1)[-1]).glob("0001-*")
    return path.read_bytes()


def kill(product: Product) -> None:
    old = product.kill("web")
    product.until_started_again("web", old)


@pytest.mark.parametrize("kills", [1, pytest.param(0, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long)])
def test_tus_js_client_uploads_aborts_resumes_and_outlives_kills(product: Product, tmp_path: Path, kills: int) -> None:
    need(NODE is not None, "nodejs")
    content = film_of(4_000_000, seed=100 + kills)
    film = tmp_path / "film.webm"
    film.write_bytes(content)
    asked = {
        "origin": product.origin, "cookie": product.seeded.desk, "path": str(film), "sha256": hashlib.sha256(content).hexdigest(),
        "size": len(content), "part": PART, "slow": 20 if kills else 0,
    }  # fmt: skip
    command = [str(NODE), "--input-type=module", "-e", PROGRAM, json.dumps(asked)]
    left, last = [len(content) * (number + 1) // 3 for number in range(kills)], {}
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        assert client.stderr is not None
        for line in client.stdout:
            last = json.loads(line)
            if left and last.get("accepted", 0) >= left[0]:
                left.pop(0)
                kill(product)
        said = client.stderr.read()
    assert client.returncode == 0, said
    assert left == []
    assert kept(product, str(last["url"])) == content


def going_on(film: Path, client: TusClient, url: str, again: int = 100) -> Any:
    """Where it was, as soon as the server is there."""
    for _ in range(again):
        try:
            return client.uploader(str(film), chunk_size=PART, url=url)
        except (TusCommunicationError, requests.RequestException):
            time.sleep(AGAIN_S)
    raise AssertionError("the server does not say where it was")


@pytest.mark.parametrize("most", [1, pytest.param(3, marks=pytest.mark.long)])
def test_tuspy_uploads_aborts_resumes_and_outlives_kills(product: Product, tmp_path: Path, most: int) -> None:
    content = film_of(4_000_000, seed=110 + most)
    film = tmp_path / "film.webm"
    film.write_bytes(content)
    headers = {"cookie": f"ecc_desk={product.seeded.desk}", "origin": product.origin}
    client = TusClient(product.origin + VIDEOS, headers=headers)
    metadata = {"filename": "tuspy.webm", "sha256": hashlib.sha256(content).hexdigest()}
    first: Any = client.uploader(str(film), chunk_size=PART, metadata=metadata, upload_checksum=True)
    for _ in range(4):
        first.upload_chunk()
    assert (first.offset, first.url) == (4 * PART, first.url)
    second, kills = going_on(film, client, str(first.url)), 0
    assert second.offset == 4 * PART
    while second.offset < len(content):
        killing = None
        if kills < most:
            kills += 1
            killing = threading.Thread(target=kill, args=(product,))
            killing.start()
        try:
            for _ in range(3):
                if second.offset < len(content):
                    second.upload_chunk()
        except (TusCommunicationError, requests.RequestException):
            pass
        if killing is not None:
            killing.join()
        second = going_on(film, client, str(first.url))
    assert kills == most
    assert kept(product, str(first.url)) == content
