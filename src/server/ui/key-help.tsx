/** @jsxImportSource preact */
import { useEffect, useRef } from 'preact/hooks';

const KEYS: readonly [string, string][] = [
  ['← ↑ → ↓', 'move about the grid of nights'],
  ['Enter', 'open the night'],
  ['/', 'filter the targets'],
  ['g', 'back to the farm'],
  ['?', 'this help'],
];

/** `?` shows which keys there are. */
export function KeyHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const isTyping = /^(INPUT|TEXTAREA|SELECT)$/.test((event.target as Element).tagName);
      if (isTyping || event.metaKey || event.ctrlKey || event.altKey) return;
      if (event.key === '?') dialog.current?.showModal();
      if (event.key === 'g') document.querySelector<HTMLAnchorElement>('a.brand')?.click();
      if (event.key === '/') {
        const filter = document.querySelector<HTMLInputElement>('#filter');
        if (filter !== null) event.preventDefault();
        filter?.focus();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);
  return (
    <>
      <button type="button" class="quiet" aria-label="Keys" onClick={() => dialog.current?.showModal()}>
        ?
      </button>
      <dialog ref={dialog} aria-label="Keys">
        <dl class="keys">
          {KEYS.map(([key, words]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{words}</dd>
            </div>
          ))}
        </dl>
        <form method="dialog">
          <button type="submit">Close</button>
        </form>
      </dialog>
    </>
  );
}
