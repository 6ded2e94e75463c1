/** @jsxImportSource preact */
import { useRef, useState } from 'preact/hooks';
import { ask, type Refused } from './ask.js';
import { goTo } from './navigate.js';

/** A button, and what it asks for. */
export function BeginBatch({ targets }: { targets: readonly string[] }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState('');
  const begin = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const asked = new FormData(event.currentTarget as HTMLFormElement);
    const [date, limit] = [String(asked.get('date') ?? ''), Number(asked.get('limit'))];
    const body = {
      target: String(asked.get('target')),
      ...(date === '' ? {} : { date }),
      ...(limit > 0 ? { limit } : {}),
    };
    await ask<{ batch: string }>('/api/batches', { method: 'POST', body }).then(
      ({ batch }) => goTo(`/batches/${batch}`),
      (refused: Refused) =>
        setError(refused.mend === undefined ? refused.message : `${refused.message}: ${refused.mend}`),
    );
  };
  if (targets.length === 0) return null;
  return (
    <>
      <button type="button" onClick={() => dialog.current?.showModal()}>
        Begin a batch…
      </button>
      <dialog ref={dialog} aria-labelledby="begin">
        <h2 id="begin">Begin a batch</h2>
        <form onSubmit={begin} class="fields">
          <label for="begin-target">Target</label>
          <select id="begin-target" name="target">
            {targets.map((target) => (
              <option key={target}>{target}</option>
            ))}
          </select>
          <label for="begin-date">Date (today without one)</label>
          <input id="begin-date" name="date" type="date" />
          <label for="begin-limit">At most so many pages (all without)</label>
          <input id="begin-limit" name="limit" type="number" min="1" />
          <p role="alert" class="error">
            {error}
          </p>
          <div class="row">
            <button type="submit">Begin</button>
            <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
          </div>
        </form>
      </dialog>
    </>
  );
}
