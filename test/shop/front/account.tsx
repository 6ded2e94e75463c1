/** The pages behind the login. Where the session is not good, any of them shows the login form instead. */
import { type FormEvent, useState } from 'react';
import { load, useData } from './data.js';
import { goTo, Link } from './place.js';
import { Failed, Loading } from './states.js';

interface Order {
  number: number;
  order: string;
  total: number;
  placedAt: string;
  lines: number;
}

/** Without `next` the page where it stands is loaded again after the login. */
export function LoginForm({ next }: { next?: string }) {
  const [isRefused, setRefused] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const body = JSON.stringify(Object.fromEntries(new FormData(event.currentTarget)));
    load('/api/login', { method: 'POST', headers: { 'content-type': 'application/json' }, body }).then(
      () => (next === undefined ? location.reload() : goTo(next)),
      () => setRefused(true),
    );
  };
  return (
    <form className="notice login" data-testid="login-form" onSubmit={submit}>
      <h1>Please log in</h1>
      <label>
        Name <input name="user" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {isRefused && <p data-testid="login-refused">Wrong name or password.</p>}
      <button type="submit">Log in</button>
    </form>
  );
}

export function LoginPage({ next }: { next: string }) {
  return <LoginForm next={next.startsWith('/') ? next : '/account'} />;
}

export function AccountPage() {
  const loaded = useData<[{ orders: Order[] }]>('/api/account/orders');
  if (loaded.state === 'loading') return <Loading />;
  if (loaded.state === 'failed') return <Failed error={loaded.error} />;
  return (
    <section data-testid="account">
      <h1>My orders</h1>
      <ul className="orders">
        {loaded.data[0].orders.map(({ number, order }) => (
          <li key={number}>
            <Link to={`/account/orders/${number}`} className="order-link">
              {order}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function OrderPage({ number }: { number: string }) {
  const loaded = useData<[Order]>(`/api/account/orders/${encodeURIComponent(number)}`);
  if (loaded.state === 'loading') return <Loading />;
  if (loaded.state === 'failed') return <Failed error={loaded.error} />;
  const { order, total, placedAt, lines } = loaded.data[0];
  return (
    <section className="order" data-order={order}>
      <h1>{order}</h1>
      <p>
        <span className="lines">{lines}</span> articles, <span className="total">{total.toFixed(2)}</span>{' '}
        EUR, placed <time dateTime={placedAt}>{placedAt.slice(0, 10)}</time>
      </p>
    </section>
  );
}
