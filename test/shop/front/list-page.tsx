/** `/c/CATEGORY?page=N`: 24 cards and a link to the next page. */
import { type Card, useData } from './data.js';
import { Link } from './place.js';
import { ProductCard } from './product-card.js';
import { Failed, Loading } from './states.js';

interface List {
  slug: string;
  name: string;
  page: number;
  pages: number;
  total: number;
  items: Card[];
}

export function ListPage({ category, page }: { category: string; page: number }) {
  const loaded = useData<[List]>(`/api/categories/${encodeURIComponent(category)}?page=${page}`);
  if (loaded.state === 'loading') return <Loading />;
  if (loaded.state === 'failed') return <Failed error={loaded.error} />;
  const [list] = loaded.data;
  const at = (number: number) => `/c/${list.slug}?page=${number}`;
  return (
    <section className="list" data-category={list.slug} data-page={page}>
      <h1>
        {list.name} <small>{list.total} articles</small>
      </h1>
      {list.items.length === 0 && <p data-testid="empty">Nothing on this page.</p>}
      <div className="grid">
        {list.items.map((card) => (
          <ProductCard key={card.slug} card={card} />
        ))}
      </div>
      <nav className="pager">
        {page > 1 && (
          <Link to={at(page - 1)} rel="prev">
            ← Back
          </Link>
        )}
        <span>
          Page {page} of {list.pages}
        </span>
        {page < list.pages && (
          <Link to={at(page + 1)} rel="next">
            Next →
          </Link>
        )}
      </nav>
    </section>
  );
}
