/** `data` looked at when a target loads: one answer told from several by label, and every source by itself. */

import { isDataSource, SOURCE_OPTIONS } from './data-source.js';
import { isRecord } from './option-rules.js';
import type { TargetProblem } from './problems.js';
import { parseScriptSelector } from './script-selector.js';
import { nearest } from './suggest.js';

const EXAMPLE = 'e.g. data: { product: /\\/api\\/products\\/[^/]+$/ }';
const FRAMEWORKS = ['json-ld', '__NEXT_DATA__', '__NUXT__'];
const ANSWER_OPTIONS = ['answer', 'method', 'graphql', 'all', 'optional'];
const EMBEDDED_OPTIONS = ['embedded', 'all', 'optional'];

/** Every problem of a target's `data` and `keep`, and of what they ask of the other options. */
export function dataProblems(target: Record<string, unknown>): TargetProblem[] {
  const { data, keep } = target;
  if (data === undefined && keep === 'data')
    return [
      { path: 'keep', message: "is 'data', and there is no data", mend: `${EXAMPLE}, or keep: 'html'` },
    ];
  if (data === undefined) return [];
  const problems = [...namesProblems(data, 'data', true)];
  if (target.fields !== undefined)
    problems.push({
      path: 'data',
      message: 'stands beside fields, which read the page itself',
      mend: 'write extract({ data }) { … } instead of fields',
    });
  if (keep === 'html')
    problems.push({
      path: 'keep',
      message: "is 'html', in which the answers that data names do not stand",
      mend: "write keep: 'data'",
    });
  if (target.navigate === 'soft')
    problems.push({
      path: 'navigate',
      message: "is 'soft', which does not go with data: an application need not ask for what it has",
      mend: 'leave navigate out, or read the page without data',
    });
  return problems;
}

/** Nights that go by documents: only where rows stand in the page's own. */
export function documentProblems({ incremental, data, navigate }: Record<string, unknown>): TargetProblem[] {
  if (!isRecord(incremental) || !Array.isArray(incremental.by) || !incremental.by.includes('document'))
    return [];
  const path = 'incremental.by';
  const mend = "leave 'document' out";
  if (namesAnswer(data))
    return [
      {
        path,
        message: "has 'document', and rows come from answers, of which a page's document knows nothing",
        mend: `${mend}; lane: 'auto' asks for the answers alone`,
      },
    ];
  if (navigate !== 'soft') return [];
  const message = "has 'document', and with navigate: 'soft' pages have none of their own";
  return [{ path, message, mend }];
}

function namesAnswer(data: unknown): boolean {
  if (isDataSource(data)) return data instanceof RegExp || 'answer' in (data as object);
  return isRecord(data) && Object.values(data).some(namesAnswer);
}

function namesProblems(value: unknown, path: string, mayBeByLabel: boolean): TargetProblem[] {
  if (!isRecord(value) || value instanceof RegExp || isDataSource(value)) {
    const mend = `every source has a name, ${EXAMPLE}`;
    return [{ path, message: 'must be an object of sources by name', mend }];
  }
  const entries = Object.entries(value);
  const sources = entries.filter(([, one]) => isDataSource(one));
  if (entries.length === 0 && mayBeByLabel)
    return [{ path, message: 'names nothing', mend: `${EXAMPLE}, or leave it out` }];
  if (mayBeByLabel && sources.length === 0 && entries.every(([, one]) => isPlain(one))) {
    const labels = entries.flatMap(([label, one]) => namesProblems(one, `${path}.${label}`, false));
    const isEmpty = entries.every(([, one]) => Object.keys(one as object).length === 0);
    return isEmpty ? [{ path, message: 'names nothing for any label', mend: EXAMPLE }] : labels;
  }
  return entries.flatMap(([name, source]) => {
    const at = `${path}.${name}`;
    if (isDataSource(source)) return [...nameProblems(name, at), ...sourceProblems(source, at)];
    if (sources.length > 0 && isPlain(source))
      return [
        {
          path: at,
          message: `is no source, and ${String(sources[0]?.[0])} beside it is one`,
          mend: 'either all are sources by name, or all are objects of sources by label',
        },
      ];
    const mend = `a RegExp on the answer's URL, { answer: /…/ }, or { embedded: 'json-ld' }`;
    return [{ path: at, message: 'is no source', mend }];
  });
}

function nameProblems(name: string, path: string): TargetProblem[] {
  if (SOURCE_OPTIONS.includes(name as 'answer')) {
    const message = 'has the name of an option of a source';
    return [{ path, message, mend: `write data: { NAME: { ${name}: … } }, or call it otherwise` }];
  }
  if (/^[A-Za-z$_][\w$]*$/.test(name) && name !== '__proto__') return [];
  return [{ path, message: 'is no name to write data.NAME with', mend: 'letters, digits and _' }];
}

function sourceProblems(source: unknown, path: string): TargetProblem[] {
  if (source instanceof RegExp || !isRecord(source)) return [];
  const isEmbedded = 'embedded' in source;
  const known = isEmbedded ? EMBEDDED_OPTIONS : ANSWER_OPTIONS;
  const problems = Object.keys(source).flatMap((option): TargetProblem[] => {
    if (known.includes(option)) return [];
    const near = nearest(option, known);
    const mend = near ? `did you mean "${near}"?` : `there are: ${known.join(', ')}`;
    return [{ path: `${path}.${option}`, message: 'is no option', mend }];
  });
  const expect = (option: string, good: boolean, message: string, mend: string): void => {
    if (!good) problems.push({ path: `${path}.${option}`, message, mend });
  };
  const isFlag = (value: unknown): boolean => value === undefined || typeof value === 'boolean';
  const { answer, embedded, method, graphql, all, optional } = source;
  if (isEmbedded) {
    const isKnown =
      typeof embedded === 'string' &&
      (FRAMEWORKS.includes(embedded) || parseScriptSelector(embedded) !== undefined);
    const mend = `'json-ld', '__NEXT_DATA__', '__NUXT__', or tag, id, class and attributes of one element: 'script[data-state]'`;
    expect('embedded', isKnown, 'must name script elements', mend);
  } else {
    expect('answer', answer instanceof RegExp, "must be a RegExp on the answer's URL", EXAMPLE);
    const isMethod = method === undefined || (typeof method === 'string' && /^[A-Za-z]{1,20}$/.test(method));
    expect('method', isMethod, 'must be a method of HTTP', "e.g. method: 'POST'");
    const isOperation =
      graphql === undefined || (typeof graphql === 'string' && /^[A-Za-z_]\w*$/.test(graphql));
    expect('graphql', isOperation, "must be an operation's name", "e.g. graphql: 'ProductPage'");
  }
  expect('all', isFlag(all), 'must be true or false', 'all: true gives every one as a list');
  const mend = 'optional: true takes the page without it';
  expect('optional', isFlag(optional), 'must be true or false', mend);
  return problems;
}

function isPlain(value: unknown): boolean {
  return isRecord(value) && !isDataSource(value);
}
