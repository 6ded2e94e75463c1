/**
 * Manifests, held to published schemas: those of Kubernetes and KEDA as `kubernetes-models` compiles them, Compose's own as
 * dclint ships it. The compiled ones pass over fields that they do not know, as a cluster does; so each manifest is given to
 * the TypeScript compiler as well, as a literal of the type that is made of the same schema and allows no others.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import ts from 'typescript';
import { parseAllDocuments } from 'yaml';
import { root } from './lab.js';

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  // biome-ignore lint/suspicious/noExplicitAny: what it says is what the schemas are asked
  [field: string]: any;
}

/** As Go reads YAML, which is by version 1.1: a bare `yes` is true. Throws for what is no YAML, or names a key twice. */
export function readYaml(file: string): unknown[] {
  return parseAllDocuments(readFileSync(file, 'utf8'), { version: '1.1' }).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`${file}: ${error.message}`);
    return document.toJS() as unknown;
  });
}

/** What is wrong with each, in their order; one compilation for all of them. */
export async function refusalsOf(manifests: readonly Manifest[]): Promise<string[][]> {
  const unknown = unknownFields(manifests);
  return Promise.all(
    manifests.map(async (manifest, at) => [...(await refusedValues(manifest)), ...(unknown[at] ?? [])]),
  );
}

async function refusedValues(manifest: Manifest): Promise<string[]> {
  const models: Record<string, new (data: unknown) => { validate(): void }> = await import(
    moduleOf(manifest)
  );
  const Model = models[manifest.kind];
  if (Model === undefined) return [`${manifest.kind} is no kind of ${manifest.apiVersion}`];
  try {
    new Model(manifest).validate();
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

function unknownFields(manifests: readonly Manifest[]): string[][] {
  const file = path.join(root, 'manifests-as-literals.ts');
  const lines = manifests.map((manifest) => {
    const type = `import('${moduleOf(manifest)}').I${manifest.kind}`;
    return `export const m${manifests.indexOf(manifest)}: ${type} = ${JSON.stringify(manifest)};`;
  });
  const options: ts.CompilerOptions = {
    ...{ noEmit: true, strict: true, skipLibCheck: true, types: [], target: ts.ScriptTarget.ES2022 },
    ...{ module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext },
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  const text = lines.join('\n');
  host.fileExists = (name) => name === file || fileExists(name);
  host.readFile = (name) => (name === file ? text : readFile(name));
  host.getSourceFile = (name, ...rest) =>
    name === file
      ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022)
      : getSourceFile.call(host, name, ...rest);
  const refused = manifests.map((): string[] => []);
  const program = ts.createProgram([file], options, host);
  for (const { file: where, start = 0, messageText } of program.getSemanticDiagnostics()) {
    const line = where?.getLineAndCharacterOfPosition(start).line ?? 0;
    refused[line]?.push(ts.flattenDiagnosticMessageText(messageText, '\n'));
  }
  return refused;
}

function moduleOf({ apiVersion, kind }: Manifest): string {
  const from = apiVersion.startsWith('keda.sh/') ? '@kubernetes-models/keda' : 'kubernetes-models';
  return `${from}/${apiVersion}/${kind}`;
}

/** What is wrong with a Compose file. */
export function composeRefusals(compose: unknown): string[] {
  const shipped = path.dirname(fileURLToPath(import.meta.resolve('dclint/package.json')));
  const text = readFileSync(path.join(shipped, 'schemas/compose.schema.json'), 'utf8');
  // It names draft 7 by https, under which name nobody knows it.
  const { $schema: _, ...schema } = JSON.parse(text) as Record<string, unknown>;
  const ajv = new Ajv({ allErrors: true, strict: false });
  ajv.validate(schema, compose);
  return (ajv.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}
