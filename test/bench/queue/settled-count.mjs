// @ts-check
/** How many pages of the one batch that is open have their outcome. */
import { batchBoardPart, pageLedgerPart } from '../throttle/farm-part.mjs';

/** @param {import('ioredis').Redis} client @returns {Promise<() => Promise<number>>} */
export async function settledOf(client) {
  const { openBatches } = await batchBoardPart();
  const { createPageLedger } = await pageLedgerPart();
  const [batch = ''] = Object.keys(await openBatches(client));
  const ledger = createPageLedger(client, batch);
  return async () => {
    const { completed, dead } = await ledger.counts();
    return completed + dead;
  };
}
