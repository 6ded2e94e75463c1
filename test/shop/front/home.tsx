/** The front door: the categories. */
import { useData } from './data.js';
import { Link } from './place.js';
import { Failed, Loading } from './states.js';

export function HomePage() {
  const loaded = useData<[{ slug: string; name: string; total: number }[]]>('/api/categories');
  if (loaded.state === 'loading') return <Loading />;
  if (loaded.state === 'failed') return <Failed error={loaded.error} />;
  const [categories] = loaded.data;
  return (
    <section data-testid="home">
      <h1>Things for the house, made to be mended</h1>
      <div className="grid doors">
        {categories.map(({ slug, name, total }) => (
          <article key={slug} className="door" data-category={slug}>
            <Link to={`/c/${slug}`}>
              <img src={`/img/door-${slug}/1.png`} width={240} height={240} alt="" />
              <h3>{name}</h3>
              <small>{total} articles</small>
            </Link>
          </article>
        ))}
      </div>
    </section>
  );
}
