/** Decimals as text with exactly `scale` digits after the point, which both engines read without rounding. */

const NUMBER = /^([+-]?)(\d+)(?:\.(\d+))?(?:e([+-]?\d{1,3}))?$/i;

/**
 * `12.5` at scale 2 is `12.50`. Undefined when the text is no decimal number, has more digits after the point than
 * `scale` (zeros aside), or more before it than `precision` leaves: nothing is ever rounded.
 */
export function decimalText(text: string, precision: number, scale: number): string | undefined {
  const parts = NUMBER.exec(text);
  if (!parts) return undefined;
  const whole = parts[2] ?? '';
  const fraction = parts[3] ?? '';
  // The value is `digits` with the point moved `shift` places to the left of its end.
  const digits = (whole + fraction).replace(/^0+(?=\d)/, '');
  const shift = fraction.length - Number(parts[4] ?? 0);
  const excess = shift - scale;
  if (excess > 0 && !/^0*$/.test(digits.slice(-excess))) return undefined;
  const unscaled =
    excess > 0 ? digits.slice(0, -excess) : digits === '0' ? '0' : digits + '0'.repeat(-excess);
  const plain = unscaled.replace(/^0+/, '');
  if (plain.length > precision) return undefined;
  const padded = plain.padStart(scale + 1, '0');
  const sign = parts[1] === '-' && plain !== '' ? '-' : '';
  const point = padded.length - scale;
  return scale === 0 ? sign + padded : `${sign}${padded.slice(0, point)}.${padded.slice(point)}`;
}

/** The digits of such a text as one integer: `12.50` is 1250. */
export function unscaledOf(decimal: string): bigint {
  return BigInt(decimal.replace('.', ''));
}
