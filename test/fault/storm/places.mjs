// @ts-check
/** Where a storm's batch is delivered, a folder or a bucket, as somebody who reads there knows it: names and bytes. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startFaultProxy } from '../../support/fault-proxy.mjs';

/**
 * @typedef {object} Place
 * @property {string} out for `--out`
 * @property {Record<string, string>} env for the farm
 * @property {boolean} appearsWhole a reader that only lists never sees some of the files
 * @property {() => Promise<string[]>} names in the date's partition
 * @property {(name: string) => Promise<Buffer | undefined>} read a file of it
 * @property {(files: ReadonlyMap<string, Buffer>) => Promise<void>} put a partition there
 * @property {() => Promise<string[]>} leftovers what should not be there when all is done
 * @property {() => number} faults that were put in
 * @property {() => Promise<void>} close
 */

const TARGET = 'demo-shop';
const PARTITION = 'date=2026-03-01';
export const BUCKET = 'storms';

/**
 * @param {string} out
 * @returns {Place}
 */
export function folderPlace(out) {
  const target = path.join(out, TARGET);
  const folder = path.join(target, PARTITION);
  return {
    out,
    env: {},
    appearsWhole: true,
    names: () => readdir(folder).catch(() => []),
    read: (name) => readFile(path.join(folder, name)).catch(() => undefined),
    async put(files) {
      await mkdir(folder, { recursive: true });
      for (const [name, body] of files) await writeFile(path.join(folder, name), body);
    },
    async leftovers() {
      const beside = (await readdir(out)).filter((name) => name !== TARGET);
      const within = (await readdir(target)).filter((name) => name !== PARTITION && name !== '_runs');
      return [...beside, ...within].map((name) => `${name} beside the dataset`);
    },
    faults: () => 0,
    close: async () => undefined,
  };
}

/** @param {Pick<import('../../support/swift.mjs').Swift, 'endpoint' | 'env'>} swift */
export async function makeBucket(swift) {
  const client = clientOf(swift);
  await client.send(new CreateBucketCommand({ Bucket: BUCKET })).finally(() => client.destroy());
}

/**
 * The farm goes through a proxy that puts faults in; whoever reads does not.
 * @param {Pick<import('../../support/swift.mjs').Swift, 'endpoint' | 'env'>} swift
 * @param {{ prefix: string, nextFault: () => import('../../support/fault-proxy.mjs').Fault | undefined }} options
 * @returns {Promise<Place>}
 */
export async function s3Place(swift, { prefix, nextFault }) {
  const client = clientOf(swift);
  const proxy = await startFaultProxy(swift.endpoint);
  let faults = 0;
  proxy.fault = () => {
    const fault = nextFault();
    if (fault !== undefined) faults += 1;
    return fault;
  };
  const folder = `${prefix}/${TARGET}/${PARTITION}/`;
  return {
    out: `s3://${BUCKET}/${prefix}`,
    env: { ...swift.env, S3_ENDPOINT: proxy.endpoint },
    appearsWhole: false,
    async names() {
      const { Contents = [] } = await client.send(
        new ListObjectsV2Command({ Bucket: BUCKET, Prefix: folder }),
      );
      return Contents.map(({ Key = '' }) => Key.slice(folder.length));
    },
    async read(name) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key: folder + name }));
        return Buffer.from((await Body?.transformToByteArray()) ?? '');
      } catch (error) {
        if (error instanceof Error && error.name === 'NoSuchKey') return undefined;
        throw error;
      }
    },
    async put(files) {
      for (const [name, Body] of files)
        await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: folder + name, Body }));
    },
    async leftovers() {
      const { Uploads = [] } = await client.send(
        new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: `${prefix}/` }),
      );
      return Uploads.map(({ Key }) => `an open multipart upload of ${Key}`);
    },
    faults: () => faults,
    async close() {
      await proxy.stop();
      client.destroy();
    },
  };
}

/** @param {Pick<import('../../support/swift.mjs').Swift, 'endpoint' | 'env'>} swift */
function clientOf({ endpoint, env }) {
  return new S3Client({
    endpoint,
    forcePathStyle: true,
    region: 'us-east-1',
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
    },
  });
}
