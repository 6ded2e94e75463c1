/** What is wrong with a target, in words: by the issues of the rules that its options have to keep. */
import { z } from 'zod';
import { isFunction } from './option-rules.js';
import { nearest } from './suggest.js';

export interface TargetProblem {
  /** Where in the target: `gate.minRows`, `discover[3].url`; empty for the target as a whole. */
  path: string;
  message: string;
  mend: string;
}

/** Words that people bring from the design or from elsewhere, and what there is here. */
const KNOWN_ELSEWHERE: Record<string, string> = {
  proxy: "write proxies: [ 'http://user:password@host:port' ]",
  concurrency: 'write throttle: { maxConcurrency: N }',
  urls: 'write discover: [ … ]',
  startUrls: 'write discover: [ … ]',
  userAgent: 'write browser: { userAgent: … }',
  viewport: 'write browser: { viewport: … }',
  timeout: 'write timeoutMs, in milliseconds',
  cron: "write schedule: { cron: '…' }",
};
/** A zod rule's issues as problems, with the names that would have been known where one is unknown. */
export function problemsOf(rule: z.ZodType, value: unknown, at: PropertyKey[]): TargetProblem[] {
  const result = rule.safeParse(value, { reportInput: true });
  return result.success ? [] : result.error.issues.flatMap((issue) => fromIssue(issue, rule, at));
}

function fromIssue(issue: z.core.$ZodIssue, rule: z.ZodType, at: PropertyKey[]): TargetProblem[] {
  const path = pathText([...at, ...issue.path]);
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(rule, issue.path);
    return issue.keys.map((key) => {
      const near = nearest(key, known);
      const elsewhere = at.length + issue.path.length === 0 ? KNOWN_ELSEWHERE[key] : undefined;
      const mend = near ? `did you mean "${near}"?` : (elsewhere ?? `there are: ${known.join(', ')}`);
      return { path: pathText([...at, ...issue.path, key]), message: 'is no option', mend };
    });
  }
  if (issue.code === 'invalid_union') {
    const branches = issue.errors.map((issues) =>
      issues.flatMap((inner) => fromIssue(inner, z.unknown(), [...at, ...issue.path])),
    );
    const inside = branches.find(
      (found, index) =>
        issue.errors[index]?.some(
          (inner) => inner.code !== 'invalid_value' && inner.code !== 'invalid_type',
        ) && found.length > 0,
    );
    if (inside) return inside;
  }
  if (issue.code === 'custom')
    return [{ path, message: missingOr(issue), mend: String(issue.params?.mend ?? '') }];
  if (issue.code === 'invalid_type') {
    const expected =
      issue.expected === 'array'
        ? 'a list'
        : issue.expected === 'record'
          ? 'an object'
          : `an ${issue.expected}`;
    return [
      { path, message: `must be ${expected}, not ${kindOf(issue.input)}`, mend: exampleOf(rule, issue.path) },
    ];
  }
  return [{ path, message: issue.message, mend: exampleOf(rule, issue.path) }];
}

function missingOr(issue: z.core.$ZodIssue): string {
  return issue.input === undefined ? 'is missing' : `${issue.message}: ${shown(issue.input)}`;
}

function exampleOf(rule: z.ZodType, path: PropertyKey[]): string {
  const known = knownKeys(rule, path);
  return known.length > 0 ? `an object of: ${known.join(', ')}` : 'see the target API in the documentation';
}

/** The names that a strict object at this path of a rule knows. */
function knownKeys(rule: z.ZodType, path: PropertyKey[]): string[] {
  let here: unknown = rule;
  for (const step of [...path, undefined]) {
    while (here instanceof z.ZodOptional) here = here.unwrap();
    if (here instanceof z.ZodUnion) here = here.options.find((option) => option instanceof z.ZodObject);
    if (step === undefined) break;
    if (here instanceof z.ZodObject) here = here.shape[String(step)];
    else if (here instanceof z.ZodArray) here = here.element;
  }
  return here instanceof z.ZodObject ? Object.keys(here.shape) : [];
}

export function pathText(path: PropertyKey[]): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === 'number' ? `${text}[${step}]` : text ? `${text}.${String(step)}` : String(step),
    '',
  );
}

export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (isFunction(value)) return 'a function';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value);
}
