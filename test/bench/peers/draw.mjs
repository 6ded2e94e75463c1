/** A Vega-Lite specification on stdin, its SVG on stdout; no browser, no canvas. */
import { text } from 'node:stream/consumers';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';

const { spec } = compile(JSON.parse(await text(process.stdin)));
const svg = await new View(parse(spec), { renderer: 'none' }).toSVG();
// For a picture in a page of documentation: a tenth of a pixel is enough, and nothing in it is spoken or styled.
process.stdout.write(
  svg
    .replaceAll(/(\.\d)\d+/g, '$1')
    .replaceAll(/ (?:role|class|aria-[a-z]+|pointer-events)="[^"]*"| opacity="1"/g, ''),
);
