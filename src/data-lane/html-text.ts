/** The text of a document's bytes, as a browser reads them: by its byte order mark, its content type, or a `meta` element. */
import { isAscii } from 'node:buffer';

const MARKS: readonly [label: string, bytes: readonly number[]][] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16be', [0xfe, 0xff]],
  ['utf-16le', [0xff, 0xfe]],
];
/** From the document's beginning: what stands further on is no longer looked for by all browsers. */
const MOST_LOOKED_AT = 1_024;
const IN_META = /<meta\s[^>]*?charset\s*=\s*["']?\s*([^\s"'/>;]{1,40})/i;
/** What windows-1252 has from 0x80 on: some releases of Node read it as ISO-8859-1, which has nothing there. */
const FROM_80 = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
const IN_TYPE = /;\s*charset\s*=\s*"?([^\s";]{1,40})/i;

/**
 * Undefined where nothing says how it is written and it is not ASCII either: what a browser guesses is not to be
 * foretold.
 */
export function htmlText(bytes: Uint8Array, contentType: string | undefined): string | undefined {
  const [marked] = MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte)) ?? [];
  const label = marked ?? IN_TYPE.exec(contentType ?? '')?.[1];
  const decoder = decoderOf(label) ?? decoderOf(labelInMeta(bytes));
  if (decoder?.encoding === 'windows-1252') return western(bytes);
  if (decoder !== undefined) return decoder.decode(bytes);
  return isAscii(bytes) ? new TextDecoder('utf-8').decode(bytes) : undefined;
}

function labelInMeta(bytes: Uint8Array): string | undefined {
  const beginning = western(bytes.subarray(0, MOST_LOOKED_AT));
  const label = IN_META.exec(beginning.replace(/<!--.*?-->/gs, ''))?.[1];
  // It was read as ASCII, so that is what it cannot be.
  return label !== undefined && /^utf-?16/i.test(label) ? 'utf-8' : label;
}

function western(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return text.replace(/[\u0080-\u009f]/g, (sign) => FROM_80[sign.charCodeAt(0) - 0x80] ?? sign);
}

/** Undefined for no label, or one that means nothing. */
function decoderOf(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}
