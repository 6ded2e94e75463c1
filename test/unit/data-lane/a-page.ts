/** Pages as they would have been rendered, for what is learned from them. */
import type { CapturedAnswer } from '../../../src/data-lane/captured.js';
import type { LearnPage } from '../../../src/data-lane/learn.js';

type AnsweredRequest = Partial<CapturedAnswer['request']> & { answer?: unknown };

/** A page that asks for the named answers in this order; a text is the address of a GET. */
export function aPage(
  url: string,
  answers: Record<string, string | AnsweredRequest>,
  more: Partial<LearnPage> = {},
): LearnPage {
  return {
    url,
    session: 'one',
    answers: Object.entries(answers).map(([name, asked]) => {
      const { answer = {}, ...request } = typeof asked === 'string' ? { url: asked } : asked;
      return {
        name,
        request: { method: 'GET', url: '', headers: {}, body: undefined, ...request },
        status: 200,
        contentType: 'application/json',
        text: JSON.stringify(answer),
      };
    }),
    ...more,
  };
}
