/** The front end: which view an address shows. */
import { createRoot } from 'react-dom/client';
import { AccountPage, LoginPage, OrderPage } from './account.js';
import { HomePage } from './home.js';
import { InfiniteList } from './infinite-list.js';
import { Layout } from './layout.js';
import { ListPage } from './list-page.js';
import { manner } from './manner.js';
import { type Place, usePlace } from './place.js';
import { ProductPage } from './product-page.js';
import { NotFound } from './states.js';
import { VirtualList } from './virtual-list.js';

function viewOf({ path, query }: Place) {
  const [, section = '', name = '', third = ''] = path.split('/').map(decodeURIComponent);
  // `/private/…` shows the same as the path after it: what robots.txt forbids is a page like any other.
  if (section === 'private') return viewOf({ path: path.slice('/private'.length), query, isHash: false });
  if (section === '' || section === 'app') return <HomePage />;
  if (section === 'p' && name) return <ProductPage key={manner.keepsOld === true ? '' : name} slug={name} />;
  if (section === 'c' && name) return <ListPage category={name} page={Number(query.get('page') ?? 1)} />;
  if (section === 'virtual')
    return <VirtualList items={query.get('items')} isBoxed={query.get('in') === 'box'} />;
  if (section === 'infinite') return <InfiniteList items={query.get('items')} />;
  if (section === 'login') return <LoginPage next={query.get('next') ?? '/account'} />;
  if (section === 'account' && name === 'orders' && third) return <OrderPage number={third} />;
  if (section === 'account') return <AccountPage />;
  return <NotFound />;
}

function App() {
  const place = usePlace();
  return <Layout>{viewOf(place)}</Layout>;
}

const root = document.getElementById('root');
if (root) createRoot(root).render(<App />);
