/**
 * One ES module out of a target's file and its relative imports, made by esbuild in memory
 * (docs/decisions/0001-loading-targets.md). Packages stay outside, as absolute file URLs resolved from the target's own
 * folder; `thresh`, `zod` and `playwright` are always the farm's own, so that a schema is the same class on both sides.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, extname, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Loader, Message, OnResolveArgs, OnResolveResult, Plugin, PluginBuild } from 'esbuild';
import { ThreshError } from '../errors.js';

export interface TargetBundle {
  /** The module's text, its source map inline. */
  code: string;
  /** The source map; `sources` are the paths of absolute file URLs. */
  map: {
    version: number;
    file: string;
    sources: string[];
    sourceRoot: string;
    mappings: string;
    names: string[];
    sourcesContent: string[];
  };
  /** SHA-256 (hex) of the target's file and all it imports by path; the same wherever the folder lies. */
  hash: string;
}

export interface BundleOptions {
  /** What `import … from 'thresh'` gives: a path; TypeScript is bundled in. Default: the farm's own public API. */
  threshModule?: string;
}

const FARM_DIR = dirname(fileURLToPath(import.meta.url));
/** Compiled, the API is a module of its own that all targets share; from sources Node cannot import it, so it is bundled in. */
const OWN_API = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../index.ts' : '../index.js', import.meta.url),
);
const FARM_PACKAGES = /^(?:zod|playwright)(?:\/|$)/;
const LOADERS: Record<string, Loader> = {
  '.ts': 'ts',
  '.mts': 'ts',
  '.cts': 'ts',
  '.tsx': 'tsx',
  '.js': 'js',
  '.mjs': 'js',
  '.cjs': 'js',
  '.jsx': 'jsx',
  '.json': 'json',
};
const BUNDLED_BARE = /\.(?:[cm]?ts|tsx|json)$/;
/** Marks a resolution that the plugin itself asked esbuild for. */
const ASKED = Symbol('asked');

/** Its process is asked once a second whether it lives, and batches run for hours: it ends when no target is loaded. */
const KEPT_FOR_MS = 5_000;
let ending: NodeJS.Timeout | undefined;
let building = 0;

/** @throws ThreshError TARGET_INVALID with file, line and column of what cannot be parsed or found. */
export async function bundleTarget(file: string, options: BundleOptions = {}): Promise<TargetBundle> {
  const { build, stop } = await import('esbuild');
  clearTimeout(ending);
  building += 1;
  const sources = new Map<string, Buffer>();
  const result = await build({
    entryPoints: [file],
    absWorkingDir: dirname(file),
    outdir: dirname(file),
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // An empty list keeps esbuild's own "module" condition out: a package gives what Node itself would load.
    conditions: [],
    sourcemap: 'external',
    logLevel: 'silent',
    define: {
      'import.meta.url': '__thresh_url',
      'import.meta.dirname': '__thresh_dirname',
      'import.meta.filename': '__thresh_filename',
    },
    plugins: [targetPlugin(options.threshModule ?? OWN_API, sources)],
  })
    .catch((error: unknown) => {
      throw buildFailure(file, error);
    })
    .finally(() => {
      building -= 1;
      if (building === 0) ending = setTimeout(stop, KEPT_FOR_MS).unref();
    });
  const text = result.outputFiles.find((output) => output.path.endsWith('.js'))?.text ?? '';
  const map = JSON.parse(result.outputFiles.find((output) => output.path.endsWith('.map'))?.text ?? '{}');
  map.sources = map.sources.map((source: string) => pathToFileURL(resolve(dirname(file), source)).pathname);
  return { code: withMap(withRequire(text, file), map), map, hash: hashOf(dirname(file), sources) };
}

