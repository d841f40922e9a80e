import { registerHooks } from "node:module";

const FILE = "serverless-offline/src/utils/index.js";
const AS_TEXT = ': "utf8"';

// The emulator takes every body for text but two types, and so destroys images and the like. Handed over as base64,
// which API Gateway does with whatever is not text, each body arrives byte for byte.
registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(FILE)) return loaded;
    const source = String(loaded.source);
    if (!source.includes(AS_TEXT)) throw new Error(`${FILE} has changed; see dev/emulator-bytes.mjs.`);
    return { ...loaded, source: source.replace(AS_TEXT, ': "binary"') };
  },
});
