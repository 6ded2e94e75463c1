// @ts-check
/** The front end's files: the bundle, its stylesheet, the font, and the HTML shell in which nothing of a product is. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { buildWoff2 } from './font.mjs';

/** @typedef {{ type: string, bytes: Buffer }} Asset */
/** @typedef {{ files: Map<string, Asset>, script: string, stylesheet: string, font: string }} Assets paths under `/assets/` by what they are */

/** @type {Promise<Assets> | undefined} */
let built;

/** Builds the front end once a process (about a third of a second); later shops get the same. */
export function loadAssets() {
  built ??= buildAssets();
  return built;
}

/** @returns {Promise<Assets>} */
async function buildAssets() {
  // The synchronous build leaves no service process behind; nothing is served yet, so nothing waits for it.
  const bundle = buildSync({
    entryPoints: [fileURLToPath(new URL('front/app.tsx', import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'none',
    logLevel: 'silent',
  });
  const script = Buffer.from(bundle.outputFiles[0]?.contents ?? []);
  const font = buildWoff2();
  const fontPath = hashed('shop-pixel', 'woff2', font);
  const css = await readFile(new URL('front/shop.css', import.meta.url), 'utf8');
  const stylesheet = Buffer.from(css.replaceAll('FONT_URL', fontPath));
  const scriptPath = hashed('app', 'js', script);
  const stylesheetPath = hashed('shop', 'css', stylesheet);
  return {
    files: new Map([
      [scriptPath, { type: 'text/javascript; charset=utf-8', bytes: script }],
      [stylesheetPath, { type: 'text/css; charset=utf-8', bytes: stylesheet }],
      [fontPath, { type: 'font/woff2', bytes: font }],
    ]),
    script: scriptPath,
    stylesheet: stylesheetPath,
    font: fontPath,
  };
}

/**
 * @param {string} name
 * @param {string} ending
 * @param {Buffer} bytes
 */
function hashed(name, ending, bytes) {
  return `/assets/${name}-${createHash('sha256').update(bytes).digest('hex').slice(0, 10)}.${ending}`;
}

/**
 * @param {Assets} assets
 * @param {string} thirdPartyUrl
 * @param {import('./settings.mjs').Manner | null} manner
 */
export function shellOf(assets, thirdPartyUrl, manner) {
  const attribute = manner === null ? '' : ` data-manner='${JSON.stringify(manner)}'`;
  return Buffer.from(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Thresh &amp; Sons</title>
<link rel="icon" href="data:,">
<link rel="preload" href="${assets.font}" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="${assets.stylesheet}">
<script type="module" src="${assets.script}"></script>
<script async src="${thirdPartyUrl}/analytics.js"></script>
</head>
<body><div id="root"${attribute}></div><noscript>This shop needs JavaScript.</noscript></body>
</html>
`);
}
