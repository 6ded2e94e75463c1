import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import type { Swift } from './swift.mjs';

export type SharedSwift = Pick<Swift, 'endpoint' | 'env'>;

/** The run's Swift, with a bucket that no other file uses. */
export async function sharedSwift(bucket: string): Promise<SharedSwift> {
  const answer = await fetch(inject('swiftAt'));
  if (!answer.ok) throw new Error(await answer.text());
  const swift = (await answer.json()) as SharedSwift;
  const admin = new S3Client({
    endpoint: swift.endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test:tester', secretAccessKey: 'testing' },
  });
  await admin.send(new CreateBucketCommand({ Bucket: bucket })).finally(() => admin.destroy());
  return swift;
}
