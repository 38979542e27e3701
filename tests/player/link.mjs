// Runs the script of a component, which is given on standard input, as a browser would: node link.mjs < script. Node imports from no
// blob: address, but from a data: address just as well.

import { text } from "node:stream/consumers";

globalThis.Blob = class {
  constructor([source]) {
    this.source = source;
  }
};
URL.createObjectURL = ({ source }) => `data:text/javascript,${encodeURIComponent(source)}`;
const { default: component } = await import(URL.createObjectURL({ source: await text(process.stdin) }));
console.log(typeof component);
