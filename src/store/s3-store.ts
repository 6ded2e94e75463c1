/** The few verbs of S3 that a delivery and the shared store need, with errors that say what to mend. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { reasonOf, ThreshError } from '../errors.js';

export interface S3Settings {
  /** Of any S3-compatible server. Undefined: AWS itself. */
  endpoint?: string | undefined;
  /** Default: what the AWS SDK finds; `us-east-1` where an endpoint is given. */
  region?: string | undefined;
}

export interface StoredKey {
  key: string;
  bytes: number;
}

export interface StoredObject {
  bytes: number;
  etag: string | undefined;
}

export interface S3Store {
  begin(key: string): Promise<string>;
  /** Returns the part's ETag. */
  part(of: { key: string; uploadId: string; number: number }, body: Buffer): Promise<string>;
  /** Makes the object appear. Throws NoSuchUpload when that was done before, or aborted: see `isNoSuchUpload`. */
  complete(of: { key: string; uploadId: string; etags: readonly string[] }): Promise<void>;
  /** Fine when there is none. */
  abort(key: string, uploadId: string): Promise<void>;
  /** Uploads under a prefix that are neither completed nor aborted. */
  uploads(prefix: string): Promise<{ key: string; uploadId: string }[]>;
  put(key: string, body: Buffer): Promise<void>;
  /** Fine when it is not there. */
  remove(key: string): Promise<void>;
  head(key: string): Promise<StoredObject | undefined>;
  /** The whole object in memory: for small ones. Undefined when it is not there. */
  bytes(key: string): Promise<Uint8Array | undefined>;
  /** The object as a file, which appears whole. False when it is not there. */
  download(key: string, file: string): Promise<boolean>;
  /** In the order of their names (bytes of UTF-8); those behind `after` alone, and of one level alone, when asked. */
  list(prefix: string, options?: { after?: string | undefined; flat?: boolean }): AsyncGenerator<StoredKey>;
  /** The names one level below a prefix, without it and without the slash. */
  folders(prefix: string): Promise<string[]>;
  close(): void;
}

/** Attempts at one request; the waits between them grow to 20 s. */
const ATTEMPTS = 8;
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 60_000;

