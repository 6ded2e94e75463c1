/** @jsxImportSource preact */
import type { FarmStanding } from '../schemas.js';
import { count, duration } from './words.js';

export function WorkerTable({ workers }: { workers: FarmStanding['workers'] }) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Workers">
      <table>
        <thead>
          <tr>
            <th scope="col">worker</th>
            <th scope="col" class="n">
              in flight
            </th>
            <th scope="col" class="n">
              slots
            </th>
            <th scope="col" class="n">
              memory
            </th>
            <th scope="col" class="n">
              CPU
            </th>
          </tr>
        </thead>
        <tbody>
          {workers.map(({ worker, slots, concurrency, reason, inFlight, memoryMb, budgetMb, cpuSeconds }) => (
            <tr key={worker}>
              <th scope="row">{worker}</th>
              <td class="n">{inFlight}</td>
              <td class="n">
                {slots} of {concurrency}
                {reason !== undefined && ` (${reason})`}
              </td>
              <td class="n">
                {count(memoryMb)}
                {budgetMb !== undefined && ` of ${count(budgetMb)}`} MB
              </td>
              <td class="n">{duration(cpuSeconds * 1_000)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
