/** What a page shows when it does not show what was asked for. */
import { LoginForm } from './account.js';
import { RefusedError } from './data.js';
import { Link } from './place.js';

export function Loading() {
  return (
    <div className="loading" role="status">
      Loading…
    </div>
  );
}

/** A soft 404: the document answered 200. */
export function NotFound() {
  return (
    <section className="notice" data-testid="not-found">
      <h1>Sorry, we couldn't find it</h1>
      <p>
        It may have been sold or moved. <Link to="/">Go to the shop's front door</Link>
      </p>
    </section>
  );
}

export function Failed({ error }: { error: unknown }) {
  const status = error instanceof RefusedError ? error.status : undefined;
  if (status === 404) return <NotFound />;
  if (status === 401) return <LoginForm />;
  return (
    <section className="notice" data-testid="error" data-status={status}>
      <h1>Something went wrong</h1>
      <p>
        {status === undefined ? 'The shop cannot be reached.' : `The shop answered ${status}.`} Please try
        again later.
      </p>
    </section>
  );
}
