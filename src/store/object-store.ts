/** A place that all machines of a farm reach: named objects that appear whole. A folder that they share, or S3. */
import { ThreshError } from '../errors.js';
import type { StoredKey } from './s3-store.js';

/**
 * Whatever is written is on stable storage when the promise resolves, and seen by whoever lists or reads after that.
 * Keys are made of `[A-Za-z0-9._=-]` and slashes. All throw StoreTrouble.
 */
export interface ObjectStore {
  /** For people. */
  readonly where: string;
  put(key: string, body: Buffer): Promise<void>;
  has(key: string): Promise<boolean>;
  /** The whole object in memory; undefined when it is not there. */
  get(key: string): Promise<Buffer | undefined>;
  /** The object as a file, which appears whole. False when it is not there. */
  download(key: string, file: string): Promise<boolean>;
  /**
   * The objects right below a prefix that ends with a slash, in the order of their names; those behind `after`
   * alone, when it is given.
   */
  list(prefix: string, after?: string): AsyncGenerator<StoredKey>;
  /** The names one level below such a prefix that have objects below them. */
  folders(prefix: string): Promise<string[]>;
  /** Fine when it is not there. */
  remove(key: string): Promise<void>;
  close(): void;
}

/** The store does not do what it was asked for: OUTPUT_UNWRITABLE, retry `later`. */
export class StoreTrouble extends ThreshError {
  constructor(message: string, { mend, cause }: { mend?: string | undefined; cause: unknown }) {
    super(message, {
      code: 'OUTPUT_UNWRITABLE',
      scope: 'batch',
      retry: 'later',
      ...(mend === undefined ? {} : { mend }),
      cause,
    });
  }
}
