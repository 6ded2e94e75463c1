// @ts-check
/** `npm run bench:scale`: the control plane of a big night; exit code 1 when it does not show what it must. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { writeSection } from '../benchmarks-page.mjs';
import { drawSvg, installPeers } from '../throttle/peers.mjs';
import { createReport } from '../throttle/report.mjs';
import { runNight } from './night.mjs';
import { readOptions } from './options.mjs';
import { plotOf } from './plot.mjs';
import { tellNight } from './tell.mjs';

const TITLE = 'A big night';

const { json, docs, ...options } = readOptions();
const report = createReport();
const night = await runNight(options, report.progress);
tellNight(report, night);
if (json !== undefined) await writeFile(json, JSON.stringify(night, null, 1));
if (docs !== undefined) {
  installPeers(); // with what draws
  const plot = path.join(path.dirname(docs), 'img', 'scale.svg');
  const svg = await drawSvg(plotOf(night, TITLE));
  await mkdir(path.dirname(plot), { recursive: true });
  await writeFile(
    plot,
    svg.replace(/^<svg [^>]*>/, (tag) => `${tag}<title>${TITLE}</title>`),
  );
  const markdown = `${report.markdown()}\n![pages a second and memory over time](img/scale.svg)\n`;
  await writeSection({ file: docs, id: 'scale', title: TITLE, markdown });
}
const failed = report.failed();
console.log(failed === 0 ? '\nall PASS' : `\n${failed} FAIL`);
process.exitCode = failed === 0 ? 0 : 1;
