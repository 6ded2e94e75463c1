/** The rooms of the house and who may know whom: arrows point down the data's way (see README, "How it is built"). */
const rooms = {
  errors: '^src/(breather|errors|redis-url|settings|version)\\.ts$',
  pool: '^browser-pool/',
  target: '^src/target/',
  discovery: '^src/discovery/',
  queue: '^src/queue/',
  spool: '^src/spool/',
  dataset: '^src/dataset/',
  delivery: '^src/delivery/',
  throttle: '^src/throttle/',
  telemetry: '^src/telemetry/',
  page: '^src/page/',
  batch: '^src/batch/',
  schedule: '^src/schedule/',
  alerts: '^src/alerts/',
  server: '^src/server/',
  init: '^src/init/',
  cli: '^src/cli/',
};

/** What each room may import beside itself, src/errors.ts and src/breather.ts. */
const mayKnow = {
  errors: [],
  pool: [],
  spool: [],
  dataset: ['spool'],
  delivery: [],
  throttle: [],
  telemetry: [],
  queue: ['throttle'],
  target: ['dataset'],
  discovery: ['target'],
  page: ['pool', 'target', 'spool', 'throttle', 'queue'],
  batch: [
    'page',
    'pool',
    'target',
    'discovery',
    'queue',
    'spool',
    'dataset',
    'delivery',
    'throttle',
    'telemetry',
  ],
  schedule: ['batch', 'target', 'queue'],
  init: ['page', 'pool', 'target', 'discovery', 'dataset', 'telemetry'],
  server: ['batch', 'delivery', 'queue', 'schedule', 'target', 'telemetry'],
  alerts: ['batch', 'schedule', 'queue', 'delivery', 'telemetry'],
};

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, pathNot: '\\.d\\.(ts|mts)$|^src/index\\.ts$|\\.config\\.' },
      to: {},
    },
    { name: 'not-to-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dev-dependencies-in-the-product',
      comment: 'the dashboard carries what it is made of',
      severity: 'error',
      from: { path: '^(src|browser-pool)/', pathNot: '^src/server/ui/' },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'product-knows-no-test',
      severity: 'error',
      from: { path: '^(src|browser-pool|setup|targets)' },
      to: { path: '^test/' },
    },
    {
      name: 'bullmq-only-where-it-is-joined',
      comment: 'spool, dataset, delivery, throttle and the pool know no queue',
      severity: 'error',
      from: { path: '^(src|browser-pool)/', pathNot: '^src/(queue|batch|page|schedule|alerts|server)/' },
      to: { path: 'node_modules/(bullmq|ioredis)/' },
    },
    ...Object.entries(mayKnow).map(([room, allowed]) => ({
      name: `${room}-knows-only-its-own`,
      severity: 'error',
      from: { path: rooms[room] },
      to: {
        path: '^(src|browser-pool|setup|targets)/',
        pathNot: [rooms[room], rooms.errors, ...allowed.map((other) => rooms[other])],
      },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
