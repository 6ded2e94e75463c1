/** @jsxImportSource preact */
/** The dashboard: a page for the farm, a page for each batch, and a way in where a token is wanted. */
import { render } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { SIGNED_OUT } from './ask.js';
import { BatchPage } from './batch-page.js';
import { FarmPage } from './farm-page.js';
import { KeyHelp } from './key-help.js';
import { goTo } from './navigate.js';
import { SignIn } from './sign-in.js';
import { ThemeButton } from './theme.js';

function usePath(): string {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const onMove = (): void => setPath(location.pathname);
    const onClick = (event: MouseEvent): void => {
      const link = (event.target as Element).closest('a');
      const isPlain =
        event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
      if (!isPlain || link?.dataset.in === undefined) return;
      event.preventDefault();
      goTo(link.pathname);
    };
    addEventListener('popstate', onMove);
    document.addEventListener('click', onClick);
    return () => {
      removeEventListener('popstate', onMove);
      document.removeEventListener('click', onClick);
    };
  }, []);
  return path;
}

function App() {
  const path = usePath();
  const [link, setLink] = useState(true);
  const [isIn, setIsIn] = useState(true);
  useEffect(() => {
    const onOut = (): void => setIsIn(false);
    addEventListener(SIGNED_OUT, onOut);
    return () => removeEventListener(SIGNED_OUT, onOut);
  }, []);
  const batch = /^\/batches\/([a-z0-9-]+)$/.exec(path)?.[1];
  useEffect(() => {
    document.title = batch === undefined ? 'Thresh' : `${batch} · Thresh`;
  }, [batch]);
  return (
    <>
      <a class="skip" href="#content">
        To the content
      </a>
      <header class="bar">
        <a href="/" data-in class="brand">
          <img src="/ui/icon.svg" alt="" width="22" height="22" /> Thresh
        </a>
        <nav aria-label="Other views">
          <a href="/queues/">Queues</a>
          <a href="/metrics">Metrics</a>
          <a href="/openapi.json">API</a>
        </nav>
        <span class="link" data-up={link} role="status">
          {link ? 'live' : 'no answer, trying again'}
        </span>
        <KeyHelp />
        <ThemeButton />
      </header>
      <main id="content" tabIndex={-1}>
        {!isIn && <SignIn onIn={() => setIsIn(true)} />}
        {isIn &&
          (batch === undefined ? (
            <FarmPage onLink={setLink} />
          ) : (
            <BatchPage key={batch} id={batch} onLink={setLink} />
          ))}
      </main>
    </>
  );
}

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
