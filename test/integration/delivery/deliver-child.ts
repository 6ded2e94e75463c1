/**
 * Run as its own process: delivers a dataset, and kills itself by SIGKILL right after the step of that number. Argument:
 * JSON of `{ out, endpoint, dataset, journal, killAfter? }`.
 */
import { openDestination } from '../../../src/delivery/destination.js';

const { out, endpoint, dataset, journal, killAfter } = JSON.parse(process.argv[2] ?? '');
let steps = 0;
const destination = await openDestination(out, { endpoint });
await destination.deliver(dataset, {
  journal,
  onStep: (step) => {
    steps += 1;
    console.log(step);
    if (steps === killAfter) process.kill(process.pid, 'SIGKILL');
  },
});
destination.close();
