/** `s3://BUCKET[/PREFIX]`, taken apart. */
import { ThreshError } from '../errors.js';

interface Place {
  bucket: string;
  /** With its slash, or empty. */
  prefix: string;
}

/** Throws USAGE for what is no such place. */
export function placeOf(out: string): Place {
  const [, bucket = '', rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]+)(?:\/(.*))?$/.exec(out) ?? [];
  if (bucket === '') {
    throw new ThreshError(`${out} is no place in S3`, {
      code: 'USAGE',
      scope: 'batch',
      mend: 'write it as s3://bucket/prefix',
    });
  }
  const prefix = rest
    .split('/')
    .filter((part) => part !== '')
    .join('/');
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/` };
}
