/** The column types of zod's numbers, bigints and fixed values. */
import type { z } from 'zod';
import type { ColumnType, ScalarType } from './column.js';

const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Whether an int64 column holds the value exactly. */
export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX;
}

/** The definition itself (`z.int()`) and its checks (`z.number().int()`) may both name a format or a bound. */
function checksOf(def: z.core.$ZodTypeDef): object[] {
  return [def, ...(def.checks ?? []).map((check) => check._zod.def)];
}

/** int64 where zod asks for whole numbers, else double. */
export function typeOfNumber(def: z.core.$ZodTypeDef): ScalarType {
  const whole = checksOf(def).some((check) =>
    ['safeint', 'int32', 'uint32'].includes(String((check as { format?: unknown }).format)),
  );
  return { kind: whole ? 'int64' : 'double' };
}

/** int64 where zod's format or bounds keep it there, decimal(20,0) for uint64, else decimal(38,0). */
export function typeOfBigint(def: z.core.$ZodTypeDef): ScalarType {
  let low: bigint | undefined;
  let high: bigint | undefined;
  for (const check of checksOf(def) as { check?: string; format?: string; value?: unknown }[]) {
    if (check.format === 'int64') return { kind: 'int64' };
    if (check.format === 'uint64') return { kind: 'decimal', precision: 20, scale: 0 };
    if (typeof check.value !== 'bigint') continue;
    if (check.check === 'greater_than' && (low === undefined || check.value > low)) low = check.value;
    if (check.check === 'less_than' && (high === undefined || check.value < high)) high = check.value;
  }
  if (low !== undefined && high !== undefined && fitsInt64(low) && fitsInt64(high)) return { kind: 'int64' };
  return { kind: 'decimal', precision: 38, scale: 0 };
}

/** The one type of an enum's or literal's values; undefined when they are of several. */
export function typeOfValues(values: readonly unknown[]): ScalarType | undefined {
  if (values.every((value) => typeof value === 'string')) return { kind: 'string' };
  if (values.every((value) => typeof value === 'boolean')) return { kind: 'boolean' };
  if (values.every((value) => typeof value === 'bigint')) {
    return values.every(fitsInt64) ? { kind: 'int64' } : { kind: 'decimal', precision: 38, scale: 0 };
  }
  if (values.every((value) => typeof value === 'number')) {
    return { kind: values.every(Number.isSafeInteger) ? 'int64' : 'double' };
  }
  return undefined;
}

/** The type that holds the values of both; undefined when none does without changing them. */
export function sameType(a: ColumnType, b: ColumnType): ColumnType | undefined {
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  const kinds = [a.kind, b.kind];
  return kinds.includes('int64') && kinds.includes('double') ? { kind: 'double' } : undefined;
}
