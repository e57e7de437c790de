// Finds a QR code in one picture of the door's camera. A worker of its own, the only place where WebAssembly may run.

import { prepareZXingModule, readBarcodes } from '/vendor/zxing-wasm/dist/es/reader/index.js';

prepareZXingModule({ overrides: { locateFile: () => '/vendor/zxing-wasm/dist/reader/zxing_reader.wasm' } });

addEventListener('message', async (event) => {
  /** @type {ImageData} */
  const picture = event.data;
  try {
    const found = await readBarcodes(picture, { formats: ['QRCode'], tryHarder: true, maxNumberOfSymbols: 4 });
    postMessage({ codes: found.filter((each) => each.isValid).map((each) => each.text) });
  } catch {
    postMessage({ codes: null }); // this browser cannot: fingers and scanner go on
  }
});
