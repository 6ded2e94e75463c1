/** From TARGET on a command line to a checked target with its defaults: find, bundle, run, check, fill in. */
import { resolve } from 'node:path';
import { type BundleOptions, bundleTarget } from './bundle.js';
import { checkTarget, type SchemaCheck } from './check.js';
import { type ResolvedTarget, resolveTarget } from './defaults.js';
import { findTarget } from './find.js';
import { importBundle, type Locate } from './import-bundle.js';

export { listTargets } from './find.js';

export interface LoadOptions<Columns> extends BundleOptions {
  /** Where names are looked up. Default `targets` under `cwd`. */
  targetsDir?: string;
  /** Default: the process's working directory. */
  cwd?: string;
  /** The look at the schema by whoever stores the rows; its problems are reported with all others. */
  checkSchema?: SchemaCheck<Columns>;
}

export interface LoadedTarget<Columns = unknown> {
  definition: ResolvedTarget;
  /** Absolute. */
  file: string;
  /** SHA-256 (hex) of the target's own code, whatever folder it lies in. */
  hash: string;
  /** What `checkSchema` made of the schema. */
  columns: Columns | undefined;
  /** `FILE:LINE:COLUMN` in the target's own files for an error that its functions threw. */
  locate: Locate;
}

/**
 * Loads anew on every call: a target's own state is never shared by two loads.
 * @throws ThreshError TARGET_INVALID: not found, cannot be parsed, throws while it loads, or is wrong.
 */
export async function loadTarget<Columns = unknown>(
  ref: string,
  options: LoadOptions<Columns> = {},
): Promise<LoadedTarget<Columns>> {
  const cwd = resolve(options.cwd ?? process.cwd());
  const targetsDir = resolve(cwd, options.targetsDir ?? 'targets');
  const file = await findTarget(ref, { targetsDir, cwd });
  const bundle = await bundleTarget(file, options);
  const { exports, locate } = await importBundle(bundle, file);
  const { definition, columns } = checkTarget(exports, file, options.checkSchema);
  return { definition: resolveTarget(definition, file), file, hash: bundle.hash, columns, locate };
}
