/** The frame around every page. */
import type { ReactNode } from 'react';
import { Link } from './place.js';

const categories = ['kitchen', 'lighting', 'garden', 'office', 'bath', 'toys', 'books', 'textiles'];

export function Layout({ children }: { children: ReactNode }) {
  return (
    <>
      <header className="top">
        <Link to="/" className="logo">
          THRESH &amp; SONS
        </Link>
        <nav>
          {categories.map((slug) => (
            <Link key={slug} to={`/c/${slug}`}>
              {slug}
            </Link>
          ))}
        </nav>
        <Link to="/account" className="account-link">
          My account
        </Link>
      </header>
      <main>{children}</main>
      <footer className="bottom">
        <p>Free delivery from 80 · thirty days to change your mind · made to be mended</p>
        <nav>
          <Link to="/virtual">All articles</Link>
          <Link to="/infinite">Discover</Link>
          <Link to="/private/staff">Staff</Link>
        </nav>
      </footer>
    </>
  );
}
