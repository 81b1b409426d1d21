// check.mjs [FILE...]: does Mermaid's own parser accept these diagrams, or standard input?
//
// Prints `FILE: KIND` for each that it accepts, and the parser's message for each that it does not;
// the exit code is 1 when there is any of those.  Without arguments it reads standard input.

import { readFileSync } from "node:fs";
import { JSDOM } from "jsdom";

// Mermaid cleans the labels with DOMPurify, which wants a browser's window.
const { window } = new JSDOM("");
globalThis.window = window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");

async function accepts(name, text) {
  try {
    const { diagramType } = await mermaid.parse(text);
    console.log(`${name}: ${diagramType}`);
    return true;
  } catch (error) {
    console.error(`${name}: ${error.message.replaceAll("\n", "\n    ")}`);
    return false;
  }
}

const files = process.argv.slice(2);
const inputs = files.length
  ? files.map((file) => [file, readFileSync(file, "utf8")])
  : [["standard input", readFileSync(0, "utf8")]];

let faults = 0;
for (const [name, text] of inputs) {
  faults += (await accepts(name, text)) ? 0 : 1;
}
process.exit(faults ? 1 : 0);
