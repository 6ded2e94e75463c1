import { expect, test } from 'vitest';
import { startShop } from '../shop/server.mjs';
import { scheduleOf } from './storm/schedule.mjs';
import { storm, undisturbed } from './storm/storm.mjs';

test('the same seed draws the same schedule', () => {
  expect(scheduleOf(7)).toEqual(scheduleOf(7));
  expect(scheduleOf(7)).not.toEqual(scheduleOf(8));
});

test('storms of kills and outages: the dataset is that of an undisturbed run', async () => {
  const shop = await startShop({ products: 60 });
  try {
    const truth = await undisturbed(shop);
    let said = '';
    for (const seed of [5]) {
      const verdict = await storm(shop, {
        seed,
        truth,
        onTalk: (talk) => {
          said = talk;
        },
      });
      expect(verdict.problems, `seed ${seed}\n${said.slice(-5_000)}`).toEqual([]);
      expect(Object.keys(verdict.faults).length).toBeGreaterThan(0);
    }
  } finally {
    await shop.stop();
  }
}, 180_000);