export function openS3Store(bucket: string, { endpoint, region }: S3Settings): S3Store {
  const zone = region ?? (endpoint === undefined ? undefined : 'us-east-1');
  const client = new S3Client({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(zone === undefined ? {} : { region: zone }),
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, requestTimeout: ANSWER_TIMEOUT_MS },
    // Content-MD5, which every server knows, instead of the trailing checksums that not all do.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const Bucket = bucket;

  async function* listed(
    asked: Omit<ListObjectsV2CommandInput, 'Bucket'>,
  ): AsyncGenerator<ListObjectsV2CommandOutput> {
    let ContinuationToken: string | undefined;
    do {
      const from = ContinuationToken === undefined ? {} : { ContinuationToken };
      const page = await client.send(new ListObjectsV2Command({ Bucket, ...asked, ...from }));
      yield page;
      ContinuationToken = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
  }

  return {
    async begin(Key) {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key }));
      if (UploadId === undefined) throw new Error(`s3://${bucket}/${Key}: no upload id in the answer`);
      return UploadId;
    },
    async part({ key, uploadId, number }, body) {
      const { ETag } = await client.send(
        new UploadPartCommand({
          Bucket,
          Key: key,
          UploadId: uploadId,
          PartNumber: number,
          Body: body,
          ContentMD5: md5(body),
        }),
      );
      if (ETag === undefined) throw new Error(`s3://${bucket}/${key}: no ETag in the answer`);
      return ETag;
    },
    async complete({ key, uploadId, etags }) {
      const Parts = etags.map((ETag, at) => ({ ETag, PartNumber: at + 1 }));
      await client.send(
        new CompleteMultipartUploadCommand({
          Bucket,
          Key: key,
          UploadId: uploadId,
          MultipartUpload: { Parts },
        }),
      );
    },
    async abort(Key, UploadId) {
      await client
        .send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
        .catch((error: unknown) => {
          if (!isNoSuchUpload(error)) throw error;
        });
    },
    async uploads(Prefix) {
      const found: { key: string; uploadId: string }[] = [];
      let KeyMarker: string | undefined;
      let UploadIdMarker: string | undefined;
      do {
        const page = await client.send(
          new ListMultipartUploadsCommand({
            Bucket,
            Prefix,
            ...(KeyMarker === undefined ? {} : { KeyMarker }),
            ...(UploadIdMarker === undefined ? {} : { UploadIdMarker }),
          }),
        );
        for (const { Key, UploadId } of page.Uploads ?? [])
          if (Key !== undefined && UploadId !== undefined) found.push({ key: Key, uploadId: UploadId });
        KeyMarker = page.IsTruncated ? page.NextKeyMarker : undefined;
        UploadIdMarker = page.IsTruncated ? page.NextUploadIdMarker : undefined;
      } while (KeyMarker !== undefined);
      return found;
    },
    async put(Key, Body) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body, ContentMD5: md5(Body) }));
    },
    async remove(Key) {
      await client.send(new DeleteObjectCommand({ Bucket, Key })).catch((error: unknown) => {
        if (statusOf(error) !== 404) throw error;
      });
    },
    async head(Key) {
      try {
        const { ContentLength = 0, ETag } = await client.send(new HeadObjectCommand({ Bucket, Key }));
        return { bytes: ContentLength, etag: ETag };
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    async bytes(Key) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
        return await Body?.transformToByteArray();
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    async download(Key, file) {
      const half = `${file}.${process.pid}.tmp`;
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
        await pipeline(Body as Readable, createWriteStream(half));
        await rename(half, file);
        return true;
      } catch (error) {
        await rm(half, { force: true });
        if (statusOf(error) === 404) return false;
        throw error;
      }
    },
    async *list(Prefix, { after: StartAfter, flat = false } = {}) {
      const asked = {
        ...(StartAfter === undefined ? {} : { StartAfter }),
        ...(flat ? { Delimiter: '/' } : {}),
      };
      for await (const { Contents = [] } of listed({ Prefix, ...asked }))
        for (const { Key, Size = 0 } of Contents) if (Key !== undefined) yield { key: Key, bytes: Size };
    },
    async folders(Prefix) {
      const names: string[] = [];
      for await (const { CommonPrefixes = [] } of listed({ Prefix, Delimiter: '/' }))
        for (const common of CommonPrefixes)
          if (common.Prefix !== undefined) names.push(common.Prefix.slice(Prefix.length, -1));
      return names;
    },
    close: () => client.destroy(),
  };
}

/** The upload was completed or aborted before. */
export function isNoSuchUpload(error: unknown): boolean {
  return (error as Partial<S3ServiceException>).name === 'NoSuchUpload' || statusOf(error) === 404;
}

/** As an error for people: OUTPUT_UNWRITABLE, with what to mend. */
export function s3Failure(what: string, error: unknown): ThreshError {
  if (error instanceof ThreshError) return error;
  const { name } = error as Partial<S3ServiceException>;
  const status = statusOf(error);
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return new ThreshError(
    `${what}: ${name === undefined || name === 'Error' ? '' : `${name}: `}${reasonOf(error)}`,
    {
      code: 'OUTPUT_UNWRITABLE',
      scope: 'batch',
      retry: 'later',
      mend: mendFor(name ?? '', status, code),
      cause: error,
    },
  );
}

function mendFor(name: string, status: number | undefined, code: string): string {
  if (name === 'NoSuchBucket' || (status === 404 && name !== 'NoSuchUpload'))
    return 'make the bucket, or name another with --out or deliver.to';
  if (name === 'CredentialsProviderError')
    return 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE';
  if (
    /InvalidAccessKeyId|SignatureDoesNotMatch|Forbidden|AccessDenied|Expired/.test(name) ||
    status === 403 ||
    status === 401
  )
    return 'check the credentials (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY or AWS_PROFILE) and their right to write there';
  if (/PermanentRedirect|AuthorizationHeaderMalformed/.test(name))
    return "set AWS_REGION to the bucket's region";
  if (/ECONN|ENOTFOUND|EAI_AGAIN|TimeoutError/.test(`${code}${name}`))
    return 'check S3_ENDPOINT and the network, then run the same command again';
  return 'run the same command again: only the delivery is repeated';
}

function statusOf(error: unknown): number | undefined {
  return (error as Partial<S3ServiceException>).$metadata?.httpStatusCode;
}

function md5(body: Buffer): string {
  return createHash('md5').update(body).digest('base64');
}
