/** @jsxImportSource preact */
/** Dead letters by cause, each with what its page looked like beside its HTML. All of it is somebody else's text. */
import { useEffect, useState } from 'preact/hooks';
import type { FailuresView } from '../schemas.js';
import { Part } from './part.js';
import { useAnswer } from './use-answer.js';
import { count } from './words.js';

type Example = FailuresView['causes'][number]['examples'][number];

const MOST_HTML = 60_000;

export function Failures({ id, run }: { id: string; run: number }) {
  const causes = useAnswer<FailuresView>(`/api/batches/${id}/failures`, run).answer?.causes ?? [];
  if (causes.length === 0) return null;
  return (
    <Part title="Failures by cause">
      {causes.map((cause, at) => (
        <details key={`${cause.code} ${cause.message}`} class="card" open={at === 0}>
          <summary>
            <strong>{count(cause.pages)}</strong> <code>{cause.code}</code> {cause.message}
          </summary>
          {cause.examples.map((example) => (
            <Failed key={example.page} id={id} example={example} />
          ))}
        </details>
      ))}
    </Part>
  );
}

function Failed({ id, example }: { id: string; example: Example }) {
  const { page, url, screenshot, html, trace } = example;
  const src = (file: string): string => `/api/batches/${id}/${file}`;
  return (
    <article class="failed">
      <p>
        page {page} <code>{url}</code>
      </p>
      <div class="beside">
        {screenshot !== undefined && (
          <a href={src(screenshot)} target="_blank" rel="noreferrer">
            <img
              src={src(screenshot)}
              alt={`page ${page} as it looked when it was given up`}
              loading="lazy"
            />
          </a>
        )}
        {html !== undefined && <Html src={src(html)} page={page} />}
      </div>
      <p class="hint">
        {trace !== undefined && (
          <>
            <a href={src(trace)}>trace</a> (npx playwright show-trace FILE) ·{' '}
          </>
        )}
        <code>
          thresh debug --failure {id}.{page}
        </code>
      </p>
    </article>
  );
}

/** As text. */
function Html({ src, page }: { src: string; page: number }) {
  const [text, setText] = useState('…');
  useEffect(() => {
    fetch(src)
      .then((answer) => (answer.ok ? answer.text() : 'it is not there any more'))
      .then(
        (all) => setText(all.length > MOST_HTML ? `${all.slice(0, MOST_HTML)}\n… cut` : all),
        () => setText('it cannot be read'),
      );
  }, [src]);
  return (
    <pre tabIndex={0} role="group" aria-label={`HTML of page ${page}`}>
      {text}
    </pre>
  );
}