function targetPlugin(threshModule: string, sources: Map<string, Buffer>): Plugin {
  const farmSources = dirname(threshModule) + sep;
  return {
    name: 'thresh-target',
    setup(build) {
      build.onResolve({ filter: /.*/ }, (args) => resolveImport(build, args, threshModule));
      build.onLoad({ filter: /\.(?:[cm]?[jt]s|[jt]sx|json)$/ }, async (args) => {
        const loader = LOADERS[extname(args.path)];
        if (!loader || args.path.startsWith(farmSources)) return undefined;
        const bytes = await readFile(args.path);
        sources.set(args.path, bytes);
        const text = bytes.toString('utf8');
        return { contents: loader === 'json' ? text : withOwnLocation(text, args.path), loader };
      });
    },
  };
}

async function resolveImport(
  build: PluginBuild,
  args: OnResolveArgs,
  threshModule: string,
): Promise<OnResolveResult | undefined> {
  if (args.pluginData === ASKED || args.kind === 'entry-point') return undefined;
  if (/^\.{0,2}[\\/]|^\.{1,2}$/.test(args.path)) return undefined;
  if (isBuiltin(args.path)) return { path: args.path, external: true };
  if (args.path.startsWith('file:')) return local(fileURLToPath(args.path), args);
  if (/^[a-z][a-z0-9+.-]+:/i.test(args.path)) return { path: args.path, external: true };
  if (args.path === 'thresh') return local(threshModule, args);
  const ours = FARM_PACKAGES.test(args.path);
  const found = await build.resolve(args.path, {
    kind: args.kind,
    importer: ours ? '' : args.importer,
    resolveDir: ours ? FARM_DIR : args.resolveDir,
    pluginData: ASKED,
  });
  if (found.errors.length > 0) {
    return { errors: [{ text: `cannot find the package "${args.path}" from ${args.resolveDir}` }] };
  }
  return found.external ? { path: found.path, external: true } : local(found.path, args);
}

/** TypeScript and JSON can only be bundled; what Node loads by itself stays outside, one instance for the process. */
function local(path: string, args: OnResolveArgs): OnResolveResult {
  if (BUNDLED_BARE.test(path)) return { path };
  const byRequire = args.kind === 'require-call' || args.kind === 'require-resolve';
  return { path: byRequire ? path : pathToFileURL(path).href, external: true };
}

/** Keeps `import.meta.url` and its like those of the source file. On the first line, so that no line number moves. */
function withOwnLocation(text: string, path: string): string {
  if (!text.includes('import.meta')) return text;
  const own =
    `const __thresh_url=${JSON.stringify(pathToFileURL(path).href)},` +
    `__thresh_filename=${JSON.stringify(path)},__thresh_dirname=${JSON.stringify(dirname(path))};`;
  return own + (text.startsWith('#!') ? `//${text}` : text);
}

/** CommonJS parts of a target need a `require`; esbuild's stand-in uses one when it finds it. */
function withRequire(text: string, file: string): string {
  if (!text.includes('Dynamic require of')) return text;
  const from = JSON.stringify(pathToFileURL(file).href);
  return `import{createRequire as __thresh_createRequire}from'node:module';const require=__thresh_createRequire(${from});${text}`;
}

function withMap(text: string, map: unknown): string {
  const encoded = Buffer.from(JSON.stringify(map)).toString('base64');
  return `${text}\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`;
}

function hashOf(folder: string, sources: Map<string, Buffer>): string {
  const hash = createHash('sha256');
  const named = [...sources].map(([path, bytes]) => ({
    name: relative(folder, path).split(sep).join('/'),
    bytes,
  }));
  for (const { name, bytes } of named.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

function buildFailure(file: string, error: unknown): ThreshError {
  const messages = (error as { errors?: Message[] }).errors ?? [];
  const lines = messages.map(({ text, location }) =>
    location
      ? `${resolve(dirname(file), location.file)}:${location.line}:${location.column + 1}: ${text}`
      : `${file}: ${text}`,
  );
  return new ThreshError(
    lines.length > 0
      ? lines.join('\n')
      : `${file}: ${error instanceof Error ? error.message : String(error)}`,
    { code: 'TARGET_INVALID', scope: 'batch', mend: 'mend the file, then run again', cause: error },
  );
}
