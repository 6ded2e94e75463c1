/** @jsxImportSource preact */
import { useEffect, useState } from 'preact/hooks';

type Theme = 'auto' | 'light' | 'dark';

const NEXT: Record<Theme, Theme> = { auto: 'light', light: 'dark', dark: 'auto' };

function kept(): Theme {
  const value = localStorage.getItem('thresh-theme');
  return value === 'light' || value === 'dark' ? value : 'auto';
}

/** As the system has it, light, dark. */
export function ThemeButton() {
  const [theme, setTheme] = useState(kept);
  useEffect(() => {
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    localStorage.setItem('thresh-theme', theme);
    dispatchEvent(new Event('thresh-theme'));
  }, [theme]);
  return (
    <button type="button" class="quiet" onClick={() => setTheme(NEXT[theme])} aria-label={`Theme: ${theme}`}>
      {theme}
    </button>
  );
}
