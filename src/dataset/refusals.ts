/** What is said about zod types that Parquet has no column for, and what to use instead. */

export interface Refusal {
  message: string;
  mend: string;
}

const DECLARE =
  "or declare a scalar: .meta({ parquet: 'double' }) (string, int64, boolean, timestamp, date, decimal(p,s))";

const UNTYPED: Refusal = {
  message: 'can hold anything, so no column type fits it',
  mend: `say what it holds (z.string(), z.number(), z.object({…})), ${DECLARE}`,
};

const REFUSALS: Record<string, Refusal> = {
  any: UNTYPED,
  unknown: UNTYPED,
  custom: {
    message: 'z.custom() and z.instanceof() do not say what they hold',
    mend: `use a zod type that does, ${DECLARE}`,
  },
  transform: {
    message: "a transform's result has no type that can be seen",
    mend: `end it with a schema: .transform(…).pipe(z.number()), ${DECLARE}`,
  },
  tuple: {
    message: 'a tuple has no Parquet type',
    mend: 'use z.array(T) when all its items are of one type, else z.object() with a name for each',
  },
  set: { message: 'a Set has no Parquet type', mend: 'use z.array(T)' },
  map: { message: 'a Map has no Parquet type', mend: 'use z.record(z.string(), T)' },
  intersection: {
    message: 'an intersection has no Parquet type',
    mend: 'use one object: a.extend(b.shape)',
  },
  nan: { message: 'a column of NaN holds nothing', mend: 'use z.number().nullable()' },
  null: {
    message: 'a column that is always null holds nothing',
    mend: 'leave it out, or use z.string().nullable()',
  },
  undefined: {
    message: 'a column that is always undefined holds nothing',
    mend: 'leave it out, or use z.string().optional()',
  },
  void: {
    message: 'a column that is always undefined holds nothing',
    mend: 'leave it out, or use z.string().optional()',
  },
  never: { message: 'a column that no value fits', mend: 'leave it out' },
  symbol: { message: 'a symbol cannot be stored', mend: 'use z.string()' },
  function: { message: 'a function cannot be stored', mend: 'leave it out' },
  file: { message: 'a file cannot be stored in a row', mend: 'store its URL as z.url()' },
  promise: { message: 'a promise cannot be stored', mend: 'await it in extract' },
  success: { message: 'z.success() has no column type here', mend: 'use z.boolean()' },
};

/** The refusal for a zod type by the name in its definition. */
export function refusalOf(zodType: string): Refusal {
  return (
    REFUSALS[zodType] ?? {
      message: `zod's ${zodType} type has no Parquet type`,
      mend: `use a type that does, ${DECLARE}`,
    }
  );
}

/** The zod types that a declared scalar makes storable although they say nothing themselves. */
export function isOpaque(zodType: string): boolean {
  return zodType === 'any' || zodType === 'unknown' || zodType === 'custom' || zodType === 'transform';
}

export const RECURSIVE: Refusal = {
  message: 'contains itself, and a Parquet column has a fixed depth',
  mend: 'unfold it to the levels needed, or keep it as text: z.string() with JSON.stringify',
};

export const TOO_DEEP: Refusal = {
  message: 'is nested too deeply to be a column',
  mend: 'flatten it, or keep it as text: z.string() with JSON.stringify',
};

export const EXTRA_FIELDS: Refusal = {
  message: 'lets unknown fields through, and those have no column',
  mend: 'use z.object() and name the fields, or z.record(z.string(), T) for free names',
};

export const NO_FIELDS: Refusal = {
  message: 'an object without fields has no Parquet type',
  mend: 'name its fields, or use z.record(z.string(), T)',
};

export const MIXED_UNION: Refusal = {
  message: 'a union of different types does not fit one column',
  mend: 'use one type for all (z.coerce.string(), .transform(…).pipe(…)), or one object with optional fields',
};

export const MIXED_LITERALS: Refusal = {
  message: 'literals of different types do not fit one column',
  mend: 'use literals of one type',
};

export const LOCAL_TIME: Refusal = {
  message: 'a local time without a zone is no instant',
  mend: 'use z.iso.datetime() or z.iso.datetime({ offset: true }), or leave it a string',
};
