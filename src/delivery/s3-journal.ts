/** The steps of a delivery to S3 as they are done: each line is durable before the next step begins. */
import { open, readFile } from 'node:fs/promises';
import type { DeliverOptions } from './contract.js';
import type { UploadedObject } from './multipart.js';

export type JournalLine =
  | { step: 'delivery'; manifest: string }
  | { step: 'begun'; key: string; uploadId: string }
  | { step: 'sealed'; objects: UploadedObject[] }
  | { step: 'unmarked' | 'appeared' | 'swept' | 'marked' };

export interface DeliveryJournal {
  lines: JournalLine[];
  has(step: JournalLine['step']): boolean;
  /** Durable when it resolves. */
  note(line: JournalLine): Promise<void>;
  close(): Promise<void>;
}

/** The journal of the delivery of this manifest; one of another (the batch was built anew) only tells what to abort. */
export async function openDeliveryJournal(
  file: string,
  manifest: string,
  onStep: DeliverOptions['onStep'],
): Promise<DeliveryJournal> {
  const found = await readJournal(file);
  const isOurs = found[0]?.step === 'delivery' && found[0].manifest === manifest;
  const lines: JournalLine[] = isOurs ? found : found.filter((line) => line.step === 'begun');
  const handle = await open(file, isOurs ? 'a' : 'w');
  const note = async (line: JournalLine): Promise<void> => {
    await handle.appendFile(`${JSON.stringify(line)}\n`);
    await handle.sync();
    lines.push(line);
    await onStep?.(line.step);
  };
  if (!isOurs) {
    const open = [...lines];
    lines.length = 0;
    await note({ step: 'delivery', manifest });
    for (const line of open) await note(line);
  } else await handle.appendFile('\n'); // ends a line that was torn
  return {
    lines,
    has: (step) => lines.some((line) => line.step === step),
    note,
    close: () => handle.close(),
  };
}

async function readJournal(file: string): Promise<JournalLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalLine];
    } catch {
      return []; // torn: the step was not done
    }
  });
}
