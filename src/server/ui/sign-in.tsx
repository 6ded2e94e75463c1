/** @jsxImportSource preact */
import { useState } from 'preact/hooks';
import { ask, type Refused } from './ask.js';

export function SignIn({ onIn }: { onIn: () => void }) {
  const [error, setError] = useState('');
  const [token, setToken] = useState('');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    await ask('/api/session', { method: 'POST', body: { token } }).then(onIn, (refused: Refused) =>
      setError(refused.message),
    );
  };
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1>Sign in</h1>
      <label for="token">Token (THRESH_TOKEN of `thresh serve`)</label>
      <input
        id="token"
        type="password"
        autocomplete="current-password"
        required
        value={token}
        onInput={(event) => setToken(event.currentTarget.value)}
      />
      <button type="submit">Sign in</button>
      <p role="alert" class="error">
        {error}
      </p>
    </form>
  );
}
