import { expect, test } from 'vitest';
import { type AdmissionOptions, createAdmission } from '../../../src/batch/admission.js';
import type { NewPage } from '../../../src/discovery/frontier.js';
import { ThreshError } from '../../../src/errors.js';

const url = 'https://shop.example/p/1';

function admissionWith(allowed: () => Promise<boolean>) {
  const seen: string[] = [];
  const pages: NewPage[] = [];
  const admission = createAdmission({
    target: { url: { keepFragment: false, dropParams: [] } },
    frontier: { append: async (more: NewPage[]) => void pages.push(...more) },
    ledger: {
      addSeen: async (prints: string[]) => {
        seen.push(...prints);
        return prints.map(() => true);
      },
    },
    robots: { allowed, crawlDelayMs: async () => undefined },
    mayFollow: () => true,
    limit: undefined,
    taken: 0,
  } as unknown as AdmissionOptions);
  return { admission, seen, pages };
}

const unreached = async (): Promise<never> => {
  throw new ThreshError('robots.txt cannot be had', { code: 'DISCOVERY_FAILED', scope: 'batch' });
};

test('a discovered page whose robots.txt cannot be had fails the call, and comes as new the next time', async () => {
  const { admission, seen, pages } = admissionWith(unreached);
  await expect(admission.admit([{ url }])).rejects.toMatchObject({ code: 'DISCOVERY_FAILED' });
  expect([seen, pages]).toEqual([[], []]);
});

test('a followed one is skipped, with the reason in the books', async () => {
  const { admission, pages } = admissionWith(unreached);
  expect(await admission.admit([{ url, from: 3 }])).toMatchObject({ added: 1, skipped: 1 });
  expect(pages).toEqual([{ url, from: 3, skip: 'robots-unreachable' }]);
});

test('what is no answer about robots.txt is thrown for either', async () => {
  const { admission, seen } = admissionWith(async () => {
    throw new Error('stopping');
  });
  await expect(admission.admit([{ url, from: 3 }])).rejects.toThrow('stopping');
  expect(seen).toEqual([]);
});
