/** @jsxImportSource preact */
/** What the CLI can do to a batch, as buttons; what cannot be undone asks first. */
import { useRef, useState } from 'preact/hooks';
import type { BatchView } from '../schemas.js';
import { ask, type Refused } from './ask.js';

interface Act {
  name: 'pause' | 'resume' | 'cancel' | 'retry' | 'release';
  words: string;
  /** What is asked before it is done. */
  sure?: string;
}

function actsFor({ state, ended, pages }: BatchView): Act[] {
  const retry: Act = { name: 'retry', words: `Retry ${pages?.dead ?? 0} dead letters` };
  const mayRetry = ended && state !== 'cancelled' && (pages?.dead ?? 0) > 0 ? [retry] : [];
  const cancel: Act = {
    name: 'cancel',
    words: 'Cancel',
    sure: 'End this batch without delivering it? What it has rendered so far is not delivered.',
  };
  if (state === 'held')
    return [
      {
        name: 'release',
        words: 'Release',
        sure: 'Deliver this dataset although the gate holds it? Downstream jobs will pick it up.',
      },
      ...mayRetry,
    ];
  if (ended) return mayRetry;
  if (state === 'paused') return [{ name: 'resume', words: 'Resume' }, cancel];
  return state === 'fetching' ? [{ name: 'pause', words: 'Pause' }, cancel] : [cancel];
}

export function Actions({ batch, onDone }: { batch: BatchView; onDone: () => void }) {
  const [error, setError] = useState('');
  const [asked, setAsked] = useState<Act | undefined>();
  const [isBusy, setIsBusy] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);

  const act = async ({ name }: Act): Promise<void> => {
    setIsBusy(true);
    setError('');
    await ask(`/api/batches/${batch.batch}/${name}`, { method: 'POST' }).then(onDone, (refused: Refused) =>
      setError(refused.message),
    );
    setIsBusy(false);
  };
  const begin = (one: Act): void => {
    if (one.sure === undefined) {
      void act(one);
      return;
    }
    setAsked(one);
    dialog.current?.showModal();
  };
  return (
    <div class="actions">
      {actsFor(batch).map((one) => (
        <button
          key={one.name}
          type="button"
          disabled={isBusy}
          class={one.name === 'cancel' ? 'quiet' : ''}
          onClick={() => begin(one)}
        >
          {one.words}
        </button>
      ))}
      <span role="alert" class="error">
        {error}
      </span>
      <dialog ref={dialog} aria-label={asked?.words ?? 'Sure?'}>
        <p>{asked?.sure}</p>
        <div class="row">
          <button
            type="button"
            onClick={() => {
              dialog.current?.close();
              if (asked !== undefined) void act(asked);
            }}
          >
            {asked?.words}
          </button>
          <button type="button" class="quiet" onClick={() => dialog.current?.close()}>
            No
          </button>
        </div>
      </dialog>
    </div>
  );
}
