/** The texts that a template is made of, and the answers that they take values of. */
import type {
  BodyTemplate,
  HeaderTemplate,
  JsonTemplate,
  QueryTemplate,
  RequestTemplate,
  TextTemplate,
} from './template.js';

type Learned = Pick<RequestTemplate, 'path' | 'query' | 'body' | 'headers'>;

export function needsOf({ path, query = [], body, headers }: Learned): string[] {
  const texts = [
    ...path,
    ...query.flatMap(textsOfParameter),
    ...textsOfBody(body),
    ...headers.flatMap(textsOfHeader),
  ];
  const names = texts
    .flatMap(explanationsOf)
    .flatMap((explanation) =>
      explanation.kind !== 'constant' && explanation.source.of === 'answer' ? [explanation.source.name] : [],
    );
  return [...new Set(names)];
}

export function explanationsOf(text: TextTemplate) {
  return 'one' in text ? text.one : text.parts.flat();
}

function textsOfParameter({ value }: QueryTemplate): TextTemplate[] {
  if (value.kind === 'text') return [value.text];
  return value.kind === 'json' ? textsOfJson(value.json) : [];
}

function textsOfBody(body: BodyTemplate | undefined): TextTemplate[] {
  if (body?.kind === 'form') return body.query.flatMap(textsOfParameter);
  return body?.kind === 'json' ? textsOfJson(body.json) : [];
}

function textsOfHeader(header: HeaderTemplate): TextTemplate[] {
  return header.kind === 'text' ? [header.text] : [];
}

function textsOfJson(json: JsonTemplate): TextTemplate[] {
  switch (json.kind) {
    case 'fixed':
      return [];
    case 'text':
      return [json.text];
    case 'list':
      return json.items.flatMap(textsOfJson);
    case 'object':
      return json.fields.flatMap(([, value]) => textsOfJson(value));
  }
}
