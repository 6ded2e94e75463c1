import { expect, test } from 'vitest';
import { type BlockLearner, createBlockLearner } from '../../../src/page/block-learner.js';

/** Pages that ask these hosts, until the learner knows enough; their rows need some of them. */
function teach(learner: BlockLearner, asked: (page: number) => readonly string[], needs: readonly string[]) {
  let pages = 0;
  let compared = 0;
  const tried: string[][] = [];
  for (; learner.isLearning() && pages < 1_000; pages++) {
    const without = learner.watched(new Set(asked(pages)));
    if (without === undefined) continue;
    compared += 1;
    tried.push([...without]);
    learner.compared(!without.some((host) => needs.includes(host)));
  }
  return { pages, compared, tried };
}

test('hosts that the rows are the same without, on three pages, are left out', () => {
  const learner = createBlockLearner();
  const { pages, compared } = teach(learner, () => ['count.example', 'ads.example'], []);
  expect(learner.left()).toEqual(['ads.example', 'count.example']);
  expect(learner.needed()).toEqual([]);
  expect({ pages, compared }).toEqual({ pages: 5, compared: 3 });
});

test('the one that is needed is found among ten, and all others are left out', () => {
  const hosts = Array.from({ length: 10 }, (_, at) => `host${at}.example`);
  for (const needed of hosts) {
    const learner = createBlockLearner();
    const { compared } = teach(learner, () => hosts, [needed]);
    expect(learner.needed()).toEqual([needed]);
    expect(learner.left()).toEqual(hosts.filter((host) => host !== needed));
    expect(compared).toBeLessThan(25);
  }
});

test('of two that stand in for one another one is left out', () => {
  const learner = createBlockLearner();
  while (learner.isLearning()) {
    const without = learner.watched(new Set(['a.example', 'b.example']));
    if (without !== undefined)
      learner.compared(!(without.includes('a.example') && without.includes('b.example')));
  }
  expect([learner.left(), learner.needed()]).toEqual([['a.example'], ['b.example']]);
});

test('what no page asks twice is no candidate, and where none is asked it is over after three pages', () => {
  const random = createBlockLearner();
  expect(teach(random, (page) => [`r${page}.example`], [])).toMatchObject({ pages: 3, compared: 0 });
  const none = createBlockLearner();
  expect(teach(none, () => [], [])).toMatchObject({ pages: 3, compared: 0 });
  expect([...random.left(), ...none.left()]).toEqual([]);
});

test('a host that only one of the compared pages asked is not left out', () => {
  const learner = createBlockLearner();
  teach(learner, (page) => (page < 3 ? ['seldom.example', 'count.example'] : ['count.example']), []);
  expect(learner.left()).toEqual(['count.example']);
  expect(learner.needed()).toEqual(['seldom.example']);
});

test('what another batch found is compared at once, and what it found needed is not tried', () => {
  const learner = createBlockLearner({ left: ['count.example'], needed: ['api.example'] });
  const { pages, tried } = teach(learner, () => ['count.example', 'api.example'], ['api.example']);
  expect(pages).toBe(3);
  expect(tried).toEqual([['count.example'], ['count.example'], ['count.example']]);
  expect(learner.left()).toEqual(['count.example']);
});

test('a host that came since is a candidate beside what another batch found', () => {
  const learner = createBlockLearner({ left: ['count.example'], needed: [] });
  teach(learner, () => ['count.example', 'new.example'], []);
  expect(learner.left()).toEqual(['count.example', 'new.example']);
});

test('a batch that found nothing keeps none after it from finding what came since', () => {
  const learner = createBlockLearner({ left: [], needed: ['api.example'] });
  teach(learner, () => ['api.example', 'new.example'], ['api.example']);
  expect([learner.left(), learner.needed()]).toEqual([['new.example'], ['api.example']]);
});

test('what another batch found and is no longer right is left alone', () => {
  const learner = createBlockLearner({ left: ['count.example'], needed: [] });
  teach(learner, () => ['count.example'], ['count.example']);
  expect([learner.left(), learner.needed()]).toEqual([[], ['count.example']]);
});

test('it ends: after a hundred pages of which nothing can be learned, and when it is given up', () => {
  const passed = createBlockLearner();
  for (let page = 0; page < 101; page++) passed.passed();
  expect(passed.isLearning()).toBe(false);
  const quiet = createBlockLearner({ left: ['gone.example'], needed: [] });
  expect(teach(quiet, () => [], []).pages).toBeLessThan(110);
  expect(quiet.left()).toEqual([]);
  const given = createBlockLearner({ left: ['a.example'], needed: [] });
  given.giveUp();
  expect([given.isLearning(), given.left()]).toEqual([false, []]);
});
